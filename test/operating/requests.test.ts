import { request as httpRequest } from "node:http";
import { asked, fileAt } from "../directory/exporting.js";
import { type Caller, harness, operations } from "../harness/index.js";
import { testLog } from "../harness/log.js";
import { until } from "../harness/smtp.js";

const { log, lines } = testLog();
const { tenant, anonymous, bearer, database, url } = await harness({ alone: true, log });

type Line = Record<string, any>;

/** The line that ends the request with that id. */
const lineOf = (requestId: string): Promise<Line> =>
  until(() => lines.find((line) => line.msg === "request" && line.requestId === requestId));

/** Asks over HTTP as it is told to; the answer and the request's line. */
async function ask(
  { token }: Caller,
  query: string,
  { variables = {}, ...headers }: Record<string, any> = {},
): Promise<{ answer: Response; body: any; line: Line }> {
  const answer = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }), ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const body: unknown = await answer.json();
  return { answer, body, line: await lineOf(answer.headers.get("x-request-id")!) };
}

const FRAME = ["level", "time", "pid", "hostname", "requestId", "msg", "method", "route", "status", "milliseconds"];

test("a request is one line: what was asked, by whom, with what result and at what cost", async () => {
  const here = await tenant();
  const { line } = await ask(here.admin, operations.Me!);
  expect(line).toEqual({
    level: 30,
    time: expect.any(Number),
    pid: expect.any(Number),
    hostname: expect.any(String),
    requestId: expect.any(String),
    msg: "request",
    method: "POST",
    route: "/graphql",
    status: 200,
    milliseconds: expect.any(Number),
    type: "query",
    operation: "Me",
    tenant: here.id,
    viewer: here.admin.guid,
    statements: expect.any(Number),
  });
  expect(line.statements).toBeGreaterThan(0);
  expect(lines.filter(({ requestId }) => requestId === line.requestId)).toHaveLength(1);
});

test("it names both who act and as whom, and the codes of errors", async () => {
  const here = await tenant();
  const user = await here.user();
  const session = await here.actingAs(here.admin, user);
  expect((await ask(session, operations.Me!)).line).toMatchObject({ viewer: user.guid, actor: here.admin.guid });
  const refused = await ask(user, "query Everybody { users { totalCount } }");
  expect(refused.line).toMatchObject({ status: 200, operation: "Everybody", errors: ["FORBIDDEN"] });
});

test("of an operation without a name there is its type, of one that is none there is nothing", async () => {
  const { admin } = await tenant();
  const { line } = await ask(admin, "{ me { guid } }");
  expect(line).toMatchObject({ type: "query", viewer: admin.guid });
  expect(line).not.toHaveProperty("operation");
  const malformed = await ask(admin, "query Q {");
  expect(malformed.line).toMatchObject({ errors: ["GRAPHQL_PARSE_FAILED"] });
  expect(malformed.line).not.toHaveProperty("type");
});

test("a path that is none is refused as everything is, with its line", async () => {
  for (const path of ["/%", "/graphql%ff", "/exports/%zz"]) {
    const answer = await fetch(url + path, { headers: { "x-request-id": `path-${path.length}` } });
    expect(await answer.json()).toEqual({
      errors: [{ message: "The path is not a valid one.", extensions: { code: "BAD_REQUEST" } }],
    });
    expect([answer.status, answer.headers.get("x-request-id")]).toEqual([400, `path-${path.length}`]);
    expect(await lineOf(`path-${path.length}`)).toMatchObject({ route: "none", status: 400 });
  }
});

test("nobody's line has no name in it", async () => {
  const { line } = await ask(anonymous, "query Anybody { __typename }");
  expect(line).toMatchObject({ operation: "Anybody", statements: 0 });
  expect(line).not.toHaveProperty("viewer");
  expect((await ask(bearer("not.a.token"), operations.Me!)).line).toMatchObject({
    status: 401,
    errors: ["UNAUTHENTICATED"],
  });
});

test.each([
  ["/nowhere?token=of-somebody", {}, 404, "none"],
  ["/graphql?query={__typename}", {}, 400, "/graphql"],
  ["/graphql", { method: "POST", headers: { "content-type": "application/json" }, body: "{" }, 400, "/graphql"],
  ["/exports/of-somebody", {}, 404, "/exports/*"],
] as const)("%s is a line with its route alone", async (path, options, status, route) => {
  const answer = await fetch(url + path, options);
  await answer.text();
  const line = await lineOf(answer.headers.get("x-request-id")!);
  expect(line).toMatchObject({ status, route });
  expect(Object.keys(line).filter((key) => !FRAME.includes(key))).toEqual([]);
  expect(JSON.stringify(line)).not.toContain("of-somebody");
});

