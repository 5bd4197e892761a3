import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";

export interface EmbeddedPostgres {
  /** A superuser connection string for that database, with the password. */
  url(database: string): string;
  port: number;
  /** Fast shutdown; resolves when the postmaster is gone. Idempotent. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Folder that keeps the cluster, e.g. ".data/postgres". */
  dataDir: string;
  /** false: fsync, synchronous_commit and full_page_writes off, for tests only. */
  durable: boolean;
  /** Extra postgresql settings, e.g. { max_connections: "200" }; they win over the launcher's own, `port` included. */
  settings?: Record<string, string>;
  /** One line for humans when something noteworthy happens (cluster created, data kept elsewhere, server lost). */
  notice?: (line: string) => void;
}

const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  timezone: "UTC",
  log_timezone: "UTC",
  shared_buffers: "256MB",
  max_connections: "100",
  random_page_cost: "1.1",
  jit: "off",
};
const NOT_DURABLE = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

// Order comes from the built-in provider. lc_ctype is the machine's all the same, because pg_trgm asks it what a letter
// is: under "C" it drops every letter outside ASCII without a word.
const CTYPE: Partial<Record<NodeJS.Platform, string>> = { darwin: "en_US.UTF-8", win32: "en-US" };
const LOCALE = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"];

// The shell becomes the postmaster and leaves behind a reader of descriptor 3, whose other end only the server holds.
// When the server dies, however hard, the reader wakes and asks for a fast shutdown; a line instead of the end tells it
// that the postmaster is gone. Forked twice, as the postmaster would take the death of a strange child for a crash.
const LEASHED = '( ( read -r line <&3 || kill -INT $$ ) & ) ; exec "$@" 3<&-';

const onWindows = process.platform === "win32";
const insteadOfIt = "Set DATABASE_URL to a PostgreSQL of your own, 15 or later.";
const run = promisify(execFile);
const complaintOf = (error: Error & { stderr?: string }): string => (error.stderr || error.message).trim();

/** How to run PostgreSQL's programs. Our environment stays here: as root it would show its secrets to `nobody`. */
type Account = { uid?: number; gid?: number; cwd?: string; env?: Record<string, string> };

/**
 * Starts PostgreSQL 18 from the optional npm package of this platform on a free port of 127.0.0.1, and creates the
 * cluster when there is none. As root it runs as `nobody`. It ends with this process, even after kill -9 (not on
 * Windows), and does not hear the terminal's Ctrl-C. Throws when the package is missing or does not run here, when
 * another server holds the folder, and with PostgreSQL's own last words when it does not start.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { dataDir, durable, settings, notice = () => {} } = options;
  const account = await unprivilegedAccount();
  const bin = await usableBinaries(account, notice);
  const cluster = join(await reachableFolder(dataDir, account, notice), "cluster");
  const created = await publish(cluster, (draft) => createCluster(draft, bin, account, durable));
  if (created) notice(`Created a PostgreSQL cluster in ${cluster}`);
  const password = await fs.readFile(join(cluster, "password"), "utf8");
  const all = { ...SETTINGS, ...(durable ? {} : NOT_DURABLE), ...settings };
  const { child, port } = await launch(cluster, bin, account, all);

  let stopped: Promise<void> | undefined;
  child.once("exit", (code, signal) => {
    if (!stopped) notice(`PostgreSQL ended by itself (${signal ?? code}), see ${join(cluster, "postgres.log")}`);
  });
  return {
    port,
    url: superuserUrl(password, port),
    stop: () => (stopped ??= shutDown(child, bin, cluster)),
  };
}

const superuserUrl =
  (password: string, port: number | string) =>
  (database: string): string =>
    `postgresql://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;

/** The URLs of the server that runs on that folder now, e.g. below `npm start`; undefined when none answers. */
export async function runningEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres["url"] | undefined> {
  const folder = await fs.realpath(dataDir).catch(() => undefined);
  if (!folder) return undefined;
  for (const home of [folder, elsewhereFor(folder)]) {
    const [lock, password] = await Promise.all(
      ["pgdata/postmaster.pid", "password"].map((file) =>
        fs.readFile(join(home, "cluster", file), "utf8").catch(() => ""),
      ),
    );
    const port = lock!.split("\n")[3];
    if (!port || !password) continue;
    const url = superuserUrl(password, port);
    const client = new pg.Client({ connectionString: url("postgres") });
    client.on("error", () => {}); // it may end at any time
    const answers = await client.connect().then(
      () => true,
      () => false, // a lock left behind
    );
    await client.end().catch(() => {});
    if (answers) return url;
  }
  return undefined;
}

/** Where the cluster is kept when `nobody` cannot enter that folder: the same place at every start. */
const KEPT_ELSEWHERE = "/var/lib/embedded-postgres";
const elsewhereFor = (folder: string): string =>
  join(KEPT_ELSEWHERE, createHash("sha256").update(folder).digest("hex").slice(0, 16));

