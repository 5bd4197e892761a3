import { GraphQLError, type GraphQLFormattedError } from "graphql";

/** The codes that reach a client as they are. Whatever else goes wrong is INTERNAL_SERVER_ERROR and says nothing. */
const PUBLIC_CODES = new Set([
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "BAD_USER_INPUT",
  "TIMEOUT",
  "UNAVAILABLE",
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
  "PERSISTED_QUERY_NOT_FOUND",
  "BAD_REQUEST",
]);

/**
 * By SQLSTATE, or the class that it begins with: the connection (08), no room or memory left (53), shut down, crashed or
 * starting (57P0), the disk (58), a transaction left waiting (25P03), a statement that a failure before it kept from being
 * prepared (26000), and whoever was in the way (40001, 40P01, 55P03).
 */
const AWAY = /^(08|53|57P0|58|25P03|26000|40001|40P01|55P03)/;
const UNREACHABLE = /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|EAI_AGAIN|ENOTFOUND|ERR_STREAM|ERR_SOCKET)/;

/** What PostgreSQL and the network call a failure -> what a client is told. */
function databaseError(code: string): { code: string; message: string } | null {
  if (["22P02", "22021", "22003", "22007", "22008"].includes(code)) {
    return { code: "BAD_USER_INPUT", message: "A value cannot be read as what it has to be." };
  }
  if (code === "57014") return { code: "TIMEOUT", message: "It took too long. Try again, or ask for less." };
  if (code === "53300") return { code: "UNAVAILABLE", message: "Too many requests wait. Try again." };
  if (code === "25006") return { code: "UNAVAILABLE", message: "The database takes no writes now. Try again." };
  if (AWAY.test(code) || UNREACHABLE.test(code)) {
    return { code: "UNAVAILABLE", message: "The database is not available now. Try again." };
  }
  return null;
}

/** What a client may know of an error: from a list of what is allowed, never what is left after taking away. */
export function publicError(formatted: GraphQLFormattedError, original: unknown): GraphQLFormattedError {
  const { locations, path, extensions, message } = formatted;
  const place = { ...(locations && { locations }), ...(path && { path }) };
  const { code, argument, requestId } = extensions ?? {};
  // By which whoever is told finds the log's lines of it.
  const id = requestId !== undefined && { requestId };
  if (typeof code === "string" && PUBLIC_CODES.has(code)) {
    return { message, ...place, extensions: { code, ...(argument !== undefined && { argument }), ...id } };
  }
  const known = knownFailure(original) ?? {
    code: "INTERNAL_SERVER_ERROR",
    message: "Something went wrong on our side.",
  };
  return { message: known.message, ...place, extensions: { code: known.code, ...id } };
}

/** An error that is ours to mend or to know of, and so is logged with its stack. */
export function isFault(error: GraphQLError): boolean {
  const code = error.extensions.code;
  return !(typeof code === "string" && PUBLIC_CODES.has(code)) && knownFailure(error)?.code !== "BAD_USER_INPUT";
}

/** By code: the status of an answer that says only why there is none. Any other: 500. */
export const FAILURE_STATUS: Record<string, number> = { UNAVAILABLE: 503, TIMEOUT: 504 };

/** An answer that says only why there is none. */
export const failure = (error: Error): GraphQLError =>
  error instanceof GraphQLError
    ? error
    : new GraphQLError(error.message, {
        originalError: error,
        extensions: { http: { status: FAILURE_STATUS[failureCode(error) ?? ""] ?? 500 } },
      });

/** What a failure of the database is called to clients; undefined for any other. */
export const failureCode = (error: unknown): string | undefined => knownFailure(error)?.code;

function knownFailure(error: unknown): { code: string; message: string } | null {
  // Apollo's own unwrapResolverError leaves out what fails before a resolver: reading who the viewer is.
  const original = error instanceof GraphQLError ? error.originalError : undefined;
  const cause = (original ?? error) as { code?: unknown; message?: string };
  return typeof cause.code === "string" ? databaseError(cause.code) : connectionLost(cause.message);
}

/** What pg itself says of a connection that is gone or does not answer carries no code. */
const LOST =
  /timeout exceeded when trying to connect|timeout expired|Query read timeout|Connection terminated|not queryable|calling end on the pool/i;
function connectionLost(message = ""): { code: string; message: string } | null {
  return LOST.test(message) ? { code: "UNAVAILABLE", message: "The database is not available now. Try again." } : null;
}
