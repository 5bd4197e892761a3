import { writeFile } from "node:fs/promises";
import type { Config } from "../../src/config.js";
import { chart, type Panel } from "./chart.js";
import { type Bench, type Contestant, withBench } from "./contestants.js";
import { Race } from "./measure.js";
import { type Figures, short } from "./report.js";
import { placesAt } from "./tenant.js";
import { type WorkloadName, workloads } from "./workloads.js";

const WHOLE: WorkloadName[] = ["W1", "W2", "W3", "W4", "W5", "W6", "W7"];
const DEPTHS = { "10 %": 0.1, "50 %": 0.5, "99 %": 0.99 };
/** Two ways down, a level at a time. */
const USERS = { N1: "users", N2: "+ classifications", W2: "+ all" };
const GROUPS = { N3: "groups", N4: "+ members", W5: "+ classifications" };
const CALLERS = [1, 8, 32, 128];

/** One line of the table: what it costs there. */
interface Point {
  against: "rows" | "page depth" | "nesting" | "callers";
  name: WorkloadName;
  at: string;
  figures: Partial<Record<Contestant["name"], Figures>>;
}

/** Measures cost against rows, page depth, nesting and callers, and writes the table and the picture of the README. */
export async function growth(options: {
  config: Config;
  /** Users of each database, ascending; what does not go by rows is measured in the last one. */
  sizes: number[];
  peers: string;
  seconds: number;
  note: string;
}): Promise<void> {
  const { config, sizes, peers, seconds, note } = options;
  const points: Point[] = [];
  for (const users of sizes) {
    await withBench(config, { users, peers }, async (bench) => {
      for (const name of WHOLE) points.push(await measured(bench, "rows", count(users), name));
      if (users !== sizes.at(-1)) return;
      points.push(await measured(bench, "page depth", "first page", "W2"));
      for (const [at, share] of Object.entries(DEPTHS)) {
        const places = await placesAt(bench.tenant, bench.sample.tenantId, share, bench.cursorAt);
        const there = { ...bench, sample: { ...bench.sample, places } };
        points.push(await measured(there, "page depth", at, "W3"));
      }
      for (const [name, at] of Object.entries({ ...USERS, ...GROUPS }) as [WorkloadName, string][])
        points.push(await measured(bench, "nesting", at, name));
      for (const many of CALLERS) points.push(await measured(bench, "callers", String(many), "W2", many));
    });
  }

  async function measured(
    bench: Bench,
    against: Point["against"],
    at: string,
    name: WorkloadName,
    callers = 1,
  ): Promise<Point> {
    const race = new Race(bench, name);
    await race.check();
    await race.warmUp(callers, seconds);
    const point = { against, name, at, figures: await race.run(callers, seconds) };
    process.stderr.write(`${against}: ${at}, ${name}: ${triple(point, ({ p50 }) => p50)} ms\n`);
    return point;
  }

  const servers = Object.keys(points[0]!.figures) as Contestant["name"][];
  const text = `# Cost as it grows

Written by \`npm run bench -- --growth\`, every field compared before. In each cell: ${servers.join(" / ")}. The medians are those
of one caller who waits for each answer, but for the last lines. Rows are users; what does not go by rows was measured
with ${count(sizes.at(-1)!)} of them.${note && ` ${note}`}

${table(points)}
`;
  process.stdout.write(`\n${text}`);
  const here = new URL("../../../test/bench/", import.meta.url);
  await writeFile(new URL("growth.md", here), text);
  await writeFile(new URL("growth.svg", here), chart("Cost as it grows", servers, panels(points)));
}

const count = (users: number): string => users.toLocaleString("en");

const triple = ({ figures }: Point, of: (one: Figures) => number): string => {
  const values = Object.values(figures).map(of);
  return values.every(Number.isNaN) ? "" : values.map(short).join(" / ");
};

/** In Markdown, aligned as prettier has it. */
function table(points: Point[]): string {
  const rows = points.map((point) => [
    point.against,
    point.at,
    `${point.name} ${workloads[point.name].title}`,
    triple(point, ({ p50 }) => p50),
    triple(point, ({ perSecond }) => perSecond),
    triple(point, ({ cpuPerRequest }) => cpuPerRequest),
    triple(point, ({ databaseCpuPerRequest }) => databaseCpuPerRequest),
    short(point.figures.this!.statements),
  ]);
  const header = ["Against", "At", "Workload", "Median ms", "Requests/s", "CPU ms", "Database CPU ms", "SQL"];
  const widths = header.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [header, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n");
}

function panels(points: Point[]): Panel[] {
  const panel = (title: string, of: Point[], value: (one: Figures) => number = ({ p50 }) => p50): Panel => ({
    title,
    labels: of.map(({ at }) => at.replace(",000,000", "M").replace(",000", "k")),
    lines: Object.keys(of[0]!.figures).map((server) =>
      of.map(({ figures }) => value(figures[server as Contestant["name"]]!)),
    ),
  });
  const among = (against: Point["against"], names: object = workloads): Point[] =>
    points.filter((point) => point.against === against && point.name in names);
  return [
    panel("Rows: a page deep in the list (W3), ms", among("rows", { W3: 0 })),
    panel("Rows: a search with a count (W4), ms", among("rows", { W4: 0 })),
    panel("Page depth (W2, W3), ms", among("page depth")),
    panel("Nesting: 20 users, ms", among("nesting", USERS)),
    panel("Nesting: 100 groups, ms", among("nesting", GROUPS)),
    panel("Callers (W2), requests/s", among("callers"), ({ perSecond }) => perSecond),
  ];
}
