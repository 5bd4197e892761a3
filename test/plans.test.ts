import pg from "pg";
import { TenantPool } from "../src/database/index.js";
import type { Statement } from "../src/kit/index.js";
import { InviteStatus } from "../src/users/index.js";
import { harness, type Caller } from "./harness/index.js";

// Everything that the server really sends, with its values; it goes on its way as ever.
const listening = import.meta.jest.spyOn(TenantPool.prototype, "send");
const sentSince = (from: number): Statement[] => listening.mock.calls.slice(from).map(([, , statement]) => statement);
const sentNow = (): number => listening.mock.calls.length;

// Before the harness takes the database away.
afterAll(() => app.end());

// The loaders' statements; the compiled ones hold the same pages inside.
const made = await harness({ compileQueries: false });
const here = await made.tenant();
const beside = await made.tenant();
const { admin } = here;
const lead = await here.user();
const ROWS = 20_000;

for (const { id } of [here, beside]) {
  await made.database.sql(
    `INSERT INTO users (tenant_id, id, type, status, username, username_norm, surname, sort_name, contact_email, email_norm,
       search_text, tfa_enabled, created_at, last_login, onboarding_date_completed, invite_status, invite_date_invited, invite_date_expires)
     SELECT $1, gen_random_uuid(), (ARRAY['INVESTOR', 'INVESTOR', 'ENTREPRENEUR', 'INTERNAL'])[1 + i % 4],
       (ARRAY['DRAFT', 'INVITED', 'ACTIVE', 'SUSPENDED', 'REVOKED'])[1 + i % 5],
       name, name, surname, surname || chr(1) || 'ida', 'u' || i || '@example.com', 'u' || i || '@example.com',
       'ida ' || coalesce(surname, '') || chr(10) || 'u' || i || '@example.com', i % 2 = 0, day, CASE WHEN i % 3 > 0 THEN day END,
       CASE WHEN i % 4 > 0 THEN day END, (ARRAY['DRAFT', 'INVITED', 'COMPLETED', 'REVOKED', NULL])[1 + i % 5],
       CASE WHEN i % 5 < 4 THEN day END, CASE WHEN i % 5 = 1 THEN now() + (i % 20 - 10 || ' days')::interval END
     FROM (SELECT i, CASE WHEN i % 3 > 0 THEN 'name' || i END AS name, CASE WHEN i % 10 > 0 THEN md5((i / 3)::text) END AS surname,
       timestamptz '2024-01-01' + (i % 500 || ' days')::interval AS day FROM generate_series(1, ${ROWS}) i) made`,
    [id],
  );
  await made.database.sql(
    `INSERT INTO user_groups (tenant_id, id, name, name_norm, kind, member_count, created_at)
     SELECT $1, gen_random_uuid(), name, name, 'STANDARD', i % 7, timestamptz '2024-01-01' + (i % 500 || ' days')::interval
     FROM (SELECT i, md5(i::text) || ' group' || i AS name FROM generate_series(1, ${ROWS}) i) made`,
    [id],
  );
  // Without statistics the planner may join what follows row by row, for minutes.
  await made.database.sql("ANALYZE users, user_groups");
  // Everybody in three groups of their own.
  await made.database.sql(
    `INSERT INTO group_members (tenant_id, group_id, user_id)
     SELECT $1, g.id, u.id FROM (SELECT id, row_number() OVER () AS i FROM users WHERE tenant_id = $1) u
       CROSS JOIN LATERAL (VALUES (u.i % ${ROWS}), ((u.i * 7 + 1) % ${ROWS}), ((u.i * 11 + 2) % ${ROWS})) own(i)
       JOIN (SELECT id, row_number() OVER () - 1 AS i FROM user_groups WHERE tenant_id = $1) g ON g.i = own.i
     ON CONFLICT DO NOTHING`,
    [id],
  );
  // One for everybody, as their own row says, and each into another group.
  await made.database.sql(
    `INSERT INTO invitations (tenant_id, id, user_id, group_id, status, created_at, date_invited, date_expires)
     SELECT $1, gen_random_uuid(), u.id, g.id, coalesce(u.invite_status, 'COMPLETED'), u.created_at, u.invite_date_invited,
       u.invite_date_expires
     FROM (SELECT *, row_number() OVER () AS i FROM users WHERE tenant_id = $1) u
       JOIN (SELECT id, row_number() OVER () AS i FROM user_groups WHERE tenant_id = $1) g ON g.i = u.i`,
    [id],
  );
}
const members = await made.database.sql<{ id: string }>(
  "SELECT id FROM users WHERE tenant_id = $1 ORDER BY id LIMIT 20",
  [here.id],
);
const group = await here.group({ lead, members: members.map(({ id }) => ({ guid: id }) as never) });
/** Some more into the lead's own group, and for an investor. */
const investor = await here.user();
const invitedBefore = async (user: { guid: string }, days: number): Promise<unknown> =>
  here.invitation(user, {
    groupId: group.guid,
    storedStatus: InviteStatus.COMPLETED,
    createdAt: new Date(Date.UTC(2024, 0, 1 + days)).toISOString(),
  });
