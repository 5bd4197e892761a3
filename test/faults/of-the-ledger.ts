import { setTimeout as sleep } from "node:timers/promises";
import { examine } from "./ledger.js";
import { load } from "./load.js";
import type { Place } from "./place.js";
import { type Fault, outcomeOf } from "./stage.js";

/** One of those that a row was made from, as a row of its own. */
const copied = (table: string): string =>
  `INSERT INTO ${table} SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid()))).*
   FROM ${table} r WHERE tenant_id = $1 AND id = (SELECT max(id::text)::uuid FROM ${table} WHERE tenant_id = $1)`;
const last = (table: string, where = "true"): string =>
  `tenant_id = $1 AND id = (SELECT max(id::text)::uuid FROM ${table} WHERE tenant_id = $1 AND ${where})`;

/** What a fault might leave behind, done by hand. */
const TAMPERED: Record<string, string[]> = {
  "a form is gone": [`DELETE FROM forms WHERE ${last("forms")}`],
  "a form is there twice": [copied("forms")],
  "a group is there that nobody asked for": [
    "INSERT INTO user_groups (tenant_id, id, name, name_norm) VALUES ($1, gen_random_uuid(), 'Mine', 'mine')",
  ],
  "a group lacks a member": [
    `DELETE FROM group_members WHERE tenant_id = $1 AND (group_id, user_id) = (SELECT group_id, user_id
     FROM group_members JOIN user_groups g USING (tenant_id) WHERE tenant_id = $1 AND g.id = group_id
     AND g.name LIKE 'Group %' LIMIT 1)`,
  ],
  "an audit event is gone": [`DELETE FROM audit_events WHERE ${last("audit_events")}`],
  "an audit event is there twice": [copied("audit_events")],
  "a rename is undone": [
    `UPDATE users SET surname = 'Client' WHERE tenant_id = $1 AND version = (SELECT max(version) FROM users WHERE tenant_id = $1)`,
  ],
  "a version is counted twice": [`UPDATE users SET version = version + 1 WHERE ${last("users", "version > 1")}`],
  "a mail is forgotten": [`DELETE FROM mail_deliveries WHERE ${last("mail_deliveries")}`],
  "an invitation is there twice": [
    "DROP INDEX invitations_open",
    "DROP INDEX invitations_token",
    copied("invitations"),
  ],
  "somebody is in a group that they have left, or out of it": [
    `DELETE FROM group_members m USING user_groups g WHERE m.tenant_id = $1 AND g.tenant_id = $1 AND g.id = m.group_id AND g.name LIKE 'Before %'`,
  ],
  "a key has no result": ["UPDATE idempotency_keys SET result = NULL WHERE tenant_id = $1"],
};

/** Changes all of a transaction that is not kept. */
export const ledgerItself: Fault = {
  name: "ledger",
  title: "None, and then what a fault might leave behind, done by hand: the ledger finds each",
  repeats: 1,
  run: async ({ place, servers, smtp }, repeats) => {
    const outcome = outcomeOf(repeats);
    const server = await servers.start(place.appUrl);
    const tenant = await place.tenant();
    const { seen, writes, stop } = load(server.url, tenant, 16);
    await sleep(3_000);
    await stop();
    await server.kill();
    outcome.requests = seen.length;
    const clean = await examine(place, tenant, writes, smtp);
    Object.assign(outcome, clean);
    if (seen.some(({ error }) => error)) outcome.problems.push("something failed without a fault");
    const client = await place.connect();
    const inside: Pick<Place, "sql"> = {
      sql: async (text, values) => (await client.query(text, values)).rows as never,
    };
    let found = 0;
    try {
      for (const [what, statements] of Object.entries(TAMPERED)) {
        // Without foreign keys, which would keep it from happening.
        await client.query("BEGIN; SET LOCAL session_replication_role = replica");
        for (const statement of statements) {
          await client.query(statement, statement.includes("$1") ? [tenant.id] : []);
        }
        const { lost, duplicated, problems } = await examine(inside, tenant, writes, smtp);
        await client.query("ROLLBACK");
        if (lost + duplicated + problems.length > 0) found++;
        else outcome.problems.push(`the ledger does not find that ${what}`);
      }
    } finally {
      client.release(true);
    }
    outcome.figures.set(`states found, of ${Object.keys(TAMPERED).length}`, [found]);
    return outcome;
  },
};
