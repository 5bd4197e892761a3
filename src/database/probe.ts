import pg from "pg";
import { migrations } from "../../migrations/index.js";

/** Below the second that probes wait by default. */
const LIMIT_MILLISECONDS = 800;
const MISSING_TABLE = "42P01";
const NOT_GRANTED = "42501";

/** What keeps the database from serving; null: nothing. */
export type DatabaseTrouble = "database" | "read-only" | "migrations" | null;

/**
 * Looks whether the database serves, over a connection of its own: a pool that is busy is not a database that is away.
 * Those who ask at the same time share one look, so that a database that does not answer is not asked more and more.
 */
export class DatabaseProbe {
  private readonly pool: pg.Pool;
  /** A table may be locked: what else is asked does not keep the probe waiting. */
  private readonly aside: pg.Pool;
  private looking: Promise<DatabaseTrouble> | null = null;

  constructor(url: string) {
    this.pool = single(url);
    this.aside = single(url);
  }

  /** Answers in time, whatever the database does. */
  async trouble(): Promise<DatabaseTrouble> {
    this.looking ??= this.look().finally(() => {
      this.looking = null;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<DatabaseTrouble>((resolve) => {
      timer = setTimeout(() => resolve("database"), LIMIT_MILLISECONDS);
    });
    return Promise.race([this.looking, late]).finally(() => clearTimeout(timer));
  }

  private async look(): Promise<DatabaseTrouble> {
    const first = await this.ask();
    // The connection may have died since it was used last, e.g. with a database that was restarted and is back.
    return first === "database" ? this.ask() : first;
  }

  /** Migrations of a later version are no trouble: they run before its servers start, and leave room for this one. */
  private async ask(): Promise<DatabaseTrouble> {
    try {
      const { rows } = await this.pool.query<{ readOnly: boolean; done: number }>(
        `SELECT current_setting('transaction_read_only')::boolean AS "readOnly",
          (SELECT count(*)::integer FROM migrations WHERE name = ANY ($1)) AS done`,
        [migrations.map(({ name }) => name)],
      );
      const { readOnly, done } = rows[0]!;
      return readOnly ? "read-only" : done < migrations.length ? "migrations" : null;
    } catch (error) {
      const { code = "" } = error as { code?: string };
      return [MISSING_TABLE, NOT_GRANTED].includes(code) ? "migrations" : "database";
    }
  }

  /** What else is asked of the database itself; in time, or not at all, also there: who has given up leaves nothing waiting. */
  async read<Row extends object>(text: string): Promise<Row[]> {
    const limited = `SET LOCAL statement_timeout = ${LIMIT_MILLISECONDS}; ${text}`;
    // Two statements have two results, which pg's types do not know.
    const [, { rows }] = (await this.aside.query(limited)) as unknown as [unknown, pg.QueryResult<Row>];
    return rows;
  }

  async end(): Promise<void> {
    await Promise.all([this.pool.end(), this.aside.end()]);
  }
}

/** One connection, in time. */
function single(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    application_name: "users-subgraph probe",
    connectionTimeoutMillis: LIMIT_MILLISECONDS,
    query_timeout: LIMIT_MILLISECONDS,
  });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}
