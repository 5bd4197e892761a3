/** A stretch this long of a secret is taken out; a shorter one tells nothing of use. */
const TELLING = 12;

/**
 * The text without any stretch of these secrets: a mail server may repeat a mail in its answer, folded and encoded as a
 * mail is, so that a secret need not stand there in one piece.
 */
export function scrub(text: string, secrets: string[]): string {
  let clean = text.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex: string) => printable(hex));
  for (const secret of secrets) clean = withoutStretches(clean, secret);
  return clean;
}

/** The character of a quoted-printable escape; what is no plain character stays escaped. */
function printable(hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : `=${hex}`;
}

function withoutStretches(text: string, secret: string): string {
  let clean = "";
  for (let at = 0; at < text.length;) {
    const length = commonStretch(text, at, secret);
    clean += length < TELLING ? text[at]! : "…";
    at += length < TELLING ? 1 : length;
  }
  return clean;
}

/** How much of the text from there on stands somewhere in the secret. */
function commonStretch(text: string, at: number, secret: string): number {
  let length = TELLING;
  if (!secret.includes(text.slice(at, at + length))) return 0;
  while (at + length < text.length && secret.includes(text.slice(at, at + length + 1))) length++;
  return Math.min(length, text.length - at);
}
