import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { type Tenant, tenantOf } from "../access/index.js";
import { isEmailAddress, type Secrets, selectList, sql, type SqlRunner, TenantDb } from "../kit/index.js";
import { layOut, type Letter } from "./letter.js";
import { MailDelivery, MailStatus } from "./mail-delivery.js";
import { scrub } from "./scrub.js";
import { type Mailbox, type Transport, Undelivered } from "./transport.js";

/** What a composer writes with: everything is of the mail's tenant. */
export interface Desk {
  db: TenantDb;
  tenant: Tenant;
  secrets: Secrets;
  now: Date;
  /** The address that the holder of this token opens. */
  invitationUrl: (token: string) => string;
}

/** Writes the letter of a mail when its turn has come; null when it is no longer wanted. */
export type Composer = (mail: MailDelivery, desk: Desk) => Promise<Letter | null>;

/** The tenant pool: its own `query` belongs to no tenant, and sees only ids of mails that are due. */
interface MailDatabase extends SqlRunner {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>;
}

/** How an attempt ended; a QUEUED mail is tried again. */
export interface MailOutcome {
  status: MailStatus;
  failure?: string;
}

export interface MailWorkerOptions {
  runner: MailDatabase;
  /** The composer of each kind of mail. */
  composers: Record<string, Composer>;
  transport: Transport;
  from: Mailbox;
  invitationUrl: (token: string) => string;
  secrets: Secrets;
  log: Logger;
  /** How often to look for mails that are due. */
  pollMilliseconds?: number;
  /** For how long a mail belongs to the worker that took it; then it is anybody's again. */
  leaseMilliseconds?: number;
  /** Hears how each attempt ended that began then, for metrics and traces. */
  observe?: (outcome: MailOutcome, mail: MailDelivery, start: number) => void;
}

export interface MailWorker {
  /** Takes no further mail and lets those under way finish, for a while. */
  stop(): Promise<void>;
}

const AT_ONCE = 5;
const BATCH = 20;
const MAX_ATTEMPTS = 12;
const FIRST_PAUSE = 10_000;
const LONGEST_PAUSE = 3_600_000;
const STOP_MILLISECONDS = 5_000;
const MAX_FAILURE = 300;

/**
 * Sends the mails that transactions have promised: each at least once, and once only as long as a worker that has taken
 * it lives to write down that it was sent. Any number of workers may run at once.
 */
export function startMailWorker(options: MailWorkerOptions): MailWorker {
  const { runner, log, pollMilliseconds = 1_000, leaseMilliseconds = 120_000 } = options;
  const stopping = new AbortController();
  const givingUp = new AbortController();
  const underWay = new Set<Promise<void>>();
  let away = false;

  /** Takes what is due; how many it took. */
  async function round(): Promise<number> {
    let taken = 0;
    for (const { tenantId, id } of await dueMails(runner)) {
      if (underWay.size >= AT_ONCE) await Promise.race(underWay);
      if (stopping.signal.aborted) break;
      const db = new TenantDb(tenantId, runner);
      const mail = await claim(db, id, `<${id}@${domainOf(options.from)}>`, leaseMilliseconds);
      if (!mail) continue;
      taken++;
      send(mail, db);
    }
    return taken;
  }

  function send(mail: MailDelivery, db: TenantDb): void {
    // Given up well before the lease ends, so that nobody else can have taken it by then. Not by AbortSignal.timeout,
    // which under AbortSignal.any may be collected before its time.
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), leaseMilliseconds / 2);
    const signal = AbortSignal.any([givingUp.signal, limit.signal]);
    const sending = deliver(mail, db, options, signal).finally(() => {
      clearTimeout(timer);
      underWay.delete(sending);
    });
    underWay.add(sending);
  }

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const taken = await round();
        if (away) log.info("the mail worker reaches the database again");
        away = false;
        if (taken > 0) continue;
      } catch (error) {
        if (!away) log.error({ err: error as Error }, "the mail worker waits for the database");
        away = true;
      }
      await sleep(pollMilliseconds, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  const working = work();
  return {
    stop: async () => {
      stopping.abort();
      const deadline = setTimeout(() => givingUp.abort(), STOP_MILLISECONDS);
      await working;
      await Promise.all(underWay);
      clearTimeout(deadline);
      options.transport.close();
    },
  };
}

/** Whose mails are due, the longest waiting first. Their order is the index's, so that an idle look costs one row at most. */
async function dueMails(runner: MailDatabase): Promise<{ tenantId: string; id: string }[]> {
  const { rows } = await runner.query(
    `SELECT tenant_id AS "tenantId", id FROM due_mails WHERE due_at <= now() ORDER BY due_at LIMIT $1`,
    [BATCH],
  );
  return rows as { tenantId: string; id: string }[];
}

/**
 * Takes a mail for the time of a lease, or null when another worker was first. Committed before anything is sent: should
 * this process die, the mail is due again when the lease is over, with the attempt counted and its Message-ID known.
 */
