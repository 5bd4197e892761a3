import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface Balancer {
  url: string;
  stop: () => Promise<void>;
}

/** Hands each request to the next of these servers. A single one is asked directly. */
export async function balance(urls: string[]): Promise<Balancer> {
  if (urls.length === 1) return { url: urls[0]!, stop: async () => {} };
  return balanceAmong(() => urls);
}

/** Hands each request to the next of those that are good at that moment; it is tried once. */
export async function balanceAmong(good: () => string[]): Promise<Balancer> {
  let turn = 0;
  // Clients use a connection again for longer than Node's five seconds.
  const server = createServer({ keepAliveTimeout: 60_000 }, (given, answer) => {
    const urls = good();
    if (urls.length === 0) {
      answer.writeHead(503).end();
      return;
    }
    const to = new URL(given.url!, urls[turn++ % urls.length]);
    const passed = request(to, { method: given.method!, headers: given.headers }, (answered) => {
      answer.writeHead(answered.statusCode!, answered.headers);
      answered.on("error", () => answer.destroy());
      answered.pipe(answer);
    });
    // Whoever answers before it has read all, e.g. 413, may hang up on the rest.
    passed.on("error", () => answer.headersSent || answer.writeHead(502).end());
    given.pipe(passed);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
