import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/** Requests of one connection that may be under way. Clients wait for an answer before they ask again, or open another. */
export const MOST_PIPELINED = 20;

/** Node begins with all that a connection sends, however many answers are owed: one could keep the process for itself. */
export function boundPipelines(app: FastifyInstance): void {
  const underWay = new WeakMap<Socket, number>();
  app.addHook("onRequest", ({ raw: { socket } }, reply, done) => {
    const count = (underWay.get(socket) ?? 0) + 1;
    underWay.set(socket, count);
    reply.raw.once("close", () => underWay.set(socket, underWay.get(socket)! - 1));
    if (count <= MOST_PIPELINED) return done();
    const message = `At most ${MOST_PIPELINED} requests of one connection may wait for their answers.`;
    void reply
      .code(429)
      .header("connection", "close")
      .send({ errors: [{ message, extensions: { code: "BAD_REQUEST" } }] });
  });
}
