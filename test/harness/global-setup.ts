import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPgBouncer } from "./pgbouncer.js";
import { ensureDatabase, migrate, startEmbeddedPostgres } from "../../src/database/index.js";

/** One PostgreSQL for the run, with a migrated template that every test file clones. */
export default async function setup(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "users-subgraph-test-"));
  await chmod(dataDir, 0o711); // as root PostgreSQL runs as nobody, who has to enter
  const cluster = await startEmbeddedPostgres({ dataDir, durable: false, settings: { max_connections: "200" } });
  const { ownerUrl } = await ensureDatabase((database) => cluster.url(database), TEMPLATE);
  await migrate(ownerUrl, "users_app");
  process.env.TEST_CLUSTER = cluster.url("postgres");
  const { TEST_PGBOUNCER: program } = process.env;
  const pooler = program === undefined ? null : await startPgBouncer(program, cluster.url("postgres"), dataDir, 4);
  if (pooler) process.env.TEST_POOLER = pooler.host;
  (globalThis as { stopCluster?: () => Promise<void> }).stopCluster = async () => {
    await pooler?.stop();
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

export const TEMPLATE = "users_template";
