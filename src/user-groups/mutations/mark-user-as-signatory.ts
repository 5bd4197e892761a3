import { InputType, Resolver } from "type-graphql";
import { administratorsAndLeads } from "../../access/index.js";
import { type Context, payloadOf, refuse, UsersErrorCode, Write } from "../../kit/index.js";
import { User, UserStatus } from "../../users/index.js";
import { signatoryToChange } from "../rules.js";
import { MembershipInput } from "../inputs.js";
import { GroupMember, UserGroup } from "../user-group.js";

@InputType()
class MarkUserAsSignatoryInput extends MembershipInput {}

const MarkUserAsSignatoryPayload = payloadOf("MarkUserAsSignatory", { userGroup: () => UserGroup, user: () => User });

@Resolver()
export class MarkUserAsSignatory {
  @Write({
    input: () => MarkUserAsSignatoryInput,
    payload: () => MarkUserAsSignatoryPayload,
    allow: administratorsAndLeads("groups.write"),
    description:
      "Lets an active member sign for the group. Not oneself. Marking somebody who may sign already succeeds.",
  })
  async markUserAsSignatory(
    input: MarkUserAsSignatoryInput,
    ctx: Context,
  ): Promise<{ userGroup: UserGroup; user: User }> {
    const { user, group, member } = await signatoryToChange(ctx, input);
    if (user.status !== UserStatus.ACTIVE) {
      refuse(UsersErrorCode.USER_NOT_ACTIVE, "Only somebody with an active account signs.", "userId");
    }
    ctx.db.update(GroupMember, member, { isSignatory: true });
    return { userGroup: group, user };
  }
}
