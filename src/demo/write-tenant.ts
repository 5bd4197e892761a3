import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { v5 as uuidv5 } from "uuid";
import { tableOf, type Entity } from "../kit/index.js";

/** Rows of one table, made when they are asked for: `rows(index)` for every index below `count`. */
export interface TableRows {
  entity: Entity;
  count: number;
  rows: (index: number) => object[];
}

/** Ties the rows to the entity's columns; normalised columns follow by themselves. */
export const rowsOf = <T extends object>(
  entity: Entity<T>,
  count: number,
  rows: (index: number) => Partial<T>[],
): TableRows => ({
  entity,
  count,
  rows,
});

const NAMESPACE = "0b4ff7a1-6d3c-5f4e-9a55-2f8d1c7e9b10";

/** The id of a demonstration tenant follows from its name. */
export const tenantIdOf = (name: string): string => uuidv5(name, NAMESPACE);

/** An id that people can read, for what is there by name: documents speak of it. */
export const sampleId = (number: number): string => `1e4a1ead-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;

export interface WriteOptions {
  name: string;
  createdAt: string;
  /** In the order of their foreign keys. */
  tables: TableRows[];
  /** Whatever the tenant holds is deleted first. */
  replace?: boolean;
  progress?: (table: string, done: number, count: number, rows: number) => void;
}

/** Writes a tenant whole or not at all. @returns false when it was there; of several writers at once one writes. */
export async function writeTenant(ownerUrl: string, options: WriteOptions): Promise<boolean> {
  const { name, createdAt, tables, replace = false, progress = () => {} } = options;
  const tenantId = tenantIdOf(name);
  const client = new pg.Client({ connectionString: ownerUrl, application_name: "users-subgraph seed" });
  // A connection that breaks also fails the statement under way, which is where it is told.
  client.on("error", () => {});
  await client.connect();
  try {
    // The trigram index sorts what it has gathered before it grows: the more at once, the fewer pages are written twice.
    await client.query("BEGIN; SET LOCAL gin_pending_list_limit = '128MB'; SET LOCAL work_mem = '256MB'");
    if (replace) await deleteTenant(client, tenantId);
    const { rowCount } = await client.query(
      "INSERT INTO tenants (tenant_id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
      [tenantId, name, createdAt],
    );
    if (rowCount === 0) return false;
    for (const table of tables) await copy(client, tenantId, table, progress);
    await client.query("COMMIT");
    // Visible pages for index-only scans, statistics for the planner; not worth it for a handful of rows.
    const written = new Set(tables.map(({ entity }) => tableOf(entity).name.text));
    if (tables.some(({ count }) => count >= 1_000)) await client.query(`VACUUM (ANALYZE) ${[...written].join(", ")}`);
    return true;
  } finally {
    await client.end();
  }
}

/** One statement over every table that has a tenant: foreign keys are looked at when all of it is gone. */
async function deleteTenant(client: pg.Client, tenantId: string): Promise<void> {
  const { rows } = await client.query<{ table: string }>(`
    SELECT c.oid::regclass::text AS table FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attname = 'tenant_id' AND NOT a.attisdropped`);
  const deletes = rows.map(({ table }, index) => `d${index} AS (DELETE FROM ${table} WHERE tenant_id = $1)`);
  await client.query(`WITH ${deletes.join(", ")} SELECT`, [tenantId]);
}

async function copy(
  client: pg.Client,
  tenantId: string,
  table: TableRows,
  progress: NonNullable<WriteOptions["progress"]>,
) {
  const { name, columns, documents } = tableOf(table.entity);
  const first = complete(table).next().value;
  if (!first) return;
  const properties = Object.keys(first.row);
  const list = ["tenant_id", ...properties.map((property) => columns.get(property)!.text)];
  const print = (row: Row, property: string): string =>
    field(documents.has(property) ? JSON.stringify(row[property]) : (row[property] as Value));

  function* chunks(): Generator<string> {
    let [text, rows] = ["", 0];
    for (const { row, index } of complete(table)) {
      text += `${tenantId}\t${properties.map((property) => print(row, property)).join("\t")}\n`;
      rows++;
      if (text.length < 65_536) continue;
      yield text;
      text = "";
      progress(name.text, index, table.count, rows);
    }
    yield text;
    progress(name.text, table.count, table.count, rows);
  }
  await pipeline(Readable.from(chunks()), client.query(copyFrom(`COPY ${name.text} (${list.join(", ")}) FROM STDIN`)));
}

type Value = string | number | boolean | null | undefined | string[];
type Row = Record<string, unknown>;

function* complete({ entity, count, rows }: TableRows): Generator<{ row: Row; index: number }> {
  const { derive } = tableOf(entity);
  for (let index = 0; index < count; index++) {
    for (const row of rows(index)) yield { row: { ...row, ...derive?.(row) }, index };
  }
}

const ESCAPES: Record<string, string> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** A value as a field of COPY's text format. */
function field(value: Value): string {
  if (value === null || value === undefined) return "\\N";
  const text = Array.isArray(value) ? `{${value.map((item) => JSON.stringify(item)).join(",")}}` : String(value);
  return text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character]!);
}
