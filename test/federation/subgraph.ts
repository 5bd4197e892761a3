import { ApolloServer } from "@apollo/server";
import { ApolloServerPluginInlineTraceDisabled } from "@apollo/server/plugin/disabled";
import { startStandaloneServer } from "@apollo/server/standalone";
import { buildSubgraphSchema } from "@apollo/subgraph";
import type { GraphQLSchemaModule } from "@apollo/subgraph/dist/schema-helper/index.js";
import { parse } from "graphql";

export interface RunningSubgraph {
  url: string;
  stop(): Promise<void>;
}

/** A neighbour: a subgraph of its own over HTTP. */
export async function startSubgraph(
  sdl: string,
  resolvers: GraphQLSchemaModule["resolvers"] = {},
): Promise<RunningSubgraph> {
  const server = new ApolloServer({
    schema: buildSubgraphSchema({ typeDefs: parse(sdl), resolvers }),
    plugins: [ApolloServerPluginInlineTraceDisabled()],
  });
  const { url } = await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: 0 } });
  return { url, stop: () => server.stop() };
}
