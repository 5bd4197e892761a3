import {
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  getArgumentValues,
  getNamedType,
  getOperationAST,
  getVariableValues,
  getNullableType,
  GraphQLError,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  isInterfaceType,
  isLeafType,
  isListType,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
  type ValueNode,
} from "graphql";
import sql, { empty, join, raw, type Sql } from "sql-template-tag";
import type { Budget } from "./answer-size.js";
import { cursorSql, handlingOf, type PageArgs, type Prepared, preparePage, type Selection } from "./connection.js";
import type { ListOf } from "./connection.js";
import type { Context } from "./context.js";
import { agree, broughtBy, type Build, kept, lengthOf, ordinary, type Run } from "./kept-statement.js";
import { pageStatement } from "./keyset.js";
import { type Entities, referenceKeys } from "./federation.js";
import type { FieldPlan } from "./field-plan.js";
import { ruled, type OneBy } from "./loader.js";
import type { Allow, OperationExtension } from "./operation.js";
import { failureCode } from "./public-error.js";
import { columnOf, selectList, tableOf, type Entity } from "./table.js";

/** An answer's data as PostgreSQL wrote it: nobody on the way has to understand it. */
export class JsonText {
  constructor(readonly text: string) {}

  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

/**
 * Answers a request by one statement, which also makes sure of the viewer; null when this request has to go the plain
 * way, e.g. to say what is wrong.
 */
export type CompiledRead = (ctx: Context, variables: Record<string, unknown>) => Promise<ExecutionResult | null>;

/** A page whose rows are wanted once and as they come need be neither kept nor numbered. */
interface PlannedPage extends Prepared {
  streamed: boolean;
}
/** A part of a connection, which a prepared page fills. */
type PageBuild = (run: Run, page: PlannedPage) => Sql;
/** What is selected of the rows of a page: an object for each, of what is put beside the row. */
interface Rows {
  row: string;
  object: Sql;
  beside: PageBuild;
}

/** The document selects something that is not declared as data. */
class NotPlannable extends Error {}

/** Longer names are cut by PostgreSQL. */
const MAX_NAME = 63;
/**
 * PostgreSQL's planning grows faster than the statement, and every connection keeps the plan: larger documents are
 * answered by loaders.
 */
const MAX_FIELDS = 300;
const MAX_RELATIONS = 40;
const MAX_STATEMENT = 32_000;

/**
 * Turns a query into one SQL statement that builds its whole answer as JSON, with a lateral subquery for each relation;
 * null when a selected field is not declared as data. Guards and row rules are those of the plain way.
 */
export function compileRead(
  schema: GraphQLSchema,
  api: GraphQLSchema,
  entities: Entities,
  document: DocumentNode,
  operationName: string | undefined,
): CompiledRead | null {
  const operation = getOperationAST(document, operationName);
  if (operation?.operation !== OperationTypeNode.QUERY || operation.directives?.length) return null;
  const planner = new Planner(document, api, entities);
  let roots: Build;
  let path: string;
  try {
    const build = planner.roots(operation.selectionSet);
    const whole = kept(build, ({ variables }) => JSON.stringify(variables));
    // Page sizes are few; whatever else variables bring is too much to keep something for each.
    roots = (run) => (Object.values(run.variables).every(isSize) ? whole : build)(run);
    [path] = planner.collect(api.getQueryType()!, [operation.selectionSet]).keys() as unknown as [string];
  } catch (error) {
    if (error instanceof NotPlannable) return null;
    throw error;
  }
  return async (ctx, variables) => {
    const { viewer, still } = ctx;
    if (!still || ![...planner.allows].every((allow) => allow.test(viewer))) return null;
    const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
    if (!coerced) return null;
    const run: Run = { ctx, variables: coerced, handling: ordinary(), keeping: false };
    let statement: Pick<Sql, "strings" | "values">;
    try {
      const whole = sql`SELECT (SELECT row_to_json("$o")::text FROM (SELECT ${roots(run)}) "$o") AS data
        FROM (${still}) "$viewer"`;
      const answer = ctx.budget ? withinBudget(run, ctx.budget, whole) : whole;
      statement = { strings: answer.strings, values: answer.values.map((value) => broughtBy(ctx, value)) };
    } catch (error) {
      if (!(error instanceof GraphQLError || error instanceof NotPlannable))
        ctx.log.warn({ err: error }, "a statement could not be built, and loaders answer");
      return null;
    }
    if (lengthOf(statement) > MAX_STATEMENT) return null;
    try {
      const [row] = await ctx.db.query<{ data: string | null }>(statement, run.handling);
      // No row: the viewer is not any more who they were. No data: it may be too much. The plain way says what holds.
      return row?.data ? { data: new JsonText(row.data) as never } : null;
    } catch (error) {
      // A database that is slow or away is not asked again; of anything else the plain way tells the place.
      const code = failureCode(error);
      if (code !== "TIMEOUT" && code !== "UNAVAILABLE") {
        ctx.log.warn({ err: error }, "a compiled read failed and is answered by loaders");
        return null;
      }
      const originalError = error as Error;
      return { data: null, errors: [new GraphQLError(originalError.message, { path: [path], originalError })] };
    }
  };
}

/** An answer so long that it may hold too much is none. Nor shall many of them be made at a time. */
function withinBudget(run: Run, { characters }: Budget, answer: Sql): Sql {
  agree(run, { scans: true });
  return sql`SELECT CASE WHEN length(a.data) <= ${characters} THEN a.data END AS data FROM (${answer} OFFSET 0) a`;
}

class Planner {
  /** Every guard on the way; each is asked before the statement runs. */
  readonly allows = new Set<Allow>();
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  private aliases = 0;
  private fields = 0;
  /** Fields met so far whose arguments name variables. */
  private variables = 0;

