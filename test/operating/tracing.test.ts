import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { exportJWK } from "jose";
import { smtpTransport } from "../../src/mail/index.js";
import { openTelemetry } from "../../src/open-telemetry.js";
import { asked, fileAt } from "../directory/exporting.js";
import { collector, type ReceivedSpan } from "../harness/collector.js";
import { AUDIENCE, type Caller, harness, ISSUER, operations, SECRET, SESSION_ISSUER } from "../harness/index.js";
import { testLog } from "../harness/log.js";
import { graphql, MAIL_WORKER, processes } from "../harness/process.js";
import { smtpServer, until } from "../harness/smtp.js";

process.env.OTEL_BSP_SCHEDULE_DELAY = "50";
const { start } = await processes();
const smtp = await smtpServer();
const traces = await collector();
const deaf = await collector({ mute: true });
const { log, lines } = testLog();
const tracing = openTelemetry(traces.url, log);
const server = await harness({
  tracing,
  log,
  mail: {
    transport: smtpTransport(smtp.url),
    from: { name: "The Platform", address: "no-reply@platform.example" },
    pollMilliseconds: 50,
  },
});
afterAll(() => tracing.stop());
const { tenant, database, url, keys } = server;
/** Nobody sends the mails of this one. */
const quiet = await harness();

const hex = (bytes: number): string => randomBytes(bytes).toString("hex");
const SECRET_WORD = `canary${hex(8)}`;
const NAMED = `query SearchedUsers($search: String) { users(first: 3, search: $search) { nodes { name } } }`;

/** Asks with a `traceparent`, as a router does. */
async function send({ token }: Caller, query: string, variables: object, traceparent: string): Promise<Response> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}`, traceparent };
  return fetch(`${url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
}

const within = ({ traceId, spanId }: ReceivedSpan): ReceivedSpan[] =>
  traces.spans.filter((span) => span.traceId === traceId && span.parentSpanId === spanId);

test("a request is a span in the router's trace, and each of its statements one within it", async () => {
  const { admin } = await tenant();
  const [traceId, parentSpanId] = [hex(16), hex(8)];
  const answer = await send(admin, NAMED, { search: SECRET_WORD }, `00-${traceId}-${parentSpanId}-01`);
  const [, statements] = /desc="(\d+) statements"/.exec(answer.headers.get("server-timing")!)!;
  const span = await traces.span((one) => one.traceId === traceId && one.kind === 2);
  expect(span).toMatchObject({
    parentSpanId,
    name: "query SearchedUsers",
    status: 0,
    attributes: {
      "http.request.method": "POST",
      "http.route": "/graphql",
      "http.response.status_code": 200,
      "graphql.operation.type": "query",
      "graphql.operation.name": "SearchedUsers",
    },
    resource: { "service.name": "users-subgraph" },
  });
  expect(within(span)).toHaveLength(Number(statements));
  for (const statement of within(span)) {
    expect(statement).toMatchObject({ kind: 3, status: 0, attributes: { "db.system.name": "postgresql" } });
    expect(statement.attributes["db.query.text"]).toMatch(/\$1/);
    expect(statement.name).toMatch(/^(SELECT|WITH) \w+$/);
  }
  // Every line of the request's names the trace, and the one that ends it all else.
  const told = lines.filter((line) => line.trace_id === traceId);
  expect(told).toEqual([expect.objectContaining({ span_id: span.spanId, operation: "SearchedUsers", msg: "request" })]);
});

test("a mutation's statements are within its request too", async () => {
  const { admin } = await tenant();
  const traceId = hex(16);
  await send(admin, operations.UpdateCurrentUser!, { input: { surname: SECRET_WORD } }, `00-${traceId}-${hex(8)}-01`);
  const span = await traces.span((one) => one.traceId === traceId && one.kind === 2);
  expect(span.name).toBe("mutation UpdateCurrentUser");
  expect(within(span).map(({ name }) => name)).toEqual(expect.arrayContaining(["UPDATE users", "INSERT audit_events"]));
});

test("what the router does not sample is not recorded, and its lines name the trace all the same", async () => {
  const { admin } = await tenant();
  const [not, sampled] = [hex(16), hex(16)];
  await send(admin, NAMED, {}, `00-${not}-${hex(8)}-00`);
  await send(admin, NAMED, {}, `00-${sampled}-${hex(8)}-01`);
  await traces.span((one) => one.traceId === sampled && one.kind === 2);
  expect(traces.spans.filter((one) => one.traceId === not)).toEqual([]);
  expect(lines.filter((line) => line.trace_id === not)).toHaveLength(1);
});

test("a fault is a failed span, and so is the statement that failed", async () => {
  const { admin } = await tenant();
  const traceId = hex(16);
  await database.sql("ALTER TABLE audit_events RENAME TO gone");
  await send(admin, "{ auditEvents { nodes { operation } } }", {}, `00-${traceId}-${hex(8)}-01`);
  await database.sql("ALTER TABLE gone RENAME TO audit_events");
  const span = await traces.span((one) => one.traceId === traceId && one.kind === 2);
  expect(span).toMatchObject({ name: "query", status: 2, attributes: { "error.type": "INTERNAL_SERVER_ERROR" } });
  expect(within(span)).toContainEqual(
    expect.objectContaining({ status: 2, attributes: expect.objectContaining({ "error.type": "42P01" }) }),
  );
});

test("what a caller did wrong is no failure of ours", async () => {
  const { admin } = await tenant();
  const traceId = hex(16);
  await send(admin, "{ users(first: 1000) { totalCount } }", {}, `00-${traceId}-${hex(8)}-01`);
  expect(await traces.span((one) => one.traceId === traceId && one.kind === 2)).toMatchObject({ status: 0 });
});

