import { UserStatus } from "../../src/users/index.js";
import { toGlobalId } from "../../src/kit/index.js";
import { harness, operations, problems, type Caller, type Person } from "../harness/index.js";
import { family, readGroup, UNKNOWN, type Family, type Member } from "./family.js";
import { walk, type Connection } from "./walk.js";

// By loaders; that compiled documents answer alike is for compiled-read.test.ts to say.
const server = await harness({ compileQueries: false });
const MEMBERS = `query ($guid: UUID!, $first: Int, $after: String, $last: Int, $before: String,
    $filter: UserGroupMemberFilter, $search: String, $orderBy: UserGroupMemberOrder) {
  userGroup(guid: $guid) {
    members(first: $first, after: $after, last: $last, before: $before, filter: $filter, search: $search, orderBy: $orderBy) {
      totalCount
      nodes { guid }
      edges { cursor name isLead isSignatory joinedAt role { name } node { guid contactEmail } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}`;
type Edge = Member & { cursor: string };
/** What is told of a member whom the caller knows by name alone. */
const NAME_ALONE = { isLead: null, isSignatory: null, joinedAt: null, role: null, node: null };
const members = async (
  caller: Caller,
  group: { guid: string },
  variables: object = {},
): Promise<Connection<Edge> & { nodes: (Person | null)[] }> =>
  (await caller.ask(MEMBERS, { guid: group.guid, first: 100, ...variables })).userGroup.members;

/** The surnames of those whom a caller finds; the count has to agree. */
async function found(caller: Caller, group: { guid: string }, variables: object): Promise<string[]> {
  const { totalCount, edges } = await members(caller, group, variables);
  expect(totalCount).toBe(edges.length);
  return edges.map(({ name }) => name.replace("Ida ", "")).toSorted();
}

test("an edge says how somebody belongs to the group", async () => {
  const { here, group, lead, member, signatory } = await family(server);
  await here.join(group, await here.user({ surname: "New" }), { joinedAt: "2024-01-02T03:04:05.678Z" });
  const { edges, totalCount } = await members(here.admin, group);
  expect(totalCount).toBe(4);
  const edge = (name: string, of: object) => ({
    cursor: expect.any(String),
    name: `Ida ${name}`,
    isLead: false,
    isSignatory: false,
    joinedAt: expect.any(String),
    role: { name: "Middle" },
    ...of,
  });
  const node = ({ guid, email }: Person) => ({ guid, contactEmail: email });
  expect(edges).toEqual([
    edge("Lead", { isLead: true, node: node(lead) }),
    edge("Member", { node: node(member) }),
    edge("New", { role: null, joinedAt: "2024-01-02T03:04:05.678Z", node: expect.any(Object) }),
    edge("Signatory", { isSignatory: true, node: node(signatory) }),
  ]);
});

