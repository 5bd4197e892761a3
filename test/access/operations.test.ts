import {
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  getNamedType,
  GraphQLID,
  isInputObjectType,
  Kind,
  parse,
} from "graphql";
import { v7 as uuidv7 } from "uuid";
import { ANONYMOUS, RoleScope, UserGroupKind } from "../../src/access/index.js";
import { FormState, ImplementationStatus } from "../../src/forms/index.js";
import { type OperationExtension, toGlobalId } from "../../src/kit/index.js";
import { apiSchema } from "../../src/schema.js";
import { UserStatus } from "../../src/users/index.js";
import { examples, harness, problems, type Caller, type TestForm, type TestTenant } from "../harness/index.js";

const { tenant, anonymous } = await harness();
const schema = apiSchema({ nodeFields: true });
const NODE = "query ($id: ID!) { node(id: $id) { id } }";
const ENTITIES =
  "query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Node { id } } }";

interface Operation extends OperationExtension {
  name: string;
  document: string;
  variables: Record<string, any>;
}

/** Every root field of the schema with the first document of schema/operations that asks for it. */
const all: Operation[] = [schema.getQueryType()!, schema.getMutationType()!].flatMap((type: GraphQLObjectType) =>
  Object.values(type.getFields()).map(({ name, extensions }) => {
    const example = examples.find(({ document }) => rootFields(document).includes(name));
    return {
      ...(extensions.operation as OperationExtension),
      name,
      document: example?.document ?? "",
      variables: JSON.parse(example?.variables ?? "{}") as Record<string, any>,
    };
  }),
);

function rootFields(document: string): string[] {
  return parse(document).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION
      ? definition.selectionSet.selections.map((field) => (field.kind === Kind.FIELD ? field.name.value : ""))
      : [],
  );
}

/** A signed-in user without any permission, who leads no group. */
const PLAIN = { ...ANONYMOUS, kind: "USER" as const, tenantId: uuidv7(), id: uuidv7() };
const closed = all.filter(({ allow }) => !allow.anonymous && !allow.test(PLAIN));
const writes = all.filter(({ kind }) => kind === "write");

const named = (operations: Operation[]): [string, Operation][] => operations.map((one) => [one.name, one]);

test("every operation has a document in schema/operations", () => {
  expect(all.filter(({ document }) => document === "").map(({ name }) => name)).toEqual([]);
});

test.each(named(all.filter(({ allow }) => !allow.anonymous)))(
  "%s is UNAUTHENTICATED without a token",
  async (_name, operation) => {
    const answer = await anonymous.send(operation.document, operation.variables);
    expect([answer.status, problems(answer)]).toEqual([401, ["UNAUTHENTICATED"]]);
    expect(Object.values(answer.data ?? {}).filter((value) => value !== null)).toEqual([]);
  },
);

test("_entities is UNAUTHENTICATED without a token", async () => {
  const representations = [{ __typename: "User", guid: uuidv7() }];
  const answer = await anonymous.send(ENTITIES, { representations });
  expect([answer.status, problems(answer)]).toEqual([401, ["UNAUTHENTICATED"]]);
});

test("some operations are closed to plain users", () => {
  expect(closed.map(({ name }) => name)).toEqual(expect.arrayContaining(["users", "updateUser", "suspendUser"]));
});

test.each(named(closed))(
  "%s is FORBIDDEN for a plain investor, and leaves nothing behind",
  async (_name, operation) => {
    const here = await tenant();
    const investor = await here.user();
    const before = await here.contents();
    const answer = await investor.send(operation.document, operation.variables);
    expect(problems(answer)).toEqual(["FORBIDDEN"]);
    expect(Object.values(answer.data ?? {}).filter((value) => value !== null)).toEqual([]);
    expect(await here.contents()).toEqual(before);
  },
);

test.each(named(closed))("%s is FORBIDDEN for staff and services without a permission", async (_name, operation) => {
  const here = await tenant();
  for (const caller of [await here.internal([]), await here.service()]) {
    expect(problems(await caller.send(operation.document, operation.variables))).toEqual(["FORBIDDEN"]);
  }
});

test.each(named(all))("%s lets the administrator through", async (_name, operation) => {
  const { admin } = await tenant();
  const answer = await admin.send(operation.document, operation.variables);
  expect(problems(answer)).toEqual([]);
  expect(answer.status).toBe(200);
});

/** Where an input takes ids, e.g. ["classifications", 0, "classificationId"]. */
type Place = (string | number)[];

function idPlaces(type: GraphQLInputObjectType): Place[] {
  return Object.values(type.getFields()).flatMap((field) => {
    const inner = getNamedType(field.type);
    const item = String(field.type).startsWith("[") ? [0] : [];
    if (inner === GraphQLID) return [[field.name, ...item]];
    // Whom a filter names is not acted upon: it finds nobody, as in a list.
    return isInputObjectType(inner) && !inner.name.endsWith("Filter")
      ? idPlaces(inner).map((place) => [field.name, ...item, ...place])
      : [];
  });
}

const mutationIds: [string, Place, Operation][] = writes.flatMap((operation) => {
  const [input] = schema.getMutationType()!.getFields()[operation.name]!.args;
  const type = getNamedType(input!.type) as GraphQLInputObjectType;
  return idPlaces(type).map((place): [string, Place, Operation] => [operation.name, place, operation]);
});

interface Made {
  guid: string;
  id: string;
  /** Of an implementation: the fields to answer. */
  fields?: Record<string, string>;
}

