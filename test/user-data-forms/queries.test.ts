import { toGlobalId } from "../../src/kit/index.js";
import { harness, operations, problems, type Caller, type TestForm, type TestTenant } from "../harness/index.js";
import { field, fieldOf, readForm, UNKNOWN } from "../forms/asking.js";
import { walk, type Connection } from "../user-groups/walk.js";

const server = await harness();
const { tenant, database } = server;

const DRAFT = { state: "DRAFT" as never };
const DISABLED = { enablement: "DISABLED" as never };
const ARCHIVED = { state: "ARCHIVED" as never };

/** A form in each state, and a preference form beside them. */
async function scene() {
  const here = await tenant();
  const forms = {
    draft: await here.form({ name: "Draft", ...DRAFT }),
    enabled: await here.form({ name: "Enabled" }),
    disabled: await here.form({ name: "Disabled", ...DISABLED }),
    archived: await here.form({ name: "Archived", ...ARCHIVED }),
  };
  return { here, forms, preferences: await here.preferenceForm({ name: "Preferences" }) };
}

const BY_KEY = "query ($id: ID, $uuid: UUID) { userDataForm(id: $id, uuid: $uuid) { uuid } }";

describe("userDataForm", () => {
  test("is found by its uuid, by its global id, and by its uuid in the place of the id", async () => {
    const here = await tenant();
    const { uuid, id } = await here.form();
    for (const key of [{ uuid }, { uuid: uuid.toUpperCase() }, { id }, { id: uuid }]) {
      expect(await here.admin.ask(BY_KEY, key)).toEqual({ userDataForm: { uuid } });
    }
  });

  test("wants exactly one key, of its own type", async () => {
    const { here, forms, preferences } = await scene();
    const { uuid, id } = forms.enabled;
    for (const keys of [
      {},
      { id: null, uuid: null },
      { id, uuid },
      { id: preferences.id },
      { id: here.admin.id },
      { id: "junk" },
    ]) {
      expect(problems(await here.admin.send(BY_KEY, keys))).toEqual(["BAD_USER_INPUT id"]);
    }
    expect(problems(await here.admin.send(BY_KEY, { uuid: "junk" }))).toEqual(["BAD_USER_INPUT uuid"]);
  });

  test("is null when there is none, when it is of the other kind, and when it is another tenant's", async () => {
    const [{ here, preferences }, there] = [await scene(), await tenant()];
    const theirs = await there.form();
    const answers = [
      { uuid: UNKNOWN },
      { uuid: preferences.uuid },
      { id: toGlobalId("UserDataForm", preferences.uuid) },
      { uuid: theirs.uuid },
      { id: theirs.id },
    ].map((keys) => here.admin.send(BY_KEY, keys));
    const bodies = (await Promise.all(answers)).map(({ body }) => body);
    expect(new Set(bodies)).toEqual(new Set(['{"data":{"userDataForm":null}}\n']));
  });

  test("userDataForm, node, nodes, _entities and the lists tell the same", async () => {
    const here = await tenant();
    const { uuid, id } = await here.form({
      formPages: [{ reference: "one", name: "One" }],
      formFields: [
        field("a", { formPage: "one" }),
        fieldOf("SELECT", "b", { formPage: "one", validator: { required: true } }),
      ],
      formSettings: [{ name: "step", value: { deep: [1, "two", null] } }],
      revalidateAfterMonths: 6,
      formTypeName: "COMPLIANCE" as never,
    });
    await here.admin.ask(operations.UpdateUserDataForm!, { input: { formId: id, name: "Next" } });
    const fields = `... on UserDataForm { __typename id uuid name description state enablement version createdAt updatedAt
      formType { uuid name } editorValidator { canDelete canEdit protectedFields } formPages { uuid reference name order }
      formFields { uuid reference label options { value label } validator { required } formPage { uuid reference name order } }
      formSettings { name value } formRevision { uuid number name revalidateAfterMonths publishedAt } stagedRevision { number name formFields { reference } } }`;
    const representations = [{ uuid }, { id }].map((key) => ({ __typename: "UserDataForm", ...key }));
    const told: Record<string, any>[] = [];
    for (const document of [
      `query ($uuid: UUID!) { userDataForm(uuid: $uuid) { ${fields} } }`,
      `query ($id: ID!) { node(id: $id) { ${fields} } }`,
      `query ($id: ID!) { nodes(ids: [$id]) { ${fields} } }`,
      `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${fields} } }`,
      `{ userDataForms { nodes { ${fields} } } }`,
      `{ enabledUserDataForms { nodes { ${fields} } } }`,
    ]) {
      // Twice: the first time by loaders, then compiled.
      for (let time = 0; time < 2; time++) {
        const [data] = Object.values(await here.admin.ask(document, { uuid, id, representations }));
        told.push(...[data.nodes ?? data].flat());
      }
    }
    expect(told).toHaveLength(14);
    expect(told).toEqual(told.map(() => told[0]));
    expect(told[0]).toMatchObject({
      id: toGlobalId("UserDataForm", uuid),
      formType: { name: "COMPLIANCE" },
      formSettings: [{ name: "step", value: { deep: [1, "two", null] } }],
      stagedRevision: { number: 2, name: "Next", formFields: [{ reference: "a" }, { reference: "b" }] },
    });
  });
});

