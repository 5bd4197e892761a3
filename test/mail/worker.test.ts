import { Writable } from "node:stream";
import pino from "pino";
import { v7 as uuidv7 } from "uuid";
import { dataSource, poolOf } from "../../src/database/index.js";
import { type Context, Secrets, ticket } from "../../src/kit/index.js";
import {
  type Composer,
  type MailDelivery,
  type MailWorkerOptions,
  queueMails,
  smtpTransport,
  startMailWorker,
} from "../../src/mail/index.js";
import { TenantDb } from "../../src/kit/index.js";
import { entities } from "../../src/schema.js";
import { harness, SECRET, type TestTenant } from "../harness/index.js";
import { smtpServer, until } from "../harness/smtp.js";

const { tenant, database } = await harness();
const smtp = await smtpServer();
const source = dataSource({ url: database.appUrl, entities, poolMax: 8 });
await source.initialize();
const pool = poolOf(source);

const FROM = { name: "The Platform", address: "no-reply@platform.example" };
const TOKEN = ticket(uuidv7());
const logged: string[] = [];
const log = pino(new Writable({ write: (chunk: Buffer, _, done) => (logged.push(chunk.toString()), done()) }));

const addressOf = ({ subjectId }: Pick<MailDelivery, "subjectId">): string => `${subjectId}@example.com`;

const letter: Composer = async (mail, { tenant: { name }, invitationUrl }) => ({
  to: addressOf(mail),
  subject: `Welcome to ${name}`,
  paragraphs: ["Grüße aus Köln"],
  action: { label: "Accept", url: invitationUrl(TOKEN) },
});

const workers: ReturnType<typeof startMailWorker>[] = [];
function work(options: Partial<MailWorkerOptions> = {}) {
  const worker = startMailWorker({
    runner: pool,
    composers: { LETTER: letter, UNWANTED: async () => null },
    transport: smtpTransport(smtp.url),
    from: FROM,
    invitationUrl: (token) => `https://platform.example/accept?token=${token}`,
    secrets: new Secrets([SECRET]),
    log,
    pollMilliseconds: 20,
    ...options,
  });
  workers.push(worker);
  return worker;
}

afterEach(async () => {
  smtp.refuse(null);
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
});
afterAll(() => source.destroy());

interface Row {
  id: string;
  subject_id: string;
  status: string;
  attempts: number;
  message_id: string | null;
  failure: string | null;
  sent_at: string | null;
  waits: boolean;
}

/** Mails of a tenant of its own, promised as a write promises them. */
async function queued({ count = 1, kind = "LETTER", name = "Acme Capital" } = {}) {
  const here: TestTenant = await tenant();
  await database.sql("UPDATE tenants SET name = $2 WHERE tenant_id = $1", [here.id, name]);
  const subjects = Array.from({ length: count }, () => uuidv7());
  const db = new TenantDb(here.id, pool);
  await db.transaction((inside) => queueMails({ db: inside } as Context, kind, subjects));
  const rows = (): Promise<Row[]> =>
    database.sql<Row>("SELECT *, due_at > now() AS waits FROM mail_deliveries WHERE tenant_id = $1 ORDER BY id", [
      here.id,
    ]);
  return {
    here,
    subjects,
    to: addressOf({ subjectId: subjects[0]! }),
    rows,
    /** The first of them, once it meets this. */
    when: (test: (row: Row) => boolean): Promise<Row> => until(async () => (await rows()).find(test)),
    due: () => database.sql("UPDATE mail_deliveries SET due_at = now() WHERE tenant_id = $1", [here.id]),
    received: () =>
      smtp.messages.filter(({ envelope }) => subjects.some((subjectId) => envelope.to[0] === addressOf({ subjectId }))),
  };
}

test("a mail goes out once, as text and HTML with the tenant's name, and is SENT", async () => {
  const { to, when, received } = await queued();
  const outcomes: string[] = [];
  work({ observe: ({ status }) => outcomes.push(status) });
  const { mail, envelope, source: wire } = await smtp.mailTo(to);
  const row = await when(({ status }) => status === "SENT");
  expect(row).toMatchObject({ attempts: 1, failure: null, sent_at: expect.any(String) });
  expect(envelope).toEqual({ from: FROM.address, to: [to] });
  expect(mail).toMatchObject({ subject: "Welcome to Acme Capital", messageId: row.message_id, from: FROM });
  expect(mail.to).toEqual([{ name: "", address: to }]);
  for (const body of [mail.text!, mail.html!]) {
    expect(body).toContain("Acme Capital");
    expect(body).toContain("Grüße aus Köln");
    expect(body).toContain(`https://platform.example/accept?token=${TOKEN}`);
  }
  expect(row.message_id).toBe(`<${row.id}@platform.example>`);
  expect(wire).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  expect(wire).not.toContain("base64");
  expect(received()).toHaveLength(1);
  expect(outcomes).toEqual(["SENT"]);
});

