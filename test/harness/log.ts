import { Writable } from "node:stream";
import pino, { type Logger } from "pino";

export interface TestLog {
  log: Logger;
  lines: Record<string, any>[];
}

/** A log of everything, kept to be read. */
export function testLog(): TestLog {
  const lines: Record<string, any>[] = [];
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    lines.push(JSON.parse(chunk.toString()) as Record<string, any>);
    done();
  };
  return { log: pino({ level: "trace" }, new Writable({ write })), lines };
}
