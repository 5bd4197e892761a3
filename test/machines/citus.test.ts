import { harness } from "../harness/index.js";
import { leaks } from "../harness/tenancy.js";

/** What Citus asks of tables that are distributed by `tenant_id`, checked in the catalogue: the extension is not here. */
const { database, statements, ...server } = await harness();
const tables = await database.tenantTables();
const inPublic = "relnamespace = 'public'::regnamespace";

test("every table but that of the migrations is distributed; that one stays on the coordinator", async () => {
  const local = await database.sql<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p', 'f', 'm') AND ${inPublic} AND relname <> ALL ($1)`,
    [tables],
  );
  expect(local).toEqual([{ name: "migrations" }]);
});

test("the column has one type, is never NULL and has no value of its own", async () => {
  const columns = await database.sql(
    `SELECT DISTINCT a.atttypid::regtype::text AS type, a.attnotnull AS filled, a.atthasdef AS defaulted
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE a.attname = 'tenant_id' AND c.relname = ANY ($1) AND ${inPublic}`,
    [tables],
  );
  expect(columns).toEqual([{ type: "uuid", filled: true, defaulted: false }]);
});

test("every primary key, unique index and exclusion contains it", async () => {
  const without = await database.sql(
    `SELECT i.indexrelid::regclass::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
     WHERE c.relname = ANY ($1) AND ${inPublic} AND (i.indisunique OR i.indisexclusion) AND NOT EXISTS (
       SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attname = 'tenant_id' AND a.attnum = ANY (i.indkey))`,
    [tables],
  );
  expect(without).toEqual([]);
  const keyless = await database.sql(
    `SELECT relname AS name FROM pg_class c WHERE relname = ANY ($1) AND ${inPublic}
      AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)`,
    [tables],
  );
  expect(keyless).toEqual([]);
});

test("every foreign key leads from the tenant to the same tenant, and writes nothing when its row goes", async () => {
  const keys = await database.sql<{ name: string; own: string[]; other: string[]; deletion: string; update: string }>(
    `SELECT k.conname AS name, k.confdeltype AS deletion, k.confupdtype AS update,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY n(number, place)
         JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.number ORDER BY place) AS own,
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY n(number, place)
         JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = n.number ORDER BY place) AS other
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype = 'f' AND ${inPublic}`,
  );
  expect(keys.length).toBeGreaterThan(0);
  for (const { name, own, other, deletion, update } of keys) {
    const at = own.indexOf("tenant_id");
    // SET NULL and SET DEFAULT would write the tenant's column too; a: no action, r: restrict, c: cascade.
    expect([name, other[at], deletion, update]).toEqual([name, "tenant_id", expect.stringMatching(/[arc]/), "a"]);
  }
});

// A foreign key that is deferred from the start is so in each shard; SET CONSTRAINTS would not reach them.
test("there are no triggers, rules, sequences, identities, inheritance, large objects or other deferrable keys", async () => {
  const found = await database.sql(
    `SELECT 'trigger ' || tgname AS what FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND ${inPublic}
     UNION ALL SELECT 'rule ' || rulename FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class WHERE rulename <> '_RETURN' AND ${inPublic}
     UNION ALL SELECT 'sequence ' || relname FROM pg_class WHERE relkind = 'S' AND ${inPublic} AND relname <> 'migrations_id_seq'
     UNION ALL SELECT 'identity ' || relname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attidentity <> '' AND ${inPublic}
     UNION ALL SELECT 'child ' || inhrelid::regclass FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE ${inPublic} AND relkind IN ('r', 'p')
     UNION ALL SELECT 'deferrable ' || conname FROM pg_constraint JOIN pg_class c ON c.oid = conrelid WHERE condeferrable AND NOT (contype = 'f' AND condeferred) AND ${inPublic}
     UNION ALL SELECT 'large object ' || relname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE atttypid = 'oid'::regtype AND attnum > 0 AND ${inPublic}`,
  );
  expect(found).toEqual([]);
});

test("every statement of every question names its tenant for each table that it reads: one shard answers", async () => {
  const from = statements.length;
  expect(await leaks({ database, statements, ...server })).toEqual([]);
  const relations = [...tables, "user_search", "user_group_search"].join("|");
  const stray = [...new Set(statements.slice(from))].filter((text) => {
    const named = [...text.matchAll(new RegExp(`\\b(?:FROM|JOIN|INTO|UPDATE)\\s+(?:${relations})\\b`, "gi"))].length;
    const tenants = [...text.matchAll(/\btenant_id\b/g)].length;
    return tenants < named;
  });
  expect(statements.length - from).toBeGreaterThan(100);
  expect(stray).toEqual([]);
});
