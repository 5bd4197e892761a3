import { LIMITS } from "../src/kit/index.js";
import { field, times } from "./forms/asking.js";
import { harness, operations, problems } from "./harness/index.js";

const { tenant } = await harness();

/** `userGroups { members { userGroups { members … } } }`, so many levels of both. */
const nested = (levels: number, first: number): string =>
  levels === 0
    ? "id"
    : `userGroups(first: ${first}) { nodes { members(first: ${first}) { nodes { ${nested(levels - 1, first)} } } } }`;

const guests = (count: number): { email: string; type: string }[] =>
  Array.from({ length: count }, (_, i) => ({ email: `guest-${i}@example.com`, type: "INVESTOR" }));

const INVITED = operations.BulkInviteUsers!.replace(
  "invitation {",
  "invitation { group { members(first: 100) { nodes { id guid name } } }",
);

const LARGE: [what: string, document: string, variables?: object][] = [
  ["connections in connections", `{ me { ${nested(2, 100)} } }`],
  ["the same by default sizes", `{ me { ${nested(2, 20)} } }`],
  [
    "by `last`",
    "{ users(last: 100) { nodes { userGroups(last: 100) { nodes { members(last: 100) { nodes { id } } } } } } }",
  ],
  [
    "by variables",
    "query ($n: Int) { users(first: $n) { nodes { userGroups(first: $n) { nodes { members(first: $n) { nodes { id } } } } } } }",
    { n: 100 },
  ],
  [
    "by the defaults of variables",
    "query ($n: Int = 100) { users(first: $n) { nodes { userGroups(first: $n) { nodes { members(first: $n) { nodes { id } } } } } } }",
  ],
  [
    "by edges",
    "{ users(first: 100) { edges { node { userGroups(first: 100) { edges { node { members(first: 10) { edges { node { id } } } } } } } } } }",
  ],
  [
    "by fragments",
    `{ me { ...A } } fragment A on User { userGroups(first: 100) { nodes { ...B } } }
    fragment B on UserGroup { members(first: 100) { nodes { ...C } } } fragment C on User { userGroups(first: 10) { nodes { id } } }`,
  ],
  [
    "by aliases",
    `{ ${Array.from({ length: 10 }, (_, i) => `a${i}: users(first: 100) { nodes { userGroups(first: 100) { nodes { id } } } }`).join(" ")} }`,
  ],
  [
    "by references",
    "query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { userGroups(first: 100) { nodes { id } } } } }",
    { r: Array.from({ length: 1000 }, () => ({ __typename: "User", guid: "00000000-0000-7000-8000-000000000000" })) },
  ],
  [
    "by the fields of forms",
    "{ users(first: 100) { nodes { enabledUserDataForms(first: 100) { nodes { formFields { reference } } } } } }",
  ],
  ["by a payload as long as its input", INVITED, { input: { rows: guests(600) } }],
  [
    "by the same behind variables that nobody declared",
    INVITED,
    { ...Object.fromEntries(guests(100).map((guest, i) => [`other${i}`, guest])), input: { rows: guests(600) } },
  ],
  [
    "by a payload as long as its input in the document",
    `mutation { bulkInviteUsers(input: { rows: [${guests(150)
      .map(({ email }) => `{ email: "${email}", type: INVESTOR }`)
      .join(" ")}] }) {
      results { invitation { group { members(first: 100) { nodes { ${Array.from({ length: 14 }, (_, i) => `a${i}: id`).join(" ")} } } } } } } }`,
  ],
];

test.each(LARGE.map(([what, document, variables = {}]) => [what, document, variables] as const))(
  "an answer that could be too large is refused, and nothing done: %s",
  async (_what, document, variables) => {
    const here = await tenant();
    const before = await here.contents();
    const answer = await here.admin.send(document, variables);
    expect([answer.status, problems(answer), answer.data]).toEqual([400, ["BAD_USER_INPUT"], undefined]);
    expect(answer.errors![0]!.message).toMatch(/^The answer could hold \d+ values; 120000 are allowed\./);
    // Not even who asks was read.
    expect(answer.statements).toBe(0);
    expect(await here.contents()).toEqual(before);
  },
);

