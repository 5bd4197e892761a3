import { PERMISSIONS } from "../../src/access/index.js";
import { toGlobalId } from "../../src/kit/index.js";
import { InviteStatus, UserType } from "../../src/users/index.js";
import { harness, operations, problems, type Caller, type Person } from "../harness/index.js";

const { tenant } = await harness();

const BY_KEY = "query ($id: ID, $guid: UUID) { user(id: $id, guid: $guid) { guid } }";
const PAST = "2020-01-01T00:00:00.000Z";
const FUTURE = "2999-01-01T00:00:00.000Z";

describe("user", () => {
  test("is found by its guid, by its global id, and by its guid in the place of the id", async () => {
    const { admin } = await tenant();
    const expected = { user: { guid: admin.guid } };
    expect(await admin.ask(BY_KEY, { guid: admin.guid })).toEqual(expected);
    expect(await admin.ask(BY_KEY, { guid: admin.guid.toUpperCase() })).toEqual(expected);
    expect(await admin.ask(BY_KEY, { id: admin.id })).toEqual(expected);
    expect(await admin.ask(BY_KEY, { id: admin.guid })).toEqual(expected);
  });

  test("wants exactly one key", async () => {
    const { admin } = await tenant();
    for (const keys of [{}, { id: null, guid: null }, { id: admin.id, guid: admin.guid }]) {
      expect(problems(await admin.send(BY_KEY, keys))).toEqual(["BAD_USER_INPUT id"]);
    }
  });

  test("does not take the id of another type", async () => {
    const here = await tenant();
    const group = await here.group();
    expect(problems(await here.admin.send(BY_KEY, { id: group.id }))).toEqual(["BAD_USER_INPUT id"]);
  });
});

describe("me", () => {
  test("is the signed-in user", async () => {
    const here = await tenant();
    const user = await here.user();
    expect((await user.ask(operations.Me!)).me).toMatchObject({ guid: user.guid, type: "INVESTOR", status: "ACTIVE" });
  });

  test("is nobody for a service", async () => {
    const here = await tenant();
    const service = await here.service("users.read");
    expect(await service.ask(operations.Me!)).toEqual({ me: null });
  });

  test("is the user acted as in an impersonated session", async () => {
    const here = await tenant();
    const user = await here.user();
    const session = await here.actingAs(here.admin, user);
    expect((await session.ask(operations.Me!)).me.guid).toBe(user.guid);
  });
});

/** Every way to come upon users: which of these people does the caller see? */
const WAYS: Record<string, (caller: Caller, people: Person[]) => Promise<(string | undefined)[]>> = {
  "user(guid)": (caller, people) => each(people, async ({ guid }) => (await caller.ask(BY_KEY, { guid })).user?.guid),
  "user(id)": (caller, people) => each(people, async ({ id }) => (await caller.ask(BY_KEY, { id })).user?.guid),
  node: (caller, people) =>
    each(people, async ({ id }) => {
      const { node } = await caller.ask("query ($id: ID!) { node(id: $id) { ... on User { guid } } }", { id });
      return node?.guid;
    }),
  nodes: async (caller, people) => {
    const ids = people.map(({ id }) => id);
    const { nodes } = await caller.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { ... on User { guid } } }", { ids });
    return nodes.map((node: Person | null) => node?.guid);
  },
  "_entities by guid": (caller, people) =>
    entities(
      caller,
      people.map(({ guid }) => ({ guid })),
    ),
  "_entities by id": (caller, people) =>
    entities(
      caller,
      people.map(({ id }) => ({ id })),
    ),
  "the list's nodes": async (caller) => {
    const { data } = await caller.send("{ users(first: 100) { nodes { guid } } }");
    return data?.users.nodes.map((node: Person) => node.guid) ?? CLOSED;
  },
  "the list's edges": async (caller) => {
    const { data } = await caller.send("{ users(last: 100) { edges { node { guid } } } }");
    return data?.users.edges.map((edge: { node: Person }) => edge.node.guid) ?? CLOSED;
  },
  "the list's search": async (caller, people) => {
    const document = "query ($guid: String) { users(search: $guid) { nodes { guid } } }";
    const found = people.map(async ({ guid }) => (await caller.send(document, { guid })).data?.users.nodes[0]?.guid);
    const guids = await Promise.all(found);
    return guids.some(Boolean) ? guids : CLOSED;
  },
};

/** The list is closed to those who see nobody but themselves; that it is, operations.test.ts shows. */
const CLOSED: string[] = ["closed"];

const each = (
  people: Person[],
  see: (person: Person) => Promise<string | undefined>,
): Promise<(string | undefined)[]> => Promise.all(people.map(see));

async function entities(caller: Caller, keys: object[]): Promise<(string | undefined)[]> {
  const { _entities } = await caller.ask(
    "query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { guid } } }",
    { representations: keys.map((key) => ({ __typename: "User", ...key })) },
  );
  return _entities.map((user: Person | null) => user?.guid);
}

/** Two families, an investor in none, and the staff. */
async function families() {
  const here = await tenant();
  const [advisor, lead, member, investor, otherLead, otherMember] = await Promise.all([
    here.internal(["users.read", "users.write"]),
    here.user(),
    here.user(),
    here.user(),
    here.user(),
    here.user(),
  ]);
  await here.group({ lead, members: [member] });
  await here.group({ lead: otherLead, members: [otherMember] });
  const people = { admin: here.admin, advisor, lead, member, investor, otherLead, otherMember };
  return { here, people };
}

type Name = keyof Awaited<ReturnType<typeof families>>["people"];
const EVERYBODY: Name[] = ["admin", "advisor", "lead", "member", "investor", "otherLead", "otherMember"];

