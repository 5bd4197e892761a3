import pg from "pg";
import { TransactionPool } from "../../src/database/index.js";
import { openTenantDoor, sql, TenantDb } from "../../src/kit/index.js";
import { harness, operations } from "../harness/index.js";
import { leaks, strayWrites } from "../harness/tenancy.js";

/** Two connections for all that twenty callers do at once, and each transaction on the other one. */
const server = await harness({ pooled: 2, poolMax: 20 });
openTenantDoor();

test("behind a pooler row-level security alone leaks nothing, though connections change hands at every statement", async () => {
  expect(await leaks(server)).toEqual([]);
  const { transactions, moved } = server.pooler!.counts;
  expect(moved).toBeGreaterThan(transactions / 2);
});

test("and keeps writes in their tenant", async () => {
  expect(await strayWrites(server)).toEqual([]);
});

test("callers of several tenants at once see their own people and nobody else's", async () => {
  const tenants = await Promise.all(Array.from({ length: 4 }, () => server.tenant()));
  const people = await Promise.all(tenants.map((here) => here.user()));
  const rounds = Array.from({ length: 10 }, () =>
    tenants.map(async ({ admin }, index) => {
      const { users } = await admin.ask("{ users { totalCount nodes { guid } } me { guid } }");
      expect([index, users.totalCount]).toEqual([index, 2]);
      expect(users.nodes.map(({ guid }: { guid: string }) => guid).toSorted()).toEqual(
        [admin.guid, people[index]!.guid].toSorted(),
      );
    }),
  );
  await Promise.all(rounds.flat());
});

test("a statement that fails leaves its neighbours alone", async () => {
  const here = await server.tenant();
  const { id } = await here.user();
  const pool = new TransactionPool({ connectionString: server.pooler!.url(server.database.appUrl), pipeline: true });
  const db = new TenantDb(here.id, pool.session());
  const names = (): Promise<object[]> => db.query(sql`SELECT u.id FROM users u WHERE ${db.tenantIs("u")}`);
  const outcomes = await Promise.allSettled([names(), db.query(sql`SELECT 1 / ${0}::int`), names()]);
  expect(outcomes).toMatchObject([{ value: [{}, {}] }, { reason: { code: "22012" } }, { value: [{}, {}] }]);
  await pool.end();

  const input = { userId: id, email: here.admin.email, forename: "Lost" };
  expect(await here.refusals(here.admin, operations.UpdateUser!, input)).toEqual(["TAKEN input.email"]);
});

test("the connections keep nothing: no tenant, no timeout, no prepared statement", async () => {
  const client = new pg.Client({ connectionString: server.pooler!.url(server.database.appUrl) });
  await client.connect();
  const kept = async (): Promise<{ pid: number }> =>
    (
      await client.query(`SELECT pg_backend_pid() AS pid, current_setting('app.tenant', true) AS tenant,
        current_setting('statement_timeout') AS timeout, (SELECT count(*)::int FROM pg_prepared_statements) AS prepared`)
    ).rows[0];
  const [one, other] = [await kept(), await kept()];
  for (const each of [one, other]) expect(each).toMatchObject({ tenant: "", timeout: "0", prepared: 0 });
  expect(one.pid).not.toBe(other.pid);
  await client.end();
});
