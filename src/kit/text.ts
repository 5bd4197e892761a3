// Letters that Unicode does not take apart into a plain one and a mark.
const PLAIN: Record<string, string> = { ł: "l", ø: "o", đ: "d", ð: "d", þ: "th", æ: "ae", œ: "oe", ς: "σ" };

/** One spelling for what differs only in case: e-mail addresses and usernames are compared so. */
export const foldCase = (text: string): string => text.normalize("NFC").toLowerCase();

/**
 * How names are sorted and searched: without case and accents. One function for what is stored and what is asked, in
 * JavaScript, so that no database extension has to agree with it. By way of upper case, so that ß is ss and ı is i.
 */
export const normalise = (text: string): string =>
  text
    .toUpperCase()
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[łøđðþæœς]/g, (letter) => PLAIN[letter]!)
    .replace(/\s+/g, " ")
    .trim();

/** A LIKE pattern that finds the text anywhere, taking its own `%`, `_` and `\` as plain characters. */
export const containsPattern = (text: string): string => `%${text.replace(/[\\%_]/g, "\\$&")}%`;

const UNSAFE = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** More marks on one letter than any language has: composing takes the square of their number (UAX #15, Stream-Safe). */
const PILED = /\p{M}{31}/u;

/** NUL cannot be stored in PostgreSQL, and a lone surrogate would come back as another character. */
export const isStorable = (text: string): boolean => !UNSAFE.test(text) && !(text.length > 30 && PILED.test(text));
