import { may, type Role, roleByGuid, RoleScope } from "../access/index.js";
import {
  type Context,
  keyOf,
  raw,
  refuse,
  type RowRule,
  ruled,
  selectList,
  sql,
  UsersErrorCode,
} from "../kit/index.js";
import { User, UserStatus, UserType, userVisible } from "../users/index.js";
import { GroupMember, UserGroup } from "./user-group.js";

/** Permissions whose holders see all groups: who writes to them, or invites into them, has to find them. */
const SEEING = ["groups.read", "groups.write", "invitations.write"] as const;

/** Who sees a group: holders of such a permission all, members (the lead among them) their own. */
export const groupVisible: RowRule = (viewer, alias) => {
  if (SEEING.some((permission) => may(viewer, permission))) return null;
  if (viewer.kind !== "USER") return sql`false`;
  const group = raw(alias);
  return sql`EXISTS (SELECT FROM group_members own
    WHERE own.tenant_id = ${group}.tenant_id AND own.group_id = ${group}.id AND own.user_id = ${viewer.id})`;
};

/** Whoever keeps the tenant's groups: an administrator or a service; everybody else writes to the group they lead. */
export const keepsGroups = ({ viewer }: Context): boolean => viewer.administrator && may(viewer, "groups.write");

/**
 * The group that a write is about, locked: one that the caller sees, and keeps or leads. Users are locked before
 * groups, everywhere, so that nobody waits in a circle.
 */
export async function groupToChange(ctx: Context, id: string, field: string): Promise<UserGroup> {
  const group = await groupToSee(ctx, id, field);
  if (!keepsGroups(ctx) && group.leadUserId !== ctx.viewer.id) {
    refuse(UsersErrorCode.NOT_ASSIGNED_TO_YOU, "You may only write to the group that you lead.", field);
  }
  return group;
}

/** A group that the caller sees, locked. It is what the write is about, whoever else the input names. */
export async function groupToSee(ctx: Context, id: string, field: string): Promise<UserGroup> {
  const guid = keyOf("UserGroup", id, ["input", field]);
  const group = await ctx.db.get(UserGroup, { guid }, field, ruled(groupVisible, ctx, "n"));
  ctx.db.subject = { type: "UserGroup", id: guid };
  return group;
}

/** A user that the caller sees, locked. */
export const userToSee = (ctx: Context, id: string, field: string): Promise<User> =>
  ctx.db.get(User, { guid: keyOf("User", id, ["input", field]) }, field, ruled(userVisible, ctx, "n"));

/** How a user belongs to a group, locked. Refuses who does not. */
export async function membershipOf({ db }: Context, group: UserGroup, user: User, field: string): Promise<GroupMember> {
  const member = await db.find(GroupMember, { groupId: group.guid, userId: user.guid });
  return member ?? refuse(UsersErrorCode.NOT_A_MEMBER, "The user does not belong to this group.", field);
}

/** Groups are of clients, and of those who have, or may yet get, an account. */
export function refuseAsMember(user: User, field: string): void {
  if (user.type === UserType.INTERNAL) {
    refuse(UsersErrorCode.USER_TYPE_MISMATCH, "Staff do not belong to groups of clients.", field);
  }
  if (user.status === UserStatus.REVOKED) refuse(UsersErrorCode.USER_NOT_ACTIVE, "This account is revoked.", field);
}

/** A lead signs in and answers for the group. */
export function refuseAsLead(user: User, field: string): void {
  refuseAsMember(user, field);
  if (user.status !== UserStatus.ACTIVE) {
    refuse(UsersErrorCode.USER_NOT_ACTIVE, "Only somebody with an active account leads a group.", field);
  }
}

/** The role of that id, for a member of a group of that kind. Refuses one that stands above the caller's own. */
export async function roleToAssign(
  ctx: Context,
  id: string,
  group: Pick<UserGroup, "kind" | "guid">,
  field: string,
): Promise<Role> {
  // Not locked: a role is read by many who assign it at once.
  const role = await roleByGuid.load(ctx, keyOf("UserRole", id, ["input", ...field.split(".")]));
  if (!role) refuse(UsersErrorCode.NOT_FOUND, "Role not found.", field);
  if (role.scope !== RoleScope.GROUP) {
    refuse(UsersErrorCode.OUT_OF_SCOPE_ROLE, "This is a role of staff, not of groups.", field);
  }
  if (role.groupKind !== null && role.groupKind !== group.kind) {
    refuse(UsersErrorCode.ROLE_NOT_ASSIGNABLE, `This role is for groups of the kind ${role.groupKind}.`, field);
  }
  await refuseAbove(ctx, role, group, field);
  return role;
}

