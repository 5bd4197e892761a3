import { Extensions, Field, ID, InterfaceType } from "type-graphql";
import { toGlobalId } from "./global-id.js";

@InterfaceType({
  description: "An object with a global id (GraphQL Global Object Identification Specification).",
  resolveType: (node: { __typename: string }) => node.__typename,
})
export abstract class Node {
  @Field(() => ID, { description: "Unique over all types of the platform, opaque, stable for ever." })
  id!: string;
}

/** The `id` of a type whose own key is `guid` or `uuid`. */
export function GlobalId(key: "guid" | "uuid"): PropertyDecorator {
  return (prototype, property) => {
    const type = prototype.constructor.name;
    Field(() => ID, { description: `The global id: opaque, stable for ever, and a federation key beside \`${key}\`.` })(
      prototype,
      property as string,
    );
    Extensions({ resolve: (row: Record<string, string>) => toGlobalId(type, row[key]!) })(
      prototype,
      property as string,
    );
  };
}
