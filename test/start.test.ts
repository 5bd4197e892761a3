import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type ConfigError, readConfig } from "../src/config.js";
import { developmentKey } from "../src/demo/index.js";
import { testDatabase } from "./harness/index.js";

const MAIN = join(import.meta.dirname, "../src/main.js");
const running = new Set<ChildProcess>();
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "users-subgraph-start-"));
  await chmod(dataDir, 0o711); // as root PostgreSQL runs as nobody, who has to enter
});

afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await rm(dataDir, { recursive: true, force: true });
});

interface Started {
  /** Resolves with all output so far once it holds this. */
  says(text: string): Promise<string>;
  ends(): Promise<{ code: number | null; output: string }>;
  child: ChildProcess;
}

function start(environment: Record<string, string>): Started {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, PORT: "0", DATA_DIR: dataDir, ...environment },
  });
  running.add(child);
  let output = "";
  const watchers = new Set<() => void>();
  const hear = (chunk: Buffer): void => {
    output += chunk.toString();
    for (const watcher of watchers) watcher();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const ended = once(child, "close").then(([code]) => {
    running.delete(child);
    for (const watcher of watchers) watcher();
    return { code: code as number | null, output };
  });
  return {
    child,
    ends: () => ended,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (output.includes(text)) resolve(output);
          else if (child.exitCode !== null) reject(new Error(`It ended with ${child.exitCode}:\n${output}`));
        };
        watchers.add(look);
        look();
      }),
  };
}

function problemsOf(environment: Record<string, string>): string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

const graphql = async (url: string, token: string, query: string): Promise<Record<string, any>> => {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) });
  return (await response.json()) as Record<string, any>;
};

test("a newcomer gets a URL, three tokens and a line that works; Ctrl-C stops the database too", async () => {
  const server = start({});
  const output = await server.says("Ctrl-C stops everything.");
  const url = /Users subgraph +(http\S+)\/graphql/.exec(output)![1]!;
  const [administrator, lead, investor] = [...output.matchAll(/^ {2}(ey\S+)$/gm)].map(([, token]) => token!);

  const { data } = await graphql(url, administrator!, "{ me { name } users { totalCount } }");
  expect(data.me.name).toBe("Ms Jane Admin");
  expect(data.users.totalCount).toBeGreaterThan(1000);
  const led = await graphql(url, lead!, "{ users(first: 100) { totalCount nodes { name } } }");
  expect(led.data.users.totalCount).toBeLessThan(30);
  const refused = await graphql(url, investor!, "{ me { name } users { totalCount } }");
  expect(refused.data?.users ?? null).toBeNull();
  expect(refused.errors[0].extensions.code).toBe("FORBIDDEN");

  const line = / {2}(curl .*)/.exec(output)![1]!;
  const curl = spawn("sh", ["-c", line]);
  let answer = "";
  curl.stdout.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  await once(curl, "close");
  expect(JSON.parse(answer).data.me.name).toBe("Ms Jane Admin");

  for (const [page, text] of [
    ["/", "Sandbox"],
    ["/graphiql", "html"],
    ["/livez", "ok"],
    ["/readyz", "ok"],
    ["/metrics", "graphql_operation_duration_seconds"],
  ] as const) {
    const response = await fetch(url + page);
    expect([page, response.status]).toEqual([page, 200]);
    expect(await response.text()).toContain(text);
  }

  server.child.kill("SIGINT");
  expect((await server.ends()).code).toBe(0);

  const again = start({});
  const second = await again.says("Ctrl-C stops everything.");
  const secondUrl = /Users subgraph +(http\S+)\/graphql/.exec(second)![1]!;
  const counted = await graphql(secondUrl, administrator!, "{ users { totalCount } }");
  expect(counted.data.users.totalCount).toBe(data.users.totalCount);
  again.child.kill("SIGTERM");
  expect((await again.ends()).code).toBe(0);
}, 120_000);

test("three servers may start at once on an empty database", async () => {
  const database = await testDatabase({ empty: true });
  const { jwks } = await developmentKey(dataDir);
  const environment = {
    DATABASE_URL: database.appUrl,
    DATABASE_OWNER_URL: database.ownerUrl,
    TOKEN_PUBLIC_KEY: JSON.stringify({ keys: jwks }),
    TOKEN_ISSUER: "https://issuer.test/",
    TOKEN_AUDIENCE: "users-subgraph",
  };
  const servers = [start(environment), start(environment), start(environment)];
  for (const server of servers) await server.says("serving");
  for (const server of servers) server.child.kill("SIGTERM");
  expect(await Promise.all(servers.map(async (server) => (await server.ends()).code))).toEqual([0, 0, 0]);
  await database.drop();
}, 60_000);

