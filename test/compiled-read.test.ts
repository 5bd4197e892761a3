import { exportJWK } from "jose";
import pino from "pino";
import { v7 as uuidv7 } from "uuid";
import {
  AssignmentType,
  type DefinitionInput,
  EnforcementType,
  FormConditionOperator,
  FormFieldTypeName,
  FormState,
  ImplementationStatus,
} from "../src/forms/index.js";
import { toGlobalId } from "../src/kit/index.js";
import { UserExportStatus } from "../src/directory/index.js";
import { startServer } from "../src/server.js";
import {
  AUDIENCE,
  type Caller,
  examples,
  harness,
  ISSUER,
  operations,
  SECRET,
  SESSION_ISSUER,
} from "./harness/index.js";

/** What the compiling server had to warn of. */
const warnings: string[] = [];
const compiled = await harness({
  compileQueries: true,
  log: pino({ level: "warn" }, { write: (line) => warnings.push(line) }),
});
const plain = await startServer({
  host: "127.0.0.1",
  port: 0,
  databaseUrl: compiled.database.appUrl,
  poolMax: 5,
  statementTimeout: 5_000,
  tokens: {
    issuer: ISSUER,
    audience: AUDIENCE,
    keys: { jwks: [{ ...(await exportJWK(compiled.keys.publicKey)), alg: "ES256", kid: "test" }] },
    sessionIssuer: SESSION_ISSUER,
  },
  routerSecrets: [],
  secrets: [SECRET],
  exports: { concurrency: 1, maxRows: 1_000 },
  nodeFields: true,
  compileQueries: false,
  development: true,
  log: pino({ level: "silent" }),
});
afterAll(() => plain.stop());

interface Request {
  query: string;
  variables?: object;
  operationName?: string;
}

interface Reply {
  status: number;
  data?: any;
  errors?: { message: string; path?: unknown[]; extensions: Record<string, unknown> }[];
}

/** The answer without what has to differ: cursors hold the request's time, and errors come in the order of time. */
async function ask(url: string, token: string, request: Request): Promise<Reply> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      // A fault is told with it.
      "x-request-id": "the-same",
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(request),
  });
  const body = (await response.text()).replace(/("(?:\w*[cC]ursor)":)"[^"]+"/g, `$1"…"`);
  const { errors, ...rest } = JSON.parse(body) as Omit<Reply, "status">;
  const sorted = errors?.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
  // Text, because the order of a response's fields counts.
  return { ...rest, ...(sorted && { errors: sorted }), status: response.status };
}

/** Asks both servers, the compiling one three times, and fails where they differ. A mutation comes to rest first. */
async function agreed(token: string, request: Request): Promise<Reply> {
  if (/\bmutation\b/.test(request.query)) await ask(plain.url, token, request);
  const expected = await ask(plain.url, token, request);
  for (let time = 1; time <= 3; time++) {
    expect(JSON.stringify(await ask(compiled.url, token, request), null, 2)).toBe(JSON.stringify(expected, null, 2));
  }
  return expected;
}

const JOHN = "501a4c57-acb8-40d6-b867-b833854a96b9";
const JANE = "8c63ce30-bb74-4910-9c2e-510fb3792d5e";
const NOBODY = "00000000-0000-4000-8000-000000000000";

/** A tenant with the people whom the examples speak of. */
async function tenant() {
  const here = await compiled.tenant();
  const staff = await here.internal([], { guid: JANE, forename: "Jane", surname: "Admin" });
  const john = await here.user({
    guid: JOHN,
    title: "Mr",
    forename: "John",
    surname: "Smith",
    assignedInternalUserId: JANE,
  });
  const group = await here.group({ name: "The Smiths", members: [john, staff] });
  await here.classify(john, await here.classification("Sophisticated Investor"), "2099-01-01T00:00:00.000Z");
  return { here, admin: here.admin, john, group };
}

