import pg from "pg";
import { harness, operations, type Person } from "../harness/index.js";

// A caller who was seen before is taken as they were, and each statement or transaction makes sure that they still are.
// Each change below is made behind the server's back, as another server would, and is seen by the very next request.
const { tenant, database } = await harness();

const LIST = "query ($first: Int!) { users(first: $first) { totalCount nodes { guid name } } }";
const RENAME = operations.UpdateUser!;

/** Somebody whom the server remembers, with documents that it has compiled. */
async function remembered(user: Person): Promise<Person> {
  for (let time = 0; time < 4; time++) {
    await user.send(operations.Me!);
    await user.send(LIST, { first: 5 });
  }
  expect((await user.send(operations.Me!)).statements).toBe(1);
  return user;
}

const rename = (by: Person, user: Person) => by.send(RENAME, { input: { userId: user.id, surname: "Changed" } });

describe("whoever is locked out elsewhere", () => {
  const ways: [what: string, change: string][] = [
    ["suspended", "UPDATE users SET status = 'SUSPENDED' WHERE tenant_id = $1 AND id = $2"],
    ["revoked", "UPDATE users SET status = 'REVOKED' WHERE tenant_id = $1 AND id = $2"],
  ];

  test.each(ways)("%s, reads and writes nothing more", async (_what, change) => {
    const here = await tenant();
    const client = await here.user();
    const user = await remembered(await here.internal(["users.read", "users.write"], { administrator: true }));
    await database.sql(change, [here.id, user.guid]);
    const before = await here.contents();
    const answers = await Promise.all([
      user.send(operations.Me!),
      user.send(LIST, { first: 5 }),
      user.send("{ __typename }"),
      // Mutations that come to no write: nothing else would have made sure of who asks.
      user.send("mutation { __typename }"),
      user.send("mutation Rename($input: UpdateUserInput!) { updateUser(input: $input) { errors { code } } }"),
      user.send(
        "mutation Rename($input: UpdateUserInput!) { updateUser(input: $input) @skip(if: true) { errors { code } } }",
        { input: { userId: user.id, surname: "x" } },
      ),
      rename(user, client),
      // Refused by its rules as well: that is not told.
      user.send(RENAME, { input: { userId: "nobody", surname: "x" } }),
    ]);
    for (const { status, body } of answers) {
      expect([status, body]).toEqual([401, expect.stringContaining("UNAUTHENTICATED")]);
      expect(body).not.toContain("NOT_FOUND");
    }
    expect(await here.contents()).toEqual(before);
  });
});

test("a write that cannot make sure of its caller tells that, and none of its own refusals", async () => {
  const here = await tenant();
  const user = await remembered(await here.internal(["users.read", "users.write"], { administrator: true }));
  const holder = new pg.Client({ connectionString: database.superUrl });
  await holder.connect();
  await holder.query("BEGIN");
  await holder.query("LOCK TABLE user_roles IN ACCESS EXCLUSIVE MODE");
  const asking = user.send(RENAME, { input: { userId: "nobody", surname: "x" } });
  // However it ends, it is not by what the write says of its input.
  await holder.query("SELECT pg_sleep(1)");
  await database.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%user_roles%'",
  );
  const { errors, body } = await asking;
  await holder.query("ROLLBACK");
  await holder.end();
  expect(errors?.[0]?.extensions.code).toMatch(/UNAVAILABLE|TIMEOUT/);
  expect(body).not.toContain("global id");
});

test("a session ends when whoever acts loses the right", async () => {
  const here = await tenant();
  const user = await here.user();
  const session = await remembered(await here.actingAs(here.admin, user));
  await database.sql(
    "UPDATE roles SET permissions = array_remove(permissions, 'users.impersonate') WHERE tenant_id = $1",
    [here.id],
  );
  for (const document of [operations.Me!, LIST]) {
    expect((await session.send(document, { first: 5 })).status).toBe(401);
  }
  expect((await session.send(operations.UpdateCurrentUser!, { input: { surname: "Changed" } })).status).toBe(401);
});