  constructor(
    document: DocumentNode,
    private readonly api: GraphQLSchema,
    private readonly entities: Entities,
  ) {
    const fragments = document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
    this.fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  }

  roots(selection: SelectionSetNode): Build {
    const type = this.api.getQueryType()!;
    return this.selectAll(type, this.collect(type, [selection]), (name, nodes) => {
      if (name === "_entities") return this.references(nodes);
      const field = this.field(type, name);
      const plan = planOf(field);
      if ("list" in plan) return this.connection(field, nodes, plan.list, plan.select);
      if (!("key" in plan)) throw new NotPlannable();
      const build = this.one(field, nodes, plan.one);
      const given = this.argumentsOf(field, nodes);
      return (run) => {
        const key = plan.key(given(run) as never, run.ctx);
        return key === null ? sql`NULL::json` : build(run, sql`${key}::uuid`);
      };
    });
  }

  /** Fields by their name in the answer. @throws NotPlannable at conditions and at fragments of other types. */
  collect(type: GraphQLObjectType, selections: readonly SelectionSetNode[]): Map<string, FieldNode[]> {
    const fields = new Map<string, FieldNode[]>();
    const add = ({ selections: nodes }: SelectionSetNode): void => {
      for (const node of nodes) {
        if (node.directives?.length) throw new NotPlannable();
        if (++this.fields > MAX_FIELDS) throw new NotPlannable();
        if (node.kind === Kind.FIELD) {
          const key = node.alias?.value ?? node.name.value;
          if (key.length > MAX_NAME) throw new NotPlannable();
          fields.set(key, [...(fields.get(key) ?? []), node]);
        } else {
          const fragment = node.kind === Kind.FRAGMENT_SPREAD ? this.fragments.get(node.name.value)! : node;
          if (fragment.directives?.length) throw new NotPlannable();
          if (!covers(fragment.typeCondition?.name.value, type)) throw new NotPlannable();
          add(fragment.selectionSet);
        }
      }
    };
    selections.forEach(add);
    return fields;
  }

