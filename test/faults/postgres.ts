import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/database/index.js";

/** A PostgreSQL of the fault run's own, that keeps its port and its data through every end. */
export interface Postgres {
  port: number;
  /** As the superuser. */
  url: (database: string) => string;
  start: () => Promise<void>;
  /** Sends the postmaster a signal and waits until it is gone: SIGQUIT is an immediate shutdown. */
  end: (signal: "SIGINT" | "SIGQUIT" | "SIGKILL") => Promise<void>;
  /** Waits until it has ended by itself. */
  ended: () => Promise<void>;
}

/** What is committed is on disk: nothing of it may be lost by a crash. */
export async function ownPostgres(dataDir: string, settings: Record<string, string> = {}): Promise<Postgres> {
  let cluster: EmbeddedPostgres | null = null;
  let port: number | null = null;
  let pid = 0;
  const start = async (): Promise<void> => {
    const fixed: Record<string, string> = port === null ? {} : { port: String(port) };
    cluster = await startEmbeddedPostgres({ dataDir, durable: true, settings: { ...settings, ...fixed } });
    port = cluster.port;
    pid = Number((await readFile(join(dataDir, "cluster/pgdata/postmaster.pid"), "utf8")).split("\n")[0]);
  };
  const ended = async (): Promise<void> => {
    while (isAlive(pid)) await sleep(10);
  };
  await start();
  return {
    port: port!,
    url: (database) => cluster!.url(database),
    start,
    ended,
    end: async (signal) => {
      if (isAlive(pid)) process.kill(pid, signal);
      await ended();
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A pool of superusers that outlives its database's absence. */
export function superusers(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}
