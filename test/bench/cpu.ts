import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** CPU milliseconds so far of a process, and of those of its children that have ended. */
export interface CpuTime {
  parent: number;
  own: number;
  ended: number;
}

/** What Linux tells of a process; null where there is none, or no /proc. */
export async function cpuTime(pid: number): Promise<CpuTime | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (stat === null) return null;
  // Behind the name, which is in brackets and may hold blanks. A tick is 10 ms.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = (index: number): number => Number(fields[index]) + Number(fields[index + 1]);
  return { parent: Number(fields[1]), own: ticks(11) * 10, ended: ticks(13) * 10 };
}

/** How busy the processors are with other people's work. It takes more from one busy server than from ten sessions. */
export async function busyShare(): Promise<number> {
  const times = (): { idle: number; all: number } => {
    const each = cpus().map(({ times: { user, nice, sys, idle, irq } }) => ({
      idle,
      all: user + nice + sys + idle + irq,
    }));
    return { idle: each.reduce((sum, one) => sum + one.idle, 0), all: each.reduce((sum, one) => sum + one.all, 0) };
  };
  const before = times();
  await sleep(2_000);
  const after = times();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}
