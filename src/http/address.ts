import type { FastifyReply, FastifyRequest } from "fastify";

/** Apollo Server's integration reads the address as a URL, and fails where path and `Host` make none. */
export async function demandAddress({ url, hostname }: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (URL.canParse(url, `http://${hostname}/`)) return;
  await reply.code(400).send({
    errors: [{ message: "The request's address or Host header is no URL.", extensions: { code: "BAD_REQUEST" } }],
  });
}