describe("production refuses to start", () => {
  const complete = {
    NODE_ENV: "production",
    DATABASE_URL: "postgres://app:secret@localhost:1/users",
    TOKEN_JWKS_URL: "https://issuer.test/jwks.json",
    TOKEN_ISSUER: "https://issuer.test/",
    TOKEN_AUDIENCE: "users-subgraph",
    ROUTER_SECRET: "0123456789abcdef",
  };

  test.each(["DATABASE_URL", "TOKEN_JWKS_URL", "TOKEN_ISSUER", "TOKEN_AUDIENCE", "ROUTER_SECRET"] as const)(
    "without %s",
    (name) => {
      const { [name]: _left, ...rest } = complete;
      expect(problemsOf(rest)).toEqual([expect.stringContaining(name)]);
    },
  );

  test("with one line for each of several that are missing", async () => {
    const { code, output } = await start({ NODE_ENV: "production" }).ends();
    expect(code).toBe(1);
    expect(output.trim().split("\n")).toHaveLength(5);
  });

  test("with a development key", async () => {
    const { jwks } = await developmentKey(dataDir);
    const { TOKEN_JWKS_URL: _url, ...rest } = complete;
    const { kid: _kid, ...nameless } = jwks[0]!;
    for (const key of [{ keys: jwks }, nameless]) {
      const { code, output } = await start({ ...rest, TOKEN_PUBLIC_KEY: JSON.stringify(key) }).ends();
      expect(code).toBe(1);
      expect(output).toMatch(/TOKEN_PUBLIC_KEY.*development key/);
    }
  });

  test("as a role that row-level security does not bind", async () => {
    const database = await testDatabase();
    for (const url of [database.ownerUrl, database.superUrl]) {
      const { code, output } = await start({ ...complete, DATABASE_URL: url }).ends();
      expect(code).toBe(1);
      expect(output).toMatch(/DATABASE_URL connects as .* row-level security does not bind/);
    }
    await database.drop();
  });

  test("on a database without its migrations", async () => {
    const database = await testDatabase({ empty: true });
    const { code, output } = await start({ ...complete, DATABASE_URL: database.appUrl }).ends();
    expect(code).toBe(1);
    expect(output).toMatch(/migration/);
    await database.drop();
  });
});

test.each([
  ["PORT", "http"],
  ["NODE_ENV", "staging"],
  ["DATABASE_URL", "mysql://localhost/users"],
  ["ROUTER_SECRET", "short"],
  ["LOG_LEVEL", "loud"],
  ["DB_POOL_MAX", "0"],
  ["TOKEN_JWKS_URL", "not a url"],
  ["NODE_FIELDS", "maybe"],
])("a malformed %s is named", (name, value) => {
  expect(problemsOf({ [name]: value })).toEqual([expect.stringContaining(`${name}:`)]);
});

test("in production only the router is answered, introspection is off and the pages for people are not there", async () => {
  const database = await testDatabase();
  const server = start({
    NODE_ENV: "production",
    HOST: "127.0.0.1",
    DRAIN_MILLISECONDS: "0",
    DATABASE_URL: database.appUrl,
    TOKEN_PUBLIC_KEY: PUBLIC_KEY,
    TOKEN_ISSUER: "https://issuer.test/",
    TOKEN_AUDIENCE: "users-subgraph",
    ROUTER_SECRET: "0123456789abcdef,fedcba9876543210",
  });
  const output = await server.says("serving");
  const url = /"url":"(http[^"]+)"/.exec(output)![1]!;
  const ask = (secret: string | null, query: string): Promise<Response> =>
    fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(secret === null ? {} : { "x-router-secret": secret }) },
      body: JSON.stringify({ query }),
    });
  for (const secret of ["0123456789abcdef", "fedcba9876543210"]) {
    expect((await ask(secret, "{ _service { sdl } }")).status).toBe(200);
  }
  for (const secret of [null, "", "0123456789abcdeF", "0123456789abcdef,fedcba9876543210"]) {
    expect((await ask(secret, "{ _service { sdl } }")).status).toBe(403);
  }
  const spelled = await fetch(`${url}/%67raphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: "{ _service { sdl } }" }),
  });
  expect(spelled.status).toBe(403);
  const introspection = await (await ask("0123456789abcdef", "{ __schema { types { name } } }")).text();
  expect(introspection).not.toContain('"types"');
  const suggestion = await (await ask("0123456789abcdef", "{ userss { totalCount } }")).text();
  expect(suggestion).not.toContain("Did you mean");
  expect((await fetch(`${url}/`)).status).toBe(404);
  expect((await fetch(`${url}/graphiql`)).status).toBe(404);
  server.child.kill("SIGTERM");
  expect((await server.ends()).code).toBe(0);
  const client = new pg.Client({ connectionString: database.superUrl });
  await client.connect();
  const { rows } = await client.query(
    "SELECT FROM pg_stat_activity WHERE application_name = 'users-subgraph' AND datname = current_database()",
  );
  expect(rows).toHaveLength(0);
  await client.end();
  await database.drop();
});

// Of a key pair made for this file; nobody has its private half any more.
const PUBLIC_KEY = JSON.stringify({
  kty: "EC",
  crv: "P-256",
  alg: "ES256",
  kid: "start-test",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
});
