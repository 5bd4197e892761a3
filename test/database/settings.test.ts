import { dataSource, poolOf } from "../../src/database/index.js";
import { harness } from "../harness/index.js";

const { tenant, database } = await harness();

test.each(["session", "transaction"] as const)(
  "what every statement runs under: a pool of mode %s",
  async (poolMode) => {
    const { id } = await tenant();
    const source = await dataSource({ url: database.appUrl, poolMode, statementTimeout: 1_234 }).initialize();
    const names = ["app.tenant", "statement_timeout", "TimeZone", "max_parallel_workers_per_gather"];
    const text = `SELECT ${names.map((name, index) => `current_setting('${name}') AS s${index}`).join()}`;
    const [settings] = await poolOf(source).run(id, { text, values: [], prepare: false });
    expect(Object.values(settings!)).toEqual([id, "1234ms", "UTC", "0"]);
    await source.destroy();
  },
);
