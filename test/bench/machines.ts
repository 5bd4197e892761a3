import "reflect-metadata";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readConfig } from "../../src/config.js";
import { startEmbeddedPostgres } from "../../src/database/index.js";
import { startPgBouncer } from "../harness/pgbouncer.js";
import { copyForReplica, settingsToFollow } from "../harness/replication.js";
import type { BalancerSettings } from "./balancer.js";
import { cpuTime } from "./cpu.js";
import { load, message, type Requests } from "./load.js";
import { optionsOf } from "./options.js";
import { Service } from "./service.js";
import type { SubgraphSettings } from "./subgraph.js";
import { accessTo, benchTenant, SETTINGS } from "./tenant.js";
import { workloads } from "./workloads.js";

/**
 * `npm run bench:machines`: 20 users by name (W2) by one server, by two behind a balancer, with a replica, in
 * transaction mode, and through PgBouncer where it is installed. CPU time is told of each kind of process.
 */
const USAGE = `npm run bench:machines -- --users 10000
  --users N            users of the tenant (default 100000)
  --seconds N          length of a round (default 4)
  --callers N          who ask at once (default 32)
  --rounds N           rounds of each arrangement (default 3)
  --pgbouncer PROGRAM  (default pgbouncer; Debian has it in /usr/sbin)
`;
const options = optionsOf(
  USAGE,
  {
    users: { type: "string", default: "100000" },
    seconds: { type: "string", default: "4" },
    callers: { type: "string", default: "32" },
    rounds: { type: "string", default: "3" },
    pgbouncer: { type: "string", default: "pgbouncer" },
  },
  ["users", "seconds", "callers", "rounds"],
);
const [users, seconds, callers, rounds] = [options.users, options.seconds, options.callers, options.rounds].map(
  Number,
) as [number, number, number, number];
const config = readConfig();
const dataDir = join(config.DATA_DIR, "bench");
const replicaDir = join(config.DATA_DIR, "bench-replica");

/** Whose CPU time is told, by process ids. */
type Cast = Record<"servers" | "balancer" | "primary" | "replica" | "pooler", () => Promise<number>>;
const nothing = async (): Promise<number> => 0;

interface Arrangement {
  name: string;
  url: string;
  cast: Partial<Cast>;
  services: Service[];
}

/** CPU milliseconds so far of a process and its children, those that have ended included. */
async function cpuOf(pid: number): Promise<number> {
  let sum = 0;
  for (const name of await readdir("/proc")) {
    const time = /^\d+$/.test(name) ? await cpuTime(Number(name)) : null;
    if (Number(name) === pid) sum += time!.own + time!.ended;
    else if (time?.parent === pid) sum += time.own;
  }
  return sum;
}
const postmaster = async (folder: string): Promise<number> =>
  Number((await readFile(join(folder, "cluster/pgdata/postmaster.pid"), "utf8")).split("\n")[0]);

// A stopped cluster is copied; the first run makes it.
await (await benchTenant(dataDir, users)).stop();
await rm(replicaDir, { recursive: true, force: true });
await copyForReplica(dataDir, replicaDir);
const tenant = await benchTenant(dataDir, users);
const primaryUrl = (database: string): string => Object.assign(new URL(tenant.superUrl), { pathname: database }).href;
const replica = await startEmbeddedPostgres({
  dataDir: replicaDir,
  durable: true,
  settings: { ...SETTINGS, ...settingsToFollow({ url: primaryUrl }) },
});
const poolerDir = await mkdtemp(join(tmpdir(), "users-subgraph-pooler-"));
await chmod(poolerDir, 0o755); // as root PgBouncer runs as nobody, who has to enter
const pooler = await startPgBouncer(options.pgbouncer, tenant.superUrl, poolerDir, config.DB_POOL_MAX).catch(
  () => null,
);
const stop: (() => Promise<void>)[] = [];

