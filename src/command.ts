import { join } from "node:path";
import type { Config } from "./config.js";
import {
  databaseUrls,
  ensureDatabase,
  migrate,
  runningEmbeddedPostgres,
  startEmbeddedPostgres,
} from "./database/index.js";
import { tellProblems } from "./process.js";

/** Runs a command of the command line: what goes wrong is told on stderr, a line each, and the exit code is 1. */
export async function command(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    tellProblems(error);
    process.exitCode = 1;
  }
}

/** A whole number within bounds, or the line that says what is wrong. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= min && number <= max) return number;
  throw new Error(`--${option} has to be a whole number from ${min} to ${max}, not "${text}".`);
}

const DATABASE = "users";

/**
 * Works on the database as its owner: the one configured or else the embedded one of DATA_DIR, which is used as it runs
 * under a server, or started for the moment.
 */
export async function withDatabase<T>(config: Config, work: (ownerUrl: string) => Promise<T>): Promise<T> {
  const configured = config.DATABASE_OWNER_URL ?? config.DATABASE_URL;
  if (configured) return work(configured);
  if (config.NODE_ENV === "production")
    throw new Error("Set DATABASE_OWNER_URL: the embedded database is for development.");
  const dataDir = join(config.DATA_DIR, "postgres");
  const running = await runningEmbeddedPostgres(dataDir);
  if (running) return work(databaseUrls(running, DATABASE).ownerUrl);

  const embedded = await startEmbeddedPostgres({ dataDir, durable: true });
  try {
    const { ownerUrl, appUrl } = await ensureDatabase((database) => embedded.url(database), DATABASE);
    await migrate(ownerUrl, decodeURIComponent(new URL(appUrl).username));
    return await work(ownerUrl);
  } finally {
    await embedded.stop();
  }
}
