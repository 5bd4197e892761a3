import "reflect-metadata";
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readConfig } from "../../src/config.js";
import {
  DEVELOPMENT_AUDIENCE,
  DEVELOPMENT_ISSUER,
  DEVELOPMENT_SESSION_ISSUER,
  developmentKey,
} from "../../src/demo/index.js";
import { check, checkAudit, cursorAt } from "./check.js";
import type { LimitSettings } from "./limit.js";
import { load, message, type Requests } from "./load.js";
import { profileReport } from "./profile.js";
import { type Figures, goals, type Result, table } from "./report.js";
import { Service } from "./service.js";
import type { SubgraphSettings } from "./subgraph.js";
import { administratorOf, benchTenant, type BenchTenant, sampleOf } from "./tenant.js";
import { type Sample, type Workload, type WorkloadName, workloads } from "./workloads.js";

const { values: options } = parseArgs({
  options: {
    users: { type: "string", default: "100000" },
    seconds: { type: "string", default: "5" },
    only: { type: "string", default: Object.keys(workloads).join() },
    callers: { type: "string", default: "32" },
    profile: { type: "string" },
    json: { type: "string" },
  },
});
const ROUNDS = 3;
const MEMORY_GOAL = 200;
const config = readConfig();
const users = Number(options.users);
const seconds = Number(options.seconds);
const names = (options.profile ?? options.only).split(",") as WorkloadName[];
const unknown = names.find((name) => !workloads[name]);
if (unknown !== undefined) throw new Error(`There is no ${unknown}: ${Object.keys(workloads).join()}.`);

interface Side {
  service: Service;
  /** SQL statements and operations so far, as the server counts itself. */
  counts: () => Promise<{ statements: number; operations: number }>;
}
interface Bench {
  tenant: BenchTenant;
  sample: Sample;
  token: string;
  subgraph: Side;
  limit: Side;
}

/** Both servers over one database; the work is done between, and nothing is left running. */
async function withBench(work: (bench: Bench) => Promise<void>): Promise<void> {
  const tenant = await benchTenant(join(config.DATA_DIR, "bench"), users);
  const services: Service[] = [];
  try {
    const key = await developmentKey(config.DATA_DIR);
    const poolMax = config.DB_POOL_MAX;
    const tokens = {
      issuer: DEVELOPMENT_ISSUER,
      audience: DEVELOPMENT_AUDIENCE,
      keys: { jwks: key.jwks },
      sessionIssuer: DEVELOPMENT_SESSION_ISSUER,
    };
    const settings: SubgraphSettings = { databaseUrl: tenant.appUrl, poolMax, tokens };
    const subgraph = await Service.start("./subgraph.js", settings);
    services.push(subgraph);
    const bare: LimitSettings = { databaseUrl: tenant.ownerUrl, poolMax };
    const limit = await Service.start("./limit.js", bare);
    services.push(limit);
    const viewer = await administratorOf(tenant);
    const token = await key.sign({ tenantId: viewer.tenantId, subject: viewer.administrator });
    const first = requests(subgraph, token, workloads.W2.document, [{ first: 1 }]);
    const given = (await ask(first)(0)) as { data: { users: { pageInfo: { endCursor: string } } } };
    const { endCursor } = given.data.users.pageInfo;
    const sample = await sampleOf(tenant, viewer, (name, guid) => cursorAt(endCursor, name, guid), users);
    await work({
      tenant,
      sample,
      token,
      subgraph: { service: subgraph, counts: () => countsOf(subgraph) },
      limit: { service: limit, counts: async () => ({ statements: 0, operations: 0 }) },
    });
  } finally {
    await Promise.all(services.map((service) => service.stop()));
    await tenant.stop();
  }
}

function requests({ url }: Service, token: string, query: string, variables: object[]): Requests {
  const at = new URL(url);
  const headers = { authorization: `Bearer ${token}` };
  return { url: at, messages: variables.map((one) => message(at, headers, { query, variables: one })) };
}

/** One answer, for the comparison. */
const ask =
  ({ url, messages }: Requests) =>
  async (turn: number): Promise<unknown> => {
    const text = messages[turn]!.toString();
    const [head, body] = [text.slice(0, text.indexOf("\r\n\r\n")), text.slice(text.indexOf("\r\n\r\n") + 4)];
    const authorization = /^authorization: (.*)$/m.exec(head)?.[1] ?? "";
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body,
    });
    return response.json();
  };

