import { ObjectType, registerEnumType } from "type-graphql";
import { Check, Entity, Index, PrimaryColumn } from "typeorm";
import { Attribute, DateTime, GlobalId, JSONValue, Node, UUID } from "../kit/index.js";

export enum AuditActorKind {
  USER = "USER",
  SERVICE = "SERVICE",
  ANONYMOUS = "ANONYMOUS",
  SYSTEM = "SYSTEM",
}
registerEnumType(AuditActorKind, {
  name: "AuditActorKind",
  description: "What kind of caller made a change.",
  valuesConfig: {
    USER: { description: "A signed-in user." },
    SERVICE: { description: "A service with a token of its own." },
    ANONYMOUS: { description: "The holder of an invitation." },
    SYSTEM: { description: "The platform itself, e.g. when it sets up a tenant." },
  },
});

/** One write, as it is remembered: added in the write's own transaction, never changed, never deleted. */
@ObjectType({
  implements: Node,
  description:
    "One write: who made it, as whom, and what it changed. Written in the write's own transaction and never altered.",
})
@Entity("audit_events")
@Check("audit_events_actor_kind", `"actor_kind" IN ('USER', 'SERVICE', 'ANONYMOUS', 'SYSTEM')`)
@Index("audit_events_by_occurred_at", ["tenantId", "occurredAt", "guid"])
@Index("audit_events_by_target", ["tenantId", "targetId", "occurredAt", "guid"])
@Index("audit_events_by_actor", ["tenantId", "actorId", "occurredAt", "guid"])
@Index("audit_events_by_subject", ["tenantId", "subjectId", "occurredAt", "guid"])
export class AuditEvent implements Node {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @GlobalId("guid")
  id!: string;

  @Attribute(() => UUID, {
    primary: true,
    name: "id",
    description: "The event's own id (version 7: in the order of time).",
  })
  guid!: string;

  @Attribute(() => DateTime, { description: "When the write was made.", default: () => "now()" })
  occurredAt!: string;

  @Attribute(() => String, {
    description:
      "The mutation's name, e.g. `updateUser`; for a file `startUserExportDownload` before its first byte leaves and `downloadUserExport` at its end, with what became of it.",
  })
  operation!: string;

  @Attribute(() => AuditActorKind, { description: "What kind of caller acted." })
  actorKind!: AuditActorKind;

  @Attribute(() => String, {
    nullable: true,
    description:
      "Who acted: a user's guid or a service's client id. In an impersonated session the internal user behind it.",
  })
  actorId!: string | null;

  @Attribute(() => String, {
    nullable: true,
    description: "The acting user's printed name as it was then. Null for others than users.",
  })
  actorName!: string | null;

  @Attribute(() => UUID, {
    nullable: true,
    description: "As whom: the impersonated user. Null when the actor acted as themselves.",
  })
  subjectId!: string | null;

  @Attribute(() => String, { nullable: true, description: "The impersonated user's printed name as it was then." })
  subjectName!: string | null;

  @Attribute(() => String, { nullable: true, description: "The type of the object that the write was about." })
  targetType!: string | null;

  @Attribute(() => UUID, { nullable: true, description: "The platform id of the object that the write was about." })
  targetId!: string | null;

  @Attribute(() => JSONValue, {
    description:
      "What changed: a list of `{ type, id, action, fields: { name: [before, after] } }`. Secrets are never in it.",
  })
  changes!: unknown;

  @Attribute(() => String, { description: "The request's id, as in the logs and in the `x-request-id` header." })
  requestId!: string;
}
