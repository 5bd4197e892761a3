import { createHash } from "node:crypto";
import sql from "sql-template-tag";
import { Field, InputType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { Hidden, type TypeThunk } from "./attribute.js";
import type { Context } from "./context.js";
import { refuse, UsersErrorCode } from "./errors.js";
import { canonical } from "./keyset.js";
import { ruled, type RowRule } from "./loader.js";
import { MutationInput } from "./mutation-input.js";
import { isEntity, tableOf, type Entity as EntityClass } from "./table.js";

/** The fields of a payload beside its errors, by name. */
export type PayloadObjects = Readonly<Record<string, TypeThunk>>;

const MAX_KEY = 255;

/** The input of a write that a client may send again without knowing whether it arrived. */
@InputType()
export abstract class IdempotentInput extends MutationInput {
  @Field(() => String, {
    nullable: true,
    description: `The caller's own name for this request, 1 to ${MAX_KEY} characters. Sent again with the same input, the mutation answers with the objects of the first time and does nothing, null for one that has changed since and that the caller may not see any more; with another input it refuses with IDEMPOTENCY_CONFLICT. A refused mutation leaves its key free.`,
  })
  idempotencyKey?: string | null;
}

/** What a caller has named and done, written in the transaction that did it. */
@Entity("idempotency_keys")
export class IdempotencyKey {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @PrimaryColumn("text")
  actor!: string;

  @PrimaryColumn("text")
  operation!: string;

  @PrimaryColumn("text")
  key!: string;

  @Hidden("text")
  inputHash!: string;

  @Column("jsonb", { nullable: true })
  result!: Record<string, unknown> | null;

  @Column({ type: "timestamptz", precision: 3, default: () => "now()" })
  createdAt!: string;
}

/** Does the work of a write, unless its caller has had it done under this key before: then finds what it answered. */
export async function once(
  ctx: Context,
  operation: string,
  input: object,
  payload: PayloadObjects,
  work: () => Promise<object>,
): Promise<object> {
  const { idempotencyKey: key, clientMutationId: _, ...rest } = input as IdempotentInput;
  if (key == null) return work();
  if (key === "" || Array.from(key).length > MAX_KEY) {
    refuse(UsersErrorCode.INVALID, `A key has 1 to ${MAX_KEY} characters.`, "idempotencyKey");
  }
  const { db, viewer } = ctx;
  const actor = [viewer.kind, viewer.id, viewer.actorId].filter(Boolean).join(" ");
  const inputHash = createHash("sha256").update(JSON.stringify(rest, canonical)).digest("base64url");
  // Waits for whoever holds the same key now; nobody else can have it once this one has it.
  const held = await db.query(
    sql`INSERT INTO idempotency_keys (tenant_id, actor, operation, key, input_hash)
      VALUES (${db.tenantId}, ${actor}, ${operation}, ${key}, ${inputHash}) ON CONFLICT DO NOTHING RETURNING key`,
    { prepare: true },
  );
  const named = sql`tenant_id = ${db.tenantId} AND actor = ${actor} AND operation = ${operation} AND key = ${key}`;
  if (held.length > 0) {
    const result = await work();
    await db.query(
      sql`UPDATE idempotency_keys SET result = ${JSON.stringify(references(result, payload))} WHERE ${named}`,
    );
    return result;
  }
  const [done] = await db.query<IdempotencyKey>(
    sql`SELECT input_hash AS "inputHash", result FROM idempotency_keys WHERE ${named}`,
  );
  if (done!.inputHash !== inputHash) {
    refuse(UsersErrorCode.IDEMPOTENCY_CONFLICT, "This key was used with another input.", "idempotencyKey");
  }
  return revived(ctx, done!.result ?? {}, payload);
}

type Row = Record<string, string>;

/** The table of a payload's object: its class, or the one that it extends. */
function entityOf(payload: PayloadObjects, name: string): EntityClass<Row> | null {
  let type: unknown = payload[name]?.();
  while (typeof type === "function" && type !== Function.prototype) {
    if (isEntity(type as EntityClass)) return type as EntityClass<Row>;
    type = Object.getPrototypeOf(type);
  }
  return null;
}

const keyOfRow = (entity: EntityClass<Row>): string => tableOf(entity).primary[0]!;

const rules = new Map<EntityClass, RowRule>();

/** Who sees a row of the table once more that has changed since a mutation showed it. Of others: whoever made it. */
export function shownAgain(entity: EntityClass, rule: RowRule): void {
  rules.set(entity, rule);
}

/** Beside the keys: the versions that were shown. */
const VERSIONS = "$versions";

/** Objects as their keys: whoever asks again sees them as they are by then. */
function references(result: object, payload: PayloadObjects): object {
  const rows = Object.entries(result).filter(([name, value]) => value !== null && entityOf(payload, name));
  const keys = rows.map(([name, row]) => [name, (row as Row)[keyOfRow(entityOf(payload, name)!)]]);
  const versions = rows.map(([name, row]) => [name, (row as Row).version]);
  return { ...result, ...Object.fromEntries(keys), [VERSIONS]: Object.fromEntries(versions) };
}

async function revived(
  ctx: Context,
  { [VERSIONS]: versions, ...stored }: Record<string, unknown>,
  payload: PayloadObjects,
): Promise<object> {
  const { db } = ctx;
  const objects = Object.entries(stored).map(async ([name, value]) => {
    const entity = entityOf(payload, name);
    if (!entity || value === null) return [name, value] as const;
    const key = { [keyOfRow(entity)]: value as string };
    const row = await db.find(entity, key);
    const known = row !== null && row.version !== undefined && row.version === Object(versions)[name];
    return [name, known ? row : await db.find(entity, key, ruled(rules.get(entity), ctx, "n"))] as const;
  });
  const found = Object.fromEntries(await Promise.all(objects));
  const [first] = Object.entries(found).filter(([name, value]) => entityOf(payload, name) && value);
  if (first) {
    const entity = entityOf(payload, first[0])!;
    db.subject = { type: tableOf(entity).type, id: (first[1] as Row)[keyOfRow(entity)]! };
  }
  return found;
}
