import type { Write } from "./load.js";
import type { TestSmtp } from "../harness/smtp.js";
import type { Place, Tenant } from "./place.js";

/** What became of what was sent, by a look into the database. */
export interface Findings {
  acknowledged: number;
  /** Acknowledged, and not there as acknowledged. */
  lost: number;
  /** There more than once, or done more often than asked for. */
  duplicated: number;
  /** Whatever else does not agree, a line each. */
  problems: string[];
}

interface Row {
  guid: string;
  value: string;
}
interface Event {
  guid: string;
  requestId: string;
  operation: string;
  targetId: string;
  changes: { type: string; id: string; action: string; fields: Record<string, [unknown, unknown]> }[];
}

/**
 * Compares what callers sent and were told with what the tenant holds: everything acknowledged is there once, nothing is
 * there that nobody sent, each row has the audit event of its making, each event the request that made it, and what
 * belongs together is there together. Asked when nobody writes any more.
 */
export async function examine(
  { sql }: Pick<Place, "sql">,
  tenant: Tenant,
  writes: Write[],
  { messages }: Pick<TestSmtp, "messages">,
): Promise<Findings> {
  const problems: string[] = [];
  let [lost, duplicated] = [0, 0];
  const lose = (what: string): void => void (lost++, problems.push(`lost: ${what}`));
  const repeat = (what: string): void => void (duplicated++, problems.push(`twice: ${what}`));
  const own = <R extends object>(text: string): Promise<R[]> => sql<R & Record<string, unknown>>(text, [tenant.id]);

  const events = await own<Event>(
    `SELECT id AS guid, request_id AS "requestId", operation, target_id AS "targetId", changes
     FROM audit_events WHERE tenant_id = $1`,
  );
  const attempts = new Map(writes.flatMap((write) => write.attempts.map((one) => [one.requestId, { ...one, write }])));
  const eventOf = new Map<string, Event>();
  for (const event of events) {
    if (eventOf.has(event.requestId)) repeat(`the audit event of request ${event.requestId} (${event.operation})`);
    eventOf.set(event.requestId, event);
    const attempt = attempts.get(event.requestId);
    if (!attempt) problems.push(`an audit event of ${event.operation} names a request that nobody sent`);
    else if (attempt.outcome === "refused") problems.push(`${event.operation} was refused, and has an audit event`);
  }
  for (const [requestId, { outcome, write }] of attempts) {
    if (outcome === "acknowledged" && !eventOf.has(requestId)) lose(`the audit event of a ${write.kind}`);
  }
  for (const { kind, refusals, attempts: tries } of writes) {
    // Whoever has left, and was not told so, cannot leave again.
    const left = tries.length > 1 && refusals.join() === "NOT_A_MEMBER";
    if (refusals.length > 0 && !left) problems.push(`a ${kind} was refused: ${refusals.join()}`);
  }

  // What is made anew: a row for each value, with its guid as acknowledged, its event, and what belongs to it.
  const before = [tenant.administrator, ...tenant.clients, ...tenant.groups];
  const made: [Write["kind"], string, Row[]][] = [
    ["group", "UserGroup", await own<Row>("SELECT id AS guid, name AS value FROM user_groups WHERE tenant_id = $1")],
    ["form", "Form", await own<Row>("SELECT id AS guid, name AS value FROM forms WHERE tenant_id = $1")],
    ["invitation", "User", await own<Row>("SELECT id AS guid, contact_email AS value FROM users WHERE tenant_id = $1")],
  ];
  const creations = new Map<string, number>();
  for (const { type, id, action } of events.flatMap(({ changes }) => changes)) {
    if (action === "CREATE") creations.set(`${type} ${id}`, (creations.get(`${type} ${id}`) ?? 0) + 1);
  }
  for (const [kind, type, all] of made) {
    const rows = all.filter(({ guid }) => !before.includes(guid));
    const sent = new Map(writes.filter((write) => write.kind === kind).map((write) => [write.value, write]));
    const found = groupBy(rows, ({ value }) => value);
    for (const [value, same] of found) {
      if (!sent.has(value)) problems.push(`nobody sent the ${kind} ${value}`);
      for (let more = 1; more < same.length; more++) repeat(`the ${kind} ${value}`);
    }
    for (const { value, guid, attempts: tries } of sent.values()) {
      const acknowledged = tries.some(({ outcome }) => outcome === "acknowledged");
      if (acknowledged && !found.get(value)?.some((row) => row.guid === guid)) lose(`the ${kind} ${value}`);
    }
    for (const { guid } of rows) {
      const count = creations.get(`${type} ${guid}`) ?? 0;
      if (count !== 1) problems.push(`${count} audit events made the ${kind} ${guid}`);
      creations.delete(`${type} ${guid}`);
    }
    for (const name of creations.keys()) {
      if (name.startsWith(`${type} `)) lose(`${name}, which an audit event made`);
    }
  }

  // Renames of one user follow each other: each began with what the last one left.
  const users = await own<{ guid: string; surname: string; version: number }>(
    "SELECT id AS guid, surname, version FROM users WHERE tenant_id = $1",
  );
  const renames = events.filter(({ operation }) => operation === "updateUser");
  for (const guid of tenant.clients) {
    const user = users.find((one) => one.guid === guid)!;
    const surnames = renames
      .filter(({ targetId }) => targetId === guid)
      .map(({ changes }) => changes[0]!.fields.surname as [string, string]);
    if (user.version !== 1 + surnames.length) {
      problems.push(`a user of version ${user.version} was renamed ${surnames.length} times`);
    }
    const begun = new Set(surnames.map(([old]) => old));
    if (begun.size < surnames.length) lose("a rename, under another that did not see it");
    const last = surnames.filter(([, next]) => !begun.has(next)).map(([, next]) => next);
    if (surnames.length > 0 && (last.length !== 1 || last[0] !== user.surname)) lose(`the last rename of ${guid}`);
  }

  // Whoever joins and leaves by turns is where the last turn put them.
  const members = await own<{ name: string }>(
    "SELECT group_id || ' ' || user_id AS name FROM group_members WHERE tenant_id = $1",
  );
  const joined = new Set(members.map(({ name }) => name));
  const turns = writes.filter(({ kind }) => kind === "membership");
  for (const [name, each] of groupBy(turns, ({ about }) => `${about!.group} ${about!.user}`)) {
    const last = each.at(-1)!;
    const known = last.attempts.at(-1)?.outcome !== "unknown";
    if (known && joined.has(name) !== last.about!.joins) lose("a membership that was given or ended");
  }

  // A mail may come a second time after a crash, under the id that tells its receiver so.
  const mails = await own<{ email: string; status: string }>(
    `SELECT u.contact_email AS email, d.status FROM mail_deliveries d
     JOIN invitations i ON i.tenant_id = d.tenant_id AND i.id = d.subject_id
     JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id WHERE d.tenant_id = $1`,
  );
  // Looked at afterwards: the worker goes on sending.
  const letters = groupBy(messages, ({ envelope }) => envelope.to[0]!);
  for (const { email, status } of mails) {
    const copies = letters.get(email) ?? [];
    if (status === "SENT" && copies.length === 0) lose(`the mail to ${email}`);
    if (new Set(copies.map(({ mail }) => mail.messageId)).size > 1) repeat(`the mail to ${email}, as another one`);
  }

  for (const [rule, text] of Object.entries(INVARIANTS)) {
    const broken = await own(text);
    if (broken.length > 0) problems.push(`${broken.length} times not so: ${rule}`);
  }
  const acknowledged = writes.filter((write) => write.attempts.some(({ outcome }) => outcome === "acknowledged"));
  return { acknowledged: acknowledged.length, lost, duplicated, problems };
}

