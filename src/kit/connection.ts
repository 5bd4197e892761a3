import sql, { empty, join, raw, type Sql } from "sql-template-tag";
import { ArgsType, Extensions, Field, Int, ObjectType, type ClassType } from "type-graphql";
import type { TypeThunk } from "./attribute.js";
import type { Context } from "./context.js";
import { badUserInput } from "./errors.js";
import {
  decodeCursor,
  encodeCursor,
  fingerprint,
  pageStatement,
  wholeList,
  type Direction,
  type ListQuery,
  type Place,
  type Placed,
  type Sort,
} from "./keyset.js";
import { ruled, type RowRule } from "./loader.js";
import { columnOf, selectList, tableOf, type Entity } from "./table.js";
import type { Handling, Prepare } from "./tenant-db.js";

export const DEFAULT_SIZE = 15;
export const MAX_SIZE = 100;
const FETCH_SIZES = [1, 10, 15, 20, 25, 50, MAX_SIZE].flatMap((size) => [size, size + 1]);

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: "How many from the start (or behind `after`): 1 to 100, 15 when neither `first` nor `last` is given.",
  })
  first?: number | null;

  @Field(() => String, { nullable: true, description: "Begin behind this cursor. Goes with `first`." })
  after?: string | null;

  @Field(() => Int, { nullable: true, description: "How many from the end (or before `before`): 1 to 100." })
  last?: number | null;

  @Field(() => String, { nullable: true, description: "End before this cursor. Goes with `last`." })
  before?: string | null;
}

@ObjectType({ description: "Where a page lies in its list (GraphQL Cursor Connections Specification)." })
export class PageInfo {
  @Field(() => Boolean, {
    description: "Paging forward: there are more behind the last edge. Paging backward: `before` was given.",
  })
  hasNextPage!: boolean;

  @Field(() => Boolean, {
    description: "Paging backward: there are more before the first edge. Paging forward: `after` was given.",
  })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "The first edge's cursor; null on an empty page." })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: "The last edge's cursor; null on an empty page." })
  endCursor!: string | null;
}

/** A checked page request: how many, which way, from which place. */
interface PageRequest {
  size: number;
  backward: boolean;
  cursor: string | null;
}

function pageRequest({ first, after, last, before }: PageArgs): PageRequest {
  if ((first != null || after != null) && (last != null || before != null)) {
    throw badUserInput("Page forward with first/after or backward with last/before, not both.", [
      last != null ? "last" : "before",
    ]);
  }
  if (before != null && last == null) throw badUserInput("`before` goes with `last`.", ["last"]);
  const size = first ?? last ?? DEFAULT_SIZE;
  if (size < 1 || size > MAX_SIZE) {
    throw badUserInput(`A page holds 1 to ${MAX_SIZE}.`, [last != null ? "last" : "first"]);
  }
  return { size, backward: last != null, cursor: after ?? before ?? null };
}

/** A list as data. Edges that carry columns of their own are rows of a table that joins parent and node. */
export interface ListOf {
  /** Stands in the cursors; unique over all lists. */
  name: string;
  node: Entity;
  rule: RowRule;
  edge?: { entity: Entity; node: string; where?: (now: Date) => Sql };
  /** Which of the rows the caller sees; of the others all is null but computed fields that say `unseen`. */
  seen?: RowRule;
}

/** What one reading of a list asks for. Conditions speak of `n` (the node) and `e` (the edge). */
export interface Selection {
  sort: Sort;
  direction: Direction;
  where?: (now: Date) => Sql | null;
  /** A view of the node's table that serves this selection better. */
  table?: Sql;
  /** False: the best plan depends on the values, so each request is planned anew. */
  prepare?: Prepare;
  /** PostgreSQL may have to look at every row: unless told, where values make a difference, by a filter or a search. */
  scans?: boolean;
  /** Whatever else tells this list from another: filter and search, for the cursor's fingerprint. */
  identity?: unknown;
}

export const handlingOf = ({ prepare = true, scans = prepare !== true }: Selection): Required<Handling> => ({
  prepare,
  scans,
});

