import type { GraphQLRequest, HTTPGraphQLHead } from "@apollo/server";
import type { FastifyReply, FastifyRequest } from "fastify";

const GRAPHQL_RESPONSE = "application/graphql-response+json";

/**
 * A document that is refused is 400 to whoever takes the media type of GraphQL's answers, and told in it. To others it
 * is 200 (GraphQL over HTTP, 6.4.1): a 400 of `application/json` may be anybody's on the way, and gateways throw its
 * errors away.
 */
export function statusByMediaType({ http }: GraphQLRequest, answer: HTTPGraphQLHead): void {
  if (answer.status !== 400) return;
  if (http?.headers.get("accept")?.includes(GRAPHQL_RESPONSE)) {
    answer.headers.set("content-type", `${GRAPHQL_RESPONSE}; charset=utf-8`);
  } else {
    answer.status = 200;
  }
}

/** A body is read as UTF-8, as it comes: in another charset, or compressed, it would be taken for something else. */
export async function demandPlainBody({ headers }: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { "content-type": type = "", "content-encoding": encoding = "identity" } = headers;
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(type)?.[1] ?? "utf-8";
  if (/^identity$/i.test(encoding) && /^utf-?8$/i.test(charset)) return;
  await reply
    .code(415)
    .header("accept-encoding", "identity")
    .send({ errors: [{ message: "A request body is UTF-8, not compressed.", extensions: { code: "BAD_REQUEST" } }] });
}