  /** A field of a type, its guard noted. */
  private field(type: GraphQLObjectType, name: string): GraphQLField<unknown, unknown> {
    const field = type.getFields()[name];
    if (!field) throw new NotPlannable();
    const { operation } = field.extensions as { operation?: OperationExtension };
    if (operation) this.allows.add(operation.allow);
    return field;
  }

  /** The fields of a row, which stands under the alias `row`. */
  private object(type: GraphQLObjectType, entity: Entity, nodes: readonly FieldNode[], row: string): Build {
    return this.selectAll(type, this.collect(type, subselections(nodes)), (name, selected) => {
      const field = this.field(type, name);
      const plan = planOf(field);
      if ("column" in plan) {
        const column = `${row}.${columnOf(plan.of, plan.column).text}`;
        return isLeafType(getNamedType(field.type))
          ? formatted(field, column)
          : this.document(field, selected)(raw(column));
      }
      if ("sql" in plan) {
        if (isLeafType(getNamedType(field.type))) return (run) => plan.sql(row, run.ctx);
        const document = this.document(field, selected);
        return (run) => document(plan.sql(row, run.ctx));
      }
      if ("rows" in plan) {
        const part = this.alias();
        const fields = beside(
          part,
          this.properties(field, selected, (property) => `${part}."${property}"`),
        );
        return (run) =>
          sql`(SELECT ${listOf(objectBeside(part))} FROM (${plan.rows(row, run.ctx)}) ${raw(part)}${fields})`;
      }
      if (!("from" in plan)) throw new NotPlannable();
      const key = raw(`${row}.${columnOf(entity, plan.from).text}`);
      if ("exists" in plan) {
        const { entity: other, property, where } = plan.exists;
        const given = this.argumentsOf(field, selected);
        return (run) => {
          const further = where ? sql` AND ${where(given(run) as never)}` : empty;
          return sql`EXISTS (SELECT FROM ${tableOf(other).name} n
            WHERE ${run.ctx.db.tenantIs("n")} AND n.${columnOf(other, property)} = ${key}${further})`;
        };
      }
      if ("pages" in plan) {
        const { list, select, below } = plan.pages;
        return this.connection(field, selected, list, select, (ctx) => below(key, ctx));
      }
      const build = this.one(field, selected, plan.one);
      return (run) => build(run, key);
    });
  }

  /** What is selected of a document: an object, or a list of them. Its properties are named as their fields. */
  private document(field: GraphQLField<unknown, unknown>, nodes: readonly FieldNode[]): (value: Sql) => Sql {
    const whole = this.alias();
    const part = `${whole}p`;
    const isList = isListType(getNullableType(field.type));
    const fields = beside(
      part,
      this.properties(field, nodes, (property) => `${isList ? part : whole}.value -> '${property}'`),
    );
    const read = isList
      ? sql`CASE WHEN jsonb_typeof(${raw(whole)}.value) = 'array' THEN (SELECT ${listOf(objectBeside(part))}
          FROM jsonb_array_elements(${raw(whole)}.value) ${raw(part)}${fields}) END`
      : objectBeside(part);
    const rest = isList ? empty : sql`${fields} WHERE jsonb_typeof(${raw(whole)}.value) = 'object'`;
    return (value) => sql`(SELECT ${read} FROM (SELECT ${value} AS value OFFSET 0) ${raw(whole)}${rest})`;
  }

  /** The fields of a part of a document. */
  private properties(
    field: GraphQLField<unknown, unknown>,
    nodes: readonly FieldNode[],
    read: (property: string) => string,
  ): Sql {
    const type = getNamedType(field.type) as GraphQLObjectType;
    const parts = [...this.collect(type, subselections(nodes))].map(([key, selected]) => {
      const label = raw(` AS "${key}"`);
      const name = selected[0]!.name.value;
      if (name === "__typename") return sql`${typenameOf(type)}${label}`;
      const inner = this.field(type, name);
      // What follows from more than the document is not in it.
      if (inner.extensions.plan || inner.extensions.resolve) throw new NotPlannable();
      const property = raw(read(name));
      const value = isLeafType(getNamedType(inner.type)) ? property : this.document(inner, selected)(property);
      return sql`${value}${label}`;
    });
    return join(parts);
  }

