import { v4 as uuidv4, v7 as uuidv7 } from "uuid";
import { toGlobalId } from "../../src/kit/index.js";
import { executableSchema, usersSdl } from "../../src/schema.js";
import { type Answer, type Caller, type FormValues, harness, type Person, type TestTenant } from "../harness/index.js";
import { type Deal, startDeals } from "./deals.js";
import { startRouter } from "./router.js";
import { compose, type Subgraph, subgraphs } from "./supergraph.js";

const here = await harness({ alone: true });
const [users, deals] = subgraphs() as [Subgraph, Subgraph];
const name = "Ida Investor";
/** What the deals subgraph holds: each test writes its own. */
const book: Deal[] = [];
const neighbour = await startDeals(book);
const supergraph = compose({ ...users, url: `${here.url}/graphql` }, { ...deals, url: neighbour.url });
const router = await startRouter(supergraph);

afterAll(async () => {
  await router.stop();
  await neighbour.stop();
});

/** Asks the router as this caller; with what it cost the users subgraph. */
async function route(caller: Caller, query: string, variables: object = {}) {
  const before = here.statements.length;
  const response = await fetch(router.url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(caller.token && { authorization: `Bearer ${caller.token}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  const answer = (await response.json()) as Pick<Answer, "data" | "errors">;
  return { ...answer, statements: here.statements.length - before };
}

const deal = (investor: { guid: string }, values: Partial<Deal> = {}): Deal => ({
  id: uuidv7(),
  title: "A deal",
  investor: investor.guid,
  ...values,
});
const write = (...written: Deal[]): void => void book.splice(0, Infinity, ...written);
const people = (tenant: TestTenant, count: number): Promise<Person[]> =>
  Promise.all(Array.from({ length: count }, () => tenant.user()));

const ENTITIES = `query Entities($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on User { guid name }
    ... on UserGroup { id title: name }
    ... on UserForm { uuid formName: name formFields { reference } }
    ... on InvestorPreferenceForm { enforcementType }
    ... on UserFormImplementation { uuid status form { __typename } formFieldAnswers { value } }
  }
}`;
const references = (caller: Caller, ...representations: unknown[]) => caller.send(ENTITIES, { representations });

describe("the supergraph", () => {
  test("asks nothing of the router that has to be licensed or switched on", () => {
    expect(supergraph).toContain("@join__type(graph: USERS");
    expect(supergraph).not.toMatch(/@authenticated|@requiresScopes|@policy|@cost|@listSize|@context/);
  });

  const owner: Subgraph = {
    name: "content",
    url: "http://content",
    sdl: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
      interface Node { id: ID! }
      type User implements Node @key(fields: "id", resolvable: false) { id: ID! }
      type Article implements Node @key(fields: "id") { id: ID! author: User }
      type Query { node(id: ID!): Node nodes(ids: [ID!]!): [Node]! }`,
  };

  test("without node fields another subgraph owns `node`", () => {
    const sdl = usersSdl({ nodeFields: false });
    expect(sdl).toContain("interface Node {");
    expect(sdl).not.toMatch(/^ {2}nodes?\(/m);
    expect(Object.keys(executableSchema({ nodeFields: false }).getQueryType()!.getFields())).toEqual(
      expect.not.arrayContaining(["node", "nodes"]),
    );
    expect(compose({ ...users, sdl }, owner)).toContain("node(id: ID!): Node @join__field(graph: CONTENT)");
  });

  test("with them it cannot", () => {
    expect(() => compose({ ...users, sdl: usersSdl({ nodeFields: true }) }, owner)).toThrow(/Query\.node/);
  });
});

describe("`_service`", () => {
  test("tells the schema to anybody, for the router has no token of its own", async () => {
    const { _service } = await here.anonymous.ask("{ _service { sdl } }");
    expect(compose({ ...users, sdl: _service.sdl as string }, deals)).toBe(
      compose({ ...users, sdl: usersSdl({ nodeFields: true }) }, deals),
    );
  });
});

describe("through the router", () => {
  test("a deal knows its investor's name, and its group by global id", async () => {
    const { admin, ...tenant } = await tenantWith();
    const group = await tenant.group({ name: "The Family", lead: tenant.user });
    write(deal(tenant.user, { title: "Harbour", group: group.id }));

    const { data, errors } = await route(
      admin,
      "{ deals { title investor { name contactEmail } group { guid name } } }",
    );

    expect(errors).toBeUndefined();
    expect(data).toEqual({
      deals: [
        {
          title: "Harbour",
          investor: { name, contactEmail: tenant.user.email },
          group: { guid: group.guid, name: "The Family" },
        },
      ],
    });
  });

  test("a user knows their deals, and these their investor again", async () => {
    const { admin, user } = await tenantWith();
    write(deal(user, { title: "One" }), deal(admin, { title: "Not theirs" }), deal(user, { title: "Two" }));

    const { data, errors } = await route(
      admin,
      `query ($guid: UUID!) { user(guid: $guid) { name deals(first: 5) { title investor { id } } } }`,
      { guid: user.guid },
    );

    expect(errors).toBeUndefined();
    expect(data.user).toEqual({
      name,
      deals: ["One", "Two"].map((title) => ({ title, investor: { id: user.id } })),
    });
  });

  test("the investors of 20 deals cost as many statements as one", async () => {
    const tenant = await here.tenant();
    const query = `{ deals { investor { name classifications { totalCount nodes { name } } userGroups { nodes { name } } } } }`;
    const investors = await people(tenant, 20);

    write(deal(investors[0]!));
    await route(tenant.admin, query); // the first time by loaders, from then on by one statement
    const one = await route(tenant.admin, query);
    write(...investors.map((investor) => deal(investor)));
    const twenty = await route(tenant.admin, query);

    expect(twenty.data.deals).toHaveLength(20);
    expect(twenty.data.deals.map((each: any) => typeof each.investor.name)).toEqual(Array(20).fill("string"));
    expect(one.statements).toBeGreaterThan(0);
    expect(twenty.statements).toBe(one.statements);
  });

  test("the gate tells a service whether an investor may invest, by one statement for 20", async () => {
    const tenant = await here.tenant();
    const label = await tenant.classification();
    await tenant.preferenceForm({ classifications: [label] });
    const investors = await people(tenant, 20);
    for (const investor of investors.slice(0, 5)) await tenant.classify(investor, label);
    const service = await tenant.service("users.read", "forms.read");
    const query = "{ deals { investor { guid mayInvest preferenceGate { blocked validUntil } } } }";

    write(deal(investors[0]!));
    const one = await route(service, query);
    write(...investors.map((investor) => deal(investor)));
    const twenty = await route(service, query);

    expect(twenty.errors).toBeUndefined();
    expect(twenty.data.deals).toEqual(
      investors.map(({ guid }, index) => ({
        investor: { guid, mayInvest: index >= 5, preferenceGate: { blocked: index < 5, validUntil: null } },
      })),
    );
    expect(one.statements).toBeGreaterThan(0);
    expect(twenty.statements).toBe(one.statements);
  });

  test("without forms.read nobody learns another's gate", async () => {
    const { user, ...tenant } = await tenantWith();
    await tenant.preferenceForm();
    write(deal(user));
    const query = "{ deals { investor { name mayInvest preferenceGate { blocked } } } }";

    const service = await route(await tenant.service("users.read"), query);
    const own = await route(user, query);

    expect(service.data.deals).toEqual([{ investor: { name, mayInvest: null, preferenceGate: null } }]);
    expect(own.data.deals).toEqual([{ investor: { name, mayInvest: false, preferenceGate: { blocked: true } } }]);
  });

  test("another tenant's investor is null, as one that does not exist", async () => {
    const { admin, user } = await tenantWith();
    const stranger = await (await here.tenant()).user();
    write(deal(user), deal(stranger), deal({ guid: uuidv4() }));

    const { data, errors } = await route(admin, "{ deals { investor { id name } } }");

    expect(errors).toBeUndefined();
    expect(data.deals).toEqual([{ investor: { id: user.id, name } }, { investor: null }, { investor: null }]);
  });

  test("an investor sees themselves only", async () => {
    const { admin, user } = await tenantWith();
    write(deal(admin), deal(user));

    const { data, errors } = await route(user, "{ deals { investor { id name } } }");

    expect(errors).toBeUndefined();
    expect(data.deals).toEqual([{ investor: null }, { investor: { id: user.id, name } }]);
  });

  test("without a token the deals come, their investors are refused", async () => {
    const { user } = await tenantWith();
    write(deal(user));

    const { data, errors } = await route(here.anonymous, "{ deals { title investor { id name } } }");

    expect(data.deals).toEqual([{ title: "A deal", investor: null }]);
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(["UNAUTHENTICATED"]);
  });

  test("a mutation goes to its subgraph, and its answer on to the other", async () => {
    const { admin, user } = await tenantWith();
    write(deal(user, { title: "One" }));

    const { data } = await route(
      admin,
      `mutation ($input: UpdateUserInput!) { updateUser(input: $input) { errors { code } user { name deals { title } } } }`,
      { input: { userId: user.id, forename: "Ada" } },
    );

    expect(data.updateUser).toEqual({ errors: [], user: { name: "Ada Investor", deals: [{ title: "One" }] } });
  });
});

describe("`_entities`", () => {
  test("a user and a group are found by either key", async () => {
    const { admin, user, group } = await tenantWith();
    const family = await group({ name: "The Family" });

    const { data } = await references(
      admin,
      { __typename: "User", guid: user.guid },
      { __typename: "User", id: user.id },
      { __typename: "User", guid: user.guid.toUpperCase() },
      { __typename: "UserGroup", guid: family.guid },
      { __typename: "UserGroup", id: family.id },
    );

    const person = { __typename: "User", guid: user.guid, name };
    const found = { __typename: "UserGroup", id: family.id, title: "The Family" };
    expect(data._entities).toEqual([person, person, person, found, found]);
  });

  test("forms and implementations are found by either key", async () => {
    const { admin, ...tenant } = await tenantWith();
    const [form, preference] = [
      await tenant.form({ name: "Profile" }),
      await tenant.preferenceForm({ name: "Wishes" }),
    ];
    const given = await tenant.implementation(tenant.user, form, { answers: { [form.fields.motto!]: "Onwards" } });

    const { data } = await references(
      admin,
      ...[form, preference, given].flatMap(({ id, uuid }, index) => {
        const __typename = ["UserDataForm", "InvestorPreferenceForm", "UserFormImplementation"][index];
        return [
          { __typename, uuid },
          { __typename, id },
          { __typename, uuid: uuid.toUpperCase() },
        ];
      }),
    );

    const formFields = [{ reference: "motto" }];
    const found = [
      { __typename: "UserDataForm", uuid: form.uuid, formName: "Profile", formFields },
      {
        __typename: "InvestorPreferenceForm",
        uuid: preference.uuid,
        formName: "Wishes",
        formFields,
        enforcementType: "REQUIRED",
      },
      {
        __typename: "UserFormImplementation",
        uuid: given.uuid,
        status: "ASSIGNED",
        form: { __typename: "UserDataForm" },
        formFieldAnswers: [{ value: "Onwards" }],
      },
    ];
    expect(data._entities).toEqual(found.flatMap((one) => [one, one, one]));
  });

  test("a form is none of the other kind", async () => {
    const { admin, ...tenant } = await tenantWith();
    const [form, preference] = [await tenant.form(), await tenant.preferenceForm()];
    const { data } = await references(
      admin,
      { __typename: "InvestorPreferenceForm", uuid: form.uuid },
      { __typename: "UserDataForm", uuid: preference.uuid },
    );
    expect(data._entities).toEqual([null, null]);
  });

  test("100 references with doubles and unknown ones are answered in their order by one statement", async () => {
    const tenant = await here.tenant();
    const known = await people(tenant, 10);
    const asked = Array.from({ length: 100 }, (_, index) => (index % 3 === 0 ? uuidv7() : known[index % 10]!.guid));

    const one = await references(tenant.admin, { __typename: "User", guid: known[0]!.guid });
    const all = await references(tenant.admin, ...asked.map((guid) => ({ __typename: "User", guid })));

    const guids = new Set(known.map(({ guid }) => guid));
    expect(all.data._entities.map((user: { guid: string } | null) => user?.guid ?? null)).toEqual(
      asked.map((guid) => (guids.has(guid) ? guid : null)),
    );
    expect(all.statements).toBe(one.statements);
  });

  test("another tenant's, an unseen and an unknown object give the same bytes", async () => {
    const { user, admin } = await tenantWith();
    const stranger = await (await here.tenant()).user();
    const guids = [stranger.guid, admin.guid, uuidv7()];

    const byGuid = await Promise.all(guids.map((guid) => references(user, { __typename: "User", guid })));
    const byId = await Promise.all(
      guids.map((guid) => references(user, { __typename: "User", id: toGlobalId("User", guid) })),
    );

    expect(new Set([...byGuid, ...byId].map(({ body }) => body))).toEqual(new Set([`{"data":{"_entities":[null]}}\n`]));
  });

  test("a service sees what its scopes open", async () => {
    const tenant = await here.tenant();
    const group = await tenant.group({ lead: tenant.admin });
    const asked = [
      { __typename: "User", guid: tenant.admin.guid },
      { __typename: "UserGroup", id: group.id },
    ];

    const reader = await references(await tenant.service("users.read"), ...asked);
    const writer = await references(await tenant.service("forms.write"), ...asked);

    expect(reader.data._entities).toEqual([expect.objectContaining({ guid: tenant.admin.guid }), null]);
    expect(writer.data._entities).toEqual([null, null]);
  });

  test("nobody is answered without a token", async () => {
    const { user } = await tenantWith();
    const answer = await references(here.anonymous, { __typename: "User", guid: user.guid });
    expect(answer.data).toBeNull();
    expect(answer.errors?.map(({ extensions }) => extensions.code)).toEqual(["UNAUTHENTICATED"]);
  });

  const malformed: [what: string, reference: unknown, argument: string][] = [
    ["a guid that is none", { __typename: "User", guid: "501a4c57" }, "guid"],
    ["a guid that is a number", { __typename: "User", guid: 7 }, "guid"],
    ["a guid that is a list", { __typename: "User", guid: [uuidv7()] }, "guid"],
    ["a guid with more behind it", { __typename: "User", guid: `${uuidv7()}'--` }, "guid"],
    ["an id that is none", { __typename: "User", id: "junk" }, "id"],
    ["an id that is an object", { __typename: "User", id: {} }, "id"],
    ["an id of another type", { __typename: "User", id: toGlobalId("UserGroup", uuidv7()) }, "id"],
    ["no key at all", { __typename: "User" }, "id"],
    ["null keys", { __typename: "User", id: null, guid: null }, "id"],
    ["no type", { guid: uuidv7() }, "__typename"],
    ["an unknown type", { __typename: "Yacht", id: "1" }, "__typename"],
    ["a type that is no entity", { __typename: "PageInfo", hasNextPage: true }, "__typename"],
    ["a uuid that is none", { __typename: "UserDataForm", uuid: "64df4f2d" }, "uuid"],
    ["a guid where a uuid is due", { __typename: "UserDataForm", guid: uuidv7() }, "id"],
    [
      "an id of the other kind of form",
      { __typename: "UserDataForm", id: toGlobalId("InvestorPreferenceForm", uuidv7()) },
      "id",
    ],
    ["the interface of forms", { __typename: "UserForm", uuid: uuidv7() }, "__typename"],
    ["a field of a form", { __typename: "UserFormField", uuid: uuidv7() }, "__typename"],
    ["an interface", { __typename: "Node", id: toGlobalId("User", uuidv7()) }, "__typename"],
    ["a type named as what every object has", { __typename: "constructor", id: "1" }, "__typename"],
    ["a number", 7, "__typename"],
    ["a text", "User", "__typename"],
    ["a list", [], "__typename"],
  ];
  test.each(malformed)("%s is BAD_USER_INPUT, and spoils no other reference", async (_what, reference, argument) => {
    const { admin, user } = await tenantWith();

    const answer = await references(admin, { __typename: "User", guid: user.guid }, reference);

    expect(answer.data._entities).toEqual([expect.objectContaining({ guid: user.guid }), null]);
    expect(answer.errors).toEqual([
      expect.objectContaining({
        path: ["_entities", 1],
        extensions: { code: "BAD_USER_INPUT", argument: ["representations", 1, argument] },
      }),
    ]);
  });

  test("null is no reference", async () => {
    const { admin } = await here.tenant();
    const answer = await references(admin, null);
    expect(answer.errors?.map(({ extensions }) => extensions.code)).toEqual(["BAD_USER_INPUT"]);
  });

  test("references may stand in the document", async () => {
    const { admin, user } = await tenantWith();
    const data = await admin.ask(
      `{ _entities(representations: [{ __typename: "User", guid: "${user.guid}" }]) { ... on User { name } } }`,
    );
    expect(data._entities).toEqual([{ name }]);
  });

  test("1001 references are too many", async () => {
    const { admin } = await here.tenant();
    const many = (length: number) => Array.from({ length }, () => ({ __typename: "User", guid: admin.guid }));

    const most = await references(admin, ...many(1000));
    const more = await references(admin, ...many(1001));

    expect(most.data._entities).toHaveLength(1000);
    expect([more.status, more.statements]).toEqual([400, 0]);
    expect(more.errors?.map(({ extensions }) => extensions.code)).toEqual(["BAD_USER_INPUT"]);
  });
});

/** A tenant with an administrator and one investor. */
async function tenantWith() {
  const tenant = await here.tenant();
  const user = await tenant.user({ forename: "Ida", surname: "Investor" });
  return {
    admin: tenant.admin,
    user,
    group: (values: Parameters<TestTenant["group"]>[0]) => tenant.group(values),
    form: (values?: FormValues) => tenant.form(values),
    preferenceForm: (values?: FormValues) => tenant.preferenceForm(values),
    implementation: (...of: Parameters<TestTenant["implementation"]>) => tenant.implementation(...of),
    service: (...scopes: Parameters<TestTenant["service"]>) => tenant.service(...scopes),
  };
}