test("a body that is no Latin letter is not hidden in base64, where a refusal could not be read", async () => {
  const { to } = await queued({ name: "Кириллица 株式会社" });
  work();
  const { mail, source: wire } = await smtp.mailTo(to);
  expect(mail.subject).toBe("Welcome to Кириллица 株式会社");
  expect(mail.text).toContain("Кириллица 株式会社");
  expect(wire).not.toContain("Content-Transfer-Encoding: base64");
});

test.each(["Acme\r\nBcc: evil@example.com", "Acme\nX-Evil: 1\n\nbody", 'Acme" <evil@example.com>, "'])(
  "a tenant named %j adds no header and no receiver",
  async (name) => {
    const { to } = await queued({ name });
    work();
    const { mail, envelope } = await smtp.mailTo(to);
    expect(envelope.to).toEqual([to]);
    expect(mail.headers.map(({ key }) => key).toSorted()).toEqual([
      "auto-submitted",
      "content-type",
      "date",
      "from",
      "message-id",
      "mime-version",
      "subject",
      "to",
      "x-auto-response-suppress",
    ]);
    expect(mail.subject).toBe(`Welcome to ${name.replace(/\s+/g, " ")}`);
  },
);

test.each(["ida@example.com\r\nBcc: evil@example.com", "ida@example.com, evil@example.com", "ida", ""])(
  "%j is no receiver: the mail is given up",
  async (to) => {
    const { when } = await queued();
    work({ composers: { LETTER: async () => ({ to, subject: "x", paragraphs: [] }) } });
    const row = await when(({ status }) => status === "FAILED");
    expect(row.failure).toBe("This is no address that mail can be sent to.");
  },
);

test("two workers at once send each of 50 mails once", async () => {
  const { rows, received, subjects } = await queued({ count: 50 });
  work();
  work();
  const all = await until(async () => {
    const now = await rows();
    return now.every(({ status }) => status === "SENT") ? now : null;
  });
  expect(all.map(({ attempts }) => attempts)).toEqual(subjects.map(() => 1));
  expect(received().map(({ envelope }) => envelope.to[0])).toHaveLength(50);
  expect(new Set(received().map(({ mail }) => mail.messageId)).size).toBe(50);
});

test("a mail refused for now is tried later, with the Message-ID it had", async () => {
  const { to, when, due } = await queued();
  smtp.refuse({ code: 451, text: "4.7.1 greylisted" });
  work();
  const waiting = await when(({ failure }) => failure !== null);
  expect(waiting).toMatchObject({ status: "QUEUED", attempts: 1, waits: true });
  expect(waiting.failure).toContain("451 4.7.1 greylisted");
  const first = smtp.refused.find(({ envelope }) => envelope.to[0] === to)!;
  smtp.refuse(null);
  await due();
  const second = await smtp.mailTo(to);
  expect(await when(({ status }) => status === "SENT")).toMatchObject({ attempts: 2, failure: null });
  expect(second.mail.messageId).toBe(first.mail.messageId);
  expect(second.mail.messageId).toBe(waiting.message_id);
});

test.each([
  { at: "recipient", code: 550, text: "5.1.1 no such user" },
  { at: "data", code: 554, text: "5.6.0 unwanted" },
  { at: "data", code: 550, text: "what cannot\0be stored", told: "what cannot be stored" },
] as { at: "recipient" | "data"; code: number; text: string; told?: string }[])(
  "a $at refused for good is FAILED at once and not tried again",
  async ({ at, code, text, told = text }) => {
    const { when } = await queued();
    smtp.refuse({ at, code, text });
    work();
    const row = await when(({ status }) => status === "FAILED");
    expect(row).toMatchObject({ attempts: 1, sent_at: null, failure: `${code} ${told}` });
  },
);

