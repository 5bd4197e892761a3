import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** The network between servers and their database. It can fall silent: connections stay open, and nothing passes. */
export interface Wire {
  port: number;
  /** How many connections were opened so far. */
  opened: () => number;
  /** From now on nothing passes in either direction, not even the end of a connection, and nobody is told. */
  silence: () => void;
  /** What was held back passes, and everything after it. */
  resume: () => void;
  /**
   * Connections that nobody has answered yet and new ones work; those of before stay silent for good, as behind a firewall
   * that has lost its state.
   */
  forget: () => void;
  stop: () => Promise<void>;
}

export async function layWire(to: { port: number | string }): Promise<Wire> {
  const sockets = new Set<Socket>();
  let silent = false;
  let opened = 0;
  /** What is held back while it is silent: what was said, and what nobody has heard of yet. */
  let held: (() => void)[] = [];
  let beginnings: (() => void)[] = [];
  const inTime = (deed: () => void): void => void (silent ? held.push(deed) : deed());

  const pass = (from: Socket, over: Socket): void => {
    sockets.add(from);
    from.on("data", (chunk) => inTime(() => over.write(chunk)));
    from.on("error", () => {}); // told by the end
    from.on("close", () => {
      sockets.delete(from);
      inTime(() => over.end());
    });
  };
  const server = createServer((client) => {
    opened++;
    sockets.add(client);
    client.on("error", () => {});
    client.pause();
    const begin = (): void => {
      const database = connect(Number(to.port), "127.0.0.1");
      pass(client, database);
      pass(database, client);
      client.resume();
    };
    if (silent) beginnings.push(begin);
    else begin();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    opened: () => opened,
    silence: () => {
      silent = true;
    },
    resume: () => {
      silent = false;
      for (const deed of [...held, ...beginnings]) deed();
      [held, beginnings] = [[], []];
    },
    forget: () => {
      silent = false;
      for (const socket of sockets) socket.removeAllListeners("data").removeAllListeners("close").pause();
      for (const begin of beginnings) begin();
      [held, beginnings] = [[], []];
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
