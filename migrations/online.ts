import { setTimeout as sleep } from "node:timers/promises";
import type { QueryRunner } from "typeorm";

/*
 * How to change tables that servers use meanwhile. A migration of these steps has `transaction = false`, for each step is
 * committed by itself; a run that broke off is finished by the next, so every step may be taken twice.
 */

/** What PostgreSQL says to whom it did not let wait any longer for a lock. */
const BUSY = ["55P03", "40P01"];
const TRIES = 20;
const PAUSE = 1_000;

/** The column, the table, the constraint or policy is there. */
const TAKEN = ["42701", "42P07", "42710"];

/**
 * Changes tables in one transaction; if what it makes is there, a run that broke off has made it. At most one table may be
 * locked against readers: whoever holds one of two and waits for the other would be waited for. Everybody queues behind
 * such a lock, so waiting for it ends soon, and is tried again. The lock before it is minded by an autovacuum alone, which
 * ends for it.
 */
export async function briefly(runner: QueryRunner, { tables, sql }: { tables: string; sql: string }): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await runner.query(`
        LOCK TABLE ${tables} IN SHARE UPDATE EXCLUSIVE MODE;
        SET LOCAL lock_timeout = '300ms';
        ${sql}
      `);
      return;
    } catch (error) {
      const { code = "" } = error as { code?: string };
      if (TAKEN.includes(code)) return;
      if (!BUSY.includes(code)) throw error;
      if (attempt === TRIES) {
        const advice = `Others keep ${tables} locked: end their transactions, and migrate again.`;
        throw new Error(advice, { cause: error });
      }
      await sleep(PAUSE);
    }
  }
}

/** So few rows that a server which wants one of them hardly waits. */
const BATCH = 5_000;
/** Before every key. */
const NIL = "00000000-0000-0000-0000-000000000000";

/** Goes through a table, `t`, in the order of its key and sets the columns wherever they hold something else. */
export async function fill(runner: QueryRunner, table: string, values: Record<string, string>): Promise<void> {
  const columns = Object.keys(values).join(", ");
  const wanted = Object.values(values).join(", ");
  let last: object | undefined = { tenant_id: NIL, id: NIL };
  while (last) {
    const rows: object[] = await runner.query(
      `WITH batch AS (
         SELECT tenant_id, id FROM ${table} WHERE (tenant_id, id) > ($1, $2) ORDER BY tenant_id, id LIMIT ${BATCH}
       ), filled AS (
         UPDATE ${table} t SET (${columns}) = ROW(${wanted}) FROM batch
         WHERE t.tenant_id = batch.tenant_id AND t.id = batch.id AND ROW(${columns}) IS DISTINCT FROM ROW(${wanted})
       )
       SELECT tenant_id, id FROM batch ORDER BY tenant_id DESC, id DESC LIMIT 1`,
      Object.values(last),
    );
    last = rows[0];
  }
}

/** Builds an index while others write. One that a broken run left behind is built anew. */
export async function index(runner: QueryRunner, kind: "INDEX" | "UNIQUE INDEX", name: string, on: string) {
  const invalid = "SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid";
  const broken: object[] = await runner.query(invalid, [name]);
  if (broken.length > 0) await runner.query(`DROP INDEX CONCURRENTLY ${name}`);
  await runner.query(`CREATE ${kind} CONCURRENTLY IF NOT EXISTS ${name} ON ${on}`);
}