async function unprivilegedAccount(): Promise<Account> {
  if (onWindows) return {};
  const account = { cwd: "/", env: { PATH: "/usr/bin:/bin", LC_ALL: "C" } };
  if (process.getuid?.() !== 0) return account;
  // | 0 because macOS prints its -2 unsigned, and Node takes only the signed one here.
  const idOf = async (flag: string): Promise<number> => Number((await run("id", [flag, "nobody"])).stdout) | 0;
  return { ...account, uid: await idOf("-u"), gid: await idOf("-g") };
}

/** The installed package's programs or, where this account cannot reach or complete the package, those of a copy. */
async function usableBinaries(account: Account, notice: (line: string) => void): Promise<string> {
  const name = `@embedded-postgres/${onWindows ? "windows" : process.platform}-${process.arch}`;
  let installed: string;
  try {
    installed = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new Error(`No embedded PostgreSQL: the optional package ${name} is not installed. ${insteadOfIt}`);
  }
  const complaint = (home: string): Promise<string | undefined> =>
    makeLinks(home)
      .then(() => run(join(home, "native/bin/postgres"), ["--version"], account))
      .then(() => undefined, complaintOf);
  if (!(await complaint(installed))) return join(installed, "native/bin");

  const { version } = JSON.parse(await fs.readFile(join(installed, "package.json"), "utf8")) as { version: string };
  const copies = await ownFolder(join(tmpdir(), `embedded-postgres-${process.getuid?.() ?? "copies"}`));
  const copy = join(copies, version);
  const copied = await publish(copy, (draft) => copyPackage(installed, draft));
  if (copied) notice(`Copied the PostgreSQL binaries to ${copy}`);
  const problem = await complaint(copy);
  if (problem) throw new Error(`The embedded PostgreSQL in ${copy} does not run here: ${problem}. ${insteadOfIt}`);
  return join(copy, "native/bin");
}

/** npm packages carry no symbolic links: the package's install script makes them, where install scripts may run. */
async function makeLinks(home: string): Promise<void> {
  const list = await fs.readFile(join(home, "native/pg-symlinks.json"), "utf8");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    await fs.symlink(relative(dirname(target), source), join(home, target)).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(join(home, target))) throw error;
    });
  }
}

async function copyPackage(installed: string, draft: string): Promise<void> {
  await fs.cp(installed, draft, { recursive: true, verbatimSymlinks: true });
  await fs.chmod(draft, 0o755);
  for (const entry of await fs.readdir(draft, { recursive: true, withFileTypes: true })) {
    // A umask may have closed the source to others. Read-only, because cleaners of /tmp spare such files of root's.
    const mode = entry.isDirectory() ? 0o755 : 0o555;
    if (!entry.isSymbolicLink()) await fs.chmod(join(entry.parentPath, entry.name), mode);
  }
}

/** The data folder or, where the account cannot enter it, one of its own that stays the same for that path. */
async function reachableFolder(dataDir: string, account: Account, notice: (line: string) => void): Promise<string> {
  await fs.mkdir(dataDir, { recursive: true });
  const folder = await fs.realpath(dataDir);
  if (account.uid === undefined) return folder;
  const entered = run("/bin/sh", ["-c", 'cd "$1"', "sh", folder], account);
  if (await entered.catch(() => undefined)) return folder;
  await ownFolder(KEPT_ELSEWHERE);
  const elsewhere = await ownFolder(elsewhereFor(folder));
  notice(`PostgreSQL runs as nobody, who cannot enter ${folder}: the data is kept in ${elsewhere}`);
  return elsewhere;
}

/** Makes a folder that others may enter but only we can change; refuses one that somebody else prepared. */
async function ownFolder(folder: string): Promise<string> {
  await fs.mkdir(folder, { recursive: true, mode: 0o755 });
  const found = await fs.lstat(folder);
  if (!onWindows && (!found.isDirectory() || found.uid !== process.getuid?.() || found.mode & 0o022)) {
    throw new Error(`${folder} is not ours alone to write to: remove it and start again.`);
  }
  await fs.chmod(folder, 0o755); // whatever the umask was
  return folder;
}

/** Builds a folder beside its place and moves it there whole; false when it is there already or another was faster. */
async function publish(folder: string, build: (draft: string) => Promise<void>): Promise<boolean> {
  for (const name of await fs.readdir(dirname(folder))) {
    if (!name.startsWith(`${basename(folder)}.draft-`)) continue;
    const path = join(dirname(folder), name);
    const begun = await fs.stat(path).catch(() => undefined);
    const abandoned = begun && Date.now() - begun.mtimeMs > 600_000;
    if (abandoned) await fs.rm(path, { recursive: true, force: true });
  }
  if (existsSync(folder)) return false;
  const draft = await fs.mkdtemp(`${folder}.draft-`);
  try {
    await build(draft);
    await fs.rename(draft, folder);
    return true;
  } catch (error) {
    await fs.rm(draft, { recursive: true, force: true });
    if (existsSync(folder)) return false;
    throw error;
  }
}