/** Refuses to a lead what stands above their own role in the group. */
export async function refuseAbove(
  ctx: Context,
  role: Role,
  group: Pick<UserGroup, "guid">,
  field: string,
): Promise<void> {
  if (!ctx.viewer.leads || keepsGroups(ctx)) return;
  if (role.rank > (await ownRank(ctx, group.guid))) {
    refuse(UsersErrorCode.ROLE_NOT_ASSIGNABLE, "This role stands above your own.", field);
  }
}

/** The rank of the caller's own role in a group; 0 without one. */
const ownRank = (ctx: Context, groupId: string): Promise<number> =>
  ctx.loaders
    .of(ownRank, "", async (groupIds) => {
      const { db, viewer } = ctx;
      const rows = await db.query<{ groupId: string; rank: number }>(
        sql`SELECT m.group_id AS "groupId", r.rank FROM group_members m
          JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id
          WHERE ${db.tenantIs("m")} AND m.group_id = ANY(${groupIds}::uuid[]) AND m.user_id = ${viewer.id}`,
      );
      return groupIds.map((id) => rows.find((row) => row.groupId === id)?.rank ?? 0);
    })
    .load(groupId);

/** The tenant's highest or lowest role for groups of that kind; null when it has none. */
export async function roleAt(
  { db }: Context,
  { kind }: Pick<UserGroup, "kind">,
  end: "highest" | "lowest",
): Promise<string | null> {
  const [role] = await db.query<{ guid: string }>(
    sql`SELECT r.id AS guid FROM roles r WHERE ${db.tenantIs("r")} AND r.scope = 'GROUP'
      AND (r.group_kind IS NULL OR r.group_kind = ${kind}) ORDER BY r.rank ${raw(end === "highest" ? "DESC" : "ASC")}, r.id LIMIT 1`,
  );
  return role?.guid ?? null;
}

/**
 * Adds users to a group that is locked, those who belong to it already left as they are; the group with its new count.
 * Without a role of their own they get the group's, or the lowest there is; the lead gets the highest.
 */
export async function addMembers(
  ctx: Context,
  group: UserGroup,
  userIds: readonly string[],
  roleId: string | null = null,
): Promise<UserGroup> {
  const role = roleId ?? group.defaultRoleId ?? (await roleAt(ctx, group, "lowest"));
  const leads = userIds.includes(group.leadUserId ?? "");
  const leadRole = leads && roleId === null ? await roleAt(ctx, group, "highest") : role;
  const joinedAt = ctx.now.toISOString();
  const members = userIds.map((userId) => ({
    groupId: group.guid,
    userId,
    roleId: userId === group.leadUserId ? leadRole : role,
    joinedAt,
  }));
  const added = await ctx.db.insertAll(GroupMember, members, { unlessTaken: sql`group_id, user_id` });
  return countMembers(ctx, group, added.length);
}

/** Keeps the number that the list of groups is ordered by. It is no change of the group's own data, and no version. */
export async function countMembers({ db }: Context, group: UserGroup, change: number): Promise<UserGroup> {
  if (change === 0) return group;
  const [counted] = await db.query<UserGroup>(
    sql`UPDATE user_groups AS n SET member_count = n.member_count + ${change}
      WHERE ${db.tenantIs("n")} AND n.id = ${group.guid} RETURNING ${selectList(UserGroup, "n")}`,
    { prepare: true },
  );
  return counted!;
}

/** The member whose right to sign a write is about: not the caller. */
export async function signatoryToChange(
  ctx: Context,
  { userId, groupId }: { userId: string; groupId: string },
): Promise<{ user: User; group: UserGroup; member: GroupMember }> {
  const user = await userToSee(ctx, userId, "userId");
  const group = await groupToChange(ctx, groupId, "groupId");
  const member = await membershipOf(ctx, group, user, "userId");
  if (user.guid === ctx.viewer.id) {
    refuse(UsersErrorCode.SELF_ACTION, "Who may sign is for somebody else to say.", "userId");
  }
  return { user, group, member };
}
