/** Those who wait, by whose they are: each owner has a turn before any has another, however many of its own wait. */
export class FairQueue<Owner> {
  private readonly queues = new Map<Owner, Set<() => void>>();

  /** How many wait, of all or of one owner. */
  get size(): number {
    return [...this.queues.values()].reduce((sum, { size }) => sum + size, 0);
  }

  sizeOf(owner: Owner): number {
    return this.queues.get(owner)?.size ?? 0;
  }

  add(owner: Owner, work: () => void): void {
    const queue = this.queues.get(owner);
    if (queue) queue.add(work);
    else this.queues.set(owner, new Set([work]));
  }

  delete(owner: Owner, work: () => void): void {
    const queue = this.queues.get(owner);
    if (queue?.delete(work) && queue.size === 0) this.queues.delete(owner);
  }

  /** Takes out whoever has waited longest of the owner whose turn it is. */
  next(): (() => void) | undefined {
    for (const [owner, queue] of this.queues) {
      const [work] = queue;
      queue.delete(work!);
      this.queues.delete(owner);
      if (queue.size > 0) this.queues.set(owner, queue);
      return work;
    }
    return undefined;
  }

  get isEmpty(): boolean {
    return this.queues.size === 0;
  }
}
