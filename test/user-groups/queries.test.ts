import { PERMISSIONS } from "../../src/access/index.js";
import { toGlobalId } from "../../src/kit/index.js";
import { harness, operations, problems, type Caller, type TestTenant } from "../harness/index.js";
import { family, UNKNOWN, type Family } from "./family.js";
import { walk, type Connection } from "./walk.js";

const server = await harness();
const { tenant } = server;
const GROUPS = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: UserGroupFilter, $search: String, $orderBy: UserGroupOrder) {
  userGroups(first: $first, after: $after, last: $last, before: $before, filter: $filter, search: $search, orderBy: $orderBy) {
    totalCount
    edges { cursor node { guid name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
type Edge = { cursor: string; node: { guid: string; name: string } };
const list = async (caller: Caller, variables: object = {}): Promise<Connection<Edge>> =>
  (await caller.ask(GROUPS, { first: 100, ...variables })).userGroups;

/** The names of the groups found; the count has to agree. */
async function names(caller: Caller, variables: object = {}): Promise<string[]> {
  const { totalCount, edges } = await list(caller, variables);
  expect(totalCount).toBe(edges.length);
  return edges.map(({ node }) => node.name).toSorted();
}

/** Every way to come upon groups: does the caller see this one? */
const WAYS: Record<
  string,
  (caller: Caller, group: { guid: string; id: string }, lead: { guid: string }) => Promise<boolean>
> = {
  "userGroup(guid)": async (caller, { guid }) =>
    (await caller.ask("query ($guid: UUID) { userGroup(guid: $guid) { id } }", { guid })).userGroup !== null,
  "userGroup(id)": async (caller, { id }) =>
    (await caller.ask("query ($id: ID) { userGroup(id: $id) { id } }", { id })).userGroup !== null,
  userGroupByLeadUser: async (caller, _group, { guid }) =>
    (await caller.ask(operations.UserGroupByLeadUser!, { userGuid: guid })).userGroupByLeadUser !== null,
  userGroups: async (caller, { guid }) => (await list(caller)).edges.some(({ node }) => node.guid === guid),
  "userGroups(search)": async (caller, { guid }) => (await names(caller, { search: guid })).length === 1,
  "userGroups(filter)": async (caller, _group, { guid }) =>
    (await names(caller, { filter: { leadUserId: guid } })).length === 1,
  node: async (caller, { id }) => (await caller.ask("query ($id: ID!) { node(id: $id) { id } }", { id })).node !== null,
  "_entities by guid": (caller, { guid }) => entity(caller, { guid }),
  "_entities by id": (caller, { id }) => entity(caller, { id }),
};

async function entity(caller: Caller, key: object): Promise<boolean> {
  const document = "query ($of: [_Any!]!) { _entities(representations: $of) { ... on UserGroup { id } } }";
  return (await caller.ask(document, { of: [{ __typename: "UserGroup", ...key }] }))._entities[0] !== null;
}

/** All permissions but those whose holders see every group. */
const NOT_SEEING = PERMISSIONS.filter(
  (permission) => !["groups.read", "groups.write", "invitations.write"].includes(permission),
);

const VIEWERS: [who: string, sees: boolean, (of: Family) => Caller | Promise<Caller>][] = [
  ["the administrator", true, ({ here }) => here.admin],
  ["an internal member with groups.read", true, ({ here }) => here.internal(["groups.read"])],
  ["an internal member with groups.write", true, ({ here }) => here.internal(["groups.write"])],
  ["an internal member with invitations.write", true, ({ here }) => here.internal(["invitations.write"])],
  ["an internal member without any of them", false, ({ here }) => here.internal(NOT_SEEING)],
  ["a service with groups.read", true, ({ here }) => here.service("groups.read")],
  ["a service with groups.write", true, ({ here }) => here.service("groups.write")],
  ["a service with invitations.write", true, ({ here }) => here.service("invitations.write")],
  ["a service without any of them", false, ({ here }) => here.service(...NOT_SEEING)],
  ["the lead", true, ({ lead }) => lead],
  ["a member", true, ({ member }) => member],
  [
    "an internal user in a member's session",
    true,
    ({ here, member, group }) => here.actingAs(here.admin, member, group),
  ],
  ["another group's lead", false, ({ otherLead }) => otherLead],
  ["a client in no group", false, ({ client }) => client],
];

describe.each(VIEWERS)("%s sees the group: %s", (_who, sees, callerOf) => {
  test.each(Object.keys(WAYS))("by %s", async (way) => {
    const of = await family(server);
    expect(await WAYS[way]!(await callerOf(of), of.group, of.lead)).toBe(sees);
  });
});

describe("userGroup", () => {
  test("wants exactly one key, of a group", async () => {
    const { here, group, lead } = await family(server);
    const document = "query ($id: ID, $guid: UUID) { userGroup(id: $id, guid: $guid) { id } }";
    for (const keys of [
      {},
      { id: null, guid: null },
      { id: group.id, guid: group.guid },
      { id: lead.id },
      { id: "x" },
    ]) {
      expect(problems(await here.admin.send(document, keys))).toEqual(["BAD_USER_INPUT id"]);
    }
    expect((await here.admin.ask(document, { id: group.guid })).userGroup.id).toBe(group.id);
  });

  test("tells of a flag that is on, of one that is off, and of one that nobody knows", async () => {
    const { here, group } = await family(server);
    await here.flag("on");
    await here.flag("off");
    const input = { groupId: group.id, flag: "on", enabled: true };
    expect(await here.refusals(here.admin, operations.UpdateUserGroupFeatureFlag!, input)).toEqual([]);
    const document = `query ($guid: UUID!) { userGroup(guid: $guid) {
      on: featureEnabled(key: "on") off: featureEnabled(key: "off") unknown: featureEnabled(key: "unknown") } }`;
    for (const _twice of [1, 2]) {
      expect((await here.admin.ask(document, { guid: group.guid })).userGroup).toEqual({
        on: true,
        off: false,
        unknown: false,
      });
    }
  });
});

test("userGroupByLeadUser is null for a member who does not lead, and for nobody", async () => {
  const { here, member } = await family(server);
  for (const userGuid of [member.guid, UNKNOWN]) {
    expect(await here.admin.ask(operations.UserGroupByLeadUser!, { userGuid })).toEqual({ userGroupByLeadUser: null });
  }
});

/** Some thirty groups with ties in time and in size. */
async function many(here: TestTenant) {
  const people = await Promise.all(Array.from({ length: 4 }, () => here.user()));
  const rows: { guid: string; name: string; createdAt: string; count: number }[] = [];
  for (let i = 0; i < 30; i++) {
    const name = `${["Älpha", "beta", "Γ", "délta", "Zeta"][i % 5]} ${(i * 7) % 30}`;
    const createdAt = `2024-03-1${i % 4}T${i % 2 ? "00:00:00.000" : "23:59:59.999"}Z`;
    const members = people.slice(0, i % 5);
    const { guid } = await here.group({ name, createdAt, members });
    rows.push({ guid, name, createdAt, count: members.length });
  }
  return rows;
}

const compared = (a: string | number, b: string | number): number =>
  typeof a === "number" ? a - (b as number) : Buffer.compare(Buffer.from(a), Buffer.from(b as string));
const plain = (text: string): string =>
  text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase();

describe("userGroups", () => {
  const KEYS: Record<string, (row: Awaited<ReturnType<typeof many>>[number]) => string | number> = {
    NAME: ({ name }) => plain(name),
    CREATED_AT: ({ createdAt }) => createdAt,
    MEMBER_COUNT: ({ count }) => count,
  };

  test("has the sorts of the schema", async () => {
    const { admin } = await tenant();
    const { __type } = await admin.ask(`{ __type(name: "UserGroupOrderField") { enumValues { name } } }`);
    expect(__type.enumValues.map((one: { name: string }) => one.name).toSorted()).toEqual(Object.keys(KEYS).toSorted());
  });

  test.each(Object.keys(KEYS).flatMap((field) => ["ASC", "DESC"].map((direction) => [field, direction] as const)))(
    "by %s %s shows each once, ties by guid, forward and backward",
    async (field, direction) => {
      const here = await tenant();
      const rows = await many(here);
      const key = KEYS[field]!;
      const expected = rows
        .toSorted((a, b) => compared(key(a), key(b)) || compared(a.guid, b.guid))
        .map(({ guid }) => guid);
      if (direction === "DESC") expected.reverse();
      for (const size of [1, 7, 100]) {
        for (const backward of [false, true]) {
          const edges = await walk<Edge>(
            here.admin,
            GROUPS,
            { orderBy: { field, direction } },
            (data) => data.userGroups,
            { size, backward },
          );
          expect(edges.map(({ node }) => node.guid)).toEqual(expected);
        }
      }
    },
  );

  test("is by NAME ascending where nothing is said", async () => {
    const here = await tenant();
    await many(here);
    const { edges } = await list(here.admin);
    const guids = edges.map(({ node }) => node.guid);
    for (const orderBy of [null, {}, { field: "NAME" }, { direction: "ASC" }]) {
      expect((await list(here.admin, { orderBy })).edges.map(({ node }) => node.guid)).toEqual(guids);
    }
  });

  test("is filtered by name, kind, lead, member, flag and day, and by all together", async () => {
    const { here, lead, member, otherLead, client } = await family(server);
    await here.flag("markets");
    const long = "𝔘".repeat(255);
    const createdAt = "2024-03-10T23:59:59.999Z";
    const made = await here.group({ name: "Ärzte", kind: "SHELL" as never, createdAt, members: [member] });
    await here.group({ name: long, createdAt: "2024-03-11T00:00:00.000Z" });
    const flag = { groupId: made.id, flag: "markets", enabled: true };
    expect(await here.refusals(here.admin, operations.UpdateUserGroupFeatureFlag!, flag)).toEqual([]);
    const all = ["Family", "Neighbours", long, "Ärzte"].toSorted();
    const FILTERS: [filter: object | null, string[]][] = [
      [null, all],
      [{}, all],
      [{ name: null, kind: null, leadUserId: null, memberId: null, featureFlag: null, createdAtFrom: null }, all],
      [{ name: "family" }, ["Family"]],
      [{ name: " ARZTE " }, ["Ärzte"]],
      [{ name: "Fam" }, []],
      [{ name: "F%" }, []],
      [{ name: "" }, []],
      [{ name: long }, [long]],
      [{ kind: "SHELL" }, ["Ärzte"]],
      [{ kind: "STANDARD" }, all.filter((name) => name !== "Ärzte")],
      [{ leadUserId: lead.id }, ["Family"]],
      [{ leadUserId: otherLead.guid }, ["Neighbours"]],
      [{ leadUserId: member.id }, []],
      [{ memberId: member.id }, ["Family", "Ärzte"]],
      [{ memberId: lead.guid }, ["Family"]],
      [{ memberId: client.id }, []],
      [{ featureFlag: "markets" }, ["Ärzte"]],
      [{ featureFlag: "MARKETS" }, []],
      [{ createdAtTo: "2024-03-10" }, ["Ärzte"]],
      [{ createdAtFrom: "2024-03-10", createdAtTo: "2024-03-11" }, [long, "Ärzte"].toSorted()],
      [{ createdAtFrom: "2024-03-11", createdAtTo: "2024-03-11" }, [long]],
      [{ kind: "SHELL", memberId: member.id, featureFlag: "markets", createdAtTo: "2024-03-10" }, ["Ärzte"]],
      [{ kind: "SHELL", memberId: lead.id }, []],
    ];
    for (const [filter, expected] of FILTERS) {
      expect([filter, await names(here.admin, { filter })]).toEqual([filter, expected]);
    }
  });

  test("a member's filters reach no further than their own groups", async () => {
    const { member, otherLead, otherMember } = await family(server);
    expect(await names(member)).toEqual(["Family"]);
    for (const filter of [{ leadUserId: otherLead.id }, { memberId: otherMember.id }, { name: "Neighbours" }]) {
      expect(await names(member, { filter })).toEqual([]);
    }
    expect(await names(member, { search: "neighb" })).toEqual([]);
  });

  test("is searched by part of the name, in any case, with or without accents, and by a whole guid", async () => {
    const here = await tenant();
    const guids: Record<string, string> = {};
    for (const name of [
      "Müller Family Office",
      "100% sure",
      "under_score",
      "back\\slash",
      "O'Neill",
      "山田",
      "Plain",
    ]) {
      guids[name] = (await here.group({ name })).guid;
    }
    const all = Object.keys(guids).toSorted();
    const SEARCHES: [search: string | null, string[]][] = [
      [null, all],
      ["", all],
      [" \t\u00a0", all],
      ["MULLER f", ["Müller Family Office"]],
      ["Mu\u0308ller", ["Müller Family Office"]],
      ["  family   office ", ["Müller Family Office"]],
      ["ü", ["100% sure", "Müller Family Office", "under_score"]],
      ["%", ["100% sure"]],
      ["0% s", ["100% sure"]],
      ["_", ["under_score"]],
      ["r_s", ["under_score"]],
      ["\\", ["back\\slash"]],
      ["'", ["O'Neill"]],
      ["' OR '1'='1", []],
      ["山田", ["山田"]],
      ["山", ["山田"]],
      ["%%", []],
      [guids["Plain"]!, ["Plain"]],
      [` ${guids["Plain"]!.toUpperCase()}\n`, ["Plain"]],
      [guids["Plain"]!.slice(1), []],
      [UNKNOWN, []],
    ];
    for (const [search, expected] of SEARCHES) {
      expect([search, await names(here.admin, { search })]).toEqual([search, expected]);
    }
    const named = await here.group({ name: `Once ${guids["Plain"]}` });
    expect(await names(here.admin, { search: guids["Plain"] })).toEqual([`Once ${guids["Plain"]}`, "Plain"]);
    expect(await names(here.admin, { search: named.guid })).toHaveLength(1);
  });

  test("search, filter, order and pages go together", async () => {
    const here = await tenant();
    const rows = await many(here);
    const expected = rows
      .filter(({ name, createdAt }) => name.startsWith("Älpha") && createdAt >= "2024-03-11")
      .toSorted((a, b) => b.count - a.count || compared(b.guid, a.guid))
      .map(({ guid }) => guid);
    expect(expected.length).toBeGreaterThan(2);
    const variables = {
      search: "alph",
      filter: { createdAtFrom: "2024-03-11" },
      orderBy: { field: "MEMBER_COUNT", direction: "DESC" },
    };
    for (const backward of [false, true]) {
      const edges = await walk<Edge>(here.admin, GROUPS, variables, (data) => data.userGroups, { size: 1, backward });
      expect(edges.map(({ node }) => node.guid)).toEqual(expected);
    }
  });

  test("a cursor of another list, order, filter or search is refused", async () => {
    const here = await tenant();
    await many(here);
    const base = { orderBy: { field: "MEMBER_COUNT" }, filter: { kind: "STANDARD" }, search: "e" };
    const after = (await list(here.admin, { ...base, first: 1 })).pageInfo.endCursor;
    const ask = async (variables: object) => problems(await here.admin.send(GROUPS, variables));
    expect(await ask({ ...base, after })).toEqual([]);
    for (const other of [
      { orderBy: { field: "NAME" } },
      { orderBy: { field: "MEMBER_COUNT", direction: "DESC" } },
      { orderBy: null },
      { filter: { kind: "SHELL" } },
      { filter: null },
      { search: "a" },
      { search: null },
    ]) {
      expect(await ask({ ...base, ...other, after })).toEqual(["BAD_USER_INPUT after"]);
      expect(await ask({ ...base, ...other, last: 1, before: after })).toEqual(["BAD_USER_INPUT before"]);
    }
    for (const field of ["users", "availableRoles", "featureFlags", "classifications"]) {
      const document = `query ($after: String) { ${field}(after: $after) { nodes { id } } }`;
      expect(problems(await here.admin.send(document, { after }))).toEqual(["BAD_USER_INPUT after"]);
    }
  });

  test("a cursor of numbers holds a whole number, and one of texts a text", async () => {
    const here = await tenant();
    await many(here);
    const forged = async (field: string, value: unknown) => {
      const orderBy = { field };
      const cursor = (await list(here.admin, { orderBy, first: 1 })).pageInfo.endCursor!;
      const parts = JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown[];
      const after = Buffer.from(JSON.stringify(parts.with(2, value))).toString("base64url");
      return problems(await here.admin.send(GROUPS, { orderBy, after }));
    };
    expect(await forged("MEMBER_COUNT", 2)).toEqual([]);
    for (const value of ["2", 1.5, 1e300, null, true, [2]]) {
      expect(await forged("MEMBER_COUNT", value)).toEqual(["BAD_USER_INPUT after"]);
    }
    for (const value of [2_147_483_648, -2_147_483_649]) {
      expect((await forged("MEMBER_COUNT", value)).join()).toMatch(/^(BAD_USER_INPUT.*)?$/);
    }
    for (const value of [2, null, true]) expect(await forged("NAME", value)).toEqual(["BAD_USER_INPUT after"]);
  });

  test("what cannot be asked is BAD_USER_INPUT at its place", async () => {
    const { here, group } = await family(server);
    const CASES: [object, string][] = [
      [{ first: 101 }, "first"],
      [{ last: 0 }, "last"],
      [{ filter: { leadUserId: "x" } }, "filter.leadUserId"],
      [{ filter: { memberId: group.id } }, "filter.memberId"],
      [{ filter: { createdAtFrom: "2024-03-02", createdAtTo: "2024-03-01" } }, "filter.createdAtFrom"],
      [{ filter: { createdAtFrom: "2024-02-30" } }, "filter.createdAtFrom"],
      [{ search: "x".repeat(201) }, "search"],
    ];
    for (const [variables, path] of CASES) {
      expect(problems(await here.admin.send(GROUPS, variables))).toEqual([`BAD_USER_INPUT ${path}`]);
    }
  });
});

describe("availableRoles", () => {
  const roles = async (caller: Caller, variables: object = {}): Promise<string[]> => {
    const { totalCount, nodes } = (await caller.ask(operations.AvailableRoles!, { first: 100, ...variables }))
      .availableRoles;
    expect(totalCount).toBe(nodes.length);
    return nodes.map(({ name }: { name: string }) => name);
  };

  /** The roles of a family, and one for each kind of group and for staff. */
  async function scene() {
    const of = await family(server);
    await of.here.role({ name: "Shells", rank: 2, groupKind: "SHELL" as never });
    await of.here.role({ name: "Standards", rank: 0, groupKind: "STANDARD" as never });
    return of;
  }

  test("are those of groups, the highest first, or those for a kind of group", async () => {
    const { here } = await scene();
    const advisor = await here.internal(["groups.read"]);
    for (const caller of [here.admin, advisor, await here.service("groups.read")]) {
      expect(await roles(caller)).toEqual(["High", "Shells", "Middle", "Low", "Standards"]);
      expect(await roles(caller, { groupKind: "SHELL" })).toEqual(["High", "Shells", "Middle", "Low"]);
      expect(await roles(caller, { groupKind: "STANDARD", scope: "GROUP" })).toEqual([
        "High",
        "Middle",
        "Low",
        "Standards",
      ]);
    }
  });

  test("are for a lead none above their own", async () => {
    const { here, lead, client, group } = await scene();
    expect(await roles(lead)).toEqual(["Shells", "Middle", "Low", "Standards"]);
    expect(await roles(await here.actingAs(here.admin, lead, group), { groupKind: "STANDARD" })).toEqual([
      "Middle",
      "Low",
      "Standards",
    ]);
    await here.group({ lead: client });
    expect(await roles(client)).toEqual(["Standards"]);
  });

  test("of staff are shown to holders of users.read", async () => {
    const { here, lead } = await scene();
    const scope = "INTERNAL";
    expect(await roles(here.admin, { scope })).toHaveLength(1);
    expect(await roles(await here.internal(["groups.read", "users.read"]), { scope })).toHaveLength(2);
    for (const caller of [lead, await here.service("groups.read")]) expect(await roles(caller, { scope })).toEqual([]);
  });

  test("come in pages, ties by guid, each once", async () => {
    const here = await tenant();
    for (let i = 0; i < 9; i++) await here.role({ rank: i % 3 });
    const document = `query ($first: Int, $after: String, $last: Int, $before: String) {
      availableRoles(first: $first, after: $after, last: $last, before: $before) {
        totalCount edges { cursor node { guid rank } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
    const all = (await here.admin.ask(document, { first: 100 })).availableRoles.edges.map(({ node }: any) => node);
    expect(all).toEqual(all.toSorted((a: any, b: any) => b.rank - a.rank || compared(b.guid, a.guid)));
    for (const backward of [false, true]) {
      const edges = await walk<{ cursor: string; node: object }>(
        here.admin,
        document,
        {},
        (data) => data.availableRoles,
        {
          size: 2,
          backward,
        },
      );
      expect(edges.map(({ node }) => node)).toEqual(all);
    }
  });
});

test("a role and a feature flag are nodes under their types' names, and under no other", async () => {
  const { here, roles } = await family(server);
  const flag = await here.flag("markets");
  const typeOf = async (id: string) =>
    (await here.admin.ask("query ($id: ID!) { node(id: $id) { __typename id } }", { id })).node;
  for (const [type, { id, guid }, old] of [
    ["UserRole", roles.low, "Role"],
    ["UserGroupFeatureFlag", flag, "FeatureFlag"],
  ] as const) {
    expect(id).toBe(toGlobalId(type, guid));
    expect(await typeOf(id)).toEqual({ __typename: type, id });
    expect(await typeOf(toGlobalId(old, guid))).toBeNull();
  }
});

test("featureFlags are those of the tenant, by key, for whoever is signed in", async () => {
  const { here, client, otherLead } = await family(server);
  for (const key of ["zebra", "alpha", "Beta"]) await here.flag(key);
  await (await tenant()).flag("elsewhere");
  for (const caller of [here.admin, client, otherLead, await here.service("users.read")]) {
    const { nodes } = (await caller.ask(operations.FeatureFlags!)).featureFlags;
    expect(nodes.map(({ key }: { key: string }) => key)).toEqual(["Beta", "alpha", "zebra"]);
    expect(nodes[0].description).toBe("What Beta gives.");
  }
});

test("User.internalRoles are a member of staff's, by name, for holders of users.read", async () => {
  const { here, client, lead } = await family(server);
  const document = "query ($guid: UUID!) { user(guid: $guid) { internalRoles { nodes { scope } } } }";
  const rolesOf = async (caller: Caller, { guid }: { guid: string }) =>
    (await caller.ask(document, { guid })).user?.internalRoles.nodes;
  expect(await rolesOf(here.admin, here.admin)).toEqual([{ scope: "INTERNAL" }]);
  expect(await rolesOf(here.admin, client)).toEqual([]);
  expect(await rolesOf(lead, lead)).toEqual([]);
});
