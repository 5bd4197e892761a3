import { DirectoryQueries } from "./queries.js";

export const directory = {
  resolvers: [DirectoryQueries],
} as const;