describe("the committed operations", () => {
  // Read by the type of each id, told by functions, or written.
  const plainly = /\bnodes?\(|\b(implementation|preferenceGate) \{|\bdownloadUrl\b|^mutation/m;

  // A write comes to rest, but for this one: it makes another link each time.
  const repeatable = examples.filter(({ name }) => name !== "ExportUsers");

  test.each(repeatable)("$name is answered alike, a query by one statement", async ({ document, variables }) => {
    const { admin } = await tenant();
    const { errors, data } = await agreed(admin.token, {
      query: document,
      variables: JSON.parse(variables ?? "{}") as object,
    });
    expect(errors).toBeUndefined();
    expect(data).toBeTruthy();
    if (plainly.test(document)) return;
    const { statements } = await admin.send(document, JSON.parse(variables ?? "{}") as object);
    expect(statements).toBe(1); // who asks, and the answer
  });

  test("a write that changes something is never taken for a repetition", async () => {
    const { here, admin } = await tenant();
    const document = operations.UpdateUser!;
    for (const forename of ["Ada", "Ben", "Cleo", "Dan"]) {
      const { updateUser } = await admin.ask(document, { input: { userId: JOHN, forename } });
      expect(updateUser).toMatchObject({ errors: [], user: { forename } });
    }
    expect(await here.read({ guid: JOHN })).toMatchObject({ forename: "Dan", title: "Mr", surname: "Smith" });
  });
});

test("an export is answered alike however it stands", async () => {
  const { here, admin } = await tenant();
  const document = `query ($id: ID!) { userExport(id: $id) { __typename id guid status format byteOrderMark rowCount
    rowsWritten createdAt expiresAt finishedAt requestedBy { name } } }`;
  const [past, recent, future] = [-60_000, -1_000, 60_000].map((offset) => new Date(Date.now() + offset).toISOString());
  const { READY, RUNNING, COMPLETED, REVOKED } = UserExportStatus;
  const seen: string[] = [];
  for (const values of [
    { storedStatus: READY },
    { storedStatus: READY, expiresAt: past! },
    { storedStatus: RUNNING, heardOfAt: recent! },
    { storedStatus: RUNNING, heardOfAt: past! },
    { storedStatus: RUNNING },
    { storedStatus: COMPLETED, expiresAt: past!, finishedAt: past!, rowsWritten: 3 },
    { storedStatus: REVOKED, expiresAt: past! },
    { userId: null, serviceId: "reports", scopes: ["users.export"] },
  ]) {
    const { id } = await here.userExport({ expiresAt: future!, ...values });
    const { data } = await agreed(admin.token, { query: document, variables: { id } });
    seen.push(data.userExport.status as string);
  }
  expect(seen).toEqual(["READY", "EXPIRED", "RUNNING", "FAILED", "FAILED", "COMPLETED", "REVOKED", "READY"]);
});

describe("groups are answered alike to each who sees them, by one statement", () => {
  const GROUP = `query ($guid: UUID!, $first: Int, $after: String, $last: Int, $before: String, $filter: UserGroupMemberFilter,
      $search: String, $by: UserGroupMemberOrder, $key: String! = "markets") {
    userGroup(guid: $guid) {
      __typename id name memberCount createdAt leadUser { name } defaultRole { id name rank scope }
      on: featureEnabled(key: $key) off: featureEnabled(key: "none")
      featureFlags(first: 5) { totalCount edges { cursor enabledAt node { __typename id key description } } }
      members(first: $first, after: $after, last: $last, before: $before, filter: $filter, search: $search, orderBy: $by) {
        __typename totalCount
        nodes { id name }
        edges {
          __typename cursor name isLead isSignatory joinedAt role { __typename id name rank groupKind administrator }
          node { __typename guid contactEmail userGroups { edges { isLead role { name } node { name } } } internalRoles { nodes { name } } }
        }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }`;
  const GROUPS = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: UserGroupFilter, $search: String,
      $by: UserGroupOrder) {
    userGroups(first: $first, after: $after, last: $last, before: $before, filter: $filter, search: $search, orderBy: $by) {
      totalCount edges { cursor node { name memberCount leadUser { name } members(first: 2) { edges { name isLead node { id } } } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }`;
  const ROLES =
    "query ($kind: UserGroupKind, $scope: UserRoleScope) { availableRoles(first: 2, groupKind: $kind, scope: $scope) { totalCount edges { cursor node { id name rank } } pageInfo { hasNextPage } } }";

  /** A group of six with its roles and flags, and some more groups around it. */
  async function scene() {
    const { here, admin, john } = await tenant();
    const roles = [await here.role({ rank: 1, name: "Low" }), await here.role({ rank: 2, name: "High" })];
    const [lead, member, signatory] = [await here.user(), john, await here.user({ surname: "Müller" })];
    const roleId = roles[0]!.guid;
    const group = await here.group({
      name: "Home",
      lead,
      members: [member],
      signatories: [signatory],
      roleId,
      defaultRoleId: roleId,
    });
    for (const surname of ["Zed", null, "Adams"])
      await here.join(group, await here.user({ surname, forename: null, status: "DRAFT" as never }), {
        roleId: roles[1]!.guid,
      });
    await here.flag("markets");
    await here.flag("none");
    await admin.ask(operations.UpdateUserGroupFeatureFlag!, {
      input: { groupId: group.id, flag: "markets", enabled: true },
    });
    for (let size = 0; size < 3; size++) await here.group({ members: [member, lead].slice(0, size) });
    const callers: Record<string, Caller> = {
      administrator: admin,
      "staff without users.read": await here.internal(["groups.read"]),
      service: await here.service("groups.read", "users.read"),
      "service that writes to groups": await here.service("groups.write"),
      "service that writes to groups and users": await here.service("groups.write", "users.write"),
      "staff who invite": await here.internal(["invitations.write"]),
      lead,
      member,
      "lead's session": await here.actingAs(admin, lead, group),
    };
    return { here, group, roles, callers, signatory };
  }

  type Scene = Awaited<ReturnType<typeof scene>>;

  const MEMBERS: [what: string, variables: (of: Scene) => object][] = [
    ["members", () => ({})],
    ["the last of them", () => ({ last: 2 })],
    ["by the day they joined", () => ({ first: 2, by: { field: "JOINED_AT", direction: "DESC" } })],
    ["by name, the last first", () => ({ by: { direction: "DESC" } })],
    ["of a status", () => ({ filter: { status: ["DRAFT"] } })],
    ["of a role", ({ roles }) => ({ filter: { roleIds: [roles[1]!.id], isLead: false } })],
    ["who sign", () => ({ filter: { isSignatory: true } })],
    ["who lead", () => ({ filter: { isLead: true } })],
    ["who do not lead", () => ({ filter: { isLead: false } })],
    ["who do not sign", () => ({ filter: { isSignatory: false, status: ["ACTIVE", "DRAFT"] } })],
    ["of no role", () => ({ filter: { roleIds: [] } })],
    ["searched by name", () => ({ search: "MULL" })],
    ["searched by e-mail address", ({ signatory }) => ({ search: signatory.email })],
    ["searched by guid", ({ signatory }) => ({ search: signatory.guid })],
    ["with another flag", () => ({ key: "none" })],
  ];

  async function alike({ callers }: Scene, who: string, query: string, variables: object): Promise<any> {
    const caller = callers[who]!;
    const { errors, data } = await agreed(caller.token, { query, variables });
    expect(errors).toBeUndefined();
    expect((await caller.send(query, variables)).statements).toBe(1);
    return data;
  }

  test.each(MEMBERS)("%s", async (_what, variables) => {
    const of = await scene();
    for (const who of Object.keys(of.callers)) {
      const { userGroup } = await alike(of, who, GROUP, { guid: of.group.guid, ...variables(of) });
      expect(userGroup).not.toBeNull();
    }
  });

  test("of whom they do not see as a user nobody learns more than the name, by either way", async () => {
    const of = await scene();
    const SEES: Record<string, number> = { "staff without users.read": 0, member: 1, administrator: 6, lead: 6 };
    for (const [who, count] of Object.entries(SEES)) {
      const { userGroup } = await alike(of, who, GROUP, { guid: of.group.guid });
      const { edges } = userGroup.members;
      expect(edges).toHaveLength(6);
      const unseen = edges.filter(({ node }: any) => node === null);
      expect([who, edges.length - unseen.length]).toEqual([who, count]);
      for (const { __typename, cursor: _cursor, name: _name, ...rest } of unseen) {
        expect(rest).toEqual({ isLead: null, isSignatory: null, joinedAt: null, role: null, node: null });
      }
      const seen = edges.filter(({ node }: any) => node !== null);
      for (const { isLead, isSignatory, joinedAt, role } of seen) {
        expect([typeof isLead, typeof isSignatory, typeof joinedAt]).toEqual(["boolean", "boolean", "string"]);
        expect(role).not.toBeNull();
      }
    }
  });

  test.each([
    ["groups", {}],
    ["by name", { by: { field: "NAME", direction: "DESC" }, first: 2 }],
    ["by size", { by: { field: "MEMBER_COUNT", direction: "DESC" } }],
    ["the last by size", { by: { field: "MEMBER_COUNT" }, last: 2 }],
    ["by age", { by: { field: "CREATED_AT" } }],
    ["of a flag", { filter: { featureFlag: "markets" } }],
    ["of a member, a name and a day", { filter: { memberId: JOHN, name: "HOME", createdAtFrom: "2024-01-01" } }],
    ["searched", { search: "hom" }],
    ["searched by little", { search: "o" }],
  ])("%s", async (_what, variables) => {
    const of = await scene();
    for (const who of Object.keys(of.callers)) await alike(of, who, GROUPS, variables);
  });

  test.each([{}, { kind: "SHELL" }, { scope: "INTERNAL" }])("roles %j", async (variables) => {
    const of = await scene();
    await of.here.role({ rank: 0, groupKind: "SHELL" as never });
    for (const who of ["administrator", "staff without users.read", "service", "lead", "lead's session"]) {
      await alike(of, who, ROLES, variables);
    }
  });

  test("a cursor of either way is good for the other", async () => {
    const of = await scene();
    const { group, callers } = of;
    const { token } = callers.administrator!;
    for (const [query, variables, pageInfo] of [
      [GROUPS, { by: { field: "MEMBER_COUNT" } }, "userGroups"],
      [GROUPS, { by: { field: "NAME" } }, "userGroups"],
      [GROUP, { guid: group.guid }, "userGroup"],
      [GROUP, { guid: group.guid, by: { field: "JOINED_AT" } }, "userGroup"],
    ] as const) {
      for (const url of [plain.url, compiled.url, compiled.url]) {
        const answer = await fetch(`${url}/graphql`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
          body: JSON.stringify({ query, variables: { ...variables, first: 1 } }),
        });
        const found = ((await answer.json()) as Reply).data[pageInfo];
        const { endCursor: after } = (found.members ?? found).pageInfo;
        const next = await alike(of, "administrator", query, { ...variables, first: 2, after });
        expect((next[pageInfo].members ?? next[pageInfo]).edges).toHaveLength(2);
      }
    }
  });
});

describe("forms are answered alike to each who sees them", () => {
  /** Values of every JSON kind, such as they come back by either way. */
  const VALUES: unknown[] = [
    true,
    false,
    0,
    -1.5,
    1e21,
    1e-7,
    0.1 + 0.2,
    5e-324,
    1.7976931348623157e308,
    Number.MAX_SAFE_INTEGER,
    "",
    "plain",
    `'single' "double" \\ back / \t\n\r\u2028 \u007f Ümläut 💶 {"a": 1} $1 \${2}`,
    ["b", "a"],
    [],
    [[1, [null]], { deep: [true] }],
    {},
    { a: null, "": "empty", "with space": 1, constructor: 2 },
  ];

  const TYPES = Object.values(FormFieldTypeName);
  const choices = [FormFieldTypeName.RADIO, FormFieldTypeName.SELECT, FormFieldTypeName.MULTI_SELECT];
  const DEFINITION: DefinitionInput = {
    formPages: [
      { reference: "one", name: "The first" },
      { reference: "two", name: "The “second”" },
    ],
    formFields: [
      ...TYPES.map((formFieldType, index) => ({
        reference: formFieldType.toLowerCase(),
        label: `Which ${formFieldType}?`,
        description: index % 2 ? "More\nlines" : null,
        formFieldType,
        formPage: "one",
        ...(choices.includes(formFieldType) && { options: [{ value: "a", label: "A" }, { value: "b" }] }),
      })),
      {
        reference: "rules",
        label: 'A "quoted" question',
        name: "Rules",
        placeholder: "…",
        formFieldType: FormFieldTypeName.TEXT,
        formPage: "two",
        prePopulationKey: "user.surname",
        validator: { required: true, minLength: 2, maxLength: 20, pattern: "[a-z\\\\]+", message: "It's wrong" },
      },
      {
        reference: "numbers",
        label: "How many?",
        formFieldType: FormFieldTypeName.NUMBER,
        formPage: "two",
        validator: { minValue: -0.5, maxValue: 1e21 },
        formFieldConditions: [
          { reference: "checkbox", operator: FormConditionOperator.EQUALS, value: true },
          { reference: "number", operator: FormConditionOperator.GT, value: -1.5 },
          { reference: "text", operator: FormConditionOperator.IN, value: ["a", "'b'"] },
          { reference: "date", operator: FormConditionOperator.LT, value: "2024-02-29" },
          { reference: "rules", operator: FormConditionOperator.ANSWERED },
          { reference: "select", operator: FormConditionOperator.NOT, value: "b" },
        ],
      },
    ],
    formSettings: VALUES.map((value, index) => ({ name: `setting ${index}`, value })),
  };

  const FIELDS = `
    fragment Question on UserFormField { __typename uuid reference title: name label description placeholder order
      formFieldType { __typename kind: name } formPage { __typename uuid ... on UserFormPage { reference name order } }
      options { __typename value label } validator { ...Rules } prePopulationKey conditionEffect conditionMatch
      formFieldConditions { __typename reference operator value v: value } }
    fragment Rules on UserFormFieldValidator { __typename required minLength maxLength minValue maxValue minSelections
      maxSelections minDate maxDate pattern message }
    fragment Form on UserForm { __typename id uuid name description state enablement version createdAt updatedAt
      formType { __typename uuid name } editorValidator { __typename canDelete ok: canEdit protectedFields }
      formPages { __typename uuid reference name order } formFields { ...Question } again: formFields { reference }
      formSettings { __typename name value } }
    fragment Revision on UserFormRevision { __typename uuid number name description revalidateAfterMonths createdAt publishedAt
      formPages { name } formFields { reference formPage { name } } formSettings { name value } }
    fragment Given on UserFormImplementation { __typename id uuid status s: status type progress dueOn createdAt updatedAt
      completedAt validUntil version formImplementationAssignments { __typename uuid type assigneeId }
      formFieldAnswers { __typename value formField { ...Question } } hiddenFieldAnswers { v: value f: formField { label } } }`;
  /** The document with the fragments of those above that it needs. */
  const withFields = (document: string): string => {
    const names = new Set<string>();
    const parts = FIELDS.split(/(?=fragment )/).slice(1);
    const need = (text: string): void => {
      for (const [, name] of text.matchAll(/\.\.\.(?!\s)(\w+)/g)) {
        const part = parts.find((one) => one.startsWith(`fragment ${name} `));
        if (!part || names.has(name!)) continue;
        names.add(name!);
        need(part);
      }
    };
    need(document);
    return document + parts.filter((part) => names.has(part.split(" ")[1]!)).join(" ");
  };

  /** Forms of both kinds, and what John was given of them: answers of every kind, in every status. */
  async function scene() {
    const { here, admin, john, group } = await tenant();
    const [, gold] = [await here.classification("Silver"), await here.classification("Gold")];
    await here.classify(john, gold);
    const form = await here.form({ name: "All", ...DEFINITION, revalidateAfterMonths: 12 });
    await admin.ask(operations.UpdateUserDataForm!, { input: { formId: form.id, name: "Staged", formSettings: [] } });
    const plainForm = await here.form({ name: "Plain", description: 'It\'s "plain"' });
    const preference = await here.preferenceForm({ name: "Wishes", ...DEFINITION, classifications: [gold] });
    const offered = await here.preferenceForm({
      name: "More",
      enforcementType: EnforcementType.OPTIONAL,
      editable: true,
    });
    await here.form({ state: FormState.DRAFT });
    await here.preferenceForm({ state: FormState.DRAFT });
    const fields = Object.values(form.fields);
    const answers = Object.fromEntries(VALUES.slice(0, fields.length).map((value, index) => [fields[index], value]));
    const completed = (days: number | null) => ({
      storedStatus: ImplementationStatus.COMPLETED,
      completedAt: "2024-01-15T10:30:00.123Z",
      validUntil: days === null ? null : new Date(Date.now() + days * 86_400_000).toISOString(),
    });
    const assigned = [
      [AssignmentType.USER, JOHN],
      [AssignmentType.USER_GROUP, group.guid],
      [AssignmentType.DEAL, NOBODY],
    ] as const;
    const given = [
      await here.implementation(john, form, {
        answers,
        drafts: { [fields[0]!]: 1e21, [fields[1]!]: "hidden" },
        storedStatus: ImplementationStatus.IN_PROGRESS,
        progress: 33,
        dueOn: "2024-02-29",
        formImplementationAssignments: assigned.map(([type, assigneeId]) => ({ uuid: uuidv7(), type, assigneeId })),
      }),
      await here.implementation(john, form, { ...completed(-1), answers: { [fields[2]!]: ["a"] } }),
      await here.implementation(john, form, completed(1)),
      await here.implementation(john, plainForm, completed(null)),
      await here.implementation(john, plainForm),
      await here.implementation(john, preference, { answers: Object.fromEntries([[preference.fields.text, "x"]]) }),
      await here.implementation(await here.user(), form, { answers }),
    ];
    const callers: Record<string, Caller> = {
      administrator: admin,
      service: await here.service("forms.read", "submissions.read", "users.read"),
      "service without submissions.read": await here.service("forms.read", "users.read"),
      "staff whom John is assigned to": await here.internal(["users.read", "forms.read", "submissions.read"]),
      "staff without a permission": await here.internal(["users.read"]),
      investor: john,
      "investor's session": await here.actingAs(admin, john, group),
    };
    return { here, form, plainForm, preference, offered, given, gold, callers };
  }
  type Scene = Awaited<ReturnType<typeof scene>>;

  const IMPLEMENTATIONS = `totalCount edges { cursor node { ...Given formRevision { ...Revision } user { id name } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`;
  const DOCUMENTS: [what: string, document: string, variables: (of: Scene) => object, who?: RegExp][] = [
    [
      "a user data form",
      "query ($uuid: UUID!) { a: userDataForm(uuid: $uuid) { ...Form ... on Node { other: id } } c: investorPreferenceForm(uuid: $uuid) { name } b: userDataForm(uuid: $uuid) { formRevision { ...Revision } stagedRevision { ...Revision } } }",
      ({ form }) => ({ uuid: form.uuid }),
    ],
    [
      "one without pages, by its id",
      "query ($id: ID!) { userDataForm(id: $id) { ...Form formFields { formPage { name } validator { required } options { value } } } }",
      ({ plainForm }) => ({ id: plainForm.id }),
    ],
    [
      "a preference form",
      "query ($uuid: UUID!) { investorPreferenceForm(uuid: $uuid) { ...Form enforcementType editable classifications { totalCount edges { cursor node { __typename name } } } } }",
      ({ preference }) => ({ uuid: preference.uuid }),
    ],
    [
      "user data forms",
      "query ($filter: UserDataFormFilter, $by: UserFormOrder) { userDataForms(filter: $filter, orderBy: $by, first: 2) { totalCount nodes { ...Form } edges { cursor node { formRevision { number formFields { label } } stagedRevision { name } } } pageInfo { hasNextPage endCursor } } }",
      () => ({ by: { field: "CREATED_AT", direction: "DESC" }, filter: { state: "PUBLISHED", name: "l" } }),
      /administrator|service|staff whom/,
    ],
    [
      "the last of the preference forms",
      "query ($gold: ID!) { investorPreferenceForms(last: 2) { totalCount nodes { ...Form editable classifications { nodes { name } } } } gold: investorPreferenceForms(filter: { classificationId: $gold, enforcementType: REQUIRED }) { edges { node { name enforcementType } } } }",
      ({ gold }) => ({ gold: gold.id }),
      /administrator|service|staff whom/,
    ],
    ["what is offered", "{ enabledUserDataForms { totalCount nodes { ...Form formRevision { name } } } }", () => ({})],
    [
      "submissions",
      `query ($filter: UserDataFormSubmissionFilter, $by: UserDataFormSubmissionOrder) { all: userDataFormSubmissions { ${IMPLEMENTATIONS} }
        some: userDataFormSubmissions(filter: $filter, orderBy: $by, last: 2) { ${IMPLEMENTATIONS} } }`,
      ({ form }) => ({
        filter: { formId: form.id, status: ["EXPIRED", "COMPLETED"], completedOnTo: "2024-01-15" },
        by: { field: "COMPLETED_AT" },
      }),
      /administrator|service$|staff whom/,
    ],
    [
      "implementations of a user",
      `query ($guid: UUID!) { user(guid: $guid) { name all: formImplementations { ${IMPLEMENTATIONS} } one: formImplementations(last: 1) { nodes { status formFieldAnswers { value } } } } }`,
      () => ({ guid: JOHN }),
    ],
    [
      "of the caller",
      `{ me { formImplementations(first: 3) { ${IMPLEMENTATIONS} } } }`,
      () => ({}),
      /administrator|staff|investor/,
    ],
    [
      "what the caller is offered",
      `{ me { enabledUserDataForms { totalCount nodes { ...Form } edges { cursor node { name } } }
        enabledInvestorPreferenceForms { totalCount nodes { ...Form enforcementType classifications { totalCount } } pageInfo { endCursor } } } }`,
      () => ({}),
      /administrator|staff|investor/,
    ],
    [
      "implementations as references",
      "query ($of: [_Any!]!) { _entities(representations: $of) { ... on Node { id } ...Given ... on UserFormImplementation { formRevision { ...Revision } } } }",
      ({ given }) => ({
        of: [...given, { uuid: NOBODY }].map(({ uuid }) => ({ __typename: "UserFormImplementation", uuid })),
      }),
    ],
    [
      "forms as references",
      "query ($of: [_Any!]!) { _entities(representations: $of) { ...Form ... on InvestorPreferenceForm { editable } ... on UserDataForm { formRevision { number } } } }",
      ({ form, plainForm, preference }) => ({
        of: [form, preference, plainForm].map(({ uuid }) => ({ __typename: "UserDataForm", uuid })),
      }),
    ],
    [
      "preference forms as references",
      "query ($of: [_Any!]!) { _entities(representations: $of) { ...Form ... on InvestorPreferenceForm { editable classifications { nodes { name } } } } }",
      ({ form, offered, preference }) => ({
        of: [form, preference, offered].map(({ uuid }) => ({ __typename: "InvestorPreferenceForm", uuid })),
      }),
    ],
  ];

  test.each(DOCUMENTS)("%s, by one statement", async (_what, document, variablesOf, who = /./) => {
    const of = await scene();
    const variables = variablesOf(of);
    const query = withFields(document);
    const answers: string[] = [];
    for (const [name, caller] of Object.entries(of.callers)) {
      if (!who.test(name)) continue;
      const { errors, data } = await agreed(caller.token, { query, variables });
      expect([name, errors]).toEqual([name, undefined]);
      expect([name, (await caller.send(query, variables)).statements]).toEqual([name, 1]);
      answers.push(JSON.stringify(data));
    }
    // The control: there is something to tell, and not the same to all.
    expect(Math.max(...answers.map(({ length }) => length))).toBeGreaterThan(300);
    expect(warnings).toEqual([]);
  });

  test("with values of every kind as they were given", async () => {
    const { form, given, callers } = await scene();
    const { data } = await agreed(callers.administrator!.token, {
      query: `query ($form: UUID!, $of: [_Any!]!) { userDataForm(uuid: $form) { formSettings { value } formFields { reference validator { maxValue pattern } formFieldConditions { value } } }
        _entities(representations: $of) { ... on UserFormImplementation { status type dueOn formFieldAnswers { value } hiddenFieldAnswers { value } } } }`,
      variables: { form: form.uuid, of: given.map(({ uuid }) => ({ __typename: "UserFormImplementation", uuid })) },
    });
    expect(data.userDataForm.formSettings.map(({ value }: any) => value)).toEqual(VALUES);
    const field = (reference: string) => data.userDataForm.formFields.find((one: any) => one.reference === reference);
    expect(field("rules").validator).toEqual({ maxValue: null, pattern: "[a-z\\\\]+" });
    expect(field("numbers").validator).toEqual({ maxValue: 1e21, pattern: null });
    const compared = field("numbers").formFieldConditions.map(({ value }: any) => value);
    expect(compared).toEqual([true, -1.5, ["a", "'b'"], "2024-02-29", null, "b"]);
    const values = (answers: { value: unknown }[]) => answers.map(({ value }) => value);
    const [first, ...others] = data._entities;
    expect(values(first.formFieldAnswers)).toEqual(VALUES.slice(0, Object.keys(form.fields).length));
    expect(values(first.hiddenFieldAnswers)).toEqual([1e21, "hidden"]);
    expect([first.status, first.type, first.dueOn]).toEqual(["IN_PROGRESS", "TRANSACTION", "2024-02-29"]);
    expect(others.map(({ status, type }: any) => `${status} ${type}`)).toEqual([
      "EXPIRED STANDARD",
      "COMPLETED STANDARD",
      "COMPLETED STANDARD",
      "ASSIGNED STANDARD",
      "ASSIGNED STANDARD",
      "ASSIGNED STANDARD",
    ]);
  });

  const PLAIN: [what: string, document: string][] = [
    [
      "forms of either kind",
      "{ me { formImplementations { nodes { uuid form { __typename name ...Form ... on InvestorPreferenceForm { editable } } } } } }",
    ],
    [
      "gates",
      "{ me { preferenceGate { __typename blocked validUntil outstanding { totalCount edges { cursor node { ...Form } } } } } }",
    ],
    [
      "how far the user is with what is offered",
      "{ me { enabledUserDataForms { edges { implementation { ...Given } node { name } } } } }",
    ],
    [
      "why a form is asked",
      "{ me { enabledInvestorPreferenceForms { edges { blocking matchedClassifications { name } implementation { ...Given } node { name } } } } }",
    ],
    ["nodes", "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ...Form ...Given } }"],
    [
      "parts under a condition",
      "query ($no: Boolean = false) { me { formImplementations { nodes { status formFieldAnswers { value formField { label @skip(if: true) reference @include(if: $no) uuid } } } } } }",
    ],
  ];

  test.each(PLAIN)("%s by loaders, without a warning", async (_what, document) => {
    const of = await scene();
    const query = withFields(document);
    const variables = { ids: [of.form, of.preference, of.given[0]!].map(({ id: one }) => one) };
    for (const who of ["administrator", "investor", "investor's session"]) {
      const { errors } = await agreed(of.callers[who]!.token, { query, variables });
      expect([who, errors]).toEqual([who, undefined]);
      expect((await of.callers[who]!.send(query, variables)).statements).toBeGreaterThan(2);
    }
    expect(warnings).toEqual([]);
  });
});

const id = (type: string, guid: string): string => toGlobalId(type, guid);
const ids = { john: id("User", JOHN), jane: id("User", JANE), nobody: id("User", NOBODY) };

const wicked: [what: string, request: Request][] = [
  ["aliases", { query: `{ a: me { b: name c: name name } me { id } a: me { guid } }` }],
  ["an alias named as what every object has", { query: `{ constructor: me { toString: name hasOwnProperty: guid } }` }],
  ["an alias that is no property", { query: `{ me { __proto__: name guid } __proto__: me { guid } }` }],
  ["aliases with underscores", { query: `{ a_b: me { c: name } a: me { b_c: name } }` }],
  ["__typename everywhere", { query: `{ __typename t: __typename me { __typename userGroups { __typename } } }` }],
  ["nothing but __typename", { query: `{ __typename }` }],
  [
    "merged fields of fragments",
    {
      query: `query { me { ...A ...B ... on Node { id } ... { surname } } }
        fragment A on User { name userGroups(first: 2) { totalCount } }
        fragment B on User { guid userGroups(first: 2) { nodes { name } totalCount } ...A }`,
    },
  ],
  [
    "the order of fields",
    { query: `{ me { guid ...F name id } } fragment F on User { type id ... on Node { __typename id } }` },
  ],
  ...[true, false].flatMap((yes): [string, Request][] => [
    [
      `@skip and @include of variables, ${yes}`,
      {
        query: `query ($yes: Boolean!, $no: Boolean = false) { me {
          name @include(if: $yes) guid @skip(if: $yes) id @include(if: $yes) @skip(if: $no)
          ... @include(if: $yes) { type status @skip(if: $yes) }
          ...F @skip(if: $yes)
          userGroups(first: 1) @include(if: $yes) { totalCount @skip(if: $no) }
        } } fragment F on User { title @include(if: $no) surname classifications { totalCount } }`,
        variables: { yes },
      },
    ],
    [
      `a fragment spread with and without a condition, ${yes}`,
      {
        query: `query ($yes: Boolean!) { a: me { ...F @include(if: $yes) } b: me { ...F } c: me { ...F @skip(if: $yes) name }
          d: me { ... on User @include(if: $yes) { ...F } ...F } }
          fragment F on User { name @skip(if: $yes) guid userGroups { totalCount } }`,
        variables: { yes },
      },
    ],
    [
      `one field asked twice under unlike conditions, ${yes}`,
      {
        query: `query ($yes: Boolean!) { me @include(if: $yes) { name } me @skip(if: $yes) { guid } again: me { name @include(if: $yes) name @skip(if: $yes) } }`,
        variables: { yes },
      },
    ],
  ]),
  ["a field that is never included", { query: `{ me { id name @include(if: false) } }` }],
  ["nothing left of a selection", { query: `{ me { name @skip(if: true) } }` }],
  [
    "interfaces",
    {
      query: `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on User { name groups: userGroups { nodes { name leadUser { id } } } }
        ... on Classification { reference } ... on Node { again: id } } }`,
      variables: { ids: [ids.john, ids.nobody, ids.jane, ids.john, id("Classification", NOBODY)] },
    },
  ],
  [
    "one id where a list is due",
    { query: `query ($ids: [ID!]!) { nodes(ids: $ids) { id } }`, variables: { ids: ids.john } },
  ],
  ["a single literal where a list is due", { query: `{ nodes(ids: "${ids.john}") { id } }` }],
  [
    "variables in a literal list",
    {
      query: `query ($a: ID!, $b: ID!) { nodes(ids: [$a, "${ids.jane}", $b]) { id } }`,
      variables: { a: ids.nobody, b: ids.john },
    },
  ],
  ["a node of no known type", { query: `{ node(id: "${id("Yacht", JOHN)}") { id } }` }],
  ["a node of a type named as what every object has", { query: `{ node(id: "${id("constructor", JOHN)}") { id } }` }],
  ["a malformed id beside a good field", { query: `{ node(id: "junk") { id } me { name } }` }],
  [
    "an error in a list of nullable items",
    {
      query: `{ nodes(ids: ["${ids.john}", "${ids.jane}"]) { id ... on User { userGroups(first: 0) { totalCount } } } }`,
    },
  ],
  ["a non-null field's error takes its parent", { query: `{ me { name userGroups(first: 0) { totalCount } } }` }],
  ["a non-null field's error takes everything", { query: `{ me { name } users(first: 0) { totalCount } }` }],
  [
    "an error deep in a list takes everything",
    { query: `{ users(first: 1) { nodes { userGroups(first: 101) { totalCount } } } }` },
  ],
  [
    "errors of several nullable fields",
    { query: `{ a: user(guid: "${JOHN}", id: "x") { id } b: user { id } c: user(guid: "${JANE}") { name } }` },
  ],
  ["both directions of paging", { query: `{ me { name } users(first: 1, last: 1) { totalCount } }` }],
  ["a variable left out", { query: `query ($guid: UUID) { user(guid: $guid, id: "${ids.john}") { name } }` }],
  [
    "a null variable",
    { query: `query ($guid: UUID) { user(guid: $guid, id: "${ids.john}") { name } }`, variables: { guid: null } },
  ],
  [
    "a variable's default",
    {
      query: `query ($first: Int! = 2, $by: UserOrderField! = EMAIL) { users(first: $first, orderBy: { field: $by }) { nodes { contactEmail } } }`,
    },
  ],
  [
    "a nullable variable where there is a default",
    { query: `query ($by: UserOrderField) { users(orderBy: { field: $by, direction: DESC }) { nodes { name } } }` },
  ],
  [
    "null where there is a default",
    {
      query: `query ($by: UserOrderField) { users(orderBy: { field: $by, direction: DESC }) { nodes { name } } }`,
      variables: { by: null },
    },
  ],
  ["the default of an input field", { query: operations.Users!, variables: { orderBy: { direction: "DESC" } } }],
  ["an empty input", { query: operations.Users!, variables: { orderBy: {}, filter: {} } }],
  [
    "nulls in an input",
    { query: operations.Users!, variables: { filter: { status: null, tfaEnabled: null }, search: null } },
  ],
  ["an empty list", { query: operations.Users!, variables: { filter: { status: [] } } }],
  ["one value where a list is due", { query: operations.Users!, variables: { filter: { status: "ACTIVE" } } }],
  [
    "variables inside a literal object",
    {
      query: `query ($s: [UserStatus!], $t: Boolean) { users(filter: { status: $s, tfaEnabled: $t }) { totalCount } }`,
      variables: { s: "ACTIVE" },
    },
  ],
  [
    "enumerations and scalars as literals",
    {
      query: `{ users(type: INVESTOR, filter: { status: [ACTIVE], inviteDateInvitedFrom: "2024-01-01", assignedInternalUserGuids: ["${JANE.toUpperCase()}"] }) { totalCount } }`,
    },
  ],
  ["a required variable left out", { query: operations.UserWithItsGraph! }],
  ["a required variable that is null", { query: operations.UserWithItsGraph!, variables: { guid: null } }],
  ["a malformed scalar", { query: operations.UserWithItsGraph!, variables: { guid: "501a4c57" } }],
  ["a number for a scalar", { query: operations.UserWithItsGraph!, variables: { guid: 7 } }],
  ["an object for a scalar", { query: operations.UserWithItsGraph!, variables: { guid: { a: 1 } } }],
  [
    "several wrong variables",
    {
      query: operations.Users!,
      variables: {
        first: "1",
        type: "NOBODY",
        filter: { status: ["ACTIVE", "ASLEEP"], unknown: 1, tfaEnabled: "yes" },
        orderBy: 7,
      },
    },
  ],
  ["an Int out of its range", { query: operations.Users!, variables: { first: 2147483648 } }],
  ["an Int with a fraction", { query: operations.Users!, variables: { first: 1.5 } }],
  ["a variable nobody declared", { query: operations.Me!, variables: { stranger: 1 } }],
  ["a number for an ID", { query: operations.Node!, variables: { id: 7 } }],
  ["a wrong literal", { query: `{ users(first: "1") { totalCount } }` }],
  ["a field that does not exist", { query: `{ me { fortune } }` }],
  ["no GraphQL", { query: `{ me { ` }],
  ["an unknown operation", { query: `query A { me { id } } query B { me { name } }`, operationName: "C" }],
  ["no operation named among two", { query: `query A { me { id } } query B { me { name } }` }],
  [
    "one of two operations",
    { query: `query A($x: Int) { users(first: $x) { totalCount } } query B { me { name } }`, operationName: "B" },
  ],
  [
    "the other one",
    {
      query: `query A($x: Int) { users(first: $x) { totalCount } } query B { me { name } }`,
      operationName: "A",
      variables: { x: 1 },
    },
  ],
  [
    "introspection",
    {
      query: `{ __schema { queryType { name } types { name kind fields { name args { name defaultValue } } } } __type(name: "User") { name interfaces { name } } }`,
    },
  ],
  [
    "introspection beside data",
    {
      query: `{ me { name } __type(name: "UserOrder") { inputFields { name defaultValue type { kind ofType { name } } } } }`,
    },
  ],
  [
    "the subgraph's own fields",
    {
      query: `query ($r: [_Any!]!) { _service { __typename } _entities(representations: $r) { __typename ... on User { name userGroups { totalCount } } ... on UserGroup { id } } }`,
      variables: {
        r: [
          { __typename: "User", guid: JOHN },
          { __typename: "UserGroup", guid: NOBODY },
          { __typename: "User", id: ids.jane },
        ],
      },
    },
  ],
  [
    "an error in the middle of references",
    {
      query: `query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { name } } }`,
      variables: {
        r: [
          { __typename: "User", guid: JOHN },
          { __typename: "User", guid: "?" },
          { __typename: "User", guid: NOBODY },
          7,
          { __typename: "User", guid: JANE },
        ],
      },
    },
  ],
  [
    "a refused mutation",
    {
      query: operations.UpdateUser!,
      variables: { input: { userId: ids.nobody, forename: "X", clientMutationId: "mine" } },
    },
  ],
  [
    "a mutation with a broken rule",
    {
      query: operations.UpdateUser!,
      variables: { input: { userId: JOHN, forename: "x".repeat(256), title: "\u0007" } },
    },
  ],
  ["a mutation with a malformed id", { query: operations.UpdateUser!, variables: { input: { userId: "junk" } } }],
  [
    "two mutations, the first refused by its guard's side",
    {
      query: `mutation { a: updateUser(input: { userId: "junk" }) { errors { code } } b: updateUser(input: { userId: "${JOHN}", forename: "Jo" }) { user { forename } errors { code } } }`,
    },
  ],
  [
    "two mutations one after the other",
    {
      query: `mutation { a: updateUser(input: { userId: "${JOHN}", forename: "A" }) { user { forename } } b: updateUser(input: { userId: "${JOHN}", forename: "B" }) { user { forename userGroups { nodes { name } } } } c: updateUser(input: { userId: "${JOHN}", forename: "C" }) { user { forename } } }`,
    },
  ],
  [
    "texts with quotes, breaks and emoji",
    {
      query: `query ($s: String) { a: users(search: $s) { totalCount } b: users(search: """a "block" of
  text \\u0041 \`\${x}\` """) { totalCount } c: users(search: "\\"\\\\\\n\\u2028💶'") { totalCount } }`,
      variables: { s: "\"'`${1}\\\u2028💶" },
    },
  ],
];

describe("wicked documents are answered alike", () => {
  test.each(wicked)("%s", async (_what, request) => {
    const { admin } = await tenant();
    await agreed(admin.token, request);
  });

  test.each([
    ["nobody", operations.Me!],
    ["nobody, a list", operations.Users!],
    ["nobody, a mutation", `mutation { updateUser(input: { userId: "${JOHN}" }) { errors { code } } }`],
  ])("%s", async (_what, query) => {
    const { errors } = await agreed("", { query });
    expect(errors?.[0]?.extensions.code).toBe("UNAUTHENTICATED");
  });

  test.each([
    ["an investor's list", operations.Users!],
    ["an investor's list beside their own", `{ me { name } users { totalCount } }`],
    ["an investor's mutation", `mutation { suspendUser(input: { userId: "${JANE}" }) { errors { code } } }`],
    [
      "two mutations, one of them forbidden",
      `mutation { a: suspendUser(input: { userId: "${JANE}" }) { errors { code } } b: updateCurrentUser(input: { title: "Dr" }) { user { title } } }`,
    ],
  ])("%s", async (_what, query) => {
    const { john } = await tenant();
    const { errors } = await agreed(john.token, { query });
    expect(errors?.[0]?.extensions.code).toBe("FORBIDDEN");
  });
});

describe("what compiling a document may do wrong", () => {
  test("a fault of ours keeps its place, and the rest is answered", async () => {
    const { admin } = await tenant();
    const query = `{ me { name a: classifications { totalCount } } again: me { guid } }`;
    const rename = (from: string, to: string) => compiled.database.sql(`ALTER TABLE ${from} RENAME TO ${to}`);
    await rename("user_classifications", "elsewhere");
    const { data, errors } = await agreed(admin.token, { query });
    await rename("elsewhere", "user_classifications");
    expect(data).toMatchObject({ me: null, again: { guid: admin.guid } });
    expect(errors).toEqual([
      expect.objectContaining({
        path: ["me", "a"],
        extensions: { code: "INTERNAL_SERVER_ERROR", requestId: "the-same" },
      }),
    ]);
  });

  test("a text in a document is never run as code", async () => {
    const { admin } = await tenant();
    const code = "__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74dglobalThis.taken=1";
    for (const query of [
      `{ users(search: "${code}") { totalCount } }`,
      `query ($s: String = "${code}") { users(search: $s, filter: { classifications: ["${code}"] }) { totalCount } }`,
      `{ _entities(representations: [{ __typename: "${code}", ${code.slice(0, 50)}: 1 }]) { __typename } }`,
    ]) {
      await agreed(admin.token, { query });
    }
    expect(globalThis).not.toHaveProperty("taken");
  });

  test("a variable left out inside an object leaves its field as it is", async () => {
    const { here, admin } = await tenant();
    const query = `mutation ($id: ID!, $title: String, $surname: String) {
      updateUser(input: { userId: $id, title: $title, surname: $surname }) { user { title surname } errors { code } } }`;
    for (let time = 1; time <= 3; time++) await admin.ask(query, { id: JOHN, surname: "Smythe" });
    expect(await here.read({ guid: JOHN })).toMatchObject({ title: "Mr", surname: "Smythe", forename: "John" });
  });
});

test("whatever is selected of 1 or of 20 users is one statement", async () => {
  const { here, admin } = await tenant();
  for (let more = 0; more < 20; more++) await here.group({ members: [await here.user()], lead: await here.user() });
  const query = `query ($first: Int!) { users(first: $first) { totalCount edges { cursor node {
    id guid name isUserGroupLead isUserGroupMember inviteStatus assignedInternalUser { name userGroups { totalCount } }
    classifications { totalCount edges { validUntil node { name } } }
    userGroups { pageInfo { endCursor } edges { joinedAt node { name leadUser { name } } } } } } } }`;
  for (const first of [1, 20]) {
    await agreed(admin.token, { query, variables: { first } });
    expect((await admin.send(query, { first })).statements).toBe(1);
  }
});

test.each(["data", "o", "c", "n", "e", "page", "part", "r0", "q", "k"])(
  "an alias named %s is no name of the statement's own",
  async (alias) => {
    const { admin } = await tenant();
    const query = `{ ${alias}: users(first: 2) { ${alias}: nodes { ${alias}: name classifications { ${alias}: nodes { name } } } } }`;
    await agreed(admin.token, { query });
    expect((await admin.send(query)).statements).toBe(1);
  },
);

test("a reference is read through fragments on every type that covers it", async () => {
  const { admin } = await tenant();
  const query = `query ($of: [_Any!]!) { _entities(representations: $of) {
    __typename ... on Node { id } ... on User { name } ... on _Entity { __typename } ... on UserGroup { kind } } }`;
  const variables = { of: [{ __typename: "User", guid: JOHN }] };
  const { data } = await agreed(admin.token, { query, variables });
  expect(data._entities).toEqual([{ __typename: "User", id: ids.john, name: "Mr John Smith" }]);
});
