import { Field, ID, InputType, Resolver } from "type-graphql";
import { administratorsAlone } from "../../access/index.js";
import {
  type Context,
  keyOf,
  MutationInput,
  payloadOf,
  refuse,
  selectList,
  sql,
  toGlobalId,
  UsersErrorCode,
  Write,
} from "../../kit/index.js";
import { GroupFeatureFlag, GroupMember, groupToChange, UserGroup } from "../../user-groups/index.js";
import { User, UserStatus } from "../../users/index.js";
import { Invitation } from "../invitation.js";
import { type Invited, withdraw } from "../rules.js";

@InputType()
class DeleteUserGroupInput extends MutationInput {
  @Field(() => ID, { description: "The group: global id or guid." })
  groupId!: string;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: its members leave it, and invitations into it are withdrawn with their accounts.",
  })
  force?: boolean | null;
}

const DeleteUserGroupPayload = payloadOf(
  "DeleteUserGroup",
  { deletedUserGroupId: () => ID },
  { deletedUserGroupId: "The global id that the group had; null when the mutation refused." },
);

/** Stands here and not in user-groups/, because open invitations into the group go with it. */
@Resolver()
export class DeleteUserGroup {
  @Write({
    input: () => DeleteUserGroupInput,
    payload: () => DeleteUserGroupPayload,
    allow: administratorsAlone("groups.write"),
    description: "Removes a group for good. With members or open invitations only by `force`.",
  })
  async deleteUserGroup(input: DeleteUserGroupInput, ctx: Context): Promise<{ deletedUserGroupId: string }> {
    const { db } = ctx;
    const guid = keyOf("UserGroup", input.groupId, ["input", "groupId"]);
    await invitedInto(ctx, guid); // users before groups, as everywhere
    const group = await groupToChange(ctx, guid, "groupId");
    // Whoever has just joined or been invited is waited for, and nobody else can be until we are done.
    await db.query(sql`SELECT FROM user_groups n WHERE ${db.tenantIs("n")} AND n.id = ${guid} FOR UPDATE`);
    const invited = await invitedInto(ctx, guid);
    const members = await db.findBy(GroupMember, { groupId: guid });
    if (!input.force) {
      if (members.length > 0)
        refuse(UsersErrorCode.GROUP_NOT_EMPTY, `${members.length} belong to the group.`, "groupId");
      if (invited.length > 0) {
        refuse(UsersErrorCode.OPEN_INVITATIONS, `${invited.length} are invited into it.`, "groupId");
      }
    }
    for (const one of invited) withdraw(ctx, one, { status: UserStatus.REVOKED });
    for (const member of members) db.delete(GroupMember, member);
    for (const flag of await db.findBy(GroupFeatureFlag, { groupId: guid })) db.delete(GroupFeatureFlag, flag);
    await db.query(sql`UPDATE invitations AS n SET group_id = NULL WHERE ${db.tenantIs("n")} AND n.group_id = ${guid}`);
    db.delete(UserGroup, group);
    return { deletedUserGroupId: toGlobalId("UserGroup", guid) };
  }
}

/** The open invitations into a group with their users; all locked, the users first and in one order. */
async function invitedInto({ db }: Context, groupId: string): Promise<Invited[]> {
  const open = sql`${db.tenantIs("i")} AND i.group_id = ${groupId} AND i.status IN ('DRAFT', 'INVITED')`;
  const users = await db.query<User>(
    sql`SELECT ${selectList(User, "n")} FROM users n
      WHERE ${db.tenantIs("n")} AND n.id IN (SELECT i.user_id FROM invitations i WHERE ${open}) ORDER BY n.id FOR NO KEY UPDATE`,
  );
  const invitations = await db.query<Invitation>(
    sql`SELECT ${selectList(Invitation, "i")} FROM invitations i WHERE ${open} FOR NO KEY UPDATE`,
  );
  const byGuid = new Map(users.map((user) => [user.guid, user]));
  return invitations.map((invitation) => ({ user: byGuid.get(invitation.userId)!, invitation }));
}
