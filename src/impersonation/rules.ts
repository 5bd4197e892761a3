import { administratorsAlone, mayImpersonate, printedNameSql } from "../access/index.js";
import {
  type Allow,
  type Context,
  empty,
  refuse,
  selectList,
  sql,
  type Sql,
  type TenantDb,
  UsersErrorCode,
} from "../kit/index.js";
import { GroupMember } from "../user-groups/index.js";
import { User, UserStatus, UserType } from "../users/index.js";

const administrators = administratorsAlone("users.impersonate");

/** Administrators; and impersonated sessions, which are told that they cannot be chained. */
export const impersonators: Allow = {
  ...administrators,
  test: (viewer) => viewer.actorId !== null || administrators.test(viewer),
};

/** One of the two of an impersonation, and whether they may act as others now. */
export interface Participant extends User {
  impersonates: boolean;
}

/** Who is to act, and as whom: both locked, in the order that all writes keep. */
export async function lockParticipants(
  db: TenantDb,
  actorId: string,
  userId: string,
  rule: Sql = empty,
): Promise<{ actor: Participant | undefined; user: Participant | undefined }> {
  const rows = await db.query<Participant>(
    sql`SELECT ${selectList(User, "u")}, ${printedNameSql("u")} AS name, ${mayImpersonate(db, "u")} AS impersonates
      FROM users u WHERE ${db.tenantIs("u")} AND u.id IN (${actorId}, ${userId})${rule} ORDER BY u.id FOR SHARE OF u`,
    { prepare: true },
  );
  const participant = (id: string): Participant | undefined => rows.find(({ guid }) => guid === id);
  return { actor: participant(actorId), user: participant(userId) };
}

/** Refuses where the actor may not act as the user, or not for that group. */
export async function refuseUnfit(
  db: TenantDb,
  { actor, user, groupId }: { actor: Participant; user: Participant; groupId: string },
  field: string,
): Promise<void> {
  if (user.type === UserType.INTERNAL) {
    refuse(UsersErrorCode.IMPERSONATION_FORBIDDEN, "Nobody acts as one of the staff.", field);
  }
  if (!(await db.find(GroupMember, { groupId, userId: user.guid }))) {
    refuse(UsersErrorCode.NOT_A_MEMBER, "The user does not belong to the group.", field);
  }
  if (user.status !== UserStatus.ACTIVE || actor.status !== UserStatus.ACTIVE) {
    refuse(UsersErrorCode.USER_NOT_ACTIVE, "The user, and whoever acts as them, have to be active.", field);
  }
  if (!actor.impersonates) {
    refuse(UsersErrorCode.IMPERSONATION_FORBIDDEN, "The token's maker may not act as others.", field);
  }
}

/** Nobody acts as somebody else while they act as somebody. */
export function refuseChained({ viewer }: Context): void {
  if (viewer.actorId !== null) {
    refuse(UsersErrorCode.CHAINED, "End this impersonated session first.");
  }
}
