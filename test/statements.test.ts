import {
  getNamedType,
  type GraphQLField,
  type GraphQLObjectType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from "graphql";
import type { OperationExtension } from "../src/kit/index.js";
import { apiSchema } from "../src/schema.js";
import { harness, operations, type Caller, type Person } from "./harness/index.js";

// By loaders; compiled documents are below.
const { tenant, database, statements } = await harness({ compileQueries: false });
const schema = apiSchema({ nodeFields: true });

const LIST = 100;
const here = await tenant();
const { admin } = here;
const lead = await here.user({ surname: "Zz" });
const people: Person[] = [];
const classifications = await Promise.all(["One", "Two"].map((name) => here.classification(name)));
const role = await here.role();
await here.flag("markets");
for (let index = 0; index < LIST; index++) {
  const above = await here.internal([], { surname: "Z" });
  const staff = await here.internal([], { surname: "Z", assignedInternalUserId: above.guid });
  const leader = await here.user({ surname: "Z", assignedInternalUserId: staff.guid });
  const person = await here.user({ surname: "Y", assignedInternalUserId: staff.guid });
  for (const classification of classifications) await here.classify(person, classification);
  await here.group({ lead: leader, members: [person], roleId: role.guid, defaultRoleId: role.guid });
  people.push(person);
}
await here.group({ lead, members: people });
await database.sql(
  `INSERT INTO audit_events (tenant_id, id, operation, actor_kind, changes, request_id)
   SELECT $1, gen_random_uuid(), 'test', 'SYSTEM', '[]', '' FROM generate_series(1, $2)`,
  [here.id, LIST],
);

/** What a field has to be given, and few rows of each list below another, which would grow from level to level. */
function argumentsOf({ args }: GraphQLField<unknown, unknown>): string {
  const given = args.flatMap((argument) =>
    argument.name === "first" ? ["first: 2"] : isRequiredArgument(argument) ? [`${argument.name}: "markets"`] : [],
  );
  return given.length > 0 ? `(${given.join()})` : "";
}

/** All leaf fields of a type, and its relations with all of theirs down to a depth. Connections are no level. */
function selectionOf(type: GraphQLObjectType, depth: number): string {
  const fields = Object.values(type.getFields()).map((field): string => {
    const inner = getNamedType(field.type);
    const called = field.name + argumentsOf(field);
    if (isLeafType(inner)) return called;
    const { operation } = field.extensions as { operation?: OperationExtension };
    if (!isObjectType(inner) || (operation && depth === 0)) return "";
    return `${called} { ${selectionOf(inner, operation ? depth - 1 : depth)} }`;
  });
  return `__typename ${fields.join(" ")}`;
}

const typeNamed = (name: string): GraphQLObjectType => schema.getType(name) as GraphQLObjectType;
const usersDocument = `query ($size: Int!) { users(first: $size, type: INVESTOR) { ${selectionOf(typeNamed("UserConnection"), 2)} } }`;

/** What a document costs, and the distinct statements that it ran. */
async function cost(caller: Caller, document: string, variables = {}): Promise<{ count: number; texts: string[] }> {
  const from = statements.length;
  const answer = await caller.send(document, variables);
  expect(answer.errors).toBeUndefined();
  return {
    count: answer.statements,
    texts: [...new Set(statements.slice(from).map((text) => text.replace(/LIMIT \d+/g, "LIMIT n")))].toSorted(),
  };
}

test("the generated selection holds every field of User, and relations of relations", () => {
  for (const name of Object.keys(typeNamed("User").getFields()))
    expect(usersDocument).toMatch(new RegExp(`\\b${name}\\b`));
  expect(usersDocument).toMatch(
    /assignedInternalUser {.* assignedInternalUser {.* userGroups\(first: 2\) {.* leadUser {.* leadUser {/,
  );
});

/** The relations and counts along every path of that selection; edges show the same objects as nodes. */
function relationsIn(type: GraphQLObjectType, depth: number): number {
  return Object.values(type.getFields()).reduce((sum, { name, type: of, extensions }) => {
    const inner = getNamedType(of);
    const own = extensions.operation || name === "totalCount" ? 1 : 0;
    if (isLeafType(inner)) return sum + own;
    if (!isObjectType(inner) || name === "edges" || (own && depth === 0)) return sum;
    return sum + own + relationsIn(inner, depth - own);
  }, 0);
}

test.each([
  ["users for an administrator", admin],
  ["users under a lead's row rule", lead],
])("%s: 1 and 100 with every field two levels deep cost the same statements", async (_name, caller) => {
  const one = await cost(caller, usersDocument, { size: 1 });
  const all = await cost(caller, usersDocument, { size: LIST });
  const again = await cost(caller, usersDocument, { size: LIST });
  expect(all.texts).toEqual(one.texts);
  expect(again.texts).toEqual(one.texts);
  // The viewer, the page, and one for each relation; paths that ask one loader at the same instant share a statement.
  const most = 2 + relationsIn(typeNamed("UserConnection"), 2);
  for (const { count, texts } of [one, all, again]) {
    expect(count).toBeLessThanOrEqual(most);
    expect(count).toBeGreaterThanOrEqual(texts.length);
  }
});

// The viewer is one statement of each: authorization costs no more, whatever is asked.
const list = (fields: string): string =>
  `query ($size: Int!) { users(first: $size, type: INVESTOR, orderBy: { direction: ASC }) { ${fields} } }`;
const nested = (fields: string): string => list(`nodes { ${fields} }`);
const groups = (fields: string): string => `query ($size: Int!) { userGroups(first: $size) { nodes { ${fields} } } }`;

test.each([
  ["a list", 2, list("nodes { name status }")],
  ["its edges and page", 2, list("edges { cursor node { name } } pageInfo { endCursor hasNextPage }")],
  ["its count", 3, list("totalCount nodes { name }")],
  [
    "nodes and edges of one relation",
    3,
    list("nodes { classifications { nodes { name } } } edges { node { classifications { edges { source } } } }"),
  ],
  [
    "every leaf field",
    2,
    nested(
      Object.values(typeNamed("User").getFields())
        .flatMap(({ name, type, extensions }) =>
          isLeafType(getNamedType(type)) && !extensions.operation ? [name] : [],
        )
        .join(" "),
    ),
  ],
  ["the assigned member of staff", 3, nested("assignedInternalUser { name }")],
  ["theirs in turn", 4, nested("assignedInternalUser { assignedInternalUser { name } }")],
  ["both flags of leadership and membership", 4, nested("isUserGroupLead isUserGroupMember")],
  ["classifications", 3, nested("classifications { edges { validUntil node { name } } }")],
  ["classifications with totalCount", 4, nested("classifications { totalCount nodes { name } }")],
  [
    "groups with totalCount and leads",
    5,
    nested("userGroups { totalCount edges { joinedAt node { name leadUser { name } } } }"),
  ],
  [
    "two pages of one relation",
    4,
    nested("a: userGroups(first: 1) { nodes { name } } b: userGroups(first: 2) { nodes { name } }"),
  ],
  [
    "two pages of one relation and one count for both",
    5,
    nested("a: userGroups(first: 1) { totalCount } b: userGroups(first: 2) { totalCount }"),
  ],
  ["groups", 2, groups("name memberCount")],
  ["groups with their leads and default roles", 4, groups("leadUser { name } defaultRole { name }")],
  ["groups with their members", 3, groups("members { edges { name isSignatory joinedAt node { name } } }")],
  [
    "groups with their members' roles, leads, and how many there are",
    6,
    groups("members { totalCount edges { isLead role { name } node { name } } }"),
  ],
  [
    "groups with two pages of members, one of them filtered",
    4,
    groups("members { nodes { name } } signing: members(filter: { isSignatory: true }) { nodes { name } }"),
  ],
  [
    "groups with their flags, and two that are asked for",
    5,
    groups(`featureFlags { nodes { key } } a: featureEnabled(key: "markets") b: featureEnabled(key: "other")`),
  ],
  ["all classifications", 2, "query ($size: Int!) { classifications(first: $size) { nodes { id name } } }"],
  ["audit events", 2, "query ($size: Int!) { auditEvents(first: $size) { nodes { id operation changes } } }"],
  ["audit events with their count", 3, "query ($size: Int!) { auditEvents(first: $size) { totalCount nodes { id } } }"],
])("%s: %i statements for 1 and for 100", async (_name, expected, document) => {
  const counts = [1, LIST].map(async (size) => (await cost(admin, document, { size })).count);
  expect(await Promise.all(counts)).toEqual([expected, expected]);
});

test("groups with their first members and what counts for each: five statements for 1, for 20 and for 100", async () => {
  for (const first of [1, 20, LIST]) {
    // The viewer, the groups, their members, the groups again for who leads them, and the members' classifications.
    expect((await cost(admin, operations.GroupsWithMembers!, { first, members: 10 })).count).toBe(5);
  }
});

test("a lead's list costs what an administrator's does", async () => {
  for (const document of [
    list("totalCount nodes { name }"),
    nested("classifications { totalCount } isUserGroupLead"),
  ]) {
    const [theirs, ours] = [await cost(lead, document, { size: LIST }), await cost(admin, document, { size: LIST })];
    expect(theirs.count).toBe(ours.count);
  }
});

test("one user is the viewer and one statement, me too, and each relation one more", async () => {
  const guid = people[0]!.guid;
  const counts: [number, string][] = [
    [2, "query ($guid: UUID!) { user(guid: $guid) { name } }"],
    [2, "{ me { name status } }"],
    [2, "query ($guid: UUID!) { a: user(guid: $guid) { name } me { name } }"],
    [
      7,
      `query ($guid: UUID!) { user(guid: $guid) { assignedInternalUser { name } isUserGroupLead isUserGroupMember
          classifications { nodes { name } } userGroups { nodes { name } } } }`,
    ],
  ];
  for (const [expected, document] of counts) {
    expect([document, (await cost(admin, document, { guid })).count]).toEqual([document, expected]);
  }
  expect((await cost(admin, "{ __typename }")).count).toBe(1);
});

test("nodes and _entities: one statement for each type among them, however many", async () => {
  const ids = people.map(({ id }) => id);
  const byIds = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on User { name isUserGroupLead } } }";
  for (const some of [ids.slice(0, 1), ids]) expect((await cost(admin, byIds, { ids: some })).count).toBe(3);
  const mixed = [...ids.slice(0, 50), classifications[0]!.id, classifications[1]!.id];
  expect((await cost(admin, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", { ids: mixed })).count).toBe(3);
  const references =
    "query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { name classifications { nodes { name } } } } }";
  for (const some of [people.slice(0, 1), people]) {
    const of = some.flatMap(({ guid, id }) => [
      { __typename: "User", guid },
      { __typename: "User", id },
    ]);
    expect((await cost(admin, references, { of })).count).toBe(3);
  }
});

test("a write is the viewer, the row, the change and its event", async () => {
  const document =
    "mutation ($input: UpdateUserInput!) { updateUser(input: $input) { user { name } errors { code } } }";
  const input = { userId: people[0]!.id, forename: "Changed" };
  expect((await cost(admin, document, { input })).count).toBe(4);
});
