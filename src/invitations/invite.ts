import { v7 as uuidv7 } from "uuid";
import { may, type Role, type Tenant, UserGroupKind, UserRole } from "../access/index.js";
import {
  type Context,
  foldCase,
  isEmailAddress,
  keyOf,
  refuse,
  Refusal,
  selectList,
  sql,
  type TenantDb,
  type UsersError,
  usersError,
  UsersErrorCode,
} from "../kit/index.js";
import { groupByGuid, GroupMember, roleToAssign, type UserGroup } from "../user-groups/index.js";
import {
  InviteStatus,
  multilineText,
  optionalText,
  PROFILE_LIMITS,
  User,
  UserStatus,
  UserType,
} from "../users/index.js";
import { Invitation } from "./invitation.js";
import { copiesOf, type Invited, promiseMails, type InvitationState, stateWhenSent, wantedUntil } from "./rules.js";

/** What every invitation says of the person. */
export interface PersonInput {
  email: string;
  title?: string | null;
  forename?: string | null;
  surname?: string | null;
}

/** Somebody to invite, checked as far as the input alone can tell. */
export interface Invitee {
  /** Where the input names the person: "" or "rows.3.". */
  path: string;
  person: Pick<User, "contactEmail" | "title" | "forename" | "surname" | "type">;
  group: UserGroup | null;
  roleId: string | null;
  asLead: boolean | null;
  /** Roles of staff, for an internal user. */
  internalRoles: Role[];
}

/** What goes for all who are invited together. */
export interface InvitationTerms {
  message: string | null;
  wantedUntil: string | null;
  /** Recorded only, for somebody to approve. */
  draft: boolean;
}

/** The person of an input, checked. */
export function personOf(input: PersonInput, type: UserType, path: string): Invitee["person"] {
  const email = input.email.normalize("NFC").trim();
  if (email === "") refuse(UsersErrorCode.REQUIRED, "An invitation needs an e-mail address.", `${path}email`);
  if (!isEmailAddress(email)) refuse(UsersErrorCode.INVALID, "Not an e-mail address.", `${path}email`);
  return {
    type,
    contactEmail: email,
    title: optionalText(input.title, PROFILE_LIMITS.title, `${path}title`),
    forename: optionalText(input.forename, PROFILE_LIMITS.forename, `${path}forename`),
    surname: optionalText(input.surname, PROFILE_LIMITS.surname, `${path}surname`),
  };
}

/** What an input says for all. Without approval by the tenant's rule the inviter decides whether it is sent at once. */
export function termsOf(
  ctx: Context,
  input: { message?: string | null; expiresAt?: string | null; send?: boolean | null },
  tenant: Pick<Tenant, "invitationApproval">,
): InvitationTerms {
  return {
    message: multilineText(input.message, 1000, "message"),
    wantedUntil: wantedUntil(ctx, input.expiresAt, "expiresAt"),
    draft: tenant.invitationApproval || input.send === false,
  };
}

/** A client to invite, into a group or not. A lead invites into the group they lead, and nowhere else. */
export async function clientInvitee(
  ctx: Context,
  input: PersonInput & { type: UserType; groupId?: string | null; roleId?: string | null },
  path = "",
): Promise<Invitee> {
  if (input.type === UserType.INTERNAL) {
    refuse(UsersErrorCode.USER_TYPE_MISMATCH, "Staff are invited by `inviteInternalUser`.", `${path}type`);
  }
  const person = personOf(input, input.type, path);
  const group = input.groupId == null ? null : await groupToInviteInto(ctx, input.groupId, `${path}groupId`);
  if (!group && (input.roleId != null || !may(ctx.viewer, "invitations.write"))) {
    refuse(UsersErrorCode.REQUIRED, "Say into which group.", `${path}groupId`);
  }
  const role = input.roleId == null ? null : await roleToAssign(ctx, input.roleId, group!, `${path}roleId`);
  // Who leads a shell is for `inviteUserToShell` to say.
  const asLead = group?.kind === UserGroupKind.SHELL ? false : null;
  return { path, person, group, roleId: role?.guid ?? null, asLead, internalRoles: [] };
}

/** A group that the caller sees and may invite into. Not locked: many are invited into one group at once. */
export async function groupToInviteInto(ctx: Context, id: string, field: string): Promise<UserGroup> {
  const group = await groupByGuid.load(ctx, keyOf("UserGroup", id, ["input", ...field.split(".")]));
  if (!group) refuse(UsersErrorCode.NOT_FOUND, "UserGroup not found.", field);
  if (!may(ctx.viewer, "invitations.write") && group.leadUserId !== ctx.viewer.id) {
    refuse(UsersErrorCode.NOT_ASSIGNED_TO_YOU, "You may only invite into the group that you lead.", field);
  }
  return group;
}

