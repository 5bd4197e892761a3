import type { GraphQLFieldResolver } from "graphql";
import type { Sql } from "sql-template-tag";
import { type ListOf, type PageArgs, pageOf, type PagesBy, type Selection } from "./connection.js";
import type { Context } from "./context.js";
import type { ExistsBy, OneBy } from "./loader.js";
import type { Entity } from "./table.js";

/** What a relation starts from: the property of the parent's row that holds the key. */
interface From {
  from: string;
}
/** The one row that a foreign key names. */
export type ToOne = From & { one: OneBy<object> };
/** A connection below each row. */
export type ToMany = From & { pages: PagesBy };
/** Whether there is a row at all. */
export type ToAny = From & { exists: ExistsBy };
export type Relation = ToOne | ToMany | ToAny;

/** A root field that finds one row: its key from the arguments, null for none. May throw BAD_USER_INPUT. */
export interface FindOne {
  one: OneBy<object>;
  key: (args: never, ctx: Context) => string | null;
}
/** A root field that is a list of the whole tenant. */
export interface FindMany {
  list: ListOf;
  select: (args: never, ctx: Context) => Selection;
}
export type Root = FindOne | FindMany;

/**
 * How a field is read, as data: by loaders, row by row, or as a part of one SQL statement. A field without a plan is
 * read by its method alone. The two ways answer alike; test/compiled-read.test.ts compares them.
 */
export type FieldPlan =
  | { column: string; of: Entity }
  | { sql: (row: string, ctx: Context) => Sql; unseen?: boolean }
  | { rows: (row: string, ctx: Context) => Sql }
  | Relation
  | Root;

type Row = Record<string, string | null>;

/** The resolver that follows from a relation. */
export function relationResolver(plan: Relation): GraphQLFieldResolver<unknown, Context> {
  const load = (ctx: Context, key: string, args: PageArgs): unknown =>
    "one" in plan
      ? plan.one.load(ctx, key)
      : "pages" in plan
        ? plan.pages.load(ctx, key, args)
        : plan.exists.load(ctx, key, args);
  return (parent, args, ctx) => {
    const key = (parent as Row)[plan.from]!;
    return key === null ? null : load(ctx, key, args as PageArgs);
  };
}

/** The resolver that follows from a root field's plan. */
export const rootResolver =
  (plan: Root): GraphQLFieldResolver<unknown, Context> =>
  (_root, args, ctx) => {
    if ("list" in plan) return pageOf(ctx, plan.list, plan.select(args as never, ctx), args as PageArgs);
    const key = plan.key(args as never, ctx);
    return key === null ? null : plan.one.load(ctx, key);
  };