describe("everybody who sees the group reads its members' names; as users", () => {
  const ALL = ["Lead", "Member", "Signatory"];
  const CALLERS: [who: string, sees: string[] | null, (of: Family) => Caller | Promise<Caller>][] = [
    ["an administrator", ["Lead", "Member", "Signatory"], ({ here }) => here.admin],
    ["an internal member", ["Lead", "Member", "Signatory"], ({ here }) => here.internal(["users.read", "groups.read"])],
    ["a service", ["Lead", "Member", "Signatory"], ({ here }) => here.service("users.read", "groups.read")],
    ["a service that writes to users and groups", ALL, ({ here }) => here.service("users.write", "groups.write")],
    ["staff who see groups and not users", [], ({ here }) => here.internal(["groups.read"])],
    ["a service that sees groups and not users", [], ({ here }) => here.service("groups.read")],
    ["the lead", ["Lead", "Member", "Signatory"], ({ lead }) => lead],
    [
      "an internal user in the lead's session",
      ["Lead", "Member", "Signatory"],
      ({ here, lead, group }) => here.actingAs(here.admin, lead, group),
    ],
    ["a member", ["Member"], ({ member }) => member],
    [
      "an internal user in a member's session",
      ["Member"],
      ({ here, member, group }) => here.actingAs(here.admin, member, group),
    ],
    ["staff who see users and not groups", null, ({ here }) => here.internal(["users.read"])],
    ["another group's lead", null, ({ otherLead }) => otherLead],
    ["a client in no group", null, ({ client }) => client],
  ];

  test.each(CALLERS)("%s sees %j", async (_who, sees, callerOf) => {
    const of = await family(server);
    const caller = await callerOf(of);
    if (sees === null) {
      expect(await readGroup(caller, of.group)).toBeNull();
      return;
    }
    const { edges, nodes, totalCount } = await members(caller, of.group);
    expect(totalCount).toBe(3);
    expect(edges.map(({ name }) => name)).toEqual(["Ida Lead", "Ida Member", "Ida Signatory"]);
    expect(edges.filter(({ node }) => node).map(({ name }) => name.slice(4))).toEqual(sees);
    expect(nodes.map((node) => node?.guid)).toEqual(edges.map(({ node }) => node?.guid));
    for (const { cursor: _cursor, name, ...rest } of edges) {
      if (!sees.includes(name.slice(4))) expect(rest).toEqual(NAME_ALONE);
      else {
        expect(rest).toEqual({
          isLead: name === "Ida Lead",
          isSignatory: name === "Ida Signatory",
          joinedAt: expect.any(String),
          role: { name: "Middle" },
          node: expect.any(Object),
        });
      }
    }
  });
});

describe("of a fellow member's account", () => {
  const isOf =
    (surname: string) =>
    ({ name }: Edge): boolean =>
      name === `Ida ${surname}`;

  /** Whom a caller finds by a filter, besides the member whom the tests ask as. */
  const filtered =
    (filter: (of: Family) => object) =>
    async (caller: Caller, of: Family): Promise<string[]> =>
      (await found(caller, of.group, { filter: filter(of) })).filter((name) => name !== "Member");

  /** The edges that tell more than a name. */
  const edgesWithMore = async (caller: Caller, group: { guid: string }, variables?: object): Promise<Edge[]> =>
    (await members(caller, group, variables)).edges.filter(({ cursor: _cursor, name: _name, ...rest }) =>
      Object.values(rest).some((value) => value !== null),
    );

  /** What a member learns by each way to ask for the signatory; and the lead, who may, as the control. */
  const WAYS: [way: string, (caller: Caller, of: Family) => Promise<unknown>][] = [
    ["its e-mail address", async (caller, { group, signatory }) => found(caller, group, { search: signatory.email })],
    ["its username", async (caller, { group }) => found(caller, group, { search: "signs4all" })],
    ["its guid", async (caller, { group, signatory }) => found(caller, group, { search: signatory.guid })],
    ["its status", filtered(() => ({ status: ["ACTIVE"] }))],
    ["its role", filtered(({ roles }) => ({ roleIds: [roles.middle.id] }))],
    ["its right to sign", filtered(() => ({ isSignatory: true }))],
    ["not leading the group", filtered(() => ({ isLead: false }))],
    ["all of these", filtered(() => ({ status: ["ACTIVE"], isSignatory: true, isLead: false }))],
    ["an edge", async (caller, { group }) => (await edgesWithMore(caller, group)).filter(isOf("Signatory"))],
    [
      "an edge by its name",
      async (caller, { group }) => (await edgesWithMore(caller, group, { search: "sign" })).filter(isOf("Signatory")),
    ],
    [
      "user(guid)",
      async (caller, { signatory }) =>
        (await caller.ask(operations.UserWithItsGraph!, { guid: signatory.guid })).user ?? [],
    ],
    [
      "node",
      async (caller, { signatory }) =>
        (await caller.ask("query ($id: ID!) { node(id: $id) { id } }", { id: signatory.id })).node ?? [],
    ],
    [
      "_entities",
      async (caller, { signatory }) =>
        (
          await caller.ask("query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { id } } }", {
            of: [{ __typename: "User", guid: signatory.guid }],
          })
        )._entities[0] ?? [],
    ],
  ];

  test.each(WAYS)("a member finds nothing by %s, the lead does", async (_way, ask) => {
    const of = await family(server);
    await server.database.sql("UPDATE users SET search_text = search_text || 'signs4all' WHERE id = $1", [
      of.signatory.guid,
    ]);
    expect(await ask(of.member, of)).toEqual([]);
    expect(await ask(of.lead, of)).not.toEqual([]);
  });

  test("a member finds the name, and oneself by everything", async () => {
    const { member, group, roles } = await family(server);
    expect(await found(member, group, { search: "SIGN" })).toEqual(["Signatory"]);
    expect(await found(member, group, { search: "ida s" })).toEqual(["Signatory"]);
    for (const search of [member.email, member.guid, "member"]) {
      expect(await found(member, group, { search })).toEqual(["Member"]);
    }
    const own = { status: ["ACTIVE"], roleIds: [roles.middle.id], isSignatory: false, isLead: false };
    for (const [name, value] of Object.entries(own)) {
      expect(await found(member, group, { filter: { [name]: value } })).toEqual(["Member"]);
    }
    expect(await found(member, group, { filter: own })).toEqual(["Member"]);
    expect(await found(member, group, { filter: { isSignatory: true } })).toEqual([]);
    expect(await found(member, group, { filter: { isLead: true } })).toEqual([]);
    // No condition at all is none to meet.
    for (const filter of [null, {}, { status: null, roleIds: null, isSignatory: null, isLead: null }]) {
      expect(await found(member, group, { filter })).toEqual(["Lead", "Member", "Signatory"]);
    }
  });

  test("nothing more is told by the group's lead", async () => {
    const { member, lead, group } = await family(server);
    expect((await readGroup(member, group))!.leadUser).toBeNull();
    expect((await readGroup(lead, group))!.leadUser).toMatchObject({ id: lead.id });
  });

  test("a member pages through all of them all the same", async () => {
    const { member, group } = await family(server);
    for (const backward of [false, true]) {
      const edges = await walk<Edge>(member, MEMBERS, { guid: group.guid }, (data) => data.userGroup.members, {
        size: 1,
        backward,
      });
      expect(edges.map(({ name }) => name)).toEqual(["Ida Lead", "Ida Member", "Ida Signatory"]);
    }
  });
});