/** What holds at any time, each with a query for what breaks it. */
const INVARIANTS: Record<string, string> = {
  "a group counts its members": `SELECT FROM user_groups g WHERE tenant_id = $1 AND member_count <> (
    SELECT count(*) FROM group_members m WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id)`,
  "a group that was made has the two members that it was made with": `SELECT FROM user_groups g
    WHERE tenant_id = $1 AND name LIKE 'Group %' AND 2 <> (
      SELECT count(*) FROM group_members m WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id)`,
  "a membership has its group and its user": `SELECT FROM group_members m WHERE tenant_id = $1 AND NOT (
    EXISTS (SELECT FROM user_groups g WHERE g.tenant_id = m.tenant_id AND g.id = m.group_id)
    AND EXISTS (SELECT FROM users u WHERE u.tenant_id = m.tenant_id AND u.id = m.user_id))`,
  "a form has its revision": `SELECT FROM forms f WHERE tenant_id = $1 AND NOT EXISTS (
    SELECT FROM form_revisions r WHERE r.tenant_id = f.tenant_id AND r.form_id = f.id AND r.id = f.revision_id)`,
  "whoever was invited has one invitation": `SELECT FROM users u WHERE tenant_id = $1 AND status = 'INVITED' AND 1 <> (
    SELECT count(*) FROM invitations i WHERE i.tenant_id = u.tenant_id AND i.user_id = u.id AND i.status = 'INVITED')`,
  "an invitation has one mail": `SELECT FROM invitations i WHERE tenant_id = $1 AND 1 <> (
    SELECT count(*) FROM mail_deliveries d WHERE d.tenant_id = i.tenant_id AND d.subject_id = i.id)`,
  "a mail is sent or will be": "SELECT FROM mail_deliveries WHERE tenant_id = $1 AND status NOT IN ('SENT', 'QUEUED')",
  "a key has its result": "SELECT FROM idempotency_keys WHERE tenant_id = $1 AND result IS NULL",
};

function groupBy<T>(all: Iterable<T>, keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}
