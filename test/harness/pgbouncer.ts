import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface PgBouncer {
  /** host:port */
  host: string;
  pid: number;
  stop: () => Promise<void>;
}

/** PgBouncer in transaction mode before every database of a cluster, with so many connections to each. */
export async function startPgBouncer(
  program: string,
  clusterUrl: string,
  folder: string,
  poolSize: number,
): Promise<PgBouncer> {
  const { hostname, port, password } = new URL(clusterUrl);
  const users = ["users_app", "users_owner", "postgres"].map((user) => `"${user}" "${password}"\n`);
  await writeFile(join(folder, "users.txt"), users.join(""), { mode: 0o644 });
  const own = await freePort();
  // What README asks of its settings, and no more.
  const settings = `
[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = plain
auth_file = ${join(folder, "users.txt")}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 1000
server_login_retry = 1
log_connections = 0
log_disconnections = 0
`;
  const file = join(folder, "pgbouncer.ini");
  await writeFile(file, settings, { mode: 0o644 });
  // It refuses to be root.
  const nobody = process.getuid?.() === 0 ? Number(execFileSync("id", ["-u", "nobody"])) : undefined;
  const child = spawn(program, ["-q", file], {
    stdio: ["ignore", "ignore", "inherit"],
    cwd: "/",
    ...(nobody !== undefined && { uid: nobody }),
  });
  await once(child, "spawn");
  const gone = once(child, "exit").then(([code]) => {
    throw new Error(`${program} ended (${code}).`);
  });
  gone.catch(() => {});
  await Promise.race([gone, answers(own)]);
  return {
    host: `127.0.0.1:${own}`,
    pid: child.pid!,
    stop: async () => {
      child.kill("SIGINT");
      child.kill("SIGTERM");
      await gone.catch(() => {});
    },
  };
}

async function answers(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const connected = await new Promise((resolve) =>
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false)),
    );
    socket.destroy();
    if (connected) return;
    await sleep(20);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