/** Some thirty members with ties in name and time, and some without a name. */
async function crowd() {
  const of = await family(server);
  const { here, roles } = of;
  const group = await here.group({ name: "Crowd" });
  const names = ["Li", "Müller", "muller", "Öberg", null, "Zed", "100% sure", "under_score", "back\\slash"];
  const rows: {
    guid: string;
    surname: string | null;
    joinedAt: string;
    roleId: string | null;
    isSignatory: boolean;
    status: UserStatus;
  }[] = [];
  for (let i = 0; i < 31; i++) {
    const surname = names[i % names.length]!;
    const status = Object.values(UserStatus)[i % 5]!;
    const user = await here.user({ surname, forename: surname && i % 2 ? "Ann" : null, status });
    const row = {
      joinedAt: `2024-01-0${1 + (i % 4)}T00:00:00.000Z`,
      roleId: [roles.low.guid, roles.high.guid, null][i % 3]!,
      isSignatory: i % 4 === 0,
    };
    await here.join(group, user, row);
    rows.push({ guid: user.guid, surname: surname && `${surname} ${i % 2 ? "Ann" : "\u{10FFFF}"}`, status, ...row });
  }
  return { of, here, group, rows };
}

const plain = (text: string): string =>
  text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase();
const compared = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe("the order", () => {
  test.each(["NAME", "JOINED_AT"].flatMap((field) => ["ASC", "DESC"].map((direction) => [field, direction] as const)))(
    "by %s %s shows each once, ties by guid, forward and backward",
    async (field, direction) => {
      const { here, group, rows } = await crowd();
      const key = ({ surname, joinedAt, guid }: (typeof rows)[number]): string =>
        `${field === "NAME" ? (surname === null ? "\u{10FFFF}\u{10FFFF}" : plain(surname)) : joinedAt}\0${guid}`;
      const expected = rows.toSorted((a, b) => compared(key(a), key(b))).map(({ guid }) => guid);
      if (direction === "DESC") expected.reverse();
      for (const size of [1, 7, 100]) {
        for (const backward of [false, true]) {
          const variables = { guid: group.guid, orderBy: { field, direction } };
          const edges = await walk<Edge>(here.admin, MEMBERS, variables, (data) => data.userGroup.members, {
            size,
            backward,
          });
          expect(edges.map(({ node }) => node!.guid)).toEqual(expected);
        }
      }
    },
  );

  test("is by NAME ascending where nothing is said", async () => {
    const { here, group } = await crowd();
    const first = (await members(here.admin, group)).nodes;
    for (const orderBy of [null, {}, { field: "NAME" }, { direction: "ASC" }]) {
      expect((await members(here.admin, group, { orderBy })).nodes).toEqual(first);
    }
  });
});

