import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { FAILURE_STATUS, publicError } from "../kit/index.js";
import { MOST_PIECES } from "./media-type.js";
import { type Ended, logRequest } from "./request-log.js";

/** What never reaches GraphQL (bad JSON, a body too large, a file's database away) is answered in its form all the same. */
export function answerErrorsAsGraphQL(app: FastifyInstance, endpoint: string): void {
  app.setErrorHandler(async (error: Error & { statusCode?: number; code?: string }, request, reply) => {
    if (error.statusCode !== undefined && error.statusCode < 500) {
      const { statusCode: status } = error;
      const [code, message] =
        status === 413
          ? [
              "BAD_USER_INPUT",
              `A request body has at most ${app.initialConfig.bodyLimit} bytes, and comes in at most ${MOST_PIECES} pieces.`,
            ]
          : [
              "BAD_REQUEST",
              status === 415
                ? "A request body is JSON and says so: content-type: application/json."
                : "The request body has to be JSON in UTF-8.",
            ];
      // Fastify's close would meet what is still being sent: clients and proxies then see a broken connection, no answer.
      if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") reply.removeHeader("connection");
      return reply.code(status).send({ errors: [{ message, extensions: { code } }] });
    }
    request.log.error({ err: error }, "a request failed");
    const told = publicError({ message: "", extensions: { requestId: request.id } }, error);
    return reply.code(FAILURE_STATUS[String(told.extensions!.code)] ?? 500).send({ errors: [told] });
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply
      .code(404)
      .send({ errors: [{ message: `Nothing here. GraphQL is at ${endpoint}.`, extensions: { code: "NOT_FOUND" } }] }),
  );
  app.route({
    method: ["PUT", "PATCH", "DELETE"],
    url: endpoint,
    handler: async (_request, reply) =>
      reply
        .code(405)
        .header("allow", "GET, POST")
        .send({ errors: [{ message: "GraphQL is asked by GET or POST.", extensions: { code: "BAD_REQUEST" } }] }),
  });
}

/** Answers a path that is none, e.g. `/%`, which ends before any hook, in that form and with its line in the log. */
export const refusePath =
  (ended: Ended) =>
  ({ statusCode = 400 }: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    logRequest(request, reply, ended);
    reply
      .code(statusCode)
      .header("x-request-id", request.id)
      .send({ errors: [{ message: "The path is not a valid one.", extensions: { code: "BAD_REQUEST" } }] });
  };
