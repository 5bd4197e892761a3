import { may, type Tenant } from "../access/index.js";
import {
  type Context,
  digestOf,
  foldCase,
  keyOf,
  refuse,
  type Secrets,
  sql,
  ticket,
  UsersErrorCode,
} from "../kit/index.js";
import { queueMails } from "../mail/index.js";
import { InviteStatus, User, userVisible } from "../users/index.js";
import { Invitation } from "./invitation.js";
import { invitationByGuid } from "./loaders.js";

const DAY = 86_400_000;
export const MAX_DAYS = 30;

/** The kind of mail that an invitation promises. */
export const INVITATION_MAIL = "INVITATION";

/** An invitation and whom it invites. */
export interface Invited {
  user: User;
  invitation: Invitation;
}

/** An invitation that the caller sees, with its user; both locked, the user first, as everywhere. */
export async function invitationToSee(ctx: Context, guid: string, field: string): Promise<Invited> {
  const { db } = ctx;
  const seen = await invitationByGuid.load(ctx, guid);
  if (!seen) refuse(UsersErrorCode.NOT_FOUND, "Invitation not found.", field);
  const user = await db.get(User, { guid: seen.userId }, field);
  return { user, invitation: await db.get(Invitation, { guid }, field) };
}

/** The same for a write: administrators and services write to all, members of staff to their clients', leads to their group's. */
export async function invitationToChange(ctx: Context, id: string, field: string): Promise<Invited> {
  const { db, viewer } = ctx;
  const found = await invitationToSee(ctx, keyOf("Invitation", id, ["input", field]), field);
  const { user, invitation } = found;
  if (may(viewer, "invitations.write")) {
    if (viewer.administrator || user.assignedInternalUserId === viewer.id) return found;
    refuse(UsersErrorCode.NOT_ASSIGNED_TO_YOU, "This invitation is of another one's client.", field);
  }
  const led = await db.query(
    sql`SELECT FROM user_groups g WHERE ${db.tenantIs("g")} AND g.id = ${invitation.groupId} AND g.lead_user_id = ${viewer.id}`,
  );
  if (led.length === 0) {
    refuse(UsersErrorCode.NOT_ASSIGNED_TO_YOU, "This invitation is not into the group that you lead.", field);
  }
  return found;
}

/** Refuses what is done to an invitation that is over. */
export function refuseClosed({ storedStatus }: Invitation, field: string): void {
  if (storedStatus === InviteStatus.COMPLETED) {
    refuse(UsersErrorCode.INVITATION_COMPLETED, "This invitation is accepted.", field);
  }
  if (storedStatus === InviteStatus.REVOKED) {
    refuse(UsersErrorCode.INVITATION_REVOKED, "This invitation is withdrawn.", field);
  }
}

/**
 * The token in an invitation's mail. It follows from the mail and the deployment's secret, so that whoever sends the mail,
 * and sends it again after a crash, writes the same one, and nobody has to store it.
 */
export const invitationTokens = (secrets: Secrets, tenantId: string, mailId: string): string[] =>
  secrets.derive("invitation", mailId).map((secret) => ticket(tenantId, secret));

/** Where an invitation stands, as its own row and the user's tell it. */
export type InvitationState = Pick<
  Invitation,
  "storedStatus" | "dateInvited" | "dateExpires" | "dateModified" | "lastSentAt"
>;

/**
 * Where an invitation stands that is sent now: until it was wanted to, or for the tenant's usual time when it was not said,
 * or is over. Sent once more it lives for the usual time at least.
 */
export function stateWhenSent(
  { now }: Context,
  { invitationDays }: Tenant,
  { wantedUntil: wanted, dateInvited = null }: Pick<Invitation, "wantedUntil"> & Partial<Invitation>,
): InvitationState {
  const sentAt = now.toISOString();
  const usual = new Date(now.getTime() + invitationDays * DAY).toISOString();
  const least = dateInvited === null ? sentAt : usual;
  return {
    storedStatus: InviteStatus.INVITED,
    dateInvited: dateInvited ?? sentAt,
    dateExpires: wanted !== null && wanted > least ? wanted : usual,
    dateModified: sentAt,
    lastSentAt: sentAt,
  };
}

/** Promises a mail for each of these invitations. Its token makes the one before it void. */
export async function promiseMails(
  ctx: Context,
  invitations: readonly { guid: string; user: User }[],
): Promise<Pick<Invitation, "mailId" | "tokenHash" | "sentTo">[]> {
  const guids = invitations.map(({ guid }) => guid);
  const mailIds = await queueMails(ctx, INVITATION_MAIL, guids);
  return mailIds.map((mailId, index) => ({
    mailId,
    tokenHash: digestOf(invitationTokens(ctx.secrets, ctx.db.tenantId, mailId)[0]!),
    sentTo: foldCase(invitations[index]!.user.contactEmail),
  }));
}

/** Sends an invitation that was not sent yet, or once more; the user's row tells the same. */
export async function send(
  ctx: Context,
  tenant: Tenant,
  { user, invitation }: Invited,
  changes: { user?: Partial<User>; invitation?: Partial<Invitation> } = {},
): Promise<Invited> {
  const state = stateWhenSent(ctx, tenant, invitation);
  // The user first: the audit event is about what a write changes first.
  const invited = ctx.db.update(User, user, { ...changes.user, ...copiesOf(state) });
  const [mail] = await promiseMails(ctx, [{ guid: invitation.guid, user }]);
  const sendCount = invitation.sendCount + 1;
  const sent = ctx.db.update(Invitation, invitation, { ...changes.invitation, ...state, ...mail, sendCount });
  return { user: invited, invitation: sent };
}

/** An invitation for a payload: its user is for whoever may see them. */
export async function asSeen(
  ctx: Context,
  { user, invitation }: Invited,
): Promise<{ user: User | null; invitation: Invitation }> {
  const rule = userVisible(ctx.viewer, "n", ctx.now);
  const seen = rule === null || (await ctx.db.find(User, { guid: user.guid }, sql` AND (${rule})`)) !== null;
  return { user: seen ? user : null, invitation };
}

/** Withdraws an open invitation, and with it an account that nobody has used. */
export function withdraw({ db, now }: Context, { user, invitation }: Invited, changes: Partial<User>): Invited {
  const revoked = { storedStatus: InviteStatus.REVOKED, dateModified: now.toISOString() };
  // The user first, as in `send`.
  return {
    user: db.update(User, user, { ...changes, ...copiesOf({ ...(invitation as InvitationState), ...revoked }) }),
    invitation: db.update(Invitation, invitation, revoked),
  };
}

/** What a user's row repeats of the latest invitation. */
export const copiesOf = ({ storedStatus, dateInvited, dateExpires, dateModified }: InvitationState): Partial<User> => ({
  storedInviteStatus: storedStatus,
  inviteDateInvited: dateInvited,
  inviteDateExpires: dateExpires,
  inviteDateModified: dateModified,
});

/** Until when an inviter wants it to live. Refuses the past, and more than 30 days. */
export function wantedUntil(ctx: Context, expiresAt: string | null | undefined, field: string): string | null {
  if (expiresAt == null) return null;
  const life = new Date(expiresAt).getTime() - ctx.now.getTime();
  if (life <= 0) refuse(UsersErrorCode.INVALID, "Has to be in the future.", field);
  if (life > MAX_DAYS * DAY) refuse(UsersErrorCode.INVALID, `At most ${MAX_DAYS} days from now.`, field);
  return expiresAt;
}
