import DataLoader from "dataloader";
import sql, { empty, raw, type Sql } from "sql-template-tag";
import type { Context, Viewer } from "./context.js";
import { columnOf, selectList, tableOf, type Entity } from "./table.js";
import { Turns } from "./turns.js";

/**
 * Which rows of a table a viewer may see, as an SQL predicate over that alias; null means all of the tenant.
 * The same rule serves root fields, edges, `node` and `_entities`: an object is checked where it is read.
 */
export type RowRule = (viewer: Viewer, alias: string, now: Date) => Sql | null;

export const ruled = (rule: RowRule | undefined, ctx: Context, alias: string): Sql => {
  const predicate = rule?.(ctx.viewer, alias, ctx.now);
  return predicate ? sql` AND (${predicate})` : sql``;
};

interface Loader<V> {
  load(key: string): Promise<V>;
}

/** The DataLoaders of one request. The declared constant is the key; nothing is shared between requests. */
export class Loaders {
  private readonly byDeclaration = new Map<object, Map<string, Loader<unknown>>>();
  private readonly turns: Turns;

  constructor(tenantId: string | null) {
    this.turns = new Turns(tenantId);
  }

  /** The loader of this declaration, and of these arguments where it takes any. */
  of<V>(declaration: object, variant: string, batch: (keys: readonly string[]) => Promise<V[]>): Loader<V> {
    let variants = this.byDeclaration.get(declaration);
    if (!variants) this.byDeclaration.set(declaration, (variants = new Map()));
    let loader = variants.get(variant);
    if (!loader) variants.set(variant, (loader = this.loader(batch)));
    return loader as Loader<V>;
  }

  /** What was read for several fields of a request, one after another. */
  async inTurn<V>(read: Promise<V>): Promise<V> {
    return this.turns.take(await read);
  }

  private loader<V>(batch: (keys: readonly string[]) => Promise<V[]>): Loader<V> {
    const keys = new DataLoader<string, V>(batch, {
      // So many keys are one statement; more would make its parameter and its plan grow without limit.
      maxBatchSize: 1000,
      batchScheduleFn: (dispatch) => this.turns.whenThrough(dispatch),
    });
    return { load: (key) => this.inTurn(keys.load(key)) };
  }

  /** After a write nothing read before it may be answered. */
  clear(): void {
    this.byDeclaration.clear();
  }
}

/** Loads one row for each value of a unique column, under the entity's row rule; one statement per batch. */
export interface OneBy<T> {
  readonly entity: Entity<T>;
  readonly property: string;
  readonly rule: RowRule;
  load(ctx: Context, key: string): Promise<T | null>;
}

/** A relation as data: the row of `entity` whose unique `property` has the key. */
export function oneBy<T extends object>(entity: Entity<T>, property: keyof T & string, rule: RowRule): OneBy<T> {
  const declaration: OneBy<T> = {
    entity,
    property,
    rule,
    load: (ctx, key) =>
      ctx.loaders
        .of(declaration, "", async (keys) => {
          const column = columnOf(entity, property);
          const rows = await ctx.db.query<T>(
            sql`SELECT ${selectList(entity, "n")} FROM ${tableOf(entity).name} n
              WHERE ${ctx.db.tenantIs("n")} AND n.${column} = ANY(${keys}${raw("::uuid[]")})${ruled(rule, ctx, "n")}`,
            { prepare: true },
          );
          const byKey = new Map(rows.map((row) => [row[property] as string, row]));
          return keys.map((value) => byKey.get(value) ?? null);
        })
        .load(key),
  };
  return declaration;
}

/** Tells for each key whether there is a row; one statement per batch. */
export interface ExistsBy {
  readonly entity: Entity;
  readonly property: string;
  /** A further condition over `n`, from the field's arguments. */
  readonly where?: ((args: never) => Sql) | undefined;
  load(ctx: Context, key: string, args: object): Promise<boolean>;
}

/** A yes-or-no relation as data: is there a row of `entity` whose `property` has the key? */
export function existsBy<T extends object>(
  entity: Entity<T>,
  property: keyof T & string,
  where?: (args: never) => Sql,
): ExistsBy {
  const declaration: ExistsBy = {
    entity,
    property,
    where,
    load: (ctx, key, args) =>
      ctx.loaders
        .of(declaration, JSON.stringify(args), async (keys) => {
          const column = columnOf(entity, property);
          const rows = await ctx.db.query<{ key: string }>(
            sql`SELECT DISTINCT n.${column} AS "key" FROM ${tableOf(entity).name} n
              WHERE ${ctx.db.tenantIs("n")} AND n.${column} = ANY(${keys}${raw("::uuid[]")})${
                where ? sql` AND ${where(args as never)}` : empty
              }`,
            { prepare: true },
          );
          const found = new Set(rows.map((row) => row.key));
          return keys.map((value) => found.has(value));
        })
        .load(key),
  };
  return declaration;
}