test("filters leave those who meet all of them", async () => {
  const { of, here, group, rows } = await crowd();
  const { low, high } = of.roles;
  const FILTERS: [filter: object, (row: (typeof rows)[number]) => boolean][] = [
    [{}, () => true],
    [{ status: null, roleIds: null, isSignatory: null, isLead: null }, () => true],
    [{ status: ["ACTIVE"] }, ({ status }) => status === UserStatus.ACTIVE],
    [{ status: ["DRAFT", "REVOKED"] }, ({ status }) => [UserStatus.DRAFT, UserStatus.REVOKED].includes(status)],
    [{ status: [] }, () => false],
    [{ roleIds: [low.id] }, ({ roleId }) => roleId === low.guid],
    [{ roleIds: [low.guid, high.id] }, ({ roleId }) => roleId !== null],
    [{ roleIds: [UNKNOWN] }, () => false],
    [{ roleIds: [] }, () => false],
    [{ isSignatory: true }, ({ isSignatory }) => isSignatory],
    [{ isSignatory: false }, ({ isSignatory }) => !isSignatory],
    [{ isLead: true }, () => false],
    [{ isLead: false }, () => true],
    [{ isSignatory: true, roleIds: [high.id] }, ({ isSignatory, roleId }) => isSignatory && roleId === high.guid],
  ];
  for (const [filter, meets] of FILTERS) {
    const { totalCount, nodes } = await members(here.admin, group, { filter });
    const expected = rows.filter(meets).map(({ guid }) => guid);
    expect([filter, totalCount, nodes.map((node) => node!.guid).toSorted()]).toEqual([
      filter,
      expected.length,
      expected.toSorted(),
    ]);
  }
  expect(await found(here.admin, of.group, { filter: { isLead: true } })).toEqual(["Lead"]);
  expect(await found(here.admin, of.group, { filter: { isLead: false, isSignatory: false } })).toEqual(["Member"]);
});

test("a search finds part of a name, whatever its case and accents, and takes % _ \\ as they are", async () => {
  const { here, group } = await crowd();
  const count = async (search: string | null) => (await members(here.admin, group, { search })).totalCount;
  const searches: [string | null, number][] = [
    [null, 31],
    ["", 31],
    [" \t\u00a0", 31],
    ["müller", 8],
    ["MULL", 8],
    ["ann mul", 4],
    ["%", 3],
    ["0% s", 3],
    ["_", 3],
    ["\\", 3],
    ["k\\s", 3],
    ["%%", 0],
    ["example.com", 31],
    ["qqq", 0],
  ];
  for (const [search, expected] of searches) expect([search, await count(search)]).toEqual([search, expected]);
});

test("a whole guid finds its user, in any case; part of one does not", async () => {
  const { here, group, member, client } = await family(server);
  expect(await found(here.admin, group, { search: ` ${member.guid.toUpperCase()} ` })).toEqual(["Member"]);
  expect(await found(here.admin, group, { search: member.guid.slice(1) })).toEqual([]);
  expect(await found(here.admin, group, { search: client.guid })).toEqual([]);
});

