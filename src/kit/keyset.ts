import { createHash } from "node:crypto";
import sql, { empty, join, raw, type Sql } from "sql-template-tag";
import { badUserInput } from "./errors.js";
import { isInstant, isUuid } from "./scalars.js";

export type Direction = "ASC" | "DESC";

/**
 * A part of a list whose rows are ordered by one column that is never null there, then by the unique id. A sort is its
 * segments in ascending order: "nulls last" is a second segment, a derived status is one segment for each of its words.
 * Each segment is one range of one index, so a page costs the same wherever it lies.
 */
export interface Segment {
  by?: string;
  /** What the column's values are in a cursor: texts unless told otherwise. */
  values?: "number" | "instant";
  /** The column that is null throughout the segment: types the place's value, and names the index that serves. */
  nullOf?: string;
  where?: (now: Date) => Sql;
}
export type Sort = readonly Segment[];

/** By a column that is never null, e.g. `by("n.email_norm")`. */
export const by = (column: string): Sort => [{ by: column }];

/** By a column of whole numbers. */
export const byNumber = (column: string): Sort => [{ by: column, values: "number" }];

/** By a column of instants that is never null. */
export const byInstant = (column: string): Sort => [{ by: column, values: "instant" }];

/** By a column that may be null: nulls last in ascending, first in descending order. */
export const byNullable = (column: string, values?: Segment["values"]): Sort => [
  { by: column, ...(values && { values }), where: () => raw(`${column} IS NOT NULL`) },
  { nullOf: column, where: () => raw(`${column} IS NULL`) },
];

/** What a list is made of, before paging: `SELECT ${select} FROM ${from} WHERE ${where}`, ties broken by `id`. */
export interface ListQuery {
  select: Sql;
  from: Sql;
  where: Sql;
  id: string;
  sort: Sort;
  direction: Direction;
  now: Date;
  /** Below a parent's row: no index has the order, so one sort serves all segments. */
  below: boolean;
}

/** Where a page begins: the place of a row in the order of its list. */
export interface Place {
  segment: number;
  value: string | number | boolean | null;
  id: string;
}

/** A row of a page carries its place beside its own columns. */
export interface Placed {
  $segment: number;
  $value: string | number | boolean | null;
  $id: string;
}

/** One segment in order: what it selects, and what further narrows it. */
function segmentStatement(
  { from, where, id, now }: ListQuery,
  segment: Segment,
  direction: Sql,
  select: Sql,
  narrowed: Sql = empty,
): Sql {
  // By a column that is null throughout, too: PostgreSQL does not see by itself that its index has the ids in order.
  const leading = segment.by ?? segment.nullOf;
  return sql`SELECT ${select} FROM ${from} WHERE ${where}${segment.where ? sql` AND ${segment.where(now)}` : empty}${narrowed}
      ORDER BY ${leading ? sql`${raw(leading)} ${direction}, ` : empty}${raw(id)} ${direction}`;
}

/** The whole list, a statement for each segment: one after another they give all rows in the order of the pages. */
export function wholeList(list: ListQuery): Sql[] {
  const segments = list.direction === "DESC" ? list.sort.toReversed() : list.sort;
  return segments.map((segment) => segmentStatement(list, segment, raw(list.direction), list.select));
}

/**
 * The statement for `limit` rows behind a place, or before it when `backward` (then nearest first). Segments are taken
 * one after another, each asked only for what those before it left open: LIMIT 0 reads nothing.
 */
