import { createHash } from "node:crypto";
import { print, parse, stripIgnoredCharacters } from "graphql";
import { examples, harness, operations } from "../harness/index.js";

const { tenant, url } = await harness({ safelist: examples.map(({ document }) => document), development: false });

async function send(token: string, body: object): Promise<{ status: number; codes: string[]; data?: any }> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  const { errors = [], ...rest } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return { status: response.status, codes: errors.map(({ extensions }) => extensions.code), ...rest };
}
const persisted = (text: string): object => ({
  extensions: { persistedQuery: { version: 1, sha256Hash: createHash("sha256").update(text).digest("hex") } },
});
const REFUSED = { status: 403, codes: ["QUERY_NOT_IN_SAFELIST"] };

test("each document of schema/operations is answered, however it is spaced", async () => {
  const { admin } = await tenant();
  for (const { document } of examples) {
    for (const query of [document, print(parse(document)), stripIgnoredCharacters(document), `# mine\n\n${document}`]) {
      expect((await send(admin.token, { query })).codes).not.toContain("QUERY_NOT_IN_SAFELIST");
    }
  }
  expect(await send(admin.token, { query: operations.Me })).toMatchObject({ status: 200, data: { me: {} } });
});

test("or by its hash alone", async () => {
  const { admin } = await tenant();
  const document = operations.Me!;
  for (const text of [document, print(parse(document)), stripIgnoredCharacters(document)]) {
    expect(await send(admin.token, persisted(text))).toMatchObject({ status: 200, data: { me: {} } });
  }
  const got = await fetch(
    `${url}/graphql?extensions=${encodeURIComponent(JSON.stringify((persisted(document) as any).extensions))}`,
    {
      headers: { authorization: `Bearer ${admin.token}`, "apollo-require-preflight": "1" },
    },
  );
  expect(got.status).toBe(200);
});

test.each([
  ["another", "{ me { id } }"],
  ["one of them and another", `${operations.Me}\nquery Other { me { id } }`],
  ["one with a field more", operations.Me!.replace("{", "{ __typename")],
  ["one named otherwise", operations.Me!.replace("query Me", "query Mine")],
  ["introspection", "{ __schema { types { name } } }"],
  ["the subgraph's SDL", "{ _service { sdl } }"],
  ["what is no document", "{"],
  ["nothing but a comment", "# hello"],
  ["a lone quote", '"'],
])("%s is refused, before it is parsed", async (_what, query) => {
  const { admin } = await tenant();
  expect(await send(admin.token, { query })).toEqual(REFUSED);
  // Nor does it become known by asking again, or by being sent with its hash.
  expect(await send(admin.token, { query, ...persisted(query) })).toEqual(REFUSED);
  expect((await send(admin.token, persisted(query))).codes).toEqual(["PERSISTED_QUERY_NOT_FOUND"]);
  const got = await fetch(`${url}/graphql?query=${encodeURIComponent(query)}`, {
    headers: { authorization: `Bearer ${admin.token}`, "apollo-require-preflight": "1" },
  });
  expect(got.status).toBe(403);
});

test.each([
  ["a batch", [{ query: operations.Me }]],
  ["a query that is no text", { query: { kind: "Document" } }],
  ["no query", { variables: {} }],
])("%s is refused as everywhere", async (_what, body) => {
  const { admin } = await tenant();
  expect(await send(admin.token, body)).toMatchObject({ status: 400, codes: ["BAD_REQUEST"] });
});
