import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { ensureDatabase } from "../../src/database/index.js";
import { migrations } from "../../migrations/index.js";
import { balanceAmong } from "../harness/balancer.js";
import { superusers } from "./postgres.js";
import { watch } from "./servers.js";
import { comesTrue, type Fault, outcomeOf, underLoad } from "./stage.js";

const serverKilled: Fault = {
  name: "server-killed",
  title: "The server is killed (kill -9) under writes, and started again",
  repeats: 5,
  run: async (stage, repeats) => {
    const server = await stage.servers.start(stage.place.appUrl);
    return underLoad(stage, repeats, {
      url: server.url,
      servers: [server],
      errors: /^(ECONNRESET|ECONNREFUSED)$/,
      strike: async ({ figure }) => {
        await server.kill();
        const begin = performance.now();
        await server.restart();
        figure("seconds to start", (performance.now() - begin) / 1_000);
        return performance.now();
      },
    });
  },
};

const PROBE_MILLISECONDS = 200;
/** Who is not ready by then will not be. */
const READY_MILLISECONDS = 20_000;

const rollingRestarts: Fault = {
  name: "rolling-restarts",
  title: "SIGTERM to one of two servers behind a balancer that asks `/readyz`, and its restart",
  repeats: 12,
  run: async (stage, repeats) => {
    const draining = { DRAIN_MILLISECONDS: String(4 * PROBE_MILLISECONDS) };
    const servers = [
      await stage.servers.start(stage.place.appUrl, draining),
      await stage.servers.start(stage.place.appUrl, draining),
    ];
    const watches = servers.map(({ url }) => watch(url, PROBE_MILLISECONDS));
    const balancer = await balanceAmong(() =>
      servers.filter((_, index) => watches[index]!.ready()).map(({ url }) => url),
    );
    let turn = 0;
    await comesTrue(() => watches.every((one) => one.ready()), READY_MILLISECONDS);
    return underLoad(stage, repeats, {
      url: balancer.url,
      servers,
      errors: /^never$/,
      strike: async ({ figure, problem }) => {
        const index = turn++ % servers.length;
        const begin = performance.now();
        const code = await servers[index]!.terminate();
        figure("seconds from SIGTERM to the end", (performance.now() - begin) / 1_000);
        if (code !== 0) problem(`a server that was told to stop ended with ${code}`);
        await servers[index]!.restart();
        if (!(await comesTrue(() => watches[index]!.ready(), READY_MILLISECONDS))) problem("it was not ready again");
        return performance.now();
      },
      close: async () => {
        await Promise.all(watches.map((one) => one.stop()));
        await balancer.stop();
      },
    });
  },
};

const SERVE = "seconds until all serve";

const startsAtOnce = (name: string, title: string, killed: boolean): Fault => ({
  name,
  title,
  repeats: 3,
  run: async ({ postgres, servers }, repeats) => {
    const outcome = outcomeOf(repeats);
    for (let repeat = 0; repeat < repeats; repeat++) {
      const database = `${name.replaceAll("-", "_")}_${repeat}`;
      const { appUrl, ownerUrl } = await ensureDatabase(postgres.url, database);
      const superuser = superusers(postgres.url(database));
      const begin = performance.now();
      const starting = new Map(
        ["one", "two", "three"].map((each) => [
          each,
          servers.launch(appUrl, { DATABASE_OWNER_URL: `${ownerUrl}?application_name=${each}` }),
        ]),
      );
      if (killed) {
        const migrating = await whoMigrates(superuser);
        await starting.get(migrating)!.kill();
        starting.delete(migrating);
      }
      for (const started of starting.values()) {
        const url = await started.url().catch((error: Error) => void outcome.problems.push(error.message));
        if (!url) continue;
        outcome.requests++;
        const { status } = await fetch(`${url}/readyz`);
        if (status !== 200) outcome.errors.set(`HTTP ${status}`, (outcome.errors.get(`HTTP ${status}`) ?? 0) + 1);
      }
      const took = (performance.now() - begin) / 1_000;
      outcome.figures.set(SERVE, [...(outcome.figures.get(SERVE) ?? []), took]);
      const { rows } = await superuser.query<{ name: string }>("SELECT name FROM migrations");
      const names = rows.map((row) => row.name);
      outcome.lost += migrations.filter((one) => !names.includes(one.name)).length;
      outcome.duplicated += names.length - new Set(names).size;
      const invalid = await superuser.query("SELECT FROM pg_index WHERE NOT indisvalid");
      if (invalid.rowCount) outcome.problems.push(`${invalid.rowCount} indexes were left unfinished`);
      await Promise.all([...starting.values()].map((started) => started.kill()));
      await superuser.end();
    }
    return outcome;
  },
});

/** The name of the server that holds the lock, once it has run some of the migrations and not all. */
async function whoMigrates(superuser: pg.Pool): Promise<string> {
  const some = Math.floor(Math.random() * (migrations.length - 1));
  for (const end = performance.now() + READY_MILLISECONDS; performance.now() < end; await sleep(5)) {
    const { rows } = await superuser.query<{ name: string }>(
      "SELECT application_name AS name FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory'",
    );
    const done = await superuser.query("SELECT FROM migrations").catch(() => ({ rowCount: 0 }));
    if (rows[0] && done.rowCount! >= some) return rows[0].name;
  }
  throw new Error("Nobody was seen to migrate.");
}

export const faultsOfServers: Fault[] = [
  serverKilled,
  rollingRestarts,
  startsAtOnce("three-start", "Three servers start at once on an empty database", false),
  startsAtOnce("three-start-one-killed", "The same, and the one that migrates is killed (kill -9) meanwhile", true),
];
