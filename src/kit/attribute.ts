import { Extensions, Field, Int, type ClassType } from "type-graphql";
import type { GraphQLScalarType } from "graphql";
import type { Sql } from "sql-template-tag";
import { Column, type ColumnOptions } from "typeorm";
import type { Context } from "./context.js";
import { DateScalar, DateTime, JSONValue, UUID } from "./scalars.js";

/** A GraphQL type as TypeGraphQL takes it: a class, a scalar, an enum, or a list of one of them. */
export type TypeThunk = () => GraphQLType | [GraphQLType];
type GraphQLType = ClassType | GraphQLScalarType | object;

interface AttributeOptions {
  /** The public description: meaning, unit, limits. */
  description: string;
  nullable?: boolean;
  /** The column's name where it is not the property's in snake case. */
  name?: string;
  primary?: boolean;
  default?: ColumnOptions["default"];
}

const COLUMN_TYPES = new Map<unknown, ColumnOptions>([
  [UUID, { type: "uuid" }],
  [DateTime, { type: "timestamptz", precision: 3 }],
  [DateScalar, { type: "date" }],
  [JSONValue, { type: "jsonb" }],
  [Boolean, { type: "boolean" }],
  [Number, { type: "integer" }],
]);

/** A column that is also a GraphQL field: its type and whether it may be null are stated once. */
export function Attribute(type: TypeThunk, { description, ...column }: AttributeOptions): PropertyDecorator {
  return (prototype, property) => {
    const graphqlType = type();
    // TypeGraphQL would take Number as Float; the column is an integer.
    Field(() => (graphqlType === Number ? Int : graphqlType), { description, nullable: column.nullable ?? false })(
      prototype,
      property as string,
    );
    Extensions({ plan: { column: property, of: prototype.constructor } })(prototype, property as string);
    Column({ ...(COLUMN_TYPES.get(graphqlType) ?? { type: "text" }), ...column })(prototype, property);
  };
}

/** A column that holds whole GraphQL objects as one JSON document, its properties named as their fields. */
export function Document(type: TypeThunk, { description, ...column }: AttributeOptions): PropertyDecorator {
  return (prototype, property) => {
    Field(type, { description, nullable: column.nullable ?? false })(prototype, property as string);
    Extensions({ plan: { column: property, of: prototype.constructor } })(prototype, property as string);
    Column({ type: "jsonb", ...column })(prototype, property);
  };
}

/** A column that clients never see. Normalised copies are left out of reads too. */
export function Hidden(
  type: "uuid" | "text" | "boolean" | "integer" | "jsonb",
  options: ColumnOptions = {},
): PropertyDecorator {
  return Column({ ...options, type });
}

/**
 * A field that follows from columns, said in both languages: for a row that was loaded, and for SQL, where `row` is the
 * alias of the table's row; an object is jsonb there, its properties named as its fields. On an edge `of` is given the
 * edge with its node's row as `$row`, and `row` stands for both: the node's columns, and the edge's as
 * `"edge_<property>"`. Of an edge whose node is not seen it is null, unless it is shown `unseen`.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the decorated class, which a decorator cannot infer
export function Computed<Row>(
  type: TypeThunk,
  options: {
    description: string;
    nullable?: boolean;
    unseen?: boolean;
    of: (row: Row, ctx: Context) => unknown;
    sql: (row: string, ctx: Context) => Sql;
  },
): PropertyDecorator {
  const { description, nullable = false, unseen = false, of, sql } = options;
  return (prototype, property) => {
    Field(type, { description, nullable })(prototype, property as string);
    const resolve = (row: Row & { node?: object | null }, _args: object, ctx: Context): unknown =>
      row.node === null && !unseen ? null : of(row, ctx);
    Extensions({ resolve, plan: { sql, unseen } })(prototype, property as string);
  };
}

/** The same for a list of objects; in SQL a query in their order, with a column of jsonb for each of their fields. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as above
export function ComputedList<Row>(
  type: () => object,
  options: {
    description: string;
    of: (row: Row, ctx: Context) => unknown;
    rows: (row: string, ctx: Context) => Sql;
  },
): PropertyDecorator {
  const { description, of, rows } = options;
  return (prototype, property) => {
    Field(() => [type()], { description })(prototype, property as string);
    const resolve = (row: Row, _args: object, ctx: Context): unknown => of(row, ctx);
    Extensions({ resolve, plan: { rows } })(prototype, property as string);
  };
}
