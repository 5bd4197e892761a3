import { may, type Tenant, tenantOf } from "../access/index.js";
import {
  type Context,
  foldCase,
  isStorable,
  keyOf,
  raw,
  refuse,
  Refusal,
  type RowRule,
  ruled,
  selectList,
  shownAgain,
  sql,
  type UsersError,
  usersError,
  UsersErrorCode,
} from "../kit/index.js";
import { User, UserStatus, UserType } from "./user.js";

/** Who sees a user: holders of `users.read` or `users.write` all, leads the members of their groups, anybody themselves. */
export const userVisible: RowRule = (viewer, alias) => {
  if (may(viewer, "users.read") || may(viewer, "users.write")) return null;
  if (viewer.kind !== "USER") return sql`false`;
  const own = sql`${raw(alias)}.id = ${viewer.id}`;
  if (!viewer.leads) return own;
  // As one set, so that the planner starts from the few members and not from the tenant's users.
  return sql`${raw(alias)}.id IN (SELECT ${viewer.id}::uuid UNION ALL
    SELECT m.user_id FROM user_groups g JOIN group_members m ON m.tenant_id = g.tenant_id AND m.group_id = g.id
    WHERE g.tenant_id = ${viewer.tenantId} AND g.lead_user_id = ${viewer.id})`;
};

shownAgain(User, userVisible);

/** The user that a write is about, locked: one that the caller sees, and may write to. */
export async function userToChange(ctx: Context, id: string, field: string): Promise<User> {
  const guid = keyOf("User", id, ["input", field]);
  const user = await ctx.db.get(User, { guid }, field, ruled(userVisible, ctx, "n"));
  const { viewer } = ctx;
  const client = user.type !== UserType.INTERNAL && user.assignedInternalUserId === viewer.id;
  if (!viewer.administrator && !client) {
    refuse(UsersErrorCode.NOT_ASSIGNED_TO_YOU, "You may only write to the clients assigned to you.", field);
  }
  return user;
}

/** Those of these users whom the caller sees, by guid, locked in one order so that nobody waits in a circle. */
export async function usersToChange(ctx: Context, guids: readonly string[]): Promise<Map<string, User>> {
  const { db } = ctx;
  const rows = await db.query<User>(
    sql`SELECT ${selectList(User, "n")} FROM users n
      WHERE ${db.tenantIs("n")} AND n.id = ANY(${guids}::uuid[])${ruled(userVisible, ctx, "n")}
      ORDER BY n.id FOR NO KEY UPDATE`,
    { prepare: true },
  );
  return new Map(rows.map((user) => [user.guid, user]));
}

/** Steps of an account, each from certain statuses to one. Any other is refused with INVALID_TRANSITION. */
const STEPS = {
  approve: { from: [UserStatus.DRAFT], to: UserStatus.INVITED },
  accept: { from: [UserStatus.INVITED], to: UserStatus.ACTIVE },
  suspend: { from: [UserStatus.ACTIVE], to: UserStatus.SUSPENDED },
  reactivate: { from: [UserStatus.SUSPENDED], to: UserStatus.ACTIVE },
  revoke: {
    from: [UserStatus.DRAFT, UserStatus.INVITED, UserStatus.ACTIVE, UserStatus.SUSPENDED],
    to: UserStatus.REVOKED,
  },
} as const satisfies Record<string, { from: UserStatus[]; to: UserStatus }>;

/** The status after a step. Refuses a step that the present status does not allow. */
export function statusAfter(step: keyof typeof STEPS, user: User, field = "userId"): UserStatus {
  const { from, to } = STEPS[step] as { from: UserStatus[]; to: UserStatus };
  if (!from.includes(user.status)) {
    refuse(UsersErrorCode.INVALID_TRANSITION, `Cannot ${step} a user who is ${user.status}.`, field);
  }
  return to;
}

/**
 * The tenant's active administrators; they and the user whom a write is about are locked: before any other row and in
 * one order, whatever has become of the user, so that those who lock each other out wait in line.
 */
export async function lockAdministrators({ db }: Context, userId: string): Promise<string[]> {
  const guid = keyOf("User", userId, ["input", "userId"]);
  const administrators = sql`SELECT ur.user_id FROM user_roles ur
    JOIN roles r ON r.tenant_id = ur.tenant_id AND r.id = ur.role_id
    WHERE ${db.tenantIs("ur")} AND r.scope = 'INTERNAL' AND r.administrator`;
  const active = sql`u.status = 'ACTIVE' AND u.type = 'INTERNAL'`;
  const rows = await db.query<{ guid: string; administrator: boolean }>(
    sql`SELECT u.id AS guid, ${active} AND u.id IN (${administrators}) AS administrator
      FROM users u WHERE ${db.tenantIs("u")} AND u.id IN (SELECT ${guid}::uuid UNION ALL ${administrators})
        AND (u.id = ${guid} OR ${active}) ORDER BY u.id FOR NO KEY UPDATE OF u`,
    { prepare: true },
  );
  return rows.filter(({ administrator }) => administrator).map((row) => row.guid);
}