  /** One row by its key, under its row rule, as an object; NULL when there is none. */
  private one(
    field: Pick<GraphQLField<unknown, unknown>, "type">,
    nodes: readonly FieldNode[],
    { entity, property, rule }: OneBy<object>,
  ): (run: Run, key: Sql) => Sql {
    const row = this.alias();
    const fields = this.object(objectType(field), entity, nodes, row);
    return (run, key) => {
      const { ctx } = run;
      return sql`(SELECT row_to_json("$o") FROM (SELECT ${fields(run)} FROM (
        SELECT n.* FROM ${tableOf(entity).name} n
        WHERE ${ctx.db.tenantIs("n")} AND n.${columnOf(entity, property)} = ${key}${ruled(rule, ctx, "n")}) ${raw(row)}) "$o")`;
    };
  }

  private connection(
    field: GraphQLField<unknown, unknown>,
    nodes: readonly FieldNode[],
    list: ListOf,
    selectionOf: (args: never, ctx: Context) => Selection,
    correlate: ((ctx: Context) => Sql) | null = null,
  ): Build {
    const type = getNamedType(field.type) as GraphQLObjectType;
    const page = this.alias();
    const parts: (Rows | null)[] = [];
    let counted = false;
    const fields = this.pageFields(type, nodes, (name, selected) => {
      const part = getNamedType(this.field(type, name).type) as GraphQLObjectType;
      if (name === "totalCount") {
        counted = true;
        return (_run, { query }) => sql`(SELECT count(*) FROM ${query.from} WHERE ${query.where})`;
      }
      if (name === "pageInfo") {
        parts.push(null);
        const info = this.pageFields(part, selected, (one) => (_run, prepared) => pageInfoSql(one, prepared, page));
        return (run, prepared) => objectOf(info(run, prepared));
      }
      const rows = this.rows(name, part, selected, list);
      parts.push(rows);
      return (run, prepared) => rowsSql(rows, run, prepared, page);
    });
    const only = parts.length === 1 ? parts[0]! : null;
    const columns = list.edge ? sql`n.*, ${selectList(list.edge.entity, "e", "edge_")}` : raw("n.*");
    const given = this.argumentsOf(field, nodes);
    return (run) => {
      const args = given(run) as PageArgs;
      const selection = selectionOf(args as never, run.ctx);
      agree(run, handlingOf(selection));
      agree(run, { scans: counted });
      // What is searched and counted is searched once for both.
      const shared = counted && parts.length > 0 && selection.table && !list.edge && !list.seen;
      const streamed = only !== null && args.last == null && !shared;
      const tied = correlate && correlate(run.ctx);
      const prepared = preparePage(run.ctx, list, selection, args, tied, columns, streamed ? 0 : 1);
      const { backward, query, size, rows } = prepared;
      if (streamed) {
        const planned = { ...prepared, streamed };
        const { statement } = prepared;
        const exactly = rows === size ? statement : sql`SELECT * FROM (${statement}) q LIMIT ${size}`;
        // An aggregate takes the rows of an ordered subquery in their order.
        return sql`(SELECT row_to_json("$o") FROM (SELECT ${fields(run, planned)}
          FROM (${exactly}) ${raw(only.row)}${only.beside(run, planned)}) "$o")`;
      }
      const order = raw((query.direction === "DESC") !== backward ? "DESC" : "ASC");
      const { found, ...planned } = shared ? foundOnce(prepared, list, `${page}f`, run) : { ...prepared, found: empty };
      return sql`(SELECT row_to_json("$o") FROM (WITH ${found}${raw(page)} AS MATERIALIZED (
        SELECT q.*, row_number() OVER (ORDER BY q."$segment" ${order}, q."$value" ${order}, q."$id" ${order}) AS "$place"
        FROM (${planned.statement}) q) SELECT ${fields(run, { ...planned, streamed })}) "$o")`;
    };
  }

