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