async function createCluster(draft: string, bin: string, account: Account, durable: boolean): Promise<void> {
  const [data, password] = [join(draft, "pgdata"), join(draft, "password")];
  await fs.mkdir(data, { mode: 0o700 });
  await fs.writeFile(password, randomBytes(24).toString("base64url"), { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined) {
    await fs.chmod(draft, 0o711);
    for (const path of [data, password]) await fs.chown(path, account.uid >>> 0, account.gid >>> 0);
  }
  const identity = ["--username=postgres", "--auth=scram-sha-256", `--pwfile=${password}`];
  const locale = [...LOCALE, `--lc-ctype=${CTYPE[process.platform] ?? "C.UTF-8"}`];
  const options = [`--pgdata=${data}`, ...identity, ...locale, ...(durable ? [] : ["--no-sync"])];
  await run(join(bin, "initdb"), options, account).catch((error: Error) => {
    throw new Error(`PostgreSQL could not create a cluster: ${complaintOf(error)}. ${insteadOfIt}`);
  });
}

async function launch(cluster: string, bin: string, account: Account, settings: Record<string, string>) {
  const [data, logFile] = [join(cluster, "pgdata"), join(cluster, "postgres.log")];
  for (let attempt = 1; ; attempt++) {
    // PostgreSQL takes a lock for stale only if no process has its number, save this one: we know it is no postmaster.
    const env = { ...account.env, PG_GRANDPARENT_PID: String(await strangerInLock(data)) };
    const values = Object.entries({ port: String(await freePort()), ...settings });
    const args = ["-D", data, ...values.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
    await fs.writeFile(logFile, "", { mode: 0o600 });
    const log = await fs.open(logFile, "a");
    const child = onWindows
      ? spawn(join(bin, "postgres"), args, { detached: true, windowsHide: true, stdio: ["ignore", log.fd, log.fd] })
      : spawn("/bin/sh", ["-c", LEASHED, "sh", join(bin, "postgres"), ...args], {
          ...account,
          env,
          detached: true,
          stdio: ["ignore", log.fd, log.fd, "pipe"],
        });
    try {
      await once(child, "spawn");
    } finally {
      await log.close();
    }
    const leash = child.stdio[3] as Socket | undefined;
    leash?.on("error", () => {}); // the reader may be gone before our last line
    child.once("exit", () => leash?.end("\n"));
    leash?.unref();
    child.unref();
    const port = await readyPort(child, data);
    if (port) return { child, port };

    const words = (await fs.readFile(logFile, "utf8")).trim().split("\n").slice(-4).join(" | ");
    await strangerInLock(data); // a rival that was faster is the better explanation
    const passing = /could not create any TCP\/IP sockets|lock file .* already exists|still in use/.test(words);
    if (!passing || attempt === 5) throw new Error(`PostgreSQL did not start on ${data}: ${words}`);
    await sleep(100);
  }
}

async function readLock(data: string) {
  const lines = (await fs.readFile(join(data, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  return { pid: Number(lines[0]), port: Number(lines[3]), status: lines[7]?.trim() };
}

/** The port once the child accepts connections; undefined when it ended before. */
async function readyPort(child: ChildProcess, data: string): Promise<number | undefined> {
  for (; child.exitCode === null && child.signalCode === null; await sleep(5)) {
    const { pid, port, status } = await readLock(data);
    if (pid === child.pid && status === "ready") return port;
  }
  return undefined;
}

/** Waits for a server that is going down and refuses if one lives on. The number in a lock left behind, 0 if none. */
async function strangerInLock(data: string): Promise<number> {
  for (const since = Date.now(); ; await sleep(20)) {
    const { pid, status } = await readLock(data);
    if (!pid || !(await isPostgres(pid))) return pid;
    const patience = status === "stopping" ? 30_000 : 1_000; // news of its owner's death may be on the way
    if (Date.now() - since < patience) continue;
    throw new Error(
      `PostgreSQL is already running on ${data} as process ${pid}: stop its server, or set another DATA_DIR.`,
    );
  }
}

async function isPostgres(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const command = await fs
    .readFile(`/proc/${pid}/cmdline`, "utf8") // empty for a zombie
    .catch(async () => (await run("ps", ["-o", "comm=", "-p", String(pid)])).stdout)
    .catch(() => "postgres"); // cannot tell: the safe answer
  return basename(command.split("\0")[0]!.trim()).startsWith("postgres");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function shutDown(child: ChildProcess, bin: string, cluster: string): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const gone = once(child, "exit");
  if (!onWindows) child.kill("SIGINT");
  else await run(join(bin, "pg_ctl"), ["stop", "--mode=fast", "--no-wait", "-D", join(cluster, "pgdata")]);
  await gone;
}
