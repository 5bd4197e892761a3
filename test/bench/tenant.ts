import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import pg from "pg";
import { migrations } from "../../migrations/index.js";
import type { TokenRules } from "../../src/access/index.js";
import { type DatabaseUrls, ensureDatabase, migrate, startEmbeddedPostgres } from "../../src/database/index.js";
import {
  DEVELOPMENT_AUDIENCE,
  DEVELOPMENT_ISSUER,
  DEVELOPMENT_SESSION_ISSUER,
  developmentKey,
} from "../../src/demo/index.js";
import { GeneratedTenant } from "../../src/demo/generator.js";
import { tenantIdOf, writeTenant } from "../../src/demo/write-tenant.js";
import { cpuTime } from "./cpu.js";
import { PAGE, type Sample, type SampleUser } from "./workloads.js";

const TENANT = "bench";
/** Kept in memory whole, and no checkpoint within a round: what is measured is the servers. */
export const SETTINGS = {
  shared_buffers: "1GB",
  max_wal_size: "8GB",
  checkpoint_timeout: "1h",
  synchronous_commit: "on",
};

const SAMPLE_USERS = 10_000;
const PLACES = 1_000;

export interface BenchTenant extends DatabaseUrls {
  /** As the superuser of the cluster. */
  superUrl: string;
  /** As the owner, past row-level security. */
  sql: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;
  stop: () => Promise<void>;
}

/** A tenant of that many users in a database of its own, kept until the migrations or the generator are others. */
export async function benchTenant(dataDir: string, users: number): Promise<BenchTenant> {
  const tell = (line: string): unknown => process.stderr.write(`${line}\n`);
  const cluster = await startEmbeddedPostgres({ dataDir, durable: true, settings: SETTINGS, notice: tell });
  const database = `bench_${users}_${await contentKey()}`;
  await dropOutdated(cluster.url("postgres"), database);
  const urls = await ensureDatabase((name) => cluster.url(name), database);
  await migrate(urls.ownerUrl, new URL(urls.appUrl).username);
  const at = Date.now();
  const generated = new GeneratedTenant({ name: TENANT, users, groups: Math.floor(users / 10), seed: 1, at });
  await writeTenant(urls.ownerUrl, {
    name: TENANT,
    createdAt: new Date(at).toISOString(),
    tables: generated.tables(),
    progress: (table, done, count) => done === count && tell(`wrote ${table}`),
  });
  const owner = new pg.Pool({ connectionString: urls.ownerUrl, max: 1 });
  // The end of the database may be quicker than that of the connection.
  owner.on("error", () => {});
  const sql: BenchTenant["sql"] = async (text, values) => (await owner.query(text, values)).rows as never;
  // What earlier runs left behind: every run begins with the same tables.
  await sql("TRUNCATE audit_events");
  await sql("VACUUM (ANALYZE) users");
  return {
    ...urls,
    superUrl: cluster.url("postgres"),
    sql,
    stop: async () => {
      await owner.end();
      await cluster.stop();
    },
  };
}

/** Of all that the rows follow from. */
async function contentKey(): Promise<string> {
  const files = ["chance", "forms", "generator", "people", "sample-form", "write-tenant"].map((name) =>
    readFile(new URL(`../../src/demo/${name}.js`, import.meta.url), "utf8"),
  );
  const all = [...migrations, ...(await Promise.all(files))];
  return createHash("sha1").update(all.join()).digest("hex").slice(0, 8);
}