try {
  const { tokens, token } = await accessTo(tenant, config.DATA_DIR);
  const authorization = `Bearer ${token}`;
  const start = async (settings: Partial<SubgraphSettings> = {}): Promise<Service> => {
    const all: SubgraphSettings = { databaseUrl: tenant.appUrl, poolMax: config.DB_POOL_MAX, tokens, ...settings };
    const service = await Service.start("./subgraph.js", all);
    stop.push(() => service.stop());
    return service;
  };
  const cpu = (services: Service[]) => async (): Promise<number> =>
    (await Promise.all(services.map((service) => service.usage()))).reduce((sum, usage) => sum + usage.cpu, 0);
  const primaryPid = await postmaster(dataDir);
  const replicaPid = await postmaster(replicaDir);
  const arrangement = (name: string, service: Service, more: Partial<Cast> = {}): Arrangement => ({
    name,
    url: service.url,
    services: [service],
    cast: { servers: cpu([service]), primary: () => cpuOf(primaryPid), ...more },
  });

  const one = await start();
  const two = [await start(), await start()];
  const balancerSettings: BalancerSettings = { urls: two.map(({ url }) => new URL(url).origin) };
  const balancer = await Service.start("./balancer.js", balancerSettings);
  stop.push(() => balancer.stop());
  const replicaUrl = Object.assign(new URL(tenant.appUrl), { port: String(replica.port) }).href;
  const reading = await start({ replicaUrls: [replicaUrl] });
  const through = pooler && Object.assign(new URL(tenant.appUrl), { host: pooler.host }).href;
  const arrangements = [
    arrangement("one server", one),
    arrangement("two servers, balancer", balancer, { servers: cpu(two), balancer: cpu([balancer]) }),
    arrangement("one server, replica", reading, { replica: () => cpuOf(replicaPid) }),
    arrangement("transaction mode, no pooler", await start({ poolMode: "transaction" })),
    ...(through
      ? [
          arrangement("PgBouncer", await start({ poolMode: "transaction", databaseUrl: through }), {
            pooler: () => cpuOf(pooler.pid),
          }),
        ]
      : []),
  ];
  while (!(await (await fetch(new URL("/metrics", reading.url))).text()).includes('_read{server="replica 1"} 1')) {
    await sleep(100);
  }

  const results = new Map<string, number[][]>();
  for (let round = 0; round < rounds; round++) {
    for (const { name, url, cast } of arrangements) {
      const at = new URL(url);
      const requests: Requests = {
        url: at,
        messages: [message(at, { authorization }, { query: workloads.W2.document, variables: { first: 20 } })],
      };
      const all = ["servers", "balancer", "primary", "replica", "pooler"] as const;
      const times = (): Promise<number[]> => Promise.all(all.map((who) => (cast[who] ?? nothing)()));
      // Connections that were idle are made anew, and their plans.
      await load(requests, { next: 0 }, callers, 3);
      const before = await times();
      const measured = await load(requests, { next: 0 }, callers, seconds);
      const after = await times();
      const spent = after.map((time, index) => (time - before[index]!) / measured.requests);
      results.set(name, [
        ...(results.get(name) ?? []),
        [measured.perSecond, measured.p50, measured.p99, spent.reduce((sum, time) => sum + time), ...spent],
      ]);
    }
  }
  const heads = ["req/s", "p50 ms", "p99 ms", "CPU ms", "servers", "balancer", "primary", "replica", "pooler"];
  process.stdout.write(`${["".padEnd(28), ...heads.map((head) => head.padStart(8))].join("  ")}\n`);
  for (const [name, figures] of results) {
    const median = heads.map((_, column) => figures.map((row) => row[column]!).toSorted((a, b) => a - b)[rounds >> 1]!);
    const cells = median.map((value, column) => value.toFixed(column === 0 ? 0 : 2).padStart(8));
    process.stdout.write(`${[name.padEnd(28), ...cells].join("  ")}\n`);
  }
} finally {
  await Promise.all(stop.map((end) => end()));
  await pooler?.stop();
  await rm(poolerDir, { recursive: true });
  await replica.stop();
  await tenant.stop();
}
