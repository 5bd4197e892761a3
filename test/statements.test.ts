import {
  getNamedType,
  getNullableType,
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
} from "graphql";
import { FormFieldTypeName, EnforcementType } from "../src/forms/index.js";
import { apiSchema } from "../src/schema.js";
import { harness, operations, type Caller, type Person, type TestForm } from "./harness/index.js";

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
const definition = (questions: number) => ({
  formPages: [{ reference: "page", name: "Page" }],
  formFields: Array.from({ length: questions }, (_, index) => ({
    reference: `q${index}`,
    label: "?",
    formFieldType: FormFieldTypeName.TEXT,
    formPage: "page",
  })),
  formSettings: [{ name: "colour", value: "red" }],
});
const asking = definition(2);
const dataForms = [await here.form(asking), await here.form(asking), await here.form(asking)];
const preferenceForms = [
  await here.preferenceForm({ ...asking, classifications }),
  await here.preferenceForm({ ...asking, enforcementType: EnforcementType.OPTIONAL }),
  await here.preferenceForm({ ...asking, classifications: classifications.slice(0, 1) }),
];
const implementations: { uuid: string; id: string }[] = [];
/** Some answered, some hidden. */
const give = (person: Person, form: TestForm) => {
  const [answer, draft] = Object.values(form.fields);
  return here.implementation(person, form, { answers: { [answer!]: "Yes" }, drafts: { [draft!]: "No" } });
};
for (let index = 0; index < LIST; index++) {
  const above = await here.internal([], { surname: "Z" });
  const staff = await here.internal([], { surname: "Z", assignedInternalUserId: above.guid });
  const leader = await here.user({ surname: "Z", assignedInternalUserId: staff.guid });
  const person = await here.user({ surname: "Y", assignedInternalUserId: staff.guid });
  for (const classification of classifications) await here.classify(person, classification);
  await here.group({ lead: leader, members: [person], roleId: role.guid, defaultRoleId: role.guid });
  for (const form of [...dataForms.slice(0, 2), ...preferenceForms.slice(0, 2)])
    implementations.push(await give(person, form));
  people.push(person);
}
for (let index = dataForms.length; index < LIST; index++) {
  await here.form(asking);
  await here.preferenceForm({ ...asking, classifications, enforcementType: EnforcementType.OPTIONAL });
}
await database.sql(
  `WITH staged AS (INSERT INTO form_revisions (tenant_id, id, form_id, number, name, form_pages, form_fields, form_settings)
     SELECT tenant_id, gen_random_uuid(), form_id, 2, name, form_pages, form_fields, form_settings
     FROM form_revisions WHERE tenant_id = $1 RETURNING *)
   UPDATE forms f SET staged_revision_id = staged.id FROM staged WHERE f.tenant_id = $1 AND f.id = staged.form_id`,
  [here.id],
);
await here.group({ lead, members: people });
await database.sql(
  `INSERT INTO audit_events (tenant_id, id, operation, actor_kind, changes, request_id)
   SELECT $1, gen_random_uuid(), 'test', 'SYSTEM', '[]', '' FROM generate_series(1, $2)`,
  [here.id, LIST],
);

/** What a field has to be given, and few rows of each list below another, which would grow from level to level. */
function argumentsOf({ args }: GraphQLField<unknown, unknown>): string {
  const given = args.flatMap((argument) =>
    argument.name === "first" ? ["first: 1"] : isRequiredArgument(argument) ? [`${argument.name}: "markets"`] : [],
  );
  return given.length > 0 ? `(${given.join()})` : "";
}

type Composite = GraphQLObjectType | GraphQLInterfaceType;
type AnyField = GraphQLField<unknown, unknown>;

const fieldsOf = (type: Composite): AnyField[] => Object.values(type.getFields());
const isRelation = ({ extensions }: AnyField): boolean => Boolean((extensions as { operation?: object }).operation);

/**
 * All leaf fields of a type, and its relations with all of theirs down to a depth. Connections are no level; their edges
 * show what their nodes would.
 */
function selectionOf(type: Composite, depth: number, chosen: (field: AnyField) => boolean = () => true): string {
  const fields = fieldsOf(type)
    .filter((field) => field.name !== "nodes" && chosen(field))
    .map((field): string => {
      const inner = getNamedType(field.type);
      const called = field.name + argumentsOf(field);
      if (isLeafType(inner)) return called;
      const relation = isRelation(field);
      if (!(isObjectType(inner) || isInterfaceType(inner)) || (relation && depth === 0)) return "";
      if (!relation && field.name !== "edges" && isListType(getNullableType(field.type)))
        return `${called} { ${leavesOf(inner)} }`;
      return `${called} { ${selectionOf(inner, relation ? depth - 1 : depth)} }`;
    });
  return `__typename ${fields.join(" ")} ${isInterfaceType(type) ? ownFieldsOf(type, depth) : ""}`;
}