async function countsOf({ url }: Service): Promise<{ statements: number; operations: number }> {
  const text = await (await fetch(new URL("/metrics", url))).text();
  const total = (metric: string): number =>
    [...text.matchAll(new RegExp(`^${metric}\\{.*\\} (\\d+)$`, "gm"))].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  return {
    statements: total("graphql_operation_statements_total"),
    operations: total("graphql_operation_duration_seconds_count"),
  };
}

async function measured(side: Side, to: Requests, turn: { next: number }, callers: number, time: number) {
  const before = await side.service.usage();
  const counted = await side.counts();
  const { requests: answered, ...round } = await load(to, turn, callers, time);
  const after = await side.service.usage();
  const recounted = await side.counts();
  const figures: Figures = {
    ...round,
    cpuPerRequest: (after.cpu - before.cpu) / answered,
    statements: (recounted.statements - counted.statements) / (recounted.operations - counted.operations),
    megabytes: after.rss / 2 ** 20,
  };
  return figures;
}

async function run(name: WorkloadName, { tenant, sample, token, subgraph, limit }: Bench): Promise<Result[]> {
  const { title, goal, memoryGoal = MEMORY_GOAL, document, inputs: inputsOf }: Workload = workloads[name];
  const inputs = inputsOf(sample);
  const variables = inputs.map((input) => input.variables);
  const url = new URL(name, limit.service.url);
  const sides = [
    { side: subgraph, to: requests(subgraph.service, token, document, variables) },
    { side: limit, to: { url, messages: inputs.map(({ values }) => message(url, {}, values)) } },
  ] as const;
  const asks = [ask(sides[0].to), ask(sides[1].to)] as const;
  await check(name, inputs.length, ...asks);
  if (name === "W7") await checkAudit(tenant, inputs.length, ...asks);

  // One turn for both: W7's writes change something whoever makes them.
  const turn = { next: 0 };
  const many = Number(options.callers);
  for (const { to } of sides) await load(to, turn, many, Math.min(seconds, 2));
  if (options.profile !== undefined) {
    await subgraph.service.startProfile();
    await load(sides[0].to, turn, many, seconds);
    const profile = await subgraph.service.stopProfile();
    const file = join(config.DATA_DIR, "bench", `${name}.cpuprofile`);
    await writeFile(file, JSON.stringify(profile));
    process.stdout.write(`\n${name}, also in ${file}\n${profileReport(profile)}\n`);
    return [];
  }
  const results: Result[] = [];
  for (const callers of new Set([many, 1])) {
    const rounds: [Figures[], Figures[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, { side, to }] of sides.entries()) {
        rounds[index]!.push(await measured(side, to, turn, callers, callers === 1 ? seconds / 2 : seconds));
      }
    }
    const result = { name, title, goal, memoryGoal, callers, subgraph: median(rounds[0]), limit: median(rounds[1]) };
    results.push(result);
    process.stderr.write(`${table([result]).split("\n")[1]}\n`);
  }
  return results;
}

/** Of each figure its median. */
const median = (rounds: Figures[]): Figures =>
  Object.fromEntries(
    Object.keys(rounds[0]!).map((key) => {
      const sorted = rounds.map((round) => round[key as keyof Figures]).toSorted((a, b) => a - b);
      return [key, sorted[Math.floor(sorted.length / 2)]!];
    }),
  ) as unknown as Figures;

/** How busy the processors are with other people's work. It takes more from one busy server than from ten sessions. */
async function busyShare(): Promise<number> {
  const times = (): { idle: number; all: number } => {
    const each = cpus().map(({ times: { user, nice, sys, idle, irq } }) => ({
      idle,
      all: user + nice + sys + idle + irq,
    }));
    return { idle: each.reduce((sum, one) => sum + one.idle, 0), all: each.reduce((sum, one) => sum + one.all, 0) };
  };
  const before = times();
  await sleep(2_000);
  const after = times();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}

const busy = await busyShare();
await withBench(async (bench) => {
  const results: Result[] = [];
  for (const name of names) results.push(...(await run(name, bench)));
  if (results.length === 0) return;
  const busyNote =
    busy > 0.1 ? `; the machine was ${Math.round(busy * 100)} % busy before: trust CPU ms, not req/s` : "";
  process.stdout.write(`\n${users} users, rounds of ${seconds} s${busyNote}\n${table(results)}\n\n${goals(results)}\n`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
});
