import { setTimeout as sleep } from "node:timers/promises";
import type { Postgres } from "./postgres.js";
import { watch } from "./servers.js";
import { comesTrue, type Fault, type Notes, type Stage, underLoad } from "./stage.js";
import { layWire } from "../harness/wire.js";

/** A fault of PostgreSQL that is told at once: nobody has to find out by waiting. */
const ofPostgres = (
  name: string,
  title: string,
  repeats: number,
  strike: (stage: Stage, notes: Notes) => Promise<number>,
): Fault => ({
  name,
  title,
  repeats,
  run: async (stage, times) => {
    const server = await stage.servers.start(stage.place.appUrl);
    const errors = /^UNAVAILABLE$/;
    return underLoad(stage, times, {
      url: server.url,
      servers: [server],
      errors,
      strike: (notes) => strike(stage, notes),
    });
  },
});

const gone = (signal: Parameters<Postgres["end"]>[0], milliseconds = 0): Parameters<typeof ofPostgres>[3] =>
  async function strike({ postgres }, { figure }) {
    const begin = performance.now();
    await postgres.end(signal);
    await sleep(milliseconds - (performance.now() - begin));
    await postgres.start();
    figure("seconds without a database", (performance.now() - begin) / 1_000);
    return performance.now();
  };

async function killBackends({ place }: Stage, { figure }: Notes): Promise<number> {
  let killed = 0;
  for (let round = 0; round < 30; round++) {
    const rows = await place.sql(
      `SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity
       WHERE usename = 'users_app' AND datname = current_database() ORDER BY random() LIMIT 2) chosen`,
    );
    killed += rows.length;
    await sleep(100);
  }
  figure("backends killed", killed);
  return performance.now();
}

/** Longer than any wait of the server's for the database. */
const SILENCE_MILLISECONDS = 13_000;

const silence = (name: string, title: string, forgotten: boolean): Fault => ({
  name,
  title,
  repeats: 2,
  run: async (stage, repeats) => {
    const wire = await layWire(stage.postgres);
    const url = Object.assign(new URL(stage.place.appUrl), { port: String(wire.port) }).href;
    const server = await stage.servers.start(url);
    const readiness = watch(server.url);
    return underLoad(stage, repeats, {
      url: server.url,
      servers: [server],
      errors: /^(UNAVAILABLE|TIMEOUT)$/,
      strike: async ({ figure, problem }) => {
        const begin = performance.now();
        wire.silence();
        const told = await comesTrue(() => readiness.said503(), SILENCE_MILLISECONDS);
        if (told) figure("seconds until `/readyz` said 503", (performance.now() - begin) / 1_000);
        else problem("/readyz never said 503");
        await sleep(SILENCE_MILLISECONDS - (performance.now() - begin));
        if (forgotten) wire.forget();
        else wire.resume();
        const again = performance.now();
        if (await comesTrue(() => readiness.ready(), SILENCE_MILLISECONDS)) {
          figure("seconds until `/readyz` said 200 again", (performance.now() - again) / 1_000);
        } else problem("/readyz never said 200 again");
        return again;
      },
      close: async () => {
        await readiness.stop();
        await wire.stop();
      },
    });
  },
});

const QUEUE = 40;
const BURST = 100;
const LOCKED_MILLISECONDS = 8_000;

const poolStarved: Fault = {
  name: "pool-starved",
  title: `Another session locks the users for ${LOCKED_MILLISECONDS / 1_000} s: every connection waits, at most ${QUEUE} callers wait for one, and ${BURST} more come at once`,
  repeats: 2,
  run: async (stage, repeats) => {
    const server = await stage.servers.start(stage.place.appUrl, { DB_POOL_QUEUE: String(QUEUE) });
    const waiting = async (): Promise<number> => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return Number(/^database_pool_connections{server="primary",state="waiting"} (\d+)/m.exec(text)?.[1]);
    };
    return underLoad(stage, repeats, {
      url: server.url,
      servers: [server],
      errors: /^(UNAVAILABLE|TIMEOUT)$/,
      strike: async ({ figure, problem }, { burst }) => {
        const holder = await stage.place.connect();
        await holder.query("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
        const end = performance.now() + LOCKED_MILLISECONDS;
        let longest = 0;
        const more = burst(BURST);
        while (performance.now() < end) {
          longest = Math.max(longest, await waiting());
          if ((await fetch(`${server.url}/livez`)).status !== 200) problem("/livez did not say 200");
          await sleep(200);
        }
        await more;
        await holder.query("ROLLBACK");
        holder.release();
        figure("callers waiting for a connection", longest);
        if (longest > QUEUE) problem("more waited than may");
        return performance.now();
      },
    });
  },
};

export const faultsOfTheDatabase: Fault[] = [
  ofPostgres("database-stopped", "PostgreSQL is shut down at once (immediate) under load", 3, gone("SIGQUIT")),
  ofPostgres("database-killed", "PostgreSQL is killed (kill -9 of the postmaster) under load", 3, gone("SIGKILL")),
  ofPostgres("database-away", "PostgreSQL is gone for about a second, and was told to go", 3, gone("SIGINT", 800)),
  ofPostgres("backends-killed", "Backends are killed at random, twenty a second for 3 s", 3, killBackends),
  silence("silence", "The network to the database is silent for 13 s, then passes what it held back", false),
  silence("silence-forgotten", "The same, and connections of before stay silent for good", true),
  poolStarved,
];
