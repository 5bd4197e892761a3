import "reflect-metadata";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readConfig } from "../../src/config.js";
import { type Bench, withBench } from "./contestants.js";
import { busyShare } from "./cpu.js";
import { growth } from "./growth.js";
import { Race } from "./measure.js";
import { optionsOf, refuse } from "./options.js";
import { profileReport } from "./profile.js";
import { goals, type Result, table } from "./report.js";
import { type Workload, type WorkloadName, workloads } from "./workloads.js";

const USAGE = `npm run bench -- --users 1000000 --seconds 3
  --users N            users of the tenant (default 100000); with --growth several (10000,100000,1000000)
  --seconds N          length of a round (default 5, with --growth 1)
  --only W1,W4         these workloads (default: all seven)
  --callers N          who ask at once (default 32); one alone is measured too
  --peers none         without PostGraphile, which is installed into DATA_DIR else
  --growth             what it costs as rows, page depth, nesting and callers grow
  --profile W1         CPU profile of this server in a workload
  --json FILE          the results, for programs
`;
const options = optionsOf(
  USAGE,
  {
    users: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string", default: "W1,W2,W3,W4,W5,W6,W7" },
    callers: { type: "string", default: "32" },
    peers: { type: "string", default: "postgraphile" },
    growth: { type: "boolean", default: false },
    profile: { type: "string" },
    json: { type: "string" },
  },
  ["users", "seconds", "callers"],
);
const config = readConfig();
const users = Number(options.users ?? 100_000);
const seconds = Number(options.seconds ?? 5);
const callers = Number(options.callers);
const peers = options.profile === undefined ? options.peers : "none";
const names = (options.profile ?? options.only).split(",") as WorkloadName[];
const unknown = names.find((name) => !workloads[name]);
if (unknown !== undefined) refuse(`There is no ${unknown}: ${Object.keys(workloads).join()}.`);
if (!["postgraphile", "none"].includes(peers)) refuse(`--peers is postgraphile or none, not ${peers}.`);

async function run(name: WorkloadName, bench: Bench): Promise<Result[]> {
  const { title, goal, memoryGoal }: Workload = workloads[name];
  const race = new Race(bench, name);
  await race.check();
  await race.warmUp(callers, seconds);
  if (options.profile !== undefined) {
    const profile = await race.profile(callers, seconds);
    const file = join(config.DATA_DIR, "bench", `${name}.cpuprofile`);
    await writeFile(file, JSON.stringify(profile));
    process.stdout.write(`\n${name}, also in ${file}\n${profileReport(profile)}\n`);
    return [];
  }
  const results: Result[] = [];
  for (const many of new Set([callers, 1])) {
    const figures = await race.run(many, many === 1 ? seconds / 2 : seconds);
    results.push({ name, title, goal, memoryGoal, callers: many, figures });
  }
  process.stderr.write(`${table(results)}\n`);
  return results;
}

const busy = await busyShare();
const note = busy > 0.1 ? `The machine was ${Math.round(busy * 100)} % busy before: trust CPU ms, not times.` : "";

if (options.growth) {
  const sizes = (options.users ?? "10000,100000,1000000").split(",").map(Number);
  await growth({ config, sizes, peers, seconds: Number(options.seconds ?? 1), note });
} else {
  await withBench(config, { users, peers }, async (bench) => {
    const results: Result[] = [];
    for (const name of names) results.push(...(await run(name, bench)));
    if (results.length === 0) return;
    const title = `${users} users, rounds of ${seconds} s. ${note}`;
    process.stdout.write(`\n${title}\n${table(results)}\n\n${goals(results)}\n`);
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
  });
}
