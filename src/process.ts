import { ConfigError } from "./config.js";
import { Refusal } from "./kit/index.js";

/** What goes wrong in a process is told on stderr, a line each, behind its name. */
export function tellProblems(error: unknown, name = ""): void {
  for (const line of linesOf(error)) process.stderr.write(`${name}${line}\n`);
}

/**
 * What cannot be used is a line each, and a refusal names the option as an operation's would name the field of its input;
 * an error of the machine is its message; only an error of ours shows its stack.
 */
function linesOf(error: unknown): string[] {
  if (error instanceof ConfigError) return error.problems;
  if (error instanceof Refusal) {
    return error.errors.map(({ field, message }) => (field ? `--${field.slice(1).join(".")}: ${message}` : message));
  }
  if (!(error instanceof Error)) return [String(error)];
  const { code } = error as { code?: string };
  const ours = code === undefined && (error instanceof TypeError || error instanceof ReferenceError);
  if (ours) return [error.stack ?? error.message];
  const text = error.message || code || error.name;
  return [text.split("\n").join("; ")];
}

/** Ctrl-C below npm comes twice, from the terminal and from npm, which hands it on. */
const ONE_SIGNAL_MILLISECONDS = 1_000;

/** Stops when it is told to; a later signal means: at once. */
export function stopOnSignals(stop: () => void): void {
  let signalled = Number.NEGATIVE_INFINITY;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      const now = performance.now();
      if (now < signalled + ONE_SIGNAL_MILLISECONDS) return;
      if (signalled > Number.NEGATIVE_INFINITY) process.exit(1);
      signalled = now;
      stop();
    });
  }
}
