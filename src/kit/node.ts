import { raw, type Sql } from "sql-template-tag";
import { Field, ID, InterfaceType } from "type-graphql";
import { Computed } from "./attribute.js";
import { toGlobalId } from "./global-id.js";

@InterfaceType({
  description: "An object with a global id (GraphQL Global Object Identification Specification).",
  resolveType: (node: { __typename: string }) => node.__typename,
})
export abstract class Node {
  @Field(() => ID, { description: "Unique over all types of the platform, opaque, stable for ever." })
  id!: string;
}

/**
 * The global id in SQL. Letters, digits, `:` and `-` never make a character of base64 that base64url has not, and how much
 * of it is padding follows from the length.
 */
export const globalIdSql = (type: string, row: string): Sql =>
  raw(
    `left(replace(encode(convert_to('${type}:' || ${row}.id, 'UTF8'), 'base64'), E'\\n', ''), ${Math.ceil(((type.length + 37) * 4) / 3)})`,
  );

/** The `id` of a type whose own key is `guid` or `uuid`, and whose column is `id`. */
export function GlobalId(key: "guid" | "uuid", typeName?: string): PropertyDecorator {
  return (prototype, property) => {
    const type = typeName ?? prototype.constructor.name;
    Computed<Record<string, string>>(() => ID, {
      description: "The global id: opaque, stable for ever.",
      of: (row) => toGlobalId(type, row[key]!),
      sql: (row) => globalIdSql(type, row),
    })(prototype, property);
  };
}
