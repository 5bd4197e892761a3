import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { SqlRunner, Statement } from "../kit/index.js";
import { Session, type TenantPool } from "./pool.js";
import { isRefusal } from "./refusals.js";

const LOOK_MILLISECONDS = 1_000;
/** A replica that shows the state of longer ago is not read. */
const MOST_BEHIND_MILLISECONDS = 5_000;
/** The statement took too long, or the request. */
const QUERY_CANCELED = "57014";

/** Hears when a replica begins or ceases to be read, and of one that is not read from the start; `failure`: of the look. */
export type ReplicaNotice = (replica: number, serving: boolean, failure?: unknown) => void;

/** One connection beside a pool, to its server: a pool that is busy is no server that is away. */
function lookout({ options }: TenantPool): pg.Pool {
  const beside = new pg.Pool({ ...options, max: 1 });
  beside.on("error", () => {});
  beside.on("connect", (client) => client.on("error", () => {}));
  return beside;
}

/** A streaming replica of the primary, watched: it is read while it answers and keeps up. */
class Replica {
  /** Null: nothing was told yet. One that follows may be a moment behind when it is looked at first. */
  private read: boolean | null = null;
  private readonly began = Date.now();
  private readonly over = new AbortController();
  /** Where the primary's log ended, and when: what was written by then has to be here. */
  private positions: { at: number; position: string }[] = [];
  private readonly lookout: pg.Pool;
  private watching: Promise<void>;

  constructor(
    readonly pool: TenantPool,
    /** To the primary. */
    private readonly primary: pg.Pool,
    private readonly notice: (serving: boolean, failure?: unknown) => void,
  ) {
    this.lookout = lookout(pool);
    this.watching = this.watch();
  }

  get serving(): boolean {
    return this.read === true;
  }

  set serving(serving: boolean) {
    this.tell(serving);
  }

  private tell(serving: boolean, failure?: unknown): void {
    if (serving !== this.read) this.notice(serving, failure);
    this.read = serving;
  }

  async stop(): Promise<void> {
    this.over.abort();
    await this.watching;
    await this.lookout.end();
  }

  private async watch(): Promise<void> {
    const { signal } = this.over;
    while (!signal.aborted) {
      let failure: unknown;
      const follows = await this.look().catch((error: unknown) => {
        failure = error;
        return false;
      });
      const early = this.read === null && Date.now() < this.began + MOST_BEHIND_MILLISECONDS;
      if (!signal.aborted && (follows || failure !== undefined || !early)) this.tell(follows, failure);
      await sleep(LOOK_MILLISECONDS, undefined, { signal }).catch(() => {});
    }
  }

  /** Whether it follows this primary, and closely enough. One that was promoted, or belongs elsewhere, does not. */
  private async look(): Promise<boolean> {
    const at = Date.now();
    const { rows } = await this.primary.query<{ position: string; cluster: string }>(
      "SELECT pg_current_wal_lsn()::text AS position, system_identifier::text AS cluster FROM pg_control_system()",
    );
    const { position, cluster } = rows[0]!;
    this.positions = [...this.positions.filter((one) => one.at > at - MOST_BEHIND_MILLISECONDS), { at, position }];
    const found = await this.lookout.query<{ follows: boolean }>(
      `SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $1::pg_lsn AND system_identifier = $2::bigint AS follows
       FROM pg_control_system()`,
      [this.positions[0]!.position, cluster],
    );
    return found.rows[0]!.follows;
  }
}

/** A query's statements on one replica. What that cannot answer the primary does: only the primary can be away. */
class ReplicaSession extends Session {
  constructor(
    private readonly replica: Replica,
    private readonly primary: Session,
  ) {
    super(replica.pool, primary.deadline, primary.waiting);
  }

  override async run(tenantId: string, statement: Statement): Promise<object[]> {
    if (!this.replica.serving) return this.primary.run(tenantId, statement);
    try {
      return await super.run(tenantId, statement);
    } catch (error) {
      if (!isRefusal(error)) this.replica.serving = false;
      // What is too slow here would be too slow there. Anything else may be the replica's: a conflict with what it is
      // replaying, a table that a migration has not made yet, no connection free; and if not, the primary says so too.
      else if (error.code === QUERY_CANCELED) throw error;
      return this.primary.run(tenantId, statement);
    }
  }

  override transaction<T>(...args: Parameters<typeof Session.prototype.transaction<T>>): Promise<T> {
    return this.primary.transaction(...args);
  }

  /** Counted with the others of the request. */
  override send(
    client: pg.PoolClient,
    tenantId: string,
    statement: Statement,
    milliseconds?: number,
  ): Promise<object[]> {
    return this.primary.send(client, tenantId, statement, milliseconds);
  }
}

/** The replicas of one primary. Queries are spread over those that serve. */
export class Replicas {
  readonly all: readonly Replica[];
  private readonly lookout: pg.Pool;
  private turn = 0;

  constructor(primary: TenantPool, pools: readonly TenantPool[], notice: ReplicaNotice = () => {}) {
    this.lookout = lookout(primary);
    this.all = pools.map((pool, index) => new Replica(pool, this.lookout, (...told) => notice(index + 1, ...told)));
  }

  /** Where a query of that session's request reads: a replica, or the session itself. */
  readerFor(session: Session): SqlRunner {
    const serving = this.all.filter((replica) => replica.serving);
    const replica = serving[this.turn++ % serving.length];
    return replica ? new ReplicaSession(replica, session) : session;
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((replica) => replica.stop()));
    await this.lookout.end();
  }
}
