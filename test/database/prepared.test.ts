import { TenantPool } from "../../src/database/index.js";
import { harness } from "../harness/index.js";

const { tenant, database } = await harness();
const pool = new TenantPool({ connectionString: database.appUrl, max: 1, pipeline: true });
afterAll(() => pool.end());

const prepared = async (tenantId: string): Promise<unknown> => {
  const text = "SELECT count(*)::int AS count FROM pg_prepared_statements";
  const [row] = (await pool.run(tenantId, { text, values: [], prepare: false })) as { count: number }[];
  return row!.count;
};

test("of what a connection has prepared it keeps so much; what it has forgotten works again", async () => {
  const { id } = await tenant();
  const run = async (session: Pick<TenantPool, "run">, number: number): Promise<unknown> => {
    const text = `SELECT ${number} AS number /* ${"x".repeat(96_000)} */`;
    const [row] = await session.run(id, { text, values: [], prepare: true });
    return (row as { number: number }).number;
  };
  const numbers = Array.from({ length: 30 }, (_, index) => index);
  for (const number of numbers) expect(await run(pool, number)).toBe(number);
  // All at the same time, on one connection, each more than once.
  const session = pool.session();
  const all = [...numbers, ...numbers.toReversed(), ...numbers];
  expect(await Promise.all(all.map((number) => run(session, number)))).toEqual(all);
  // Ten, and what marks the connection with its tenant.
  expect(await prepared(id)).toBe(11);
});

test("many short statements are many, too", async () => {
  const { id } = await tenant();
  for (let number = 0; number < 600; number++) {
    await pool.run(id, { text: `SELECT ${number}`, values: [], prepare: true });
  }
  expect(await prepared(id)).toBeLessThanOrEqual(500);
});
