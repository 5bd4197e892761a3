import { FairQueue } from "../kit/index.js";
import { inTime, PoolFull } from "./refusals.js";

interface Waiter {
  enter: () => void;
  refuse: (error: Error) => void;
}

/**
 * Lets so many in at a time. Tenants have their turns one after another, however many of each wait; and when too many
 * wait, the tenant that has most of them gives way, not whoever comes.
 */
export class Door {
  private inside = 0;
  private readonly waiting = new FairQueue<string, Waiter>();

  constructor(
    private readonly width: number,
    private readonly maxWaiting: number,
  ) {}

  get waitingCount(): number {
    return this.waiting.size;
  }

  /**
   * Whoever has entered leaves.
   * @throws PoolFull when too many wait, DeadlineExceeded when its turn has not come by then.
   */
  async enter(tenantId: string, deadline: number): Promise<void> {
    if (this.inside < this.width) {
      this.inside++;
      return;
    }
    let waiter: Waiter;
    const turn = new Promise<void>((enter, refuse) => this.waiting.add(tenantId, (waiter = { enter, refuse })));
    if (this.waiting.size > this.maxWaiting) this.waiting.yieldOf(tenantId)!.refuse(new PoolFull());
    try {
      await inTime(turn, deadline, () => this.leave());
    } catch (error) {
      this.waiting.delete(tenantId, waiter!);
      throw error;
    }
  }

  /** Somebody has left: the place goes to whose turn it is. */
  leave(): void {
    const next = this.waiting.next();
    if (next) next.enter();
    else this.inside--;
  }
}
