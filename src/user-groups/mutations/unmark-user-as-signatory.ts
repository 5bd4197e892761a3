import { Field, ID, InputType, Resolver } from "type-graphql";
import { administratorsAndLeads } from "../../access/index.js";
import { type Context, MutationInput, payloadOf, Write } from "../../kit/index.js";
import { User } from "../../users/index.js";
import { signatoryToChange } from "../rules.js";
import { GroupMember, UserGroup } from "../user-group.js";

@InputType()
class UnmarkUserAsSignatoryInput extends MutationInput {
  @Field(() => ID, { description: "The group: global id or guid." })
  groupId!: string;

  @Field(() => ID, { description: "The member: global id or guid." })
  userId!: string;
}

const UnmarkUserAsSignatoryPayload = payloadOf("UnmarkUserAsSignatory", {
  userGroup: () => UserGroup,
  user: () => User,
});

@Resolver()
export class UnmarkUserAsSignatory {
  @Write({
    input: () => UnmarkUserAsSignatoryInput,
    payload: () => UnmarkUserAsSignatoryPayload,
    allow: administratorsAndLeads("groups.write"),
    description: "Takes from a member the right to sign for the group. Not from oneself. Succeeds where there is none.",
  })
  async unmarkUserAsSignatory(
    input: UnmarkUserAsSignatoryInput,
    ctx: Context,
  ): Promise<{ userGroup: UserGroup; user: User }> {
    const { user, group, member } = await signatoryToChange(ctx, input);
    ctx.db.update(GroupMember, member, { isSignatory: false });
    return { userGroup: group, user };
  }
}
