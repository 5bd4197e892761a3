import type { FastifyInstance } from "fastify";
import { graphiql } from "./graphiql.js";
import type { ExampleOperation } from "./operations.js";
import { sandbox } from "./sandbox.js";

export { mailPages, type MailPagesOptions } from "./mail.js";
export { type ExampleOperation, exampleOperations } from "./operations.js";

export interface ExplorerOptions {
  /** The path of the GraphQL endpoint on this server. */
  endpoint: string;
  /** The demo bearer token that both pages send. */
  token: string;
  /** In reading order; the first one is open at the start. */
  operations: ExampleOperation[];
}

/**
 * The two pages for people: Apollo Sandbox on `/`, and on `/graphiql` an explorer that needs no internet. Both hand the token to
 * whoever opens them, so they are for development only. Call it on the instance that has the endpoint rather than registering it:
 * a registered plugin's hooks, here the one that lets Apollo Studio ask, would not reach the endpoint.
 */
export async function explorer(app: FastifyInstance, options: ExplorerOptions): Promise<void> {
  sandbox(app, options);
  await graphiql(app, options);
}