/** Of the parts of a document, whose lists count for many objects each; `formField` is where a type's leaves are. */
const leavesOf = (type: Composite): string =>
  `__typename ${fieldsOf(type)
    .flatMap(({ name, type: of }) =>
      isLeafType(getNamedType(of)) ? [name] : name === "formField" ? ["formField { label }"] : [],
    )
    .join(" ")}`;

/** What the types of an interface have beside it. */
const ownFieldsOf = (type: GraphQLInterfaceType, depth: number): string =>
  schema
    .getPossibleTypes(type)
    .map((one) => `... on ${one.name} { ${selectionOf(one, depth, ({ name }) => !type.getFields()[name])} }`)
    .join(" ");

const typeNamed = (name: string): GraphQLObjectType => schema.getType(name) as GraphQLObjectType;
const userFields = fieldsOf(typeNamed("User"));
/** Each relation of a user with every field two levels deep, and all that are no relations: more than one document holds. */
const userDocuments: [name: string, document: string][] = [
  ["no relation", userFields.filter((field) => !isRelation(field))] as const,
  ...userFields.filter(isRelation).map((field) => [field.name, [field]] as const),
].map(([name, chosen]) => {
  const edges = `edges { cursor node { ${selectionOf(typeNamed("User"), 2, (field) => chosen.includes(field))} } }`;
  const page = selectionOf(typeNamed("UserConnection"), 0, (field) => field.name !== "edges");
  return [name, `query ($size: Int!) { users(first: $size, type: INVESTOR) { ${page} ${edges} } }`];
});

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