  /** `a AS "x", b AS "y"` of a connection, an edge or its page info. */
  private pageFields(
    type: GraphQLObjectType,
    nodes: readonly FieldNode[],
    plan: (name: string, nodes: FieldNode[]) => PageBuild,
  ): PageBuild {
    const parts = [...this.collect(type, subselections(nodes))].map(([key, selected]): PageBuild => {
      const name = selected[0]!.name.value;
      const build: PageBuild = name === "__typename" ? () => typenameOf(type) : plan(name, selected);
      const label = raw(` AS "${key}"`);
      return (run, prepared) => sql`${build(run, prepared)}${label}`;
    });
    return (run, prepared) => join(parts.map((part) => part(run, prepared)));
  }

  /** What is selected of the rows of a page: `nodes` or `edges`. */
  private rows(name: string, type: GraphQLObjectType, nodes: readonly FieldNode[], list: ListOf): Rows {
    const row = this.alias();
    if (name === "nodes") {
      const fields = this.object(type, list.node, nodes, row);
      return { row, object: seen(list, row, objectBeside(row)), beside: (run) => beside(row, fields(run)) };
    }
    if (name !== "edges") throw new NotPlannable();
    const joined: Build[] = [];
    const fields = this.pageFields(type, nodes, (field, selected) => {
      if (field !== "node") return this.edgePart(type, field, selected, list, row);
      const nodeType = getNamedType(this.field(type, field).type) as GraphQLObjectType;
      const of = this.object(nodeType, list.node, selected, row);
      const node = `${row}n${joined.length}`;
      joined.push((run) => beside(node, of(run)));
      const object = seen(list, row, objectBeside(node));
      return () => object;
    });
    return {
      row,
      object: objectBeside(row),
      beside: (run, prepared) => join([...joined.map((one) => one(run)), beside(row, fields(run, prepared))], ""),
    };
  }

  private edgePart(
    type: GraphQLObjectType,
    name: string,
    nodes: readonly FieldNode[],
    list: ListOf,
    row: string,
  ): PageBuild {
    if (name === "cursor") return (_run, prepared) => cursorSql(prepared, row);
    const field = this.field(type, name);
    const plan = planOf(field);
    if (!("one" in plan) && !isLeafType(getNamedType(field.type))) throw new NotPlannable();
    if ("sql" in plan) {
      return (run) => (plan.unseen ? plan.sql(row, run.ctx) : seen(list, row, plan.sql(row, run.ctx)));
    }
    if ("one" in plan && "from" in plan) {
      const build = this.one(field, nodes, plan.one);
      const key = seen(list, row, raw(`${row}."edge_${plan.from}"`));
      return (run) => build(run, key);
    }
    if (!("column" in plan)) throw new NotPlannable();
    const column = seen(list, row, formatted(field, `${row}."edge_${plan.column}"`));
    return () => column;
  }

  /** `_entities` whose references are all of one type, in their order; NULL for each that is not seen. */
  private references(nodes: readonly FieldNode[]): Build {
    const byType = new Map<string, (run: Run, key: Sql) => Sql>();
    for (const [name, { by }] of Object.entries(this.entities)) {
      const type = this.api.getType(name) as GraphQLObjectType;
      const own = merged(subselections(nodes).map((set) => this.narrowed(set, type)));
      if (own.selections.length === 0) continue;
      byType.set(name, this.one({ type }, [{ ...nodes[0]!, selectionSet: own }], by));
    }
    const argument = nodes[0]!.arguments![0]!.value;
    if (argument.kind !== Kind.VARIABLE) throw new NotPlannable();
    this.variables++;
    return (run) => {
      const references = referenceKeys(this.entities, run.variables[argument.name.value] as unknown[]);
      const build = references && byType.get(references.type);
      if (!build) throw new NotPlannable();
      return sql`(SELECT coalesce(json_agg(${build(run, raw("k.key"))} ORDER BY k.place), '[]')
        FROM unnest(${references.keys}::uuid[]) WITH ORDINALITY k(key, place))`;
    };
  }

