import pg from "pg";

/** As many wait as may. */
export class PoolFull extends Error {
  /** SQLSTATE too_many_connections. */
  readonly code = "53300";

  constructor() {
    super("Too many wait for a connection.");
  }
}

/** A request has run out of time. */
export class DeadlineExceeded extends Error {
  /** SQLSTATE query_canceled, as when a statement has. */
  readonly code = "57014";

  constructor() {
    super("The request took too long.");
  }
}

/** What this process gave up by itself, under load: that it did is all there is to know of it. */
export const isGivenUp = (error: unknown): error is PoolFull | DeadlineExceeded =>
  error instanceof PoolFull || error instanceof DeadlineExceeded;

/** The statement was refused, or not even sent; the server is there and the connection, if any, sound. */
export const isRefusal = (error: unknown): error is { code: string } =>
  isGivenUp(error) || (error instanceof pg.DatabaseError && error.severity !== "FATAL");

/** @throws DeadlineExceeded when the clock of `performance` is there; what comes later is for `late`. */
export async function inTime<T>(coming: Promise<T>, deadline: number, late: (value: T) => void): Promise<T> {
  if (deadline === Infinity) return coming;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      coming.then(late, () => {});
      reject(new DeadlineExceeded());
    }, deadline - performance.now());
  });
  return Promise.race([coming, over]).finally(() => clearTimeout(timer));
}
