import type { Socket } from "node:net";
import { LRUCache } from "lru-cache";
import pg from "pg";
import type { SqlRunner, Statement } from "../kit/index.js";
import { Door } from "./door.js";
import { ScanLanes } from "./lanes.js";
import { DeadlineExceeded, inTime, isRefusal } from "./refusals.js";

// Instants stay text: nobody pays for a Date that is only printed. The session's time zone is UTC.
const TIMESTAMPTZ = 1184;
pg.types.setTypeParser(TIMESTAMPTZ, (text) => toRfc3339(text));
// So do calendar days, which have no time zone.
const DATE = 1082;
pg.types.setTypeParser(DATE, (text) => text);

/** "2024-01-15 10:30:00.5+00" -> "2024-01-15T10:30:00.500Z". */
function toRfc3339(text: string): string {
  const fraction = text.length === 22 ? ".000" : text.slice(19, -3).padEnd(4, "0");
  return text.endsWith("+00") ? `${text.slice(0, 10)}T${text.slice(11, 19)}${fraction}Z` : new Date(text).toISOString();
}

/** The tenant that each connection is marked with now; row-level security shows only that tenant's rows. */
const markers = new WeakMap<pg.PoolClient, string>();
const NO_TENANT = "";

/** What pg's types leave out of a connection. */
interface Connection {
  stream: Socket;
  /** The texts of what is prepared, by their names. */
  parsedStatements: Record<string, string>;
  close(message: { type: "S"; name: string }): void;
}
const connectionOf = (client: pg.PoolClient): Connection =>
  (client as unknown as { connection: Connection }).connection;
export const socketOf = (client: pg.PoolClient): Socket => connectionOf(client).stream;

/** Characters of all that a connection has prepared. PostgreSQL keeps a plan of some hundred bytes for each. */
const MOST_PREPARED = 1_000_000;
/** What each counts beside them: the shortest has a plan, too. */
const LEAST = 2_000;
/** The name of each statement that a connection has prepared, by its text. */
const prepared = new WeakMap<pg.PoolClient, LRUCache<string, string>>();
let names = 0;

/** What was not asked for longest is forgotten, also by PostgreSQL; its name does not come again. */
function nameOf(client: pg.PoolClient, text: string): string {
  let known = prepared.get(client);
  if (!known) {
    const connection = connectionOf(client);
    const dispose = (name: string): void => {
      connection.close({ type: "S", name });
      delete connection.parsedStatements[name];
    };
    known = new LRUCache({
      maxSize: MOST_PREPARED,
      sizeCalculation: (_, { length }) => LEAST + length,
      dispose,
    });
    prepared.set(client, known);
  }
  let name = known.get(text);
  if (name === undefined) known.set(text, (name = `s${names++}`));
  return name;
}

/** Holds back what is sent to this connection until the end of the tick: statements of one tick leave in one packet. */
function together(client: pg.PoolClient): pg.PoolClient {
  const stream = socketOf(client);
  if (stream.writableCorked === 0) {
    stream.cork();
    process.nextTick(() => stream.uncork());
  }
  return client;
}

/** Bytes of answers that are read from one connection before others have their turn: rows cost time to read. */
const PORTION = 64 * 1024;

function readInPortions(stream: Socket): void {
  let read = 0;
  stream.on("data", ({ length }: Buffer) => {
    if (read === 0) {
      setImmediate(() => {
        read = 0;
        stream.resume();
      });
    }
    read += length;
    if (read >= PORTION) stream.pause();
  });
}

/** Counts and times what a pool runs; for the metrics and, in development, for the caller. */
export interface StatementObserver {
  (statement: { text: string; tenantId: string; milliseconds: number; failed: boolean }): void;
}

/** Hears of each statement of one request when it is over: when it began, by `performance.now()`, and how it failed. */
export type StatementTrace = (text: string, start: number, failure: unknown) => void;

/** What a session knows of its request. */
interface Waiting {
  /** Nobody waits for the answer any more: nothing further is read, and no write begun. One that has begun is finished. */
  isGone?: () => boolean;
  trace?: StatementTrace | undefined;
}

/** Callers waiting for a connection whom a pool keeps: more would wait longer than anybody wants an answer. */
export interface TenantPoolConfig extends pg.PoolConfig {
  maxWaiting?: number;
}

/**
 * The connection pool, handed to TypeORM as its driver's. A connection is marked with a tenant when it is taken out, and
 * one taken out without a tenant (TypeORM's own way) is marked with none: row-level security then shows no row.
 */
