import { isUtf8 } from "node:buffer";
import type { GraphQLRequest, HTTPGraphQLHead } from "@apollo/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

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

/** Pieces that a body may come in. Each is an object of some 200 bytes until the last one is there. */
export const MOST_PIECES = 5_000;

/** Refuses bytes that are no UTF-8, whatever their header says: each would be stored as U+FFFD. */
export function readBodiesAsUtf8(app: FastifyInstance): void {
  app.addHook("preParsing", (_request, reply, payload, done) => {
    let pieces = 0;
    const count = (): void => {
      if (++pieces <= MOST_PIECES) return;
      payload.off("data", count);
      // What is still to come costs the process as much as what came.
      void reply.header("connection", "close");
      payload.emit("error", Object.assign(new Error("The body comes in too many pieces."), { statusCode: 413 }));
    };
    payload.on("data", count);
    // Whoever reads the body hears of it, and nobody when it is not read, or no longer.
    payload.on("error", () => {});
    done(null, payload);
  });
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    if (isUtf8(body)) void parse(request, body.toString(), done);
    else done(Object.assign(new Error("The body is not UTF-8."), { statusCode: 400 }));
  });
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