test("what cannot be asked is BAD_USER_INPUT at its place", async () => {
  const { here, group } = await family(server);
  const ask = async (variables: object) => problems(await here.admin.send(MEMBERS, { guid: group.guid, ...variables }));
  const CASES: [object, string][] = [
    [{ first: 0 }, "first"],
    [{ first: 101 }, "first"],
    [{ last: 101 }, "last"],
    [{ first: 1, last: 1 }, "last"],
    [{ after: "x" }, "after"],
    [{ filter: { roleIds: [UNKNOWN, "x"] } }, "filter.roleIds.1"],
    [{ filter: { roleIds: [group.id] } }, "filter.roleIds.0"],
    [{ filter: { roleIds: Array.from({ length: 101 }, () => UNKNOWN) } }, "filter.roleIds"],
    [{ filter: { status: Array.from({ length: 101 }, () => "ACTIVE") } }, "filter.status"],
    [{ search: "x".repeat(201) }, "search"],
  ];
  for (const [variables, path] of CASES) expect(await ask(variables)).toEqual([`BAD_USER_INPUT ${path}`]);
});

test("a cursor of another order, filter, search or list is refused", async () => {
  const { here, group, roles } = await family(server);
  const { pageInfo } = await members(here.admin, group, { first: 1 });
  const after = pageInfo.endCursor;
  expect((await members(here.admin, group, { first: 1, after })).edges).toHaveLength(1);
  for (const other of [
    { orderBy: { field: "JOINED_AT" } },
    { orderBy: { direction: "DESC" } },
    { filter: { isSignatory: false } },
    { filter: { roleIds: [roles.middle.id] } },
    { search: "ida" },
  ]) {
    expect(problems(await here.admin.send(MEMBERS, { guid: group.guid, after, ...other }))).toEqual([
      "BAD_USER_INPUT after",
    ]);
  }
  for (const field of ["userGroups", "users", "availableRoles", "featureFlags"]) {
    const document = `query ($after: String) { ${field}(after: $after) { nodes { id } } }`;
    expect(problems(await here.admin.send(document, { after }))).toEqual(["BAD_USER_INPUT after"]);
  }
});

test("a member's own groups tell all about their membership, which is never null", async () => {
  const { member, group } = await family(server);
  const document =
    "{ me { userGroups { edges { isLead isSignatory joinedAt role { name } node { guid members { edges { isLead node { guid } } } } } } } }";
  const { edges } = (await member.ask(document)).me.userGroups;
  expect(edges).toEqual([
    {
      isLead: false,
      isSignatory: false,
      joinedAt: expect.any(String),
      role: { name: "Middle" },
      node: {
        guid: group.guid,
        members: {
          edges: [
            { isLead: null, node: null },
            { isLead: false, node: { guid: member.guid } },
            { isLead: null, node: null },
          ],
        },
      },
    },
  ]);
  const { __type } = await member.ask(`{ __type(name: "UserGroupMembershipEdge") { fields { name type { kind } } } }`);
  const required = __type.fields.filter(({ type }: any) => type.kind === "NON_NULL").map(({ name }: any) => name);
  expect(required.toSorted()).toEqual(["cursor", "isLead", "isSignatory", "joinedAt", "node"]);
});

test("User.userGroups tells the same membership from the other side", async () => {
  const { here, group, lead, member } = await family(server);
  await here.group({ name: "Another", members: [lead] });
  const { user } = await here.admin.ask(
    "query ($guid: UUID!) { user(guid: $guid) { isUserGroupLead isUserGroupMember userGroups { totalCount edges { isLead isSignatory role { name } node { id name memberCount } } } } }",
    { guid: lead.guid },
  );
  expect(user).toEqual({
    isUserGroupLead: true,
    isUserGroupMember: true,
    userGroups: {
      totalCount: 2,
      edges: [
        {
          isLead: false,
          isSignatory: false,
          role: null,
          node: { id: expect.any(String), name: "Another", memberCount: 1 },
        },
        {
          isLead: true,
          isSignatory: false,
          role: { name: "Middle" },
          node: { id: group.id, name: "Family", memberCount: 3 },
        },
      ],
    },
  });
  const own = await member.ask("{ me { isUserGroupLead isUserGroupMember userGroups { nodes { id } } } }");
  expect(own.me).toEqual({
    isUserGroupLead: false,
    isUserGroupMember: true,
    userGroups: { nodes: [{ id: group.id }] },
  });
  expect(toGlobalId("UserGroup", group.guid)).toBe(group.id);
});