for (let days = 0; days < 40; days++) await invitedBefore({ guid: members[days % members.length]!.id }, days * 12);
for (let days = 0; days < 30; days++) await invitedBefore(investor, days * 16);
await made.database.sql("ANALYZE");

const app = new pg.Client({ connectionString: made.database.appUrl, options: "-c timezone=UTC" });
await app.connect();
await app.query("SELECT set_config('app.tenant', $1, false)", [here.id]);

interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Actual Rows"?: number;
  "Actual Loops"?: number;
  "Rows Removed by Filter"?: number;
  "Parent Relationship"?: string;
  Plans?: PlanNode[];
}

const nodesOf = (plan: PlanNode): PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
const explained = async (options: string, query: string | pg.QueryConfig): Promise<PlanNode[]> => {
  const { text, values } = typeof query === "string" ? { text: query, values: undefined } : query;
  const { rows } = await app.query({ text: `EXPLAIN (${options}, FORMAT JSON) ${text}`, ...(values && { values }) });
  return nodesOf(rows[0]["QUERY PLAN"][0].Plan);
};

/** Rows of a table that a statement touches with these values. */
const touched = (nodes: PlanNode[], table = "users"): number =>
  nodes
    .filter((node) => node["Relation Name"] === table)
    .reduce(
      (sum, node) =>
        sum + ((node["Actual Rows"] ?? 0) + (node["Rows Removed by Filter"] ?? 0)) * (node["Actual Loops"] ?? 0),
      0,
    );

interface Plans {
  custom: PlanNode[];
  generic: PlanNode[];
}
/** The statement over users, groups or invitations that a document makes the server send, as planned with its values and without. */
async function plansOf(caller: Caller, document: string, variables: object): Promise<Plans> {
  const from = sentNow();
  await caller.ask(document, variables);
  const { text, values } = sentSince(from).findLast((one) =>
    /FROM (user(s|_search|_groups|_group_search)|invitations) n\b/.test(one.text),
  )!;
  return {
    custom: await explained("ANALYZE, TIMING OFF", { text, values }),
    generic: await explained("GENERIC_PLAN", text),
  };
}

const types = (nodes: PlanNode[], test: RegExp): string[] =>
  nodes
    .filter((node) => test.test(node["Node Type"]))
    .map((node) => `${node["Node Type"]} ${node["Relation Name"] ?? ""}`);

/** Below the page's own CTEs rows come from an index in order: none is scanned past, none sorted. */
function expectInOrder({ custom, generic }: Plans, size: number, table = "users"): void {
  for (const nodes of [custom, generic]) {
    expect(types(nodes, /^(Seq Scan|Bitmap Heap Scan)$/)).toEqual([]);
    for (const sort of nodes.filter((node) => node["Node Type"] === "Sort")) {
      const sorted = (sort.Plans ?? []).filter((node) => node["Parent Relationship"] !== "InitPlan").flatMap(nodesOf);
      expect(sorted.map((node) => node["Relation Name"]).filter(Boolean)).toEqual([]);
    }
  }
  // A second row for each INVITED one whose date is on the other side of now, one more to know of a next page.
  expect(touched(custom, table)).toBeLessThanOrEqual(5 * (size + 1));
}

const LIST = `query ($type: UserType, $field: UserOrderField, $direction: OrderDirection, $first: Int, $after: String, $last: Int, $before: String) {
  users(type: $type, orderBy: { field: $field, direction: $direction }, first: $first, after: $after, last: $last, before: $before) {
    nodes { guid }
    pageInfo { endCursor }
  }
}`;

const SORTS: [field: string, column: string | null, segments: number][] = [
  ["NAME", "sort_name", 2],
  ["USERNAME", "username_norm", 2],
  ["EMAIL", "email_norm", 1],
  ["CREATED_AT", "created_at", 1],
  ["LAST_LOGIN", "last_login", 2],
  ["STATUS", "status", 1],
  ["INVITE_STATUS", null, 6],
  ["INVITE_DATE_INVITED", "invite_date_invited", 2],
  ["ONBOARDING_DATE_COMPLETED", "onboarding_date_completed", 2],
];
const SIZE = 20;

