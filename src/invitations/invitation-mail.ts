import { printedNameSql } from "../access/index.js";
import { digestOf, sql } from "../kit/index.js";
import type { Composer } from "../mail/index.js";
import { InviteStatus, inviteStatusIn } from "../users/index.js";
import { inviteColumns } from "./invitation.js";
import { invitationTokens } from "./rules.js";

interface Wanted {
  to: string;
  name: string | null;
  inviter: string | null;
  group: string | null;
  message: string | null;
  expires: string;
  tokenHash: string;
}

/**
 * The letter of an invitation; none when by its turn it was accepted, withdrawn or sent anew, has
 * expired, or the address was corrected.
 */
export const composeInvitation: Composer = async ({ guid }, { db, tenant, secrets, now, invitationUrl }) => {
  const [wanted] = await db.query<Wanted>(
    sql`SELECT u.contact_email AS "to", ${printedNameSql("u")} AS name, ${printedNameSql("b")} AS inviter, g.name AS "group",
        n.message, n.date_expires AS expires, n.token_hash AS "tokenHash"
      FROM invitations n JOIN users u ON u.tenant_id = n.tenant_id AND u.id = n.user_id
      LEFT JOIN users b ON b.tenant_id = n.tenant_id AND b.id = n.invited_by_user_id
      LEFT JOIN user_groups g ON g.tenant_id = n.tenant_id AND g.id = n.group_id
      WHERE ${db.tenantIs("n")} AND n.mail_id = ${guid} AND n.sent_to = u.email_norm
        AND ${inviteStatusIn(inviteColumns("n"), [InviteStatus.INVITED], now)}`,
    { prepare: true },
  );
  if (!wanted) return null;
  const { to, name, inviter, group, message, expires, tokenHash } = wanted;
  // One of them, also while one secret replaces another; none when the secret that it was made by is gone for good.
  const token = invitationTokens(secrets, tenant.tenantId, guid).find((one) => digestOf(one) === tokenHash);
  if (token === undefined) throw new Error("The secret that this invitation was made by is not known any more.");
  const host = inviter ?? tenant.name;
  return {
    to,
    subject: `Your invitation to ${tenant.name}`,
    paragraphs: [
      name === null ? "Hello," : `Hello ${name},`,
      `${host} invites you to ${tenant.name}${group === null ? "" : `, into the group ${group}`}.`,
    ],
    ...(message !== null && { quote: { author: host, text: message } }),
    action: { label: "Accept the invitation", url: invitationUrl(token) },
    closing: [
      `This link is yours alone and works once, until ${expires.slice(0, 10)} ${expires.slice(11, 16)} UTC.`,
      "If you did not expect this message, you need not do anything.",
    ],
  };
};
