import { badUserInput } from "./errors.js";
import { isUuid } from "./scalars.js";

/** The Relay global id of an object: opaque to clients, unique over all types, stable for ever. */
export const toGlobalId = (type: string, key: string): string =>
  Buffer.from(`${type}:${key}`, "latin1").toString("base64url");

/**
 * The type and key of a global id.
 * @throws BAD_USER_INPUT when the text is not a global id of this service; an unknown type is judged by the caller.
 */
export function fromGlobalId(id: string, path: readonly (string | number)[]): { type: string; key: string } {
  const [type, key, ...rest] = Buffer.from(id, "base64url").toString("latin1").split(":");
  // Only the canonical spelling is an id: base64 decoders ignore junk, and an id has to equal itself as a string.
  if (!type || !key || rest.length > 0 || !isUuid(key) || key !== key.toLowerCase() || toGlobalId(type, key) !== id) {
    throw badUserInput("Not a valid global id.", path);
  }
  return { type, key };
}

/**
 * The platform's own key behind an id that has to be of one of these types: a global id, or the bare guid or uuid that
 * callers of the REST API hold. @throws BAD_USER_INPUT otherwise.
 */
export function keyOf(types: string | readonly string[], id: string, path: readonly (string | number)[]): string {
  if (isUuid(id)) return id.toLowerCase();
  const { type, key } = fromGlobalId(id, path);
  const allowed = [types].flat();
  if (!allowed.includes(type)) throw badUserInput(`Not the id of a ${allowed.join(" or ")}.`, path);
  return key;
}