test("the honest ones just below it are answered", async () => {
  const { admin } = await tenant();
  expect(LIMITS.values).toBe(120_000);
  await admin.ask(operations.GroupsWithMembers!, { first: 100, members: 10 });
  await admin.ask(
    "{ users(first: 100) { nodes { userGroups(first: 5) { nodes { members(first: 100) { nodes { id } } } } } } }",
  );
  await admin.ask(
    "query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { userGroups(first: 58) { nodes { id } } } } }",
    {
      r: Array.from({ length: 1000 }, () => ({ __typename: "User", guid: "00000000-0000-7000-8000-000000000000" })),
    },
  );
});

test("lists that nobody asks a length of are counted as they are found, and alike each time", async () => {
  const here = await tenant();
  const fields = times(500, (n) => field(`f${n}`));
  for (let form = 1; form <= 4; form++) await here.form({ formFields: fields });
  const ask = (first: number): string =>
    `{ userDataForms(first: ${first}) { nodes { ${times(16, (n) => `a${n}: formFields { ...F }`).join(" ")} } } }
     fragment F on UserFormField { uuid reference label }`;
  // 500 x 16 x 4 values each.
  for (let time = 1; time <= 3; time++) {
    const { userDataForms } = await here.admin.ask(ask(3));
    expect(userDataForms.nodes.map(({ a15 }: { a15: object[] }) => a15.length)).toEqual([500, 500, 500]);
    const { status, errors, data } = await here.admin.send(ask(4));
    expect([status, data]).toEqual([200, null]);
    expect(errors).toMatchObject([
      {
        message: "The answer holds more than 120000 values. Ask for smaller pages, or for fewer fields.",
        path: ["userDataForms", "nodes", 3, expect.stringMatching(/^a\d+$/)],
        extensions: { code: "BAD_USER_INPUT" },
      },
    ]);
  }
});

test("what a condition leaves out is not counted, and what it leaves in is", async () => {
  const { admin } = await tenant();
  const include = `query ($all: Boolean!) { users(first: 100) { nodes { id ...Groups @include(if: $all) } } }
    fragment Groups on User { userGroups(first: 100) { nodes { members(first: 100) { nodes { id } } } } }`;
  const skip = include.replace("@include", "@skip");
  await admin.ask(include, { all: false });
  await admin.ask(skip, { all: true });
  expect(problems(await admin.send(include, { all: true }))).toEqual(["BAD_USER_INPUT"]);
  expect(problems(await admin.send(skip, { all: false }))).toEqual(["BAD_USER_INPUT"]);
});

test("a field that is selected again counts once, the first time as later", async () => {
  const here = await tenant();
  for (let form = 1; form <= 15; form++) await here.form({ formFields: times(500, (n) => field(`f${n}`)) });
  // Each of them counted, these would be 135,000 values.
  const document = `{ userDataForms { nodes { formFields { ${"order ".repeat(17)} } } } }`;
  for (let time = 1; time <= 2; time++) {
    const { userDataForms } = await here.admin.ask(document);
    expect(userDataForms.nodes).toHaveLength(15);
    expect(userDataForms.nodes[14].formFields[499]).toEqual({ order: 499 });
  }
});

test("objects in lists are counted where they are there, at any depth", async () => {
  const here = await tenant();
  const user = await here.user();
  const validator = { required: false, maxLength: 9 };
  const rules = "validator { required minLength maxLength minValue maxValue minDate maxDate pattern message }";
  const document = `{ me { formImplementations(first: 20) { nodes { ${times(10, (n) => `a${n}: formFieldAnswers { formField { uuid ${rules} } }`).join(" ")} } } } }`;
  const answer = async (rest: object): Promise<void> => {
    const form = await here.form({ formFields: times(400, (n) => field(`f${n}`, rest)) });
    await here.implementation(user, form, {
      answers: Object.fromEntries(Object.values(form.fields).map((uuid) => [uuid, "a"])),
    });
  };
  // 400 x 10 x 4 values each, without any rules; with them 400 x 10 x 13.
  for (let form = 1; form <= 4; form++) await answer({});
  for (let time = 1; time <= 2; time++) {
    const { me } = await user.ask(document);
    expect(me.formImplementations.nodes[3].a9).toHaveLength(400);
  }
  for (let form = 1; form <= 2; form++) await answer({ validator });
  for (let time = 1; time <= 2; time++) {
    const { errors, data } = await user.send(document);
    expect([errors!.length, data]).toEqual([1, null]);
  }
});

