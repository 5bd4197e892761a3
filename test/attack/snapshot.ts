import type { Harness } from "../harness/index.js";

/** The rows of one tenant as they were, to compare with and to go back to. */
export interface Snapshot {
  /** The tables that hold something else now. */
  changed: () => Promise<string[]>;
  /** Puts everything back; the tables that had changed. */
  restore: () => Promise<string[]>;
}

let taken = 0;

/** As the superuser, and with triggers of foreign keys off: what is put back is what was there. */
export async function snapshotOf({ database }: Harness, tenantId: string): Promise<Snapshot> {
  const tables = await database.tenantTables();
  const schema = `snapshot_${++taken}`;
  const copies = tables.map(
    (table) => `CREATE TABLE ${schema}.${table} AS SELECT * FROM ${table} WHERE tenant_id = '${tenantId}'`,
  );
  await database.sql(`CREATE SCHEMA ${schema}; ${copies.join("; ")}`);
  const digests = tables.map(
    (table) => `SELECT '${table}' AS name, md5(string_agg(t::text, '|' ORDER BY t::text)) AS digest
      FROM ${table} t WHERE tenant_id = '${tenantId}'`,
  );
  const digest = digests.join(" UNION ALL ");
  const before = new Map((await digestsOf()).map((row) => [row.name, row.digest]));

  function digestsOf(): Promise<{ name: string; digest: string | null }[]> {
    return database.sql(digest);
  }
  async function changed(): Promise<string[]> {
    const now = await digestsOf();
    return now.filter((row) => row.digest !== before.get(row.name)).map((row) => row.name);
  }
  return {
    changed,
    async restore() {
      const names = await changed();
      if (names.length === 0) return names;
      const again = names.map(
        (table) =>
          `DELETE FROM ${table} WHERE tenant_id = '${tenantId}'; INSERT INTO ${table} SELECT * FROM ${schema}.${table}`,
      );
      await database.sql(`BEGIN; SET LOCAL session_replication_role = replica; ${again.join("; ")}; COMMIT`);
      return names;
    },
  };
}
