import type { Contestant } from "./contestants.js";
import type { Workload, WorkloadName } from "./workloads.js";

/** One server under one workload: medians of its rounds. */
export interface Figures {
  perSecond: number;
  p50: number;
  p99: number;
  bytes: number;
  cpuPerRequest: number;
  /** Of all processes of the database together; not a number where nobody tells. */
  databaseCpuPerRequest: number;
  /** Not a number where the server does not count. */
  statements: number;
  megabytes: number;
}

export interface Result extends Pick<Workload, "title" | "goal" | "memoryGoal"> {
  name: WorkloadName;
  callers: number;
  /** In the order of the report. */
  figures: Partial<Record<Contestant["name"], Figures>>;
}

const TAIL_GOAL = 4;
const MEMORY_GOAL = 200;

const HEADER =
  "|callers|server|req/s|of limit|p50 ms|p99 ms|p99/p50|CPU ms|database CPU ms|SQL|RSS MB|bytes|title".split("|");

/** A line for each server, all of a workload one below the other. */
export function table(results: Result[]): string {
  const rows = results.flatMap(({ name, title, callers, figures }) =>
    Object.entries(figures).map(([server, one], index) => [
      index === 0 ? name : "",
      String(callers),
      server,
      short(one.perSecond),
      (one.perSecond / figures.limit!.perSecond).toFixed(2),
      short(one.p50),
      short(one.p99),
      (one.p99 / one.p50).toFixed(1),
      one.cpuPerRequest.toFixed(2),
      Number.isNaN(one.databaseCpuPerRequest) ? "" : one.databaseCpuPerRequest.toFixed(2),
      Number.isNaN(one.statements) ? "" : short(one.statements),
      short(one.megabytes),
      short(one.bytes),
      index === 0 ? title : "",
    ]),
  );
  const widths = HEADER.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]!.length)));
  return [HEADER, ...rows]
    .map((row) =>
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padStart(widths[column]!))).join("  "),
    )
    .join("\n");
}

/** How far each goal of design/speed.md is. They are stated for many callers at once. */
export const goals = (results: Result[]): string =>
  results
    .filter(({ callers }) => callers > 1)
    .map(({ name, goal, memoryGoal = MEMORY_GOAL, figures }) => {
      const { this: subgraph, limit, PostGraphile: peer } = figures as Record<Contestant["name"], Figures | undefined>;
      const { perSecond, p50, p99, megabytes } = subgraph!;
      const ratio = perSecond / limit!.perSecond;
      const verdicts = [
        verdict(p99 / p50 <= TAIL_GOAL, `p99 ${(p99 / p50).toFixed(1)} x p50`, `at most ${TAIL_GOAL}`),
        verdict(megabytes <= memoryGoal, `${Math.round(megabytes)} MB`, `at most ${memoryGoal}`),
      ];
      if (peer) {
        const lead = perSecond / peer.perSecond;
        verdicts.unshift(verdict(lead > 1, `${lead.toFixed(2)} of PostGraphile`, "ahead of it"));
      }
      if (goal !== undefined) {
        const togo = `at least ${goal}, ${(goal / ratio).toFixed(1)} x to go`;
        verdicts.unshift(verdict(ratio >= goal, `${ratio.toFixed(2)} of the limit`, togo));
      }
      return `${name}  ${verdicts.join("; ")}`;
    })
    .join("\n");

const verdict = (reached: boolean, figure: string, goal: string): string =>
  `${figure} ${reached ? "reached" : `MISSED (goal: ${goal})`}`;
export const short = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
