import { deepStrictEqual } from "node:assert/strict";
import type { BenchTenant } from "./tenant.js";
import type { WorkloadName } from "./workloads.js";

/** How a server answers, in the shape that all are compared in. */
export type Ask = (turn: number) => Promise<unknown>;

const CHECKED = 25;

/** All servers have to give the first one's data, or their speed is no matter. @throws what differs. */
export async function check(name: WorkloadName, inputs: number, [first, ...others]: Ask[]): Promise<void> {
  const checked = Math.min(CHECKED, inputs);
  for (let turn = 0; turn < checked; turn++) {
    const at = Math.floor((turn * inputs) / checked);
    const expected = comparable(await first!(at));
    for (const other of others) deepStrictEqual(comparable(await other(at)), expected, `${name}: the data disagree.`);
  }
}

/** Each server writes a user's first name and then the other: the second write of each leaves the same audit event. */
export async function checkAudit({ sql }: BenchTenant, inputs: number, asks: Ask[]): Promise<void> {
  await sql("TRUNCATE audit_events");
  for (const ask of asks) for (const turn of [0, inputs / 2]) await ask(turn);
  const events = await sql(
    `SELECT operation, actor_kind, actor_id, subject_id, target_type, target_id, changes FROM audit_events ORDER BY occurred_at`,
  );
  asks.forEach((_, index) => deepStrictEqual(events[2 * index + 1], events[1], "W7: the audit events disagree."));
}

/** Versions count the writes, and cursors carry the moment they were made. */
const comparable = (answer: unknown): unknown =>
  JSON.parse(JSON.stringify(answer), (key, value: unknown) => {
    if (key === "version") return undefined;
    return key === "endCursor" && typeof value === "string" ? placeOf(value) : value;
  });

const placeOf = (cursor: string): unknown => (JSON.parse(decode(cursor)) as unknown[]).slice(1, 4);

const decode = (cursor: string): string => Buffer.from(cursor, "base64url").toString();

/** Another place in the list of a cursor that the subgraph gave. */
export function cursorAt(given: string, value: string, id: string): string {
  const [list, segment, , , now] = JSON.parse(decode(given)) as unknown[];
  return Buffer.from(JSON.stringify([list, segment, value, id, now])).toString("base64url");
}
