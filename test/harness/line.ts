import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to the database that can fall silent: connections stay open, and nothing comes through any more. */
export interface Line {
  /** The address of the database on this way. */
  url: string;
  silent: boolean;
  /** How many were opened so far. */
  connections: number;
}

/** Lays such a way for one test file. Call it at the top level of the file. */
export async function lineTo(databaseUrl: string): Promise<Line> {
  const { hostname, port } = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    line.connections++;
    const database = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      sockets.add(from);
      from.on("error", () => {});
      from.on("data", (chunk) => line.silent || to.write(chunk));
      from.on("close", () => to.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const line: Line = { url: Object.assign(new URL(databaseUrl), { host }).href, silent: false, connections: 0 };
  return line;
}
