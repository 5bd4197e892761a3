import { Field, Int, type ClassType } from "type-graphql";
import type { GraphQLScalarType } from "graphql";
import { Column, type ColumnOptions } from "typeorm";
import { DateTime, JSONValue, UUID } from "./scalars.js";

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
    Column({ ...(COLUMN_TYPES.get(graphqlType) ?? { type: "text" }), ...column })(prototype, property);
  };
}

/** A column that clients never see. Normalised copies are left out of reads too. */
export function Hidden(type: "uuid" | "text" | "boolean" | "integer", options: ColumnOptions = {}): PropertyDecorator {
  return Column({ ...options, type });
}