test.each([
  { at: "sender", code: 553, text: "you may not send as this" },
  { at: "recipient", code: 530, text: "authentication required" },
] as const)(
  "what the server has against us ($code) is no reason to give a mail up, and is not told",
  async (refusal) => {
    const { when } = await queued();
    smtp.refuse(refusal);
    work();
    const row = await when(({ failure }) => failure !== null);
    expect(row).toMatchObject({ status: "QUEUED", attempts: 1, waits: true });
    expect(row.failure).toBe("The mail server could not be used (EENVELOPE).");
  },
);

test("a mail server that is not there is waited for", async () => {
  const { to, when, due } = await queued();
  const worker = work({ transport: smtpTransport("smtp://127.0.0.1:1") });
  const row = await when(({ failure }) => failure !== null);
  expect(row).toMatchObject({ status: "QUEUED", attempts: 1, waits: true });
  expect(row.failure).toBe("The mail server could not be used (ESOCKET).");
  await worker.stop();
  await due();
  work();
  expect((await smtp.mailTo(to)).mail.messageId).toBe(row.message_id);
});

test("a mail server that offers no STARTTLS is not used where it is demanded", async () => {
  const { when } = await queued();
  work({ transport: smtpTransport(`${smtp.url}?requireTLS=true`) });
  const { failure } = await when((row) => row.failure !== null);
  expect(failure).toBe("The mail server could not be used (ETLS: it offers no STARTTLS).");
});

test("a mail is given up after twelve attempts", async () => {
  const { here, when, due } = await queued();
  await database.sql("UPDATE mail_deliveries SET attempts = 11 WHERE tenant_id = $1", [here.id]);
  smtp.refuse({ code: 451 });
  await due();
  work();
  expect(await when(({ status }) => status === "FAILED")).toMatchObject({ attempts: 12 });
});

test("a mail whose senders died over it again and again is given up without another attempt", async () => {
  const { here, when, received } = await queued();
  await database.sql("UPDATE mail_deliveries SET attempts = 12 WHERE tenant_id = $1", [here.id]);
  work();
  expect((await when(({ status }) => status === "FAILED")).failure).toBe("No attempt at it was ever finished.");
  expect(received()).toEqual([]);
});

test("a mail that is no longer wanted is CANCELLED", async () => {
  const { when, received } = await queued({ kind: "UNWANTED" });
  work();
  expect(await when(({ status }) => status === "CANCELLED")).toMatchObject({ attempts: 1, sent_at: null });
  expect(received()).toEqual([]);
});

test("a mail that nobody can write is tried again and does not keep others from going out", async () => {
  const { when } = await queued({ kind: "UNKNOWN" });
  const other = await queued();
  work();
  const row = await when(({ failure }) => failure !== null);
  expect(row).toMatchObject({ status: "QUEUED", waits: true, failure: "The mail could not be written." });
  await smtp.mailTo(other.to);
});

test("a mail whose worker died after taking it goes out when its lease is over, with the Message-ID it was given", async () => {
  const { to, when, due } = await queued();
  const dying = smtp.hold();
  const dead = work();
  await dying.arrived;
  const taken = await when(({ attempts }) => attempts === 1);
  expect(taken).toMatchObject({ status: "QUEUED", waits: true, message_id: expect.stringContaining("@") });
  await due(); // the lease is over, and nothing was heard of that worker
  work();
  await when(({ attempts }) => attempts === 2);
  dying.release();
  await dead.stop();
  expect(await when(({ status }) => status === "SENT")).toMatchObject({ attempts: 2, message_id: taken.message_id });
  const ids = smtp.messages.filter(({ envelope }) => envelope.to[0] === to).map(({ mail }) => mail.messageId);
  expect([...new Set(ids)]).toEqual([taken.message_id]);
});

test("while a lease lives nobody else takes the mail", async () => {
  const { when, received } = await queued();
  const held = smtp.hold();
  work();
  work();
  await held.arrived;
  const other = await queued();
  await other.when(({ attempts }) => attempts === 1); // both have looked again
  expect(await when(() => true)).toMatchObject({ attempts: 1, waits: true });
  held.release();
  await when(({ status }) => status === "SENT");
  expect(received()).toHaveLength(1);
});

