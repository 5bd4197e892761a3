import { readFileSync } from "node:fs";
import {
  buildSchema,
  getNullableType,
  type GraphQLField,
  type GraphQLInputType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";

/** What clients see, as it is committed. */
export const schema = buildSchema(readFileSync("schema/api.graphql", "utf8"));

export type Path = readonly (string | number)[];

/** A field with arguments, where they can be attacked. */
export interface Target {
  /** "Query.users" */
  key: string;
  parent: string;
  name: string;
  field: GraphQLField<unknown, unknown>;
  write: boolean;
}

/** All fields with arguments of all types. */
export const TARGETS: Target[] = Object.values(schema.getTypeMap()).flatMap((type) =>
  isObjectType(type) && !type.name.startsWith("__")
    ? Object.values(type.getFields())
        .filter((field) => field.args.length > 0)
        .map((field) => ({
          key: `${type.name}.${field.name}`,
          parent: type.name,
          name: field.name,
          field,
          write: type.name === "Mutation",
        }))
    : [],
);

/** A place in the variables of a call, with its type. */
export interface Place {
  path: Path;
  type: GraphQLInputType;
}

/** All places that these variables fill; of a list its first item. */
export function placesIn({ field }: Target, variables: Record<string, unknown>): Place[] {
  return field.args
    .filter(({ name }) => Object.hasOwn(variables, name))
    .flatMap(({ name, type }) => within([name], type, variables[name]));
}

function within(path: Path, type: GraphQLInputType, value: unknown): Place[] {
  const inner = getNullableType(type);
  const here = { path, type };
  if (isListType(inner)) {
    const [first] = (value ?? []) as unknown[];
    return first === undefined ? [here] : [here, ...within([...path, 0], inner.ofType, first)];
  }
  if (!isInputObjectType(inner) || typeof value !== "object" || value === null) return [here];
  const fields = Object.values(inner.getFields()).filter(({ name }) => Object.hasOwn(value, name));
  return [
    here,
    ...fields.flatMap((field) =>
      within([...path, field.name], field.type, (value as Record<string, unknown>)[field.name]),
    ),
  ];
}

/** All places that the schema has there. */
export function placesOf({ field }: Target): string[] {
  const inside = (path: string, type: GraphQLInputType): string[] => {
    const inner = getNullableType(type);
    if (isListType(inner)) return [path, ...inside(`${path}.0`, inner.ofType)];
    const fields = isInputObjectType(inner) ? Object.values(inner.getFields()) : [];
    return [path, ...fields.flatMap((one) => inside(`${path}.${one.name}`, one.type))];
  };
  return field.args.flatMap(({ name, type }) => inside(name, type));
}

/** A connection, which pages. */
export const pages = ({ field }: Target): boolean => field.args.some(({ name }) => name === "after");

/** Nothing else is lost when one of them fails. */
export const isNullable = ({ field }: Target): boolean => !isNonNullType(field.type);

export const valueAt = (value: any, [first, ...rest]: Path): unknown =>
  first === undefined || value == null ? value : valueAt(value[first], rest);

/** A copy with another value at that place. */
export function replaced<T>(whole: T, [first, ...rest]: Path, value: unknown): T {
  if (first === undefined) return value as T;
  const inner = replaced((whole as any)[first], rest, value);
  return (Array.isArray(whole) ? whole.with(first as number, inner) : { ...whole, [first]: inner }) as T;
}
