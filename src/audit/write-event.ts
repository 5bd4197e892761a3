import { v7 as uuidv7 } from "uuid";
import { columnOf, type Context, join, sql, type Sql, tableOf, type TenantDb } from "../kit/index.js";
import { AuditActorKind, AuditEvent } from "./audit-event.js";

/** The statement that adds the one event of a write to its transaction. */
export function writeEvent({ viewer, requestId, db }: Context, operation: string): Sql {
  const { id, name, actorId, actorName } = db.behalf ?? viewer;
  return eventOf(db, {
    operation,
    actorKind: (db.behalf ? "USER" : viewer.kind) as AuditActorKind,
    actorId: actorId ?? id,
    actorName: actorId === null ? name : actorName,
    subjectId: actorId === null ? null : id,
    subjectName: actorId === null ? null : name,
    requestId,
  });
}

/** The same for what the platform itself does, by a command of that name. */
export const systemEvent = (db: TenantDb, operation: string, command: string): Sql =>
  eventOf(db, { operation, actorKind: AuditActorKind.SYSTEM, requestId: command });

function eventOf(db: TenantDb, by: Partial<AuditEvent>): Sql {
  const target = db.subject ?? db.changes[0];
  const event: Partial<AuditEvent> = {
    guid: uuidv7(),
    ...by,
    targetType: target?.type ?? null,
    targetId: target?.id ?? null,
    changes: JSON.stringify(db.changes),
  };
  const columns = Object.keys(event).map((property) => columnOf(AuditEvent, property));
  return sql`INSERT INTO ${tableOf(AuditEvent).name} (tenant_id, ${join(columns)})
    VALUES (${db.tenantId}, ${join(Object.values(event))})`;
}
