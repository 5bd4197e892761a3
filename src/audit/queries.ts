import { ArgsType, Field, InputType, Resolver } from "type-graphql";
import { may, signedIn } from "../access/index.js";
import {
  byInstant,
  connectionOf,
  DateScalar,
  dayRange,
  empty,
  join,
  LISTS,
  oneBy,
  PageArgs,
  Read,
  refuseLongLists,
  sql,
  raw,
  type Page,
  type RowRule,
  type Selection,
  type Sql,
  UUID,
} from "../kit/index.js";
import { AuditEvent } from "./audit-event.js";

/** Holders of `audit.read` see all, everybody what others did as them. */
const eventVisible: RowRule = (viewer, alias) =>
  may(viewer, "audit.read") ? null : sql`${raw(alias)}.subject_id = ${viewer.kind === "USER" ? viewer.id : null}`;

export const auditEventByGuid = oneBy(AuditEvent, "guid", eventVisible);

const AuditEventConnection = connectionOf("AuditEvent", () => AuditEvent, "Audit events, newest first.");

@InputType({ description: `Conditions that all have to hold. Null: no condition; ${LISTS}.` })
class AuditEventFilter {
  @Field(() => [String], {
    nullable: true,
    description: "One of these mutations, by name. An empty list matches nothing.",
  })
  operations?: string[] | null;

  @Field(() => UUID, { nullable: true, description: "The write was about the object with this platform id." })
  targetId?: string | null;

  @Field(() => String, { nullable: true, description: "This user (guid) or service (client id) acted." })
  actorId?: string | null;

  @Field(() => UUID, { nullable: true, description: "Somebody acted as this user." })
  subjectId?: string | null;

  @Field(() => DateScalar, { nullable: true, description: "On this day of UTC or later." })
  from?: string | null;

  @Field(() => DateScalar, { nullable: true, description: "On this day of UTC or earlier." })
  to?: string | null;
}

@ArgsType()
class AuditEventsArgs extends PageArgs {
  @Field(() => AuditEventFilter, { nullable: true, description: "Only events that meet all of this." })
  filter?: AuditEventFilter | null;
}

function eventSelection({ filter }: AuditEventsArgs): Selection {
  refuseLongLists(filter);
  const { operations, targetId, actorId, subjectId, from, to } = filter ?? {};
  const days = dayRange("n.occurred_at", from, to, ["filter", "from"]);
  const where = (): Sql => sql`true
    ${operations ? sql`AND n.operation = ANY(${operations}::text[])` : empty}
    ${targetId ? sql`AND n.target_id = ${targetId}` : empty}
    ${actorId != null ? sql`AND n.actor_id = ${actorId}` : empty}
    ${subjectId ? sql`AND n.subject_id = ${subjectId}` : empty}
    ${days.length > 0 ? sql`AND ${join(days, " AND ")}` : empty}`;
  return { sort: byInstant("n.occurred_at"), direction: "DESC", where, prepare: !filter, identity: filter };
}

@Resolver()
export class AuditQueries {
  @Read({
    type: () => AuditEventConnection,
    args: () => AuditEventsArgs,
    allow: signedIn,
    description: "What was changed, newest first. Without `audit.read` a user sees what others did as them.",
    list: { name: "auditEvents", node: AuditEvent, rule: eventVisible },
    select: eventSelection,
  })
  auditEvents!: Page<AuditEvent>;
}
