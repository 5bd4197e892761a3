import { Field, ObjectType, registerEnumType } from "type-graphql";
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { administrators, may } from "../../access/index.js";
import {
  type Allow,
  Attribute,
  Computed,
  DateTime,
  GlobalId,
  Hidden,
  Node,
  oneBy,
  raw,
  type RowRule,
  sql,
  type Sql,
  UUID,
  type Viewer,
} from "../../kit/index.js";
import { User } from "../../users/index.js";
import type { UserChoice } from "../user-list.js";
import { UserExportColumn } from "./columns.js";
import { UserExportFormat } from "./formats.js";

export enum UserExportStatus {
  READY = "READY",
  RUNNING = "RUNNING",
  COMPLETED = "COMPLETED",
  FAILED = "FAILED",
  REVOKED = "REVOKED",
  EXPIRED = "EXPIRED",
}
registerEnumType(UserExportStatus, {
  name: "UserExportStatus",
  description: "Where an export stands: what became of its latest download, or of its link.",
  valuesConfig: {
    READY: { description: "The link works; nobody has used it yet." },
    RUNNING: { description: "The file is being downloaded." },
    COMPLETED: { description: "The whole file was handed over. The link works until it expires." },
    FAILED: {
      description:
        "The latest download broke off, so that its file is incomplete. The link works until it expires: download again.",
    },
    REVOKED: { description: "The link was taken back." },
    EXPIRED: { description: "The link is past its end, and nobody has used it. Derived: never stored." },
  },
});

/** How long a link works. */
export const LINK_MILLISECONDS = 15 * 60_000;
/** A download that has said nothing for this long has ended without being able to say so: its process is gone. */
const SILENCE_MILLISECONDS = 30_000;
/** How long the request is remembered. */
export const KEPT_DAYS = 30;

/** Who asked: a person, or a service with the scopes that its token had. */
type Requester = Pick<UserExport, "userId" | "serviceId" | "scopes">;

/**
 * What somebody asked to have exported. The file is not kept: it is made from the tenant's rows while it is downloaded.
 * A row tells how its latest download goes.
 */
@ObjectType({
  implements: Node,
  description: `A list of users to download as a file. Nothing of the file is stored: it is made while it is downloaded, all of it as of that instant, and for who asked for it as they are by then. Forgotten after ${KEPT_DAYS} days.`,
})
@Entity("user_exports")
@Check("user_exports_status", `"status" IN ('READY', 'RUNNING', 'COMPLETED', 'FAILED', 'REVOKED')`)
@Check("user_exports_format", `"format" IN ('CSV', 'JSONL', 'XLSX')`)
@Check("user_exports_requester", `("user_id" IS NULL) <> ("service_id" IS NULL)`)
@ForeignKey(() => User, ["tenantId", "userId"], ["tenantId", "guid"], { name: "user_exports_user" })
@Index("user_exports_by_created_at", ["tenantId", "createdAt", "guid"])
@Index("user_exports_by_user", ["tenantId", "userId", "createdAt"])
export class UserExport implements Node {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @GlobalId("guid")
  id!: string;

  @Attribute(() => UUID, { primary: true, name: "id", description: "The platform's own id." })
  guid!: string;

  @Hidden("uuid", { nullable: true })
  userId!: string | null;

  @Hidden("text", { nullable: true })
  serviceId!: string | null;

  @Column("text", { array: true, nullable: true })
  scopes!: string[] | null;

  /** Which users in what order, as it was asked. */
  @Hidden("jsonb")
  choice!: UserChoice;

  @Field(() => [UserExportColumn], { description: "What the file tells of each user, in this order." })
  @Column("text", { array: true })
  columns!: UserExportColumn[];

  @Attribute(() => UserExportFormat, { description: "The form of the file." })
  format!: UserExportFormat;

  @Attribute(() => Boolean, { description: "Whether a CSV file begins with a byte order mark." })
  byteOrderMark!: boolean;

  @Hidden("text", { name: "status", default: UserExportStatus.READY })
  storedStatus!: UserExportStatus;

  @Computed<UserExport>(() => UserExportStatus, {
    description: "What became of the latest download, or of the link.",
    of: (row, { now }) => statusOf(row, now),
    sql: (row, { now }) => statusSql(row, now),
  })
  status!: UserExportStatus;