test("a permission that is taken or given holds for the next request, read or write", async () => {
  const here = await tenant();
  const client = await here.user();
  const user = await remembered(await here.internal(["users.read", "users.write"], { administrator: true }));
  const permissions = (words: string[]) =>
    database.sql(
      `UPDATE roles SET permissions = $3 WHERE tenant_id = $1
       AND id IN (SELECT role_id FROM user_roles WHERE tenant_id = $1 AND user_id = $2)`,
      [here.id, user.guid, words],
    );
  await permissions(["forms.read"]);
  expect((await user.send(LIST, { first: 5 })).errors?.[0]?.extensions.code).toBe("FORBIDDEN");
  expect((await rename(user, client)).errors?.[0]?.extensions.code).toBe("FORBIDDEN");
  await permissions(["users.read", "users.write"]);
  expect((await rename(user, client)).data.updateUser.errors).toEqual([]);
  expect((await user.ask(LIST, { first: 5 })).users.totalCount).toBe(3);
});

test("the name in the audit is the one that the writer has by then", async () => {
  const here = await tenant();
  const client = await here.user();
  const user = await remembered(await here.internal(["users.read", "users.write"], { administrator: true }));
  await database.sql(
    "UPDATE users SET title = 'Dr', forename = 'New', surname = 'Name' WHERE tenant_id = $1 AND id = $2",
    [here.id, user.guid],
  );
  expect((await rename(user, client)).data.updateUser.errors).toEqual([]);
  const [event] = await database.sql<{ name: string }>(
    "SELECT actor_name AS name FROM audit_events WHERE tenant_id = $1 AND operation = 'updateUser'",
    [here.id],
  );
  expect(event).toEqual({ name: "Dr New Name" });
});

test("one compiled document serves viewers of one kind in all tenants, each with their own", async () => {
  const lead = async () => {
    const here = await tenant();
    const members = [await here.user(), await here.user()];
    const leader = await here.user();
    await here.group({ lead: leader, members });
    return { leader, guids: [leader, ...members].map(({ guid }) => guid).toSorted() };
  };
  const leads = await Promise.all([lead(), lead(), lead()]);
  const document =
    "{ users { totalCount nodes { guid userGroups { nodes { memberCount leadUser { guid } } } } } me { guid } }";
  for (let time = 0; time < 4; time++) {
    for (const { leader, guids } of leads) {
      const { users, me } = await leader.ask(document);
      expect(users.nodes.map(({ guid }: { guid: string }) => guid).toSorted()).toEqual(guids);
      expect(users.nodes[0].userGroups.nodes).toEqual([{ memberCount: 3, leadUser: { guid: leader.guid } }]);
      expect(me).toEqual({ guid: leader.guid });
    }
  }
});

test("a scope that spells several words is none of them", async () => {
  const here = await tenant();
  const whole = await here.service("users.read", "users.write");
  const spelt = await here.service("users.read,users.write" as never);
  for (let time = 0; time < 4; time++) {
    expect((await whole.ask(LIST, { first: 5 })).users.totalCount).toBe(1);
    expect((await spelt.send(LIST, { first: 5 })).errors?.[0]?.extensions.code).toBe("FORBIDDEN");
  }
});

test("a compiled document has the instant of each request", async () => {
  const here = await tenant();
  const user = await here.user();
  const classification = await here.classification("Soon over");
  await here.classify(user, classification, new Date(Date.now() + 1_500).toISOString());
  const document = "query ($guid: UUID!) { user(guid: $guid) { classifications { totalCount } } }";
  const count = async () => (await here.admin.ask(document, { guid: user.guid })).user.classifications.totalCount;
  const counts = new Set<number>();
  for (const end = Date.now() + 10_000; counts.size < 2 && Date.now() < end;) counts.add(await count());
  expect([...counts]).toEqual([1, 0]);
});