test("a refusal that repeats the mail leaves no token in the database or the log", async () => {
  const { when, to } = await queued();
  smtp.refuse({ code: 554, text: "5.6.0 spam: {source}" });
  work();
  const row = await when(({ status }) => status === "FAILED");
  expect(smtp.refused.find(({ envelope }) => envelope.to[0] === to)!.mail.text).toContain(TOKEN);
  expect(row.failure).toMatch(/^554[ -].*spam/);
  expect(row.failure!.length).toBeLessThanOrEqual(300);
  for (const refusal of [`5.6.0 ${TOKEN}`, `5.6.0 https://platform.example/accept?token=3D${TOKEN.slice(0, 30)}`]) {
    const again = await queued();
    smtp.refuse({ code: 554, text: refusal });
    expect((await again.when(({ status }) => status === "FAILED")).failure).toMatch(/^554 5\.6\.0 .*…$/);
  }
  const stretches = Array.from({ length: TOKEN.length - 12 }, (_, at) => TOKEN.slice(at, at + 12));
  const kept = JSON.stringify(await database.sql("SELECT * FROM mail_deliveries")) + logged.join("");
  expect(kept).toContain("a mail is given up");
  expect(stretches.filter((stretch) => kept.includes(stretch))).toEqual([]);
});

test("stop lets the mail under way finish and takes no other", async () => {
  const { when } = await queued();
  const held = smtp.hold();
  const worker = work();
  await held.arrived;
  let stopped = false;
  const stopping = worker.stop().then(() => (stopped = true));
  const later = await queued();
  expect(stopped).toBe(false);
  held.release();
  await stopping;
  expect((await when(() => true)).status).toBe("SENT");
  expect((await later.rows()).map(({ attempts }) => attempts)).toEqual([0]);
});

test("a mail server that takes a connection and says nothing is left before the lease ends", async () => {
  const { when } = await queued();
  const held = smtp.hold();
  work({ leaseMilliseconds: 2_000 });
  await held.arrived;
  const row = await when(({ failure }) => failure !== null);
  expect(row).toMatchObject({ status: "QUEUED", attempts: 1, waits: true });
  expect(row.failure).toBe("The mail server could not be used (EABORT).");
  held.release();
});

test("stop does not wait for ever: the mail is given back", async () => {
  const { when } = await queued();
  const held = smtp.hold();
  const worker = work();
  await held.arrived;
  await worker.stop();
  expect(await when(() => true)).toMatchObject({ status: "QUEUED", attempts: 1, waits: true });
  held.release();
});

test("the database may go away and come back", async () => {
  const { here, to } = await queued();
  await database.sql("UPDATE mail_deliveries SET due_at = now() + interval '1 hour' WHERE tenant_id = $1", [here.id]);
  const before = logged.length;
  const said = (text: string): string | undefined => logged.slice(before).find((line) => line.includes(text));
  await database.sql("REVOKE SELECT ON due_mails FROM users_app");
  work();
  await until(() => said("waits for the database"));
  await database.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'users_app' AND datname = current_database()",
  );
  await database.sql("GRANT SELECT ON due_mails TO users_app");
  await until(() => said("reaches the database again"));
  expect(logged.slice(before).filter((line) => line.includes("waits for the database"))).toHaveLength(1);
  await database.sql("UPDATE mail_deliveries SET due_at = now() WHERE tenant_id = $1", [here.id]);
  await smtp.mailTo(to);
});

test("another tenant sees no mail; a worker without a tenant sees ids of due mails and nothing else", async () => {
  const { here, rows } = await queued();
  const other = await tenant();
  const mails = `SELECT id FROM mail_deliveries`;
  const seen = async (tenantId: string): Promise<number> =>
    (await pool.run(tenantId, { text: mails, values: [], prepare: false })).length;
  expect([await seen(here.id), await seen(other.id), (await pool.query(mails)).rows.length]).toEqual([1, 0, 0]);
  const { fields, rows: due } = await pool.query("SELECT * FROM due_mails WHERE tenant_id = $1", [here.id]);
  expect(fields.map(({ name }) => name)).toEqual(["tenant_id", "id", "due_at"]);
  expect(due).toHaveLength(1);
  await expect(pool.query("DELETE FROM due_mails")).rejects.toThrow("permission denied");
  expect((await rows())[0]).toMatchObject({ status: "QUEUED", attempts: 0 });
});

test("looking for due mails costs an index and not the table", async () => {
  const client = await pool.take("");
  await client.query("SET enable_seqscan = off");
  const { rows } = await client.query<{ "QUERY PLAN": string }>(
    "EXPLAIN SELECT tenant_id, id FROM due_mails WHERE due_at <= now() ORDER BY due_at LIMIT 20",
  );
  client.release(true);
  const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
  expect(plan).toContain("Index Scan using mail_deliveries_due");
  expect(plan).not.toContain("Sort");
});
