import { v7 as uuidv7 } from "uuid";
import { columnOf, type Context, join, sql, type Sql, tableOf } from "../kit/index.js";
import { type AuditActorKind, AuditEvent } from "./audit-event.js";

/** The statement that adds the one event of a write to its transaction. */
export function writeEvent({ viewer, requestId, db }: Context, operation: string): Sql {
  const target = db.changes[0] ?? db.subject;
  const event: Partial<AuditEvent> = {
    guid: uuidv7(),
    operation,
    actorKind: viewer.kind as AuditActorKind,
    actorId: viewer.actorId ?? viewer.id,
    subjectId: viewer.actorId === null ? null : viewer.id,
    targetType: target?.type ?? null,
    targetId: target?.id ?? null,
    changes: JSON.stringify(db.changes),
    requestId,
  };
  const columns = Object.keys(event).map((property) => columnOf(AuditEvent, property));
  return sql`INSERT INTO ${tableOf(AuditEvent).name} (tenant_id, ${join(columns)})
    VALUES (${db.tenantId}, ${join(Object.values(event))})`;
}
