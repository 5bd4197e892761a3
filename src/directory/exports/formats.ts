import { Readable } from "node:stream";
import { registerEnumType } from "type-graphql";
import { type Context, join, raw, sql, type Sql } from "../../kit/index.js";
import type { ColumnKind, ExportColumn } from "./columns.js";
import { CELL, SHEET, workbook } from "./workbook.js";

export enum UserExportFormat {
  CSV = "CSV",
  JSONL = "JSONL",
  XLSX = "XLSX",
}
registerEnumType(UserExportFormat, {
  name: "UserExportFormat",
  description:
    "The form of an exported file, always in UTF-8. In CSV and XLSX, which spreadsheets open, a text that one could take for a formula (it begins with `=`, `+`, `-`, `@` or their full-width forms, spaces before them or not, or with a tab or a line break) has an apostrophe before it.",
  valuesConfig: {
    CSV: {
      description:
        "Comma-separated values with a line of headings (RFC 4180): CR LF ends a line, texts stand in quotes. Instants are RFC 3339, several values are separated by `; `.",
    },
    JSONL: {
      description:
        "JSON Lines: one object a line, its keys named as the fields of `User`, its values as they are; several values are an array.",
    },
    XLSX: {
      description:
        "A workbook with one sheet (Office Open XML, ECMA-376) and a row of headings. Instants are dates of the sheet, in UTC; what XML cannot hold is U+FFFD; a text of more than 16,000 characters is cut and ends with an ellipsis.",
    },
  },
});

/**
 * A form of file. PostgreSQL writes each row's text, so that making a file leaves this process free for its other
 * callers: the columns' values are put in a row `r` by their keys, and `line` makes the text of it.
 */
export interface FileFormat {
  contentType: string;
  extension: string;
  /** How a column's value is put into the row. */
  value: Record<ColumnKind, (value: Sql) => Sql>;
  line: (columns: readonly ExportColumn[]) => Sql;
  opening: (columns: readonly ExportColumn[], byteOrderMark: boolean) => string;
  closing: string;
  /** The file's bytes, made as they are read; ends with what the text ends with, be it an error. */
  pack: (text: AsyncIterable<string>) => Readable;
}

const plain = (text: AsyncIterable<string>): Readable => Readable.from(text, { objectMode: false });

const asIs = (value: Sql): Sql => value;
const asText = (value: Sql): Sql => sql`(${value})::text`;
/** "2024-01-15T10:30:00.000Z", as everywhere in the API. */
const rfc3339 = (value: Sql): Sql => sql`to_char(${value}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const inOneCell = (value: Sql): Sql => sql`array_to_string(${value}, '; ')`;

const valueOf = ({ key }: ExportColumn): Sql => raw(`r."${key}"`);

/** What one does not see, or sees as space: a spreadsheet may trim it before it looks. */
const UNSEEN =
  "\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u034f\\u061c\\u1680\\u180b-\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0";
/** The place before what a spreadsheet takes for a formula. */
const BEGUN = `[${UNSEEN}]*[=+@\\uff1d\\uff0b\\uff0d\\uff20-]`;
const FORMULA = `^(?=${BEGUN}|[\\t\\r\\n])`;
/** Where another cell begins for a spreadsheet of a country whose separator is not the comma. */
const ELSEWHERE = `([;\\t\\r\\n])(?=${BEGUN})`;

/** A text that is one in every spreadsheet. */
const harmless = (text: Sql): Sql => sql`regexp_replace(${text}, ${raw(`'${FORMULA}'`)}, '''')`;

/**
 * In quotes, always: a text may hold commas, quotes and breaks; so what is empty differs from what is not known. Quotes
 * hold nothing together where another separator than ours begins the cell.
 */
const quoted = (text: Sql): Sql =>
  sql`'"' || replace(regexp_replace(${harmless(text)}, ${raw(`'${ELSEWHERE}'`)}, '\\1''', 'g'), '"', '""') || '"'`;

const headingsOf = (columns: readonly ExportColumn[]): string => columns.map(({ heading }) => `"${heading}"`).join(",");

const CSV: FileFormat = {
  contentType: "text/csv; charset=utf-8; header=present",
  extension: "csv",
  value: { WORD: asText, TEXT: asIs, LIST: inOneCell, INSTANT: rfc3339, BOOLEAN: asText },
  line: (columns) => {
    const cells = columns.map((column) =>
      column.kind === "TEXT" || column.kind === "LIST" ? quoted(valueOf(column)) : valueOf(column),
    );
    // Unlike ||, it takes null for nothing.
    return sql`concat(${join(cells, ", ',', ")}, E'\\r\\n')`;
  },
  opening: (columns, byteOrderMark) => `${byteOrderMark ? "\ufeff" : ""}${headingsOf(columns)}\r\n`,
  closing: "",
  pack: plain,
};

const JSONL: FileFormat = {
  contentType: "application/jsonl; charset=utf-8",
  extension: "jsonl",
  value: {
    WORD: asIs,
    TEXT: asIs,
    LIST: (list) => sql`coalesce(${list}, '{}')`,
    INSTANT: rfc3339,
    BOOLEAN: asIs,
  },
  line: () => sql`row_to_json(r)::text || E'\\n'`,
  opening: () => "",
  closing: "",
  pack: plain,
};

const XLSX: FileFormat = {
  contentType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  extension: "xlsx",
  value: { WORD: asText, TEXT: asIs, LIST: inOneCell, INSTANT: asIs, BOOLEAN: asIs },
  line: (columns) => {
    const cells = columns.map((column) => {
      const value = valueOf(column);
      switch (column.kind) {
        case "WORD":
          return CELL.text(value);
        case "TEXT":
        case "LIST":
          return CELL.anyText(value, harmless);
        case "INSTANT":
          return CELL.instant(value, rfc3339);
        default:
          return CELL.boolean(value);
      }
    });
    return sql`concat('<row>', ${join(cells)}, '</row>')`;
  },
  opening: SHEET.opening,
  closing: SHEET.closing,
  pack: workbook,
};

export const FILE_FORMATS: Record<UserExportFormat, FileFormat> = { CSV, JSONL, XLSX };

/** What a list selects for a file: each column's value under its key. */
export const rowSql = (columns: readonly ExportColumn[], { value }: FileFormat, ctx: Context): Sql =>
  join(columns.map((column) => sql`${value[column.kind](column.sql(ctx))} AS ${raw(`"${column.key}"`)}`));
