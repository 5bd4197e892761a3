import { buildSchema, type GraphQLScalarType, type OperationDefinitionNode, parse } from "graphql";
import { LIMITS, refuseLargeAnswer } from "../../src/kit/index.js";
import { variableErrors } from "../../src/kit/bad-input.js";
import { type Answer, examples, harness } from "../harness/index.js";

const { tenant, url } = await harness();
const tight = await harness({
  limits: {
    bodyBytes: 2_000,
    tokens: 60,
    depth: 4,
    fields: 30,
    pairs: 120,
    aliases: 2,
    rootFields: 3,
    values: 200,
    references: 4,
  },
});

const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(" ");
const FIELDS = "id guid name title forename surname username contactEmail status type".split(" ");
const references = (count: number): object => ({
  r: Array.from({ length: count }, () => ({ __typename: "User", guid: "00000000-0000-7000-8000-000000000000" })),
});
const deep = (levels: number): string =>
  `{ me { ${"assignedInternalUser { ".repeat(levels - 2)} guid ${"} ".repeat(levels - 2)} } }`;
const ENTITIES = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }";

/** A document that asks for exactly so much, and its variables. */
const SHAPES: [
  limit: keyof typeof LIMITS,
  document: (count: number) => [string, object?],
  code: string,
  message: (count: number, most: number) => string,
][] = [
  [
    "tokens",
    // `{ me { } }` are five of them, `... { id }` four.
    (count) => [
      `{ me { ${times((count - 5) >> 2, (index) => `... { ${FIELDS[index % FIELDS.length]!} }`)} ${"__typename ".repeat((count - 5) & 3)} } }`,
    ],
    "GRAPHQL_PARSE_FAILED",
    (_count, most) => `Syntax Error: Document contains more that ${most} tokens. Parsing aborted.`,
  ],
  ["depth", (count) => [deep(count)], "GRAPHQL_VALIDATION_FAILED", (count) => `is ${count} levels deep`],
  [
    "fields",
    // On three levels, so that those of one name are not too many.
    (count) => {
      const some = (of: number): string => times(of, (index) => FIELDS[index % FIELDS.length]!);
      const third = Math.floor((count - 3) / 3);
      const [open, rest] = ["assignedInternalUser {", some(count - 3 - 2 * third)];
      return [`{ me { ${some(third)} ${open} ${some(third)} ${open} ${rest} } } } }`];
    },
    "GRAPHQL_VALIDATION_FAILED",
    (count) => `selects ${count} fields`,
  ],
  [
    "pairs",
    // n fields of one name make n * (n - 1) / 2.
    (count) => {
      const fields: string[] = [];
      for (let rest = count, next = 0; rest > 0; next++) {
        const many = Math.floor((1 + Math.sqrt(1 + 8 * rest)) / 2);
        fields.push(times(many, () => FIELDS[next]!));
        rest -= (many * (many - 1)) / 2;
      }
      return [`{ me { ${fields.join(" ")} } }`];
    },
    "GRAPHQL_VALIDATION_FAILED",
    (count) => `in ${count} pairs`,
  ],
  [
    "aliases",
    (count) => [`{ me { ...A } } fragment A on User { ${times(count, (index) => `a${index}: name`)} }`],
    "GRAPHQL_VALIDATION_FAILED",
    (count) => `has ${count} aliases`,
  ],
  [
    "rootFields",
    (count) => [`{ ${times(count, () => "me { id }")} }`],
    "GRAPHQL_VALIDATION_FAILED",
    (count) => `has ${count} root fields`,
  ],
  ["references", (count) => [ENTITIES, references(count)], "BAD_USER_INPUT", (count) => `these are ${count}`],
];

describe.each([
  ["as they are unless configured", tenant, LIMITS],
  [
    "as configured",
    tight.tenant,
    { ...LIMITS, tokens: 60, depth: 4, fields: 30, pairs: 120, aliases: 2, rootFields: 3, references: 4 },
  ],
])("limits %s", (_how, tenantOf, limits) => {
  test.each(SHAPES)("%s: as many as allowed are answered", async (limit, document) => {
    const { admin } = await tenantOf();
    // Again and again, so that it is compiled, too.
    for (let time = 1; time <= 3; time++) await admin.ask(...document(limits[limit]));
  });

  test.each(SHAPES)("%s: one more is refused before anything is read", async (limit, document, code, message) => {
    const { admin } = await tenantOf();
    const count = limits[limit] + 1;
    for (let time = 1; time <= 3; time++) {
      const { status, data, errors, statements } = await admin.send(...document(count));
      expect({ status, data, statements }).toEqual({ status: 400, data: undefined, statements: 0 });
      expect(errors).toEqual([expect.objectContaining({ extensions: expect.objectContaining({ code }) })]);
      expect(errors![0]!.message).toContain(message(count, limits[limit]));
    }
  });
});