export class TenantPool extends pg.Pool implements SqlRunner {
  observe: StatementObserver = () => {};
  protected begin = "BEGIN";
  readonly scans: ScanLanes;
  private readonly door: Door;

  constructor({ maxWaiting = Infinity, ...config }: TenantPoolConfig = {}) {
    super(config);
    this.door = new Door(this.options.max, maxWaiting);
    this.on("release", () => this.door.leave());
    this.scans = new ScanLanes(this.options.max, maxWaiting);
    // A connection that dies idle is replaced at the next use; without a listener it would end the process.
    this.on("error", () => {});
    this.on("connect", (client) => {
      client.on("error", () => {});
      readInPortions(socketOf(client));
    });
  }

  // pg.Pool.connect has a callback form that TypeORM uses and a promise form; both leave without a tenant.
  override connect(): Promise<pg.PoolClient>;
  override connect(
    callback: (error: Error | undefined, client: pg.PoolClient | undefined, done: (release?: unknown) => void) => void,
  ): void;
  override connect(
    callback?: (error: Error | undefined, client: pg.PoolClient | undefined, done: (release?: unknown) => void) => void,
  ): Promise<pg.PoolClient> | void {
    const client = this.take(NO_TENANT);
    if (!callback) return client;
    client.then(
      (taken) => callback(undefined, taken, (release) => taken.release(release as boolean)),
      (error: Error) => callback(error, undefined, () => {}),
    );
  }

  /** A connection marked with that tenant, by that deadline. Whoever takes it releases it. */
  async take(tenantId: string, deadline = Infinity): Promise<pg.PoolClient> {
    await this.door.enter(tenantId, deadline);
    return inTime(this.marked(tenantId), deadline, (late) => late.release());
  }

  /** Callers who wait for a connection. */
  get callersWaiting(): number {
    return this.door.waitingCount;
  }

  protected async marked(tenantId: string): Promise<pg.PoolClient> {
    const client = await super.connect().catch((error: unknown) => {
      this.door.leave();
      throw error;
    });
    if ((markers.get(client) ?? NO_TENANT) !== tenantId) {
      try {
        await client.query({ name: "tenant", text: "SELECT set_config('app.tenant', $1, false)", values: [tenantId] });
        markers.set(client, tenantId);
      } catch (error) {
        client.release(true);
        throw error;
      }
    }
    return client;
  }

  /** One request's way to the database, for so many milliseconds. */
  session({ milliseconds = Infinity, ...waiting }: { milliseconds?: number } & Waiting = {}): Session {
    return new Session(this, performance.now() + milliseconds, waiting);
  }

  run(tenantId: string, statement: Statement): Promise<object[]> {
    return this.session().run(tenantId, statement);
  }

  transaction<T>(...transaction: Parameters<typeof Session.prototype.transaction<T>>): Promise<T> {
    return this.session().transaction(...transaction);
  }

  /** A transaction of that session. */
  async transact<T>(
    session: Session,
    tenantId: string,
    work: (run: SqlRunner["run"]) => Promise<T>,
    last?: () => Statement,
  ): Promise<T> {
    const client = await this.take(tenantId, session.deadline);
    let sound = false;
    let open = true;
    try {
      // Not awaited: the connection is pipelined, BEGIN travels with the first statement of the work.
      const begun = together(client).query(this.begin);
      begun.catch(() => {});
      const result = await work(async (_, statement) => {
        // Whatever still runs when its transaction has ended would run outside of it.
        if (!open) throw new Error("The transaction is over.");
        return session.send(client, tenantId, statement);
      });
      await begun;
      const ending = last?.();
      open = false;
      // Sent together; after a failed statement COMMIT rolls back, and says so only in its tag.
      const [, end] = await Promise.all([
        ending && session.send(client, tenantId, ending),
        together(client).query("COMMIT"),
      ]);
      if (end.command !== "COMMIT") throw new Error("The transaction was rolled back: a statement had failed.");
      sound = true;
      return result;
    } catch (error) {
      open = false;
      sound = await client.query("ROLLBACK").then(
        () => true,
        () => false,
      );
      throw error;
    } finally {
      client.release(!sound);
    }
  }

  /** Gives up after so many milliseconds, if any, and with the connection: what became of the statement is not known. */
  async send(client: pg.PoolClient, tenantId: string, statement: Statement, milliseconds?: number): Promise<object[]> {
    const { text } = statement;
    const start = performance.now();
    let failed = true;
    try {
      const { rows } = await this.submit(together(client), tenantId, statement, milliseconds);
      failed = false;
      return rows as object[];
    } finally {
      this.observe({ text, tenantId, milliseconds: performance.now() - start, failed });
    }
  }

