import { exportJWK } from "jose";
import { AUDIENCE, harness, ISSUER, operations, problems, SESSION_ISSUER } from "../harness/index.js";
import { testLog } from "../harness/log.js";
import { graphql, processes, type Started } from "../harness/process.js";
import { until } from "../harness/smtp.js";
import { layWire } from "../harness/wire.js";

const { start } = await processes();
const { log, lines } = testLog();
const { tenant, database, url, keys } = await harness({ alone: true, log, poolMax: 1 });
const behind = await harness({ pooled: 2 });
const wire = await layWire(new URL(database.appUrl));
afterAll(() => wire.stop());
const NAME = new URL(database.appUrl).pathname.slice(1);

interface Probed {
  status: number;
  body: { status: string; reason?: string };
}

async function probe(address: string, path = "/readyz"): Promise<Probed> {
  const answer = await fetch(address + path);
  return { status: answer.status, body: (await answer.json()) as Probed["body"] };
}

const READY: Probed = { status: 200, body: { status: "ok" } };
const notReady = (reason: string): Probed => ({ status: 503, body: { status: "unavailable", reason } });

/** A server of its own that reaches the database by that address. */
const serve = async (databaseUrl: string, more: Record<string, string> = {}): Promise<Started> =>
  start({
    DATABASE_URL: databaseUrl,
    TOKEN_PUBLIC_KEY: JSON.stringify({ ...(await exportJWK(keys.publicKey)), alg: "ES256", kid: "test" }),
    TOKEN_ISSUER: ISSUER,
    TOKEN_AUDIENCE: AUDIENCE,
    SESSION_ISSUER,
    MAIL_WORKER: "false",
    ...more,
  });

/** Ends the application's connections; they are opened anew where that is allowed. */
const disconnect = (): Promise<unknown> =>
  database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = 'users_app'", [
    NAME,
  ]);

test("a server that has its database is ready, also behind a pooler in transaction mode", async () => {
  expect(await probe(url)).toEqual(READY);
  expect(await probe(behind.url)).toEqual(READY);
});

test("one whose mails cannot be counted, for they are locked by a migration, is ready still", async () => {
  const holder = await database.hold("LOCK TABLE mail_deliveries IN ACCESS EXCLUSIVE MODE");
  const scrape = fetch(`${url}/metrics`);
  await until(database.isBlocked);
  expect(await probe(url)).toEqual(READY);
  expect((await scrape).status).toBe(200);
  // Nor is a session left waiting by each scrape.
  await until(async () => !(await database.isBlocked()));
  await holder.release();
});

test("one whose connections are all busy is ready still", async () => {
  const { admin } = await tenant();
  const holder = await database.hold(`SELECT FROM users WHERE id = '${admin.guid}' FOR UPDATE`);
  const waiting = admin.ask(operations.UpdateCurrentUser!, { input: { forename: "Waiting" } });
  await until(database.isBlocked);
  expect(await probe(url)).toEqual(READY);
  await holder.release();
  await waiting;
});

test("without the database it is alive and not ready, and ready once that is back; each is logged once", async () => {
  const from = lines.length;
  await database.sql(`ALTER DATABASE ${NAME} CONNECTION LIMIT 0`);
  await disconnect();
  for (let count = 0; count < 3; count++) expect(await probe(url)).toEqual(notReady("database"));
  expect(await probe(url, "/livez")).toEqual(READY);
  await database.sql(`ALTER DATABASE ${NAME} CONNECTION LIMIT -1`);
  expect(await probe(url)).toEqual(READY);
  expect(lines.slice(from).flatMap(({ reason, msg }) => (/ready/.test(msg) ? [[msg, reason]] : []))).toEqual([
    ["not ready", "database"],
    ["ready again", null],
  ]);
});

test("on a network that swallows everything a probe is answered before a caller, over one connection", async () => {
  const { admin } = await tenant();
  const far = await serve(Object.assign(new URL(database.appUrl), { port: String(wire.port) }).href);
  const address = await far.url();
  await graphql(address, admin.token, "{ me { guid } }");
  expect(await probe(address)).toEqual(READY);
  wire.silence();
  const before = wire.opened();
  const asked = graphql(address, admin.token, "{ me { guid } }").then(() => "a caller");
  const probes = Promise.all(Array.from({ length: 20 }, () => probe(address)));
  expect(await Promise.race([asked, probes.then(() => "probes")])).toBe("probes");
  expect(new Set((await probes).map((one) => JSON.stringify(one)))).toEqual(
    new Set([JSON.stringify(notReady("database"))]),
  );
  expect(wire.opened() - before).toBeLessThanOrEqual(1);
  expect(await probe(address, "/livez")).toEqual(READY);
  wire.resume();
  await until(async () => (await probe(address)).status === 200);
});

test("where a migration is missing it is not ready; one of a later version does not matter", async () => {
  await database.sql(`INSERT INTO migrations ("timestamp", name) VALUES (9000000000000, 'Later9000000000000')`);
  expect(await probe(url)).toEqual(READY);
  const [gone] = await database.sql<{ timestamp: string; name: string }>(
    `DELETE FROM migrations WHERE name LIKE 'Forms%' RETURNING "timestamp", name`,
  );
  expect(await probe(url)).toEqual(notReady("migrations"));
  await database.sql(`INSERT INTO migrations ("timestamp", name) VALUES ($1, $2)`, [gone!.timestamp, gone!.name]);
  expect(await probe(url)).toEqual(READY);
  await database.sql("REVOKE SELECT ON migrations FROM users_app");
  expect(await probe(url)).toEqual(notReady("migrations"));
  await database.sql("GRANT SELECT ON migrations TO users_app");
  expect(await probe(url)).toEqual(READY);
});

test("where the database takes no writes it is not ready, and a mutation is told to come again", async () => {
  const { admin } = await tenant();
  await database.sql(`ALTER DATABASE ${NAME} SET default_transaction_read_only = on`);
  await disconnect();
  expect(await probe(url)).toEqual(notReady("read-only"));
  await until(async () => !(await admin.send("{ me { guid } }")).errors);
  const refused = await admin.send(operations.UpdateCurrentUser!, { input: { forename: "Ro" } });
  expect(problems(refused)).toEqual(["UNAVAILABLE"]);
  await database.sql(`ALTER DATABASE ${NAME} RESET default_transaction_read_only`);
  await disconnect();
  expect(await probe(url)).toEqual(READY);
});

test("while it drains it serves and is not ready", async () => {
  const { admin } = await tenant();
  const draining = await serve(database.appUrl, { DRAIN_MILLISECONDS: "3600000" });
  const address = await draining.url();
  expect(await probe(address)).toEqual(READY);
  draining.child.kill("SIGTERM");
  await until(async () => (await probe(address)).status === 503);
  expect(await probe(address)).toEqual(notReady("draining"));
  expect(await probe(address, "/livez")).toEqual(READY);
  expect((await graphql(address, admin.token, "{ me { guid } }")).data.me.guid).toBe(admin.guid);
  await draining.kill();
});