/** One page, as the connection type shows it. Cursors and the count are made only when somebody asks. */
export class Page<Row extends object> {
  private readonly more: boolean;

  constructor(
    private readonly rows: (Row & Placed)[],
    private readonly prepared: Prepared,
    private readonly edgeColumns: readonly string[],
    readonly count: () => Promise<number>,
  ) {
    const { size, backward } = prepared;
    this.more = rows.length > size;
    if (this.more) rows.length = size;
    if (backward) rows.reverse();
  }

  nodes(): (Row | null)[] {
    return this.rows.map(seen);
  }

  edges(): object[] {
    return this.rows.map((row) => {
      const edge: Record<string, unknown> = { node: seen(row), $row: row, $page: this };
      // Of a node that is not seen the edge's own columns are not either.
      const shown = edge.node !== null;
      for (const column of this.edgeColumns) edge[column] = shown ? row[`edge_${column}` as keyof Row] : null;
      return edge;
    });
  }

  pageInfo(): PageInfo {
    const { backward, cursor } = this.prepared;
    const first = this.rows[0];
    const last = this.rows[this.rows.length - 1];
    return {
      hasNextPage: backward ? cursor !== null : this.more,
      hasPreviousPage: backward ? this.more : cursor !== null,
      startCursor: first ? this.cursorOf(first) : null,
      endCursor: last ? this.cursorOf(last) : null,
    };
  }

  cursorOf(row: Placed): string {
    return encodeCursor(this.prepared.fingerprint, row, this.prepared.query.now);
  }
}

/** A row as the object that it is; null where the caller sees no more of it than its edge. */
const seen = <Row extends object>(row: Row): Row | null => ((row as { $seen?: boolean }).$seen === false ? null : row);

/** How many rows are read for so many that are wanted: rounded up, so that few statements serve all sizes. */
const fetched = (wanted: number): number => FETCH_SIZES.find((rows) => rows >= wanted)!;

/** A page that is ready to be read: its request checked, its statement made. */
export interface Prepared extends PageRequest {
  fingerprint: string;
  query: ListQuery;
  statement: Sql;
  /** How many rows the statement reads, and behind which place. */
  rows: number;
  place: Place | null;
}

/**
 * The statement for one page of a list. `correlate` ties it to a parent's row, `columns` are what it reads; `spare`
 * rows behind the page tell whether there are more.
 * @throws BAD_USER_INPUT for a page that cannot be.
 */
export function preparePage(
  ctx: Context,
  list: ListOf,
  selection: Selection,
  args: PageArgs,
  correlate: Sql | null = null,
  columns: Sql = visibleColumns(list),
  spare: 0 | 1 = 1,
): Prepared {
  const marked = list.seen
    ? sql`${columns}, (${list.seen(ctx.viewer, "n", ctx.now) ?? sql`true`}) AS "$seen"`
    : columns;
  const request = pageRequest(args);
  const print = fingerprint(list.name, selection.sort.length, sortText(selection), selection.identity);
  const argument = request.backward ? "before" : "after";
  const start = request.cursor === null ? null : decodeCursor(request.cursor, print, selection.sort, argument);
  const query = listQuery(ctx, list, selection, start?.now ?? ctx.now, correlate, marked);
  const rows = fetched(request.size + spare);
  const place = start?.place ?? null;
  const statement = pageStatement(query, rows, place, request.backward);
  return { ...request, fingerprint: print, query, statement, rows, place };
}

/** The cursor of a row of a page, as SQL: what `encodeCursor` makes. */
export const cursorSql = ({ fingerprint: list, query }: Prepared, row: string): Sql => {
  const [segment, value, id] = ["$segment", "$value", "$id"].map((name) => raw(`${row}."${name}"`));
  return sql`translate(encode(convert_to(json_build_array(${list}::text, ${segment}, ${value}, ${id},
    (extract(epoch FROM ${query.now}::timestamptz) * 1000)::bigint)::text, 'UTF8'), 'base64'), E'+/=\\n', '-_')`;
};

