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
  let turn = 0;
  const server = createServer((given, answer) => {
    const to = new URL(given.url!, urls[turn++ % urls.length]);
    const passed = request(to, { method: given.method!, headers: given.headers }, (answered) => {
      answer.writeHead(answered.statusCode!, answered.headers);
      answered.pipe(answer);
    });
    passed.on("error", () => answer.writeHead(502).end());
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
