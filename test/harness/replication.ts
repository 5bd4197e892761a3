import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type EmbeddedPostgres, ensureDatabase, migrate, startEmbeddedPostgres } from "../../src/database/index.js";
import { TEMPLATE } from "./global-setup.js";

export interface Replication {
  /** The same database on the replica. */
  replicaUrl: (databaseUrl: string) => string;
  /** As the superuser of the replica. */
  onReplica: (text: string) => Promise<object[]>;
  stopReplica: () => Promise<void>;
  startReplica: () => Promise<void>;
  /** When nobody uses the databases any more. */
  stop: () => Promise<void>;
}

/**
 * A cluster of this test file's own, on which its databases are made from now on, and a streaming replica of it: a copy
 * of the stopped cluster that is told where to follow.
 */
export async function replication(): Promise<Replication> {
  const folder = await fs.mkdtemp(join(tmpdir(), "users-subgraph-replication-"));
  await fs.chmod(folder, 0o711); // as root PostgreSQL runs as nobody, who has to enter
  const [primaryDir, replicaDir] = [join(folder, "primary"), join(folder, "replica")];
  // What is committed is in the log at once, whose end tells how far the replica has to be.
  const start = (dataDir: string, settings: Record<string, string> = {}): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ dataDir, durable: false, settings: { synchronous_commit: "on", ...settings } });

  let primary = await start(primaryDir);
  const { ownerUrl } = await ensureDatabase((database) => primary.url(database), TEMPLATE);
  await migrate(ownerUrl, "users_app");
  await primary.stop();
  await copyForReplica(primaryDir, replicaDir);
  primary = await start(primaryDir);
  process.env.TEST_CLUSTER = primary.url("postgres");
  delete process.env.TEST_POOLER; // it stands before the other cluster
  const following = {
    ...settingsToFollow(primary),
    max_standby_streaming_delay: "0",
    wal_retrieve_retry_interval: "100ms",
  };
  let replica = await start(replicaDir, following);
  const replicaPort = String(replica.port);
  return {
    replicaUrl: (databaseUrl) => Object.assign(new URL(databaseUrl), { port: replicaPort }).href,
    onReplica: async (text) => {
      const client = new pg.Client({ connectionString: replica.url("postgres") });
      await client.connect();
      try {
        return (await client.query<object>(text)).rows;
      } finally {
        await client.end();
      }
    },
    stopReplica: () => replica.stop(),
    startReplica: async () => {
      replica = await start(replicaDir, { ...following, port: replicaPort });
    },
    stop: async () => {
      await replica.stop();
      await primary.stop();
      await fs.rm(folder, { recursive: true, force: true });
    },
  };
}

/** Makes a standby's data folder out of a stopped cluster's. */
export async function copyForReplica(primaryDir: string, replicaDir: string): Promise<void> {
  await fs.cp(primaryDir, replicaDir, { recursive: true });
  const [original, copy] = [primaryDir, replicaDir].map((folder) => join(folder, "cluster/pgdata"));
  await fs.writeFile(join(copy!, "standby.signal"), "");
  const { uid, gid } = await fs.stat(original!);
  await giveAway(copy!, uid, gid);
}

export function settingsToFollow(primary: Pick<EmbeddedPostgres, "url">): Record<string, string> {
  const { username, password, port } = new URL(primary.url("postgres"));
  return { primary_conninfo: `host=127.0.0.1 port=${port} user=${username} password=${password}` };
}

async function giveAway(folder: string, uid: number, gid: number): Promise<void> {
  await fs.chown(folder, uid, gid);
  for (const name of await fs.readdir(folder, { recursive: true })) await fs.lchown(join(folder, name), uid, gid);
}
