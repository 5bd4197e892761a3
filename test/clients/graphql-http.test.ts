import { serverAudits } from "graphql-http";
import { harness } from "../harness/index.js";

// Some audits ask by introspection, which production has not.
const here = await harness();
const audits = serverAudits({ url: `${here.url}/graphql` });

/** What we do not do, none of it a MUST or a SHOULD. */
const CROSS_SITE = "a GET without a header of its own, as any page can send for its visitor";
const refused: Record<string, string> = { "5A70": CROSS_SITE, D6D5: CROSS_SITE, "6A70": CROSS_SITE };

test.each(audits.filter(({ id }) => !(id in refused)))("$id: the server $name", async ({ fn }) => {
  expect(await fn()).toMatchObject({ status: "ok" });
});

test.each(Object.entries(refused))("%s is refused: %s", async (id) => {
  expect(await audits.find((audit) => audit.id === id)!.fn()).toMatchObject({ status: "notice" });
});

// With a status other than 2xx, gateways throw away what is not of the media type of GraphQL's answers.
test.each([
  ["*/*", 200, "application/json"],
  ["application/json", 200, "application/json"],
  ["application/graphql-response+json", 400, "application/graphql-response+json"],
  ["application/json, application/graphql-response+json", 400, "application/graphql-response+json"],
])("a document that is refused is told to whoever accepts %s with status %d as %s", async (accept, status, type) => {
  const response = await fetch(`${here.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", accept },
    body: '{"query":"{ users { password } }"}',
  });
  expect([response.status, response.headers.get("content-type")]).toEqual([status, `${type}; charset=utf-8`]);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }] });
});

test.each(["PUT", "PATCH", "DELETE"])("%s is told which methods there are", async (method) => {
  const response = await fetch(`${here.url}/graphql`, { method });
  expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, POST"]);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_REQUEST" } }] });
});