test("a mail is a span, and so is a download, without what is secret of either", async () => {
  const { admin } = await tenant();
  const email = `${SECRET_WORD}@example.com`;
  await admin.ask(operations.InviteUser!, { input: { email, type: "INVESTOR" } });
  const { mail } = await smtp.mailTo(email);
  const token = /#([\w.-]+)/.exec(mail.text!)![1]!;
  const { downloadUrl } = await asked(admin);
  await fileAt(downloadUrl);
  expect(await traces.span(({ name }) => name === "send mail")).toMatchObject({
    kind: 3,
    status: 0,
    attributes: { "mail.kind": "INVITATION", "mail.attempts": 1, "mail.status": "SENT" },
  });
  await traces.span(({ name }) => name === "GET /exports/*");
  for (const secret of [token, downloadUrl.split("/").at(-1), admin.token, admin.guid, email, SECRET_WORD]) {
    expect(traces.bodies.filter((body) => body.includes(secret))).toEqual([]);
  }
  // They would be found.
  expect(traces.bodies.join("")).toContain("SearchedUsers");
});

test("probes are no traces", async () => {
  for (const path of ["/livez", "/readyz", "/metrics"]) await fetch(url + path);
  const traceId = hex(16);
  await send((await tenant()).admin, NAMED, {}, `00-${traceId}-${hex(8)}-01`);
  await traces.span((one) => one.traceId === traceId && one.kind === 2);
  expect(traces.spans.map(({ name }) => name).filter((name) => /livez|readyz|metrics/.test(name))).toEqual([]);
});

describe("a process", () => {
  const environment = async (): Promise<Record<string, string>> => ({
    DATABASE_URL: database.appUrl,
    TOKEN_PUBLIC_KEY: JSON.stringify({ ...(await exportJWK(keys.publicKey)), alg: "ES256", kid: "test" }),
    TOKEN_ISSUER: ISSUER,
    TOKEN_AUDIENCE: AUDIENCE,
    SESSION_ISSUER,
    MAIL_WORKER: "false",
  });
  const ME = "query Process { me { guid } }";

  test("sends what is left when it stops", async () => {
    const { admin } = await tenant();
    const running = start({
      ...(await environment()),
      OTEL_EXPORTER_OTLP_ENDPOINT: `${traces.url}/`,
      OTEL_SERVICE_NAME: "another-name",
      OTEL_BSP_SCHEDULE_DELAY: "3600000",
    });
    expect((await graphql(await running.url(), admin.token, ME)).data.me.guid).toBe(admin.guid);
    const isIt = ({ name, resource }: ReceivedSpan): boolean =>
      name === "query Process" && resource["service.name"] === "another-name";
    expect(traces.spans.some(isIt)).toBe(false);
    running.child.kill("SIGTERM");
    expect((await running.ends()).code).toBe(0);
    expect(traces.spans.some(isIt)).toBe(true);
  });

  test.each([
    ["is away", "http://127.0.0.1:9"],
    ["never answers", deaf.url],
  ])("serves and stops as ever while the collector %s", async (_, endpoint) => {
    const { admin } = await tenant();
    const running = start({
      ...(await environment()),
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_BSP_SCHEDULE_DELAY: "10",
    });
    const address = await running.url();
    for (let count = 0; count < 5; count++) {
      expect((await graphql(address, admin.token, ME)).data.me.guid).toBe(admin.guid);
    }
    if (endpoint !== deaf.url) await running.says("traces do not arrive");
    running.child.kill("SIGTERM");
    const { code, output } = await running.ends();
    expect(code).toBe(0);
    expect(output.split("traces do not arrive")).toHaveLength(endpoint === deaf.url ? 1 : 2);
  });

  test.each([
    ["sends its mails as spans", traces.url],
    ["ends while the collector never answers", deaf.url],
  ])("that only sends mails %s", async (_, endpoint) => {
    const { admin } = await quiet.tenant();
    const email = `${hex(8)}@example.com`;
    await admin.ask(operations.InviteUser!, { input: { email, type: "INVESTOR" } });
    const name = `the-worker-${hex(4)}`;
    const worker = start(
      {
        DATABASE_URL: quiet.database.appUrl,
        SECRET_KEY: SECRET,
        SMTP_URL: smtp.url,
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_SERVICE_NAME: name,
      },
      MAIL_WORKER,
    );
    await smtp.mailTo(email);
    await until(async () => {
      const queued = await quiet.database.sql("SELECT FROM mail_deliveries WHERE status = 'QUEUED'");
      return queued.length === 0;
    });
    worker.child.kill("SIGTERM");
    expect((await worker.ends()).code).toBe(0);
    const sent = traces.spans.filter((span) => span.name === "send mail" && span.resource["service.name"] === name);
    expect(sent).toHaveLength(endpoint === deaf.url ? 0 : 1);
  });

  test("loads nothing of OpenTelemetry's SDK unless it is told where to send", async () => {
    const program = (endpoint: string): string => `
      import { createRequire } from "node:module";
      await import("./dist/src/server.js");
      const { tracing } = await import("./dist/src/tracing.js");
      await tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: ${endpoint} });
      const loaded = Object.keys(createRequire(import.meta.url)("node:module")._cache);
      process.stdout.write(String(loaded.filter((path) => /@opentelemetry.(sdk|exporter|otlp|core)/.test(path)).length));
      process.exit();`;
    const loaded = (endpoint: string): Promise<number> =>
      new Promise((resolve, reject) => {
        execFile(process.execPath, ["--input-type=module", "-e", program(endpoint)], (error, out) =>
          error ? reject(error) : resolve(Number(out)),
        );
      });
    expect(await loaded("undefined")).toBe(0);
    expect(await loaded(`"http://127.0.0.1:9"`)).toBeGreaterThan(0);
  });
});
