/** Shares in any unit, each with what it is a share of. */
export type Shares<T> = readonly (readonly [share: number, value: T])[];

const BYTES = Buffer.alloc(16);

/**
 * Random numbers that follow from three words alone (sfc32). Row i of a table has a source of its own, so that another
 * table can tell what row i holds without anybody having kept it.
 */
export class Chance {
  private counter = 1;

  constructor(
    private a: number,
    private b: number,
    private c: number,
  ) {
    // Words that differ in one bit give unlike numbers only after some rounds.
    for (let round = 0; round < 15; round++) this.bits();
  }

  private bits(): number {
    const word = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + word) | 0;
    return word >>> 0;
  }

  /** From 0, always below 1. */
  next(): number {
    return this.bits() / 2 ** 32;
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number from `from` to `to`; instants as milliseconds are such numbers too. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** One of the list, the first ones more often when skewed. */
  pick<T>(list: readonly T[], skew = 1): T {
    return list[Math.floor(list.length * this.next() ** skew)]!;
  }

  of<T>(shares: Shares<T>): T {
    let rest = this.next() * shares.reduce((sum, [share]) => sum + share, 0);
    return (shares.find(([share]) => (rest -= share) < 0) ?? shares[0]!)[1];
  }

  /** A UUID of version 4, as the accounts of the REST platform have them. */
  uuid(): string {
    for (let at = 0; at < 16; at += 4) BYTES.writeUInt32BE(this.bits(), at);
    BYTES[6] = (BYTES[6]! & 0x0f) | 0x40;
    BYTES[8] = (BYTES[8]! & 0x3f) | 0x80;
    const hex = BYTES.toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}
