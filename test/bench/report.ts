import type { WorkloadName } from "./workloads.js";

/** One server under one workload: medians of its rounds. */
export interface Figures {
  perSecond: number;
  p50: number;
  p99: number;
  bytes: number;
  cpuPerRequest: number;
  statements: number;
  megabytes: number;
}

export interface Result {
  name: WorkloadName;
  title: string;
  goal: number;
  memoryGoal: number;
  callers: number;
  subgraph: Figures;
  limit: Figures;
}

const TAIL_GOAL = 4;

const HEADER = [
  "",
  "callers",
  "req/s",
  "limit",
  "ratio",
  "p50 ms",
  "limit",
  "p99 ms",
  "limit",
  "p99/p50",
  "CPU ms",
  "limit",
  "SQL",
  "RSS MB",
  "bytes",
  "title",
];

export function table(results: Result[]): string {
  const rows = results.map(({ name, title, callers, subgraph, limit }) => [
    name,
    String(callers),
    short(subgraph.perSecond),
    short(limit.perSecond),
    (subgraph.perSecond / limit.perSecond).toFixed(2),
    short(subgraph.p50),
    short(limit.p50),
    short(subgraph.p99),
    short(limit.p99),
    (subgraph.p99 / subgraph.p50).toFixed(1),
    subgraph.cpuPerRequest.toFixed(2),
    limit.cpuPerRequest.toFixed(2),
    short(subgraph.statements),
    short(subgraph.megabytes),
    short(subgraph.bytes),
    title,
  ]);
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
    .map(({ name, goal, memoryGoal, subgraph, limit }) => {
      const ratio = subgraph.perSecond / limit.perSecond;
      const tail = subgraph.p99 / subgraph.p50;
      const { megabytes } = subgraph;
      return [
        `${name}  ${verdict(ratio >= goal, `${ratio.toFixed(2)} of the limit`, `at least ${goal}, ${factor(goal / ratio)} to go`)}`,
        verdict(tail <= TAIL_GOAL, `p99 ${tail.toFixed(1)} x p50`, `at most ${TAIL_GOAL}`),
        verdict(megabytes <= memoryGoal, `${Math.round(megabytes)} MB`, `at most ${memoryGoal}`),
      ].join("; ");
    })
    .join("\n");

const verdict = (reached: boolean, figure: string, goal: string): string =>
  `${figure} ${reached ? "reached" : `MISSED (goal: ${goal})`}`;
const factor = (value: number): string => `${value.toFixed(1)} x`;
const short = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
