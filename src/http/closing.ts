import type { Socket } from "node:net";
import type { FastifyInstance, FastifyReply } from "fastify";

/** How a server ends: it serves on, not ready and closing each connection behind its answer; then it closes. */
export interface Closing {
  draining: () => boolean;
  drain: () => void;
  /** Those who have asked are answered. Nobody else is waited for. */
  close: () => Promise<void>;
}

/** Call it before other hooks and routes. */
export function closing(app: FastifyInstance): Closing {
  let draining = false;
  let closed = false;
  const tell = (reply: FastifyReply): void => {
    if (draining) reply.header("connection", "close");
  };
  // Node waits for connections on which nothing was asked yet: browsers and balancers open some beforehand.
  const unused = new Set<Socket>();
  app.server.on("connection", (socket: Socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
    if (closed) socket.destroy();
  });
  app.addHook("onRequest", (request, reply, done) => {
    unused.delete(request.raw.socket);
    tell(reply);
    done();
  });
  // Also whoever asked before: a connection that its caller keeps would be waited for.
  app.addHook("onSend", (_request, reply, payload, done) => {
    tell(reply);
    done(null, payload);
  });
  const drain = (): void => {
    draining = true;
  };
  return {
    draining: () => draining,
    drain,
    close: async () => {
      drain();
      closed = true;
      for (const socket of unused) socket.destroy();
      await app.close();
    },
  };
}
