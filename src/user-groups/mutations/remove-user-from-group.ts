import { InputType, Resolver } from "type-graphql";
import { usersAndHolders } from "../../access/index.js";
import { type Context, payloadOf, refuse, sql, UsersErrorCode, Write } from "../../kit/index.js";
import { User } from "../../users/index.js";
import { countMembers, groupToChange, groupToSee, membershipOf, userToSee } from "../rules.js";
import { MembershipInput } from "../inputs.js";
import { GroupMember, UserGroup } from "../user-group.js";

@InputType()
class RemoveUserFromGroupInput extends MembershipInput {}

const RemoveUserFromGroupPayload = payloadOf("RemoveUserFromGroup", { userGroup: () => UserGroup, user: () => User });

@Resolver()
export class RemoveUserFromGroup {
  @Write({
    input: () => RemoveUserFromGroupInput,
    payload: () => RemoveUserFromGroupPayload,
    allow: usersAndHolders("groups.write", ", or to lead the group"),
    description:
      "Takes a member out of a group: administrators and services with `groups.write`, the group's lead, and every member for themselves. Not its lead, and not the last one who may sign for it.",
  })
  async removeUserFromGroup(
    input: RemoveUserFromGroupInput,
    ctx: Context,
  ): Promise<{ userGroup: UserGroup; user: User }> {
    const { db, viewer } = ctx;
    const user = await userToSee(ctx, input.userId, "userId");
    const leaves = user.guid === viewer.id;
    const group = await (leaves ? groupToSee : groupToChange)(ctx, input.groupId, "groupId");
    const member = await membershipOf(ctx, group, user, "userId");
    if (group.leadUserId === user.guid) {
      refuse(UsersErrorCode.LEAD_CANNOT_BE_REMOVED, "The user leads the group. Give it another lead first.", "userId");
    }
    if (member.isSignatory && !(await othersMaySign(ctx, member))) {
      refuse(UsersErrorCode.LAST_SIGNATORY, "Nobody else may sign for the group.", "userId");
    }
    db.delete(GroupMember, member);
    return { userGroup: await countMembers(ctx, group, -1), user };
  }
}

/** Somebody locked out cannot sign. */
async function othersMaySign({ db }: Context, { groupId, userId }: GroupMember): Promise<boolean> {
  const others = await db.query(
    sql`SELECT FROM group_members m JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id
      WHERE ${db.tenantIs("m")} AND m.group_id = ${groupId} AND m.user_id <> ${userId}
        AND m.is_signatory AND u.status = 'ACTIVE' LIMIT 1`,
  );
  return others.length > 0;
}
