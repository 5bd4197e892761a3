import { InputType, Resolver } from "type-graphql";
import { administratorsAndLeads } from "../../access/index.js";
import { type Context, payloadOf, Write } from "../../kit/index.js";
import { User } from "../../users/index.js";
import { signatoryToChange } from "../rules.js";
import { MembershipInput } from "../inputs.js";
import { GroupMember, UserGroup } from "../user-group.js";

@InputType()
class UnmarkUserAsSignatoryInput extends MembershipInput {}

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