const FORMS = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: UserDataFormFilter, $orderBy: UserFormOrder) {
  userDataForms(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount edges { cursor node { uuid name createdAt } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
interface Edge {
  cursor: string;
  node: { uuid: string; name: string; createdAt: string };
}

const list = async (caller: Caller, variables: object = {}): Promise<Connection<Edge>> =>
  (await caller.ask(FORMS, { first: 100, ...variables })).userDataForms;

/** The names of the forms found, in their order; the count has to agree. */
async function names(caller: Caller, variables: object = {}): Promise<string[]> {
  const { totalCount, edges } = await list(caller, variables);
  expect(totalCount).toBe(edges.length);
  return edges.map(({ node }) => node.name);
}

describe("userDataForms", () => {
  test("are the tenant's, by name, to holders of forms.read", async () => {
    const { here } = await scene();
    const { admin } = await tenant();
    for (const caller of [here.admin, await here.internal(["forms.read"]), await here.service("forms.read")]) {
      expect(await names(caller)).toEqual(["Archived", "Disabled", "Draft", "Enabled"]);
    }
    expect(await names(admin)).toEqual([]);
  });

  test("are closed to whoever does not hold it", async () => {
    const { here } = await scene();
    const lead = await here.user();
    const group = await here.group({ lead });
    for (const caller of [
      lead,
      await here.actingAs(here.admin, lead, group),
      await here.internal(["forms.write", "submissions.read"]),
      await here.service("forms.write"),
    ]) {
      expect(problems(await caller.send(FORMS))).toEqual(["FORBIDDEN"]);
    }
    expect(problems(await server.anonymous.send(FORMS))).toEqual(["UNAUTHENTICATED"]);
  });

  test("by state and by enablement", async () => {
    const { here } = await scene();
    for (const [filter, found] of [
      [{ state: "DRAFT" }, ["Draft"]],
      [{ state: "PUBLISHED" }, ["Disabled", "Enabled"]],
      [{ state: "ARCHIVED" }, ["Archived"]],
      [{ enablement: "ENABLED" }, ["Enabled"]],
      [{ enablement: "DISABLED" }, ["Archived", "Disabled", "Draft"]],
      [{ enablement: "DISABLED", state: "PUBLISHED" }, ["Disabled"]],
      [{ enablement: "ENABLED", state: "DRAFT" }, []],
      [{ state: null, enablement: null, formType: null, name: null }, ["Archived", "Disabled", "Draft", "Enabled"]],
      [null, ["Archived", "Disabled", "Draft", "Enabled"]],
    ] as const) {
      expect([filter, await names(here.admin, { filter })]).toEqual([filter, found]);
    }
  });

  test("by type", async () => {
    const here = await tenant();
    for (const formTypeName of ["STANDARD", "ONBOARDING", "COMPLIANCE"])
      await here.form({ name: formTypeName, formTypeName: formTypeName as never });
    for (const formType of ["STANDARD", "ONBOARDING", "COMPLIANCE"])
      expect(await names(here.admin, { filter: { formType } })).toEqual([formType]);
  });

  test("by a part of the name, without regard to case and accents, wildcards being plain characters", async () => {
    const here = await tenant();
    for (const name of ["Café 100%", "Decaf", "Tax_form", "Taxi form"]) await here.form({ name });
    for (const [name, found] of [
      ["CAFE", ["Café 100%"]],
      ["caf", ["Café 100%", "Decaf"]],
      ["%", ["Café 100%"]],
      ["tax_", ["Tax_form"]],
      ["i form", ["Taxi form"]],
      ["\\", []],
      ["", ["Café 100%", "Decaf", "Tax_form", "Taxi form"]],
      ["  ", ["Café 100%", "Decaf", "Tax_form", "Taxi form"]],
    ] as const) {
      expect([name, await names(here.admin, { filter: { name } })]).toEqual([name, found]);
    }
  });

  test("go by the name that is published, not by the one that is staged", async () => {
    const here = await tenant();
    const form = await here.form({ name: "Old" });
    await here.admin.ask(operations.UpdateUserDataForm!, { input: { formId: form.id, name: "New" } });
    expect([
      await names(here.admin, { filter: { name: "old" } }),
      await names(here.admin, { filter: { name: "new" } }),
    ]).toEqual([["Old"], []]);
    await here.admin.ask(operations.PublishForm!, { input: { formId: form.id } });
    expect([
      await names(here.admin, { filter: { name: "old" } }),
      await names(here.admin, { filter: { name: "new" } }),
    ]).toEqual([[], ["New"]]);
  });

  /** Seven forms, of which some have one name or one day. */
  async function many() {
    const here = await tenant();
    const forms: TestForm[] = [];
    for (const name of ["beta", "Álpha", "alpha", "Beta", "gamma", "beta", "Delta"])
      forms.push(await here.form({ name }));
    await database.sql("UPDATE forms SET created_at = '2024-01-01' WHERE id = ANY($1)", [
      forms.slice(2, 5).map(({ uuid }) => uuid),
    ]);
    return here;
  }

  test.each(["NAME", "CREATED_AT"])("in the order of %s, both ways, page by page, each once", async (orderField) => {
    const here = await many();
    const key = ({ node }: Edge) =>
      orderField === "NAME" ? node.name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase() : node.createdAt;
    const place = (edge: Edge) => `${key(edge)} ${edge.node.uuid}`;
    for (const direction of ["ASC", "DESC"]) {
      const variables = { orderBy: { field: orderField, direction } };
      const all = (await list(here.admin, variables)).edges;
      const sorted = all.toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
      expect(all).toEqual(direction === "ASC" ? sorted : sorted.toReversed());
      for (const backward of [false, true]) {
        const walked = await walk<Edge>(here.admin, FORMS, variables, (data) => data.userDataForms, {
          size: 3,
          backward,
        });
        expect(walked.map(({ node }) => node)).toEqual(all.map(({ node }) => node));
      }
    }
  });

  test("a cursor of another order or filter is refused, and a page that cannot be", async () => {
    const here = await many();
    const after = (await list(here.admin, { first: 1, filter: { state: "PUBLISHED" } })).pageInfo.endCursor;
    const ask = async (variables: object) => problems(await here.admin.send(FORMS, variables));
    expect(await ask({ filter: { state: "PUBLISHED" }, after })).toEqual([]);
    for (const other of [
      {},
      { filter: { state: "DRAFT" } },
      { filter: { state: "PUBLISHED" }, orderBy: { field: "CREATED_AT" } },
    ]) {
      expect(await ask({ ...other, after })).toEqual(["BAD_USER_INPUT after"]);
    }
    expect(await ask({ first: 0 })).toEqual(["BAD_USER_INPUT first"]);
    expect(await ask({ first: 101 })).toEqual(["BAD_USER_INPUT first"]);
    expect(await ask({ first: 1, last: 1 })).toEqual(["BAD_USER_INPUT last"]);
    expect(await ask({ filter: { state: "GONE" } })).toEqual(["BAD_USER_INPUT filter.state"]);
  });
});

const ENABLED =
  "query ($first: Int, $after: String) { enabledUserDataForms(first: $first, after: $after) { totalCount nodes { name } pageInfo { hasNextPage endCursor } } }";

describe("enabledUserDataForms", () => {
  test("are those that are offered, by name, to every user and to services that work with forms", async () => {
    const { here } = await scene();
    await here.form({ name: "Another" });
    const user = await here.user();
    const group = await here.group({ lead: user });
    const callers = [
      here.admin,
      user,
      await here.actingAs(here.admin, user, group),
      await here.user({ type: "ENTREPRENEUR" as never }),
      await here.internal([]),
      await here.service("forms.read"),
      await here.service("submissions.read"),
    ];
    for (const caller of callers) {
      const { totalCount, nodes } = (await caller.ask(ENABLED)).enabledUserDataForms;
      expect([totalCount, nodes]).toEqual([2, [{ name: "Another" }, { name: "Enabled" }]]);
    }
    expect((await (await here.service("users.read")).ask(ENABLED)).enabledUserDataForms.totalCount).toBe(0);
    expect(problems(await server.anonymous.send(ENABLED))).toEqual(["UNAUTHENTICATED"]);
  });

  test("come in pages", async () => {
    const here = await tenant();
    for (const name of ["c", "a", "b"]) await here.form({ name });
    const first = (await here.admin.ask(ENABLED, { first: 2 })).enabledUserDataForms;
    expect(first).toMatchObject({
      totalCount: 3,
      nodes: [{ name: "a" }, { name: "b" }],
      pageInfo: { hasNextPage: true },
    });
    const second = (await here.admin.ask(ENABLED, { first: 2, after: first.pageInfo.endCursor })).enabledUserDataForms;
    expect(second).toMatchObject({ nodes: [{ name: "c" }], pageInfo: { hasNextPage: false } });
  });

  test("are told with everything that they ask, as the form itself tells it", async () => {
    const { here, forms } = await scene();
    const [offered] = (await here.admin.ask(operations.EnabledUserDataForms!)).enabledUserDataForms.nodes;
    const { formRevision: _, stagedRevision: _staged, ...form } = await readForm(here.admin, forms.enabled);
    expect(offered).toEqual(form);
  });
});

describe("User.enabledUserDataForms", () => {
  const ofUser = async (
    caller: Caller,
    { guid }: { guid: string },
    variables: object = {},
  ): Promise<[string, string | null][]> => {
    const { user } = await caller.ask(operations.UserDataFormsOfUser!, { guid, ...variables });
    const { totalCount, edges } = user.enabledUserDataForms;
    expect(totalCount).toBeGreaterThanOrEqual(edges.length);
    return edges.map(({ node, implementation }: any) => [node.name, implementation?.uuid ?? null]);
  };

  test("are the forms that are offered, by name, with the user's latest implementation", async () => {
    const { here, forms } = await scene();
    const [user, other, another] = [await here.user(), await here.user(), await here.form({ name: "Another" })];
    const completed = { storedStatus: "COMPLETED" as never, completedAt: "2024-01-01T00:00:00.000Z" };
    await here.implementation(user, forms.enabled, { ...completed, createdAt: "2024-01-01T00:00:00.000Z" });
    const latest = await here.implementation(user, forms.enabled, { createdAt: "2024-01-03T00:00:00.000Z" });
    await here.implementation(user, forms.enabled, { ...completed, createdAt: "2024-01-02T00:00:00.000Z" });
    await here.implementation(user, forms.disabled);
    const theirs = await here.implementation(other, another);
    for (let time = 0; time < 2; time++) {
      expect(await ofUser(here.admin, user)).toEqual([
        ["Another", null],
        ["Enabled", latest.uuid],
      ]);
      expect(await ofUser(user, user)).toEqual([
        ["Another", null],
        ["Enabled", latest.uuid],
      ]);
      expect(await ofUser(here.admin, other)).toEqual([
        ["Another", theirs.uuid],
        ["Enabled", null],
      ]);
    }
    expect(await ofUser(user, user, { first: 1 })).toEqual([["Another", null]]);
    const { me } = await user.ask(operations.MyUserDataForms!);
    expect(me.enabledUserDataForms.edges.map(({ implementation }: any) => implementation?.uuid ?? null)).toEqual([
      null,
      latest.uuid,
    ]);
  });

  test("are told to the user and to who works with forms; how far the user is to who reads submissions", async () => {
    const { here, forms } = await scene();
    const [user, lead] = [await here.user(), await here.user()];
    const group = await here.group({ lead, members: [user] });
    const { uuid } = await here.implementation(user, forms.enabled);
    const reader = await here.internal(["users.read", "forms.read", "submissions.read"]);
    const VIEWERS: [caller: Caller, told: [string, string | null][]][] = [
      [user, [["Enabled", uuid]]],
      [await here.actingAs(here.admin, user, group), [["Enabled", uuid]]],
      [await here.service("users.read", "submissions.read"), [["Enabled", uuid]]],
      [reader, [["Enabled", null]]],
      [await here.internal(["users.read", "forms.read"], { administrator: true }), [["Enabled", null]]],
      [await here.service("users.read", "forms.write"), [["Enabled", null]]],
      [lead, []],
      [await here.internal(["users.read", "users.write"]), []],
      [await here.service("users.read"), []],
    ];
    for (const [n, [caller, told]] of VIEWERS.entries()) {
      for (let time = 0; time < 2; time++) expect([n, await ofUser(caller, user)]).toEqual([n, told]);
    }
    await here.admin.ask(operations.UpdateUser!, { input: { userId: user.id, assignedInternalUserId: reader.id } });
    expect(await ofUser(reader, user)).toEqual([["Enabled", uuid]]);
  });
});

describe("User.formImplementations", () => {
  const PAGES = `query ($guid: UUID!, $first: Int, $after: String, $last: Int, $before: String) { user(guid: $guid) {
    formImplementations(first: $first, after: $after, last: $last, before: $before) {
      totalCount edges { cursor node { uuid form { __typename } } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
  type Given = { cursor: string; node: { uuid: string; form: { __typename: string } } };

  test("are of forms of both kinds, of any state, the newest first, page by page", async () => {
    const { here, forms, preferences } = await scene();
    const [user, other] = [await here.user(), await here.user()];
    const { enabled, disabled, archived } = forms;
    const made: string[] = [];
    for (const [n, form] of [enabled, preferences, disabled, archived, await here.form()].entries()) {
      const createdAt = `2024-01-0${1 + Math.floor(n / 2)}T00:00:00.000Z`;
      made.unshift((await here.implementation(user, form, { createdAt })).uuid);
      await here.implementation(other, form);
    }
    const connection = (data: any): Connection<Given> => data.user.formImplementations;
    for (const caller of [user, here.admin]) {
      for (const backward of [false, true]) {
        const walked = await walk<Given>(caller, PAGES, { guid: user.guid }, connection, { size: 2, backward });
        expect(walked.map(({ node }) => node.uuid)).toEqual(made);
        expect(walked.filter(({ node }) => node.form.__typename === "InvestorPreferenceForm")).toHaveLength(1);
      }
    }
  });
});

/** Every way to come upon a form: does the caller see this one? */
const WAYS: Record<string, (caller: Caller, form: TestForm) => Promise<boolean>> = {
  userDataForm: async (caller, { uuid }) => (await caller.ask(BY_KEY, { uuid })).userDataForm !== null,
  "userDataForm by id": async (caller, { id }) => (await caller.ask(BY_KEY, { id })).userDataForm !== null,
  node: async (caller, { id }) => (await caller.ask("query ($id: ID!) { node(id: $id) { id } }", { id })).node !== null,
  _entities: async (caller, { uuid }) => {
    const representations = [{ __typename: "UserDataForm", uuid }];
    const document =
      "query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on UserDataForm { id } } }";
    return (await caller.ask(document, { representations }))._entities[0] !== null;
  },
};

describe("whoever comes upon a form by any way sees it, or by none:", () => {
  type Name = "draft" | "enabled" | "disabled" | "archived" | "given";
  const ALL: Name[] = ["draft", "enabled", "disabled", "archived", "given"];
  const VIEWERS: [
    who: string,
    sees: Name[],
    caller: (of: { here: TestTenant; user: Caller }) => Caller | Promise<Caller>,
  ][] = [
    ["an administrator", ALL, ({ here }) => here.admin],
    ["an internal member with forms.read", ALL, ({ here }) => here.internal(["forms.read"])],
    ["an internal member with submissions.read", ALL, ({ here }) => here.internal(["submissions.read"])],
    [
      "an internal member without any of these",
      ["enabled"],
      ({ here }) => here.internal(["users.read", "users.write", "groups.read"]),
    ],
    ["a service with forms.write", ALL, ({ here }) => here.service("forms.write")],
    ["a service without any of these", [], ({ here }) => here.service("users.read", "audit.read")],
    ["who was given one that is disabled", ["enabled", "given"], ({ user }) => user],
    ["who acts as them", ["enabled", "given"], ({ here, user }) => here.actingAs(here.admin, user as never)],
    ["another client", ["enabled"], ({ here }) => here.user()],
    [
      "the lead of their group",
      ["enabled"],
      async ({ here, user }) => {
        const lead = await here.user();
        await here.group({ lead, members: [user as never] });
        return lead;
      },
    ],
    ["another tenant's administrator", [], async () => (await tenant()).admin],
  ];

  test.each(VIEWERS)("%s sees %j", async (_who, sees, callerOf) => {
    const { here, forms } = await scene();
    const user = await here.user();
    const given = await here.form({ name: "Given", ...DISABLED });
    await here.implementation(user, given);
    const caller = await callerOf({ here, user });
    for (const [way, see] of Object.entries(WAYS)) {
      // Twice: the first time by loaders, then compiled.
      for (let time = 0; time < 2; time++) {
        const found: string[] = [];
        for (const [name, form] of Object.entries({ ...forms, given })) if (await see(caller, form)) found.push(name);
        expect([way, found]).toEqual([way, sees]);
      }
    }
  });
});