/** For whoever writes to users without the permission to list them. */
const BY_KEY_ALONE = [...EVERYBODY];
/** All permissions but those whose holders see every user. */
const NOT_SEEING = PERMISSIONS.filter((permission) => !["users.read", "users.write"].includes(permission));

const VIEWERS: [who: string, sees: Name[], caller: (scene: Awaited<ReturnType<typeof families>>) => Promise<Caller>][] =
  [
    ["the administrator", EVERYBODY, async ({ people }) => people.admin],
    ["an internal member", EVERYBODY, async ({ people }) => people.advisor],
    ["a service with users.read", EVERYBODY, ({ here }) => here.service("users.read")],
    ["a service with users.write", BY_KEY_ALONE, ({ here }) => here.service("users.write")],
    ["an internal member with users.write", BY_KEY_ALONE, ({ here }) => here.internal(["users.write"])],
    ["a service without either", [], ({ here }) => here.service(...NOT_SEEING)],
    ["a group's lead", ["lead", "member"], async ({ people }) => people.lead],
    [
      "an internal user in a lead's session",
      ["lead", "member"],
      ({ here, people }) => here.actingAs(people.admin, people.lead),
    ],
    ["a group's member", ["member"], async ({ people }) => people.member],
    ["a plain investor", ["investor"], async ({ people }) => people.investor],
  ];

describe.each(VIEWERS)("%s sees %j", (_who, sees, callerOf) => {
  test.each(Object.keys(WAYS))("by %s", async (way) => {
    const scene = await families();
    const people = Object.values(scene.people);
    const found = await WAYS[way]!(await callerOf(scene), people);
    const expected = found === CLOSED ? CLOSED : sees.map((name) => scene.people[name].guid);
    expect(found.filter((guid) => guid != null).toSorted()).toEqual(expected.toSorted());
    if (found === CLOSED) expect(sees.length < 2 || sees === BY_KEY_ALONE).toBe(true);
  });
});

describe("assignedInternalUser", () => {
  const ADVISOR = "query ($guid: UUID!) { user(guid: $guid) { assignedInternalUser { guid } } }";

  test("shows staff who looks after the user", async () => {
    const here = await tenant();
    const client = await here.user({ assignedInternalUserId: here.admin.guid });
    const { user } = await here.admin.ask(ADVISOR, { guid: client.guid });
    expect(user.assignedInternalUser).toEqual({ guid: here.admin.guid });
  });

  test("is null for a lead and for the client, who may not see that member of staff", async () => {
    const here = await tenant();
    const client = await here.user({ assignedInternalUserId: here.admin.guid });
    const lead = await here.user();
    await here.group({ lead, members: [client] });
    for (const caller of [lead, client]) {
      expect((await caller.ask(ADVISOR, { guid: client.guid })).user).toEqual({ assignedInternalUser: null });
    }
  });
});

test("of a user's classifications only those that count now are listed and counted, by name", async () => {
  const here = await tenant();
  const user = await here.user();
  await here.classify(user, await here.classification("Sophisticated", "s"), FUTURE);
  await here.classify(user, await here.classification("Professional", "p"), PAST);
  await here.classify(user, await here.classification("High Net Worth", "h"));
  const { user: read } = await user.ask(
    "query ($guid: UUID!) { user(guid: $guid) { classifications { totalCount edges { validUntil node { name } } } } }",
    { guid: user.guid },
  );
  expect(read.classifications).toEqual({
    totalCount: 2,
    edges: [
      { validUntil: null, node: { name: "High Net Worth" } },
      { validUntil: FUTURE, node: { name: "Sophisticated" } },
    ],
  });
});

test.each([
  [InviteStatus.INVITED, PAST, "EXPIRED"],
  [InviteStatus.INVITED, FUTURE, "INVITED"],
  [InviteStatus.INVITED, null, "INVITED"],
  [InviteStatus.COMPLETED, PAST, "COMPLETED"],
  [InviteStatus.DRAFT, PAST, "DRAFT"],
  [InviteStatus.REVOKED, PAST, "REVOKED"],
  [null, null, null],
])(
  "an invitation stored as %s that expires %s reads as %s",
  async (storedInviteStatus, inviteDateExpires, expected) => {
    const here = await tenant();
    const user = await here.user({ storedInviteStatus, inviteDateExpires });
    expect((await here.read(user)).inviteStatus).toBe(expected);
  },
);

test.each([
  [{ title: "Ms", forename: "Zoë", surname: "Müller" }, "Ms Zoë Müller"],
  [{ title: null, forename: null, surname: "Acme Ltd" }, "Acme Ltd"],
  [{ title: null, forename: null, surname: null }, null],
])("%j is printed as %s", async (names, printed) => {
  const here = await tenant();
  expect((await here.read(await here.user(names))).name).toBe(printed);
});

test("user, node and _entities tell the same of a user", async () => {
  const here = await tenant();
  const { guid, id } = await here.user({ type: UserType.ENTREPRENEUR });
  const fields = "... on User { __typename id guid name type status contactEmail isUserGroupLead version }";
  const data = await here.admin.ask(
    `query ($guid: UUID!, $id: ID!, $representations: [_Any!]!) {
      user(guid: $guid) { ${fields} } node(id: $id) { ${fields} } nodes(ids: [$id]) { ${fields} }
      _entities(representations: $representations) { ${fields} } }`,
    { guid, id, representations: [{ __typename: "User", guid }] },
  );
  expect(data.user.id).toBe(toGlobalId("User", guid));
  expect([data.node, data.nodes[0], data._entities[0]]).toEqual([data.user, data.user, data.user]);
});
