import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Config } from "../../src/config.js";
import { cursorAt } from "./check.js";
import type { LimitSettings } from "./limit.js";
import { message, type Requests } from "./load.js";
import { shaped, translations, variablesOf } from "./postgraphile-documents.js";
import type { PostgraphileSettings } from "./postgraphile.js";
import { Service } from "./service.js";
import type { SubgraphSettings } from "./subgraph.js";
import { accessTo, benchTenant, type BenchTenant, type CursorAt, sampleOf } from "./tenant.js";
import { type Input, type Sample, type WorkloadName, workloads } from "./workloads.js";

/** SQL statements and operations so far. */
export interface Counts {
  statements: number;
  operations: number;
}

/** A server under test, and how it is asked for each workload. */
export interface Contestant {
  name: "this" | "limit" | "PostGraphile";
  service: Service;
  requests: (workload: WorkloadName, inputs: Input[]) => Requests;
  /** Its answer in the subgraph's shape. */
  read: (workload: WorkloadName, answer: any) => unknown;
  /** As the server counts itself. */
  counts: () => Promise<Counts>;
}

export interface Bench {
  users: number;
  tenant: BenchTenant;
  sample: Sample;
  /** The administrator's, who asks. */
  token: string;
  cursorAt: CursorAt;
  /** This server and the limit first. */
  contestants: Contestant[];
}

const SOURCE = fileURLToPath(new URL("../../../test/bench/postgraphile/", import.meta.url));
const tell = (line: string): unknown => process.stderr.write(`${line}\n`);
const uncounted = async (): Promise<Counts> => ({ statements: 0, operations: 0 });

/** All servers over one database; the work is done between, and nothing is left running. */
export async function withBench(
  { DATA_DIR, DB_POOL_MAX: poolMax }: Config,
  { users, peers }: { users: number; peers: string },
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  const folder = join(DATA_DIR, "bench");
  const installed = peers === "postgraphile" ? await installPostgraphile(join(folder, "postgraphile")) : undefined;
  const tenant = await benchTenant(folder, users);
  const services: Service[] = [];
  const start = async (script: string, settings: object, runtime?: string): Promise<Service> => {
    const service = await Service.start(script, settings, runtime);
    services.push(service);
    return service;
  };
  try {
    const { viewer, tokens, token } = await accessTo(tenant, DATA_DIR);
    const settings: SubgraphSettings = { databaseUrl: tenant.appUrl, poolMax, tokens };
    const subgraph = subgraphOn(await start("./subgraph.js", settings), token);
    const bare: LimitSettings = { databaseUrl: tenant.ownerUrl, poolMax };
    const contestants = [subgraph, limitOn(await start("./limit.js", bare))];
    if (installed) {
      const schema = await readFile(join(SOURCE, "schema.sql"), "utf8");
      await tenant.sql(schema.replaceAll("$tenant", viewer.tenantId));
      const owned: PostgraphileSettings = { databaseUrl: tenant.ownerUrl, poolMax, installed: installed.folder };
      contestants.push(await postgraphileOn(await start("./postgraphile.js", owned, installed.node)));
    }
    const first = subgraph.requests("W2", [{ variables: { first: 1 }, values: [] }]);
    const given = (await ask(first)(0)) as { data: { users: { pageInfo: { endCursor: string } } } };
    const at: CursorAt = (name, guid) => cursorAt(given.data.users.pageInfo.endCursor, name, guid);
    await work({ users, tenant, sample: await sampleOf(tenant, viewer, at), token, cursorAt: at, contestants });
  } finally {
    await Promise.all(services.map((service) => service.stop()));
    await tenant.stop();
  }
}

const subgraphOn = (service: Service, token: string): Contestant => ({
  name: "this",
  service,
  requests: (name, inputs) => {
    const headers = { authorization: `Bearer ${token}` };
    return requests(
      service.url,
      inputs.map(({ variables }) => ({ query: workloads[name].document, variables })),
      headers,
    );
  },
  read: (_, answer) => answer,
  counts: async () => {
    const text = await (await fetch(new URL("/metrics", service.url))).text();
    const total = (metric: string): number =>
      [...text.matchAll(new RegExp(`^${metric}\\{.*\\} (\\d+)$`, "gm"))].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      );
    return {
      statements: total("graphql_operation_statements_total"),
      operations: total("graphql_operation_duration_seconds_count"),
    };
  },
});

const limitOn = (service: Service): Contestant => ({
  name: "limit",
  service,
  requests: (name, inputs) =>
    requests(
      new URL(name, service.url).href,
      inputs.map(({ values }) => values),
    ),
  read: (_, answer) => answer,
  counts: uncounted,
});

async function postgraphileOn(service: Service): Promise<Contestant> {
  const { document } = translations.W2;
  const first = (await ask(requests(service.url, [{ query: document, variables: { first: 1 } }]))(0)) as any;
  const { endCursor } = first.data.users.pageInfo;
  return {
    name: "PostGraphile",
    service,
    requests: (name, inputs) =>
      requests(
        service.url,
        inputs.map((input) => ({
          query: translations[name].document,
          variables: variablesOf(name, input, endCursor),
        })),
      ),
    read: shaped,
    counts: uncounted,
  };
}

/** By npm, beside the benchmark's database: it is no dependency of this package. Undefined when that fails. */
async function installPostgraphile(folder: string): Promise<{ folder: string; node: string } | undefined> {
  const lock = "package-lock.json";
  const text = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");
  const [wanted, there, complete] = await Promise.all(
    [join(SOURCE, lock), join(folder, lock), join(folder, "node_modules/.package-lock.json")].map(text),
  );
  try {
    if (there !== wanted || !complete) {
      tell("Installing PostGraphile and the Node that it needs ...");
      await mkdir(folder, { recursive: true });
      for (const file of ["package.json", lock]) await copyFile(join(SOURCE, file), join(folder, file));
      const onWindows = process.platform === "win32";
      await promisify(execFile)("npm", ["ci", "--ignore-scripts", "--loglevel=error"], {
        cwd: folder,
        shell: onWindows,
      });
    }
    return { folder, node: await nodeIn(folder) };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    tell(`Without PostGraphile, which cannot be installed: ${(error as Error).message}`);
    return undefined;
  }
}

/** The program in the one platform's package that npm chose. The package `node` would link to it by an install script. */
async function nodeIn(folder: string): Promise<string> {
  const { optionalDependencies } = JSON.parse(await readFile(join(SOURCE, "package.json"), "utf8")) as {
    optionalDependencies: Record<string, string>;
  };
  for (const name of Object.keys(optionalDependencies)) {
    const program = join(folder, "node_modules", name, "bin", name.includes("win-") ? "node.exe" : "node");
    if (await stat(program).catch(() => null)) return program;
  }
  throw new Error("there is no Node 24 for this platform among its packages.");
}

function requests(to: string, bodies: unknown[], headers: Record<string, string> = {}): Requests {
  const url = new URL(to);
  return { url, messages: bodies.map((body) => message(url, headers, body)) };
}

/** One answer, for the comparison. */
export const ask =
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
