import { exportJWK } from "jose";
import { AUDIENCE, harness, ISSUER, operations, SECRET, SESSION_ISSUER, type TestTenant } from "../harness/index.js";
import { graphql, MAIL_WORKER, MAIN, processes, type Started } from "../harness/process.js";
import { linkIn, smtpServer, until } from "../harness/smtp.js";

const { start, killAll } = await processes();
const { tenant, anonymous, keys, database } = await harness();
const smtp = await smtpServer();

const DEPLOYMENT = {
  DATABASE_URL: `${database.appUrl}?application_name=crash-test`,
  TOKEN_PUBLIC_KEY: JSON.stringify({ ...(await exportJWK(keys.publicKey)), alg: "ES256", kid: "test" }),
  TOKEN_ISSUER: ISSUER,
  TOKEN_AUDIENCE: AUDIENCE,
  SESSION_ISSUER,
  SECRET_KEY: SECRET,
  SMTP_URL: smtp.url,
  MAIL_FROM: "The Platform <no-reply@platform.example>",
  INVITATION_URL: "https://platform.example/accept#{token}",
};

afterEach(killAll);

/** Resolves when the server has answered that it is done. */
async function invite(server: Started, { admin }: TestTenant, email: string): Promise<void> {
  const input = { email, type: "INVESTOR" };
  const { data } = await graphql(await server.url(), admin.token, operations.InviteUser!, { input });
  expect(data.inviteUser.errors).toEqual([]);
}

/** kill -9, and the wait until PostgreSQL is through with what the process had sent it. */
async function kill(sender: Started): Promise<void> {
  await sender.kill();
  const sessions =
    "SELECT FROM pg_stat_activity WHERE application_name = 'crash-test' AND datname = current_database()";
  await until(async () => (await database.sql(sessions)).length === 0);
}

interface Mail {
  to: string;
  status: string;
  attempts: number;
  message_id: string | null;
  leased: boolean;
}

/** The promised mails of a tenant and the addresses that they are for. */
const mailsOf = ({ id }: TestTenant): Promise<Mail[]> =>
  database.sql<Mail>(
    `SELECT u.contact_email AS "to", m.status, m.attempts, m.message_id, m.due_at > now() AS leased FROM mail_deliveries m
      JOIN invitations i ON i.tenant_id = m.tenant_id AND i.mail_id = m.id
      JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.user_id WHERE m.tenant_id = $1 ORDER BY 1`,
    [id],
  );

/** The same, once all of them are sent. */
const sent = (here: TestTenant): Promise<Mail[]> =>
  until(async () => {
    const mails = await mailsOf(here);
    return mails.every(({ status }) => status === "SENT") ? mails : null;
  });

const endLeases = ({ id }: TestTenant): Promise<unknown> =>
  database.sql("UPDATE mail_deliveries SET due_at = now() WHERE tenant_id = $1 AND status = 'QUEUED'", [id]);

/** Every copy of a mail that the mail server was given, also by those who did not live to hear its answer. */
const copiesTo = (email: string) =>
  smtp.messages.filter(({ envelope }) => envelope.to.includes(email)).map(({ mail }) => mail);

const tokenIn = (link: string): string => new URL(link).hash.slice(1);

const accept = async (token: string): Promise<Record<string, any>> =>
  (await anonymous.ask(operations.AcceptInvitation!, { input: { token } })).acceptInvitation;

test("a mail over which its senders are killed goes out in the end, and each copy is the same mail", async () => {
  const here = await tenant();
  const email = "killed.over@example.com";
  let held = smtp.hold();
  let sender = start(DEPLOYMENT);
  await invite(sender, here, email);
  for (const [attempts, next] of [
    [1, MAIN],
    [2, MAIL_WORKER],
    [3, MAIL_WORKER],
  ] as const) {
    await held.arrived;
    await kill(sender);
    expect(await mailsOf(here)).toMatchObject([{ status: "QUEUED", attempts, leased: true }]);
    held.release();
    held = smtp.hold();
    await endLeases(here);
    sender = start(DEPLOYMENT, next);
  }
  await held.arrived;
  held.release();
  const [mail] = await sent(here);
  const copies = copiesTo(email);
  expect(copies).toHaveLength(4);
  expect([...new Set(copies.map(({ messageId }) => messageId))]).toEqual([mail!.message_id]);
  const [link, ...others] = new Set(copies.map(linkIn));
  expect(others).toEqual([]);
  expect(await accept(tokenIn(link!))).toMatchObject({ errors: [], user: { contactEmail: email, status: "ACTIVE" } });
}, 120_000);

