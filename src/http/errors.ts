import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Ended, logRequest } from "./request-log.js";

/** What never reaches GraphQL (bad JSON, a body too large, no such page) is answered in its form all the same. */
export function answerErrorsAsGraphQL(app: FastifyInstance, endpoint: string): void {
  app.setErrorHandler(async (error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ err: error }, "a request failed");
    const [code, message] =
      status === 413
        ? ["BAD_USER_INPUT", `A request body has at most ${app.initialConfig.bodyLimit} bytes.`]
        : status < 500
          ? ["BAD_REQUEST", "The request body has to be JSON."]
          : ["INTERNAL_SERVER_ERROR", "Something went wrong on our side."];
    const requestId = status >= 500 ? request.id : undefined;
    return reply.code(status).send({ errors: [{ message, extensions: { code, requestId } }] });
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply
      .code(404)
      .send({ errors: [{ message: `Nothing here. GraphQL is at ${endpoint}.`, extensions: { code: "NOT_FOUND" } }] }),
  );
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
