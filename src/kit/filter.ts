import type { Prepare } from "./tenant-db.js";
import sql, { join, raw, type Sql } from "sql-template-tag";
import { badUserInput } from "./errors.js";
import { isUuid } from "./scalars.js";
import { containsPattern, normalise } from "./text.js";

/**
 * Conditions for a range of whole days of UTC, both ends included. As instants, because a comparison of an instant with a
 * day could tell of rows that row-level security hides, and is kept out of the index.
 * @throws BAD_USER_INPUT when it ends before it begins.
 */
export function dayRange(
  column: string,
  from: string | null | undefined,
  to: string | null | undefined,
  path: readonly string[],
): Sql[] {
  if (from && to && from > to) throw badUserInput("The range ends before it begins.", path);
  return [
    ...(from ? [sql`${raw(column)} >= ${from}::date::timestamptz`] : []),
    ...(to ? [sql`${raw(column)} < (${to}::date + 1)::timestamptz`] : []),
  ];
}

/** Conditions that all have to hold; null for none. */
export const allOf = (conditions: readonly Sql[]): Sql | null =>
  conditions.length > 0 ? join([...conditions], " AND ") : null;

const MAX_LIST = 100;

/** How a filter's description says so. */
export const LISTS = `a list has at most ${MAX_LIST} values`;

/** Each value may be a condition of its own. @throws BAD_USER_INPUT for a list of a filter that is too long. */
export function refuseLongLists(filter: object | null | undefined, path: readonly string[] = ["filter"]): void {
  for (const [name, value] of Object.entries(filter ?? {})) {
    if (Array.isArray(value) && value.length > MAX_LIST) {
      throw badUserInput(`At most ${MAX_LIST} values.`, [...path, name]);
    }
  }
}

export const MAX_SEARCH = 200;

/** What is searched for, as it is compared; "" for no search. @throws BAD_USER_INPUT when it is too long. */
export function searchText(search: string | null | undefined, path: readonly string[] = []): string {
  if (search && Array.from(search).length > MAX_SEARCH) {
    throw badUserInput(`At most ${MAX_SEARCH} characters.`, [...path, "search"]);
  }
  return normalise(search ?? "");
}

/**
 * Where a text is found in a column, read from a view that its trigram index serves. From three letters on the index
 * knows the rows, and they are taken first (OFFSET 0 is a fence): in the order of names the planner would hope to meet
 * enough of them soon, and walk the tenant when it errs.
 */
export function searchOf(
  view: string,
  column: string,
  text: string,
  tenantIs: (alias: string) => Sql,
): { table: Sql; where: Sql; prepare: Prepare } {
  const table = raw(view);
  const contained = sql`${raw(`n.${column}`)} LIKE ${containsPattern(text)}`;
  if (isUuid(text)) return { table, where: sql`(n.id = ${text} OR ${contained})`, prepare: false };
  if (Array.from(text).length < 3) return { table, where: contained, prepare: false };
  return {
    table: sql`(SELECT n.* FROM ${table} n WHERE ${tenantIs("n")} AND ${contained} OFFSET 0)`,
    where: raw("true"),
    // Behind the fence nothing is left to choose.
    prepare: "once",
  };
}
