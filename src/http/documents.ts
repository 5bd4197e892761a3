import type { DocumentStore } from "@apollo/server";
import type { DocumentNode } from "graphql";
import { LRUCache } from "lru-cache";
import { turn } from "../kit/index.js";

/** Characters of all documents together. In memory a character takes some hundred bytes, as tokens and nodes. */
const MOST_CHARACTERS = 400_000;

/**
 * Parsed and validated documents, those asked for last. Apollo Server's own measures them by their JSON, which takes
 * longer than to parse them, and lets them grow four times as large.
 */
export function documentStore(): DocumentStore {
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: MOST_CHARACTERS,
    sizeCalculation: ({ loc }) => loc!.source.body.length,
  });
  return {
    // To parse and validate takes milliseconds: who asks for what is known does not wait for all who ask for what is new.
    get: async (key) => documents.get(key) ?? (await turn(), documents.get(key)),
    set: async (key, document) => void documents.set(key, document),
    delete: async (key) => documents.delete(key),
  };
}
