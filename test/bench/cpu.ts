import { readFile } from "node:fs/promises";

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
