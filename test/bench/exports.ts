import "reflect-metadata";
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readConfig } from "../../src/config.js";
import { exampleOperations } from "../../src/explorer/index.js";
import { type Bench, withBench } from "./contestants.js";
import { load, type Round } from "./load.js";
import { optionsOf } from "./options.js";
import { workloads } from "./workloads.js";

/**
 * `npm run bench:exports`: every user of a tenant in each format, while others ask for pages and somebody adds, renames
 * and removes users. Tells what it costs the server and the others, and whether the file is one state of the tenant:
 * another program reads it, and finds all that were there before, and of those added one after another the first so many.
 */
const USAGE = `npm run bench:exports -- --users 100000
  --users N            users of the tenant (default 1000000)
  --callers N          who ask for pages meanwhile (default 8)
  --formats CSV,XLSX   these formats (default: CSV,JSONL,XLSX)
`;
const options = optionsOf(
  USAGE,
  {
    users: { type: "string", default: "1000000" },
    callers: { type: "string", default: "8" },
    formats: { type: "string", default: "CSV,JSONL,XLSX" },
  },
  ["users", "callers"],
);
const users = Number(options.users);
const callers = Number(options.callers);
const config = readConfig();
const READER = fileURLToPath(new URL("../../../test/bench/read_guids.py", import.meta.url));
const EXPORT = exampleOperations("schema/operations").find(({ name }) => name === "ExportUsers")!.document;

/** Their username. Whose names sort before most others': the first pages would be theirs, so none may stay. */
const ADDED = "added by bench:exports";

/** Adds users one after another, and renames others, until it is stopped. */
function writer({ tenant, sample }: Bench): { added: string[]; stop: () => Promise<void> } {
  const added: string[] = [];
  const stopped = new AbortController();
  const work = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const [row] = await tenant.sql<{ id: string }>(
        `INSERT INTO users (tenant_id, id, type, status, username, username_norm, surname, sort_name, contact_email, email_norm,
           search_text, tfa_enabled, created_at)
         SELECT $1, id, 'INVESTOR', 'ACTIVE', $2, id::text, 'Added', substr(md5(id::text), 1, 6), id || '@example.com',
           id || '@example.com', 'added', false, now() FROM (SELECT gen_random_uuid() AS id) made RETURNING id`,
        [sample.tenantId, ADDED],
      );
      added.push(row!.id);
      const { guid } = sample.users[added.length % sample.users.length]!;
      await tenant.sql("UPDATE users SET sort_name = md5(random()::text) WHERE tenant_id = $1 AND id = $2", [
        sample.tenantId,
        guid,
      ]);
      await sleep(10);
    }
  };
  const working = work();
  return {
    added,
    stop: async () => {
      stopped.abort();
      await working;
      await tenant.sql("DELETE FROM users WHERE tenant_id = $1 AND id = ANY($2::uuid[])", [sample.tenantId, added]);
    },
  };
}

/** What the callers were given while the work was done, in rounds of three seconds: the one in the middle, and the slowest. */
async function meanwhile<T>(bench: Bench, work: Promise<T>): Promise<{ done: T; usual: Round; worst: Round }> {
  const [subgraph] = bench.contestants;
  const requests = subgraph!.requests("W2", workloads.W2.inputs(bench.sample));
  const rounds: Round[] = [];
  const over = work.then(
    () => true,
    () => true,
  );
  do rounds.push(await load(requests, { next: 0 }, callers, 3));
  while (!(await Promise.race([over, sleep(0, false)])));
  const slowestFirst = rounds.toSorted((a, b) => b.p99 - a.p99);
  return { done: await work, usual: slowestFirst[Math.floor(rounds.length / 2)]!, worst: slowestFirst[0]! };
}