  /** What a selection on any entity selects of this type. */
  private narrowed(set: SelectionSetNode, type: GraphQLObjectType): SelectionSetNode {
    const selections = set.selections.filter((node) => {
      if (node.kind === Kind.FIELD) return true;
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? this.fragments.get(node.name.value)! : node;
      return covers(fragment.typeCondition?.name.value, type);
    });
    return { ...set, selections };
  }

  /** `a AS "x", b AS "y"`. What no variable reaches is put together once for all viewers of a kind. */
  private selectAll(
    type: GraphQLObjectType,
    fields: ReadonlyMap<string, FieldNode[]>,
    plan: (name: string, nodes: FieldNode[]) => Sql | Build,
  ): Build {
    // A reference may select nothing of a type.
    if (fields.size === 0) throw new NotPlannable();
    const before = this.variables;
    const parts: Build[] = [];
    for (const [key, nodes] of fields) {
      const name = nodes[0]!.name.value;
      const known = this.variables;
      const part = name === "__typename" ? typenameOf(type) : plan(name, nodes);
      const label = raw(` AS "${key}"`);
      if (typeof part === "function") {
        const build: Build = (run) => sql`${part(run)}${label}`;
        parts.push(this.variables === known ? kept(build) : build);
      } else {
        const column = sql`${part}${label}`;
        parts.push(() => column);
      }
    }
    const all: Build = (run) => join(parts.map((part) => part(run)));
    return this.variables === before ? kept(all) : all;
  }

  /** The arguments that a request gives to a field. */
  private argumentsOf(field: GraphQLField<unknown, unknown>, [node]: readonly FieldNode[]): (run: Run) => object {
    if (node!.arguments?.some(({ value }) => namesVariable(value))) this.variables++;
    return ({ variables }) => getArgumentValues(field, node!, variables);
  }

