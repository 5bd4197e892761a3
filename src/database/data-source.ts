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
  /** Streaming replicas, to be read. */
  replicaUrls?: readonly string[];
  poolMode?: PoolMode;
  entities?: MixedList<new () => object>;
  /** Connections at most; callers beyond that wait their turn. */
  poolMax?: number;
  /** Callers who may wait for one; more are refused at once. */
  poolQueue?: number;
  /** PostgreSQL ends a statement that takes longer, in milliseconds. */
  statementTimeout?: number;
}

/** TypeORM's view of the database: entities, migrations, and the tenant pool as its driver. */
export function dataSource({
  url,
  replicaUrls = [],
  poolMode = "session",
  entities = [],
  poolMax = 10,
  poolQueue = Infinity,
  statementTimeout = 5_000,
}: DataSourceOptions): DataSource {
  return new DataSource({
    type: "postgres",
    ...(replicaUrls.length === 0
      ? { url }
      : { replication: { master: { url }, slaves: replicaUrls.map((replica) => ({ url: replica })) } }),
    entities: entities as never,
    migrations,
    migrationsTableName: "migrations",
    namingStrategy: new SnakeCase(),
    // Spread, because the namespace object of a CommonJS module cannot carry another Pool.
    driver: { ...pg, Pool: patient(poolMode === "session" ? TenantPool : TransactionPool, replicaUrls) },
    poolSize: poolMax,
    applicationName: "users-subgraph",
    connectTimeoutMS: 5_000,
    extra: {
      pipeline: true,
      maxWaiting: poolQueue,
      keepAlive: true,
      // The server ends a slow statement; this ends waiting for a server that no longer answers at all.
      statement_timeout: statementTimeout,
      query_timeout: statementTimeout === 0 ? undefined : statementTimeout + 1_000,
      // And this the transaction of a server that is gone without a word, which would keep its locks for hours.
      idle_in_transaction_session_timeout: statementTimeout === 0 ? undefined : statementTimeout + 1_000,
      // One caller's statement keeps one core busy: workers that gain it a fifth are taken from all others.
      ...(poolMode === "session" && { options: "-c timezone=UTC -c max_parallel_workers_per_gather=0" }),
    },
  });
}

/**
 * TypeORM tries a connection of each pool when it starts, and would not start while one replica is away: what it is given
 * of a replica's pool for that is no connection.
 */
function patient(Pool: typeof TenantPool, replicaUrls: readonly string[]): typeof TenantPool {
  if (replicaUrls.length === 0) return Pool;
  return class extends Pool {
    private tried = !replicaUrls.includes(this.options.connectionString!);

    override async take(tenantId: string, deadline?: number): Promise<pg.PoolClient> {
      if (this.tried) return super.take(tenantId, deadline);
      this.tried = true;
      return { release: () => {} } as pg.PoolClient;
    }
  };
}

interface Pools {
  master: TenantPool;
  slaves: TenantPool[];
}

/** The tenant pool inside an initialised data source. */
export const poolOf = (source: DataSource): TenantPool => (source.driver as unknown as Pools).master;

/** The pools of its replicas, in the order of their URLs. */
export const replicaPoolsOf = (source: DataSource): TenantPool[] => (source.driver as unknown as Pools).slaves;
