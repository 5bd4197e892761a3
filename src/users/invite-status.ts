import { registerEnumType } from "type-graphql";
import { join, raw, sql, type Segment, type Sql } from "../kit/index.js";

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
    INVITED: { description: "The mail is sent or on its way, and its link alive." },
    COMPLETED: { description: "Accepted." },
    EXPIRED: { description: "Not accepted, and its link is past its date. Derived: never stored." },
    REVOKED: { description: "Withdrawn." },
  },
});

/** EXPIRED follows from the clock: an INVITED one past its date. Said here in both languages, for reads and for SQL. */
export const inviteStatusOf = (stored: InviteStatus | null, expires: string | null, now: Date): InviteStatus | null =>
  stored === InviteStatus.INVITED && expires !== null && new Date(expires) <= now ? InviteStatus.EXPIRED : stored;

/** The columns that hold an invitation's status and its end, e.g. `n.invite_status` and `n.invite_date_expires`. */
export interface InviteColumns {
  status: string;
  expires: string;
}

/** On a user's row they are the latest invitation's. */
export const userInviteColumns = (alias: string): InviteColumns => ({
  status: `${alias}.invite_status`,
  expires: `${alias}.invite_date_expires`,
});

/** Whether those columns stand at this status at that instant. */
export function inviteStatusIs({ status: stored, expires }: InviteColumns, status: InviteStatus, now: Date): Sql {
  const past = sql`coalesce(${raw(expires)} <= ${now}, false)`;
  switch (status) {
    case InviteStatus.EXPIRED:
      return sql`(${raw(stored)} = 'INVITED' AND ${past})`;
    case InviteStatus.INVITED:
      return sql`(${raw(stored)} = 'INVITED' AND NOT ${past})`;
    default:
      return raw(`${stored} = '${status}'`);
  }
}

/** One of these statuses; of none, nothing. */
export const inviteStatusIn = (columns: InviteColumns, statuses: readonly InviteStatus[], now: Date): Sql =>
  statuses.length === 0
    ? sql`false`
    : sql`(${join(
        statuses.map((status) => inviteStatusIs(columns, status, now)),
        " OR ",
      )})`;

/** The status at that instant. */
export const inviteStatusSql = (columns: InviteColumns, now: Date): Sql =>
  sql`CASE WHEN ${inviteStatusIs(columns, InviteStatus.EXPIRED, now)} THEN 'EXPIRED' ELSE ${raw(columns.status)} END`;

/** In the order of the words, those never invited last. */
export const byInviteStatus = (columns: InviteColumns): Segment[] => [
  ...Object.values(InviteStatus)
    .toSorted()
    .map((status) => ({ where: (now: Date) => inviteStatusIs(columns, status, now) })),
  { nullOf: columns.status, where: () => raw(`${columns.status} IS NULL`) },
];
