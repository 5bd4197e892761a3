import { Readable } from "node:stream";
import { ZipFile } from "yazl";
import { raw, sql, type Sql } from "../../kit/index.js";
import type { ExportColumn } from "./columns.js";

/*
 * A workbook of Office Open XML (ECMA-376) with one sheet, whose rows are written as they come. Texts stand in their
 * cells ("inlineStr"): a table of shared ones would have to be held in memory.
 */

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml";
const SHEET_PATH = "xl/worksheets/sheet1.xml";

const PARTS: Record<string, string> = {
  "[Content_Types].xml": `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${SPREADSHEET}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${SPREADSHEET}.styles+xml"/><Override PartName="/${SHEET_PATH}" ContentType="${SPREADSHEET}.worksheet+xml"/></Types>`,
  "_rels/.rels": `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  "xl/workbook.xml": `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets><sheet name="Users" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  "xl/_rels/workbook.xml.rels": `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`,
  // Style 0 is plain, 1 a date with its time, 2 a heading.
  "xl/styles.xml": `<styleSheet xmlns="${MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts><fonts count="2"><font/><font><b/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf fontId="1" applyFont="1"/></cellXfs></styleSheet>`,
};

/** The rows that a sheet has room for, below its headings. */
export const MOST_ROWS = 1_048_575;

const inline = (text: string): string => `<is><t xml:space="preserve">${text}</t></is>`;
const [BEFORE, AFTER] = inline("|").split("|") as [string, string];

export const SHEET = {
  opening: (columns: readonly ExportColumn[]): string =>
    `${XML}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols><col min="1" max="${columns.length}" width="24" customWidth="1"/></cols><sheetData><row>${columns.map(({ heading }) => `<c s="2" t="inlineStr">${inline(heading)}</c>`).join("")}</row>`,
  closing: "</sheetData></worksheet>",
};

/** A cell of Excel's holds 32,767 units of UTF-16, of which a character takes one or two. */
const LONGEST = 16_000;
/** What XML 1.0 cannot hold. */
const UNWRITABLE = "[\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f\\ufffe\\uffff]";
/** What a reader would take for the code of another character. */
const CODED = "_(?=x[0-9A-Fa-f]{4}_)";

const written = (text: Sql): Sql => sql`replace(replace(replace(replace(
  regexp_replace(regexp_replace(${text}, ${raw(`'${CODED}'`)}, '_x005F_', 'g'), ${raw(`'${UNWRITABLE}'`)}, U&'\\FFFD', 'g'),
  '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), E'\\r', '_x000D_')`;

/** Cells, as SQL over their values; one without a value is empty. */
export const CELL = {
  /** A text of our own: nothing in it has to be written otherwise. */
  text: (value: Sql): Sql =>
    sql`coalesce('<c t="inlineStr">${raw(BEFORE)}' || ${value} || '${raw(AFTER)}</c>', '<c/>')`,
  anyText: (value: Sql, harmless: (text: Sql) => Sql): Sql => {
    const cut = sql`CASE WHEN length(${value}) > ${raw(`${LONGEST}`)} THEN left(${value}, ${raw(`${LONGEST}`)}) || U&'\\2026' ELSE ${value} END`;
    return CELL.text(written(harmless(cut)));
  },
  /** Days since the end of 1899. Before March of 1900 spreadsheets do not agree: there it is a text. */
  instant: (value: Sql, asText: (instant: Sql) => Sql): Sql => sql`CASE WHEN ${value} < '1900-03-01T00:00:00Z'
    THEN ${CELL.text(asText(value))} ELSE
      coalesce('<c s="1"><v>' || round(extract(epoch FROM ${value}) / 86400 + 25569, 10) || '</v></c>', '<c/>') END`,
  boolean: (value: Sql): Sql =>
    sql`CASE WHEN ${value} THEN '<c t="b"><v>1</v></c>' WHEN NOT ${value} THEN '<c t="b"><v>0</v></c>' ELSE '<c/>' END`,
};

/** The workbook around the text of its sheet. Compressed beside the event loop, and lightly: the text repeats itself. */
export function workbook(sheet: AsyncIterable<string>): Readable {
  const zip = new ZipFile();
  const file = zip.outputStream as Readable;
  const rows = Readable.from(sheet, { objectMode: false });
  for (const [path, xml] of Object.entries(PARTS)) zip.addBuffer(Buffer.from(XML + xml), path);
  zip.addReadStreamLazy(SHEET_PATH, { compressionLevel: 1 }, (ready) => ready(null, rows));
  zip.end();
  // Whichever of the two breaks off takes the other with it; yazl does not look after errors of the stream that it reads.
  for (const part of [zip, rows]) part.on("error", (error: Error) => file.destroy(error));
  file.once("close", () => rows.destroy());
  return file;
}
