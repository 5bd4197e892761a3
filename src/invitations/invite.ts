import { v7 as uuidv7 } from "uuid";
import { may, type Role, type Tenant, UserRole } from "../access/index.js";
import {
  type Context,
  foldCase,
  isEmailAddress,
  keyOf,
  refuse,
  Refusal,
  selectList,
  sql,
  type UsersError,
  usersError,
  UsersErrorCode,
} from "../kit/index.js";
import { groupByGuid, roleToAssign, type UserGroup } from "../user-groups/index.js";
import { InviteStatus, multilineText, optionalText, User, UserStatus, UserType } from "../users/index.js";
import { Invitation } from "./invitation.js";
import { copiesOf, type Invited, promiseMails, type Standing, standingWhenSent, wantedUntil } from "./rules.js";

/** What every invitation says of the person. */
export interface PersonInput {
  email: string;
  title?: string | null;
  forename?: string | null;
  surname?: string | null;
}

/** Somebody to invite, checked as far as the input alone can tell. */
export interface Guest {
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
export interface Occasion {
  message: string | null;
  wantedUntil: string | null;
  /** Recorded only, for somebody to approve. */
  draft: boolean;
}

/** The person of an input, checked. */
export function personOf(input: PersonInput, type: UserType, path: string): Guest["person"] {
  const email = input.email.normalize("NFC").trim();
  if (email === "") refuse(UsersErrorCode.REQUIRED, "An invitation needs an e-mail address.", `${path}email`);
  if (!isEmailAddress(email)) refuse(UsersErrorCode.INVALID, "Not an e-mail address.", `${path}email`);
  return {
    type,
    contactEmail: email,
    title: optionalText(input.title, 32, `${path}title`),
    forename: optionalText(input.forename, 255, `${path}forename`),
    surname: optionalText(input.surname, 255, `${path}surname`),
  };
}

/** What an input says for all. Without approval by the tenant's rule the inviter decides whether it is sent at once. */
export function occasionOf(
  ctx: Context,
  input: { message?: string | null; expiresAt?: string | null; send?: boolean | null },
  tenant: Pick<Tenant, "invitationApproval">,
): Occasion {
  return {
    message: multilineText(input.message, 1000, "message"),
    wantedUntil: wantedUntil(ctx, input.expiresAt, "expiresAt"),
    draft: tenant.invitationApproval || input.send === false,
  };
}

/** A client to invite, into a group or not. A lead invites into the group they lead, and nowhere else. */
export async function clientGuest(
  ctx: Context,
  input: PersonInput & { type: UserType; groupId?: string | null; roleId?: string | null },
  path = "",
): Promise<Guest> {
  if (input.type === UserType.INTERNAL) {
    refuse(UsersErrorCode.USER_TYPE_MISMATCH, "Staff are invited by `inviteInternalUser`.", `${path}type`);
  }
  const person = personOf(input, input.type, path);
  const group = input.groupId == null ? null : await groupToInviteInto(ctx, input.groupId, `${path}groupId`);
  if (!group && (input.roleId != null || !may(ctx.viewer, "invitations.write"))) {
    refuse(UsersErrorCode.REQUIRED, "Say into which group.", `${path}groupId`);
  }
  const role = input.roleId == null ? null : await roleToAssign(ctx, input.roleId, group!, `${path}roleId`);
  return { path, person, group, roleId: role?.guid ?? null, asLead: null, internalRoles: [] };
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
export async function inviteOne(ctx: Context, guest: Guest, occasion: Occasion, tenant: Tenant): Promise<Invited> {
  const [outcome] = await inviteAll(ctx, [guest], occasion, tenant);
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
  guests: readonly Guest[],
  occasion: Occasion,
  tenant: Tenant,
): Promise<(Invited | Refusal)[]> {
  const known = await usersByEmail(ctx, guests);
  const outcomes = new Map<Guest, Refusal>();
  const seen = new Set<string>();
  for (const guest of guests) {
    const email = foldCase(guest.person.contactEmail);
    const problem = seen.has(email)
      ? usersError(UsersErrorCode.DUPLICATED_INPUT_ITEM, "Named twice.", `${guest.path}email`)
      : problemOf(ctx, guest, known.get(email));
    seen.add(email);
    if (problem) outcomes.set(guest, new Refusal([problem]));
  }
  const welcome = guests.filter((guest) => !outcomes.has(guest));
  const standing = occasion.draft ? recorded(ctx) : standingWhenSent(ctx, tenant, occasion);
  const users = await accounts(ctx, welcome, known, standing);
  for (const guest of welcome) {
    if (!users.has(guest)) outcomes.set(guest, new Refusal([alreadyInvited(guest)]));
  }
  const invited = await invitations(ctx, users, occasion, standing);
  return guests.map((guest) => outcomes.get(guest) ?? invited.get(guest)!);
}

async function usersByEmail({ db }: Context, guests: readonly Guest[]): Promise<Map<string, User>> {
  const emails = guests.map(({ person }) => foldCase(person.contactEmail));
  const rows = await db.query<User>(
    sql`SELECT ${selectList(User, "n")} FROM users n WHERE ${db.tenantIs("n")} AND n.email_norm = ANY(${emails}::text[])
      ORDER BY n.id FOR NO KEY UPDATE`,
    { prepare: true },
  );
  return new Map(rows.map((user) => [foldCase(user.contactEmail), user]));
}

const alreadyInvited = ({ path }: Guest): UsersError =>
  usersError(UsersErrorCode.ALREADY_INVITED, "This e-mail address is invited already.", `${path}email`);

/** Why a known account cannot be invited; null when it can, or when there is none. */
function problemOf(ctx: Context, guest: Guest, user: User | undefined): UsersError | null {
  if (!user) return null;
  const { viewer } = ctx;
  const field = `${guest.path}email`;
  switch (user.status) {
    case UserStatus.DRAFT:
    case UserStatus.INVITED:
      return alreadyInvited(guest);
    case UserStatus.ACTIVE:
    case UserStatus.SUSPENDED:
      return usersError(UsersErrorCode.ALREADY_ACTIVE, "This e-mail address has an account already.", field);
    case UserStatus.REVOKED:
      break;
  }
  const client = may(viewer, "invitations.write") && user.assignedInternalUserId === viewer.id;
  if (!viewer.administrator && !client) {
    return usersError(
      UsersErrorCode.NOT_ASSIGNED_TO_YOU,
      "The account of this e-mail address was revoked: an administrator may invite it again.",
      field,
    );
  }
  return user.type === guest.person.type
    ? null
    : usersError(
        UsersErrorCode.USER_TYPE_MISMATCH,
        `The revoked account of this e-mail address is of the type ${user.type}.`,
        field,
      );
}

/** Where an invitation stands that waits for approval. */
const recorded = ({ now }: Context): Standing => ({
  storedStatus: InviteStatus.DRAFT,
  dateInvited: null,
  dateExpires: null,
  dateModified: now.toISOString(),
  lastSentAt: null,
});

/** The account of each guest: a new one, or the one that was revoked. Without one: somebody else has just invited it. */
async function accounts(
  { db, viewer }: Context,
  guests: readonly Guest[],
  known: ReadonlyMap<string, User>,
  standing: Standing,
): Promise<Map<Guest, User>> {
  // Whom a member of staff invites becomes their client, whom they may write to.
  const client = viewer.kind === "USER" && may(viewer, "invitations.write") && !viewer.administrator;
  const status = standing.storedStatus === InviteStatus.DRAFT ? UserStatus.DRAFT : UserStatus.INVITED;
  const state = { status, ...copiesOf(standing) };
  const users = new Map<Guest, User>();
  const fresh = new Map<string, Guest>();
  for (const guest of guests) {
    const user = known.get(foldCase(guest.person.contactEmail));
    if (user) users.set(guest, db.update(User, user, { ...said(guest.person), ...state }));
    else fresh.set(uuidv7(), guest);
  }
  const rows = [...fresh].map(([guid, { person }]) => ({
    guid,
    ...person,
    ...state,
    assignedInternalUserId: client && person.type !== UserType.INTERNAL ? viewer.id : null,
  }));
  // In one order, so that those who invite the same people wait for each other and not in a circle.
  rows.sort((a, b) => (foldCase(a.contactEmail) < foldCase(b.contactEmail) ? -1 : 1));
  for (const user of await db.insertAll(User, rows, { unlessTaken: sql`email_norm` })) {
    users.set(fresh.get(user.guid)!, user);
  }
  return users;
}

/** What an input says of a person, of whom more may be known. */
const said = (person: Guest["person"]): Partial<User> =>
  Object.fromEntries(Object.entries(person).filter(([, value]) => value !== null));

/** An invitation for each account, its mail promised unless it is a draft. */
async function invitations(
  ctx: Context,
  users: ReadonlyMap<Guest, User>,
  { message, wantedUntil: until, draft }: Occasion,
  standing: Standing,
): Promise<Map<Guest, Invited>> {
  const { db, viewer, now } = ctx;
  const invitees = [...users.values()].map((user) => ({ guid: uuidv7(), user }));
  const unsent = { mailId: null, tokenHash: null, sentTo: null };
  const mails = draft ? invitees.map(() => unsent) : await promiseMails(ctx, invitees);
  const rows = [...users].map(([{ group, roleId, asLead }, user], index) => ({
    guid: invitees[index]!.guid,
    userId: user.guid,
    ...standing,
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
  return new Map([...users].map(([guest, user], index) => [guest, { user, invitation: made[index]! }]));
}

/** Members of staff hold the roles of their invitation, and none from an earlier time. */
async function assignRoles({ db }: Context, users: ReadonlyMap<Guest, User>): Promise<void> {
  const staff = [...users].filter(([guest]) => guest.internalRoles.length > 0);
  for (const [, user] of staff) {
    for (const held of await db.findBy(UserRole, { userId: user.guid })) db.delete(UserRole, held);
  }
  const held = staff.flatMap(([guest, user]) =>
    guest.internalRoles.map((role) => ({ userId: user.guid, roleId: role.guid })),
  );
  await db.insertAll(UserRole, held);
}
