import { setTimeout as sleep } from "node:timers/promises";
import sql, { type Sql } from "sql-template-tag";
import { Field, ObjectType, type ClassType } from "type-graphql";
import type { Context } from "./context.js";
import { Refusal, usersError, UsersError, type UsersErrorCode } from "./errors.js";
import { once, type PayloadObjects } from "./idempotency.js";
import { Loaders } from "./loader.js";
import type { MutationInput } from "./mutation-input.js";

const payloads = new WeakMap<ClassType, PayloadObjects>();

/** `payloadOf("UpdateUser", { user: () => User })`: the changed objects, null when refused, and the errors. */
export function payloadOf(
  operation: string,
  objects: PayloadObjects,
  descriptions: Readonly<Record<string, string>> = {},
): ClassType {
  class Payload {}
  payloads.set(Payload, objects);
  for (const [name, type] of Object.entries(objects)) {
    const description = descriptions[name] ?? "As it is after the change; null when the mutation refused.";
    Field(type, { nullable: true, description })(Payload.prototype, name);
  }
  Field(() => [UsersError], { description: "Why the mutation refused, and so changed nothing. Empty: it succeeded." })(
    Payload.prototype,
    "errors",
  );
  Field(() => String, { nullable: true, description: "The input's own." })(Payload.prototype, "clientMutationId");
  ObjectType(`${operation}Payload`, {
    description: `What \`${operation[0]!.toLowerCase()}${operation.slice(1)}\` answers.`,
  })(Payload);
  return Payload;
}

export type Write = (input: object, ctx: Context) => Promise<object>;

/** A mutation as `@Write` declares it. */
export interface WriteDeclaration {
  operation: string;
  payload: () => ClassType;
  /** For callers without an account of their own: the context of whom their token makes them. */
  enter?: (input: never, ctx: Context) => Context;
  /** It may have to look at every row of the tenant: not many such run at a time. */
  scans?: boolean;
  method: Write;
}

/** Thrown by a write that was only to be tried: it answers with this, and nothing is kept. */
export class DryRun extends Error {
  constructor(readonly result: object) {
    super("Nothing is kept of a dry run.");
  }
}

/** Makes the statement that leaves the audit event of one write in its transaction. Given by the audit room, which kit does not know. */
export type AuditWriter = (ctx: Context, operation: string) => Sql;
let auditWriter: AuditWriter = () => {
  throw new Error("No audit writer is in place.");
};
export function auditWrites(writer: AuditWriter): void {
  auditWriter = writer;
}

/** What a constraint's violation means to a caller: declared by the rooms, by constraint name. */
const constraintErrors = new Map<string, UsersError>();
export function constraintMeans(constraint: string, code: UsersErrorCode, message: string, field?: string): void {
  constraintErrors.set(constraint, usersError(code, message, field));
}

const RETRIES = 3;
const unasked: Promise<object[]> = Promise.resolve([{}]);

/** The viewer is not any more who they were remembered to be; nothing was kept. */
export class Outdated extends Error {}

/**
 * One write: a transaction, its audit event, refusals as payload errors, and another try after a deadlock. Of a viewer
 * who is only remembered the transaction makes sure before it tells or keeps anything. @throws Outdated
 */
export async function performWrite(caller: Context, input: object, write: WriteDeclaration): Promise<object> {
  const { operation, payload, enter, scans, method } = write;
  const { clientMutationId = null } = input as MutationInput;
  for (let attempt = 1; ; attempt++) {
    let still: Promise<object[]> | null = null;
    try {
      const ctx = enter ? enter(input as never, caller) : caller;
      const result = await ctx.db.transaction(
        async (db) => {
          // Travels with the first statement of the work, and is answered before it.
          if (!caller.sure) still = db.query(sql`SELECT FROM (${caller.still}) v`, { prepare: true });
          still?.catch(() => {});
          const inside: Context = { ...ctx, db, loaders: new Loaders(caller.viewer.tenantId) };
          const made = await once(inside, operation, input, payloads.get(payload()) ?? {}, () => method(input, inside));
          if ((await still)?.length === 0) throw new Outdated();
          return made;
        },
        (db) => auditWriter({ ...ctx, db }, operation),
        scans ? operation : undefined,
      );
      caller.sure = true;
      ctx.loaders.clear();
      return { ...result, errors: [], clientMutationId };
    } catch (thrown) {
      // Whoever cannot be made sure of is told that, and nothing else.
      const [error, gone] = await (still ?? unasked).then(
        (rows): [unknown, boolean] => [thrown, rows.length === 0],
        (failure: unknown): [unknown, boolean] => [failure, false],
      );
      if (gone) throw new Outdated();
      caller.sure ||= still !== null && error === thrown;
      if (error instanceof DryRun) return { ...error.result, errors: [], clientMutationId };
      const errors = refusalOf(error);
      if (errors) return { errors, clientMutationId };
      if (!isRetryable(error) || attempt > RETRIES) throw error;
      // Apart from each other, so that the two sides of a deadlock do not meet again.
      await sleep(Math.random() * 20 * attempt);
    }
  }
}

function refusalOf(error: unknown): UsersError[] | null {
  if (error instanceof Refusal) return error.errors;
  const { code, constraint } = error as { code?: string; constraint?: string };
  const meaning = code?.startsWith("23") && constraint !== undefined ? constraintErrors.get(constraint) : undefined;
  return meaning ? [meaning] : null;
}

const isRetryable = (error: unknown): boolean => ["40001", "40P01"].includes((error as { code?: string }).code ?? "");
