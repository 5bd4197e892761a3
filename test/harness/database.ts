import pg from "pg";
import { databaseUrls, type DatabaseUrls } from "../../src/database/index.js";
import { TEMPLATE } from "./global-setup.js";

const clusterUrl = (database: string): string => {
  const url = new URL(process.env.TEST_CLUSTER!);
  url.pathname = database;
  return url.href;
};

export interface TestDatabase extends DatabaseUrls {
  superUrl: string;
  /** As the superuser, past every rule. */
  sql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Runs a statement in a transaction that stays open until it is released. */
  hold(text: string): Promise<{ release: () => Promise<void> }>;
  /** Whether somebody waits for a lock here. `pg_locks` would also tell of the databases of other test files. */
  isBlocked: () => Promise<boolean>;
  /** How many wait. */
  blocked: () => Promise<number>;
  /** The names of the tables that hold rows of tenants. */
  tenantTables(): Promise<string[]>;
  drop(): Promise<void>;
}

let made = 0;

/** A database of one's own: a clone of the migrated template, or an empty one. */
export async function testDatabase({ empty = false, locale = "" } = {}): Promise<TestDatabase> {
  const name = `test_${process.pid}_${process.env.JEST_WORKER_ID}_${++made}_${Date.now()}`;
  await onCluster(`CREATE DATABASE ${name} ${empty ? "" : `TEMPLATE ${TEMPLATE} `}OWNER users_owner ${locale}`);
  const superuser = new pg.Pool({ connectionString: clusterUrl(name), max: 2 });
  superuser.on("error", () => {});
  const sql: TestDatabase["sql"] = async (text, values) => (await superuser.query(text, values)).rows as never;
  const blocked = async (): Promise<number> => {
    const waiters = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    return (await sql(waiters)).length;
  };
  return {
    ...databaseUrls(clusterUrl, name),
    superUrl: clusterUrl(name),
    sql,
    hold: async (text) => {
      const client = new pg.Client({ connectionString: clusterUrl(name) });
      await client.connect();
      await client.query("BEGIN");
      await client.query(text);
      return { release: () => client.end() };
    },
    isBlocked: async () => (await blocked()) > 0,
    blocked,
    tenantTables: async () => {
      const tables = await sql<{ name: string }>(`
        SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND a.attname = 'tenant_id' ORDER BY 1`);
      return tables.map((table) => table.name);
    },
    drop: async () => {
      await superuser.end();
      await onCluster(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function onCluster(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: clusterUrl("postgres") });
  await client.connect();
  // Two clones of one template at a time wait for each other, and may say so.
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(text);
      break;
    } catch (error) {
      if ((error as { code?: string }).code !== "55006" || attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  await client.end();
}
