import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { DatabaseProbe } from "../database/index.js";
import type { Metrics } from "../metrics.js";

export interface HealthOptions {
  probe: DatabaseProbe;
  draining: () => boolean;
  metrics: Metrics;
  log: Logger;
}

/**
 * What the platform asks. `/livez` says that this process answers, and nothing of the database: a restart would not bring
 * that back. `/readyz` says within a second whether requests can be served here, and if not, why.
 */
export function health(app: FastifyInstance, { probe, draining, metrics, log }: HealthOptions): void {
  let last: string | null = null;
  app.get("/livez", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const reason = draining() ? "draining" : await probe.trouble();
    if (reason !== last) log.warn({ reason }, reason ? "not ready" : "ready again");
    last = reason;
    return reason ? reply.code(503).send({ status: "unavailable", reason }) : { status: "ok" };
  });
  app.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}