async function dropOutdated(superuserUrl: string, current: string): Promise<void> {
  const superuser = new pg.Client({ connectionString: superuserUrl });
  await superuser.connect();
  const { rows } = await superuser.query<{ name: string }>(
    "SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1) AND datname <> $2",
    [current.slice(0, current.lastIndexOf("_") + 1), current],
  );
  for (const { name } of rows) await superuser.query(`DROP DATABASE ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  await superuser.end();
}

/** Who asks: the generator's first user, an administrator. */
async function administratorOf({ sql }: BenchTenant): Promise<{ tenantId: string; administrator: string }> {
  const tenantId = tenantIdOf(TENANT);
  const [row] = await sql<{ id: string }>(
    `SELECT u.id FROM users u JOIN user_roles ur ON ur.tenant_id = u.tenant_id AND ur.user_id = u.id
     JOIN roles r ON r.tenant_id = ur.tenant_id AND r.id = ur.role_id
     WHERE u.tenant_id = $1 AND u.status = 'ACTIVE' AND r.administrator ORDER BY u.id LIMIT 1`,
    [tenantId],
  );
  return { tenantId, administrator: row!.id };
}

export type CursorAt = (sortName: string, guid: string) => string;

/** Whose tokens are taken, and the administrator's own. */
export async function accessTo(
  tenant: BenchTenant,
  dataDir: string,
): Promise<{ viewer: { tenantId: string; administrator: string }; tokens: TokenRules; token: string }> {
  const viewer = await administratorOf(tenant);
  const key = await developmentKey(dataDir);
  const tokens: TokenRules = {
    issuer: DEVELOPMENT_ISSUER,
    audience: DEVELOPMENT_AUDIENCE,
    keys: { jwks: key.jwks },
    sessionIssuer: DEVELOPMENT_SESSION_ISSUER,
  };
  return { viewer, tokens, token: await key.sign({ tenantId: viewer.tenantId, subject: viewer.administrator }) };
}

/** Users in an order that is random and yet the same in every run, and places deep in the list by name. */
export async function sampleOf(
  tenant: BenchTenant,
  viewer: { tenantId: string; administrator: string },
  cursorAt: CursorAt,
): Promise<Sample> {
  const people = await tenant.sql<SampleUser>(
    `SELECT id AS guid, title, forename, surname, username, contact_email AS "contactEmail",
       (SELECT count(*)::integer FROM form_implementations i, jsonb_object_keys(i.answers)
        WHERE i.tenant_id = u.tenant_id AND i.user_id = u.id) AS answers
     FROM (SELECT * FROM users
       WHERE tenant_id = $1 AND type = 'INVESTOR' AND status <> 'REVOKED' ORDER BY md5(id::text) LIMIT $2) u
     ORDER BY md5(id::text)`,
    [viewer.tenantId, SAMPLE_USERS],
  );
  return { ...viewer, users: people, places: await placesAt(tenant, viewer.tenantId, 0.9, cursorAt) };
}

/** Places side by side from that share on of those who have a name. */
export async function placesAt({ sql }: BenchTenant, tenantId: string, share: number, cursorAt: CursorAt) {
  const [from] = await sql<{ offset: number }>(
    `SELECT greatest(0, floor(least(count(*) * $2::float8, count(*) - $3::integer)))::integer AS offset
     FROM users WHERE tenant_id = $1 AND sort_name IS NOT NULL`,
    [tenantId, share, PLACES + PAGE + 1],
  );
  const rows = await sql<{ sortName: string; guid: string }>(
    `SELECT sort_name AS "sortName", id AS guid FROM users
     WHERE tenant_id = $1 AND sort_name IS NOT NULL ORDER BY sort_name, id OFFSET $2 LIMIT $3`,
    [tenantId, from!.offset, PLACES + PAGE + 1],
  );
  // A page must not run into those without a name: the limit's statement knows one range of the index.
  return rows.slice(0, -PAGE - 1).map((row) => ({ ...row, cursor: cursorAt(row.sortName, row.guid) }));
}

/** User and system time of each process of the database so far, in milliseconds; empty where there is no /proc. */
export async function databaseCpu({ sql }: BenchTenant): Promise<Map<number, number>> {
  const times = new Map<number, number>();
  for (const { pid } of await sql<{ pid: number }>("SELECT pid FROM pg_stat_activity")) {
    const time = await cpuTime(pid);
    if (time) times.set(pid, time.own);
  }
  return times;
}
