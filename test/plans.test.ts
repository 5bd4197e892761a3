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
const FORMS = 4_000;
/** Of each kind. */
const ENABLED = 20;
const classification = await here.classification("Known");
for (const { id } of [here, beside]) {
  await made.database.sql(
    `WITH made AS (SELECT i, kind, gen_random_uuid() AS id, gen_random_uuid() AS revision, 'form' || i AS name,
         timestamptz '2024-01-01' + (i % 500 || ' days')::interval AS day
       FROM generate_series(1, ${FORMS}) i, (VALUES ('USER_DATA'), ('INVESTOR_PREFERENCE')) kinds(kind)),
     revisions AS (INSERT INTO form_revisions (tenant_id, id, form_id, number, name, form_pages, form_fields, form_settings)
       SELECT $1, revision, id, 1, name, '[]', '[]', '[]' FROM made)
     INSERT INTO forms (tenant_id, id, kind, name, name_norm, form_type, state, enablement, editor_validator, revision_id,
       enforcement_type, created_at)
     SELECT $1, id, kind, name, md5(name) || ' ' || name, (ARRAY['STANDARD', 'ONBOARDING', 'COMPLIANCE'])[1 + i % 3],
       (ARRAY['PUBLISHED', 'DRAFT', 'ARCHIVED', 'PUBLISHED'])[1 + i % 4],
       CASE i % ${FORMS / ENABLED} WHEN 0 THEN 'ENABLED' ELSE 'DISABLED' END,
       '{"canEdit": true, "canDelete": true, "protectedFields": []}', revision,
       CASE kind WHEN 'INVESTOR_PREFERENCE' THEN (ARRAY['REQUIRED', 'OPTIONAL', 'RECOMMENDED'])[1 + i / ${FORMS / ENABLED} % 3] END, day
     FROM made`,
    [id],
  );
  // For everybody the same first form, another one of their own, and one of those that investors are asked.
  await made.database.sql(
    `INSERT INTO form_implementations (tenant_id, id, form_id, form_kind, revision_id, user_id, status, assignments, created_at,
       completed_at, valid_until)
     SELECT $1, gen_random_uuid(), f.id, f.kind, f.revision_id, u.id, (ARRAY['ASSIGNED', 'IN_PROGRESS', 'COMPLETED', 'COMPLETED'])[1 + n % 4],
       '[{"type": "USER"}]', timestamptz '2024-01-01' + (n % 500 || ' days')::interval,
       CASE WHEN n % 4 > 1 THEN timestamptz '2024-06-01' + (n % 300 || ' days')::interval END,
       CASE n % 4 WHEN 3 THEN now() + (n % 20 - 10 || ' days')::interval END
     FROM (SELECT id, row_number() OVER (ORDER BY id) AS i FROM users WHERE tenant_id = $1) u
       CROSS JOIN LATERAL (VALUES (0, 'USER_DATA', 1), (1, 'USER_DATA', 2 + u.i % ${FORMS - 2}),
         (2, 'INVESTOR_PREFERENCE', 1 + u.i % ${ENABLED})) own(which, kind, i)
       JOIN (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY enablement DESC, id) AS i FROM forms WHERE tenant_id = $1) f
         ON f.kind = own.kind AND f.i = own.i
       CROSS JOIN LATERAL (SELECT u.i * 3 + which AS n) numbered`,
    [id],
  );
  await made.database.sql("ANALYZE forms, form_revisions, form_implementations");
  // A tenth of the forms are for investors of ten classifications, a third of the users hold one.
  await made.database.sql(
    `INSERT INTO classifications (tenant_id, id, reference, name, name_norm)
     SELECT $1, gen_random_uuid(), 'made' || i, 'made' || i, 'made' || i FROM generate_series(1, 9) i`,
    [id],
  );
  await made.database.sql(
    `INSERT INTO form_classifications (tenant_id, form_id, classification_id)
     SELECT $1, f.id, c.id FROM forms f, classifications c
     WHERE f.tenant_id = $1 AND c.tenant_id = $1 AND f.kind = 'INVESTOR_PREFERENCE' AND f.name LIKE '%7'`,
    [id],
  );
  await made.database.sql(
    `INSERT INTO form_classifications (tenant_id, form_id, classification_id)
     SELECT f.tenant_id, f.id, (SELECT c.id FROM classifications c WHERE c.tenant_id = $1 LIMIT 1) FROM forms f
     WHERE f.tenant_id = $1 AND enablement = 'ENABLED' AND f.enforcement_type = 'REQUIRED'`,
    [id],
  );
  await made.database.sql(
    `INSERT INTO user_classifications (tenant_id, user_id, classification_id, source)
     SELECT u.tenant_id, u.id, (SELECT c.id FROM classifications c WHERE c.tenant_id = $1 LIMIT 1), 'MANUAL' FROM users u
     WHERE u.tenant_id = $1 AND u.username IS NULL`,
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
/** A member of staff with some clients, and the investor with more answers than others. */
const manager = await here.internal(["users.read", "forms.read", "submissions.read"]);
await made.database.sql(
  "UPDATE users SET assigned_internal_user_id = $3 WHERE tenant_id = $1 AND id = ANY($2::uuid[])",
  [here.id, members.map(({ id }) => id), manager.guid],
);
await made.database.sql(
  `INSERT INTO form_implementations (tenant_id, id, form_id, form_kind, revision_id, user_id, status, assignments, created_at, completed_at)
   SELECT f.tenant_id, gen_random_uuid(), f.id, f.kind, f.revision_id, $2, 'COMPLETED', '[]', day, day
   FROM forms f, generate_series(timestamptz '2024-01-01', '2024-07-01', '1 day') day
   WHERE f.tenant_id = $1 AND f.name = 'form1' AND f.kind = 'USER_DATA'`,
  [here.id, investor.guid],
);
/** The form that everybody was given, and one that a few were. */
const given = await made.database.sql<{ id: string }>(
  `SELECT form_id AS id FROM form_implementations WHERE tenant_id = $1 AND form_kind = 'USER_DATA'
   GROUP BY 1 ORDER BY count(*) DESC`,
  [here.id],
);
const [popular, rare] = [given[0]!.id, given.at(-1)!.id];
const [client] = members;
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
/** The statement over users, groups, invitations, forms or implementations that a document makes the server send, as planned with its values and without. */
async function plansOf(caller: Caller, document: string, variables: object): Promise<Plans> {
  const from = sentNow();
  await caller.ask(document, variables);
  const { text, values } = sentSince(from).findLast((one) =>
    /FROM (user(s|_search|_groups|_group_search)|invitations|forms|form_implementations) n\b/.test(one.text),
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

/** By its index whatever is searched, for a search is planned once. */
function expectFound({ custom, generic }: Plans, index: string, table = "users"): void {
  for (const plan of [custom, generic]) {
    expect(plan.map((node) => node["Index Name"])).toContain(index);
    expect(types(plan, /^Seq Scan$/)).toEqual([]);
  }
  expect(touched(custom, table)).toBeLessThan(ROWS / 20);
}

test("a search uses the trigram index under row-level security", async () => {
  const search = "query ($search: String) { users(search: $search) { nodes { guid } } }";
  for (const text of ["u1234@example", "4321@"]) {
    expectFound(await plansOf(admin, search, { search: text }), "users_by_search_text");
    expect(sentSince(-1)[0]!.prepare).toBe("once");
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
        expectFound(await plansOf(admin, GROUPS, { field, search }), "user_groups_by_name_text", "user_groups");
        expect(sentSince(-1)[0]!.prepare).toBe("once");
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

describe("forms", () => {
  const LISTS: [list: string, kind: string][] = [
    ["userDataForms", "USER_DATA"],
    ["investorPreferenceForms", "INVESTOR_PREFERENCE"],
  ];
  const documentOf = (list: string): string => `query ($field: UserFormOrderField, $direction: OrderDirection,
      $filter: ${list[0]!.toUpperCase()}${list.slice(1, -1)}Filter, $first: Int, $after: String, $last: Int, $before: String) {
    ${list}(orderBy: { field: $field, direction: $direction }, filter: $filter,
      first: $first, after: $after, last: $last, before: $before) { nodes { uuid } pageInfo { endCursor } }
  }`;
  const COLUMNS = { NAME: "name_norm", CREATED_AT: "created_at" };
  const orders = Object.entries(COLUMNS).flatMap(([field, column]) =>
    ["ASC", "DESC"].map((direction) => ({ field, direction, column })),
  );

  describe.each(LISTS)("%s", (list, kind) => {
    test.each(orders)(
      "by $field $direction come from an index in order: first, last, and deep both ways",
      async ({ column, ...order }) => {
        const answer = await admin.ask(documentOf(list), { ...order, first: 1 });
        const parts = JSON.parse(Buffer.from(answer[list].pageInfo.endCursor, "base64url").toString()) as unknown[];
        const [middle] = await made.database.sql<{ value: unknown; id: string }>(
          `SELECT ${column} AS value, id FROM forms WHERE tenant_id = $1 AND kind = $2 ORDER BY 1, 2 OFFSET ${FORMS / 3} LIMIT 1`,
          [here.id, kind],
        );
        const place = parts.with(2, middle!.value).with(3, middle!.id);
        const cursor = Buffer.from(JSON.stringify(place)).toString("base64url");
        for (const paging of [
          { first: SIZE },
          { last: SIZE },
          { first: SIZE, after: cursor },
          { last: SIZE, before: cursor },
        ]) {
          expectInOrder(await plansOf(admin, documentOf(list), { ...order, ...paging }), SIZE, "forms");
        }
      },
    );

    test("of a state, an enablement, a type or a classification are found soon, in every order", async () => {
      const filters: object[] = [
        { state: "DRAFT" },
        { state: "ARCHIVED" },
        { enablement: "ENABLED" },
        { formType: "COMPLIANCE" },
        ...(kind === "USER_DATA"
          ? []
          : [
              { enforcementType: "REQUIRED" },
              { enforcementType: "REQUIRED", enablement: "ENABLED" },
              { classificationId: classification.id },
            ]),
      ];
      for (const { column: _column, ...order } of orders) {
        for (const filter of filters) {
          const { custom } = await plansOf(admin, documentOf(list), { ...order, filter, first: SIZE });
          expect([order, filter, types(custom, /^Seq Scan$/)]).toEqual([order, filter, []]);
          expect([order, filter, touched(custom, "forms") < FORMS / 10]).toEqual([order, filter, true]);
        }
      }
    });

    test("of a name are looked for among those of the kind, and nowhere else", async () => {
      for (const name of ["form123", "no such form"]) {
        const { custom } = await plansOf(admin, documentOf(list), { filter: { name }, first: SIZE });
        expect(types(custom, /^Seq Scan$/)).toEqual([]);
        expect(touched(custom, "forms")).toBeLessThanOrEqual(FORMS);
      }
    });
  });

  test("that are offered are few, whoever asks", async () => {
    for (const caller of [admin, investor]) {
      const from = sentNow();
      await caller.ask("{ enabledUserDataForms(first: 100) { totalCount nodes { uuid } } }");
      for (const { text, values } of sentSince(from)) {
        const nodes = await explained("ANALYZE, TIMING OFF", { text, values });
        expect(touched(nodes, "forms")).toBeLessThanOrEqual(ENABLED);
        expect(touched(nodes, "form_implementations")).toBeLessThanOrEqual(ENABLED);
      }
    }
  });
});

describe("submissions", () => {
  const SUBMISSIONS = `query ($field: UserDataFormSubmissionOrderField! = CREATED_AT, $direction: OrderDirection,
      $filter: UserDataFormSubmissionFilter, $first: Int, $after: String, $last: Int, $before: String) {
    userDataFormSubmissions(orderBy: { field: $field, direction: $direction }, filter: $filter,
      first: $first, after: $after, last: $last, before: $before) { nodes { uuid } pageInfo { endCursor } }
  }`;
  const ORDERS = ["CREATED_AT", "COMPLETED_AT"].flatMap((field) =>
    ["ASC", "DESC"].map((direction) => ({ field, direction })),
  );

  /** A cursor into the middle of each part of the order: what is completed, and what is not. */
  async function cursorsInto(order: { field: string; direction: string }): Promise<string[]> {
    const { userDataFormSubmissions } = await admin.ask(SUBMISSIONS, { ...order, first: 1 });
    const cursor = userDataFormSubmissions.pageInfo.endCursor as string;
    const parts = JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown[];
    const segments =
      order.field === "CREATED_AT"
        ? [["created_at", "true"]]
        : [
            ["completed_at", "completed_at IS NOT NULL"],
            ["NULL", "completed_at IS NULL"],
          ];
    const cursors = segments.map(async ([column, among], segment) => {
      const [middle] = await made.database.sql<{ value: unknown; id: string }>(
        `SELECT ${column} AS value, id FROM form_implementations WHERE tenant_id = $1 AND form_kind = 'USER_DATA' AND ${among}
         ORDER BY 1, 2 OFFSET ${ROWS / 3} LIMIT 1`,
        [here.id],
      );
      const place = parts.with(1, segment).with(2, middle!.value).with(3, middle!.id);
      return Buffer.from(JSON.stringify(place)).toString("base64url");
    });
    return Promise.all(cursors);
  }

  test.each(ORDERS)(
    "by $field $direction come from an index in order: first, last, and deep both ways",
    async (order) => {
      const pagings: object[] = [{ first: SIZE }, { last: SIZE }];
      for (const cursor of await cursorsInto(order)) {
        pagings.push({ first: SIZE, after: cursor }, { last: SIZE, before: cursor });
      }
      for (const paging of pagings) {
        const plans = await plansOf(admin, SUBMISSIONS, { ...order, ...paging });
        expectInOrder(plans, SIZE, "form_implementations");
        expect(touched(plans.custom, "form_implementations")).toBeGreaterThan(SIZE);
      }
    },
  );

  const days = { completedOnFrom: "2024-06-05", completedOnTo: "2024-06-10" };
  const FILTERS: object[] = [
    { formId: popular },
    { formId: rare },
    { userId: client!.id },
    { userId: investor.id },
    { formId: popular, userId: client!.id },
    { formId: rare, status: ["ASSIGNED"] },
    ...["ASSIGNED", "IN_PROGRESS", "COMPLETED", "EXPIRED"].map((status) => ({ status: [status] })),
    { status: ["ASSIGNED", "EXPIRED"] },
    { formId: popular, status: ["EXPIRED"] },
    { formId: popular, ...days },
    days,
  ];

  const requests = FILTERS.flatMap((filter) => ORDERS.map((order) => ({ filter, order }))).map(
    (request) => [JSON.stringify(request), request] as const,
  );

  test.each(requests)("%s is answered without a scan of the tenant", async (_request, { filter, order }) => {
    const { custom } = await plansOf(admin, SUBMISSIONS, { ...order, filter, first: SIZE });
    expect(types(custom, /^Seq Scan$/)).toEqual([]);
    expect(touched(custom, "form_implementations")).toBeLessThanOrEqual(ROWS / 8);
    // With a filter each request is planned anew.
    expect(sentSince(-1)[0]!.prepare).toBe(false);
  });

  test("of an internal member start from the few clients", async () => {
    for (const order of ORDERS) {
      for (const filter of [null, ...FILTERS]) {
        const plans = await plansOf(manager, SUBMISSIONS, { ...order, filter, first: SIZE });
        const asked = JSON.stringify({ ...order, ...filter });
        // Each part of the order by completion looks through all of them.
        const parts = order.field === "COMPLETED_AT" ? 2 : 1;
        expect([asked, touched(plans.custom, "form_implementations") <= parts * 3 * members.length]).toEqual([
          asked,
          true,
        ]);
        expect([asked, touched(plans.custom) <= parts * (members.length + 1)]).toEqual([asked, true]);
        for (const nodes of filter === null ? [plans.custom, plans.generic] : [plans.custom]) {
          expect([asked, types(nodes, /^Seq Scan$/)]).toEqual([asked, []]);
        }
      }
    }
  });
});

describe("what users are asked", () => {
  /** Each statement of a document, checked to scan none of the large tables; the rows that it touches, by table. */
  async function touchedBy(caller: Caller, document: string, variables: object): Promise<Record<string, number>[]> {
    const from = sentNow();
    await caller.ask(document, variables);
    const counts: Record<string, number>[] = [];
    for (const { text, values } of sentSince(from)) {
      const custom = await explained("ANALYZE, TIMING OFF", { text, values });
      for (const nodes of [custom, await explained("GENERIC_PLAN", text)]) {
        expect([text, types(nodes, /^Seq Scan$/).filter((scan) => /users|form/.test(scan))]).toEqual([text, []]);
      }
      const tables = new Set(custom.flatMap((node) => node["Relation Name"] ?? []));
      counts.push(Object.fromEntries([...tables].map((table) => [table, touched(custom, table)])));
    }
    return counts;
  }

  const most = (counts: Record<string, number>[], table: string): number =>
    Math.max(...counts.map((tables) => tables[table] ?? 0));

  const EVERYTHING = `formImplementations { totalCount nodes { form { name } formRevision { number } } }
    enabledUserDataForms(first: 5) { totalCount edges { implementation { uuid } node { name } } }
    preferenceGate { blocked validUntil outstanding(first: 5) { totalCount nodes { name } } }
    enabledInvestorPreferenceForms(first: 5) { totalCount edges { blocking matchedClassifications { name }
      implementation { uuid } node { name } } }`;

  test.each([1, 100])("of %i users comes from what is theirs and what is offered", async (first) => {
    const document = `query ($first: Int) { users(first: $first, type: INVESTOR) { nodes { ${EVERYTHING} } } }`;
    const counts = await touchedBy(admin, document, { first });
    expect(most(counts, "users")).toBeLessThanOrEqual(5 * (first + 1));
    expect(most(counts, "forms")).toBeLessThanOrEqual(ENABLED * first);
    expect(most(counts, "form_implementations")).toBeLessThanOrEqual(3 * ENABLED * first);
  });

  test("of the caller, too", async () => {
    const counts = await touchedBy(investor, `{ me { ${EVERYTHING} } }`, {});
    expect(most(counts, "users")).toBeLessThanOrEqual(ENABLED);
    expect(most(counts, "forms")).toBeLessThanOrEqual(ENABLED);
  });

  test("implementations of one user come from their index, the newest first", async () => {
    const document = "query ($guid: UUID!) { user(guid: $guid) { formImplementations(first: 20) { nodes { uuid } } } }";
    const counts = await touchedBy(admin, document, { guid: investor.guid });
    expect(most(counts, "form_implementations")).toBeGreaterThanOrEqual(SIZE);
    expect(most(counts, "form_implementations")).toBeLessThanOrEqual(2 * SIZE);
  });

  test("forms and implementations by their keys are found there, whoever asks", async () => {
    const document = `query ($form: UUID!, $of: [_Any!]!) { userDataForm(uuid: $form) { formFields { label } }
      _entities(representations: $of) { ... on UserFormImplementation { status form { name } } } }`;
    const [implementation] = await made.database.sql<{ id: string }>(
      "SELECT id FROM form_implementations WHERE tenant_id = $1 AND user_id = $2 LIMIT 1",
      [here.id, client!.id],
    );
    const of = [{ __typename: "UserFormImplementation", uuid: implementation!.id }];
    for (const caller of [admin, manager, investor]) {
      const counts = await touchedBy(caller, document, { form: rare, of });
      expect(most(counts, "forms")).toBeLessThanOrEqual(1);
      expect(most(counts, "form_implementations")).toBeLessThanOrEqual(3 * members.length);
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
