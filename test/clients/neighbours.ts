import { type RunningSubgraph, startSubgraph } from "../federation/subgraph.js";

const FEDERATION = "https://specs.apollo.dev/federation/v2.9";

/** Refers to users by guid and to groups by global id, and knows no more of them; pages with the PageInfo of all. */
export const MEETINGS = `
  extend schema @link(url: "${FEDERATION}", import: ["@key", "@shareable"])

  type Query { meetings(first: Int = 20): MeetingConnection! }
  type MeetingConnection { nodes: [Meeting!]! pageInfo: PageInfo! }
  type PageInfo @shareable { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }
  type Meeting { topic: String! guest: User group: UserGroup }

  type User @key(fields: "guid", resolvable: false) { guid: UUID! }
  type UserGroup @key(fields: "id", resolvable: false) { id: ID! }
  scalar UUID
`;

/** Adds fields to users: one of its own, one made of fields that are ours, and one that it takes over from us. */
export const DESK = `
  extend schema @link(url: "${FEDERATION}", import: ["@external", "@key", "@override", "@requires"])

  type User @key(fields: "guid") {
    guid: UUID!
    notes: [String!]
    title: String @external
    surname: String @external
    salutation: String @requires(fields: "title surname")
    lastLogin: DateTime @override(from: "users")
  }
  scalar DateTime
  scalar UUID
`;

export interface Meeting {
  topic: string;
  guest?: { guid: string };
  group?: { id: string };
}

export const startMeetings = (meetings: readonly Meeting[]): Promise<RunningSubgraph> =>
  startSubgraph(MEETINGS, {
    Query: {
      meetings: (_root, { first }: { first: number }) => ({
        nodes: meetings.slice(0, first),
        pageInfo: { hasNextPage: meetings.length > first, hasPreviousPage: false, startCursor: "1", endCursor: "2" },
      }),
    },
  });

/** What the desk says of everybody. */
export const SEEN_AT_THE_DESK = "2031-05-06T07:08:09.000Z";

export const startDesk = (): Promise<RunningSubgraph> =>
  startSubgraph(DESK, {
    User: {
      notes: ({ guid }: { guid: string }) => [`A note on ${guid}`],
      salutation: ({ title, surname }: { title: string | null; surname: string }) =>
        `Dear ${[title, surname].filter(Boolean).join(" ")}`,
      lastLogin: () => SEEN_AT_THE_DESK,
    },
  });
