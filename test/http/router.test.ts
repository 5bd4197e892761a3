import { createHash } from "node:crypto";
import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { harness, operations } from "../harness/index.js";

const SECRETS: [string, string] = ["the secret that is", "the secret that was"];
const routed = await harness({ routerSecrets: SECRETS, development: false });
const open = await harness({ alone: true });

type Posted = { status: number; body: string; extensions?: { ftv1?: string } };

async function post(
  { url }: typeof routed,
  body: object | string,
  headers: Record<string, string> = {},
): Promise<Posted> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text, ...(JSON.parse(text) as Pick<Posted, "extensions">) };
}

const as = (token: string, more: Record<string, string> = {}): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  "x-router-secret": SECRETS[0],
  ...more,
});

describe("only the router", () => {
  test.each(SECRETS)("is answered: %s", async (secret) => {
    const { admin } = await routed.tenant();
    const { status } = await post(routed, { query: "{ me { id } }" }, as(admin.token, { "x-router-secret": secret }));
    expect(status).toBe(200);
  });

  test.each([undefined, "", "the secret that i", SECRETS.join(), "the secret that is "])(
    "is answered, and not who sends %j; what they send is not even parsed",
    async (secret) => {
      const { admin } = await routed.tenant();
      const headers = {
        authorization: `Bearer ${admin.token}`,
        ...(secret !== undefined && { "x-router-secret": secret }),
      };
      for (const body of [{ query: "{ me { id } }" }, "{ this is no JSON", "x".repeat(300_000)]) {
        const answer = await post(routed, body, headers);
        if (secret?.trim() === SECRETS[0]) continue; // A header's value has no spaces around it.
        expect([answer.status, answer.body]).toEqual([
          403,
          '{"errors":[{"message":"Only the router may ask.","extensions":{"code":"FORBIDDEN"}}]}',
        ]);
      }
    },
  );
});

test("what is no UTF-8 is refused, and nobody stores a replacement", async () => {
  const { admin } = await open.tenant();
  const body = (text: string, encoding: BufferEncoding): Promise<Response> =>
    fetch(`${open.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${admin.token}` },
      body: Buffer.from(
        JSON.stringify({ query: `mutation { updateCurrentUser(input: { surname: "${text}" }) { user { name } } }` }),
        encoding,
      ),
    });
  const refused = await body("Müller", "latin1");
  expect([refused.status, await refused.json()]).toEqual([
    400,
    { errors: [{ message: "The request body has to be JSON in UTF-8.", extensions: { code: "BAD_REQUEST" } }] },
  ]);
  expect(await (await body("Müller", "utf8")).text()).toContain("Müller");
});

describe("federated tracing", () => {
  const TRACED = { "apollo-federation-include-trace": "ftv1" };
  const query = "{ me { id name assignedInternalUser { guid } } }";
  const names = ({ extensions }: Posted): string => Buffer.from(extensions?.ftv1 ?? "", "base64").toString("latin1");

  test("tells the router when each field was resolved", async () => {
    const { admin } = await routed.tenant();
    const trace = names(await post(routed, { query }, as(admin.token, TRACED)));
    for (const name of ["me", "name", "assignedInternalUser"]) expect(trace).toContain(name);
  });

  test("is done where it is asked for, and other requests are answered by one statement as before", async () => {
    const { admin } = await routed.tenant();
    for (let time = 1; time <= 3; time++) {
      await post(routed, { query }, as(admin.token, TRACED));
      const from = routed.statements.length;
      const plain = await post(routed, { query }, as(admin.token));
      expect(plain.extensions).toBeUndefined();
      if (time > 1) expect(routed.statements.length - from).toBe(1);
    }
  });

  test("answers as without", async () => {
    const { admin } = await routed.tenant();
    const plain = await post(routed, { query }, as(admin.token));
    const { data } = JSON.parse((await post(routed, { query }, as(admin.token, TRACED))).body) as { data: unknown };
    expect({ data }).toEqual(JSON.parse(plain.body));
  });

  test("says that something failed, and not what", async () => {
    const here = await routed.tenant();
    const { token } = await here.internal([]);
    const trace = await post(
      routed,
      { query: operations.CreateClassification, variables: { input: { name: "A", reference: "a" } } },
      as(token, TRACED),
    );
    expect(trace.body).toContain("FORBIDDEN");
    expect(names(trace)).toContain("<masked>");
    expect(names(trace)).not.toContain("may not");
  });

  test("is not there for anybody where no router is", async () => {
    const { admin } = await open.tenant();
    const answer = await post(open, { query }, { authorization: `Bearer ${admin.token}`, ...TRACED });
    expect([answer.status, answer.extensions]).toEqual([200, undefined]);
  });
});

