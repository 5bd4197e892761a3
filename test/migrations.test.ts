import pg from "pg";
import { databaseProblems, dataSource, migrate } from "../src/database/index.js";
import { entities } from "../src/schema.js";
import { testDatabase, type TestDatabase } from "./harness/database.js";
import { MIGRATE, processes } from "./harness/process.js";
import { until } from "./harness/smtp.js";

const APP = "users_app";
const { start } = await processes();
const databases: TestDatabase[] = [];
const database = async (options?: { empty?: boolean; locale?: string }): Promise<TestDatabase> => {
  const made = await testDatabase(options);
  databases.push(made);
  return made;
};
afterAll(() => Promise.all(databases.map((one) => one.drop())));

const migrationNames = (made: TestDatabase): Promise<{ name: string }[]> =>
  made.sql("SELECT name FROM migrations ORDER BY id");

/** As far as an upgrade has come that was broken off after that many migrations; without the grants that follow them. */
async function runFirst(made: TestDatabase, count: number): Promise<void> {
  const source = dataSource({ url: made.ownerUrl, poolMax: 1 });
  await source.initialize();
  source.migrations.splice(count);
  await source.runMigrations({ transaction: "each" });
  await source.destroy();
}

const FOUNDATION = 1;
const EXPANDED = 2;
const FILLED = 3;

/** A tenant's rows as the first version writes them: an invitation that was sent, a draft, a group of two. */
async function writeAsFoundation(made: TestDatabase, tenantId: string): Promise<void> {
  await made.sql(`
    INSERT INTO tenants (tenant_id, name) VALUES ('${tenantId}', 'tenant');
    INSERT INTO roles (tenant_id, id, scope, name) VALUES ('${tenantId}', '${ROLE}', 'GROUP', 'Member');
    INSERT INTO users (tenant_id, id, type, status, contact_email, email_norm, search_text)
      SELECT '${tenantId}', id::uuid, 'INVESTOR', 'ACTIVE', id, id, id FROM unnest('{${LEAD},${MEMBER}}'::text[]) id;
    INSERT INTO user_groups (tenant_id, id, name, name_norm, lead_user_id)
      VALUES ('${tenantId}', '${GROUP}', 'Family', 'family', '${LEAD}');
    INSERT INTO group_members (tenant_id, group_id, user_id, role_id)
      VALUES ('${tenantId}', '${GROUP}', '${LEAD}', '${ROLE}'), ('${tenantId}', '${GROUP}', '${MEMBER}', NULL);
    INSERT INTO invitations (tenant_id, id, user_id, status, date_invited, date_modified) VALUES
      ('${tenantId}', '${LEAD}', '${LEAD}', 'COMPLETED', '2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z'),
      ('${tenantId}', '${MEMBER}', '${MEMBER}', 'DRAFT', NULL, '2024-01-03T00:00:00Z');
  `);
}

const [LEAD, MEMBER, GROUP, ROLE] = [1, 2, 3, 4].map((n) => `00000000-0000-7000-8000-00000000000${n}`);
const TENANTS = [1, 2].map((n) => `00000000-0000-5000-8000-00000000000${n}`) as [string, string];

/** What TypeORM would change to make the tables fit the entities. */
async function proposals(url: string): Promise<string[]> {
  const source = dataSource({ url, entities, poolMax: 1 });
  await source.initialize();
  try {
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    return upQueries.map(({ query }) => query);
  } finally {
    await source.destroy();
  }
}

/** Everything that makes the schema what it is, for comparison: columns, constraints, indexes, policies, grants. */
const shape = (made: TestDatabase): Promise<object[]> =>
  made.sql(`SELECT table_name, column_name AS name, data_type || is_nullable || coalesce(column_default, '') AS what
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT tablename, policyname, qual || with_check FROM pg_policies
    UNION ALL SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants WHERE table_schema = 'public'
    ORDER BY 1, 2, 3`);

test("after all migrations the tables are what the entities say: TypeORM proposes nothing", async () => {
  const made = await database({ empty: true });
  await migrate(made.ownerUrl, APP);
  expect(await proposals(made.ownerUrl)).toEqual([]);
  // It would say so: a positive control.
  await made.sql("ALTER TABLE users ALTER COLUMN surname SET NOT NULL");
  await made.sql("DROP INDEX users_by_last_login");
  expect((await proposals(made.ownerUrl)).join("\n")).toMatch(
    /users_by_last_login[^]*surname|surname[^]*users_by_last_login/,
  );
});