const sortText = ({ sort, direction }: Selection): string =>
  `${direction} ${sort.map((segment) => segment.by ?? "").join()}`;

const visibleColumns = ({ node, edge }: ListOf): Sql =>
  edge ? sql`${selectList(node, "n")}, ${selectList(edge.entity, "e", "edge_")}` : selectList(node, "n");

function listQuery(
  ctx: Context,
  { node, edge, rule }: ListOf,
  selection: Selection,
  now: Date,
  correlate: Sql | null,
  select: Sql,
): ListQuery {
  const conditions = [
    ctx.db.tenantIs("n"),
    ...(correlate ? [sql`(${correlate})`] : []),
    ...[selection.where?.(now), edge?.where?.(now)].filter((condition) => condition != null),
  ];
  const from = edge
    ? sql`${tableOf(edge.entity).name} e JOIN ${tableOf(node).name} n
        ON ${ctx.db.tenantIs("e")} AND n.tenant_id = e.tenant_id AND n.id = e.${columnOf(edge.entity, edge.node)}`
    : sql`${selection.table ?? tableOf(node).name} n`;
  const where = sql`${join(conditions, " AND ")}${ruled(rule, ctx, "n")}`;
  return {
    select,
    from,
    where,
    id: "n.id",
    sort: selection.sort,
    direction: selection.direction,
    now,
    below: correlate !== null,
  };
}

const edgeColumns = (list: ListOf): readonly string[] => (list.edge ? tableOf(list.edge.entity).visible : []);

/** One page of a list of the whole tenant, in one statement. */
export async function pageOf<Row extends object>(
  ctx: Context,
  list: ListOf,
  selection: Selection,
  args: PageArgs,
): Promise<Page<Row>> {
  const prepared = preparePage(ctx, list, selection, args);
  const { query, statement } = prepared;
  const rows = await ctx.loaders.inTurn(ctx.db.query<Row & Placed>(statement, handlingOf(selection)));
  const count = async (): Promise<number> => {
    const [row] = await ctx.db.query<{ count: string }>(sql`SELECT count(*) FROM ${query.from} WHERE ${query.where}`, {
      scans: true,
    });
    return Number(row!.count);
  };
  return new Page(rows, prepared, edgeColumns(list), count);
}

/** All rows of a list in its order as of that instant, without paging: statements to be read one after another. */
export const listStatements = (ctx: Context, list: ListOf, selection: Selection, columns: Sql): Sql[] =>
  wholeList(listQuery(ctx, list, selection, ctx.now, null, columns));

/** How long a list is, counted no further than that. */
export async function lengthOf(ctx: Context, list: ListOf, selection: Selection, most: number): Promise<number> {
  const { from, where } = listQuery(ctx, list, selection, ctx.now, null, empty);
  const [row] = await ctx.db.query<{ count: string }>(
    sql`SELECT count(*) FROM (SELECT FROM ${from} WHERE ${where} LIMIT ${most}) counted`,
  );
  return Number(row!.count);
}

/** A connection below each row of another list: one statement per batch of parents. */
export interface PagesBy {
  readonly list: ListOf;
  readonly select: (args: never, ctx: Context) => Selection;
  /** Which rows are below the parent of that key. */
  readonly below: (parent: Sql, ctx: Context) => Sql;
  load(ctx: Context, parent: string, args: PageArgs): Promise<Page<object>>;
}

/**
 * A connection below each row of another list, as data: one lateral statement for all parents of a level, whatever
 * their number, and one more for their counts when those are selected. What ties a row to its parent is a property that
 * holds the parent's key, or a condition over that key.
 */
