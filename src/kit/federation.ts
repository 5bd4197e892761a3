import { buildSubgraphSchema } from "@apollo/subgraph";
import { type GraphQLSchema, lexicographicSortSchema, parse, printSchema } from "graphql";
import { budgeted } from "./answer-size.js";
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
  resolvers.Node = { __resolveType: (node: { __typename: string }) => node.__typename };
  const subgraph = buildSubgraphSchema({
    typeDefs: parse(subgraphSdl(schema, entities)),
    resolvers: resolvers as never,
  });
  // Instead of Apollo's own, which fails all references, and as a fault of ours, when one of them is malformed.
  subgraph.getQueryType()!.getFields()._entities!.resolve = (_root, { representations }, ctx: Context) => {
    if (ctx.viewer.kind === "ANONYMOUS") throw unauthenticated();
    return (representations as unknown[]).map((reference, index) =>
      // The error as a value: one malformed reference does not fail the others.
      referred(entities, reference, ["representations", index], ctx).catch((error: unknown) => error),
    );
  };
  return budgeted(subgraph);
}

/** What one reference stands for; null when there is nothing that the caller may see. */
async function referred(
  entities: Entities,
  reference: unknown,
  path: readonly (string | number)[],
  ctx: Context,
): Promise<object | null> {
  const { __typename: type, ...keys } = Object(reference) as Record<string, unknown>;
  if (typeof type !== "string" || !Object.hasOwn(entities, type)) {
    throw badUserInput("Not a type that can be referred to.", [...path, "__typename"]);
  }
  const { key, by } = entities[type]!;
  const name = keys[key] == null ? "id" : key;
  const value = keys[name];
  if (typeof value !== "string" || (name === key && !isUuid(value))) {
    throw badUserInput(`A reference to a ${type} needs a valid \`${key}\` or \`id\`.`, [...path, name]);
  }
  const row = await by.load(ctx, name === key ? value.toLowerCase() : keyOf(type, value, [...path, name]));
  return row && { ...row, __typename: type };
}

/**
 * The type and the keys of references that are all of one type and well formed; null for any others, whose errors are
 * told one by one in the plain way.
 */
export function referenceKeys(entities: Entities, references: unknown[]): { type: string; keys: string[] } | null {
  const type = (Object(references[0]) as { __typename?: unknown }).__typename;
  if (typeof type !== "string" || !Object.hasOwn(entities, type)) return null;
  const keys: string[] = [];
  for (const reference of references as Record<string, unknown>[]) {
    const value = Object(reference) as Record<string, unknown>;
    const key = value[entities[type]!.key];
    if (value.__typename !== type || typeof key !== "string" || !isUuid(key)) return null;
    keys.push(key.toLowerCase());
  }
  return { type, keys };
}
