import { registerEnumType } from "type-graphql";
import { raw, sql, type Segment, type Sql } from "../kit/index.js";

export enum InviteStatus {
  DRAFT = "DRAFT",
  INVITED = "INVITED",
  COMPLETED = "COMPLETED",
  EXPIRED = "EXPIRED",
  REVOKED = "REVOKED",
}
registerEnumType(InviteStatus, {
  name: "InviteStatus",
  description: "Where an invitation stands.",
  valuesConfig: {
    DRAFT: { description: "Recorded, waits for approval; no mail sent." },
    INVITED: { description: "The mail is sent and its link alive." },
    COMPLETED: { description: "Accepted." },
    EXPIRED: { description: "Sent, but its link is past its date. Derived: never stored." },
    REVOKED: { description: "Withdrawn." },
  },
});

/** EXPIRED follows from the clock: an INVITED one past its date. Said here in both languages, for reads and for SQL. */
export const inviteStatusOf = (stored: InviteStatus | null, expires: string | null, now: Date): InviteStatus | null =>
  stored === InviteStatus.INVITED && expires !== null && new Date(expires) <= now ? InviteStatus.EXPIRED : stored;

/** The rows of `alias` (with columns invite_status and invite_date_expires) whose status at that instant is this one. */
export function inviteStatusIs(alias: string, status: InviteStatus, now: Date): Sql {
  const a = raw(alias);
  const past = sql`coalesce(${a}.invite_date_expires <= ${now}, false)`;
  switch (status) {
    case InviteStatus.EXPIRED:
      return sql`(${a}.invite_status = 'INVITED' AND ${past})`;
    case InviteStatus.INVITED:
      return sql`(${a}.invite_status = 'INVITED' AND NOT ${past})`;
    default:
      return sql`${a}.invite_status = ${raw(`'${status}'`)}`;
  }
}

/** The status at that instant of the row that `alias` stands for. */
export const inviteStatusSql = (alias: string, now: Date): Sql =>
  sql`CASE WHEN ${inviteStatusIs(alias, InviteStatus.EXPIRED, now)} THEN 'EXPIRED' ELSE ${raw(alias)}.invite_status END`;

/** In the order of the words, those never invited last. */
export const byInviteStatus = (alias: string): Segment[] => [
  ...Object.values(InviteStatus)
    .toSorted()
    .map((status) => ({ where: (now: Date) => inviteStatusIs(alias, status, now) })),
  { nullOf: `${alias}.invite_status`, where: () => raw(`${alias}.invite_status IS NULL`) },
];
