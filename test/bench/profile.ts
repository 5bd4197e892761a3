import type { Profiler } from "node:inspector/promises";

const TOP = 25;

/**
 * Where the time went: by package, and the functions with the most time of their own. Waiting is left out. The sampler
 * goes by the clock: on a busy machine `writev` also holds the time in which the backend it woke took the processor.
 */
export function profileReport({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): string {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const packages = new Map<string, number>();
  const functions = new Map<string, { owner: string; time: number }>();
  let total = 0;
  samples.forEach((sample, index) => {
    const { functionName, url, lineNumber, scriptId } = frames.get(sample)!;
    // "dispatch" is the inspector itself, at its start.
    if (functionName === "(idle)" || functionName === "dispatch") return;
    const time = timeDeltas[index] ?? 0;
    const owner = ownerOf(url, functionName, scriptId);
    const place = url.startsWith("file:") ? ` ${url.split("/").at(-1)}:${lineNumber + 1}` : ` ${url}`;
    const name = `${functionName || "(anonymous)"}${place}`;
    total += time;
    packages.set(owner, (packages.get(owner) ?? 0) + time);
    const known = functions.get(`${owner} ${name}`)?.time ?? 0;
    functions.set(`${owner} ${name}`, { owner, time: known + time });
  });
  const share = (time: number): string => `${((100 * time) / total).toFixed(1).padStart(5)} %`;
  const top = [...functions].toSorted(([, a], [, b]) => b.time - a.time).slice(0, TOP);
  const lines = [`Self time by package (${Math.round(total / 1000)} ms of CPU), and the top ${TOP} functions in it`];
  for (const [owner, time] of [...packages].toSorted(([, a], [, b]) => b - a)) {
    if (time / total < 0.003) continue;
    lines.push(`${share(time)}  ${owner}`);
    for (const [name, { owner: of, time: own }] of top) {
      if (of === owner && name !== `${owner} ${owner} `)
        lines.push(`    ${share(own)}  ${name.slice(owner.length + 1)}`);
    }
  }
  return lines.join("\n");
}

/** An npm package, one of our own folders, or what the engine does for all of them. */
function ownerOf(url: string, functionName: string, scriptId: string): string {
  const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (name) return name;
  const own = /\/dist\/((?:src|test)(?:\/[^/]+(?=\/))?)/.exec(url)?.[1];
  if (own) return own;
  if (url.startsWith("node:")) return "node";
  if (functionName.startsWith("(")) return functionName;
  // Native functions belong to no script.
  return scriptId === "0" ? "(native)" : "compiled queries";
}
