import { buildSubgraphSchema } from "@apollo/subgraph";
import { type GraphQLSchema, lexicographicSortSchema, parse, printSchema } from "graphql";
import { createResolversMap } from "type-graphql";
import type { Context } from "./context.js";
import { badUserInput, unauthenticated } from "./errors.js";
import { keyOf } from "./global-id.js";
import type { OneBy } from "./loader.js";
import { isUuid } from "./scalars.js";

/** How an entity is found: by its global id and by the platform's own key, through one loader. */
export interface EntityDeclaration {
  /** The field that holds the platform's own id: `guid` or `uuid`. */
  key: "guid" | "uuid";
  by: OneBy<object>;
}
export type Entities = Readonly<Record<string, EntityDeclaration>>;

const HEADER = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])
`;

/** The subgraph's SDL: what clients see, plus keys and what several subgraphs may share. */
export function subgraphSdl(schema: GraphQLSchema, entities: Entities): string {
  const keys = Object.entries(entities).map(
    ([type, { key }]) => `extend type ${type} @key(fields: "id") @key(fields: "${key}")\n`,
  );
  const sdl = printSchema(lexicographicSortSchema(schema)).replace("type PageInfo {", "type PageInfo @shareable {");
  return [HEADER, ...keys, sdl].join("\n") + "\n";
}

/** The executable subgraph. References go through the same loaders, and so the same row rules, as everything else. */
export function subgraphSchema(schema: GraphQLSchema, entities: Entities): GraphQLSchema {
  const resolvers = createResolversMap(schema) as Record<string, Record<string, unknown>>;
  for (const [type, { key, by }] of Object.entries(entities)) {
    resolvers[type]!.__resolveReference = async (reference: Record<string, unknown>, ctx: Context) => {
      if (ctx.viewer.kind === "ANONYMOUS") throw unauthenticated();
      const value = reference[key] ?? keyOf(type, String(reference.id), ["representations"]);
      if (typeof value !== "string" || !isUuid(value)) throw badUserInput(`Not a valid ${key}.`, ["representations", key]);
      const node = await by.load(ctx, value.toLowerCase());
      return node && { ...node };
    };
  }
  resolvers.Node = { __resolveType: (node: { __typename: string }) => node.__typename };
  return buildSubgraphSchema({ typeDefs: parse(subgraphSdl(schema, entities)), resolvers: resolvers as never });
}
