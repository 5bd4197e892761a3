import { pino, type DestinationStream, type Logger } from "pino";
import type { Config } from "./config.js";

const READABLE = { target: "pino-pretty", options: { ignore: "pid,hostname", translateTime: "HH:MM:ss" } };

/** Should anybody ever log one of them. No wildcards, which cost more than all the rest of a line. */
const REDACTED = ["authorization", "token", "accessToken", "password", "secret", "variables", "req.headers"];

/** The log of this process: JSON lines, or in a terminal readable ones. What may hold a secret is never printed. */
export function logger({ LOG_LEVEL: level, NODE_ENV }: Pick<Config, "LOG_LEVEL" | "NODE_ENV">): Logger {
  const pretty = NODE_ENV !== "production" && process.stdout.isTTY;
  const options = { level, redact: REDACTED, serializers: { err: (error: unknown) => errorTold(error) } };
  return pretty ? pino({ ...options, transport: READABLE }) : pino(options, output());
}

/** Bytes of lines that wait for whoever reads them: seconds of a busy server. */
const MOST_UNREAD = 4_000_000;
const FLUSH_MILLISECONDS = 1_000;

/**
 * The process's output. What cannot be written, because a disk is full or a pipe's reader rests, neither stops the
 * process nor fills its memory: it is left out, and how much was is a line of its own once there is room.
 */
function output(): DestinationStream {
  const { stdout } = process;
  let lost = 0;
  // Each line hears of it by itself.
  stdout.on("error", () => {});
  const put = (line: string, lines: number): void => {
    stdout.write(line, (error) => {
      if (error) lost += lines;
    });
  };
  return {
    write: (line) => {
      if (lost > 0 && stdout.writableLength < MOST_UNREAD / 2) {
        const told = {
          level: pino.levels.values.warn,
          time: Date.now(),
          lines: lost,
          msg: "lines of the log are lost",
        };
        // Of the last line half may have been written.
        put(`\n${JSON.stringify(told)}\n`, lost);
        lost = 0;
      }
      if (stdout.writableLength < MOST_UNREAD) put(line, 1);
      else lost++;
    },
  };
}

/** What still waits for its reader has a second to be read before the process ends. */
export const flushLog = (): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write("", () => resolve());
    setTimeout(resolve, FLUSH_MILLISECONDS);
  });

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