test("an answer of a query that is too large is told once, however many lists could be null, and is none", async () => {
  const here = await tenant();
  const options = [{ value: "a" }];
  const fields = times(250, (n) => field(`f${n}`, { formFieldType: "SELECT", options }));
  const forms = [];
  for (let form = 1; form <= 12; form++) forms.push(await here.form({ formFields: fields }));
  const aliases = times(30, (n) => `a${n}: options { value label }`).join(" ");
  const { status, errors, data } = await here.admin.send(
    `{ userDataForms(first: 12) { nodes { formFields { ${aliases} } } } }`,
  );
  expect([status, data]).toEqual([200, null]);
  expect(errors).toMatchObject([
    {
      path: ["userDataForms", "nodes", 1, "formFields", expect.any(Number), expect.stringMatching(/^a\d+$/)],
      extensions: { code: "BAD_USER_INPUT" },
    },
  ]);
  const references = forms.map(({ uuid }) => ({ __typename: "UserDataForm", uuid }));
  const entities = await here.admin.send(
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on UserDataForm { formFields { ${aliases} } } } }`,
    { r: references },
  );
  expect([entities.errors!.length, entities.data]).toEqual([1, null]);
});

test("what was written is told, though its payload is too large", async () => {
  const here = await tenant();
  const document = `mutation ($input: CreateUserDataFormInput!) { createUserDataForm(input: $input) { errors { code } userDataForm {
    ${times(29, (n) => `a${n}: formFields { uuid reference label name order description placeholder conditionEffect conditionMatch }`).join(" ")} } } }`;
  const input = { name: "Large", formFields: times(500, (n) => field(`f${n}`)) };
  const { errors, data } = await here.admin.send(document, { input });
  expect(data).toEqual({ createUserDataForm: { errors: [], userDataForm: null } });
  expect(errors).toMatchObject([
    { path: ["createUserDataForm", "userDataForm", expect.any(String)], extensions: { code: "BAD_USER_INPUT" } },
  ]);
  const { userDataForms } = await here.admin.ask("{ userDataForms { nodes { name } } }");
  expect(userDataForms.nodes).toEqual([{ name: "Large" }]);
});

test("an answer of few values that are too long is refused, the first time as later", async () => {
  const here = await tenant();
  const user = await here.user();
  const text = "x".repeat(10_000);
  for (let form = 1; form <= 3; form++) {
    const asked = await here.form({ formFields: times(50, (n) => field(`f${n}`)) });
    const answers = Object.fromEntries(Object.values(asked.fields).map((uuid) => [uuid, text]));
    await here.implementation(user, asked, { answers });
  }
  const aliases = (count: number): string => times(count, (n) => `a${n}: formFieldAnswers { value }`).join(" ");
  // 1.5 million characters each.
  const list = (count: number): string => `{ me { formImplementations { nodes { ${aliases(count)} } } } }`;
  for (let time = 1; time <= 2; time++) {
    const { me } = await user.ask(list(6));
    expect(me.formImplementations.nodes[2].a5[49]).toEqual({ value: text });
    const { status, errors, data } = await user.send(list(7));
    expect([status, errors!.length, data]).toEqual([200, 1, null]);
    expect(errors![0]).toMatchObject({
      message: "The answer has more than 10000000 characters. Ask for smaller pages, or for fewer fields.",
      extensions: { code: "BAD_USER_INPUT" },
    });
  }
  const update = `mutation { updateCurrentUser(input: { forename: "New" }) { errors { code } user { formImplementations { nodes { ${aliases(7)} } } } } }`;
  const { errors, data } = await user.send(update);
  expect(data).toBeNull();
  expect(errors![0]!.message).toMatch(/ The mutation was run all the same\.$/);
  expect((await user.ask("{ me { forename } }")).me.forename).toBe("New");
});

test("an answer that is too long is none also where a part of it is too large", async () => {
  const here = await tenant();
  const user = await here.user();
  for (let form = 1; form <= 5; form++) {
    const asked = await here.form({ formFields: times(500, (n) => field(`f${n}`)) });
    const answers = Object.fromEntries(Object.values(asked.fields).map((uuid) => [uuid, "x".repeat(1_000)]));
    await here.implementation(user, asked, { answers });
  }
  const aliases = times(14, (n) => `a${n}: formFieldAnswers { value }`).join(" ");
  // 70,000 values each, and 35 million characters.
  const update = `updateCurrentUser(input: {}) { errors { code } user { formImplementations { nodes { ${aliases} } } } }`;
  const { errors, data } = await user.send(`mutation { first: ${update} second: ${update} }`);
  expect(data).toBeNull();
  expect(errors!.map(({ message }) => message)).toEqual([
    expect.stringMatching(/ characters\. .* run all the same\.$/),
  ]);
});
