import type { GraphQLRequest, HTTPGraphQLHead } from "@apollo/server";

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