/** Invites one. */
export async function inviteOne(
  ctx: Context,
  invitee: Invitee,
  terms: InvitationTerms,
  tenant: Tenant,
): Promise<Invited> {
  const [outcome] = await inviteAll(ctx, [invitee], terms, tenant);
  if (outcome instanceof Refusal) throw outcome;
  return outcome!;
}

/**
 * Invites all of them in a fixed number of statements, and one for each account that was revoked and is taken up again:
 * for each the user with an invitation, or why not. For any other e-mail address that is known there is a refusal, also
 * when somebody else invites it at the same time.
 */
export async function inviteAll(
  ctx: Context,
  invitees: readonly Invitee[],
  terms: InvitationTerms,
  tenant: Tenant,
): Promise<(Invited | Refusal)[]> {
  const known = await usersByEmail(ctx, invitees);
  const withdrawn = await withdrawnByLead(ctx, [...known.values()]);
  const outcomes = new Map<Invitee, Refusal>();
  const seen = new Set<string>();
  for (const invitee of invitees) {
    const email = foldCase(invitee.person.contactEmail);
    const problem = seen.has(email)
      ? usersError(UsersErrorCode.DUPLICATED_INPUT_ITEM, "Named twice.", `${invitee.path}email`)
      : problemOf(ctx, invitee, known.get(email), withdrawn);
    seen.add(email);
    if (problem) outcomes.set(invitee, new Refusal([problem]));
  }
  const welcome = invitees.filter((invitee) => !outcomes.has(invitee));
  const state = terms.draft ? recorded(ctx) : stateWhenSent(ctx, tenant, terms);
  const users = await upsertAccounts(ctx, welcome, known, state);
  for (const invitee of welcome) {
    if (!users.has(invitee)) outcomes.set(invitee, new Refusal([alreadyInvited(invitee)]));
  }
  const invited = await insertInvitations(ctx, users, terms, state);
  return invitees.map((invitee) => outcomes.get(invitee) ?? invited.get(invitee)!);
}

async function usersByEmail({ db }: Context, invitees: readonly Invitee[]): Promise<Map<string, User>> {
  const emails = invitees.map(({ person }) => foldCase(person.contactEmail));
  const rows = await db.query<User>(
    sql`SELECT ${selectList(User, "n")} FROM users n WHERE ${db.tenantIs("n")} AND n.email_norm = ANY(${emails}::text[])
      ORDER BY n.id FOR NO KEY UPDATE`,
    { prepare: true },
  );
  return new Map(rows.map((user) => [foldCase(user.contactEmail), user]));
}

/** For a lead: those of the users who have only ever been invited into the lead's own group, and never came. */
async function withdrawnByLead({ db, viewer }: Context, users: readonly User[]): Promise<ReadonlySet<string>> {
  if (!viewer.leads || users.length === 0) return new Set();
  const guids = users.map(({ guid }) => guid);
  const rows = await db.query<{ guid: string }>(
    sql`SELECT i.user_id AS guid FROM invitations i
      LEFT JOIN user_groups g ON g.tenant_id = i.tenant_id AND g.id = i.group_id AND g.lead_user_id = ${viewer.id}
      WHERE ${db.tenantIs("i")} AND i.user_id = ANY(${guids}::uuid[])
      GROUP BY i.user_id HAVING bool_and(i.status <> 'COMPLETED' AND g.id IS NOT NULL)`,
  );
  return new Set(rows.map(({ guid }) => guid));
}

const alreadyInvited = ({ path }: Invitee): UsersError =>
  usersError(UsersErrorCode.ALREADY_INVITED, "This e-mail address is invited already.", `${path}email`);

/** Why a known account cannot be invited; null when it can, or when there is none. */
function problemOf(
  ctx: Context,
  invitee: Invitee,
  user: User | undefined,
  withdrawn: ReadonlySet<string>,
): UsersError | null {
  if (!user) return null;
  const { viewer } = ctx;
  const field = `${invitee.path}email`;
  switch (user.status) {
    case UserStatus.DRAFT:
    case UserStatus.INVITED:
      return alreadyInvited(invitee);
    case UserStatus.ACTIVE:
    case UserStatus.SUSPENDED:
      return usersError(UsersErrorCode.ALREADY_ACTIVE, "This e-mail address has an account already.", field);
    case UserStatus.REVOKED:
      break;
  }
  const client = may(viewer, "invitations.write") && user.assignedInternalUserId === viewer.id;
  if (!viewer.administrator && !client && !withdrawn.has(user.guid)) {
    return usersError(
      UsersErrorCode.NOT_ASSIGNED_TO_YOU,
      "The account of this e-mail address was revoked: an administrator may invite it again.",
      field,
    );
  }
  return user.type === invitee.person.type
    ? null
    : usersError(
        UsersErrorCode.USER_TYPE_MISMATCH,
        `The revoked account of this e-mail address is of the type ${user.type}.`,
        field,
      );
}

