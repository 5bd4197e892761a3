import { createHash } from "node:crypto";
import type { PersistedQueryOptions } from "@apollo/server";
import type { FastifyReply, FastifyRequest } from "fastify";
import { parse, print, stripIgnoredCharacters } from "graphql";

export interface Safelist {
  /** Apollo Server's store of persisted queries: texts by their SHA-256. Nothing is added to it. */
  store: PersistedQueryOptions["cache"];
  /** Refuses any other document before anything of it is parsed. */
  demand: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
}

/**
 * Serves these documents, each of one operation, and no others: sent whole, however its spaces and comments stand, or by
 * the SHA-256 of its text as committed, as graphql-js prints it, or without what a parser ignores.
 */
export function safelist(documents: readonly string[]): Safelist {
  const texts = documents.flatMap((text) => [text, print(parse(text)), stripIgnoredCharacters(text)]);
  const known = new Set(texts);
  // Under such keys Apollo Server keeps them.
  const byKey = new Map(texts.map((text) => [`apq:${createHash("sha256").update(text).digest("hex")}`, text]));
  return {
    store: { get: async (key) => byKey.get(key), set: async () => {}, delete: async () => false },
    demand: async ({ body, query: search }, reply) => {
      const { query } = Object(body ?? search) as { query?: unknown };
      // A hash alone is looked up in the store; what is no text is refused by Apollo Server.
      if (typeof query !== "string" || known.has(query) || known.has(stripped(query))) return;
      await reply.code(403).send({
        errors: [{ message: "Only known documents are answered here.", extensions: { code: "QUERY_NOT_IN_SAFELIST" } }],
      });
    },
  };
}

/** "" for what has no tokens of GraphQL. */
function stripped(text: string): string {
  try {
    return stripIgnoredCharacters(text);
  } catch {
    return "";
  }
}