test.each([
  ["server", MAIN],
  ["worker", MAIL_WORKER],
])(
  "a mail that nobody had tried to send when the server was killed is sent once by the next %s",
  async (name, program) => {
    const here = await tenant();
    const email = `untried.${name}@example.com`;
    const server = start({ ...DEPLOYMENT, MAIL_WORKER: "false" });
    await invite(server, here, email);
    await kill(server);
    expect(await mailsOf(here)).toMatchObject([{ status: "QUEUED", attempts: 0, message_id: null, leased: false }]);
    start(DEPLOYMENT, program);
    const { mail } = await smtp.mailTo(email);
    expect(await sent(here)).toMatchObject([{ attempts: 1, message_id: mail.messageId }]);
    expect(copiesTo(email)).toHaveLength(1);
    expect((await accept(tokenIn(linkIn(mail)))).errors).toEqual([]);
  },
  60_000,
);

test("a server killed while it takes invitations keeps those it answered, and mails are for those it kept alone", async () => {
  const here = await tenant();
  const server = start(DEPLOYMENT);
  await server.url();
  const answered: string[] = [];
  const asked = Array.from({ length: 40 }, async (_, index) => {
    const email = `asked.${index}@example.com`;
    await invite(server, here, email);
    answered.push(email);
    if (answered.length === 5) server.child.kill("SIGKILL");
  });
  await Promise.allSettled(asked);
  await kill(server);
  await endLeases(here);
  start(DEPLOYMENT, MAIL_WORKER);
  const kept = await sent(here);
  expect(kept.map(({ to }) => to)).toEqual(expect.arrayContaining(answered));
  const invited = await database.sql("SELECT FROM invitations WHERE tenant_id = $1", [here.id]);
  expect(invited).toHaveLength(kept.length);
  const mailed = smtp.messages.filter(({ envelope }) => envelope.to[0]!.startsWith("asked."));
  const receivers = [...new Set(mailed.map(({ envelope }) => envelope.to[0]!))];
  expect(receivers.toSorted()).toEqual(kept.map(({ to }) => to).toSorted());
  for (const { to, message_id } of kept) {
    expect([...new Set(copiesTo(to).map(({ messageId }) => messageId))]).toEqual([message_id]);
  }
}, 60_000);

test("two workers and a server send 20 mails exactly once each", async () => {
  const here = await tenant();
  const [server, ...workers] = [
    start(DEPLOYMENT),
    start(DEPLOYMENT, MAIL_WORKER),
    start(DEPLOYMENT, MAIL_WORKER),
  ] as const;
  for (const worker of workers) await worker.says("sending mails");
  const held = smtp.hold();
  const emails = Array.from({ length: 20 }, (_, index) => `one.of.${index + 10}@example.com`);
  await Promise.all(emails.map((email) => invite(server, here, email)));
  // Each has at most five in hand at a time: it takes all three of them to have these.
  await until(async () => (await mailsOf(here)).filter(({ attempts }) => attempts === 1).length === 15);
  held.release();
  expect((await sent(here)).map(({ to, attempts }) => [to, attempts])).toEqual(emails.map((email) => [email, 1]));
  const copies = emails.flatMap(copiesTo);
  expect(copies).toHaveLength(20);
  expect(new Set(copies.map(({ messageId }) => messageId)).size).toBe(20);
  expect(new Set(copies.map(linkIn)).size).toBe(20);
}, 60_000);
