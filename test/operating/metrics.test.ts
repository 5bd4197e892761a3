import { v7 as uuidv7 } from "uuid";
import { harness, operations } from "../harness/index.js";
import { until } from "../harness/smtp.js";

const { tenant, anonymous, bearer, database, url } = await harness({ alone: true });

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** What `/metrics` says now. */
async function samples(): Promise<Sample[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name, labels = "", value]) => ({
    name: name!,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, label]) => [key, label])),
    value: Number(value),
  }));
}

/** The sum of the metric's values with these labels. */
async function total(metric: string, labels: Record<string, string> = {}): Promise<number> {
  const found = (await samples()).filter(
    (sample) => sample.name === metric && Object.entries(labels).every(([key, label]) => sample.labels[key] === label),
  );
  return found.reduce((sum, { value }) => sum + value, 0);
}

test("an operation is known by name, type and first field, with its time, its result and its statements", async () => {
  const { admin } = await tenant();
  const answer = await admin.send(operations.Me!);
  const labels = { type: "query", operation: "Me", field: "me" };
  expect(await total("graphql_operation_duration_seconds_count", { ...labels, outcome: "ok" })).toBe(1);
  expect(await total("graphql_operation_duration_seconds_bucket", { ...labels, outcome: "ok", le: "+Inf" })).toBe(1);
  expect(await total("graphql_operation_duration_seconds_sum", labels)).toBeGreaterThan(0);
  expect(await total("graphql_operation_statements_total", labels)).toBe(answer.statements);
  await admin.ask("{ me { guid } }");
  expect(await total("graphql_operation_duration_seconds_count", { operation: "anonymous", field: "me" })).toBe(1);
});

test("errors are counted by code, answers by route and status", async () => {
  const { admin } = await tenant();
  const user = await (await tenant()).user();
  await user.send("query Forbidden { users { totalCount } }");
  await admin.send("query TooMany { users(first: 1000) { totalCount } }");
  await admin.send("query {");
  await bearer("not.a.token").send("{ me { guid } }");
  expect(await total("graphql_errors_total", { code: "FORBIDDEN" })).toBe(1);
  expect(await total("graphql_errors_total", { code: "BAD_USER_INPUT" })).toBe(1);
  expect(await total("graphql_errors_total", { code: "GRAPHQL_PARSE_FAILED" })).toBe(1);
  expect(await total("graphql_errors_total", { code: "UNAUTHENTICATED" })).toBe(1);
  expect(await total("graphql_operation_duration_seconds_count", { operation: "Forbidden", outcome: "errors" })).toBe(
    1,
  );
  await fetch(`${url}/nowhere/${uuidv7()}`);
  await until(async () => (await total("http_responses_total", { route: "none", status: "404" })) === 1);
  expect(await total("http_responses_total", { route: "/graphql", status: "401" })).toBe(1);
});

test("a client that thinks up names makes no more of them than there is room for", async () => {
  const { admin } = await tenant();
  const before = (await samples()).length;
  // Nobody's names are not told apart at all.
  await anonymous.ask("query Stranger { __typename }");
  for (let round = 0; round < 40; round++) {
    const invented = Array.from({ length: 10 }, (_, index) => `N${round}_${index}`);
    await Promise.all(invented.map((name) => admin.ask(`query ${name} { __typename }`)));
  }
  await admin.ask(`query ${"L".repeat(101)} { __typename }`);
  const names = new Set((await samples()).map(({ labels }) => labels.operation));
  expect(names).toContain("N0_0");
  expect(names).toContain("other");
  expect(names).not.toContain("L".repeat(101));
  expect(names).not.toContain("Stranger");
  // Sixteen lines each of time, one of statements.
  expect((await samples()).length - before).toBeLessThanOrEqual(301 * 17);
  expect(await total("graphql_operation_duration_seconds_count", { operation: "other" })).toBeGreaterThan(100);
});

test("the pool, the outbox and the process are measured at each scrape", async () => {
  const here = await tenant();
  const pool = (state: string): Promise<number> => total("database_pool_connections", { server: "primary", state });
  await here.admin.ask(operations.Me!);
  expect(await pool("total")).toBeGreaterThan(0);
  expect(await pool("idle")).toBeGreaterThan(0);
  expect(await pool("waiting")).toBe(0);

  const queue = (measure: string): Promise<number> => total("mail_queue", { measure });
  expect([await queue("waiting"), await queue("overdue"), await queue("failed")]).toEqual([0, 0, 0]);
  const mail = (status: string, due: string): Promise<unknown> =>
    database.sql(
      `INSERT INTO mail_deliveries (tenant_id, id, kind, subject_id, status, due_at)
        VALUES ($1, $2, 'INVITATION', $2, $3, now() - $4::interval)`,
      [here.id, uuidv7(), status, due],
    );
  await mail("QUEUED", "1 minute");
  await mail("QUEUED", "1 hour");
  await mail("FAILED", "1 hour");
  await mail("FAILED", "2 days");
  await mail("SENT", "1 hour");
  expect([await queue("waiting"), await queue("failed")]).toEqual([2, 1]);
  expect(await queue("overdue")).toBeGreaterThanOrEqual(3_600);

  expect(await total("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
  expect(await total("nodejs_eventloop_lag_seconds")).toBeGreaterThanOrEqual(0);
  expect(await total("process_cpu_seconds_total")).toBeGreaterThan(0);
});
