import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { changesBetween } from "./breaking-changes.js";

const SCHEMA = "schema/users.graphql";
/** Where breaking changes are announced: each as it is printed here, in backticks, on a line of its own with the reason. */
const ANNOUNCED = "schema/breaking-changes.md";

/** What git prints; null where it fails: no repository, no such tag or file, no git at all. */
function git(...args: string[]): string | null {
  try {
    return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return null;
  }
}

const linesOf = (text: string | null): string[] => (text ?? "").split("\n");

/** `npm run check`: whether the schema breaks what was released last, and if it does, whether that is announced. */
function check(): number {
  const release = git("describe", "--tags", "--abbrev=0", "--match", "v*")?.trim();
  const released = release && git("show", `${release}:./${SCHEMA}`);
  if (!released) {
    console.log(release ? `${release} has no ${SCHEMA}.` : "No release to compare the schema with: no tag v* here.");
    return 0;
  }
  const { breaking, dangerous } = changesBetween(released, readFileSync(SCHEMA, "utf8"));
  // What was announced for an earlier release does not excuse a change of today.
  const past = new Set(linesOf(git("show", `${release}:./${ANNOUNCED}`)));
  const announced = linesOf(announcements()).filter((line) => !past.has(line));
  const sudden = breaking.filter((change) => !announced.some((line) => line.includes(`\`${change}\``)));

  console.log(`${breaking.length} breaking and ${dangerous.length} dangerous change(s) of ${SCHEMA} since ${release}.`);
  for (const change of dangerous) console.log(`  dangerous: ${change}`);
  for (const change of breaking) console.log(`  breaking${sudden.includes(change) ? "" : ", announced"}: ${change}`);
  if (sudden.length === 0) return 0;
  console.log(`Take them back, or announce each in ${ANNOUNCED}: its text in backticks, and what to do about it.`);
  return 1;
}

function announcements(): string {
  try {
    return readFileSync(ANNOUNCED, "utf8");
  } catch {
    return "";
  }
}

process.exitCode = check();
