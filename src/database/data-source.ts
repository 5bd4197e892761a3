import pg from "pg";
import { DataSource, DefaultNamingStrategy, type MixedList } from "typeorm";
import { migrations } from "../../migrations/index.js";
import { snakeCase } from "../kit/index.js";
import { TenantPool } from "./pool.js";
import { TransactionPool } from "./transaction-pool.js";

class SnakeCase extends DefaultNamingStrategy {
  override columnName(property: string, customName: string | undefined): string {
    return customName ?? snakeCase(property);
  }
}

/** What a connection is good for: a session of PostgreSQL's, or one transaction, behind a pooler. */
export type PoolMode = "session" | "transaction";

export interface DataSourceOptions {
  url: string;
  poolMode?: PoolMode;
  entities?: MixedList<new () => object>;
  /** Connections at most; callers beyond that wait their turn. */
  poolMax?: number;
  /** PostgreSQL ends a statement that takes longer, in milliseconds. */
  statementTimeout?: number;
}

/** TypeORM's view of the database: entities, migrations, and the tenant pool as its driver. */
export function dataSource({
  url,
  poolMode = "session",
  entities = [],
  poolMax = 10,
  statementTimeout = 5_000,
}: DataSourceOptions): DataSource {
  return new DataSource({
    type: "postgres",
    url,
    entities: entities as never,
    migrations,
    migrationsTableName: "migrations",
    namingStrategy: new SnakeCase(),
    // Spread, because the namespace object of a CommonJS module cannot carry another Pool.
    driver: { ...pg, Pool: poolMode === "session" ? TenantPool : TransactionPool },
    poolSize: poolMax,
    applicationName: "users-subgraph",
    connectTimeoutMS: 5_000,
    extra: {
      pipeline: true,
      keepAlive: true,
      // The server ends a slow statement; this ends waiting for a server that no longer answers at all.
      statement_timeout: statementTimeout,
      query_timeout: statementTimeout === 0 ? undefined : statementTimeout + 1_000,
      ...(poolMode === "session" && { options: "-c timezone=UTC" }),
    },
  });
}

/** The tenant pool inside an initialised data source. */
export const poolOf = (source: DataSource): TenantPool => (source.driver as unknown as { master: TenantPool }).master;
