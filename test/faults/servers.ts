import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { SECRET, SESSION_ISSUER, AUDIENCE, ISSUER } from "../harness/index.js";
import type { Processes, Started } from "../harness/process.js";
import type { TestSmtp } from "../harness/smtp.js";
import type { Signer } from "./place.js";

export const ROUTER_SECRET = "the router's secret of the fault run";

/** A server process, which keeps its address through restarts. */
export interface Server {
  url: string;
  kill: () => Promise<void>;
  /** SIGTERM, and the wait until it has ended; its exit code. */
  terminate: () => Promise<number | null>;
  restart: () => Promise<void>;
  /** Whether it runs, as far as it was not ended by us. */
  runs: () => boolean;
  /** What its log says of faults of ours, a line for each kind. */
  faults: () => string[];
}

/** Starts servers as production does. */
export interface Servers {
  /** Without waiting for anything. */
  launch: (databaseUrl: string, environment?: Record<string, string>) => Started;
  /** Resolves when it serves. */
  start: (databaseUrl: string, environment?: Record<string, string>) => Promise<Server>;
}

export function productionServers(processes: Processes, { publicKey }: Signer, smtp: TestSmtp): Servers {
  const deployment = {
    NODE_ENV: "production",
    HOST: "127.0.0.1",
    TOKEN_PUBLIC_KEY: publicKey,
    TOKEN_ISSUER: ISSUER,
    TOKEN_AUDIENCE: AUDIENCE,
    SESSION_ISSUER,
    ROUTER_SECRET,
    SECRET_KEY: SECRET,
    SMTP_URL: `${smtp.url}?requireTLS=false`,
    MAIL_FROM: "no-reply@platform.example",
    INVITATION_URL: "https://platform.example/accept#{token}",
    PUBLIC_URL: "https://users.platform.example/",
    DRAIN_MILLISECONDS: "0",
  };
  const launch: Servers["launch"] = (databaseUrl, environment) =>
    processes.start({ ...deployment, DATABASE_URL: databaseUrl, ...environment });
  const start: Servers["start"] = async (databaseUrl, environment) => {
    let running = launch(databaseUrl, environment);
    let ended = false;
    let log = "";
    const hear = async (started: Started): Promise<void> => {
      log += (await started.ends()).output;
      ended ||= running === started;
    };
    const serves = (started: Started): Promise<string> => {
      running = started;
      ended = false;
      void hear(started);
      return started.url();
    };
    const url = await serves(running);
    const { port } = new URL(url);
    return {
      url,
      runs: () => !ended,
      kill: () => running.kill(),
      terminate: async () => {
        running.child.kill("SIGTERM");
        return (await running.ends()).code;
      },
      restart: async () => void (await serves(launch(databaseUrl, { ...environment, PORT: port }))),
      faults: () => faultsIn(log),
    };
  };
  return { launch, start };
}

/** Messages of logged errors that no client is to see. */
function faultsIn(log: string): string[] {
  const lines = log.split("\n").filter((line) => /"level":[56]0/.test(line) || !/^(\{|$)/.test(line));
  const kinds = lines.map((line) => /"err":\{"type":"[^"]*","message":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line);
  return [...new Set(kinds.map((kind) => kind.slice(0, 200).replace(/\d+/g, "#")))];
}

/** What `/readyz` has said, asked as a balancer does: an answer that takes longer than a second is none. */
export interface Watch {
  /** Whether it was ready when last asked. */
  ready: () => boolean;
  /** Every change, in milliseconds of `performance.now()`. */
  changes: { at: number; ready: boolean }[];
  /** When it was asked last and said 503 in time, rather than nothing. */
  said503: () => boolean;
  stop: () => Promise<void>;
}

export function watch(url: string, interval = 200): Watch {
  const changes: Watch["changes"] = [];
  let last: number | null = null;
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      last = await statusOf(`${url}/readyz`, 1_000);
      const ready = last === 200;
      if (changes.at(-1)?.ready !== ready) changes.push({ at: performance.now(), ready });
      await sleep(interval);
    }
  })();
  return {
    ready: () => changes.at(-1)?.ready ?? false,
    changes,
    said503: () => last === 503,
    stop: async () => {
      over.abort();
      await watching;
    },
  };
}

/** The status of an answer; null when there is none within that time. */
const statusOf = (url: string, limit: number): Promise<number | null> =>
  new Promise((resolve) => {
    const asked = request(url, { agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    const timer = setTimeout(() => asked.destroy(), limit);
    asked.on("error", () => resolve(null));
    asked.on("close", () => {
      clearTimeout(timer);
      resolve(null);
    });
    asked.end();
  });
