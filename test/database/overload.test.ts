import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { TenantPool } from "../../src/database/index.js";
import type { TestDatabase } from "../harness/database.js";
import { type Answer, harness, operations, problems } from "../harness/index.js";
import { until } from "../harness/smtp.js";
import { layWire } from "../harness/wire.js";

// Whatever ends a request here is what is under test: PostgreSQL itself would wait for a minute.
const PATIENT = { alone: true, statementTimeout: 60_000 };

const hasty = await harness({ ...PATIENT, deadlineMilliseconds: 400 });
const narrow = await harness({ ...PATIENT, poolMax: 1, poolQueue: 2 });

const unqueued = await harness({ ...PATIENT, poolMax: 2, poolQueue: 0 });
const single = await harness({ ...PATIENT, poolMax: 1, deadlineMilliseconds: 400 });
const brief = await harness({ alone: true, statementTimeout: 3_000, poolMax: 1, deadlineMilliseconds: 400 });

/** Keeps a table from being read, until it is let go. */
const locked = async (database: TestDatabase, table: string): Promise<() => Promise<void>> =>
  (await database.hold(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)).release;

describe("a request that takes too long", () => {
  test("is given up at its deadline, and the next one is answered", async () => {
    const { tenant, database } = hasty;
    const { admin } = await tenant();
    const query = "{ userGroups { totalCount } }";
    // In the plain way, and then by one statement.
    for (let time = 1; time <= 3; time++) {
      const release = await locked(database, "user_groups");
      const answer = await admin.send(query);
      await release();
      expect(problems(answer)).toEqual(["TIMEOUT"]);
      expect((await admin.ask(query)).userGroups.totalCount).toBe(0);
    }
  });

  test("keeps nothing of what it wrote, and is not given up while nobody knows what becomes of that", async () => {
    const { tenant, database } = hasty;
    const here = await tenant();
    const before = await here.contents();
    const write = { input: { name: "Late", reference: "late" } };
    const release = await locked(database, "classifications");
    const asked = here.admin.send(operations.CreateClassification!, write);
    await until(database.isBlocked);
    await sleep(500);
    await release();
    const answer = await asked;
    expect([problems(answer), answer.data]).toEqual([["TIMEOUT"], null]);
    expect(await here.contents()).toEqual(before);
    // What is sent together with COMMIT is waited for: it was done, and is told as done.
    const releaseEvents = await locked(database, "audit_events");
    const written = here.admin.ask(operations.CreateClassification!, write);
    await until(database.isBlocked);
    await sleep(500);
    await releaseEvents();
    expect((await written).createClassification.errors).toEqual([]);
  });

  test("has done its write where only the payload came too late", async () => {
    const { tenant, database } = hasty;
    const here = await tenant();
    const user = await here.user({ assignedInternalUserId: here.admin.guid });
    const release = await locked(database, "audit_events");
    const asked = here.admin.send(
      `mutation ($input: UpdateUserInput!) {
        updateUser(input: $input) { user { forename assignedInternalUser { guid } } errors { code } }
      }`,
      { input: { userId: user.id, forename: "Late" } },
    );
    await until(database.isBlocked);
    await sleep(500);
    await release();
    const { data, errors } = await asked;
    expect(errors!.map(({ path, extensions }) => [extensions.code, path])).toEqual([
      ["TIMEOUT", ["updateUser", "user", "assignedInternalUser"]],
    ]);
    expect(data.updateUser).toEqual({ user: { forename: "Late", assignedInternalUser: null }, errors: [] });
  });

  test("is told so also when who asks cannot be read in time", async () => {
    const { tenant, database } = hasty;
    const here = await tenant();
    const somebody = await here.internal([]);
    const release = await locked(database, "users");
    const answer = await somebody.send("{ me { id } }");
    await release();
    expect([answer.status, problems(answer)]).toEqual([504, ["TIMEOUT"]]);
    await somebody.ask("{ me { id } }");
  });
});