/** A cursor into the middle of each segment of a sort: half of it lies before, half behind. */
async function deepCursors(
  field: string,
  direction: string,
  column: string | null,
  segments: number,
): Promise<string[]> {
  const { users } = await admin.ask(LIST, { field, direction, first: 1 });
  const [list, , , , now] = JSON.parse(Buffer.from(users.pageInfo.endCursor, "base64url").toString()) as unknown[];
  const cursors = Array.from({ length: segments }, async (_, segment) => {
    const valued = column !== null && segment === 0;
    const [middle] = await made.database.sql<{ value: unknown; id: string }>(
      `SELECT ${valued ? column : "NULL"} AS value, id FROM users WHERE tenant_id = $1 ${valued ? `AND ${column} IS NOT NULL` : ""}
       ORDER BY 1, 2 OFFSET ${ROWS / 3} LIMIT 1`,
      [here.id],
    );
    return Buffer.from(JSON.stringify([list, segment, middle!.value, middle!.id, now])).toString("base64url");
  });
  return Promise.all(cursors);
}

describe.each(SORTS)("a page by %s", (field, column, segments) => {
  test.each(["ASC", "DESC"])("%s comes from an index in order: first, last, and deep both ways", async (direction) => {
    const order = { field, direction };
    expectInOrder(await plansOf(admin, LIST, { ...order, first: SIZE }), SIZE);
    expectInOrder(await plansOf(admin, LIST, { ...order, last: SIZE }), SIZE);
    for (const cursor of await deepCursors(field, direction, column, segments)) {
      expectInOrder(await plansOf(admin, LIST, { ...order, first: SIZE, after: cursor }), SIZE);
      expectInOrder(await plansOf(admin, LIST, { ...order, last: SIZE, before: cursor }), SIZE);
    }
  });
});

test("a page of one type by name reads that type's rows alone", async () => {
  const plans = await plansOf(admin, LIST, { type: "INTERNAL", field: "NAME", first: SIZE });
  expectInOrder(plans, SIZE);
  expect(touched(plans.custom)).toBeLessThanOrEqual(SIZE + 1);
});

test("a search uses the trigram index under row-level security", async () => {
  const search = "query ($search: String) { users(search: $search) { nodes { guid } } }";
  for (const text of ["u1234@example", "4321@"]) {
    // Planned with its values each time: a search is never prepared.
    const { custom } = await plansOf(admin, search, { search: text });
    expect(custom.map((node) => node["Index Name"])).toContain("users_by_search_text");
    expect(types(custom, /^Seq Scan$/)).toEqual([]);
    expect(touched(custom)).toBeLessThan(ROWS / 20);
    expect(sentSince(-1)[0]!.prepare).toBe(false);
  }
});

test("a whole guid as the search reads a handful of rows", async () => {
  const { custom } = await plansOf(admin, "query ($search: String) { users(search: $search) { nodes { guid } } }", {
    search: members[0]!.id,
  });
  expect(touched(custom)).toBeLessThan(10);
});

test("a lead's list starts from the group's members, not from the tenant's users", async () => {
  const plans = await plansOf(lead, LIST, { first: SIZE });
  expect(touched(plans.custom)).toBeLessThan(10 * members.length);
  for (const nodes of [plans.custom, plans.generic]) expect(types(nodes, /^Seq Scan$/)).not.toContain("Seq Scan users");
});

