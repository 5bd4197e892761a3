import "reflect-metadata";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { busyShare } from "../bench/cpu.js";
import { optionsOf, refuse } from "../bench/options.js";
import { processesIn } from "../harness/process.js";
import { startSmtp } from "../harness/smtp.js";
import { ledgerItself } from "./of-the-ledger.js";
import { faultsOfClocks } from "./of-clocks.js";
import { faultsOfDisks, removeDisks } from "./of-disks.js";
import { faultsOfServers } from "./of-servers.js";
import { faultsOfTheDatabase } from "./of-database.js";
import { place, signer } from "./place.js";
import { ownPostgres } from "./postgres.js";
import { report, type Reported } from "./report.js";
import { productionServers } from "./servers.js";
import { type Fault, outcomeOf, type Stage } from "./stage.js";

/**
 * `npm run faults`: breaks what can break under load, and tells what became of every request. `--only` takes some of
 * the faults by name, `--repeats` strikes so often; a whole run writes test/faults/report.md.
 */
const REPORT = "test/faults/report.md";
const USAGE = `npm run faults -- --only a,b
  --only A,B           these faults (default: all, which also writes ${REPORT})
  --repeats N          how often each strikes
`;
const options = optionsOf(USAGE, { only: { type: "string" }, repeats: { type: "string" } }, ["repeats"]);
const all = [ledgerItself, ...faultsOfServers, ...faultsOfTheDatabase, ...faultsOfDisks, ...faultsOfClocks];
const names = options.only?.split(",") ?? all.map(({ name }) => name);
const unknown = names.find((name) => !all.some((fault) => fault.name === name));
if (unknown !== undefined) refuse(`There is no ${unknown}: ${all.map(({ name }) => name).join()}.`);

const repeats = options.repeats === undefined ? null : Number(options.repeats);
if (repeats !== null && !(Number.isInteger(repeats) && repeats > 0))
  refuse("--repeats has to be a whole number from 1 on.");

const begin = performance.now();
const busy = await busyShare();
const note =
  busy > 0.1 ? `The machine was ${Math.round(busy * 100)} % busy with other work before: times are longer for it.` : "";

const folder = await mkdtemp(join(tmpdir(), "users-subgraph-faults-"));
await chmod(folder, 0o711); // as root PostgreSQL runs as nobody, who has to enter
const processes = processesIn(folder);
const smtp = await startSmtp();
const postgres = await ownPostgres(join(folder, "postgres"));

async function leave(): Promise<void> {
  await processes.killAll();
  await postgres.end("SIGINT");
  await removeDisks();
  await smtp.close();
  await rm(folder, { recursive: true, force: true });
}
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void leave().then(() => process.exit(1)));

async function run(stage: Stage, fault: Fault): Promise<Reported> {
  process.stderr.write(`${fault.name}\n`);
  const outcome = await fault.run(stage, repeats ?? fault.repeats).catch((error: Error) => {
    process.stderr.write(`${error.stack}\n`);
    return { ...outcomeOf(0), problems: [`the run broke off: ${error.message}`] };
  });
  for (const problem of new Set(outcome.problems)) process.stderr.write(`  ${problem}\n`);
  return { fault, ...outcome };
}

const reported: Reported[] = [];
try {
  const keys = await signer();
  const stage: Stage = {
    folder,
    postgres,
    place: await place(postgres, "users", keys),
    signer: keys,
    smtp,
    servers: productionServers(processes, keys, smtp),
  };
  for (const fault of all.filter(({ name }) => names.includes(name))) reported.push(await run(stage, fault));
  await stage.place.close();
} finally {
  await leave();
}

const page = report(reported, { note, took: Math.round((performance.now() - begin) / 1_000) });
const text = await format(page, { ...(await resolveConfig(REPORT)), parser: "markdown" });
if (options.only === undefined && repeats === null) await writeFile(REPORT, text);
process.stdout.write(text);
if (reported.some(({ problems, lost, duplicated }) => problems.length + lost + duplicated > 0)) process.exitCode = 1;