test("three servers that migrate an empty database at once all succeed, and each migration ran once", async () => {
  const made = await database({ empty: true });
  await Promise.all([1, 2, 3].map(() => migrate(made.ownerUrl, APP)));
  const names = await migrationNames(made);
  expect(names.length).toBeGreaterThan(0);
  expect(new Set(names.map(({ name }) => name)).size).toBe(names.length);
  expect(await databaseProblems(made.appUrl)).toEqual([]);
});

test("running again changes nothing", async () => {
  const made = await database();
  const [before, ran] = [await shape(made), await migrationNames(made)];
  await migrate(made.ownerUrl, APP);
  expect(await shape(made)).toEqual(before);
  expect(await migrationNames(made)).toEqual(ran);
});

test.each([
  ["sorts by a language", "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"],
  ["knows no letters but A to Z", "LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"],
])("a database that %s is refused, and nothing is made in it", async (what, locale) => {
  const made = await database({ empty: true, locale: `TEMPLATE template0 ${locale}` });
  await expect(migrate(made.ownerUrl, APP)).rejects.toThrow(what);
  expect(await shape(made)).toEqual([]);
  expect(await databaseProblems(made.appUrl)).toEqual([
    expect.stringContaining(what),
    expect.stringMatching(/migration\(s\) have not run/),
  ]);
});

test("a role that was granted nothing is told what it lacks", async () => {
  const made = await database();
  await made.sql(`REVOKE ALL ON migrations FROM ${APP}`);
  expect(await databaseProblems(made.appUrl)).toEqual([expect.stringContaining(`"${APP}" may not read the tables`)]);
});

test("rows that the last version wrote, before the upgrade and within it, are filled and valid in the end", async () => {
  const made = await database({ empty: true });
  await runFirst(made, FOUNDATION);
  await made.sql(`GRANT SELECT ON user_search TO ${APP}`);
  await writeAsFoundation(made, TENANTS[0]);
  await runFirst(made, EXPANDED);
  await writeAsFoundation(made, TENANTS[1]);
  const granted = await made.sql(`SELECT has_table_privilege('${APP}', 'user_search', 'SELECT') AS granted`);
  expect(granted).toEqual([{ granted: true }]);
  await migrate(made.ownerUrl, APP);

  const sent = "2024-01-01T00:00:00.000Z";
  expect(
    await made.sql("SELECT id, created_at, last_sent_at, send_count FROM invitations ORDER BY id, tenant_id"),
  ).toEqual([
    ...TENANTS.map(() => ({ id: LEAD, created_at: sent, last_sent_at: sent, send_count: 1 })),
    ...TENANTS.map(() => ({ id: MEMBER, created_at: "2024-01-03T00:00:00.000Z", last_sent_at: null, send_count: 0 })),
  ]);
  expect(await made.sql("SELECT member_count, default_role_id FROM user_groups")).toEqual(
    TENANTS.map(() => ({ member_count: 2, default_role_id: null })),
  );
  expect(await made.sql("SELECT DISTINCT lockouts FROM users")).toEqual([{ lockouts: 0 }]);
  expect(await made.sql("SELECT conname FROM pg_constraint WHERE NOT convalidated")).toEqual([]);
  expect(await shape(made)).toEqual(await shape(await database()));
});

test("an upgrade that broke in the middle is finished by the next run", async () => {
  const made = await database({ empty: true });
  await runFirst(made, FILLED);
  for (const tenantId of TENANTS) await writeAsFoundation(made, tenantId);
  await made.sql("UPDATE invitations SET token_hash = 'twice'");
  await expect(migrate(made.ownerUrl, APP)).rejects.toMatchObject({ code: "23505" });
  const invalid = "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid";
  expect(await made.sql(invalid)).toEqual([{ name: "invitations_token" }]);

  await made.sql("UPDATE invitations SET token_hash = NULL");
  await made.sql(`DELETE FROM migrations WHERE id > ${FOUNDATION}`);
  await Promise.all([1, 2, 3].map(() => migrate(made.ownerUrl, APP)));
  expect(await made.sql(invalid)).toEqual([]);
  expect(await shape(made)).toEqual(await shape(await database()));
});

