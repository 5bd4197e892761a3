import { v7 as uuidv7 } from "uuid";
import { TenantPool } from "../../src/database/index.js";
import { TenantDb } from "../../src/kit/index.js";
import { Classification } from "../../src/users/index.js";
import { sql } from "../../src/kit/index.js";
import { harness } from "../harness/index.js";

const { tenant, database } = await harness();
const pool = new TenantPool({ connectionString: database.appUrl, max: 2, pipeline: true });
afterAll(() => pool.end());

async function here() {
  const { id, classification } = await tenant().then((made) => ({
    id: made.id,
    classification: () => made.classification(),
  }));
  const db = new TenantDb(id, pool);
  const count = async (): Promise<number> => (await db.findBy(Classification, { name: "New" })).length;
  const create = (inside: TenantDb) =>
    inside.insert(Classification, { guid: uuidv7(), name: "New", reference: uuidv7() });
  return { db, count, create, classification };
}

test("a last statement that cannot be made keeps nothing", async () => {
  const { db, count, create } = await here();
  const failing = db.transaction(create, () => {
    throw new Error("no audit event");
  });
  await expect(failing).rejects.toThrow("no audit event");
  expect(await count()).toBe(0);
});

test("a last statement that fails keeps nothing", async () => {
  const { db, count, create } = await here();
  await expect(db.transaction(create, () => sql`SELECT 1 / ${0}::int`)).rejects.toThrow("division by zero");
  expect(await count()).toBe(0);
});

test("a change that nobody waits for is heard, before what fails because of it", async () => {
  const { db, classification } = await here();
  const [one, other] = [await classification(), await classification()];
  const clash = db.transaction(async (inside) => {
    const [first, second] = [
      await inside.get(Classification, { guid: one.guid }, "id"),
      await inside.get(Classification, { guid: other.guid }, "id"),
    ];
    inside.update(Classification, first, { name: second.name });
    await inside.get(Classification, { guid: one.guid }, "id");
  });
  await expect(clash).rejects.toMatchObject({ code: "23505", constraint: "classifications_name" });
});

test("what still runs when its transaction is over does not run at all", async () => {
  const { db, count, create } = await here();
  let late: Promise<unknown> = Promise.resolve();
  const refused = db.transaction(async (inside) => {
    late = new Promise((resolve) => setTimeout(resolve, 50)).then(() => create(inside));
    late.catch(() => {});
    throw new Error("refused");
  });
  await expect(refused).rejects.toThrow("refused");
  await expect(late).rejects.toThrow("The transaction is over.");
  expect(await count()).toBe(0);
});

test("the application can read through views, and not write", async () => {
  const { db } = await here();
  for (const statement of [
    sql`INSERT INTO user_search (tenant_id, id, type, status, contact_email, email_norm, search_text)
      VALUES (${uuidv7()}, ${uuidv7()}, 'INVESTOR', 'ACTIVE', 'a@example.com', 'a@example.com', '')`,
    sql`UPDATE user_search SET tenant_id = ${uuidv7()}`,
    sql`DELETE FROM user_search`,
  ]) {
    await expect(db.query(statement)).rejects.toMatchObject({ code: "42501" });
  }
  const views = await database.sql<{ name: string }>(
    `SELECT viewname AS name FROM pg_views WHERE schemaname = 'public'
      AND has_table_privilege('users_app', format('%I.%I', schemaname, viewname), 'INSERT, UPDATE, DELETE')`,
  );
  expect(views).toEqual([]);
});