test("the generated selections hold every field of User, and relations of relations", () => {
  const all = userDocuments.map(([, document]) => document).join();
  for (const { name } of userFields) expect(all).toMatch(new RegExp(`\\b${name}\\b`));
  expect(all).toMatch(/assignedInternalUser {.* assignedInternalUser {.* userGroups\(first: 1\) {.* leadUser {/);
  expect(all).toMatch(
    /formImplementations\(first: 1\) {.* form {.* \.\.\. on InvestorPreferenceForm {.* enforcementType/,
  );
});

/** The relations and counts along every path of that selection. */
function relationsIn(type: Composite, depth: number): number {
  const own = fieldsOf(type).reduce((sum, field) => {
    if (field.name === "nodes") return sum;
    const inner = getNamedType(field.type);
    const one = isRelation(field) || field.name === "totalCount" ? 1 : 0;
    if (isLeafType(inner)) return sum + one;
    if (!(isObjectType(inner) || isInterfaceType(inner)) || (one && depth === 0)) return sum;
    return sum + one + relationsIn(inner, depth - one);
  }, 0);
  const types = isInterfaceType(type) ? schema.getPossibleTypes(type) : [];
  return own + types.reduce((sum, inner) => sum + relationsIn(inner, depth), 0);
}

describe.each([
  ["an administrator", admin],
  ["a lead's row rule", lead],
])("users for %s: 1 and 100 with every field two levels deep cost the same statements", (_name, caller) => {
  test.each(userDocuments)("%s", async (_field, document) => {
    const one = await cost(caller, document, { size: 1 });
    const all = await cost(caller, document, { size: LIST });
    const again = await cost(caller, document, { size: LIST });
    expect(all.texts).toEqual(one.texts);
    expect(again.texts).toEqual(one.texts);
    // The viewer, the page, and one for each relation; paths that ask one loader at the same instant share a statement.
    const most = 2 + relationsIn(typeNamed("UserConnection"), 2);
    for (const { count, texts } of [one, all, again]) {
      expect(count).toBeLessThanOrEqual(most);
      expect(count).toBeGreaterThanOrEqual(texts.length);
    }
  });
});

// The viewer is one statement of each: authorization costs no more, whatever is asked.
const list = (fields: string): string =>
  `query ($size: Int!) { users(first: $size, type: INVESTOR, orderBy: { direction: ASC }) { ${fields} } }`;
const nested = (fields: string): string => list(`nodes { ${fields} }`);
const groups = (fields: string): string => `query ($size: Int!) { userGroups(first: $size) { nodes { ${fields} } } }`;

test("an answer so large that others have their turn meanwhile still asks once for each level", async () => {
  const members = "members(first: 100) { nodes { assignedInternalUser { name } } }";
  // All are in one group of all, so that these are some 10,000 objects.
  const { count } = await cost(admin, nested(`userGroups(first: 3) { nodes { ${members} } }`), { size: LIST });
  expect(count).toBe(5);
});

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
  [
    "implementations with the form, its present fields, the revision, who answers and the answers",
    6,
    nested(`formImplementations(first: 2) { nodes { status type user { name } form { __typename name formFields { label } }
      formRevision { number formFields { label formPage { name } } } formFieldAnswers { value formField { label } }
      hiddenFieldAnswers { value } formImplementationAssignments { type } } }`),
  ],
  ["implementations and how many", 4, nested("formImplementations { totalCount edges { node { uuid } } }")],
  [
    "enabled forms and how far the user is, their fields and what is staged",
    7,
    nested(`enabledUserDataForms(first: 4) { totalCount edges { implementation { status }
      node { name formFields { label } stagedRevision { number } } } }`),
  ],
  [
    "preference forms that apply, and why",
    8,
    nested(`enabledInvestorPreferenceForms(first: 4) { totalCount edges { blocking matchedClassifications { name }
      implementation { status } node { name enforcementType classifications { nodes { name } } } } }`),
  ],
  ["gates", 3, nested("preferenceGate { blocked validUntil }")],
  ["gates and what blocks", 5, nested("preferenceGate { blocked outstanding { totalCount nodes { name } } }")],
  [
    "all that concerns forms, no loader of it asked twice",
    17,
    nested(`formImplementations(first: 2) { totalCount nodes { status form { name ... on InvestorPreferenceForm { enforcementType } }
        formRevision { number formFields { label } } formFieldAnswers { value formField { label } } } }
      enabledUserDataForms(first: 2) { totalCount edges { node { name } } }
      enabledInvestorPreferenceForms(first: 2) { totalCount edges { blocking matchedClassifications { name }
        implementation { status } node { name classifications { nodes { name } } } } }
      preferenceGate { blocked outstanding { totalCount nodes { name } } }`),
  ],
  [
    "user data forms with what they ask",
    4,
    `query ($size: Int!) { userDataForms(first: $size) { nodes { name formType { name } formPages { name } formFields { label }
      formSettings { value } formRevision { number } stagedRevision { number } } } }`,
  ],
  [
    "user data forms with their count",
    3,
    "query ($size: Int!) { userDataForms(first: $size) { totalCount nodes { id } } }",
  ],
  [
    "those that are offered",
    3,
    "query ($size: Int!) { enabledUserDataForms(first: $size) { nodes { name formFields { label } } } }",
  ],
  [
    "preference forms with what they ask and of whom",
    5,
    `query ($size: Int!) { investorPreferenceForms(first: $size) { nodes { name enforcementType editable formFields { label }
      formRevision { number } classifications { totalCount nodes { name } } } } }`,
  ],
  [
    "submissions with form, revision, user and answers",
    5,
    `query ($size: Int!) { userDataFormSubmissions(first: $size) { nodes { status form { name formFields { label } }
      formRevision { number } user { name } formFieldAnswers { value formField { label } } } } }`,
  ],
  [
    "submissions with their count",
    3,
    "query ($size: Int!) { userDataFormSubmissions(first: $size) { totalCount edges { cursor node { progress } } } }",
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

test("forms and implementations by their ids and as references: one statement for each type, and one for their revisions", async () => {
  const document = `query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on UserForm { name formFields { label } }
    ... on UserFormImplementation { status formRevision { number } } } }`;
  const [forms, more] = [[...dataForms, ...preferenceForms], implementations.slice(0, 90)];
  for (const some of [
    [dataForms[0]!, preferenceForms[0]!, more[0]!],
    [...forms, ...more],
  ]) {
    expect((await cost(admin, document, { ids: some.map(({ id }) => id) })).count).toBe(5);
  }
  const references =
    "query ($of: [_Any!]!) { _entities(representations: $of) { ... on UserFormImplementation { status formFieldAnswers { value } } } }";
  for (const some of [implementations.slice(0, 1), implementations]) {
    const of = some.map(({ uuid }) => ({ __typename: "UserFormImplementation", uuid }));
    expect((await cost(admin, references, { of })).count).toBe(3);
  }
});

test("a write is the viewer, the row, the change and its event", async () => {
  const document =
    "mutation ($input: UpdateUserInput!) { updateUser(input: $input) { user { name } errors { code } } }";
  const input = { userId: people[0]!.id, forename: "Changed" };
  expect((await cost(admin, document, { input })).count).toBe(4);
});

test("answers are the viewer, the row, its revision, the change and its event, be they 1 or 20", async () => {
  const form = await here.form(definition(20));
  const document =
    "mutation ($input: SaveFormAnswersInput!) { saveFormAnswers(input: $input) { formImplementation { progress } errors { code } } }";
  for (const size of [1, 20]) {
    const { id: implementationId } = await here.implementation(await here.user(), form);
    const answers = Object.values(form.fields)
      .slice(0, size)
      .map((fieldUuid) => ({ fieldUuid, value: "Yes" }));
    expect((await cost(admin, document, { input: { implementationId, answers } })).count).toBe(5);
  }
});

test("a new form is the viewer, the form, its revision and its event, be its fields 1 or 20", async () => {
  const document =
    "mutation ($input: CreateUserDataFormInput!) { createUserDataForm(input: $input) { userDataForm { name } errors { code } } }";
  for (const fields of [1, 20]) {
    expect((await cost(admin, document, { input: { name: "A form", ...definition(fields) } })).count).toBe(4);
  }
});