describe("persisted queries", () => {
  const hashOf = (query: string): string => createHash("sha256").update(query).digest("hex");
  const persisted = (query: string): object => ({ persistedQuery: { version: 1, sha256Hash: hashOf(query) } });

  test("are known by their hash once they were sent", async () => {
    const { admin } = await open.tenant();
    const headers = { authorization: `Bearer ${admin.token}` };
    const query = "query Persisted { me { id guid } }";
    const unknown = await post(open, { extensions: persisted(query) }, headers);
    expect(unknown.body).toContain("PERSISTED_QUERY_NOT_FOUND");
    expect((await post(open, { query, extensions: persisted(query) }, headers)).status).toBe(200);
    const known = await post(open, { extensions: persisted(query) }, headers);
    expect([known.status, known.body]).toEqual([200, expect.stringContaining('"guid"')]);
  });

  test("are kept only under the hash of their own text, and only if they are valid", async () => {
    const { admin } = await open.tenant();
    const headers = { authorization: `Bearer ${admin.token}` };
    const other = await post(open, { query: "{ me { id } }", extensions: persisted("{ me { name } }") }, headers);
    expect([other.status, other.body]).toEqual([400, expect.stringContaining("BAD_REQUEST")]);
    const invalid = "{ me { nonsense } }";
    const refused = await post(open, { query: invalid, extensions: persisted(invalid) }, headers);
    expect(refused.body).toContain("GRAPHQL_VALIDATION_FAILED");
    expect((await post(open, { extensions: persisted(invalid) }, headers)).body).toContain("PERSISTED_QUERY_NOT_FOUND");
  });
});

describe("a request that a browser sends without asking first", () => {
  test("is refused", async () => {
    const { admin } = await open.tenant();
    const headers = { authorization: `Bearer ${admin.token}` };
    const got = await fetch(`${open.url}/graphql?query={me{id}}`, { headers });
    expect([got.status, await got.text()]).toEqual([400, expect.stringContaining("BAD_REQUEST")]);
  });

  test("is answered with a header that only a page of ours can add", async () => {
    const { admin } = await open.tenant();
    const headers = { authorization: `Bearer ${admin.token}`, "apollo-require-preflight": "1" };
    const got = await fetch(`${open.url}/graphql?query={me{id}}`, { headers });
    expect([got.status, await got.text()]).toEqual([200, expect.stringContaining('"id"')]);
  });
});

describe("a body", () => {
  const sent = JSON.stringify({ query: '{ __typename } # "é"' });
  const json = "application/json";
  const BODIES: [
    what: string,
    headers: Record<string, string>,
    body: string | Uint8Array<ArrayBuffer>,
    status: number,
  ][] = [
    ["in UTF-8", { "content-type": `${json}; charset="UTF-8"` }, sent, 200],
    ["said not to be compressed", { "content-type": json, "content-encoding": "identity" }, sent, 200],
    [
      "in another charset",
      { "content-type": `${json}; charset=latin1` },
      Uint8Array.from(Buffer.from(sent, "latin1")),
      415,
    ],
    ["in UTF-16", { "content-type": `${json};charset=utf-16le` }, Uint8Array.from(Buffer.from(sent, "utf16le")), 415],
    ["compressed", { "content-type": json, "content-encoding": "gzip" }, Uint8Array.from(gzipSync(sent)), 415],
    ["that is no JSON by its type", { "content-type": "application/xml" }, sent, 415],
  ];
  test("without its type is told which one it needs, as curl sends one", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await fetch(`${open.url}/graphql`, { method: "POST", headers, body: sent });
    expect([answer.status, await answer.text()]).toEqual([
      415,
      expect.stringMatching(/content-type: application\/json/),
    ]);
  });
  test.each(BODIES)("%s", async (_what, headers, body, status) => {
    const answer = await fetch(`${open.url}/graphql`, { method: "POST", headers, body });
    expect([answer.status, await answer.json()]).toEqual([
      status,
      status === 200
        ? { data: { __typename: "Query" } }
        : { errors: [{ message: expect.stringMatching(/^[TA].* request body/), extensions: { code: "BAD_REQUEST" } }] },
    ]);
  });
});

test.each(["[", "a b", "%"])("a request to the host %j is the caller's mistake, if it is one", async (host) => {
  const { admin } = await open.tenant();
  const answer = await new Promise<{ status: number; body: string }>((resolve, reject) => {
    const headers = { host, authorization: `Bearer ${admin.token}`, "content-type": "application/json" };
    request(`${open.url}/graphql`, { method: "POST", headers }, (response) => {
      let body = "";
      response.on("data", (part: Buffer) => (body += String(part)));
      response.on("end", () => resolve({ status: response.statusCode!, body }));
    })
      .on("error", reject)
      .end(JSON.stringify({ query: "{ me { id } }" }));
  });
  expect([answer.status, answer.body]).toEqual([400, expect.stringContaining("BAD_REQUEST")]);
});
