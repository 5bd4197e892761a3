import {
  dataSource,
  type DataSourceOptions,
  poolOf,
  replicaPoolsOf,
  Replicas,
  type TenantPool,
} from "../../src/database/index.js";
import { sql, TenantDb } from "../../src/kit/index.js";
import { harness, operations, type Person } from "../harness/index.js";
import { testLog } from "../harness/log.js";
import { replication } from "../harness/replication.js";
import { until } from "../harness/smtp.js";

const { replicaUrl, onReplica, stopReplica, startReplica, stop } = await replication();
const server = await harness({ alone: true, replica: replicaUrl });
const { log, lines } = testLog();
const lonely = await harness({ alone: true, log, replica: (url) => Object.assign(new URL(url), { port: "1" }).href });
const opened: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all(opened.map((close) => close()));
  await stop();
});
const { database } = server;

const reads = async (): Promise<boolean> =>
  (await (await fetch(`${server.url}/metrics`)).text()).includes('database_replica_read{server="replica 1"} 1');
const caughtUp = async (): Promise<boolean> => {
  const [row] = await database.sql<{ end: string }>(`SELECT pg_current_wal_lsn()::text AS "end"`);
  const [there] = (await onReplica(`SELECT pg_last_wal_replay_lsn() >= '${row!.end}' AS done`)) as { done: boolean }[];
  return there!.done;
};

const forename = async (asker: Person, { id }: Person): Promise<string> =>
  (await asker.ask("query ($id: ID) { user(id: $id) { forename } }", { id })).user.forename;
const rename = (asker: Person, { id }: Person, name: string): Promise<Record<string, any>> =>
  asker.ask(operations.UpdateUser!, { input: { userId: id, forename: name } });

async function scene() {
  const here = await server.tenant();
  const user = await here.user();
  await until(reads);
  await until(caughtUp);
  return { here, user, admin: here.admin };
}

describe("while the replica stands still", () => {
  beforeEach(async () => {
    await until(reads);
  });
  const standStill = (): Promise<object[]> => onReplica("SELECT pg_wal_replay_pause()");
  afterEach(() => onReplica("SELECT pg_wal_replay_resume()"));

  test("queries read it, and a mutation's answer is what it has written", async () => {
    const { admin, user } = await scene();
    await standStill();
    // The first time by loaders, then by one statement.
    expect(await forename(admin, user)).toBe("Ida");
    const { updateUser } = await rename(admin, user, "New");
    expect(updateUser).toMatchObject({ errors: [], user: { forename: "New" } });
    expect([await forename(admin, user), await forename(admin, user)]).toEqual(["Ida", "Ida"]);
    await onReplica("SELECT pg_wal_replay_resume()");
    await until(async () => (await forename(admin, user)) === "New");
  });

  test("who is suspended, or loses a permission, is told so at once", async () => {
    const { here, admin, user } = await scene();
    const staff = await here.internal(["users.read"]);
    const me = "{ me { guid } }";
    const everybody = "{ users { totalCount } }";
    await until(caughtUp);
    // Until each is answered by one statement.
    for (let count = 0; count < 3; count++) {
      expect((await user.ask(me)).me.guid).toBe(user.guid);
      await staff.ask(everybody);
    }
    await standStill();
    await admin.ask(operations.SuspendUser!, { input: { userId: user.id } });
    await here.dismiss(staff);
    expect((await user.send(me)).errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
    expect((await staff.send(everybody)).errors).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
    expect(await reads()).toBe(true);
  });

  test("it is not read any more once it is too far behind, and again when it has caught up", async () => {
    const { admin, user } = await scene();
    await standStill();
    await rename(admin, user, "New");
    await until(async () => (await forename(admin, user)) === "New");
    expect(await reads()).toBe(false);
    await onReplica("SELECT pg_wal_replay_resume()");
    await until(reads);
  });
});

/** The pool of a server without one, and its replica, which is read. */
async function reading(options: Partial<DataSourceOptions> = {}): Promise<{ pool: TenantPool; replicas: Replicas }> {
  const source = dataSource({ url: database.appUrl, replicaUrls: [replicaUrl(database.appUrl)], ...options });
  await source.initialize();
  const pool = poolOf(source);
  const replicas = new Replicas(pool, replicaPoolsOf(source));
  opened.push(() => replicas.stop().then(() => source.destroy()));
  await until(() => replicas.all[0]!.serving);
  return { pool, replicas };
}

test("a read that the replica breaks off is answered by the primary", async () => {
  const { here } = await scene();
  const { pool, replicas } = await reading();
  const db = new TenantDb(here.id, replicas.readerFor(pool.session()));
  const slow = db.query<{ where: string }>(sql`SELECT CASE WHEN pg_is_in_recovery()
      THEN (SELECT 'replica' FROM pg_sleep(4)) ELSE 'primary' END AS "where" FROM users u WHERE ${db.tenantIs("u")}`);
  // And whoever asks for it.
  const runs = async (): Promise<boolean> =>
    (await onReplica("SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(4)%' AND state = 'active'")).length > 1;
  await until(runs);
  // What it still sees is cleared away on the primary.
  await until(async () => {
    await database.sql("UPDATE users SET search_text = search_text || ' '");
    await database.sql("VACUUM users");
    return !(await runs());
  });
  expect(await slow).toMatchObject([{ where: "primary" }, { where: "primary" }]);
  expect(replicas.all[0]!.serving).toBe(true);
});

test("a replica whose connections are all taken is busy, and not away", async () => {
  const { here } = await scene();
  const { pool, replicas } = await reading({ poolMax: 1, poolQueue: 0 });
  // Longer than the replica is not looked at.
  const slowly = (): Promise<object[]> => {
    const db = new TenantDb(here.id, replicas.readerFor(pool.session()));
    return db.query(sql`SELECT pg_is_in_recovery() AS replica, pg_sleep(2.5)::text AS slept
      FROM tenants t WHERE ${db.tenantIs("t")}`);
  };
  const [first, second, third] = await Promise.allSettled([slowly(), slowly(), slowly()]);
  expect([first, second, third]).toMatchObject([
    { value: [{ replica: true }] },
    { value: [{ replica: false }] },
    { reason: { code: "53300" } },
  ]);
  expect(replicas.all[0]!.serving).toBe(true);
});

test("a replica that is stopped is survived without an error, and read again when it is back", async () => {
  const { admin, user } = await scene();
  let asking = true;
  const asked = Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let count = 1; ; count++) {
        expect(await forename(admin, user)).toBe("Ida");
        if (!asking) return count;
      }
    }),
  );
  await stopReplica();
  await until(async () => !(await reads()));
  asking = false;
  expect(Math.min(...(await asked))).toBeGreaterThan(0);

  await startReplica();
  await until(reads);
  await rename(admin, user, "New");
  await until(async () => (await forename(admin, user)) === "New");
});

test("a server starts and is ready while its replica is away", async () => {
  const { admin } = await lonely.tenant();
  expect((await admin.ask("{ me { guid } }")).me.guid).toBe(admin.guid);
  expect((await fetch(`${lonely.url}/readyz`)).status).toBe(200);
});

test("one that cannot be reached from the start is told in the log, once, with what it says", async () => {
  const told = (): typeof lines => lines.filter(({ replica }) => replica === 1);
  await until(() => told().length > 0);
  expect(told()).toMatchObject([{ level: 40, err: { message: expect.stringContaining("ECONNREFUSED") } }]);
});
