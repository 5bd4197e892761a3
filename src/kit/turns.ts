import { FairQueue } from "./fair-queue.js";

/** Milliseconds for which one request may put its answer together before others have their turn. */
const LONGEST = 3;

/**
 * The turns of one request. Pages are handed out one after another, each when what follows from the one before is done;
 * a large answer, which would keep the process from everybody else, goes on when the event loop has come round.
 */
export class Turns {
  private waiting: (() => void)[] = [];
  /** How many of them have been handed out: to shift a long array each time would cost its length. */
  private handed = 0;
  private readonly through: (() => void)[] = [];
  private began: number | null = null;

  /** Tenants go on one after another. */
  constructor(private readonly tenantId: string | null) {}

  /** The value, when its turn has come. */
  take<T>(value: T): Promise<T> {
    return new Promise((resolve) => {
      this.waiting.push(() => resolve(value));
      if (this.began !== null) return;
      this.began = performance.now();
      whenSettled(this.next);
    });
  }

  /** Does it when nothing waits any more: by then a loader knows all keys of its level, however many turns they took. */
  whenThrough(work: () => void): void {
    if (this.began === null) whenSettled(work);
    else this.through.push(work);
  }

  private readonly next = (): void => {
    const hand = this.waiting[this.handed];
    if (!hand) {
      [this.waiting, this.handed, this.began] = [[], 0, null];
      for (const work of this.through.splice(0)) work();
      return;
    }
    if (performance.now() - this.began! >= LONGEST) {
      return whenFree(this.tenantId, () => {
        this.began = performance.now();
        this.next();
      });
    }
    this.handed++;
    hand();
    whenSettled(this.next);
  };
}

/** What rests, of all requests, by tenant: large answers, and documents that are new. */
const resting = new FairQueue<string | null, () => void>();

/** Rounds of the event loop between two that rest: in each it accepts one connection, and reads of all that are open. */
const ROUNDS = 32;
let rounds = 0;
let began = 0;
let until = 0;

/** When the event loop has come round: one of all that wait for it, or many requests would be one long turn together. */
function whenFree(tenantId: string | null, work: () => void): void {
  const nobody = resting.size === 0;
  resting.add(tenantId, work);
  if (!nobody) return;
  began = performance.now();
  setImmediate(goOn);
}

/** Others have as long as the last turn took, if they need it. */
function goOn(): void {
  const now = performance.now();
  if (rounds === 0) until = now + (now - began);
  if (++rounds < ROUNDS && now < until) return void setImmediate(goOn);
  [rounds, began] = [0, now];
  const work = resting.next()!;
  if (resting.size > 0) setImmediate(goOn);
  work();
}

/** Until the event loop has come round, for what keeps the process as long as a large answer does. */
export const turn = (tenantId: string | null): Promise<void> => new Promise((resolve) => whenFree(tenantId, resolve));

/** After all promise jobs that there are, and those that they lead to: a tick is begun when none is left. */
function whenSettled(work: () => void): void {
  void Promise.resolve().then(() => process.nextTick(work));
}
