import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createGatewayRuntime } from "@graphql-hive/gateway-runtime";
import type { Router } from "../federation/router.js";

/** Hive Gateway over HTTP in front of the supergraph's subgraphs; the caller's own token goes on to each of them. */
export async function startHive(supergraph: string): Promise<Router> {
  const gateway = createGatewayRuntime({
    supergraph,
    propagateHeaders: {
      fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get("authorization") }),
    },
    logging: false,
  });
  const server = createServer((request, response) => void gateway(request, response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await gateway.dispose();
    },
  };
}
