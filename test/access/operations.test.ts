import { Kind, parse } from "graphql";
import { v7 as uuidv7 } from "uuid";
import { FormState } from "../../src/forms/index.js";
import { toGlobalId } from "../../src/kit/index.js";
import { apiSchema } from "../../src/schema.js";
import { examples, harness, problems, type Caller, type TestTenant } from "../harness/index.js";

const { tenant } = await harness();
const schema = apiSchema({ nodeFields: true });
const NODE = "query ($id: ID!) { node(id: $id) { id } }";
const ENTITIES =
  "query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Node { id } } }";

const rootFields = (document: string): string[] =>
  parse(document).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION
      ? definition.selectionSet.selections.map((field) => (field.kind === Kind.FIELD ? field.name.value : ""))
      : [],
  );

test("every operation has a document in schema/operations", () => {
  const asked = new Set(examples.flatMap(({ document }) => rootFields(document)));
  const all = [schema.getQueryType()!, schema.getMutationType()!].flatMap((type) => Object.keys(type.getFields()));
  expect(all.filter((name) => !asked.has(name))).toEqual([]);
});

test.each(examples.map((example) => [example.name, example] as const))(
  "%s can be sent with its variables",
  async (_name, { document, variables = "{}" }) => {
    const { admin } = await tenant();
    const answer = await admin.send(document, JSON.parse(variables) as object);
    expect([answer.status, problems(answer)]).toEqual([200, []]);
  },
);

interface Made {
  guid: string;
  id: string;
}

describe("another tenant's object and an unknown guid look alike", () => {
  /** How to make an object of each type, one that every question finds. */
  const OBJECTS: Record<string, (one: TestTenant) => Promise<Made>> = {
    User: async (one) => {
      const user = await one.user();
      await one.implementation(user, await one.form());
      return user;
    },
    UserGroup: (one) => one.group(),
    UserExport: (one) => one.userExport(),
    Classification: async (one) => {
      const classification = await one.classification();
      await one.preferenceForm({ classifications: [classification] });
      return classification;
    },
    UserDataForm: async (one) => {
      const form = await one.form();
      await one.implementation(await one.user(), form);
      return form;
    },
    InvestorPreferenceForm: (one) => one.preferenceForm(),
    UserFormImplementation: async (one) => one.implementation(await one.user(), await one.form()),
  };
  const ENTITY_TYPES = Object.keys(OBJECTS).filter((type) => !["Classification", "UserExport"].includes(type));
  const keyOf = (type: string): string => (type.startsWith("User") && !type.includes("Form") ? "guid" : "uuid");
  /** A question about one object by its own key. */
  const by =
    (document: string) =>
    (caller: Caller, _type: string, guid: string): Promise<{ body: string }> =>
      caller.send(document, { guid });
  /** The same by its global id. */
  const byId =
    (document: string) =>
    (caller: Caller, type: string, guid: string): Promise<{ body: string }> =>
      caller.send(document, { id: toGlobalId(type, guid) });

  const ways: [
    way: string,
    types: string[],
    see: (caller: Caller, type: string, guid: string) => Promise<{ body: string }>,
  ][] = [
    ["node", Object.keys(OBJECTS), byId(NODE)],
    ["nodes", Object.keys(OBJECTS), byId("query ($id: ID!) { nodes(ids: [$id]) { id } }")],
    ["user(id)", ["User"], by("query ($guid: ID!) { user(id: $guid) { id } }")],
    ["user(guid)", ["User"], by("query ($guid: UUID!) { user(guid: $guid) { id } }")],
    ["users(search)", ["User"], by("query ($guid: String!) { users(search: $guid) { totalCount nodes { id } } }")],
    [
      "userDataFormSubmissions(userId)",
      ["User"],
      by("query ($guid: ID!) { userDataFormSubmissions(filter: { userId: $guid }) { totalCount nodes { id } } }"),
    ],
    ["userGroup(id)", ["UserGroup"], by("query ($guid: ID!) { userGroup(id: $guid) { id } }")],
    ["userGroup(guid)", ["UserGroup"], by("query ($guid: UUID!) { userGroup(guid: $guid) { id } }")],
    [
      "userGroups(search)",
      ["UserGroup"],
      by("query ($guid: String!) { userGroups(search: $guid) { totalCount nodes { id } } }"),
    ],
    ["userExport(id)", ["UserExport"], byId("query ($id: ID!) { userExport(id: $id) { id } }")],
    ["userExport(guid)", ["UserExport"], by("query ($guid: UUID!) { userExport(guid: $guid) { id } }")],
    ["userDataForm(id)", ["UserDataForm"], byId("query ($id: ID!) { userDataForm(id: $id) { id } }")],
    ["userDataForm(uuid)", ["UserDataForm"], by("query ($guid: UUID!) { userDataForm(uuid: $guid) { id } }")],
    [
      "userDataFormSubmissions(formId)",
      ["UserDataForm"],
      byId("query ($id: ID!) { userDataFormSubmissions(filter: { formId: $id }) { totalCount nodes { id } } }"),
    ],
    [
      "investorPreferenceForm(id)",
      ["InvestorPreferenceForm"],
      byId("query ($id: ID!) { investorPreferenceForm(id: $id) { id } }"),
    ],
    [
      "investorPreferenceForm(uuid)",
      ["InvestorPreferenceForm"],
      by("query ($guid: UUID!) { investorPreferenceForm(uuid: $guid) { id } }"),
    ],
    [
      "investorPreferenceForms(classificationId)",
      ["Classification"],
      byId(
        "query ($id: ID!) { investorPreferenceForms(filter: { classificationId: $id }) { totalCount nodes { id } } }",
      ),
    ],
    [
      "_entities(own key)",
      ENTITY_TYPES,
      (caller, __typename, guid) =>
        caller.send(ENTITIES, { representations: [{ __typename, [keyOf(__typename)]: guid }] }),
    ],
    [
      "_entities(id)",
      ENTITY_TYPES,
      (caller, __typename, guid) =>
        caller.send(ENTITIES, { representations: [{ __typename, id: toGlobalId(__typename, guid) }] }),
    ],
  ];

  test.each(ways)("by %s", async (_way, asked, see) => {
    const [here, there] = [await tenant(), await tenant()];
    for (const type of asked) {
      const [own, theirs] = [await OBJECTS[type]!(here), await OBJECTS[type]!(there)];
      const unknown = await see(here.admin, type, uuidv7());
      expect((await see(here.admin, type, theirs.guid)).body).toBe(unknown.body);
      // The control: the question can find something.
      expect((await see(here.admin, type, own.guid)).body).not.toBe(unknown.body);
    }
  });

  test("and so does an object that the caller may not see", async () => {
    const here = await tenant();
    const investor = await here.user();
    const hidden: [type: string, guid: string][] = [
      ["User", here.admin.guid],
      ["UserGroup", (await here.group({ lead: await here.user() })).guid],
      ["UserDataForm", (await here.form({ state: FormState.DRAFT })).guid],
      ["InvestorPreferenceForm", (await here.preferenceForm({ state: FormState.DRAFT })).guid],
      ["InvestorPreferenceForm", (await here.preferenceForm({ classifications: [await here.classification()] })).guid],
      ["UserFormImplementation", (await OBJECTS.UserFormImplementation!(here)).guid],
    ];
    for (const [type, guid] of hidden) {
      for (const [, asked, see] of ways) {
        if (!asked.includes(type)) continue;
        expect((await see(investor, type, guid)).body).toBe((await see(investor, type, uuidv7())).body);
      }
    }
  });
});
