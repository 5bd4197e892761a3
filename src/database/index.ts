export { databaseUrls, ensureDatabase, type DatabaseUrls } from "./cluster.js";
export { dataSource, type DataSourceOptions, poolOf, type PoolMode, replicaPoolsOf } from "./data-source.js";
export { runningEmbeddedPostgres, startEmbeddedPostgres, type EmbeddedPostgres } from "./embedded.js";
export { databaseProblems, migrate } from "./migrate.js";
export { DatabaseProbe, type DatabaseTrouble } from "./probe.js";
export { Snapshots, type SnapshotOptions } from "./snapshot.js";
export { type Session, type StatementObserver, type StatementTrace, TenantPool } from "./pool.js";
export { Replicas } from "./replicas.js";
export { TransactionPool } from "./transaction-pool.js";