/** A form as that operation takes it: of its kind, and a draft where it begins with one. */
function formFor(here: TestTenant, operation: string): Promise<TestForm> {
  const state = /^(delete|publish)/.test(operation) ? FormState.DRAFT : FormState.PUBLISHED;
  return operation.includes("InvestorPreference") ? here.preferenceForm({ state }) : here.form({ state });
}

async function implementationFor(here: TestTenant, operation: string): Promise<Made> {
  const form = await here.form();
  const completed = { storedStatus: ImplementationStatus.COMPLETED, completedAt: new Date().toISOString() };
  const made = await here.implementation(await here.user(), form, operation.startsWith("reopen") ? completed : {});
  return { ...made, fields: form.fields };
}

/** What a field of that name holds the id of, and how to make one in a tenant, as that operation takes it. */
const MAKERS: [RegExp, (here: TestTenant, operation: string) => Promise<Made>][] = [
  [/assignedInternalUserId$/, (here) => here.internal([])],
  [/(user|member)(Id)?s?$/i, (here) => here.user()],
  [/^shellId$/, (here) => here.group({ kind: UserGroupKind.SHELL })],
  [/^roleIds$/, (here) => here.role({ scope: RoleScope.INTERNAL })],
  [/roleId$/i, (here) => here.role()],
  [/^invitationId$/, async (here) => here.invitation(await here.user({ status: UserStatus.INVITED }))],
  [/group(Id)?$/i, (here) => here.group()],
  [/classification(Ids?)?$/i, (here) => here.classification()],
  [/^formId$/, formFor],
  [/^implementationId$/, implementationFor],
  [/^exportId$/, (here) => here.userExport()],
];

const nameOf = (place: Place): string => place.findLast((part) => typeof part === "string") as string;

function makerOf(place: Place): (typeof MAKERS)[number][1] {
  const name = nameOf(place);
  const maker = MAKERS.find(([pattern]) => pattern.test(name))?.[1];
  if (!maker) throw new Error(`What is ${name} the id of? Say so in MAKERS.`);
  return maker;
}

/** Fields of which an input names one, and not the others. */
const ALTERNATIVES: Record<string, string[]> = { resendInvitation: ["invitationId", "userId"] };

/**
 * The operation's example input with ids of this tenant in it, an own object's at that place too. Whoever is named
 * beside a group belongs to it.
 */
async function inputWith(here: TestTenant, { name, variables }: Operation, place: Place): Promise<object> {
  const [argument] = schema.getMutationType()!.getFields()[name]!.args;
  const input = structuredClone(variables.input) as Record<string, unknown> & { flag?: string };
  for (const other of ALTERNATIVES[name] ?? []) delete input[other];
  put(input, place, "");
  if (input.flag) await here.flag(input.flag);
  const objects = new Map<string, Made>();
  for (const one of idPlaces(getNamedType(argument!.type) as GraphQLInputObjectType)) {
    if (valueAt(input, one) === undefined) continue;
    // Of an example's several ids one: the others are no objects of this tenant.
    const holder = valueAt(input, one.slice(0, -1));
    if (Array.isArray(holder)) holder.length = 1;
    const made = await makerOf(one)(here, name);
    objects.set(nameOf(one), made);
    put(input, one, made.id);
  }
  const fields = objects.get("implementationId")?.fields ?? {};
  if (input.answers) input.answers = Object.values(fields).map((fieldUuid) => ({ fieldUuid, value: "An answer" }));
  const group = objects.get("groupId") ?? objects.get("userGroupId");
  const user = objects.get("userId") ?? objects.get("leadUserId");
  if (group && user) await here.join(group, user);
  if (name === "resendInvitation" && user) await here.invitation(user);
  return { input };
}

const valueAt = (value: any, [first, ...rest]: Place): unknown =>
  first === undefined || value == null ? value : valueAt(value[first], rest);

function put(value: any, [first, ...rest]: Place, leaf: string): void {
  if (rest.length === 0) value[first!] = leaf;
  else put((value[first!] ??= typeof rest[0] === "number" ? [] : {}), rest, leaf);
}

describe.each(mutationIds)("%s(%j)", (_name, place, operation) => {
  const type = (id: string): string => Buffer.from(id, "base64url").toString().split(":")[0]!;

  test("answers another tenant's object and an unknown guid with the same bytes, and writes nothing", async () => {
    const [here, there] = [await tenant(), await tenant()];
    const theirs = await makerOf(place)(there, operation.name);
    const own = await inputWith(here, operation, place);
    const ask = async (id: string): Promise<string> => {
      put(own, ["input", ...place], id);
      return (await here.admin.send(operation.document, own)).body;
    };
    const before = [await here.contents(), await there.contents()];
    const unknown = uuidv7();
    const answers = [
      await ask(unknown),
      await ask(toGlobalId(type(theirs.id), unknown)),
      await ask(theirs.guid),
      await ask(theirs.id),
    ];
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/"code":"(NOT_FOUND|UNKNOWN_\w+)"/);
    expect([await here.contents(), await there.contents()]).toEqual(before);
  });

  test("finds one's own tenant's object", async () => {
    const here = await tenant();
    const { body } = await here.admin.send(operation.document, await inputWith(here, operation, place));
    expect(body).not.toMatch(/NOT_FOUND|UNKNOWN_/);
    expect(body).not.toContain("extensions");
  });
});

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
