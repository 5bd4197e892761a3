import { v7 as uuidv7 } from "uuid";
import { columnOf, type Context, join, sql, type Sql, tableOf } from "../kit/index.js";
import { type AuditActorKind, AuditEvent } from "./audit-event.js";

/** The statement that adds the one event of a write to its transaction. */
export function writeEvent({ viewer, requestId, db }: Context, operation: string): Sql {
  const target = db.subject ?? db.changes[0];
  const { id, name, actorId, actorName } = db.behalf ?? viewer;
  const event: Partial<AuditEvent> = {
    guid: uuidv7(),
    operation,
    actorKind: (db.behalf ? "USER" : viewer.kind) as AuditActorKind,
    actorId: actorId ?? id,
    actorName: actorId === null ? name : actorName,
    subjectId: actorId === null ? null : id,
    subjectName: actorId === null ? null : name,
    targetType: target?.type ?? null,
    targetId: target?.id ?? null,
    changes: JSON.stringify(db.changes),
    requestId,
  };
  const columns = Object.keys(event).map((property) => columnOf(AuditEvent, property));
  return sql`INSERT INTO ${tableOf(AuditEvent).name} (tenant_id, ${join(columns)})
    VALUES (${db.tenantId}, ${join(Object.values(event))})`;
}
