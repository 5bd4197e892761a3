/** Those who wait, by whose they are: each owner has a turn before any has another, however many of its own wait. */
export class FairQueue<Owner, Item> {
  private readonly queues = new Map<Owner, Set<Item>>();
  private count = 0;

  /** How many wait. */
  get size(): number {
    return this.count;
  }

  add(owner: Owner, item: Item): void {
    const queue = this.queues.get(owner);
    if (queue) queue.add(item);
    else this.queues.set(owner, new Set([item]));
    this.count++;
  }

  delete(owner: Owner, item: Item): void {
    const queue = this.queues.get(owner);
    if (!queue?.delete(item)) return;
    this.count--;
    if (queue.size === 0) this.queues.delete(owner);
  }

  /** Takes out whoever has waited longest of the owner whose turn it is. */
  next(): Item | undefined {
    for (const [owner, queue] of this.queues) {
      const [item] = queue;
      queue.delete(item!);
      this.count--;
      this.queues.delete(owner);
      if (queue.size > 0) this.queues.set(owner, queue);
      return item;
    }
    return undefined;
  }

  /** Takes out whoever came last of the owner of whom most wait: of this one, if of no other more do. */
  yieldOf(owner: Owner): Item | undefined {
    let [whose, most] = [owner, this.queues.get(owner)];
    for (const [other, queue] of this.queues) if (queue.size > (most?.size ?? 0)) [whose, most] = [other, queue];
    const last = [...(most ?? [])].at(-1);
    if (last !== undefined) this.delete(whose, last);
    return last;
  }
}
