import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, type DevelopmentKey } from "../../src/demo/index.js";

export const MAIN = join(import.meta.dirname, "../../src/main.js");
export const MAIL_WORKER = join(import.meta.dirname, "../../src/mail-worker.js");
export const MIGRATE = join(import.meta.dirname, "../../src/migrate.js");
export const TOKEN = join(import.meta.dirname, "../../src/demo/token.js");
export const CREATE_TENANT = join(import.meta.dirname, "../../src/create-tenant.js");

/** A program of ours that runs as a process of its own. */
export interface Started {
  child: ChildProcess;
  /** Resolves with all output so far once it holds this. */
  says: (text: string) => Promise<string>;
  ends: () => Promise<{ code: number | null; output: string }>;
  /** The address at which a server says that it serves. */
  url: () => Promise<string>;
  /** kill -9, and the wait until it is gone. */
  kill: () => Promise<void>;
}

export interface Processes {
  /** Where those that are started keep their data. */
  dataDir: string;
  /** Starts a server, or another program. It sees no environment but this. */
  start: (environment: Record<string, string>, program?: string, ...args: string[]) => Started;
  /** Ends all that still run. */
  killAll: () => Promise<void>;
}

/** Starts processes for one test file, and ends those that are left. Call it once, at the top level of the file. */
export async function processes(): Promise<Processes> {
  const dataDir = await mkdtemp(join(tmpdir(), "users-subgraph-start-"));
  await chmod(dataDir, 0o711); // as root PostgreSQL runs as nobody, who has to enter
  const started = processesIn(dataDir);
  afterAll(async () => {
    await started.killAll();
    await rm(dataDir, { recursive: true, force: true });
  });
  return started;
}

/** The same outside of tests: whoever calls it ends them. */
export function processesIn(dataDir: string): Processes {
  const running = new Set<Started>();
  return {
    dataDir,
    killAll: async () => {
      await Promise.all([...running].map((started) => started.kill()));
    },
    start: (environment, program = MAIN, ...args) => {
      const started = run([program, ...args], { PORT: "0", DATA_DIR: dataDir, ...environment });
      running.add(started);
      void started.ends().then(() => running.delete(started));
      return started;
    },
  };
}

function run(command: string[], environment: Record<string, string>): Started {
  const child = spawn(process.execPath, command, { env: { PATH: process.env.PATH, ...environment } });
  let output = "";
  let over = false;
  const watchers = new Set<() => void>();
  const hear = (chunk: Buffer): void => {
    output += chunk.toString();
    for (const watcher of watchers) watcher();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const ended = once(child, "close").then(([code]) => {
    over = true;
    for (const watcher of watchers) watcher();
    return { code: code as number | null, output };
  });
  const says = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (output.includes(text)) resolve(output);
        else if (over) reject(new Error(`It ended with ${child.exitCode ?? child.signalCode}:\n${output}`));
      };
      watchers.add(look);
      look();
    });
  return {
    child,
    says,
    ends: () => ended,
    url: async () => /"url":"(http[^"]+)"/.exec(await says("serving"))![1]!,
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** For a server on a database of its own that takes the development key's tokens, and sends no mail. */
export const beside = ({ appUrl }: { appUrl: string }, { jwks }: DevelopmentKey): Record<string, string> => ({
  DATABASE_URL: appUrl,
  TOKEN_PUBLIC_KEY: JSON.stringify({ keys: jwks }),
  TOKEN_ISSUER: DEVELOPMENT_ISSUER,
  TOKEN_AUDIENCE: DEVELOPMENT_AUDIENCE,
  MAIL_WORKER: "false",
});

/** Sends a document to the server at that address. */
export async function graphql(
  url: string,
  token: string,
  query: string,
  variables: object = {},
): Promise<Record<string, any>> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const body = JSON.stringify({ query, variables });
  const response = await fetch(`${url}/graphql`, { method: "POST", headers, body });
  return (await response.json()) as Record<string, any>;
}