  private alias(): string {
    if (this.aliases >= MAX_RELATIONS) throw new NotPlannable();
    return `r${this.aliases++}`;
  }
}

/** A node, or an edge's field, of a list whose rows are not all seen. */
const seen = (list: ListOf, row: string, value: Sql): Sql =>
  list.seen ? sql`CASE WHEN ${raw(row)}."$seen" THEN ${value} END` : value;

const typenameOf = (type: GraphQLObjectType): Sql => raw(`'${type.name}'::text`);

/**
 * Fields of a row, put beside it. As an object they cost less than by a subquery of their own: PostgreSQL then makes the
 * object where the row stands.
 */
const beside = (name: string, fields: Sql): Sql => sql` CROSS JOIN LATERAL (SELECT ${fields}) ${raw(`"$${name}"`)}`;
const objectBeside = (name: string): Sql => raw(`row_to_json("$${name}")`);

const listOf = (objects: Sql): Sql => sql`coalesce(json_agg(${objects}), '[]')`;

/** The rows of a page as a list. */
function rowsSql({ row, object, beside: fields }: Rows, run: Run, prepared: PlannedPage, page: string): Sql {
  if (prepared.streamed) return listOf(object);
  const place = raw(`${row}."$place"`);
  const order = raw(prepared.backward ? "DESC" : "ASC");
  return sql`(SELECT ${listOf(sql`${object} ORDER BY ${place} ${order}`)}
    FROM ${raw(page)} ${raw(row)}${fields(run, prepared)} WHERE ${place} <= ${prepared.size})`;
}

/** A page and its count out of one search: what is found is kept by its id and what it is ordered by. */
function foundOnce(prepared: Prepared, list: ListOf, name: string, { ctx }: Run): Prepared & { found: Sql } {
  const { query, rows, place, backward } = prepared;
  const segments = query.sort.map(({ by, nullOf, where }) => [by, nullOf, ...(where?.(query.now)?.strings ?? [])]);
  const columns = new Set(["n.id", ...(segments.join(" ").match(/\bn\.\w+/g) ?? [])]);
  const from = raw(`${name} n`);
  const narrow = { ...query, select: raw("n.id"), from, where: raw("true") };
  return {
    ...prepared,
    found: sql`${raw(name)} AS MATERIALIZED (SELECT ${raw([...columns].join())} FROM ${query.from} WHERE ${query.where}), `,
    query: narrow,
    statement: sql`SELECT n.*, p."$segment", p."$value", p."$id"
      FROM (${pageStatement(narrow, rows, place, backward)}) p
      JOIN ${tableOf(list.node).name} n ON ${ctx.db.tenantIs("n")} AND n.id = p."$id"`,
  };
}

/** Fields as one JSON object. GraphQL has no name with a `$`, so that no field can be taken for the row. */
const objectOf = (fields: Sql): Sql => sql`(SELECT row_to_json("$o") FROM (SELECT ${fields}) "$o")`;

const isSize = (value: unknown): boolean => typeof value === "number" || typeof value === "boolean" || value === null;

const namesVariable = (value: ValueNode): boolean =>
  value.kind === Kind.VARIABLE ||
  (value.kind === Kind.LIST && value.values.some(namesVariable)) ||
  (value.kind === Kind.OBJECT && value.fields.some((field) => namesVariable(field.value)));

/** The type of a row. Of which type a row of an interface is follows from the row, which only the plain way asks. */
function objectType(field: Pick<GraphQLField<unknown, unknown>, "type">): GraphQLObjectType {
  const type = getNamedType(field.type);
  if (isInterfaceType(type)) throw new NotPlannable();
  return type as GraphQLObjectType;
}

/** Whether a fragment on that condition speaks of this type: itself, one of its interfaces, or the union of entities. */
const covers = (condition: string | undefined, type: GraphQLObjectType): boolean =>
  condition === undefined ||
  [type.name, "_Entity", ...type.getInterfaces().map(({ name }) => name)].includes(condition);

const subselections = (nodes: readonly FieldNode[]): SelectionSetNode[] => nodes.map((node) => node.selectionSet!);

const merged = (sets: readonly SelectionSetNode[]): SelectionSetNode => ({
  kind: Kind.SELECTION_SET,
  selections: sets.flatMap((set) => set.selections),
});

function planOf(field: GraphQLField<unknown, unknown>): FieldPlan {
  const { plan } = field.extensions as { plan?: FieldPlan };
  if (!plan) throw new NotPlannable();
  return plan;
}

/** A column as its scalar prints it. */
const formatted = (field: GraphQLField<unknown, unknown>, column: string): Sql =>
  raw(
    getNamedType(field.type).name === "DateTime"
      ? `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
      : column,
  );

function pageInfoSql(name: string, prepared: Prepared, page: string): Sql {
  const { size, backward, cursor } = prepared;
  const more = sql`(SELECT count(*) > ${size} FROM ${raw(page)})`;
  const given = raw(`${cursor !== null}`);
  // The row first: beside the order PostgreSQL would make the cursor of each.
  const end = (nearest: boolean): Sql => sql`(SELECT ${cursorSql(prepared, "x")} FROM (SELECT * FROM ${raw(page)}
    WHERE "$place" <= ${size} ORDER BY "$place" ${raw(nearest ? "ASC" : "DESC")} LIMIT 1) x)`;
  switch (name) {
    case "hasNextPage":
      return backward ? given : more;
    case "hasPreviousPage":
      return backward ? more : given;
    case "startCursor":
      return end(!backward);
    case "endCursor":
      return end(backward);
    default:
      throw new NotPlannable();
  }
}
