import { execFileSync } from "node:child_process";
import { inflateRawSync } from "node:zlib";
import { type Caller, operations } from "../harness/index.js";
import { until } from "../harness/smtp.js";

/** Asks for an export, which has to be made. */
export async function asked(caller: Caller, input: object = {}): Promise<Record<string, any>> {
  const { exportUsers } = await caller.ask(operations.ExportUsers!, { input });
  expect(exportUsers.errors).toEqual([]);
  return exportUsers.userExport;
}

/** The export as it stands now. */
export const standing = async (caller: Caller, { id }: Record<string, any>): Promise<Record<string, any>> =>
  (await caller.ask(operations.UserExport!, { id })).userExport;

/** The export once no download of it is under way. */
export const settled = (caller: Caller, userExport: Record<string, any>): Promise<Record<string, any>> =>
  until(async () => {
    const now = await standing(caller, userExport);
    return ["READY", "RUNNING"].includes(now.status) ? null : now;
  });

/** The file behind the link of a new export, whole. */
export async function exported(caller: Caller, input: object = {}): Promise<Buffer> {
  const { downloadUrl } = await asked(caller, input);
  return fileAt(downloadUrl);
}

export async function fileAt(url: string): Promise<Buffer> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

/** The records of a CSV file as RFC 4180 says. @throws when something is against it. */
export function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  const row: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  let at = 0;
  while (at < text.length) {
    field.lastIndex = at;
    const match = field.exec(text);
    if (!match) throw new Error(`Not RFC 4180 at ${at}: ${JSON.stringify(text.slice(at, at + 50))}`);
    row.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    if (match[3] === "\r\n") rows.push(row.splice(0));
    at = field.lastIndex;
  }
  if (row.length > 0) throw new Error("The last line has no end.");
  return rows;
}

export const jsonLines = (text: string): Record<string, any>[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, any>);

/** The parts of a ZIP archive, by its central directory. */
export function unzipped(file: Buffer): Record<string, Buffer> {
  const end = file.lastIndexOf(Buffer.from("PK\u0005\u0006"));
  if (end < 0) throw new Error("Not a whole archive.");
  const parts: Record<string, Buffer> = {};
  let at = file.readUInt32LE(end + 16);
  for (let left = file.readUInt16LE(end + 10); left > 0; left--) {
    const [method, packed] = [file.readUInt16LE(at + 10), file.readUInt32LE(at + 20)];
    const [name, extra, comment] = [28, 30, 32].map((offset) => file.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const local = file.readUInt32LE(at + 42);
    const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const data = file.subarray(start, start + packed);
    parts[file.toString("utf8", at + 46, at + 46 + name)] = method === 8 ? inflateRawSync(data) : data;
    at += 46 + name + extra + comment;
  }
  return parts;
}

const ENTITIES: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** The cells of the one sheet of a workbook: texts, numbers (of dates: days), truth values, null where empty. */
export function sheetRows(file: Buffer): (string | number | boolean | null)[][] {
  const xml = unzipped(file)["xl/worksheets/sheet1.xml"]!.toString("utf8");
  const [, rows] = /<sheetData>([^]*)<\/sheetData><\/worksheet>$/.exec(xml)!;
  return [...rows!.matchAll(/<row>(.*?)<\/row>/gs)].map(([, row]) =>
    [...row!.matchAll(/<c((?: \w+="\w+")*)(?:\/>|>(.*?)<\/c>)/gs)].map(([, attributes, content = ""]) => {
      const text = /<is><t xml:space="preserve">(.*?)<\/t><\/is>/s.exec(content)?.[1];
      if (text !== undefined) {
        return text
          .replace(/&\w+;/g, (entity) => ENTITIES[entity]!)
          .replace(/_x([0-9A-F]{4})_/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
      }
      const value = /<v>(.*?)<\/v>/.exec(content)?.[1];
      if (value === undefined) return null;
      return attributes!.includes('t="b"') ? value === "1" : Number(value);
    }),
  );
}

/** An instant as a sheet counts it: days since the end of 1899. */
export const serial = (instant: string): number => Date.parse(instant) / 86_400_000 + 25_569;

/** What Python's own parsers make of a file, where there is Python; else null. */
export function python(program: string, file: Buffer): any {
  try {
    return JSON.parse(execFileSync("python3", ["-c", program], { input: file, maxBuffer: 1e9, encoding: "utf8" }));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw error;
  }
}
