import { spawn } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Agent, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { type ConfigError, readConfig, readServerConfig } from "../src/config.js";
import { runningEmbeddedPostgres } from "../src/database/index.js";
import { DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, developmentKey } from "../src/demo/index.js";
import { testDatabase } from "./harness/index.js";
import { transactionPooler } from "./harness/pooler.js";
import { beside, graphql, MAIL_WORKER, MAIN, MIGRATE, processes } from "./harness/process.js";
import { until } from "./harness/smtp.js";

const { dataDir, start, killAll } = await processes();

const THIS_DEPLOYMENT = {
  SESSION_ISSUER: "https://users.test/",
  SECRET_KEY: "0123456789abcdef0123456789abcdef",
  SMTP_URL: "smtp://localhost:1",
  MAIL_FROM: "no-reply@platform.example",
  INVITATION_URL: "https://platform.example/accept#{token}",
  PUBLIC_URL: "https://users.platform.example/",
};

function problemsOf(environment: Record<string, string>): string[] {
  try {
    readServerConfig(environment);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

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
    ["/metrics", 'mail_queue{measure="waiting"} 0'],
    ["/mail", "No mail yet"],
    ["/mail/accept", "Accept the invitation"],
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

test("one that is told to stop while it makes its tables does so, and calls it no failure", async () => {
  const folder = join(dataDir, "stopped");
  const server = start({ DATA_DIR: folder });
  await until(() => runningEmbeddedPostgres(join(folder, "postgres")));
  server.child.kill("SIGTERM");
  const { code, output } = await server.ends();
  expect([code, output]).toEqual([0, expect.not.stringContaining("users-subgraph:")]);
});

test("a port that is taken is told before anything is made", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const elsewhere = join(dataDir, "never");
  const { code, output } = await start({ PORT: String(port), DATA_DIR: elsewhere }).ends();
  expect([code, output]).toEqual([
    1,
    `users-subgraph: PORT: ${port} on 127.0.0.1 is taken. Stop what listens there, or set another PORT.\n`,
  ]);
  expect(existsSync(elsewhere)).toBe(false);
  taken.close();
});

test("a second server on the same folder says whose it is and what to do", async () => {
  const [first, second] = [start({}), start({})];
  const over = await Promise.race([first.ends(), second.ends()]);
  expect([over.code, over.output]).toEqual([
    1,
    expect.stringMatching(/PostgreSQL is already running on .*: stop its server, or set another DATA_DIR/),
  ]);
  await killAll();
});

const onWindows = process.platform === "win32";
(onWindows ? test.skip : test)("npm's shell hands SIGTERM on: nobody is left behind", async () => {
  const { scripts } = JSON.parse(await readFile("package.json", "utf8")) as { scripts: { start: string } };
  const database = await testDatabase();
  const { jwks } = await developmentKey(dataDir);
  const shell = spawn("sh", ["-c", scripts.start], {
    env: {
      PATH: process.env.PATH,
      PORT: "0",
      DATA_DIR: dataDir,
      DATABASE_URL: database.appUrl,
      TOKEN_PUBLIC_KEY: JSON.stringify({ keys: jwks }),
      TOKEN_ISSUER: "https://issuer.test/",
      TOKEN_AUDIENCE: "users-subgraph",
    },
  });
  for await (const line of createInterface(shell.stdout)) if (line.includes("serving")) break;
  // Below npm Ctrl-C comes twice, from the terminal and from npm. (Of two that are the same one may get lost.)
  for (const signal of ["SIGTERM", "SIGINT"] as const) shell.kill(signal);
  expect(await once(shell, "exit")).toEqual([0, null]);
  await database.drop();
});

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

test("a request that is under way when the server is told to stop is answered, and its connection is not waited for", async () => {
  const database = await testDatabase();
  const key = await developmentKey(dataDir);
  const server = start(beside(database, key));
  const url = await server.url();
  const holder = await database.hold("LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
  const token = await key.sign({ tenantId: randomUUID(), subject: randomUUID() });
  const agent = new Agent({ keepAlive: true });
  const asked = request(`${url}/graphql`, {
    method: "POST",
    agent,
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
  }).end(JSON.stringify({ query: "{ me { guid } }" }));
  await until(database.isBlocked);
  server.child.kill("SIGTERM");
  await until(async () => !(await fetch(`${url}/readyz`).catch(() => null)));
  await holder.release();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  answer.resume();
  expect([answer.statusCode, answer.headers.connection]).toEqual([401, "close"]);
  expect((await server.ends()).code).toBe(0);
  agent.destroy();
  await database.drop();
});

test.each([
  ["has asked nothing yet", ""],
  ["has asked half", "POST /graphql HTTP/1.1\r\nhost:"],
])("a connection that %s is not waited for", async (_which, sent) => {
  const database = await testDatabase();
  const { jwks } = await developmentKey(dataDir);
  const server = start({
    DATABASE_URL: database.appUrl,
    TOKEN_PUBLIC_KEY: JSON.stringify({ keys: jwks }),
    TOKEN_ISSUER: DEVELOPMENT_ISSUER,
    TOKEN_AUDIENCE: DEVELOPMENT_AUDIENCE,
  });
  const socket = connect(Number(new URL(await server.url()).port), "127.0.0.1");
  await once(socket, "connect");
  socket.write(sent);
  await fetch(`${await server.url()}/livez`); // by now it has taken note
  server.child.kill("SIGTERM");
  expect((await server.ends()).code).toBe(0);
  socket.destroy();
  await database.drop();
});

test("a worker beside the servers sends mails and ends when it is told to", async () => {
  const database = await testDatabase();
  const environment = { DATABASE_URL: database.appUrl, ...THIS_DEPLOYMENT };
  const worker = start(environment, MAIL_WORKER);
  await worker.says("sending mails");
  for (const signal of ["SIGINT", "SIGTERM"] as const) worker.child.kill(signal);
  expect((await worker.ends()).code).toBe(0);
  for (const [wrong, line] of [
    [{}, /^users-subgraph: DATABASE_URL is missing/],
    [{ ...environment, DATABASE_URL: database.ownerUrl }, /row-level security does not bind/],
  ] as const) {
    const { code, output } = await start(wrong, MAIL_WORKER).ends();
    expect([code, output]).toEqual([1, expect.stringMatching(line)]);
  }
  await database.drop();
});

test("migrations by themselves say in a line what keeps them from running", async () => {
  const away = "postgres://owner:secret@127.0.0.1:1/users";
  for (const [environment, line] of [
    [{}, "Set DATABASE_OWNER_URL and DATABASE_URL."],
    [{ DATABASE_URL: "users" }, "DATABASE_URL: has to be a postgres:// URL"],
    [
      { DATABASE_URL: away, DATABASE_OWNER_URL: "postgres://owner:50%off@127.0.0.1:1/users" },
      "DATABASE_OWNER_URL: cannot be read as a URL: in a password % / ? # @ : are written %25 %2F %3F %23 %40 %3A",
    ],
    [{ DATABASE_URL: away, DATABASE_OWNER_URL: away }, "DATABASE_OWNER_URL: connect ECONNREFUSED 127.0.0.1:1"],
  ] as const) {
    expect(await start(environment, MIGRATE).ends()).toEqual({ code: 1, output: `${line}\n` });
  }
});

test("what the driver says of a connection is told with its variable, and what to do", async () => {
  const database = await testDatabase();
  const pooler = await transactionPooler(database.appUrl, 1);
  const other = createServer((socket) => socket.resume().end()).listen(0, "127.0.0.1");
  await once(other, "listening");
  const hangingUp = `postgres://app:a@127.0.0.1:${(other.address() as AddressInfo).port}/users`;
  const { appUrl, ownerUrl } = database;
  const withPassword = (url: string, password: string): string => Object.assign(new URL(url), { password }).href;
  for (const [environment, program, line] of [
    [
      { DATABASE_URL: withPassword(appUrl, "") },
      MAIN,
      /^users-subgraph: DATABASE_URL: .*asks for a password.*role:pass/,
    ],
    [{ DATABASE_URL: `${appUrl}?sslmode=verify-full` }, MAIN, /^users-subgraph: DATABASE_URL: .*TLS.*sslmode/],
    [{ DATABASE_URL: pooler.url(appUrl) }, MAIN, /^users-subgraph: DATABASE_URL: .*DB_POOL_MODE=transaction/],
    [
      { DATABASE_URL: appUrl, DATABASE_OWNER_URL: pooler.url(ownerUrl) },
      MIGRATE,
      /^DATABASE_OWNER_URL: .*straight to PostgreSQL/,
    ],
    [{ DATABASE_URL: "postgres://app:a/b@c@localhost/users" }, MAIN, /^users-subgraph: DATABASE_URL: .*%2F/],
    [{ DATABASE_URL: hangingUp }, MAIN, /^users-subgraph: DATABASE_URL: Connection terminated/],
  ] as const) {
    const { code, output } = await start(environment, program).ends();
    expect([code, output]).toEqual([1, expect.stringMatching(line)]);
  }
  other.close();
  await pooler.stop();
  await database.drop();
});

test("migrations grant to no role that is not there, nor to the owner, and do nothing then", async () => {
  const database = await testDatabase({ empty: true });
  const { appUrl, ownerUrl } = database;
  const misspelt = Object.assign(new URL(appUrl), { username: "users_ap" }).href;
  for (const [url, line] of [
    [misspelt, 'DATABASE_URL names the role "users_ap", which is not there.'],
    [ownerUrl, /^DATABASE_URL names "users_owner", who migrates: .*role of its own/],
  ] as const) {
    const { code, output } = await start({ DATABASE_URL: url, DATABASE_OWNER_URL: ownerUrl }, MIGRATE).ends();
    expect([code, output.trim()]).toEqual([1, expect.stringMatching(line)]);
  }
  expect(await database.tenantTables()).toEqual([]);
  await database.drop();
});

test("commands want of production no more than they need", async () => {
  const database = await testDatabase({ empty: true });
  const environment = { NODE_ENV: "production", DATABASE_OWNER_URL: database.ownerUrl, DATABASE_URL: database.appUrl };
  const outputs = ["The schema is up to date: [1-9]\\d* migration", "The schema is up to date: 0 migration"];
  for (const output of outputs) {
    expect(await start(environment, MIGRATE).ends()).toEqual({ code: 0, output: expect.stringMatching(output) });
  }
  await database.drop();
});

test("each limit is read from its variable", async () => {
  const database = await testDatabase();
  const key = await developmentKey(dataDir);
  const server = start({
    ...beside(database, key),
    MAX_BODY_BYTES: "5001",
    MAX_TOKENS: "102",
    MAX_DEPTH: "5",
    MAX_FIELDS: "16",
    MAX_PAIRS: "4",
    MAX_ALIASES: "6",
    MAX_ROOT_FIELDS: "7",
    MAX_VALUES: "1008",
    MAX_REFERENCES: "9",
  });
  const url = await server.url();
  const token = await key.sign({ tenantId: randomUUID(), subject: randomUUID() });
  const refused = async (query: string, variables: object = {}): Promise<string> =>
    (await graphql(url, token, query, variables)).errors[0].message;
  const times = (count: number, text: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => text(index)).join(" ");
  const references = Array.from({ length: 10 }, () => ({ __typename: "User", guid: randomUUID() }));
  expect(await refused(`{ me { id } } #${"x".repeat(5_000)}`)).toMatch("at most 5001 bytes");
  expect(await refused(`{ me { ${times(100, () => "id")} } }`)).toMatch("more that 102 tokens");
  expect(await refused("{ me { userGroups { nodes { members { nodes { id } } } } } }")).toMatch("; 5 are allowed");
  expect(await refused(`{ me { ${FIELDS} } users { nodes { ${FIELDS} } } }`)).toMatch("; 16 are allowed");
  expect(await refused(`{ me { ${times(4, () => "id")} } }`)).toMatch("; 4 are allowed");
  expect(await refused(`{ me { ${times(7, (index) => `a${index}: id`)} } }`)).toMatch("; 6 are allowed");
  expect(await refused(`{ ${LISTS.map((list) => `${list} { totalCount }`).join(" ")} }`)).toMatch("; 7 are allowed");
  expect(
    await refused("{ userGroups(first: 50) { nodes { members(first: 50) { totalCount nodes { id } } } } }"),
  ).toMatch("; 1008 are");
  expect(
    await refused("query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }", { r: references }),
  ).toMatch(/\b9\b/);
  server.child.kill("SIGTERM");
  await server.ends();
  await database.drop();
});

const FIELDS = "id guid name title forename surname status";
const LISTS =
  "users userGroups invitations classifications featureFlags userDataForms investorPreferenceForms auditEvents".split(
    " ",
  );

describe("production refuses to start", () => {
  const complete = {
    NODE_ENV: "production",
    DATABASE_URL: "postgres://app:secret@localhost:1/users",
    TOKEN_JWKS_URL: "https://issuer.test/jwks.json",
    TOKEN_ISSUER: "https://issuer.test/",
    TOKEN_AUDIENCE: "users-subgraph",
    ROUTER_SECRET: "0123456789abcdef",
    ...THIS_DEPLOYMENT,
  };

  test.each(Object.keys(complete).filter((name) => name !== "NODE_ENV"))("without %s", (name) => {
    expect(problemsOf({ ...complete, [name]: "" })).toEqual([expect.stringContaining(name)]);
  });

  test("with one line for each of several that are missing", async () => {
    const { code, output } = await start({ NODE_ENV: "production" }).ends();
    expect(code).toBe(1);
    expect(output.trim().split("\n")).toHaveLength(11);
  });

  test("with one issuer for two sets of keys", () => {
    expect(problemsOf({ ...complete, SESSION_ISSUER: complete.TOKEN_ISSUER })).toEqual([
      expect.stringContaining("SESSION_ISSUER, TOKEN_ISSUER"),
    ]);
  });

  test("with a replica of another database, or as another role", () => {
    const replicas = (...urls: string[]): string[] => problemsOf({ ...complete, DATABASE_REPLICA_URLS: urls.join() });
    const good = "postgres://app:other@replica:5432/users";
    expect(replicas(good, good)).toEqual([]);
    for (const wrong of ["postgres://owner@replica/users", "postgres://app@replica/others", "nowhere"]) {
      expect(replicas(good, wrong)).toEqual([expect.stringContaining("DATABASE_REPLICA_URLS")]);
    }
    expect(problemsOf({ DATABASE_REPLICA_URLS: good })).toEqual([expect.stringContaining("DATABASE_REPLICA_URLS")]);
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

  test("with a private key where a public one belongs", async () => {
    const { TOKEN_JWKS_URL: _url, ...rest } = complete;
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = privateKey.export({ format: "pem", type: "sec1" }) as string;
    const { code, output } = await start({ ...rest, TOKEN_PUBLIC_KEY: pem }).ends();
    expect(code).toBe(1);
    expect(output).toMatch(/TOKEN_PUBLIC_KEY: a private .* only public keys verify/);
    expect(output).not.toContain(pem.split("\n")[1]);
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

test("in development an issuer is given whole, or not at all", () => {
  const issuer = { TOKEN_JWKS_URL: "https://issuer.test/jwks.json", TOKEN_ISSUER: "a", TOKEN_AUDIENCE: "b" };
  expect(problemsOf(issuer)).toEqual([]);
  for (const [name, value] of Object.entries(issuer)) {
    expect(problemsOf({ ...issuer, [name]: "" })).toEqual([expect.stringMatching(`^${name}.* is missing`)]);
    expect(problemsOf({ [name]: value })).toHaveLength(2);
  }
});

test("an owner without an application's role is none of the embedded database", () => {
  expect(problemsOf({ DATABASE_OWNER_URL: "postgres://owner@localhost/users" })).toEqual([
    expect.stringMatching(/^DATABASE_URL is missing/),
  ]);
});

test.each([
  ["PORT", "http"],
  ["NODE_ENV", "staging"],
  ["DATABASE_URL", "mysql://localhost/users"],
  ["ROUTER_SECRET", "short"],
  // No header's value has spaces around it.
  ["ROUTER_SECRET", "0123456789abcdef, fedcba9876543210"],
  ["ROUTER_SECRET", "das Geheimnis für Router"],
  ["LOG_LEVEL", "loud"],
  ["DB_POOL_MAX", "0"],
  ["DB_POOL_QUEUE", " "],
  ["MAX_TOKENS", "1e3"],
  ["DATABASE_URL", "postgres://localhost/users"],
  ["DB_STATEMENT_TIMEOUT", "0"],
  ["TOKEN_JWKS_URL", "not a url"],
  ["NODE_FIELDS", "maybe"],
  ["SECRET_KEY", "0123456789abcdef"],
  ["SMTP_URL", "http://localhost"],
  ["MAIL_FROM", "nobody"],
  ["MAIL_FROM", "Ida <ida@example.com"],
  ["MAIL_FROM", "Ida\r\nBcc: x <ida@example.com>"],
  ["INVITATION_URL", "https://platform.example/accept"],
  ["INVITATION_URL", "https://{token}.example/accept"],
  ["INVITATION_URL", "javascript:alert('{token}')"],
  ["INVITATION_URL", "/accept?token={token}"],
  ["MAIL_WORKER", "yes"],
  ["PUBLIC_URL", "users.platform.example"],
  ["PUBLIC_URL", "https://users.platform.example/?x"],
  ["EXPORT_CONCURRENCY", "0"],
  ["EXPORT_MAX_ROWS", "1048576"],
])("a malformed %s is named", (name, value) => {
  expect(problemsOf({ [name]: value })).toEqual([expect.stringContaining(`${name}:`)]);
});

test.each([
  ["no-reply@platform.example", { name: "", address: "no-reply@platform.example" }],
  ["The Platform <no-reply@platform.example>", { name: "The Platform", address: "no-reply@platform.example" }],
])("mails may be from %s", (given, mailbox) => {
  expect(readConfig({ MAIL_FROM: given }).MAIL_FROM).toEqual(mailbox);
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
    ...THIS_DEPLOYMENT,
  });
  const url = await server.url();
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
  expect((await fetch(`${url}/mail`)).status).toBe(404);
  server.child.kill("SIGTERM");
  await server.says('"msg":"draining: not ready, and still serving"');
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
