import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { type DataSource, MigrationExecutor, type QueryRunner } from "typeorm";
import { dataSource, type PoolMode } from "./data-source.js";

/**
 * Any number of servers may start at once; the first takes the lock, the others find nothing left to do. They ask for it
 * again and again, because CREATE INDEX CONCURRENTLY would wait for a statement that waits. The first version's servers
 * do wait, for 7_013_001.
 */
const MIGRATION_LOCK = 7_013_002;
const POLL = 100;

/** Tables that record what happened: the application adds to them and can never change what stands there. */
const APPEND_ONLY = ["audit_events"];

/** Views run with their owner's rights, whom row-level security does not bind: through them the application only reads. */
const VIEWS = ["user_search", "user_group_search", "due_mails", "failed_mails"];

/**
 * Brings the schema up to date as its owner and lets the application's role use it; how many migrations that took.
 * @throws for a role that cannot be the application's, and for a database that sorts, or knows letters, otherwise than
 * the schema needs; nothing is done then.
 */
export async function migrate(ownerUrl: string, appRole: string): Promise<number> {
  const source = dataSource({ url: ownerUrl, statementTimeout: 0, poolMax: 1 });
  await source.initialize();
  // All in one session: the lock lasts as long as its statements, also those of a process that was killed.
  const owner = source.createQueryRunner();
  try {
    await takeTurn(owner);
    const problems = [...(await roleProblems(owner, appRole)), ...(await localeProblems(owner))];
    if (problems.length > 0) throw new Error(problems.join(" "));
    const executor = new MigrationExecutor(source, owner);
    executor.transaction = "each";
    const run = await executor.executePendingMigrations();
    await grant(owner, appRole);
    return run.length;
  } finally {
    await owner.release();
    await source.destroy();
  }
}

async function takeTurn(owner: QueryRunner): Promise<void> {
  for (;;) {
    const [lock]: { ours: boolean }[] = await owner.query("SELECT pg_try_advisory_lock($1) AS ours", [MIGRATION_LOCK]);
    if (lock!.ours) return;
    await sleep(POLL);
  }
}

async function grant(owner: QueryRunner, appRole: string): Promise<void> {
  const role = pg.escapeIdentifier(appRole);
  await owner.query(`
    GRANT USAGE ON SCHEMA public TO ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role};
    REVOKE UPDATE, DELETE ON ${APPEND_ONLY.join(", ")} FROM ${role};
    REVOKE INSERT, UPDATE, DELETE ON ${VIEWS.join(", ")} FROM ${role};
    REVOKE ALL ON migrations FROM ${role};
    GRANT SELECT ON migrations TO ${role};
  `);
}

/** Whom nothing could be granted to, or who would pass row-level security. */
async function roleProblems(owner: QueryRunner, appRole: string): Promise<string[]> {
  const [role]: { there: boolean; self: boolean }[] = await owner.query(
    "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS there, current_user = $1 AS self",
    [appRole],
  );
  if (!role!.there) return [`DATABASE_URL names the role "${appRole}", which is not there.`];
  if (!role!.self) return [];
  return [`DATABASE_URL names "${appRole}", who migrates: the application needs a role of its own.`];
}

/** Names are sorted by their bytes, and searched by letters of any language. */
async function localeProblems(database: DataSource | QueryRunner): Promise<string[]> {
  const [locale]: { bytewise: boolean; letters: boolean }[] = await database.query(
    "SELECT 'a' > 'B' AND 'li' || chr(1) || 'w' < 'lim' AS bytewise, lower('É') = 'é' AS letters",
  );
  return [
    ...(locale?.bytewise ? [] : ["The database sorts by a language: create it with the collation C or C.UTF-8."]),
    ...(locale?.letters ? [] : ["The database knows no letters but A to Z: create it with LC_CTYPE 'C.UTF-8'."]),
  ];
}

/**
 * What keeps this role from being safe or ready to serve, a clear line each: it would pass row-level security, or
 * migrations are missing.
 */
export async function databaseProblems(appUrl: string, poolMode?: PoolMode): Promise<string[]> {
  const source = dataSource({ url: appUrl, poolMax: 1, ...(poolMode && { poolMode }) });
  await source.initialize();
  try {
    const problems: string[] = [];
    const [role] = await source.query<{ name: string; unsafe: boolean }[]>(`
      SELECT current_user AS name, r.rolsuper OR r.rolbypassrls OR EXISTS (
        SELECT FROM pg_class c WHERE c.relname = 'users' AND c.relnamespace = 'public'::regnamespace
          AND pg_has_role(current_user, c.relowner, 'USAGE')) AS unsafe
      FROM pg_roles r WHERE r.rolname = current_user`);
    if (role?.unsafe) {
      problems.push(
        `DATABASE_URL connects as "${role.name}", which row-level security does not bind: use a role that is neither owner nor superuser and has no BYPASSRLS.`,
      );
    }
    problems.push(...(await localeProblems(source)));
    // Asked by name first: TypeORM would create the missing table, and this role may not.
    const [table] = await source.query<{ readable: boolean | null }[]>(
      "SELECT has_table_privilege(to_regclass('public.migrations'), 'SELECT') AS readable",
    );
    if (table?.readable === false) {
      problems.push(`"${role?.name}" may not read the tables: migrations grant that to the role of DATABASE_URL.`);
      return problems;
    }
    const done = table?.readable ? await source.query<{ name: string }[]>("SELECT name FROM migrations") : [];
    const missing = source.migrations.filter(
      (migration) => !done.some(({ name }) => name === migration.constructor.name),
    );
    if (missing.length > 0) {
      problems.push(
        `${missing.length} migration(s) have not run: set DATABASE_OWNER_URL, or run them before the start.`,
      );
    }
    return problems;
  } finally {
    await source.destroy();
  }
}
