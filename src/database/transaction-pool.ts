import pg from "pg";
import type { Statement } from "../kit/index.js";
import { TenantPool, type TenantPoolConfig } from "./pool.js";

/** What a session would have been told once: tenant, statement timeout and the rest. `true`: until the end of the transaction. */
export const MARKER = `SELECT set_config('app.tenant', $1, true), set_config('statement_timeout', $2, true),
  set_config('timezone', 'UTC', true), set_config('max_parallel_workers_per_gather', '0', true)`;

interface Connection {
  stream: { cork(): void; uncork(): void };
  parse(message: object): void;
  bind(message: object): void;
  execute(message: object): void;
}

/** pg's own query, with the methods that pg calls and its types leave out. */
const Query = pg.Query as unknown as new (
  config: { text: string; values: unknown[]; queryMode: "extended" },
  callback: (error: Error | null, result: pg.QueryResult) => void,
) => {
  submit(connection: Connection): Error | null;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Connection): void;
};

/**
 * A statement that travels behind its marker. One Sync follows both, which makes them one transaction without BEGIN and
 * COMMIT; inside a transaction they are a part of it. If the marker fails, PostgreSQL skips the statement.
 */
class MarkedQuery extends Query {
  private marking = true;

  constructor(
    private readonly marker: string[],
    { text, values }: Statement,
    callback: ConstructorParameters<typeof Query>[1],
  ) {
    super({ text, values, queryMode: "extended" }, callback);
  }

  override submit(connection: Connection): Error | null {
    connection.stream.cork();
    try {
      connection.parse({ text: MARKER });
      connection.bind({ values: this.marker });
      connection.execute({});
      return super.submit(connection);
    } finally {
      connection.stream.uncork();
    }
  }

  override handleDataRow(message: unknown): void {
    if (!this.marking) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: Connection): void {
    if (!this.marking) super.handleCommandComplete(message, connection);
    this.marking = false;
  }
}

/**
 * The pool for behind a pooler like PgBouncer in transaction mode, where the next transaction may run on another
 * connection: nothing is said to a session. Every statement brings its tenant along, and none is prepared by name.
 */
export class TransactionPool extends TenantPool {
  private readonly statementTimeout: string;

  constructor({ statement_timeout, idle_in_transaction_session_timeout: idle, ...config }: TenantPoolConfig = {}) {
    super(config);
    this.statementTimeout = String(statement_timeout || 0);
    if (idle) this.begin = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${idle}`;
  }

  protected override marked(): Promise<pg.PoolClient> {
    return super.marked("");
  }

  protected override submit(
    client: pg.PoolClient,
    tenantId: string,
    statement: Statement,
    milliseconds?: number,
  ): Promise<pg.QueryResult> {
    return new Promise((resolve, reject) => {
      const query = new MarkedQuery([tenantId, this.statementTimeout], statement, (error, result) =>
        error ? reject(error) : resolve(result),
      );
      client.query(Object.assign(query, { query_timeout: milliseconds }) as unknown as pg.Submittable);
    });
  }
}
