import { join } from "node:path";
import { processes } from "./harness/process.js";

const { start } = await processes();
const PROGRAMS = ["bench/main", "bench/attacks", "bench/exports", "bench/machines", "faults/main"];

describe.each(PROGRAMS)("%s", (name) => {
  const program = join(import.meta.dirname, `${name}.js`);

  test("--help tells the options, and does nothing", async () => {
    const { code, output } = await start({}, program, "--help").ends();
    expect([code, output]).toEqual([0, expect.stringMatching(/^npm run .*\n( {2}--\S.*\n)+/)]);
  });

  test.each([
    ["an option that it has not", ["--nix"], "--nix"],
    ["what is no number", name === "faults/main" ? ["--repeats", "many"] : ["--users", "many"], "many"],
  ])("%s is told in a line", async (_what, args, text) => {
    const { code, output } = await start({}, program, ...args).ends();
    expect([code, output.trim().split("\n")]).toEqual([1, [expect.stringContaining(text)]]);
  });
});