describe("groups", () => {
  const GROUPS = `query ($field: UserGroupOrderField, $direction: OrderDirection, $filter: UserGroupFilter, $search: String,
      $first: Int, $after: String, $last: Int, $before: String) {
    userGroups(orderBy: { field: $field, direction: $direction }, filter: $filter, search: $search,
      first: $first, after: $after, last: $last, before: $before) { nodes { guid } pageInfo { endCursor } }
  }`;
  const COLUMNS = [
    ["NAME", "name_norm"],
    ["CREATED_AT", "created_at"],
    ["MEMBER_COUNT", "member_count"],
  ] as const;

  test.each(
    COLUMNS.flatMap(([field, column]) => ["ASC", "DESC"].map((direction) => [field, direction, column] as const)),
  )("by %s %s come from an index in order: first, last, and deep both ways", async (field, direction, column) => {
    const order = { field, direction };
    const { userGroups } = await admin.ask(GROUPS, { ...order, first: 1 });
    const parts = JSON.parse(Buffer.from(userGroups.pageInfo.endCursor, "base64url").toString()) as unknown[];
    const [middle] = await made.database.sql<{ value: unknown; id: string }>(
      `SELECT ${column} AS value, id FROM user_groups WHERE tenant_id = $1 ORDER BY 1, 2 OFFSET ${ROWS / 3} LIMIT 1`,
      [here.id],
    );
    const place = parts.with(2, middle!.value).with(3, middle!.id);
    const cursor = Buffer.from(JSON.stringify(place)).toString("base64url");
    for (const paging of [
      { first: SIZE },
      { last: SIZE },
      { first: SIZE, after: cursor },
      { last: SIZE, before: cursor },
    ]) {
      expectInOrder(await plansOf(admin, GROUPS, { ...order, ...paging }), SIZE, "user_groups");
    }
  });

  test("searched by name come from the trigram index under row-level security, in whatever order", async () => {
    for (const [field] of COLUMNS) {
      for (const search of ["group1234", "oup4321"]) {
        const { custom } = await plansOf(admin, GROUPS, { field, search });
        expect(custom.map((node) => node["Index Name"])).toContain("user_groups_by_name_text");
        expect(types(custom, /^Seq Scan$/)).toEqual([]);
        expect(touched(custom, "user_groups")).toBeLessThan(ROWS / 20);
        expect(sentSince(-1)[0]!.prepare).toBe(false);
      }
    }
  });

  test("filtered by name, lead or member are few rows", async () => {
    for (const filter of [{ name: "family" }, { leadUserId: lead.id }, { memberId: lead.id }]) {
      const { custom } = await plansOf(admin, GROUPS, { filter });
      expect([filter, types(custom, /^Seq Scan$/).filter((scan) => scan.includes("user_groups"))]).toEqual([
        filter,
        [],
      ]);
      expect([filter, touched(custom, "user_groups") < 50]).toEqual([filter, true]);
    }
  });

  test("of a member start from their memberships, not from the tenant's groups", async () => {
    for (const [field] of COLUMNS) {
      const { custom } = await plansOf(lead, GROUPS, { field, first: SIZE });
      expect([field, touched(custom, "user_groups") < 50]).toEqual([field, true]);
    }
  });

  test("with their members, roles and flags come from indexes", async () => {
    const from = sentNow();
    await admin.ask(
      `query ($guid: UUID!) { userGroup(guid: $guid) { leadUser { name } featureFlags { nodes { key } } featureEnabled(key: "a")
        members(first: 100) { totalCount edges { isLead role { name } node { name } } } } }`,
      { guid: group.guid },
    );
    for (const { text, values } of sentSince(from)) {
      const nodes = await explained("ANALYZE, TIMING OFF", { text, values });
      expect(touched(nodes, "user_groups") + touched(nodes)).toBeLessThan(200);
    }
  });
});