describe("more callers than connections", () => {
  test("whoever left while they waited has nothing read or written", async () => {
    const { tenant, database, statements, url } = narrow;
    const here = await tenant();
    const metric = async (line: string): Promise<boolean> =>
      (await (await fetch(`${url}/metrics`)).text()).includes(line);
    await here.admin.ask("{ me { id } }");
    const leaving = new AbortController();
    const leave = (query: string, variables = {}): Promise<Response> =>
      fetch(`${url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${here.admin.token}` },
        body: JSON.stringify({ query, variables }),
        signal: leaving.signal,
      });
    const release = await locked(database, "user_groups");
    const first = here.admin.ask("{ userGroups { nodes { id } } }");
    await until(database.isBlocked);
    const from = statements.length;
    const left = [
      leave("{ featureFlags { nodes { id } } }"),
      leave(operations.CreateClassification!, { input: { name: "Left", reference: "left" } }),
    ];
    await until(() => metric('database_pool_connections{server="primary",state="waiting"} 2'));
    leaving.abort();
    for (const one of left) await expect(one).rejects.toThrow("aborted");
    await until(() => metric('http_responses_total{route="/graphql",status="499"} 2'));
    await release();
    await first;
    await here.admin.ask("{ me { id } }");
    expect(statements.slice(from).filter((text) => /feature_flags|classifications/.test(text))).toEqual([]);
    expect(await metric('code="TIMEOUT"')).toBe(false);
  });

  test("whoever leaves while they write has it written", async () => {
    const { tenant, database } = narrow;
    const here = await tenant();
    const release = await locked(database, "audit_events");
    const body = JSON.stringify({
      query: operations.CreateClassification,
      variables: { input: { name: "Left", reference: "left" } },
    });
    const headers = { "content-type": "application/json", authorization: `Bearer ${here.admin.token}` };
    const leaving = new AbortController();
    const left = fetch(`${narrow.url}/graphql`, { method: "POST", headers, body, signal: leaving.signal });
    await until(database.isBlocked);
    leaving.abort();
    await expect(left).rejects.toThrow("aborted");
    await release();
    const query = "{ classifications { nodes { reference } } }";
    expect((await here.admin.ask(query)).classifications.nodes).toEqual([{ reference: "left" }]);
  });

  test("wait, as many as may; the others are refused at once, and all is well when it is over", async () => {
    const { tenant, database } = narrow;
    const here = await tenant();
    const query = "{ userGroups { nodes { id } } }";
    const release = await locked(database, "user_groups");
    const asked = Array.from({ length: 8 }, () => here.admin.send(query));
    // One has the connection and two wait for it: nobody lets go of the table before five others have their answer.
    const refused: string[][] = [];
    await new Promise<void>((resolve) => {
      const hear = (answer: Answer): void => {
        if (answer.errors) refused.push([`${answer.status}`, ...problems(answer), answer.errors[0]!.message]);
        if (refused.length === 5) resolve();
      };
      for (const one of asked) one.then(hear, hear);
    });
    // Just then somebody wants to know how things are; those who wait do so for one statement after another.
    const metrics = await until(async () => {
      const text = await (await fetch(`${narrow.url}/metrics`)).text();
      return text.includes('database_pool_connections{server="primary",state="waiting"} 2') && text;
    });
    expect(metrics).toContain('mail_queue{measure="waiting"} 0');
    await release();
    const answers = await Promise.all(asked);
    expect(refused).toEqual(
      Array.from({ length: 5 }, () => ["503", "UNAVAILABLE", "Too many requests wait. Try again."]),
    );
    expect(answers.filter(({ errors }) => !errors).map(({ data }) => data.userGroups.nodes)).toEqual([[], [], []]);
    for (let time = 1; time <= 3; time++) await here.admin.ask(query);
  });
});

