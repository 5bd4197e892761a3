import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { OperationDefinitionNode } from "graphql";
import type { Viewer } from "../kit/index.js";

/** What a request turned out to ask, for whom and with what result; known bit by bit until it ends. */
export interface Asked {
  viewer: Viewer;
  session: { statements: number };
  operation?: OperationDefinitionNode | undefined;
  /** The codes of the answer's top-level errors. */
  errors?: readonly string[] | undefined;
  /** Why its token was refused. */
  reason?: string | undefined;
}

declare module "fastify" {
  interface FastifyRequest {
    asked: Partial<Asked> | null;
  }
}

/** Asked by the platform every few seconds: told at debug level, or they would be most of the log. */
const PROBES = new Set<string | undefined>(["/livez", "/readyz", "/metrics"]);
export const isProbe = (route: string | undefined): boolean => PROBES.has(route);

/** As nginx says it: the client was gone before its answer. */
const CLIENT_GONE = 499;
const LONGEST_NAME = 100;

/**
 * Writes one line for each request once its answer has left, or its client has. The request's address stays untold: the
 * path of an export's link and the query of a GET hold what others shall not read.
 */
export function logRequests(app: FastifyInstance, ended: Ended): void {
  app.decorateRequest("asked", null);
  app.addHook("onRequest", (request, reply, done) => {
    logRequest(request, reply, ended);
    done();
  });
}

/** Hears of each request that has ended. */
export type Ended = (route: string, status: number) => void;

/** The same for one that hooks do not see. */
export function logRequest(request: FastifyRequest, reply: FastifyReply, ended: Ended): void {
  const { url: route = "none" } = request.routeOptions;
  reply.raw.once("close", () => {
    // What a destroyed connection still held counts as written, too.
    const handedOver = reply.raw.writableFinished && !request.raw.socket.destroyed;
    const status = handedOver ? reply.statusCode : CLIENT_GONE;
    tell(request, reply, route, status);
    ended(route, status);
  });
}

function tell(
  { method, asked, log }: FastifyRequest,
  { elapsedTime }: FastifyReply,
  route: string,
  status: number,
): void {
  const { operation, viewer, session, errors, reason } = asked ?? {};
  // What is not known is left out of the line.
  const line = {
    method,
    route,
    status,
    milliseconds: Math.round(elapsedTime * 10) / 10,
    type: operation?.operation,
    operation: operation?.name?.value.slice(0, LONGEST_NAME),
    tenant: viewer?.tenantId ?? undefined,
    viewer: viewer?.id ?? undefined,
    actor: viewer?.actorId ?? undefined,
    statements: session?.statements,
    errors,
    reason,
  };
  if (isProbe(route)) log.debug(line, "request");
  else log.info(line, "request");
}
