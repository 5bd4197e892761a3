import "reflect-metadata";
import { logger } from "../../src/log.js";
import { startServer, type ServerOptions } from "../../src/server.js";
import { serve } from "./service.js";

export type SubgraphSettings = Pick<ServerOptions, "databaseUrl" | "poolMax" | "tokens" | "poolMode" | "replicaUrls">;

/** The subgraph as production runs it. */
serve(async (settings: SubgraphSettings) => {
  const { url } = await startServer({
    ...settings,
    host: "127.0.0.1",
    port: 0,
    statementTimeout: 5_000,
    routerSecrets: [],
    secrets: ["only measured, never told: 32 characters"],
    exports: { concurrency: 2, maxRows: 1_048_575 },
    nodeFields: true,
    compileQueries: true,
    development: false,
    log: logger({ LOG_LEVEL: "info", NODE_ENV: "production" }),
  });
  return `${url}/graphql`;
});
