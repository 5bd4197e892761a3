import { createHash } from "node:crypto";
import type { DocumentStore } from "@apollo/server";
import type { FastifyRequest } from "fastify";
import type { DocumentNode } from "graphql";
import { LRUCache } from "lru-cache";

/** Characters of all documents together. In memory a character takes some hundred bytes, as tokens and nodes. */
const MOST_CHARACTERS = 400_000;

export interface Documents {
  /** For Apollo Server. */
  store: DocumentStore;
  /** Whether what a request asks for would have to be parsed. */
  isNew: (request: FastifyRequest) => boolean;
}

/**
 * Parsed and validated documents, those asked for last. Apollo Server's own measures them by their JSON, which takes
 * longer than to parse them, and lets them grow four times as large.
 */
export function documents(): Documents {
  const known = new LRUCache<string, DocumentNode>({
    maxSize: MOST_CHARACTERS,
    sizeCalculation: ({ loc }) => loc!.source.body.length,
  });
  return {
    store: {
      get: async (key) => known.get(hashIn(key)),
      set: async (key, document) => void known.set(hashIn(key), document),
      delete: async (key) => known.delete(hashIn(key)),
    },
    isNew: (request) => {
      const hash = hashOf(request);
      return hash !== undefined && !known.has(hash);
    },
  };
}

/** Apollo Server puts the schema's hash before the document's. */
const hashIn = (key: string): string => key.slice(key.indexOf(":") + 1);

/** As Apollo Server takes it; undefined for what it refuses without parsing. */
function hashOf({ body, query: search }: FastifyRequest): string | undefined {
  const { query, extensions } = Object(body ?? search) as { query?: unknown; extensions?: unknown };
  if (typeof query === "string" && query !== "") return createHash("sha256").update(query).digest("hex");
  const { persistedQuery } = Object(typeof extensions === "string" ? parsed(extensions) : extensions);
  const { sha256Hash: hash } = Object(persistedQuery) as { sha256Hash?: unknown };
  return typeof hash === "string" ? hash : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
