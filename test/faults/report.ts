import type { Fault, Outcome } from "./stage.js";

export interface Reported extends Outcome {
  fault: Pick<Fault, "name" | "title">;
}

const HEAD = [
  "Fault",
  "Repeats",
  "Requests",
  "Writes acknowledged",
  "Lost",
  "Duplicated",
  "Errors",
  "Longest request, s",
  "Normal after, s",
];

const seconds = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));
const worst = (values: number[]): string => (values.length === 0 ? "" : seconds(Math.max(...values)));
const errorsOf = ({ errors }: Outcome): string =>
  [...errors].map(([code, count]) => `${count} ${code}`).join(", ") || "none";

/** The run as a page of Markdown: a line for each fault, what else was measured, and what was broken. */
export function report(all: Reported[], { note, took }: { note: string; took: number }): string {
  const rows = all.map((one) => [
    one.fault.title,
    one.repeats,
    one.requests,
    one.acknowledged,
    one.lost,
    one.duplicated,
    errorsOf(one),
    seconds(one.longestSeconds),
    worst(one.normalSeconds),
  ]);
  const table = [HEAD, HEAD.map(() => "-"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const figures = all.flatMap(({ fault, figures: measured }) =>
    [...measured].map(([what, values]) => {
      const sorted = values.toSorted((a, b) => a - b);
      const range = sorted.length === 1 ? seconds(sorted[0]!) : `${seconds(sorted[0]!)} to ${seconds(sorted.at(-1)!)}`;
      return `- \`${fault.name}\`: ${what} ${range}`;
    }),
  );
  const problems = all.flatMap(({ fault, problems: broken }) =>
    [...counted(broken)].map(
      ([problem, count]) => `- \`${fault.name}\`: ${problem}${count > 1 ? ` (${count} times)` : ""}`,
    ),
  );
  return `${INTRODUCTION}
${new Date().toISOString().slice(0, 10)}, ${took} s, Node ${process.versions.node}. ${note}

${table}

Measured beside, the least and the most of all repeats:

${figures.join("\n")}

${problems.length === 0 ? "Broken promises: none." : `Broken promises:\n\n${problems.join("\n")}`}
`;
}

const INTRODUCTION = `# Faults

Written by \`npm run faults\`, which starts servers as in production and a PostgreSQL of its own, lets callers read and
write (groups, forms, invitations with their mails, renames, memberships), strikes, and then compares what they sent and
were told with what the database holds: see [ledger.ts](ledger.ts). Writes that make something are sent again with the
same \`idempotencyKey\` until they are acknowledged. *Lost*: acknowledged, and not there. *Duplicated*: there more often
than asked for. *Normal after*: from the fault's end to the last answer before all went well, the worst of all repeats;
more than a second is a broken promise, as is any error but those that a fault makes right, and a caller who waits for
25 s. Where servers only start, what may be lost or duplicated is a migration. Not tried: power that fails, two faults at
once, a server whose own clock is off.
`;

export function counted(texts: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
