/** A letter as its composer states it, in plain text: how it looks and what has to be escaped is not its concern. */
export interface Letter {
  /** The receiver's address. */
  to: string;
  subject: string;
  paragraphs: string[];
  /** What a person wrote along; its line breaks are kept. */
  quote?: { author: string; text: string };
  /** The one thing the receiver can do. */
  action?: { label: string; url: string };
  /** What stands below it, e.g. until when it can be done. */
  closing?: string[];
}

/** A letter as it is sent: the same words twice. */
export interface LaidOut {
  subject: string;
  text: string;
  html: string;
}

/** Lays a letter out as plain text and as HTML that loads nothing. No part of it can become a header, or markup. */
export function layOut(letter: Letter, tenantName: string): LaidOut {
  const { paragraphs, quote, action, closing = [] } = letter;
  const plain: Plain = {
    sender: oneLine(tenantName),
    subject: oneLine(letter.subject),
    paragraphs: paragraphs.map(oneLine),
    ...(quote && { quote: { author: oneLine(quote.author), lines: linesOf(quote.text) } }),
    ...(action && { action: { label: oneLine(action.label), url: action.url } }),
    closing: closing.map(oneLine),
  };
  return { subject: plain.subject, text: asText(plain), html: asHtml(plain) };
}

/** A letter without control characters: what is one line stays one. */
interface Plain {
  sender: string;
  subject: string;
  paragraphs: string[];
  quote?: { author: string; lines: string[] };
  action?: { label: string; url: string };
  closing: string[];
}

/** Marks that turn the direction of what follows, by which a name could rearrange the words around it. */
const DIRECTION = /[\u202a-\u202e\u2066-\u2069]/g;

const oneLine = (text: string): string =>
  text
    .replace(DIRECTION, "")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();

const linesOf = (text: string): string[] =>
  text
    .trim()
    .split(/\r\n|[\r\n\u2028\u2029]/)
    .map(oneLine);

function asText({ sender, paragraphs, quote, action, closing }: Plain): string {
  const blocks = [
    ...paragraphs,
    ...(quote ? [`${quote.author} writes:`, quote.lines.map((line) => `> ${line}`.trimEnd()).join("\n")] : []),
    ...(action ? [`${action.label}:\n${action.url}`] : []),
    ...closing,
  ];
  return `${sender}\n\n${blocks.join("\n\n")}\n\n-- \n${sender}\n`;
}

// Styles stand on each element, because mail programs drop style sheets.
const PAGE = "margin:0;padding:24px;background:#f4f4f5;color:#18181b;font:16px/1.5 Arial,Helvetica,sans-serif";
const SHEET = "max-width:560px;margin:0 auto;padding:24px 32px;background:#ffffff;border-radius:6px";
const HEADING = "margin:0 0 24px;font-size:18px;line-height:1.4";
const QUOTE = "margin:0 0 16px;padding:0 0 0 16px;border-left:3px solid #a1a1aa;color:#3f3f46";
const BUTTON =
  "display:inline-block;padding:12px 24px;background:#1d4ed8;color:#ffffff;border-radius:6px;text-decoration:none;font-weight:bold";
const SMALL = "margin:0 0 16px;font-size:14px;color:#52525b;word-break:break-word";

function asHtml({ sender, subject, paragraphs, quote, action, closing }: Plain): string {
  const p = (text: string, style = "margin:0 0 16px"): string => `<p style="${style}">${text}</p>`;
  const blocks = [
    ...paragraphs.map((text) => p(escapeHtml(text))),
    ...(quote
      ? [
          p(`${escapeHtml(quote.author)} writes:`),
          `<blockquote style="${QUOTE}">${quote.lines.map(escapeHtml).join("<br>")}</blockquote>`,
        ]
      : []),
    ...(action ? [button(action), p(`Or open this address:<br>${escapeHtml(action.url)}`, SMALL)] : []),
    ...closing.map((text) => p(escapeHtml(text), SMALL)),
  ];
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(subject)}</title></head>
<body style="${PAGE}">
<div role="article" style="${SHEET}">
<h1 style="${HEADING}">${escapeHtml(sender)}</h1>
${blocks.join("\n")}
<hr style="margin:24px 0 16px;border:0;border-top:1px solid #e4e4e7">
${p(escapeHtml(sender), SMALL)}
</div>
</body>
</html>
`;
}

const button = ({ label, url }: { label: string; url: string }): string =>
  `<p style="margin:24px 0"><a href="${escapeHtml(url)}" style="${BUTTON}">${escapeHtml(label)}</a></p>`;

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** The text as HTML shows it, between tags and inside a quoted attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
