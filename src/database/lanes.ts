import { LRUCache } from "lru-cache";
import { Door } from "./door.js";
import { statementName } from "./statement-name.js";

/** A statement that takes longer keeps a core of PostgreSQL from others. */
const LONG_MILLISECONDS = 100;
/** How much a quicker time counts in what a statement is expected to take: with other values it may take longer. */
const NEWS = 0.2;
const MAX_REMEMBERED = 10_000;

/** A request that is in a lane, or waits to be. */
interface Place {
  entered: Promise<void>;
  statements: number;
  /** What was begun last: statements of a request go one after another, each with all of the time it may take. */
  last: Promise<unknown>;
}

/** Has room for so many requests at a time, each with all of its statements. */
class Lane {
  private readonly places = new Map<object, Place>();
  private readonly door: Door;

  constructor(width: number, maxWaiting: number) {
    this.door = new Door(width, maxWaiting);
  }

  get waitingCount(): number {
    return this.door.waitingCount;
  }

  async through<T>(request: object, tenantId: string, deadline: number, work: () => Promise<T>): Promise<T> {
    let place = this.places.get(request);
    if (!place) {
      const entered = this.door.enter(tenantId, deadline);
      this.places.set(request, (place = { entered, statements: 0, last: Promise.resolve() }));
      // Before anybody who waits with it hears of it: whatever they ask for then has to find a place anew.
      entered.catch(() => this.places.delete(request));
    }
    place.statements++;
    await place.entered;
    try {
      const answer = place.last.then(work);
      place.last = answer.catch(() => {});
      return await answer;
    } finally {
      if (--place.statements === 0) {
        this.places.delete(request);
        this.door.leave();
      }
    }
  }
}

/**
 * A bulkhead for what may have to look at every row of a tenant: statements and whole transactions, by a name or their
 * text. What has lately been quick in that tenant has half of the pool's connections, whatever else a tenth: neither can
 * a few callers keep all connections and cores busy, nor do those wait behind them who ask for little.
 */
export class ScanLanes {
  private readonly quick: Lane;
  private readonly long: Lane;
  /** Milliseconds by tenant and name. */
  private readonly expected = new LRUCache<string, number>({ max: MAX_REMEMBERED });

  constructor(connections: number, maxWaiting: number) {
    // Nobody is refused here for whom there would be a connection, or room to wait for one.
    const lane = (width: number): Lane => new Lane(width, connections - width + maxWaiting);
    this.quick = lane(Math.max(1, Math.floor(connections / 2)));
    this.long = lane(Math.max(1, Math.floor(connections / 10)));
  }

  /** Requests that wait for their turn. */
  get waitingCount(): number {
    return this.quick.waitingCount + this.long.waitingCount;
  }

  /**
   * Does a request's work of that name when it is its turn.
   * @throws PoolFull when too many wait, DeadlineExceeded when its turn has not come by then.
   */
  async run<T>(request: object, tenantId: string, name: string, deadline: number, work: () => Promise<T>): Promise<T> {
    const key = keyOf(tenantId, name);
    const isQuick = (): boolean => (this.expected.get(key) ?? Infinity) < LONG_MILLISECONDS;
    if (isQuick()) {
      // Asked again when the turn has come: of many that were sent at once the first may have shown how long they take.
      const done = await this.quick.through(request, tenantId, deadline, async () =>
        isQuick() ? { answer: await work() } : null,
      );
      if (done) return done.answer;
    }
    return this.long.through(request, tenantId, deadline, work);
  }

  /** It took so long, without the time that it waited for a connection. */
  took(tenantId: string, name: string, milliseconds: number): void {
    const key = keyOf(tenantId, name);
    const before = this.expected.get(key) ?? milliseconds;
    // Long at once, and quick again only by and by: few that take long could hide among many that do not.
    this.expected.set(key, Math.max(milliseconds, before + NEWS * (milliseconds - before)));
  }
}

const keyOf = (tenantId: string, name: string): string => `${tenantId} ${statementName(name)}`;
