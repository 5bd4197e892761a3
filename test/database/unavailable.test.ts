import { dataSource, poolOf } from "../../src/database/index.js";
import { harness, operations, problems } from "../harness/index.js";
import { until } from "../harness/smtp.js";

const { tenant, database } = await harness();

describe("what PostgreSQL says when it cannot go on is UNAVAILABLE", () => {
  beforeAll(() =>
    database.sql(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'as the test wants it' USING ERRCODE = NEW.name; END $$;
      CREATE TRIGGER fail BEFORE INSERT ON classifications FOR EACH ROW EXECUTE FUNCTION fail();`),
  );

  test.each([
    ["08006", "the connection failed"],
    ["25006", "it is a standby by now"],
    ["25P03", "the transaction was left waiting"],
    ["26000", "a statement that a failure before it kept from being prepared"],
    ["53100", "the disk is full"],
    ["53200", "no memory is left"],
    ["53300", "no connection is left"],
    ["57P01", "it is shut down"],
    ["57P02", "it has crashed"],
    ["57P03", "it is starting up"],
    ["57P05", "the session was idle for too long"],
    ["58030", "the disk does not answer"],
  ])("%s: %s", async (code) => {
    const { admin } = await tenant();
    const answer = await admin.send(operations.CreateClassification!, { input: { name: code, reference: code } });
    expect([answer.status, problems(answer)]).toEqual([200, ["UNAVAILABLE"]]);
  });

  test("a control: what nobody knows is our fault", async () => {
    const { admin } = await tenant();
    const input = { name: "XX000", reference: "internal" };
    expect(problems(await admin.send(operations.CreateClassification!, { input }))).toEqual(["INTERNAL_SERVER_ERROR"]);
  });
});

test.each(["session", "transaction"] as const)(
  "in %s mode a transaction whose server has vanished ends",
  async (poolMode) => {
    const here = await tenant();
    const source = dataSource({ url: database.appUrl, poolMode, statementTimeout: 100 });
    await source.initialize();
    const pool = poolOf(source);
    const sessions = (): Promise<object[]> =>
      database.sql("SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()");
    // Nobody writes to it for longer than a statement may take.
    const left = pool.transaction(here.id, async (run) => {
      await run(here.id, {
        text: "SELECT FROM users WHERE tenant_id = $1 FOR UPDATE",
        values: [here.id],
        prepare: false,
      });
      await until(async () => (await sessions()).length === 0);
    });
    await expect(left).rejects.toThrow("not queryable");
    await source.destroy();
  },
);
