import pg from "pg";
import { apiSchema } from "../src/schema.js";
import { harness } from "./harness/index.js";
import { leaks, QUESTIONS, strayWrites, twins } from "./harness/tenancy.js";

const server = await harness();
const { database, tenant } = server;
const tables = await database.tenantTables();

test("the questions ask every root field", () => {
  const fields = Object.keys(apiSchema({ nodeFields: true }).getQueryType()!.getFields());
  expect(Object.keys(QUESTIONS).toSorted()).toEqual(["_entities", ...fields].toSorted());
});

test("of two tenants with equal guids and e-mail addresses each sees only its own", async () => {
  expect(await leaks(server)).toEqual([]);
});

test("a write changes nothing in the other tenant", async () => {
  expect(await strayWrites(server)).toEqual([]);
});

test("a cursor of one tenant shows only its own rows in another", async () => {
  const [one, two] = await twins(server);
  const list =
    "query ($after: String) { users(first: 1, after: $after) { nodes { name contactEmail } pageInfo { endCursor } } }";
  const { users } = await one.here.admin.ask(list);
  const { body } = await two.here.admin.send(list, { after: users.pageInfo.endCursor });
  expect(body).not.toContain(one.mark);
});

describe("the catalogue", () => {
  test("knows of no table without a tenant but that of the migrations", async () => {
    const all = await database.sql<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace",
    );
    const without = all.filter(({ name }) => !tables.includes(name));
    expect(without).toEqual([{ name: "migrations" }]);
  });

  test.each(tables)("%s has row-level security with a policy for reading and for writing", async (table) => {
    const policies = await database.sql(
      `SELECT c.relrowsecurity AS enabled, p.polpermissive AS permissive, p.polcmd AS command,
         pg_get_expr(p.polqual, c.oid) AS read, pg_get_expr(p.polwithcheck, c.oid) AS write
       FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid WHERE c.oid = $1::regclass`,
      [table],
    );
    const marker = expect.stringMatching(/^\(tenant_id = .*current_setting\('app\.tenant'/s);
    expect(policies).toEqual([{ enabled: true, permissive: true, command: "*", read: marker, write: marker }]);
  });

  test.each(tables)("every key of %s begins with the tenant", async (table) => {
    const keys = await database.sql<{ name: string; columns: string[] }>(
      `SELECT i.indexrelid::regclass::text AS name, array_agg(a.attname::text ORDER BY k.place) AS columns
       FROM pg_index i, unnest(i.indkey::int[]) WITH ORDINALITY k(number, place)
         LEFT JOIN LATERAL (SELECT 1) one ON true, pg_attribute a
       WHERE i.indrelid = $1::regclass AND i.indisunique AND a.attrelid = i.indrelid AND a.attnum = k.number GROUP BY 1`,
      [table],
    );
    expect(keys.length).toBeGreaterThan(0);
    for (const { name, columns } of keys) expect([name, columns[0]]).toEqual([name, "tenant_id"]);
  });

  test.each(tables)("every foreign key of %s stays in the tenant", async (table) => {
    const keys = await database.sql<{ name: string; own: string; other: string; deletion: string }>(
      `SELECT c.conname AS name, a.attname AS own, b.attname AS other, c.confdeltype AS deletion
       FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
         JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
       WHERE c.conrelid = $1::regclass AND c.contype = 'f'`,
      [table],
    );
    for (const key of keys)
      expect(key).toEqual({ name: key.name, own: "tenant_id", other: "tenant_id", deletion: "a" });
  });
});

describe("the application's role", () => {
  const app = new pg.Client({ connectionString: database.appUrl });
  beforeAll(() => app.connect());
  afterAll(() => app.end());
  const actAs = (tenantId: string) => app.query("SELECT set_config('app.tenant', $1, false)", [tenantId]);

  test("is neither superuser nor owner, and row-level security binds it", async () => {
    const { rows } = await app.query(
      `SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
         (SELECT count(*)::int FROM pg_class WHERE pg_has_role(current_user, relowner, 'MEMBER')
           AND relnamespace = 'public'::regnamespace) AS owned
       FROM pg_roles WHERE rolname = current_user`,
    );
    expect(rows).toEqual([
      {
        rolsuper: false,
        rolbypassrls: false,
        rolcreaterole: false,
        rolcreatedb: false,
        rolreplication: false,
        owned: 0,
      },
    ]);
  });

  test.each([...tables, "user_search", "user_group_search"])(
    "sees no row of %s without a tenant, nor with an unknown one",
    async (table) => {
      const { here } = (await twins(server))[0];
      const count = async () => Number((await app.query(`SELECT count(*) FROM ${table}`)).rows[0].count);
      await app.query("RESET app.tenant");
      expect(await count()).toBe(0);
      await actAs("");
      expect(await count()).toBe(0);
      await actAs("00000000-0000-7000-8000-000000000000");
      expect(await count()).toBe(0);
      await actAs(here.id);
      expect(await count()).toBeGreaterThan(0);
    },
  );

  test("cannot put a row into another tenant", async () => {
    const [here, there] = [await tenant(), await tenant()];
    await actAs(here.id);
    const insert =
      "INSERT INTO classifications (tenant_id, id, reference, name, name_norm) VALUES ($1, gen_random_uuid(), 'r', 'n', 'n')";
    await expect(app.query(insert, [there.id])).rejects.toMatchObject({ code: "42501" });
    await expect(app.query(insert, [here.id])).resolves.toMatchObject({ rowCount: 1 });
    await expect(app.query("UPDATE classifications SET tenant_id = $1", [there.id])).rejects.toMatchObject({
      code: "42501",
    });
  });

  test("can neither change nor delete what was audited", async () => {
    const [{ here }] = await twins(server);
    await actAs(here.id);
    expect((await app.query("SELECT FROM audit_events")).rowCount).toBeGreaterThan(0);
    for (const statement of [
      "UPDATE audit_events SET operation = 'x'",
      "DELETE FROM audit_events",
      "TRUNCATE audit_events",
      "DROP TABLE audit_events",
      "ALTER TABLE audit_events DISABLE ROW LEVEL SECURITY",
      "INSERT INTO audit_events SELECT * FROM audit_events ON CONFLICT (tenant_id, id) DO UPDATE SET operation = 'x'",
    ]) {
      await expect(app.query(statement)).rejects.toMatchObject({ code: "42501" });
    }
  });
});
