import { readFileSync } from "node:fs";
import { type RunningSubgraph, startSubgraph } from "./subgraph.js";

const DEALS_SDL = readFileSync("test/federation/deals.graphql", "utf8");

export interface Deal {
  id: string;
  title: string;
  /** The investor's guid: all that this subgraph knows of a user. */
  investor: string;
  /** The global id of a group. */
  group?: string;
}

/** A neighbour that refers to users by guid, to groups by global id, and asks the gate. */
export const startDeals = (deals: readonly Deal[]): Promise<RunningSubgraph> =>
  startSubgraph(DEALS_SDL, {
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
  });
