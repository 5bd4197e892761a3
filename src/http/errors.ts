import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";

/** What never reaches GraphQL (bad JSON, a body too large, no such page) is answered in its form all the same. */
export function answerErrorsAsGraphQL(app: FastifyInstance, endpoint: string, log: Logger): void {
  app.setErrorHandler(async (error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ err: error, requestId: request.id }, "a request failed");
    const [code, message] =
      status === 413
        ? ["BAD_USER_INPUT", `A request body has at most ${app.initialConfig.bodyLimit} bytes.`]
        : status < 500
          ? ["BAD_REQUEST", "The request body has to be JSON."]
          : ["INTERNAL_SERVER_ERROR", "Something went wrong on our side."];
    return reply.code(status).send({ errors: [{ message, extensions: { code } }] });
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply
      .code(404)
      .send({ errors: [{ message: `Nothing here. GraphQL is at ${endpoint}.`, extensions: { code: "NOT_FOUND" } }] }),
  );
}
