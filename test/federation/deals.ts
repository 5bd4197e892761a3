import { readFileSync } from "node:fs";
import { ApolloServer } from "@apollo/server";
import { ApolloServerPluginInlineTraceDisabled } from "@apollo/server/plugin/disabled";
import { startStandaloneServer } from "@apollo/server/standalone";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { parse } from "graphql";

const DEALS_SDL = readFileSync("test/federation/deals.graphql", "utf8");

export interface Deal {
  id: string;
  title: string;
  /** The investor's guid: all that this subgraph knows of a user. */
  investor: string;
  /** The global id of a group. */
  group?: string;
}

export interface DealsSubgraph {
  url: string;
  stop(): Promise<void>;
}

/** A neighbour: a subgraph of its own over HTTP that refers to users by guid, to groups by global id, and asks the gate. */
export async function startDeals(deals: readonly Deal[]): Promise<DealsSubgraph> {
  const resolvers = {
    Query: { deals: (_root: unknown, { first }: { first: number }) => deals.slice(0, first) },
    Deal: {
      __resolveReference: ({ id }: Deal) => deals.find((deal) => deal.id === id),
      investor: ({ investor }: Deal) => ({ guid: investor }),
      group: ({ group }: Deal) => group && { id: group },
    },
    User: {
      deals: ({ guid }: { guid: string }, { first }: { first: number }) =>
        deals.filter((deal) => deal.investor === guid).slice(0, first),
      mayInvest: ({ preferenceGate }: { preferenceGate: { blocked: boolean } | null }) =>
        preferenceGate && !preferenceGate.blocked,
    },
  };
  const server = new ApolloServer({
    schema: buildSubgraphSchema({ typeDefs: parse(DEALS_SDL), resolvers }),
    plugins: [ApolloServerPluginInlineTraceDisabled()],
  });
  const { url } = await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: 0 } });
  return { url, stop: () => server.stop() };
}