test("a download names who asked for it", async () => {
  const here = await tenant();
  const { downloadUrl } = await asked(here.admin);
  const from = lines.length;
  await fileAt(downloadUrl);
  const line = await until(() => lines.slice(from).find(({ route }) => route === "/exports/*"));
  expect(line).toMatchObject({ method: "GET", status: 200, tenant: here.id, viewer: here.admin.guid });
});

test("probes are told at debug level", async () => {
  for (const route of ["/livez", "/readyz", "/metrics"]) {
    await (await fetch(url + route)).text();
    const line = await until(() => lines.find((one) => one.route === route));
    expect(line).toMatchObject({ level: 20, status: 200 });
  }
});

test("a client that is gone before its answer is told as 499", async () => {
  const { admin } = await tenant();
  const holder = await database.hold(`SELECT FROM users WHERE id = '${admin.guid}' FOR UPDATE`);
  const headers = {
    "content-type": "application/json",
    authorization: `Bearer ${admin.token}`,
    "x-request-id": "gone",
  };
  const client = httpRequest(`${url}/graphql`, { method: "POST", headers });
  client.on("error", () => {});
  client.end(JSON.stringify({ query: operations.UpdateCurrentUser, variables: { input: { forename: "Gone" } } }));
  await until(database.isBlocked);
  client.destroy();
  expect(await lineOf("gone")).toMatchObject({ status: 499 });
  await holder.release();
});

test("what is left off because its client is gone is no error in the log", async () => {
  const { admin } = await tenant();
  const holder = await database.hold("LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
  const headers = {
    "content-type": "application/json",
    authorization: `Bearer ${admin.token}`,
    "x-request-id": "left",
  };
  const client = httpRequest(`${url}/graphql`, { method: "POST", headers });
  client.on("error", () => {});
  client.end(JSON.stringify({ query: "query Left { me { name } classifications { nodes { name } } }" }));
  await until(database.isBlocked);
  client.destroy();
  expect(await lineOf("left")).toMatchObject({ status: 499 });
  await holder.release();
  await until(async () => (await (await fetch(`${url}/metrics`)).text()).includes('operation="Left"'));
  expect(lines.filter(({ requestId, level }) => requestId === "left" && level > 30)).toEqual([]);
});

describe("a request's id", () => {
  test("is the caller's, in the answer's header and in the line", async () => {
    const { admin } = await tenant();
    const { answer, line } = await ask(admin, operations.Me!, { "x-request-id": "from-the-router:1" });
    expect(answer.headers.get("x-request-id")).toBe("from-the-router:1");
    expect(line.requestId).toBe("from-the-router:1");
  });

  test.each(["with a space", "a".repeat(65), '"quoted"'])("is one of ours where %p is given", async (given) => {
    const { admin } = await tenant();
    const { answer } = await ask(admin, operations.Me!, { "x-request-id": given });
    expect(answer.headers.get("x-request-id")).toMatch(/^[\da-f-]{36}$/);
  });

  test("is told with an error of ours, and finds its cause in the log", async () => {
    const { admin } = await tenant();
    await database.sql("ALTER TABLE audit_events RENAME TO gone");
    const { body, line } = await ask(admin, "query Broken { auditEvents { nodes { operation } } }");
    await database.sql("ALTER TABLE gone RENAME TO audit_events");
    expect(body.errors).toEqual([
      expect.objectContaining({ extensions: { code: "INTERNAL_SERVER_ERROR", requestId: line.requestId } }),
    ]);
    const cause = lines.find(({ msg, requestId }) => msg === "a request failed" && requestId === line.requestId);
    expect(cause).toMatchObject({
      level: 50,
      path: ["auditEvents"],
      err: { message: expect.stringContaining("audit_events") },
    });
  });

  test("is not told with an error of the caller's", async () => {
    const { admin } = await tenant();
    const { body } = await ask(admin, "{ users(first: 1000) { totalCount } }");
    expect(body.errors[0].extensions).not.toHaveProperty("requestId");
  });
});
