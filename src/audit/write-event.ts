import { v7 as uuidv7 } from "uuid";
import { columnOf, join, sql, tableOf, type Change, type Context } from "../kit/index.js";
import { type AuditActorKind, AuditEvent } from "./audit-event.js";

/** Adds the one event of a write to its transaction. */
export async function writeEvent(ctx: Context, operation: string, changes: readonly Change[]): Promise<void> {
  const { viewer, requestId } = ctx;
  const target = changes[0];
  const event: Partial<AuditEvent> = {
    guid: uuidv7(),
    operation,
    actorKind: viewer.kind as AuditActorKind,
    actorId: viewer.actorId ?? viewer.id,
    subjectId: viewer.actorId === null ? null : viewer.id,
    targetType: target?.type ?? null,
    targetId: target?.id ?? null,
    changes: JSON.stringify(changes),
    requestId,
  };
  // Not `db.insert`: that would note itself as a change.
  const columns = Object.keys(event).map((property) => columnOf(AuditEvent, property));
  await ctx.db.query(
    sql`INSERT INTO ${tableOf(AuditEvent).name} (tenant_id, ${join(columns)})
      VALUES (${ctx.db.tenantId}, ${join(Object.values(event))})`,
    { prepare: true },
  );
}