async function claim(db: TenantDb, id: string, messageId: string, lease: number): Promise<MailDelivery | null> {
  const [mail] = await db.query<MailDelivery>(
    sql`UPDATE mail_deliveries AS n SET attempts = n.attempts + 1,
        due_at = now() + ${lease} * interval '1 millisecond', message_id = coalesce(n.message_id, ${messageId})
      WHERE ${db.tenantIs("n")} AND n.id = (
        SELECT d.id FROM mail_deliveries d
        WHERE ${db.tenantIs("d")} AND d.id = ${id} AND d.status = 'QUEUED' AND d.due_at <= now() FOR UPDATE SKIP LOCKED)
      RETURNING ${selectList(MailDelivery, "n")}`,
    { prepare: true },
  );
  return mail ?? null;
}

/** One attempt at a mail that was taken, and what came of it written down. Never throws. */
async function deliver(
  mail: MailDelivery,
  db: TenantDb,
  options: MailWorkerOptions,
  signal: AbortSignal,
): Promise<void> {
  const start = performance.now();
  const outcome = await attempt(mail, db, options, signal);
  try {
    await settle(db, mail, outcome);
    options.observe?.(outcome, mail, start);
  } catch (error) {
    const told = { err: error as Error, mailId: mail.guid, outcome };
    options.log.error(told, "what became of a mail could not be written down: it is tried again");
  }
}

/** Composes and sends. */
async function attempt(
  mail: MailDelivery,
  db: TenantDb,
  options: MailWorkerOptions,
  signal: AbortSignal,
): Promise<MailOutcome> {
  const confidential: string[] = [];
  try {
    // Its senders have died over it without a word: it is not what ends another one.
    if (mail.attempts > MAX_ATTEMPTS) throw new Undelivered("No attempt at it was ever finished.", true);
    const tenant = await tenantOf(db);
    const letter = await compose(mail, db, tenant, options, confidential);
    if (!letter) return { status: MailStatus.CANCELLED };
    const { to, action } = letter;
    if (!isEmailAddress(to)) throw new Undelivered("This is no address that mail can be sent to.", true);
    if (action) confidential.push(pathOf(action.url));
    await options.transport.send(
      {
        from: options.from,
        to,
        ...layOut(letter, tenant.name),
        messageId: mail.messageId!,
        ...(action && { link: action.url }),
      },
      signal,
    );
    return { status: MailStatus.SENT };
  } catch (error) {
    return failed(mail, error as Error, options.log, confidential);
  }
}

function compose(
  mail: MailDelivery,
  db: TenantDb,
  tenant: Tenant,
  { composers, secrets, invitationUrl }: MailWorkerOptions,
  confidential: string[],
): Promise<Letter | null> {
  const composer = composers[mail.kind];
  if (!composer) throw new Error(`Nobody composes mails of the kind ${mail.kind}.`);
  const address = (token: string): string => {
    confidential.push(token);
    return invitationUrl(token);
  };
  return composer(mail, { db, tenant, secrets, now: new Date(), invitationUrl: address });
}

/** What follows from a failure. What is kept of it holds no token of the letter, and what is logged nothing of the letter. */
function failed(mail: MailDelivery, error: Error, log: Logger, confidential: string[]): MailOutcome {
  const byServer = error instanceof Undelivered;
  // What cannot be stored (NUL, half a character) would leave the outcome unwritten.
  const failure = scrub(byServer ? error.message : "The mail could not be written.", confidential)
    .replace(/[\p{Cc}\p{Cs}]+/gu, " ")
    .slice(0, MAX_FAILURE);
  const final = (byServer && error.permanent) || mail.attempts >= MAX_ATTEMPTS;
  const cause = byServer ? error.cause : error;
  const told = {
    mailId: mail.guid,
    kind: mail.kind,
    attempts: mail.attempts,
    reason: (byServer && error.status) || failure,
    cause: cause instanceof Error ? scrub(cause.stack ?? cause.message, confidential) : undefined,
  };
  if (final) log.error(told, "a mail is given up");
  else log.warn(told, "a mail was not sent and is tried again");
  return { status: final ? MailStatus.FAILED : MailStatus.QUEUED, failure };
}

/** Writes the outcome down, unless the mail has become another worker's meanwhile. A short absence of the database is waited for. */
async function settle(db: TenantDb, mail: MailDelivery, { status, failure }: MailOutcome): Promise<void> {
  const pause = status === MailStatus.QUEUED ? pauseAfter(mail.attempts) : 0;
  const statement = sql`UPDATE mail_deliveries AS n SET status = ${status}, failure = ${failure ?? null},
      due_at = now() + ${pause} * interval '1 millisecond', sent_at = CASE WHEN ${status} = 'SENT' THEN now() END
    WHERE ${db.tenantIs("n")} AND n.id = ${mail.guid} AND n.status = 'QUEUED' AND n.attempts = ${mail.attempts}`;
  for (let left = 2; ; left--) {
    try {
      await db.query(statement, { prepare: true });
      return;
    } catch (error) {
      if (left === 0) throw error;
      await sleep(1_000);
    }
  }
}

/** Twice as long each time, and never the same for two mails that failed together. */
const pauseAfter = (attempts: number): number =>
  Math.round(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempts) * (0.5 + Math.random() / 2));

const domainOf = ({ address }: Mailbox): string => address.slice(address.lastIndexOf("@") + 1);

/** What follows the host in an address. */
function pathOf(url: string): string {
  const { pathname, search, hash } = new URL(url);
  return pathname + search + hash;
}
