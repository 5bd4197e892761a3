import { RE2JS, RE2JSSyntaxException } from "re2js";

/*
 * Patterns are written by the authors of forms, texts by anybody. RE2 never tries a way twice, so that it takes at most
 * the length of the text times the size of the pattern; both are limited here to what takes milliseconds.
 */

const MAX_LENGTH = 200;
/** The characters of a pattern with its counts written out, about: what the compiler may be given. */
const MAX_WRITTEN_OUT = 3_000;
/** The instructions that it compiles to. */
const MAX_SIZE = 300;
/** The characters that an answer may have. */
const MAX_TEXT = 10_240;
/** The instructions times the characters of the longest text that may be tried: of one pattern, and of a whole form. */
export const MAX_WORK = 1_000_000;
export const MAX_FORM_WORK = 4_000_000;

const TOO_LARGE = "The pattern is too large. Lengths are for minLength and maxLength.";

/** Why a pattern cannot be used; null when it can. */
export function patternProblem(pattern: string): string | null {
  if (Array.from(pattern).length > MAX_LENGTH) return `At most ${MAX_LENGTH} characters.`;
  if (writtenOut(pattern) > MAX_WRITTEN_OUT) return TOO_LARGE;
  // Each character of a range is looked up in its other case: 60 ranges of all Unicode take RE2 a fifth of a second.
  if (/\(\?[a-zA-Z-]*i/.test(pattern) && /-(?:\\[x0-7]|[\u0590-\u{10ffff}])/u.test(pattern)) {
    return "A pattern that ignores case has no ranges beyond the letters that have cases.";
  }
  try {
    return compiled(pattern).programSize() > MAX_SIZE ? TOO_LARGE : null;
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) return `Not in RE2's syntax: ${error.getDescription()}.`;
    throw error;
  }
}

const MAX_COMPILED = 500;
const known = new Map<string, RE2JS>();

/** A pattern as RE2 runs it; those that were used last are kept. */
function compiled(pattern: string): RE2JS {
  const found = known.get(pattern) ?? RE2JS.compile(pattern);
  known.delete(pattern);
  known.set(pattern, found);
  if (known.size > MAX_COMPILED) known.delete(known.keys().next().value!);
  return found;
}

/** How long a validator's pattern may take at most: longer texts break `maxLength` before they are tried. */
export function patternWork({ pattern, maxLength }: { pattern: string | null; maxLength: number | null }): number {
  if (pattern === null || patternProblem(pattern) !== null) return 0;
  return compiled(pattern).programSize() * Math.min(maxLength ?? MAX_TEXT, MAX_TEXT);
}

/** Whether the whole text matches a pattern that has no problem. */
export const matchesWhole = (pattern: string, text: string): boolean => compiled(pattern).testExact(text);

/** Counts of single characters add up, those of groups multiply, for groups may stand in groups. Never too little. */
function writtenOut(pattern: string): number {
  let characters = pattern.length;
  let copies = 1;
  for (const [, group, least, most] of pattern.matchAll(/(\))?\{(\d+)(?:,(\d*))?\}/g)) {
    const count = Math.max(1, Number(most || least));
    if (group) copies *= count;
    else characters += count;
  }
  return characters * copies;
}