export function pageStatement(list: ListQuery, limit: number, place: Place | null, backward: boolean): Sql {
  const descending = (list.direction === "DESC") !== backward;
  const direction = raw(descending ? "DESC" : "ASC");
  const beyond = raw(descending ? "<" : ">");
  const [first, second] = list.sort;
  if (list.below && !place && list.sort.length === 2 && first!.by !== undefined && first!.by === second!.nullOf) {
    const column = raw(first!.by);
    return sql`SELECT ${list.select}, (${column} IS NULL)::int AS "$segment", ${column} AS "$value", ${raw(list.id)} AS "$id"
      FROM ${list.from} WHERE ${list.where} ORDER BY ${column} ${direction}, ${raw(list.id)} ${direction} LIMIT ${raw(`${limit}`)}`;
  }
  const order = [...list.sort.keys()];
  if (descending) order.reverse();
  const remaining = place ? order.slice(order.indexOf(place.segment)) : order;
  const parts = remaining.map((index) => {
    const segment = list.sort[index]!;
    const { by: column, nullOf } = segment;
    const keys = raw(column ? `${column}, ${list.id}` : list.id);
    const from = place?.segment === index ? place : null;
    const keyset = !from
      ? empty
      : column
        ? sql` AND (${keys}) ${beyond} (${from.value}, ${from.id})`
        : sql` AND ${keys} ${beyond} ${from.id}`;
    const placed = sql`${list.select}, ${raw(`${index}`)} AS "$segment", ${raw(column ?? nullOf ?? "NULL")} AS "$value", ${raw(list.id)} AS "$id"`;
    return sql`${segmentStatement(list, segment, direction, placed, keyset)} LIMIT ${raw(`${limit}`)}`;
  });
  if (parts.length === 1) return parts[0]!;
  const ctes = parts.map((part, i) => {
    const taken = parts.slice(0, i).map((_, earlier) => raw(`(SELECT count(*) FROM part${earlier})`));
    const open = taken.length ? sql` LIMIT ${raw(`${limit}`)} - ${join(taken, " - ")}` : empty;
    return sql`${raw(`part${i}`)} AS MATERIALIZED (SELECT * FROM (${part}) part${open})`;
  });
  const union = join(
    parts.map((_, i) => raw(`SELECT * FROM part${i}`)),
    " UNION ALL ",
  );
  return sql`WITH ${join(ctes)} SELECT * FROM (${union}) page
    ORDER BY "$segment" ${direction}, "$value" ${direction}, "$id" ${direction}`;
}

/** What a cursor belongs to: the list, its filter, order and search. A cursor of another list is refused. */
export const fingerprint = (...parts: unknown[]): string =>
  createHash("sha1").update(JSON.stringify(parts, canonical)).digest("base64url").slice(0, 8);

/** Whatever is given means the same in any order of its fields, and null as much as left out. */
export const canonical = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .filter(([, item]) => item != null)
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      )
    : value;

/** `now` travels with the cursor, so that a derived status cannot move a row across the walk's own pages. */
export const encodeCursor = (list: string, row: Placed, now: Date): string =>
  Buffer.from(JSON.stringify([list, row.$segment, row.$value, row.$id, now.getTime()])).toString("base64url");

/** @throws BAD_USER_INPUT for a text that is no cursor, or the cursor of another list. */
export function decodeCursor(cursor: string, list: string, sort: Sort, argument: string): { place: Place; now: Date } {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (Array.isArray(parsed) && parsed.length === 5) {
      const [of, segment, value, id, now] = parsed as unknown[];
      const known = typeof segment === "number" ? sort[segment] : undefined;
      if (
        of === list &&
        known &&
        fits(known, value) &&
        typeof id === "string" &&
        isUuid(id) &&
        typeof now === "number" &&
        Number.isFinite(new Date(now).getTime())
      ) {
        return { place: { segment: segment as number, value, id }, now: new Date(now) };
      }
    }
  } catch {
    // Not JSON: no cursor of ours.
  }
  throw badUserInput("Not a cursor of this list with this filter and order.", [argument]);
}

function fits({ by: column, values }: Segment, value: unknown): value is Place["value"] {
  if (!column) return value === null;
  if (values === "number") return Number.isSafeInteger(value);
  if (typeof value !== "string") return false;
  // PostgreSQL reads more than that as an instant, and has an error of its own for each way to fail.
  return values === "instant" ? isInstant(value) : !value.includes("\0");
}
