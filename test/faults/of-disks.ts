import { execFile } from "node:child_process";
import { chown, mkdir, open, rename, rm, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { ownPostgres } from "./postgres.js";
import { place } from "./place.js";
import { comesTrue, type Fault, outcomeOf, type Stage, underLoad } from "./stage.js";

const run = promisify(execFile);

/** A small disk in memory, that PostgreSQL may write to. */
interface Disk {
  path: string;
  /** Takes what room is left. */
  fill: () => Promise<void>;
  makeRoom: () => Promise<void>;
}

async function smallDisk(path: string, megabytes: number, owner: { uid: number; gid: number }): Promise<Disk> {
  await mkdir(path);
  await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path]);
  const ballast = join(path, "ballast");
  mounted.add(path);
  const folder = join(path, "data");
  await mkdir(folder, { mode: 0o700 });
  await chown(folder, owner.uid, owner.gid);
  return {
    path: folder,
    fill: async () => {
      const file = await open(ballast, "w");
      try {
        for (const block = Buffer.alloc(4_096); ;) await file.write(block);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      } finally {
        await file.close();
      }
    },
    makeRoom: () => rm(ballast),
  };
}

const mounted = new Set<string>();

/** Lets go of all of them, whoever still uses them. */
export async function removeDisks(): Promise<void> {
  for (const path of mounted) await run("umount", ["--lazy", path]);
  mounted.clear();
}

const mayMount = process.platform === "linux" && process.getuid?.() === 0;
const needsRoot: Fault["run"] = async () => ({
  ...outcomeOf(0),
  problems: ["not tried: only root may mount a small disk, and that on Linux"],
});

/** Whom the data folder of a cluster belongs to. */
const ownerOf = (dataDir: string): Promise<{ uid: number; gid: number }> => stat(join(dataDir, "cluster/pgdata"));

/** Tables cannot grow, while PostgreSQL runs on. */
async function tablesFull(stage: Stage, repeats: number): ReturnType<Fault["run"]> {
  const disk = await smallDisk(join(stage.folder, "tables"), 64, await ownerOf(join(stage.folder, "postgres")));
  await stage.place.sql(`CREATE TABLESPACE small LOCATION '${disk.path}'`);
  await stage.place.sql("CREATE DATABASE small OWNER users_owner TABLESPACE small");
  const small = await place(stage.postgres, "small", stage.signer);
  const server = await stage.servers.start(small.appUrl);
  try {
    return await underLoad(stage, repeats, {
      url: server.url,
      place: small,
      servers: [server],
      errors: /^UNAVAILABLE$/,
      strike: async ({ figure }) => {
        await disk.fill();
        const begin = performance.now();
        // Room that tables have inside lasts for a while.
        await sleep(5_000);
        figure("seconds without room", (performance.now() - begin) / 1_000);
        await disk.makeRoom();
        return performance.now();
      },
    });
  } finally {
    await small.close();
    await stage.place.sql("DROP DATABASE small WITH (FORCE)");
    await stage.place.sql("DROP TABLESPACE small");
  }
}

/** The log cannot grow: PostgreSQL stops itself, and is started again once there is room. */
async function logFull(stage: Stage, repeats: number): ReturnType<Fault["run"]> {
  const folder = join(stage.folder, "postgres-of-small-log");
  const settings = { min_wal_size: "32MB", max_wal_size: "64MB", wal_recycle: "off" };
  const postgres = await ownPostgres(folder, settings);
  await postgres.end("SIGINT");
  const disk = await smallDisk(join(stage.folder, "log"), 192, await ownerOf(folder));
  const log = join(folder, "cluster/pgdata/pg_wal");
  await run("cp", ["-a", `${log}/.`, disk.path]);
  await rename(log, `${log}.before`);
  await symlink(disk.path, log);
  await postgres.start();
  const there = await place(postgres, "users", stage.signer);
  const server = await stage.servers.start(there.appUrl);
  try {
    return await underLoad(stage, repeats, {
      url: server.url,
      place: there,
      servers: [server],
      errors: /^UNAVAILABLE$/,
      strike: async ({ figure, problem }) => {
        await disk.fill();
        const begin = performance.now();
        let gone = false;
        void postgres.ended().then(() => (gone = true));
        await comesTrue(() => gone, 20_000);
        if (gone) figure("seconds until PostgreSQL stopped itself", (performance.now() - begin) / 1_000);
        else problem("the log's disk was full, and PostgreSQL ran on");
        await disk.makeRoom();
        if (gone) await postgres.start();
        return performance.now();
      },
    });
  } finally {
    await there.close();
    await postgres.end("SIGINT");
  }
}

export const faultsOfDisks: Fault[] = [
  {
    name: "tables-full",
    title: "The disk of the tables is full for 5 s",
    repeats: 2,
    run: mayMount ? tablesFull : needsRoot,
  },
  {
    name: "log-full",
    title: "The disk of PostgreSQL's log (WAL) is full: it stops itself, and is started when there is room",
    repeats: 1,
    run: mayMount ? logFull : needsRoot,
  },
];
