import { connect } from "node:net";

export interface Round {
  requests: number;
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Of an answer's body, on average. */
  bytes: number;
}

/** Requests as they go over the wire, sent in turn; the turn goes on from one round to the next. */
export interface Requests {
  url: URL;
  messages: Buffer[];
}

export const message = (url: URL, headers: Record<string, string>, body: unknown): Buffer => {
  const text = Buffer.from(JSON.stringify(body));
  const all = { host: url.host, "content-type": "application/json", "content-length": text.length, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${url.pathname} HTTP/1.1\r\n${lines.join("")}\r\n`), text]);
};

const HEAD_END = "\r\n\r\n";
/** An answer without data begins with its errors. */
const DATA = `{"data"`;

/**
 * Keeps `callers` connections busy, each sending when its last answer is complete. It reads no more of HTTP than these
 * servers speak: on two cores a whole client would take more time than the smallest answers.
 */
export async function load(
  { url, messages }: Requests,
  turn: { next: number },
  callers: number,
  seconds: number,
): Promise<Round> {
  const latencies: number[] = [];
  let bytes = 0;
  const begin = performance.now();
  const end = begin + seconds * 1000;

  const call = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: Number(url.port), host: url.hostname, noDelay: true });
      let sent = 0;
      /** What has come of the head, then null while `missing` bytes of the body are still to come. */
      let head: Buffer | null = null;
      let missing = 0;
      let length = 0;
      const send = (): void => {
        sent = performance.now();
        socket.write(messages[turn.next++ % messages.length]!);
      };
      socket.on("connect", send).on("error", reject).on("close", resolve);
      socket.on("data", (chunk: Buffer) => {
        if (missing > 0) missing -= chunk.length;
        else {
          head = head ? Buffer.concat([head, chunk]) : chunk;
          const at = head.indexOf(HEAD_END);
          const begun = at + HEAD_END.length + DATA.length;
          if (at < 0 || head.length < begun) return;
          const text = head.toString("latin1", 0, begun);
          length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1]);
          if (!text.startsWith("HTTP/1.1 200") || !text.endsWith(DATA) || !length) {
            socket.destroy(new Error(`Not an answer of data: ${head.toString("latin1")}`));
            return;
          }
          missing = length - (head.length - at - HEAD_END.length);
          head = null;
        }
        if (missing > 0) return;
        const now = performance.now();
        if (now > end) socket.destroy();
        else {
          latencies.push(now - sent);
          bytes += length;
          send();
        }
      });
    });

  await Promise.all(Array.from({ length: callers }, call));
  const requests = latencies.length;
  if (requests === 0) throw new Error(`No answer within ${seconds} s.`);
  latencies.sort((a, b) => a - b);
  const quantile = (share: number): number => latencies[Math.min(requests - 1, Math.floor(requests * share))]!;
  return { requests, perSecond: requests / seconds, p50: quantile(0.5), p99: quantile(0.99), bytes: bytes / requests };
}
