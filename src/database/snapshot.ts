import pg from "pg";
import type { Statement } from "../kit/index.js";
import { socketOf } from "./pool.js";
import { MARKER } from "./transaction-pool.js";

/** A FETCH, whose first one may have to sort everything. */
const STATEMENT_TIMEOUT = 30_000;

export interface SnapshotOptions {
  url: string;
  /** How many are read at the same time. */
  connections: number;
  /** How long a reader may leave a transaction waiting, in milliseconds: PostgreSQL then ends it, should nobody else. */
  idleMilliseconds: number;
}

type Query = Pick<Statement, "text" | "values">;

/**
 * Reads more rows than fit into memory, as of one instant. On connections of its own, so that a long reading takes none
 * from requests; they are opened when needed. All that is set is set within the transaction, marker and limits, so that
 * a connection brings nothing along and leaves nothing behind.
 */
export class Snapshots {
  private readonly pool: pg.Pool;

  constructor(private readonly options: SnapshotOptions) {
    this.pool = new pg.Pool({
      connectionString: options.url,
      max: options.connections,
      application_name: "users-subgraph exports",
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      // Ends waiting for a server that no longer answers at all.
      query_timeout: STATEMENT_TIMEOUT + 1_000,
    });
    this.pool.on("error", () => {});
    this.pool.on("connect", (client) => client.on("error", () => {}));
  }

  /**
   * What the queries find in that tenant, one query after another, so many rows at a time; each when it is asked for.
   * The signal breaks off at once, also what the database is still at.
   */
  async *read<Row extends object>(
    tenantId: string,
    queries: readonly Query[],
    rows: number,
    signal: AbortSignal,
  ): AsyncGenerator<Row[], void, void> {
    const client = await this.pool.connect();
    const breakOff = (): unknown => socketOf(client).destroy();
    signal.addEventListener("abort", breakOff, { once: true });
    let sound = false;
    try {
      signal.throwIfAborted();
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      await client.query(`${MARKER}, set_config('idle_in_transaction_session_timeout', $3, true)`, [
        tenantId,
        `${STATEMENT_TIMEOUT}`,
        `${this.options.idleMilliseconds}`,
      ]);
      for (const { text, values } of queries) {
        await client.query(`DECLARE rows NO SCROLL CURSOR FOR ${text}`, values);
        for (;;) {
          const batch = (await client.query<Row>(`FETCH ${rows} FROM rows`)).rows;
          if (batch.length > 0) yield batch;
          if (batch.length < rows) break;
        }
        await client.query("CLOSE rows");
      }
      await client.query("COMMIT");
      sound = true;
    } finally {
      signal.removeEventListener("abort", breakOff);
      // Left in the middle: closing the connection ends all of it.
      client.release(!sound);
    }
  }

  end(): Promise<void> {
    return this.pool.end();
  }
}
