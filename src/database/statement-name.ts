import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";

const names = new LRUCache<string, string>({ max: 500 });

/** The name of a statement follows from its text. */
export function statementName(text: string): string {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = createHash("sha1").update(text).digest("base64url")));
  return name;
}
