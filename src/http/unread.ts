import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/** Characters of an answer that is not counted: as much Node lets wait on any connection. */
const SMALL = 16_384;

export interface UnreadOptions {
  /** Characters of all answers together that may wait for their clients. */
  most: number;
  /** How long a client may take nothing of its answer. */
  milliseconds: number;
}

/**
 * An answer stays in memory until its client has taken it, which takes those who read it milliseconds. Who does not read
 * is hung up on after a while, and when too much waits before that: then those first who have been waited for longest.
 */
export function boundUnread(app: FastifyInstance, { most, milliseconds }: UnreadOptions): void {
  const waiting = new Map<Socket, number>();
  let characters = 0;
  const add = (socket: Socket, length: number): void => {
    characters += length;
    const left = (waiting.get(socket) ?? 0) + length;
    if (left > 0) waiting.set(socket, left);
    else waiting.delete(socket);
  };
  const counted = new WeakSet<Socket>();
  app.addHook("onSend", ({ raw: { socket } }, { raw }, payload, done) => {
    done(null, payload);
    if (typeof payload !== "string" || payload.length <= SMALL || socket.destroyed) return;
    const { length } = payload;
    if (!counted.has(socket)) {
      counted.add(socket);
      // An answer behind another one of its connection may not hear of the connection's end.
      socket.once("close", () => add(socket, -(waiting.get(socket) ?? 0)));
    }
    add(socket, length);
    raw.once("close", () => {
      if (waiting.has(socket)) add(socket, -length);
    });
    raw.setTimeout(milliseconds, () => socket.destroy());
    for (const oldest of waiting.keys()) {
      if (characters <= most) break;
      oldest.destroy();
      add(oldest, -waiting.get(oldest)!);
    }
  });
}