  /** Writes a statement to a connection that is marked with the tenant. */
  protected submit(
    client: pg.PoolClient,
    _tenantId: string,
    { text, values, prepare }: Statement,
    milliseconds?: number,
  ): Promise<pg.QueryResult> {
    if (prepare === "once") client.query("SET plan_cache_mode = force_generic_plan").catch(() => {});
    const name = prepare ? nameOf(client, text) : undefined;
    const answer = client.query({ name, text, values, query_timeout: milliseconds } as pg.QueryConfig);
    // In the same packet, and whatever becomes of the statement.
    if (prepare === "once") client.query("RESET plan_cache_mode").catch(() => {});
    return answer;
  }
}

/**
 * The statements of one request. Those that run at the same time share one connection, which is pipelined: they leave
 * in one packet and cost one checkout. A request that waits holds no connection.
 */
export class Session implements SqlRunner {
  statements = 0;
  milliseconds = 0;
  private lease: Promise<pg.PoolClient> | null = null;
  private pending = 0;
  private broken = false;

  constructor(
    private readonly pool: TenantPool,
    /**
     * On the clock of `performance`. A statement that has not been sent by then is not sent any more, and one that reads
     * is not waited for any longer. Those of a transaction are: COMMIT may be on its way with them, and what became of a
     * write has to be known.
     */
    readonly deadline: number,
    readonly waiting: Waiting = {},
  ) {}

  run(tenantId: string, statement: Statement): Promise<object[]> {
    const read = (): Promise<object[]> => this.read(tenantId, statement);
    if (!statement.scans) return read();
    return this.pool.scans.run(this, tenantId, statement.text, this.deadline, read);
  }

  private async read(tenantId: string, statement: Statement): Promise<object[]> {
    this.refuseInVain();
    this.pending++;
    const lease = (this.lease ??= this.pool.take(tenantId, this.deadline));
    let client: pg.PoolClient | undefined;
    let start: number | undefined;
    try {
      client = await lease;
      start = performance.now();
      this.refuseInVain();
      return await this.send(client, tenantId, statement, this.remaining());
    } catch (error) {
      this.broken ||= !isRefusal(error);
      this.remaining();
      throw error;
    } finally {
      if (statement.scans && start) this.pool.scans.took(tenantId, statement.text, performance.now() - start);
      if (--this.pending === 0) {
        this.lease = null;
        client?.release(this.broken);
        this.broken = false;
      }
    }
  }

  transaction<T>(
    tenantId: string,
    work: (run: SqlRunner["run"]) => Promise<T>,
    last?: () => Statement,
    scans?: string,
  ): Promise<T> {
    const checked = <R>(next: () => R): R => {
      this.remaining();
      return next();
    };
    const transact = (): Promise<T> =>
      this.pool.transact(
        this,
        tenantId,
        async (run) => {
          this.refuseInVain();
          return work(async (tenant, statement) => checked(() => run(tenant, statement)));
        },
        last && (() => checked(last)),
      );
    // Before it has a connection: nobody waits there with one.
    return scans === undefined ? transact() : this.pool.scans.run(this, tenantId, scans, this.deadline, transact);
  }

  async send(client: pg.PoolClient, tenantId: string, statement: Statement, milliseconds?: number): Promise<object[]> {
    const start = performance.now();
    let failure: unknown;
    this.statements++;
    try {
      return await this.pool.send(client, tenantId, statement, milliseconds);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      this.milliseconds += performance.now() - start;
      this.waiting.trace?.(statement.text, start, failure);
    }
  }

  /** Whoever is gone, perhaps to ask again, does not keep others waiting. @throws DeadlineExceeded */
  private refuseInVain(): void {
    this.remaining();
    if (this.waiting.isGone?.()) throw new DeadlineExceeded();
  }

  /** Milliseconds that one more statement may take; undefined: as long as any. @throws DeadlineExceeded */
  private remaining(): number | undefined {
    const left = this.deadline - performance.now();
    if (left <= 0) throw new DeadlineExceeded();
    const { query_timeout: most } = this.pool.options as { query_timeout?: number };
    // A timer may ring up to a millisecond early; then the deadline would not be why.
    return left < (most ?? Infinity) ? Math.ceil(left) + 1 : undefined;
  }
}