async function exported({ contestants, sample, token }: Bench, format: string, folder: string): Promise<string> {
  const { url } = contestants[0]!.service;
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: EXPORT, variables: { input: { format, orderBy: { field: "NAME" } } } }),
  });
  const { data } = (await response.json()) as {
    data: { exportUsers: { userExport: { downloadUrl: string } | null; errors: object[] } };
  };
  const { userExport, errors } = data.exportUsers;
  if (!userExport) throw new Error(`No export of ${sample.tenantId}: ${JSON.stringify(errors)}`);
  const file = join(folder, `users.${format.toLowerCase()}`);
  const download = await fetch(userExport.downloadUrl);
  if (!download.ok) throw new Error(`No download: ${download.status} ${await download.text()}`);
  await pipeline(Readable.fromWeb(download.body as never), createWriteStream(file));
  return file;
}

/** The guids in a file, as another program reads them. */
async function read(file: string): Promise<string[]> {
  const reader = file.endsWith(".jsonl") ? spawn("jq", ["-r", ".guid", file]) : spawn("python3", [READER, file]);
  const guids: string[] = [];
  for await (const line of createInterface({ input: reader.stdout })) guids.push(line);
  if (reader.exitCode !== 0 && (await new Promise((resolve) => reader.once("exit", resolve))) !== 0)
    throw new Error(`${file} cannot be read.`);
  return guids;
}

/** What is wrong with a file; "" when it is one state of the tenant. */
function faults(guids: string[], before: ReadonlySet<string>, added: string[]): string {
  const found = new Set(guids);
  const missing = [...before].filter((guid) => !found.has(guid)).length;
  const first = added.filter((guid) => found.has(guid)).length;
  const gap = added.slice(0, first).some((guid) => !found.has(guid));
  const problems = [
    found.size !== guids.length && `${guids.length - found.size} users twice`,
    missing > 0 && `${missing} users missing`,
    gap && "a user without one added before",
    guids.length !== before.size + first && "users of nowhere",
  ];
  return problems.filter(Boolean).join(", ");
}

await withBench(config, { users, peers: "none" }, async (bench) => {
  const [{ service }] = bench.contestants as [Bench["contestants"][0]];
  const folder = join(config.DATA_DIR, "bench", "exports");
  await mkdir(folder, { recursive: true });
  // Of a run that was killed.
  await bench.tenant.sql("DELETE FROM users WHERE tenant_id = $1 AND username = $2", [bench.sample.tenantId, ADDED]);
  const rows = await bench.tenant.sql<{ id: string }>("SELECT id FROM users WHERE tenant_id = $1", [
    bench.sample.tenantId,
  ]);
  const before = new Set(rows.map(({ id }) => id));
  const writing = writer(bench);
  try {
    await meanwhile(bench, sleep(3_000));
    const quiet = (await meanwhile(bench, sleep(12_000))).usual;
    process.stdout.write(
      `${users} users; ${callers} callers of ${workloads.W2.title}: p50 ${quiet.p50.toFixed(1)}, p99 ${quiet.p99.toFixed(1)} ms\n`,
    );
    for (const format of options.formats.split(",")) {
      const { rss } = await service.usage();
      let most = rss;
      const sampling = setInterval(
        () =>
          void service.usage().then(
            (usage) => (most = Math.max(most, usage.rss)),
            () => {},
          ),
        500,
      );
      const start = performance.now();
      const { done: file, usual, worst } = await meanwhile(bench, exported(bench, format, folder));
      clearInterval(sampling);
      const seconds = (performance.now() - start) / 1000;
      await sleep(1_000);
      const guids = await read(file);
      const problems = faults(guids, before, writing.added);
      process.stdout.write(
        `${format}: ${guids.length} rows in ${seconds.toFixed(0)} s, ${((await stat(file)).size / 1e6).toFixed(0)} MB; ` +
          `memory ${(rss / 2 ** 20).toFixed(0)} + ${((most - rss) / 2 ** 20).toFixed(0)} MB; ` +
          `the others' p50 ${usual.p50.toFixed(1)}, p99 ${usual.p99.toFixed(1)} ms (${(usual.p99 / quiet.p99).toFixed(1)} x), ` +
          `in the slowest 3 s ${worst.p99.toFixed(1)} ms (${(worst.p99 / quiet.p99).toFixed(1)} x); ` +
          `${problems || "one state of the tenant"}\n`,
      );
    }
  } finally {
    await writing.stop();
  }
});