/** Refuses to lock out the caller, a group's lead, or the last of the tenant's active administrators. */
export async function refuseLockout({ db, viewer }: Context, user: User, administrators: string[]): Promise<void> {
  if (user.guid === viewer.id || user.guid === viewer.actorId) {
    refuse(UsersErrorCode.SELF_ACTION, "Nobody may lock themselves out.", "userId");
  }
  const leading = await db.query(
    sql`SELECT FROM user_groups g WHERE ${db.tenantIs("g")} AND g.lead_user_id = ${user.guid}`,
    { prepare: true },
  );
  if (leading.length > 0)
    refuse(UsersErrorCode.LEAD_CANNOT_BE_REMOVED, "The user leads a group. Give it another lead first.", "userId");
  if (administrators.length === 1 && administrators[0] === user.guid) {
    refuse(UsersErrorCode.LAST_ADMIN, "The tenant would be left without an active administrator.", "userId");
  }
}

/** Refuses when the row has changed since the caller read it. */
export function refuseStale(row: { version: number }, expected: number | null | undefined): void {
  if (expected != null && expected !== row.version) {
    refuse(UsersErrorCode.STALE_OBJECT, `The object is at version ${row.version}.`, "expectedVersion");
  }
}

/** How many characters the texts of a profile may have. */
export const PROFILE_LIMITS = { title: 32, forename: 255, surname: 255, username: 255 } as const;
type ProfileInput = Partial<Record<keyof typeof PROFILE_LIMITS | "email", string | null>>;

/**
 * The profile columns that an input names, checked: trimmed, within their limits, blank and null clearing what may be
 * empty. A field left out stays as it is. Refuses with every broken rule at once.
 */
export function profileChanges(input: ProfileInput): Partial<User> {
  const changes: Partial<User> = {};
  const errors: UsersError[] = [];
  for (const [field, limit] of Object.entries(PROFILE_LIMITS) as [keyof typeof PROFILE_LIMITS, number][]) {
    const value = input[field];
    if (value === undefined) continue;
    const { text, problem } = keptText(value, limit);
    if (problem) errors.push(usersError(UsersErrorCode.INVALID, problem, field));
    else changes[field] = text;
  }
  if (input.email === null)
    errors.push(usersError(UsersErrorCode.REQUIRED, "An account needs an e-mail address.", "email"));
  else if (input.email !== undefined) changes.contactEmail = input.email;
  if (errors.length > 0) throw new Refusal(errors);
  return changes;
}

/**
 * Refuses a new e-mail address where the old one was vouched for: of staff outside the tenant's domains, and of somebody
 * whose invitation the tenant wants approved, for the mail would go where nobody approved.
 */
export async function refuseAddress({ db }: Context, user: User, email: string | undefined): Promise<void> {
  if (email === undefined || foldCase(email) === foldCase(user.contactEmail)) return;
  const tenant = await tenantOf(db);
  if (user.type === UserType.INTERNAL) refuseForeignDomain(tenant, email);
  if (tenant.invitationApproval && (user.status === UserStatus.DRAFT || user.status === UserStatus.INVITED)) {
    const message = "The invitation was asked for with this address. Withdraw it, and invite the right one.";
    refuse(UsersErrorCode.INVALID_TRANSITION, message, "email");
  }
}

/** Refuses an address of staff outside the tenant's domains. */
export function refuseForeignDomain(
  { internalEmailDomains: domains }: Pick<Tenant, "internalEmailDomains">,
  email: string,
  field = "email",
): void {
  const domain = email.slice(email.lastIndexOf("@") + 1).toLowerCase();
  if (domains.length > 0 && !domains.includes(domain)) {
    refuse(UsersErrorCode.EMAIL_DOMAIN_NOT_ALLOWED, `Staff have addresses at ${domains.join(", ")}.`, field);
  }
}

/** A revoked account is history: it changes only by being invited again. */
export function refuseRevoked(user: User, field: string): void {
  if (user.status === UserStatus.REVOKED) {
    refuse(UsersErrorCode.INVALID_TRANSITION, "A revoked account cannot be changed.", field);
  }
}

/**
 * A text as it is kept: composed, trimmed, null when nothing is left; with what is wrong with it, null when nothing is.
 * Of several lines, breaks and tabs are its only control characters.
 */
export function keptText(
  value: string | null | undefined,
  limit: number,
  { multiline = false } = {},
): { text: string | null; problem: string | null } {
  const composed = value?.normalize("NFC") ?? "";
  const text = (multiline ? composed.replace(/\r\n?/g, "\n") : composed).trim() || null;
  return { text, problem: text && textProblem(multiline ? text.replace(/[\n\t]/g, " ") : text, limit) };
}

/** A text that has to be there, trimmed, within its limit, without control characters. */
export function requiredText(value: string, limit: number, field: string): string {
  return optionalText(value, limit, field) ?? refuse(UsersErrorCode.REQUIRED, "Cannot be blank.", field);
}

/** The same for one that may be missing: null when it is, or is blank. */
export function optionalText(value: string | null | undefined, limit: number, field: string): string | null {
  return sound(keptText(value, limit), field);
}

/** The same for one of several lines. */
export function multilineText(value: string | null | undefined, limit: number, field: string): string | null {
  return sound(keptText(value, limit, { multiline: true }), field);
}

function sound({ text, problem }: ReturnType<typeof keptText>, field: string): string | null {
  if (problem) refuse(UsersErrorCode.INVALID, problem, field);
  return text;
}

/** What is wrong with a text of one line; null when nothing is. */
function textProblem(text: string, limit: number): string | null {
  if (Array.from(text).length > limit) return `At most ${limit} characters.`;
  if (/\p{Cc}/u.test(text) || !isStorable(text)) return "Control characters and line breaks are not allowed.";
  return null;
}
