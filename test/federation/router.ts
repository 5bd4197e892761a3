import { ApolloGateway, type GraphQLDataSourceProcessOptions, RemoteGraphQLDataSource } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";

interface Caller {
  authorization?: string | undefined;
}

/** Hands the caller's own token on: each subgraph verifies it itself. */
class Forwarding extends RemoteGraphQLDataSource<Caller> {
  override willSendRequest({ request, context }: GraphQLDataSourceProcessOptions<Caller>): void {
    // The gateway reads its subgraphs' schemas without a caller.
    if (context.authorization) request.http?.headers.set("authorization", context.authorization);
  }
}

export interface Router {
  url: string;
  stop(): Promise<void>;
}

/** A federation router over HTTP in front of the supergraph's subgraphs. */
export async function startRouter(supergraphSdl: string): Promise<Router> {
  const gateway = new ApolloGateway({ supergraphSdl, buildService: ({ url }) => new Forwarding({ url: url! }) });
  const server = new ApolloServer<Caller>({ gateway, includeStacktraceInErrorResponses: false });
  const { url } = await startStandaloneServer(server, {
    listen: { host: "127.0.0.1", port: 0 },
    context: async ({ req }) => ({ authorization: req.headers.authorization }),
  });
  return { url, stop: () => server.stop() };
}