/** The same request in a body of exactly so many bytes. */
async function bodyOf(bytes: number, at: string, token: string): Promise<Pick<Answer, "status" | "errors" | "data">> {
  const body = JSON.stringify({ query: "{ me { id } } #" });
  const response = await fetch(`${at}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: body.replace("#", `#${"x".repeat(bytes - body.length)}`),
  });
  return { status: response.status, ...((await response.json()) as Pick<Answer, "errors" | "data">) };
}

test.each([
  ["256 kB", () => tenant(), url, 262_144],
  ["as configured", () => tight.tenant(), tight.url, 2_000],
])("a body may have %s, and not a byte more", async (_what, tenantOf, at, most) => {
  const { token } = (await tenantOf()).admin;
  expect(await bodyOf(most, at, token)).toMatchObject({ status: 200, data: { me: expect.anything() } });
  const { status, errors } = await bodyOf(most + 1, at, token);
  expect([status, errors]).toEqual([
    413,
    [
      {
        message: `A request body has at most ${most} bytes, and comes in at most 5000 pieces.`,
        extensions: { code: "BAD_USER_INPUT" },
      },
    ],
  ]);
});

test("values of the answer are limited as configured", async () => {
  const { admin } = await tight.tenant();
  await admin.ask("{ users(first: 99) { nodes { id } } }");
  const { errors, status } = await admin.send(
    "{ users(first: 99) { nodes { id } } other: users(first: 2) { nodes { id } } }",
  );
  expect([status, errors![0]!.message]).toEqual([
    400,
    expect.stringMatching(/^The answer could hold 204 values; 200 are/),
  ]);
});

test("no limit is in the way of what dashboards send", async () => {
  const { admin } = await tenant();
  for (const { document, variables = "{}" } of examples) {
    const { errors = [] } = await admin.send(document, JSON.parse(variables) as object);
    // Whether those of the example are there is another matter: refusals stand in payloads.
    expect(errors.map(({ message }) => message)).toEqual([]);
  }
});

test("what is too large is told before what else is wrong with it, and nothing else is looked at", async () => {
  const { admin } = await tenant();
  const { errors } = await admin.send(`{ ${times(25, (index) => `nonsense${index}`)} }`);
  expect(errors!.map(({ message }) => message)).toEqual(["The document has 25 root fields; 20 are allowed."]);
});

describe("what is refused costs little to refuse", () => {
  const doubling = (levels: number): string =>
    `${times(levels, (level) => `fragment F${level} on User { a { ...F${level + 1} } b { ...F${level + 1} } }`)}
    fragment F${levels} on User { id }`;

  test("of what has too many fields nothing more is counted", async () => {
    const { admin } = await tenant();
    const { errors } = await admin.send(`{ me { ...F0 } } ${doubling(16)}`);
    const messages = errors!.map(({ message }) => message);
    expect(messages).toContain("The document selects 196607 fields; 500 are allowed.");
    expect(messages.filter((message) => !/levels deep|selects \d+ fields/.test(message))).toEqual([]);
  });

  test("fragments are put in by many operations only so often, each of which is small enough", async () => {
    const { admin } = await tenant();
    const { errors, status } = await admin.send(
      `${times(200, (index) => `query Q${index} { me { ...F0 } }`)} ${doubling(7)}`,
    );
    expect([status, errors!.map(({ message }) => message)]).toEqual([
      400,
      ["The document spreads its fragments too often."],
    ]);
  });

  test("pairs inside of introspection are counted, too", async () => {
    const { admin } = await tenant();
    const { errors } = await admin.send(`{ __schema { types { ${"fields { name } ".repeat(200)} } } }`);
    expect(errors!.map(({ message }) => message)).toEqual([
      "The document selects fields of one name again, in 39800 pairs; 20000 are allowed.",
    ]);
  });

  test("of a long list of wrong values the first ones are read", () => {
    let read = 0;
    const schema = buildSchema("scalar Even type Query { sum(of: [Even!]!): Int }");
    (schema.getType("Even") as GraphQLScalarType).parseValue = () => {
      read++;
      throw new Error("odd");
    };
    const variables = { of: Array.from({ length: 1_000 }, () => 1), more: [1] };
    const errors = variableErrors(
      schema,
      parse("query ($of: [Even!]!, $more: [Even!]!) { sum(of: $of) }"),
      undefined,
      variables,
    );
    expect([errors.length, read]).toEqual([20, 20]);
  });

  test("variables are measured once, however many lists of a payload are selected", () => {
    let read = 0;
    const variables = {
      input: {
        get rows() {
          read++;
          return [1];
        },
      },
    };
    const schema = buildSchema(
      "type Query { a: Int } input I { rows: [Int] } type Mutation { a(input: I): APayload } type APayload { errors: [E!]! } type E { code: Int }",
    );
    const document = parse(
      `mutation ($input: I) { ${`a(input: $input) { ${"errors { code } ".repeat(9)} } `.repeat(2)} }`,
    );
    refuseLargeAnswer(LIMITS, schema, document, document.definitions[0] as OperationDefinitionNode, variables);
    expect(read).toBe(1);
  });
});
