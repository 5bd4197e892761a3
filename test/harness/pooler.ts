import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import pg from "pg";

export interface Pooler {
  /** The address of a database behind the pooler. */
  url: (databaseUrl: string) => string;
  /** Transactions so far, and how many of them ran on another connection than the client's last one. */
  counts: { transactions: number; moved: number };
  stop: () => Promise<void>;
}

const [QUERY, PARSE, SYNC, TERMINATE, READY] = ["Q", "P", "S", "X", "Z"].map((letter) => letter.charCodeAt(0));
/** What PgBouncer knows how to keep for each client; it refuses others. */
const TRACKED = new Set(["user", "database", "client_encoding", "application_name"]);
const GREETING = Buffer.concat([
  message("R", Buffer.alloc(4)),
  message("S", Buffer.from("server_version\x0018.0\0")),
  message("K", Buffer.alloc(8)),
  message("Z", Buffer.from("I")),
]);

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5, type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/**
 * A pooler in transaction mode, at its worst: no two transactions of a client in a row run on one connection, if there
 * are several. Like PgBouncer before 1.21 it knows nothing of named statements; it refuses them, where that mixes them up.
 */
export async function transactionPooler(databaseUrl: string, size: number): Promise<Pooler> {
  const counts = { transactions: 0, moved: 0 };
  const backends = await Promise.all(Array.from({ length: size }, () => backend(databaseUrl)));
  const free = [...backends];
  const waiting: ((taken: Socket) => void)[] = [];
  const clients = new Set<Socket>();

  const server = createServer((client) => {
    clients.add(client);
    let greeted = false;
    let pending = Buffer.alloc(0);
    let taken: Socket | null = null;
    let last: Socket | null = null;
    let unanswered = 0;
    let asked = false;
    let out: Buffer[] = [];

    const release = (): void => {
      if (!taken) return;
      taken.removeAllListeners("data");
      const next = waiting.shift();
      if (next) next(taken);
      else free.push(taken);
      taken = null;
    };
    const take = (given: Socket): void => {
      asked = false;
      taken = given;
      counts.transactions++;
      if (last && last !== given) counts.moved++;
      last = given;
      let answer = Buffer.alloc(0);
      given.on("data", (chunk: Buffer) => {
        client.write(chunk);
        answer = Buffer.concat([answer, chunk]);
        for (let one; (one = whole(answer)); answer = answer.subarray(one.length)) {
          if (one[0] !== READY) continue;
          // Idle, and everything that was sent is answered: the transaction is over.
          if (--unanswered === 0 && one.toString("latin1", 5, 6) === "I") release();
        }
      });
      for (const one of out) given.write(one);
      out = [];
    };

    client.on("data", (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      if (!greeted) {
        if (pending.length < 4 || pending.length < pending.readInt32BE(0)) return;
        const names = pending
          .toString("utf8", 8, pending.readInt32BE(0))
          .split("\0")
          .filter((_, index) => index % 2 === 0);
        const unknown = names.find((name) => name && !TRACKED.has(name));
        if (unknown !== undefined) return refuse(client, `unsupported startup parameter: ${unknown}`);
        pending = pending.subarray(pending.readInt32BE(0));
        greeted = true;
        client.write(GREETING);
      }
      for (let one; (one = whole(pending)); pending = pending.subarray(one.length)) {
        if (one[0] === TERMINATE) return;
        if (one[0] === PARSE && one[5] !== 0) return refuse(client, "a statement has a name");
        if (one[0] === QUERY || one[0] === SYNC) unanswered++;
        if (taken) taken.write(one);
        else out.push(one);
      }
      if (taken || asked || out.length === 0) return;
      asked = true;
      const other = free.findIndex((one) => one !== last);
      const [given] = free.splice(Math.max(0, other), 1);
      if (given) take(given);
      else waiting.push(take);
    });
    client.on("error", () => {});
    client.on("close", () => {
      clients.delete(client);
      const at = waiting.indexOf(take);
      if (at >= 0) waiting.splice(at, 1);
      // Left in the midst of a transaction, a connection is nobody's.
      taken?.destroy();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: (of) => Object.assign(new URL(of), { host: `127.0.0.1:${port}` }).href,
    counts,
    stop: async () => {
      for (const client of clients) client.destroy();
      for (const one of backends) one.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** The first message of what has come, if it is there whole. */
function whole(bytes: Buffer): Buffer | null {
  const length = bytes.length < 5 ? Number.POSITIVE_INFINITY : bytes.readInt32BE(1) + 1;
  return bytes.length < length ? null : bytes.subarray(0, length);
}

function refuse(client: Socket, reason: string): void {
  client.end(message("E", Buffer.from(`SFATAL\0VFATAL\0C08P01\0M${reason}\0\0`)));
}

/** A connection that pg has opened and signed in, and that is ours from then on. */
async function backend(connectionString: string): Promise<Socket> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners();
  stream.on("error", () => {});
  return stream;
}
