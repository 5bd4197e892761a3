import { dataSource, poolOf } from "../../src/database/index.js";
import { harness, problems } from "../harness/index.js";
import { until } from "../harness/smtp.js";

// Of five connections one is for scans that take long, and two for those that do not.
const server = await harness({ alone: true, statementTimeout: 60_000, poolMax: 5, poolQueue: 0 });
const hasty = await harness({ alone: true, statementTimeout: 60_000, poolMax: 5, deadlineMilliseconds: 600 });

const COUNT = "{ classifications { totalCount } }";

/** Nobody can read the table until it is let go: whoever counts its rows takes long. */
async function locked({ database }: typeof server, table = "classifications"): Promise<() => Promise<void>> {
  return (await database.hold(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)).release;
}

async function waiting({ url }: typeof server): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/server="primary",state="waiting to scan"\} (\d+)/.exec(metrics)![1]);
}

/** A tenant whose classifications are counted by one statement, which took long the first time. */
async function counting(at: typeof server) {
  const here = await at.tenant();
  await here.admin.ask(COUNT);
  const release = await locked(at);
  const asked = here.admin.send(COUNT);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await release();
  expect(problems(await asked)).toEqual([]);
  return here;
}

test("scans that take long wait for one another, and nobody else for them; tenants have their turns", async () => {
  const one = await counting(server);
  // Whose first count is expected to take long.
  const other = await server.tenant();
  // On a busy machine one of them may take long.
  const quick = ["a", "b", "c"].map((alias) => `{ ${alias}: users { totalCount } }`);
  for (let time = 1; time <= 3; time++) for (const document of quick) await other.admin.ask(document);
  const release = await locked(server);
  const order: string[] = [];
  const count = async (name: string, { admin }: typeof one): Promise<void> => {
    const answer = await admin.send(COUNT);
    order.push(answer.errors ? `${name} ${problems(answer).join()}` : name);
  };
  const asked = [count("one", one)];
  for (let turn = 1; turn <= 4; turn++) {
    asked.push(count("one", one));
    await until(async () => (await waiting(server)) === turn);
  }
  // No more may wait than would have had a connection: whoever has most gives way, also to another.
  await count("one", one);
  expect(order).toEqual(["one UNAVAILABLE"]);
  asked.push(count("other", other));
  await until(() => order.length === 2);
  expect(order).toEqual(["one UNAVAILABLE", "one UNAVAILABLE"]);
  expect(await waiting(server)).toBe(4);
  // What is counted quickly, and what is not counted at all.
  const counts = quick.map((document) => other.admin.ask(document));
  expect(Object.values(await Promise.race(counts))).toEqual([{ totalCount: 1 }]);
  expect((await one.admin.ask("{ users { nodes { guid } } }")).users.nodes).toHaveLength(1);
  await release();
  await Promise.all([...asked, ...counts]);
  expect(order.slice(2)).toEqual(["one", "one", "other", "one", "one"]);
  expect(await waiting(server)).toBe(0);
});

test("whose turn does not come in time is told so then, and is not in the way of others", async () => {
  const here = await counting(hasty);
  const release = await locked(hasty);
  const asked = Array.from({ length: 4 }, () => here.admin.send(COUNT));
  for (const answer of await Promise.all(asked)) expect(problems(answer)).toEqual(["TIMEOUT"]);
  expect(await waiting(hasty)).toBe(0);
  await release();
  expect((await here.admin.ask(COUNT)).classifications.totalCount).toBe(0);
});

test("all counts of one request have one turn", async () => {
  const here = await server.tenant();
  const counts = Array.from({ length: 20 }, (_, index) => `a${index}: classifications { totalCount }`).join(" ");
  const data = await here.admin.ask(`{ ${counts} }`);
  expect(Object.values(data)).toEqual(Array.from({ length: 20 }, () => ({ totalCount: 0 })));
});

test("scans of one request have each the time of a statement, however long they take together", async () => {
  const { id } = await server.tenant();
  const source = await dataSource({ url: server.database.appUrl, statementTimeout: 500 }).initialize();
  const session = poolOf(source).session();
  const sleeps = Array.from({ length: 5 }, () =>
    session.run(id, { text: "SELECT pg_sleep(0.4)", values: [], prepare: false, scans: true }),
  );
  expect(await Promise.all(sleeps)).toHaveLength(5);
  await source.destroy();
});

test("what was quick and takes long all at once takes long from the first on, for those who wait already, too", async () => {
  const { id } = await server.tenant();
  const source = await dataSource({ url: server.database.appUrl, poolMax: 5 }).initialize();
  const times: [number, number][] = [];
  const sleep = (seconds: number): Promise<unknown> => {
    const trace = (_: string, start: number): unknown => times.push([start, performance.now()]);
    const statement = { text: "SELECT pg_sleep($1)", values: [seconds], prepare: false, scans: true };
    return poolOf(source).session({ trace }).run(id, statement);
  };
  for (let time = 1; time <= 3; time++) await sleep(0);
  await Promise.all(Array.from({ length: 5 }, () => sleep(0.2)));
  await source.destroy();
  // Two began as what is quick; the others go one after another, as there is one place for what takes long.
  const rest = times
    .slice(3)
    .toSorted(([one], [other]) => one - other)
    .slice(2);
  expect(rest).toHaveLength(3);
  for (const [index, [began]] of rest.slice(1).entries()) expect(began).toBeGreaterThanOrEqual(rest[index]![1]);
});

describe("writes that count in a large tenant do not keep all connections", () => {
  test.each([
    ["exportUsers", "user_exports"],
    ["updateInvestorPreferenceFormEditable", "form_classifications"],
  ])("%s", async (operation, table) => {
    const here = await server.tenant();
    const form = await here.preferenceForm();
    const fields = operation === "exportUsers" ? {} : { formId: form.id, editable: false, dryRun: true };
    const document = `mutation { ${operation}(input: {${fieldsOf(fields)}}) { errors { code } } }`;
    await here.admin.ask("{ me { id } }");
    const release = await locked(server, table);
    const asked = Array.from({ length: 5 }, () => here.admin.send(document));
    await until(async () => (await waiting(server)) === 4);
    expect(await here.admin.ask("{ me { guid } }")).toEqual({ me: { guid: here.admin.guid } });
    await release();
    for (const answer of await Promise.all(asked)) {
      expect([problems(answer), answer.data]).toEqual([[], { [operation]: { errors: [] } }]);
    }
  });
});

const fieldsOf = (input: object): string =>
  Object.entries(input)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join(", ");

test.each([
  ["{ users(type: INTERNAL, orderBy: { field: EMAIL }) { nodes { invitations { nodes { id } } } } }", "invitations"],
])("what may walk a tenant without a filter waits for its turn: %s", async (query, table) => {
  const here = await server.tenant();
  await here.group({});
  // From then on by one statement, which is quick, unless the machine is busy.
  for (let time = 1; time <= 2; time++) await here.admin.ask(query);
  const release = await locked(server, table);
  const asked = Array.from({ length: 5 }, () => here.admin.send(query));
  await until(async () => (await waiting(server)) >= 3);
  await release();
  for (const answer of await Promise.all(asked)) expect(problems(answer)).toEqual([]);
});
