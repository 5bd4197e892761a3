import pg from "pg";
import { UserStatus, UserType } from "../../src/users/index.js";
import { harness, operations } from "../harness/index.js";
import { profileRules } from "../harness/profile.js";

const server = await harness();
const { tenant, database } = server;
const document = operations.UpdateUser!;

profileRules(server, {
  document,
  of: (here, user) => ({ caller: here.admin, target: { userId: user.guid } }),
  limits: { title: 32, forename: 255, surname: 255, username: 255 },
});

test("changes the whole profile, by the user's global id or guid", async () => {
  const here = await tenant();
  const user = await here.user();
  const profile = { title: "Mr", forename: "John", surname: "Doe", username: "john" };
  const input = { ...profile, email: "john.doe@example.com", assignedInternalUserId: here.admin.id };
  expect(await here.refusals(here.admin, document, { userId: user.id, ...input })).toEqual([]);
  expect(await here.refusals(here.admin, document, { userId: user.guid, title: "Dr" })).toEqual([]);
  expect(await here.read(user)).toMatchObject({
    ...profile,
    title: "Dr",
    name: "Dr John Doe",
    contactEmail: "john.doe@example.com",
    assignedInternalUser: { guid: here.admin.guid },
    version: 3,
  });
});

test.each([
  ["the same", "wanted"],
  ["in other case", "WanteD"],
  ["with blanks around it", " wanted "],
])("a username that another user has is TAKEN: %s", async (_how, username) => {
  const here = await tenant();
  await here.user({ username: "wanted" });
  const user = await here.user();
  expect(await here.refusals(here.admin, document, { userId: user.id, username })).toEqual(["TAKEN input.username"]);
});

test("a username that differs in its Unicode form only is TAKEN", async () => {
  const here = await tenant();
  await here.user({ username: "zo\u00eb" });
  const user = await here.user();
  for (const username of ["ZOE\u0308", "zoe\u0308", "ZO\u00cb"]) {
    expect(await here.refusals(here.admin, document, { userId: user.id, username })).toEqual(["TAKEN input.username"]);
  }
});

test("any number of users have no username", async () => {
  const here = await tenant();
  for (const user of [await here.user({ username: "a" }), await here.user({ username: "b" })]) {
    expect(await here.refusals(here.admin, document, { userId: user.id, username: null })).toEqual([]);
  }
});

test("nobody looks after the user any more with null", async () => {
  const here = await tenant();
  const user = await here.user({ assignedInternalUserId: here.admin.guid });
  expect(await here.refusals(here.admin, document, { userId: user.id, assignedInternalUserId: null })).toEqual([]);
  expect(await here.read(user)).toMatchObject({ assignedInternalUser: null, version: 2 });
});

test("only internal users look after somebody", async () => {
  const here = await tenant();
  const [user, investor] = [await here.user(), await here.user()];
  const refusals = (assignedInternalUserId: string) =>
    here.refusals(here.admin, document, { userId: user.id, assignedInternalUserId });
  expect(await refusals(investor.id)).toEqual(["USER_TYPE_MISMATCH input.assignedInternalUserId"]);
  expect(await refusals("00000000-0000-7000-8000-000000000000")).toEqual(["NOT_FOUND input.assignedInternalUserId"]);
});

test("a revoked account cannot be changed", async () => {
  const here = await tenant();
  const user = await here.user({ status: UserStatus.REVOKED });
  expect(await here.refusals(here.admin, document, { userId: user.id, forename: "A" })).toEqual([
    "INVALID_TRANSITION input.userId",
  ]);
});

test.each([UserStatus.DRAFT, UserStatus.INVITED, UserStatus.SUSPENDED])(
  "a %s account can be changed",
  async (status) => {
    const here = await tenant();
    const user = await here.user({ status });
    expect(await here.refusals(here.admin, document, { userId: user.id, forename: "A" })).toEqual([]);
  },
);

test("an internal member changes their own clients only", async () => {
  const here = await tenant();
  const member = await here.internal(["users.read", "users.write"]);
  const client = await here.user({ assignedInternalUserId: member.guid });
  const others = [
    await here.user({ assignedInternalUserId: here.admin.guid }),
    await here.user(),
    await here.user({ type: UserType.INTERNAL }),
    here.admin,
    member,
  ];
  expect(await here.refusals(member, document, { userId: client.id, forename: "Mine" })).toEqual([]);
  for (const { id } of others) {
    expect(await here.refusals(member, document, { userId: id, forename: "X" })).toEqual([
      "NOT_ASSIGNED_TO_YOU input.userId",
    ]);
  }
});

test("a service changes any user with users.write alone", async () => {
  const here = await tenant();
  const user = await here.user();
  const service = await here.service("users.write");
  const { updateUser } = await service.ask(document, { input: { userId: user.id, forename: "By a service" } });
  expect(updateUser).toMatchObject({ errors: [], user: { id: user.id, forename: "By a service" } });
  expect(await here.read(user)).toMatchObject({ forename: "By a service", version: 2 });
});

test("an unknown user is not found", async () => {
  const here = await tenant();
  const userId = "00000000-0000-7000-8000-000000000000";
  expect(await here.refusals(here.admin, document, { userId, forename: "X" })).toEqual(["NOT_FOUND input.userId"]);
});

test("clientMutationId comes back, also from a refusal", async () => {
  const here = await tenant();
  const ask = "mutation ($input: UpdateUserInput!) { updateUser(input: $input) { clientMutationId errors { code } } }";
  for (const [userId, errors] of [
    [here.admin.id, []],
    ["00000000-0000-7000-8000-000000000000", [{ code: "NOT_FOUND" }]],
  ]) {
    const { updateUser } = await here.admin.ask(ask, { input: { userId, clientMutationId: "mine" } });
    expect(updateUser).toEqual({ clientMutationId: "mine", errors });
  }
});

test("a write that loses a deadlock is tried again, and its caller does not see it", async () => {
  const here = await tenant();
  const [client, advisor] = [await here.user(), await here.internal([])];
  const other = new pg.Client({ connectionString: database.superUrl });
  await other.connect();
  try {
    const lock = (user: { guid: string }) => other.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [user.guid]);
    // The other side is patient, so that PostgreSQL always ends ours.
    await other.query("SET deadlock_timeout = '1min'; BEGIN");
    await lock(advisor);
    const input = { userId: client.id, assignedInternalUserId: advisor.id };
    const write = here.refusals(here.admin, document, input);
    await waiting();
    await lock(client);
    await other.query("COMMIT");
    expect(await write).toEqual([]);
    expect(await here.read(client)).toMatchObject({ assignedInternalUser: { guid: advisor.guid }, version: 2 });
  } finally {
    await other.end();
  }
});

/** Until some statement waits for a lock. */
async function waiting(): Promise<void> {
  const waiters = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
  while ((await database.sql(waiters)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("updates that cross each other all succeed", async () => {
  const here = await tenant();
  const [one, two] = [await here.internal([]), await here.internal([])];
  const cross = (user: { id: string }, assignee: { id: string }) =>
    here.admin.ask(document, { input: { userId: user.id, assignedInternalUserId: assignee.id } });
  const answers = await Promise.all([cross(one, two), cross(two, one)]);
  expect(answers.map(({ updateUser }) => updateUser.errors)).toEqual([[], []]);
  expect(await here.read(one)).toMatchObject({ assignedInternalUser: { guid: two.guid } });
  expect(await here.read(two)).toMatchObject({ assignedInternalUser: { guid: one.guid } });
});