describe("invitations", () => {
  const INVITATIONS = `query ($field: InvitationOrderField, $direction: OrderDirection, $filter: InvitationFilter,
      $first: Int, $after: String, $last: Int, $before: String) {
    invitations(orderBy: { field: $field, direction: $direction }, filter: $filter,
      first: $first, after: $after, last: $last, before: $before) { nodes { guid } pageInfo { endCursor } }
  }`;
  const ORDERS = ["CREATED_AT", "STATUS"].flatMap((field) =>
    ["ASC", "DESC"].map((direction) => ({ field, direction })),
  );

  /** A cursor into the middle of the list, and for the order by status into the middle of each of its parts. */
  async function cursorsInto(order: { field: string; direction: string }): Promise<string[]> {
    const { invitations } = await admin.ask(INVITATIONS, { ...order, first: 1 });
    const parts = JSON.parse(Buffer.from(invitations.pageInfo.endCursor, "base64url").toString()) as unknown[];
    const valued = order.field === "CREATED_AT";
    const [middle] = await made.database.sql<{ value: unknown; id: string }>(
      `SELECT ${valued ? "created_at" : "NULL"} AS value, id FROM invitations WHERE tenant_id = $1
       ORDER BY 1, 2 OFFSET ${ROWS / 3} LIMIT 1`,
      [here.id],
    );
    const segments = valued ? [0] : Object.values(InviteStatus).map((_status, segment) => segment);
    return segments.map((segment) =>
      Buffer.from(JSON.stringify([parts[0], segment, middle!.value, middle!.id, ...parts.slice(4)])).toString(
        "base64url",
      ),
    );
  }

  test.each(ORDERS)(
    "by $field $direction come from an index in order: first, last, and deep both ways",
    async (order) => {
      const pagings: object[] = [{ first: SIZE }, { last: SIZE }];
      for (const cursor of await cursorsInto(order)) {
        pagings.push({ first: SIZE, after: cursor }, { last: SIZE, before: cursor });
      }
      for (const paging of pagings) {
        const plans = await plansOf(admin, INVITATIONS, { ...order, ...paging });
        expectInOrder(plans, SIZE, "invitations");
        expect(touched(plans.custom, "invitations")).toBeGreaterThan(SIZE);
      }
    },
  );

  test("of one status are found without a scan of the tenant, in every order", async () => {
    for (const order of ORDERS) {
      // By day one in ten is of the status; by status those who are INVITED are told from the EXPIRED one by one.
      const most = order.field === "CREATED_AT" ? ROWS / 20 : ROWS / 5 + 5 * SIZE;
      for (const status of ["EXPIRED", "INVITED", "DRAFT"]) {
        const { custom } = await plansOf(admin, INVITATIONS, { ...order, filter: { status: [status] }, first: SIZE });
        expect([order, status, types(custom, /^Seq Scan$/)]).toEqual([order, status, []]);
        expect([order, status, touched(custom, "invitations") <= most]).toEqual([order, status, true]);
      }
    }
  });

  /** Who asks, by which indexes, and how many are theirs: a lead's own is one of them. */
  const WHO: [who: string, caller: Caller, index: RegExp, theirs: number][] = [
    ["a lead", lead, /^invitations_(by_group|by_user|open)$/, 71],
    ["an investor", investor, /^invitations_(by_user|open)$/, 30],
  ];

  test.each(WHO)("of %s start from what is theirs, not from the tenant's", async (_who, caller, index, theirs) => {
    for (const order of ORDERS) {
      for (const paging of [{ first: SIZE }, { last: SIZE }, { first: SIZE, filter: { status: ["COMPLETED"] } }]) {
        const plans = await plansOf(caller, INVITATIONS, { ...order, ...paging });
        const asked = JSON.stringify({ ...order, ...paging });
        // Each part of the order by status looks through all of them.
        const most = theirs * (order.field === "STATUS" ? 6 : 1);
        expect([asked, touched(plans.custom, "invitations") <= most]).toEqual([asked, true]);
        for (const nodes of [plans.custom, plans.generic]) {
          expect([asked, types(nodes, /^Seq Scan$/).filter((scan) => scan.includes("invitations"))]).toEqual([
            asked,
            [],
          ]);
          const indexes = nodes
            .map((node) => node["Index Name"] ?? "")
            .filter((name) => name.startsWith("invitations"));
          expect([asked, indexes.filter((name) => !index.test(name))]).toEqual([asked, []]);
        }
      }
    }
  });

  test("of one user come from their index, the newest first", async () => {
    const document = "query ($guid: UUID!) { user(guid: $guid) { invitations(first: 20) { nodes { guid } } } }";
    const from = sentNow();
    const { user } = await admin.ask(document, { guid: investor.guid });
    expect(user.invitations.nodes).toHaveLength(20);
    for (const { text, values } of sentSince(from)) {
      expect(touched(await explained("ANALYZE, TIMING OFF", { text, values }), "invitations")).toBeLessThan(50);
    }
  });
});

test("users by their keys, and their relations, come from indexes", async () => {
  const document = `query ($first: Int) { users(first: $first) { nodes {
    classifications { nodes { name } } userGroups { totalCount nodes { leadUser { name } } } isUserGroupLead isUserGroupMember } } }`;
  const from = sentNow();
  await admin.ask(document, { first: 100 });
  await admin.ask("query ($guid: UUID!) { user(guid: $guid) { name } }", { guid: members[0]!.id });
  for (const { text, values } of sentSince(from)) {
    const nodes = await explained("ANALYZE, TIMING OFF", { text, values });
    expect(types(nodes, /^Seq Scan$/)).not.toContain("Seq Scan users");
    expect(touched(nodes)).toBeLessThan(1000);
  }
});

test("these checks would see a scan and a sort: a positive control", async () => {
  const nodes = await explained(
    "ANALYZE, TIMING OFF",
    "SELECT n.id FROM users n WHERE n.title IS NULL ORDER BY n.title, n.version LIMIT 20",
  );
  expect(() => expectInOrder({ custom: nodes, generic: nodes }, SIZE)).toThrow();
  expect(touched(nodes)).toBeGreaterThan(ROWS - 1);
});
