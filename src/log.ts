import { pino, type Logger } from "pino";
import type { Config } from "./config.js";

const READABLE = { target: "pino-pretty", options: { ignore: "pid,hostname", translateTime: "HH:MM:ss" } };

/** Should anybody ever log one of them. No wildcards, which cost more than all the rest of a line. */
const REDACTED = ["authorization", "token", "accessToken", "password", "secret", "variables", "req.headers"];

/** The log of this process: JSON lines, or in a terminal readable ones. What may hold a secret is never printed. */
export function logger({ LOG_LEVEL: level, NODE_ENV }: Config): Logger {
  const pretty = NODE_ENV !== "production" && process.stdout.isTTY;
  return pino({
    level,
    redact: REDACTED,
    serializers: { err: (error: unknown) => errorTold(error) },
    ...(pretty && { transport: READABLE }),
  });
}

/** What of an error may be told beside its message and stack. */
const TOLD = ["code", "severity", "table", "column", "constraint", "routine", "syscall", "hostname", "address", "port"];
const DEEPEST = 5;

/**
 * An error as a log tells it, from a list of what is allowed. Errors carry what they failed on: PostgreSQL's `detail` and
 * `where` the values of a row, Node's `rawPacket` a request with its token.
 */
function errorTold(thrown: unknown, depth = 0): unknown {
  // What a resolver threw comes inside an error of GraphQL's.
  const error = ((thrown as { originalError?: unknown } | null)?.originalError ?? thrown) as Error & {
    cause?: unknown;
    errors?: unknown[];
  };
  if (typeof error?.message !== "string") return String(error);
  const { constructor, name, message, stack = "", cause, errors } = error;
  const told = withoutValue(error);
  return {
    type: constructor?.name || name,
    message: told,
    stack: stack.replace(message, () => told),
    ...Object.fromEntries(TOLD.filter((key) => key in error).map((key) => [key, error[key as keyof Error]])),
    ...(cause !== undefined && depth < DEEPEST && { cause: errorTold(cause, depth + 1) }),
    ...(Array.isArray(errors) && depth < DEEPEST && { errors: errors.map((one) => errorTold(one, depth + 1)) }),
  };
}

/** What PostgreSQL could not read as what it has to be (class 22) it quotes in its message. */
const withoutValue = ({ message, code }: Error & { code?: unknown }): string =>
  typeof code === "string" && /^22\w{3}$/.test(code) ? message.replace(/"[^]*"/, '"…"') : message;
