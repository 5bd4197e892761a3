/**
 * How texts are compared, sorted and searched: without case and accents. One function for what is stored and what is
 * asked, in JavaScript, so that no database extension has to agree with it.
 */
export const normalise = (text: string): string =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/\s+/g, " ").trim();

/** A LIKE pattern that finds the text anywhere, taking its own `%`, `_` and `\` as plain characters. */
export const containsPattern = (text: string): string => `%${text.replace(/[\\%_]/g, "\\$&")}%`;

const UNSAFE = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** NUL cannot be stored in PostgreSQL, and a lone surrogate would come back as another character. */
export const isStorable = (text: string): boolean => !UNSAFE.test(text);