test("one that is killed keeps its turn until PostgreSQL has ended its statement, then the next one finishes", async () => {
  const made = await database({ empty: true });
  await runFirst(made, FILLED);
  // Whom an index of that table waits for. One of another table may wait, for a moment, for whoever looks whether it waits.
  const writer = await made.hold("UPDATE invitations SET token_hash = NULL; SELECT pg_current_xact_id()");
  const urls = { DATABASE_OWNER_URL: made.ownerUrl, DATABASE_URL: made.appUrl };
  const building = (): Promise<{ pid: number }[]> =>
    made.sql(`SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ~ '^CREATE.* INDEX CONCURRENTLY .* ON invitations'`);
  const killed = start(urls, MIGRATE);
  await until(async () => (await building()).length > 0);
  await killed.kill();
  const next = start(urls, MIGRATE);
  const asks = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^SELECT pg_try_advisory'";
  await until(async () => (await made.sql(asks)).length > 0);
  const holders =
    "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = 'advisory' AND granted AND datname = current_database()";
  expect(await made.sql(holders)).toEqual(await building());
  await writer.release();
  expect(await next.ends()).toMatchObject({ code: 0 });
  expect(await shape(made)).toEqual(await shape(await database()));
});

test("while the upgrade waits for a table that is in use, others get to it", async () => {
  const made = await database({ empty: true });
  await runFirst(made, FOUNDATION);
  const user = new pg.Client({ connectionString: made.ownerUrl });
  await user.connect();
  await user.query("BEGIN; SELECT FROM users");
  const upgrade = migrate(made.ownerUrl, APP);
  const waits = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass";
  while ((await made.sql(waits)).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await made.sql("SELECT FROM users");
  await user.query("COMMIT");
  await user.end();
  await upgrade;
  expect(await databaseProblems(made.appUrl)).toEqual([]);
});

test("down leaves no table of ours behind, and up again makes the same", async () => {
  const made = await database();
  const before = await shape(made);
  const source = dataSource({ url: made.ownerUrl, poolMax: 1 });
  await source.initialize();
  for (const _ of source.migrations) await source.undoLastMigration({ transaction: "each" });
  await source.destroy();
  expect(await made.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).toEqual([
    { tablename: "migrations" },
  ]);
  expect(await databaseProblems(made.appUrl)).toEqual([expect.stringContaining("have not run")]);
  await migrate(made.ownerUrl, APP);
  expect(await shape(made)).toEqual(before);
});

test("every table with a tenant is under row-level security, and the application owns none", async () => {
  const made = await database();
  const open = await made.sql(
    `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
       AND (NOT c.relrowsecurity OR NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid) OR c.relowner = $1::regrole)`,
    [APP],
  );
  expect(open).toEqual([]);
  // Keys begin with the tenant, so that no reference crosses from one to another.
  const keys = await made.sql<{ conname: string; def: string }>(
    `SELECT conname, pg_get_constraintdef(oid) AS def FROM pg_constraint
     WHERE contype IN ('p', 'u', 'f') AND connamespace = 'public'::regnamespace AND conrelid <> 'migrations'::regclass`,
  );
  expect(keys.length).toBeGreaterThan(10);
  expect(
    keys.filter(
      ({ def }) => !/KEY \(tenant_id\b/.test(def) || (/REFERENCES/.test(def) && !/\w+\(tenant_id\b/.test(def)),
    ),
  ).toEqual([]);
});

test("events are added and read by the application, never changed or removed", async () => {
  const { appUrl } = await database();
  const app = new pg.Client({ connectionString: appUrl });
  await app.connect();
  for (const text of [
    "UPDATE audit_events SET operation = ''",
    "DELETE FROM audit_events",
    "TRUNCATE audit_events",
    "DELETE FROM migrations",
  ]) {
    await expect(app.query(text)).rejects.toMatchObject({ code: "42501" });
  }
  await app.end();
});

test("databaseProblems: none for the application's role on a migrated database", async () => {
  expect(await databaseProblems((await database()).appUrl)).toEqual([]);
});

test("databaseProblems names a role that row-level security does not bind, in one line", async () => {
  const { ownerUrl, superUrl } = await database();
  for (const [url, role] of [
    [ownerUrl, "users_owner"],
    [superUrl, new URL(superUrl).username],
  ] as const) {
    const problems = await databaseProblems(url);
    expect(problems).toEqual([
      expect.stringMatching(new RegExp(`^DATABASE_URL connects as "${role}", .*row-level security.*\\.$`)),
    ]);
  }
});

test("databaseProblems counts the migrations that are missing, in one line", async () => {
  const { appUrl, ownerUrl } = await database({ empty: true });
  expect(await databaseProblems(appUrl)).toEqual([
    expect.stringMatching(/^\d+ migration\(s\) have not run: .*DATABASE_OWNER_URL.*\.$/),
  ]);
  expect(await databaseProblems(ownerUrl)).toEqual(expect.arrayContaining([expect.stringContaining("have not run")]));
});