  @Attribute(() => Number, {
    description: "How many users there were to export when it was asked for. A download may find others.",
  })
  rowCount!: number;

  @Attribute(() => Number, {
    default: 0,
    description:
      "How many users the latest download has handed over, without the line of headings; brought up to date about every second. Once COMPLETED, the number in the file.",
  })
  rowsWritten!: number;

  @Attribute(() => DateTime, { description: "When it was asked for." })
  createdAt!: string;

  @Attribute(() => DateTime, {
    description:
      "Until when a download may begin: 15 minutes after it was asked for. One that has begun may end later.",
  })
  expiresAt!: string;

  @Attribute(() => DateTime, {
    nullable: true,
    description: "When the latest download ended, whole or not. Null: none has, or one is under way.",
  })
  finishedAt!: string | null;

  /** Which download the row tells of: the latest that began. */
  @Hidden("uuid", { nullable: true })
  downloadId!: string | null;

  /** When that download was last heard of. */
  @Column({ type: "timestamptz", precision: 3, nullable: true })
  heardOfAt!: string | null;
}

type Standing = Pick<UserExport, "storedStatus" | "expiresAt" | "heardOfAt">;

const isSilent = (heardOfAt: string | null, now: Date): boolean =>
  now.getTime() - new Date(heardOfAt ?? 0).getTime() > SILENCE_MILLISECONDS;

/** EXPIRED and a FAILED that nobody could write down follow from the clock. Said here in both languages. */
function statusOf({ storedStatus, expiresAt, heardOfAt }: Standing, now: Date): UserExportStatus {
  if (storedStatus === UserExportStatus.READY && new Date(expiresAt) <= now) return UserExportStatus.EXPIRED;
  if (storedStatus === UserExportStatus.RUNNING && isSilent(heardOfAt, now)) return UserExportStatus.FAILED;
  return storedStatus;
}

const statusSql = (alias: string, now: Date): Sql => {
  const row = raw(alias);
  const silence = raw(`interval '${SILENCE_MILLISECONDS} milliseconds'`);
  return sql`CASE WHEN ${row}.status = 'READY' AND ${row}.expires_at <= ${now} THEN 'EXPIRED'
    WHEN ${row}.status = 'RUNNING' AND coalesce(${row}.heard_of_at + ${silence} < ${now}, true) THEN 'FAILED' ELSE ${row}.status END`;
};

/** Whether a download may begin, or an earlier one go on. */
export const isLive = ({ storedStatus, expiresAt }: Standing, now: Date): boolean =>
  storedStatus !== UserExportStatus.REVOKED && new Date(expiresAt) > now;

/** The same of the row under that alias. */
export const isLiveSql = (alias: string, now: Date): Sql =>
  sql`(${raw(alias)}.status <> 'REVOKED' AND ${raw(alias)}.expires_at > ${now})`;

const holders = administrators("users.export");

/** Who exports: never an impersonated session; and who sees users, for a file shows those whom its reader may see. */
export const exporters: Allow = {
  sentence: "Requires `users.export` and `users.read`, and to be an administrator or a service.",
  test: (viewer) => viewer.actorId === null && holders.test(viewer) && may(viewer, "users.read"),
};

/** Administrators who export see all exports, so that any of them can take a link back; a service sees its own. */
export const exportVisible: RowRule = (viewer, alias) => {
  if (!exporters.test(viewer)) return sql`false`;
  return viewer.kind === "USER" ? null : sql`${raw(alias)}.service_id = ${viewer.id}`;
};

export const exportByGuid = oneBy(UserExport, "guid", exportVisible);

/** The columns that say who asks. */
export const requesterOf = (viewer: Viewer): Requester =>
  viewer.kind === "USER"
    ? { userId: viewer.id, serviceId: null, scopes: null }
    : { userId: null, serviceId: viewer.id, scopes: [...viewer.permissions] };

/** Whether that is who asked; of a service, with no fewer scopes, for the file is made with those of then. */
export const isRequester = (viewer: Viewer, { userId, serviceId, scopes }: Requester): boolean =>
  viewer.kind === "USER"
    ? viewer.id === userId
    : viewer.id === serviceId && (scopes ?? []).every((scope) => viewer.permissions.has(scope));