export function pagesBy(
  list: ListOf,
  key: string | PagesBy["below"],
  selection: Selection | ((args: never, ctx: Context) => Selection),
): PagesBy {
  const select = typeof selection === "function" ? selection : () => selection;
  const { node, edge } = list;
  const below: PagesBy["below"] =
    typeof key === "function"
      ? key
      : (parent) => sql`${edge ? sql`e.${columnOf(edge.entity, key)}` : sql`n.${columnOf(node, key)}`} = ${parent}`;
  const countLoader = {};
  const declaration: PagesBy = {
    list,
    select,
    below,
    load(ctx, parent, args) {
      const variant = JSON.stringify(args);
      return ctx.loaders
        .of(declaration, variant, async (parents) => {
          const chosen = select(args as never, ctx);
          const prepared = preparePage(ctx, list, chosen, args, below(raw("k.parent"), ctx));
          const rows = await ctx.db.query<Placed & { $parent: string }>(
            sql`SELECT k.parent AS "$parent", p.* FROM unnest(${parents}${raw("::uuid[]")}) k(parent)
              CROSS JOIN LATERAL (${prepared.statement}) p`,
            handlingOf(chosen),
          );
          const pages = new Map(parents.map((one) => [one, [] as typeof rows]));
          for (const row of rows) pages.get(row.$parent)?.push(row);
          return parents.map((one) => {
            const total = (): Promise<number> => countOf(ctx, one, args, prepared.query);
            return new Page<object>(pages.get(one)!, prepared, edgeColumns(list), total);
          });
        })
        .load(parent);
    },
  };
  // All pages of one list have one length.
  const countOf = (
    ctx: Context,
    parent: string,
    { first: _first, after: _after, last: _last, before: _before, ...filter }: PageArgs,
    query: ListQuery,
  ): Promise<number> =>
    ctx.loaders
      .of(countLoader, JSON.stringify(filter), async (parents) => {
        const rows = await ctx.db.query<{ parent: string; count: string }>(
          sql`SELECT k.parent, c.count FROM unnest(${parents}${raw("::uuid[]")}) k(parent)
            CROSS JOIN LATERAL (SELECT count(*) FROM ${query.from} WHERE ${query.where}) c`,
          { prepare: true, scans: true },
        );
        const counts = new Map(rows.map((row) => [row.parent, Number(row.count)]));
        return parents.map((one) => counts.get(one) ?? 0);
      })
      .load(parent);
  return declaration;
}

/** The connection type of a node type, and its edge type with the fields of `edgeFields` (a class of its own). */
export function connectionOf(
  name: string,
  nodeType: () => ClassType,
  description: string,
  edge?: ClassType,
  { partlySeen = false } = {},
): ClassType {
  const hidden = partlySeen ? " Null: the caller sees no more of it than this edge." : "";
  class Edge extends (edge ?? Object) {
    node!: object;
    cursor!: string;
  }
  Field(nodeType, { nullable: partlySeen, description: `The object itself.${hidden}` })(Edge.prototype, "node");
  Field(() => String, { description: "Where to continue: give it as `after` or `before`." })(Edge.prototype, "cursor");
  Extensions({
    resolve: ({ $row, $page }: { $row: Placed; $page: Page<object> }) => $page.cursorOf($row),
  })(Edge.prototype, "cursor");
  ObjectType(`${name}Edge`, { description: `One entry of the connection ${name}Connection.` })(Edge);

  class Connection {}
  const field = (key: string, type: TypeThunk, about: string, resolve: (page: Page<object>) => unknown): void => {
    const nullable = partlySeen && key === "nodes" ? ("items" as const) : false;
    Field(type, { nullable, description: about })(Connection.prototype, key);
    Extensions({ resolve })(Connection.prototype, key);
  };
  field(
    "edges",
    () => [Edge],
    "The entries of this page with their cursors.",
    (page) => page.edges(),
  );
  field(
    "nodes",
    () => [nodeType()],
    `The objects of this page, without edges.${hidden}`,
    (page) => page.nodes(),
  );
  field(
    "pageInfo",
    () => PageInfo,
    "Where this page lies.",
    (page) => page.pageInfo(),
  );
  const counted = "The exact length of the whole list; counted only when selected.";
  field(
    "totalCount",
    () => Int,
    counted,
    (page) => page.count(),
  );
  ObjectType(`${name}Connection`, { description })(Connection);
  return Connection;
}
