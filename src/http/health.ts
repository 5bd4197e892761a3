import type { FastifyInstance } from "fastify";

export interface Health {
  pool: { query(text: string): Promise<unknown> };
  draining: () => boolean;
  metrics: { contentType: string; text(): Promise<string> };
}

/** For whoever runs this process: whether it lives, whether it can serve, and what it does. */
export function healthRoutes(app: FastifyInstance, { pool, draining, metrics }: Health): void {
  app.get("/livez", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const down =
      draining() ||
      !(await pool.query("SELECT 1").then(
        () => true,
        () => false,
      ));
    return reply.code(down ? 503 : 200).send({ status: down ? "unavailable" : "ok" });
  });
  app.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}
