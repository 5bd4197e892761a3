import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * In production only the router talks to us: refused before anything of the request is parsed. Compared in constant
 * time; two values may be good at once, for rotation.
 */
export function demandRouter(secrets: string[]): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const expected = secrets.map(digest);
  return async (request, reply) => {
    const given = digest(String(request.headers["x-router-secret"] ?? ""));
    const matches = expected.filter((secret) => timingSafeEqual(secret, given));
    if (matches.length === 0) {
      await reply
        .code(403)
        .send({ errors: [{ message: "Only the router may ask.", extensions: { code: "FORBIDDEN" } }] });
    }
  };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
