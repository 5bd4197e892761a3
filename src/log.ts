import { pino, type Logger } from "pino";
import type { Config } from "./config.js";

/** The log of this process: JSON lines, or in a terminal readable ones. What may hold a secret is never printed. */
export function logger({ LOG_LEVEL: level, NODE_ENV }: Config): Logger {
  const pretty = NODE_ENV !== "production" && process.stdout.isTTY;
  return pino({
    level,
    redact: ["req.headers.authorization", "*.token", "*.password"],
    ...(pretty && {
      transport: { target: "pino-pretty", options: { ignore: "pid,hostname", translateTime: "HH:MM:ss" } },
    }),
  });
}