/** Where an invitation stands that waits for approval. */
const recorded = ({ now }: Context): InvitationState => ({
  storedStatus: InviteStatus.DRAFT,
  dateInvited: null,
  dateExpires: null,
  dateModified: now.toISOString(),
  lastSentAt: null,
});

/** The account of each invitee: a new one, or the one that was revoked. Without one: somebody else has just invited it. */
async function upsertAccounts(
  { db, viewer }: Context,
  invitees: readonly Invitee[],
  known: ReadonlyMap<string, User>,
  state: InvitationState,
): Promise<Map<Invitee, User>> {
  // Whom a member of staff invites becomes their client, whom they may write to.
  const client = viewer.kind === "USER" && may(viewer, "invitations.write") && !viewer.administrator;
  const status = state.storedStatus === InviteStatus.DRAFT ? UserStatus.DRAFT : UserStatus.INVITED;
  const account = { status, ...copiesOf(state) };
  const users = new Map<Invitee, User>();
  const fresh = new Map<string, Invitee>();
  for (const invitee of invitees) {
    const user = known.get(foldCase(invitee.person.contactEmail));
    if (!user) fresh.set(uuidv7(), invitee);
    else {
      users.set(invitee, db.update(User, user, { ...said(invitee.person), ...account }));
      await takeRightToSign(db, user);
    }
  }
  const rows = [...fresh].map(([guid, { person }]) => ({
    guid,
    ...person,
    ...account,
    assignedInternalUserId: client && person.type !== UserType.INTERNAL ? viewer.id : null,
  }));
  // In one order, so that those who invite the same people wait for each other and not in a circle.
  rows.sort((a, b) => (foldCase(a.contactEmail) < foldCase(b.contactEmail) ? -1 : 1));
  for (const user of await db.insertAll(User, rows, { unlessTaken: sql`email_norm` })) {
    users.set(fresh.get(user.guid)!, user);
  }
  return users;
}

/** Whoever comes back after being locked out for good may not sign again before somebody says so. */
async function takeRightToSign(db: TenantDb, user: User): Promise<void> {
  for (const member of await db.findBy(GroupMember, { userId: user.guid, isSignatory: true })) {
    db.update(GroupMember, member, { isSignatory: false });
  }
}

/** What an input says of a person, of whom more may be known. */
const said = (person: Invitee["person"]): Partial<User> =>
  Object.fromEntries(Object.entries(person).filter(([, value]) => value !== null));

/** An invitation for each account, its mail promised unless it is a draft. */
async function insertInvitations(
  ctx: Context,
  users: ReadonlyMap<Invitee, User>,
  { message, wantedUntil: until, draft }: InvitationTerms,
  state: InvitationState,
): Promise<Map<Invitee, Invited>> {
  const { db, viewer, now } = ctx;
  const invitees = [...users.values()].map((user) => ({ guid: uuidv7(), user }));
  const unsent = { mailId: null, tokenHash: null, sentTo: null };
  const mails = draft ? invitees.map(() => unsent) : await promiseMails(ctx, invitees);
  const rows = [...users].map(([{ group, roleId, asLead }, user], index) => ({
    guid: invitees[index]!.guid,
    userId: user.guid,
    ...state,
    ...mails[index]!,
    groupId: group?.guid ?? null,
    roleId,
    asLead,
    message,
    wantedUntil: until,
    invitedByUserId: viewer.kind === "USER" ? viewer.id : null,
    requestedBy: viewer.actorId ?? viewer.id,
    createdAt: now.toISOString(),
    sendCount: draft ? 0 : 1,
  }));
  const made = await db.insertAll(Invitation, rows);
  await assignRoles(ctx, users);
  return new Map([...users].map(([invitee, user], index) => [invitee, { user, invitation: made[index]! }]));
}

/** Members of staff hold the roles of their invitation, and none from an earlier time. */
async function assignRoles({ db }: Context, users: ReadonlyMap<Invitee, User>): Promise<void> {
  const staff = [...users].filter(([invitee]) => invitee.internalRoles.length > 0);
  for (const [, user] of staff) {
    for (const held of await db.findBy(UserRole, { userId: user.guid })) db.delete(UserRole, held);
  }
  const held = staff.flatMap(([invitee, user]) =>
    invitee.internalRoles.map((role) => ({ userId: user.guid, roleId: role.guid })),
  );
  await db.insertAll(UserRole, held);
}