test("whose tenant has most that wait gives way to another tenant, and tenants have their turns", async () => {
  const { tenant, database, url } = narrow;
  const [one, other] = [await tenant(), await tenant()];
  for (const { admin } of [one, other]) await admin.ask("{ me { id } }");
  const order: string[] = [];
  const ask = async (name: string, { admin }: typeof one): Promise<void> => {
    const answer = await admin.send("{ userGroups { nodes { id } } }");
    order.push([name, ...problems(answer)].join(" "));
  };
  const waits = async (count: number): Promise<boolean> =>
    (await (await fetch(`${url}/metrics`)).text()).includes(`server="primary",state="waiting"} ${count}\n`);
  const release = await locked(database, "user_groups");
  const asked = [ask("first", one)];
  await until(database.isBlocked);
  for (const [index, name] of ["second", "third"].entries()) {
    asked.push(ask(name, one));
    await until(() => waits(index + 1));
  }
  asked.push(ask("other", other));
  await until(() => order.length === 1);
  await release();
  await Promise.all(asked);
  expect(order).toEqual(["third UNAVAILABLE", "first", "second", "other"]);
});

test("without a queue whoever finds a connection free is answered", async () => {
  const { tenant, database } = unqueued;
  const { admin } = await tenant();
  const query = "{ userGroups { totalCount } }";
  for (let time = 1; time <= 3; time++) await admin.ask(query);
  // Also whoever counts, of whom only one does at a time.
  const release = await locked(database, "user_groups");
  const asked = [admin.send(query), admin.send(query)];
  await sleep(200);
  await release();
  expect((await Promise.all(asked)).map(problems)).toEqual([[], []]);
});

test("who is given a connection that has fallen silent is told so in time", async () => {
  const { tenant, database } = unqueued;
  const { id } = await tenant();
  const wire = await layWire(new URL(database.appUrl));
  const url = Object.assign(new URL(database.appUrl), { port: String(wire.port) }).href;
  const pool = new TenantPool({ connectionString: url, max: 2, pipeline: true, query_timeout: 2_000 });
  const one = { text: "SELECT 1", values: [], prepare: false };
  await Promise.all([pool.run("", one), pool.run("", one)]);
  wire.silence();
  const order: string[] = [];
  const note = (name: string, milliseconds?: number): Promise<unknown> =>
    pool
      .session({ ...(milliseconds && { milliseconds }) })
      .run(id, one)
      .catch(() => order.push(name));
  await Promise.all([note("a statement's time is over"), note("the request's time is over", 300)]);
  expect(order).toEqual(["the request's time is over", "a statement's time is over"]);
  await wire.stop();
  await pool.end();
});

test("who gets no connection in time is told so then, and not when one is free", async () => {
  const { tenant, database } = brief;
  const here = await tenant();
  await here.admin.ask("{ me { id } }");
  const before = await here.contents();
  const order: string[] = [];
  const note = async (name: string, sending: Promise<Answer>): Promise<void> => {
    order.push(`${name} ${problems(await sending).join()}`);
  };
  const write = (name: string): Promise<Answer> =>
    here.admin.send(operations.CreateClassification!, { input: { name, reference: name } });
  const release = await locked(database, "classifications");
  // PostgreSQL gives this one up after three seconds.
  const holding = note("holding", write("first"));
  await until(database.isBlocked);
  await Promise.all([holding, note("waiting", here.admin.send("{ me { id } }")), note("waiting", write("second"))]);
  await release();
  expect(order).toEqual(["waiting TIMEOUT", "waiting TIMEOUT", "holding TIMEOUT"]);
  await here.admin.ask("{ me { id } }");
  expect(await here.contents()).toEqual(before);
});

test("who gets a connection too late for any statement hands it back as good as it was", async () => {
  const { tenant, database } = single;
  const { admin } = await tenant();
  await admin.ask("{ me { id } }");
  const superuser = new pg.Client({ connectionString: database.superUrl });
  await superuser.connect();
  const connections = async (): Promise<unknown[]> =>
    (
      await superuser.query(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename <> current_user
           AND query NOT LIKE '%pg_is_in_recovery%' ORDER BY pid`,
      )
    ).rows;
  const before = await connections();
  const release = await locked(database, "classifications");
  const write = admin.send(operations.CreateClassification!, { input: { name: "Late", reference: "late" } });
  await until(database.isBlocked);
  // It is told so while the connection is still to come.
  expect(problems(await admin.send("{ me { id } }"))).toEqual(["TIMEOUT"]);
  await release();
  expect(problems(await write)).toEqual(["TIMEOUT"]);
  await admin.ask("{ me { id } }");
  expect(await connections()).toEqual(before);
  await superuser.end();
});
