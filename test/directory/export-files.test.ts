import fc from "fast-check";
import { harness, type TestTenant } from "../harness/index.js";
import { csvRows, exported, jsonLines, python, serial, sheetRows } from "./exporting.js";
import { fillDirectory, SORT_KEYS, walk } from "./people.js";

const { tenant, database } = await harness();
// Each takes one of the caller's links.
beforeEach(() => database.sql("DELETE FROM user_exports"));

const here = await tenant();
const { admin } = here;
const { classifications, staff } = await fillDirectory(here);

const FORMATS = ["CSV", "JSONL", "XLSX"] as const;

/** The guids of a file, one after another. */
async function guidsOf(input: object, format: (typeof FORMATS)[number]): Promise<string[]> {
  const file = await exported(admin, { ...input, format, columns: ["GUID", "NAME"] });
  if (format === "JSONL") return jsonLines(file.toString()).map(({ guid }) => guid as string);
  const rows = format === "CSV" ? csvRows(file.toString()) : sheetRows(file);
  expect(rows[0]).toEqual(["Guid", "Name"]);
  return rows.slice(1).map(([guid]) => guid as string);
}

const ORDERS = Object.keys(SORT_KEYS).flatMap((field) => ["ASC", "DESC"].map((direction) => ({ field, direction })));

const CHOICES: object[] = [
  ...ORDERS.map((orderBy) => ({ orderBy })),
  {},
  { type: "ENTREPRENEUR" },
  { search: "müll" },
  { search: "zo", orderBy: { field: "INVITE_STATUS", direction: "DESC" } },
  { search: "%" },
  { filter: { status: ["ACTIVE", "DRAFT"] }, type: "INVESTOR", orderBy: { field: "LAST_LOGIN", direction: "DESC" } },
  { filter: { status: [] } },
  { filter: { inviteStatus: ["EXPIRED", "INVITED"] }, orderBy: { field: "INVITE_STATUS" } },
  { filter: { tfaEnabled: true, isUserGroupMember: true, isUserGroupLead: false } },
  { filter: { classifications: [classifications[0]!.id] }, type: "INVESTOR" },
  { filter: { hasCompletedOnboarding: true, onboardingDateCompletedFrom: "2024-03-10" } },
  { filter: { assignedInternalUserGuids: [staff[0]!.guid] }, orderBy: { field: "CREATED_AT", direction: "DESC" } },
  { filter: { inviteDateInvitedFrom: "2024-03-10", inviteDateInvitedTo: "2024-03-10" } },
];

test.each(CHOICES.map((choice) => [JSON.stringify(choice), choice] as const))(
  "a file has the users of the list, in its order: %s",
  async (_name, choice) => {
    const expected = await walk(admin, choice);
    for (const format of FORMATS) expect(await guidsOf(choice, format)).toEqual(expected);
  },
);

const COLUMNS: [column: string, field: string, kind: "text" | "list" | "instant" | "boolean"][] = [
  ["GUID", "guid", "text"],
  ["NAME", "name", "text"],
  ["TITLE", "title", "text"],
  ["FORENAME", "forename", "text"],
  ["SURNAME", "surname", "text"],
  ["CONTACT_EMAIL", "contactEmail", "text"],
  ["USERNAME", "username", "text"],
  ["TYPE", "type", "text"],
  ["STATUS", "status", "text"],
  ["CREATED_AT", "createdAt", "instant"],
  ["UPDATED_AT", "updatedAt", "instant"],
  ["LAST_LOGIN", "lastLogin", "instant"],
  ["TFA_ENABLED", "tfaEnabled", "boolean"],
  ["ONBOARDING_DATE_COMPLETED", "onboardingDateCompleted", "instant"],
  ["INVITE_STATUS", "inviteStatus", "text"],
  ["INVITE_DATE_INVITED", "inviteDateInvited", "instant"],
  ["INVITE_DATE_EXPIRES", "inviteDateExpires", "instant"],
  ["INVITE_DATE_MODIFIED", "inviteDateModified", "instant"],
  ["CLASSIFICATIONS", "classifications", "list"],
  ["USER_GROUPS", "userGroups", "list"],
  ["IS_USER_GROUP_LEAD", "isUserGroupLead", "boolean"],
  ["IS_USER_GROUP_MEMBER", "isUserGroupMember", "boolean"],
  ["ASSIGNED_INTERNAL_USER", "assignedInternalUser", "text"],
  ["ASSIGNED_INTERNAL_USER_GUID", "assignedInternalUserGuid", "text"],
];
const columns = COLUMNS.map(([column]) => column);

/** Every user as the API shows them, in the list's order, each with the values that a file has of them. */
async function shown({ admin: asking }: TestTenant): Promise<Record<string, any>[]> {
  const rows: Record<string, any>[] = [];
  for (let after: string | null = null; ;) {
    const { users }: Record<string, any> = await asking.ask(
      `query ($after: String) { users(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes {
        guid name title forename surname contactEmail username type status createdAt updatedAt lastLogin tfaEnabled
        onboardingDateCompleted inviteStatus inviteDateInvited inviteDateExpires inviteDateModified
        isUserGroupLead isUserGroupMember assignedInternalUser { guid name }
        classifications(first: 100) { nodes { name } } userGroups(first: 100) { nodes { name } } } } }`,
      { after },
    );
    for (const node of users.nodes as Record<string, any>[]) {
      rows.push({
        ...node,
        classifications: node.classifications.nodes.map(({ name }: { name: string }) => name),
        userGroups: node.userGroups.nodes.map(({ name }: { name: string }) => name),
        assignedInternalUser: node.assignedInternalUser?.name ?? null,
        assignedInternalUserGuid: node.assignedInternalUser?.guid ?? null,
      });
    }
    if (!users.pageInfo.hasNextPage) return rows;
    after = users.pageInfo.endCursor;
  }
}

/** Told from RFC 4180's and XML's side: a cell that could be a formula has an apostrophe before it. */
const inTable = (text: string | null): string | null =>
  text !== null && /^[\s\u200b\ufeff]*[=+@\-＝＋－＠]|^[\t\r\n]/.test(text) ? `'${text}` : text;

test("the columns are those of the schema", async () => {
  const { __type } = await admin.ask(`{ __type(name: "UserExportColumn") { enumValues { name } } }`);
  expect(__type.enumValues.map((one: { name: string }) => one.name).toSorted()).toEqual(columns.toSorted());
});

describe("every column holds what the field shows", () => {
  let expected: Record<string, any>[];
  beforeAll(async () => {
    await database.sql("UPDATE users SET invite_date_modified = invite_date_expires WHERE tenant_id = $1", [here.id]);
    expected = await shown(here);
    for (const [, field] of COLUMNS) expect(new Set(expected.map((row) => String(row[field]))).size).toBeGreaterThan(1);
  });

  test("in JSON Lines", async () => {
    const file = await exported(admin, { format: "JSONL", columns });
    const wanted = expected.map((row) =>
      Object.fromEntries(COLUMNS.map(([, field]) => [field, row[field] as unknown])),
    );
    expect(jsonLines(file.toString())).toEqual(wanted);
    expect(Object.keys(jsonLines(file.toString())[0]!)).toEqual(COLUMNS.map(([, field]) => field));
    const read = python("import sys, json; print(json.dumps([json.loads(l) for l in sys.stdin]))", file);
    if (read) expect(read).toEqual(wanted);
  });

  const cellText = (value: unknown, kind: string): string | null =>
    kind === "list" ? inTable((value as string[]).join("; ")) || null : inTable(value as string | null);

  test("in CSV", async () => {
    const file = await exported(admin, { format: "CSV", columns });
    const wanted = expected.map((row) =>
      COLUMNS.map(([, field, kind]) => (kind === "boolean" ? String(row[field]) : (cellText(row[field], kind) ?? ""))),
    );
    expect(csvRows(file.toString()).slice(1)).toEqual(wanted);
    const read = python(
      "import sys, csv, io, json; print(json.dumps(list(csv.reader(io.TextIOWrapper(sys.stdin.buffer, 'utf8', newline='')))))",
      file,
    );
    if (read) expect(read.slice(1)).toEqual(wanted);
  });

  test("in XLSX, with dates that are dates", async () => {
    const file = await exported(admin, { format: "XLSX", columns });
    const rows = sheetRows(file).slice(1);
    expect(rows).toHaveLength(expected.length);
    for (const [index, row] of expected.entries()) {
      for (const [place, [, field, kind]] of COLUMNS.entries()) {
        const cell = rows[index]![place]!;
        if (kind === "instant" && row[field] !== null) expect(cell).toBeCloseTo(serial(row[field] as string), 9);
        else expect([field, cell]).toEqual([field, kind === "boolean" ? row[field] : cellText(row[field], kind)]);
      }
    }
  });
});

test("the usual columns are told in their order, and headings stand above tables", async () => {
  const [heading] = csvRows((await exported(admin)).toString());
  expect(heading!.slice(0, 4)).toEqual(["Guid", "Name", "E-mail", "Username"]);
  const chosen = csvRows((await exported(admin, { columns: ["STATUS", "CREATED_AT", "GUID"] })).toString());
  expect(chosen[0]).toEqual(["Status", "Created (UTC)", "Guid"]);
});

test("a CSV file begins with a byte order mark when it is asked for", async () => {
  const mark = Buffer.from([0xef, 0xbb, 0xbf]);
  const [without, withMark] = [await exported(admin), await exported(admin, { byteOrderMark: true })];
  expect(without.subarray(0, 3)).not.toEqual(mark);
  expect(withMark).toEqual(Buffer.concat([mark, without]));
});

test("a list of nobody is a whole file", async () => {
  const nobody = { filter: { status: [] }, columns: ["GUID", "NAME"] };
  expect((await exported(admin, nobody)).toString()).toBe('"Guid","Name"\r\n');
  expect((await exported(admin, { ...nobody, format: "JSONL" })).toString()).toBe("");
  expect(sheetRows(await exported(admin, { ...nobody, format: "XLSX" }))).toEqual([["Guid", "Name"]]);
});

/** Texts as they get into a database by another way than ours. */
async function named(...names: string[]): Promise<TestTenant> {
  const there = await tenant();
  for (const surname of names) {
    const { guid } = await there.user();
    await database.sql("UPDATE users SET forename = NULL, title = NULL, surname = $2 WHERE id = $1", [guid, surname]);
  }
  return there;
}

const INVESTORS = { type: "INVESTOR", columns: ["SURNAME"], orderBy: { field: "CREATED_AT" } };

/** The surnames of a tenant's investors in each format. */
async function surnames({ admin: asking }: TestTenant): Promise<Record<"csv" | "jsonl" | "xlsx", unknown[]>> {
  const file = (format: string): Promise<Buffer> => exported(asking, { ...INVESTORS, format });
  return {
    csv: csvRows((await file("CSV")).toString())
      .slice(1)
      .map(([text]) => text),
    jsonl: jsonLines((await file("JSONL")).toString()).map(({ surname }) => surname as string),
    xlsx: sheetRows(await file("XLSX"))
      .slice(1)
      .map(([text]) => text),
  };
}

/** As a CSV file marks what begins a formula elsewhere than at the start: behind another country's separator. */
const markedWithin = (text: string): string =>
  text.replaceAll(
    // oxlint-disable-next-line no-control-regex, no-misleading-character-class -- what nobody sees
    /([;\t\r\n])(?=[\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u1680\u180b-\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0]*[=+@\uff1d\uff0b\uff0d\uff20-])/g,
    "$1'",
  );

test("what a spreadsheet could take for a formula is a text there, and as it is in JSON", async () => {
  const formulas = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    " =1",
    "\u00a0\u2003=1",
    "\u200b=1",
    "\ufeff+1",
    "\u3000@x",
    "\u0001=1",
    '=HYPERLINK("https://evil.example","click")',
  ];
  const harmless = ["O'Neil", "'=1", "a=b", "1-2", "_", "", "x\n=1", "Ⅳ", '"=1"', "x,=1", "x;=1", "x; \t-1;y"];
  const there = await named(...formulas, ...harmless);
  const found = await surnames(there);
  const expected = [...formulas.map((text) => `'${text}`), ...harmless];
  expect(found.csv).toEqual(expected.map(markedWithin));
  expect(found.csv.slice(-3)).toEqual(["x,=1", "x;'=1", "x;' \t'-1;y"]);
  expect(found.jsonl).toEqual([...formulas, ...harmless]);
  expect(found.xlsx).toEqual(expected.map((text) => text.replace("\u0001", "\ufffd")));
});

const NASTY = Array.from("\",;\r\n\t&<>_x000D_='\\ é😀\u0085\u2028]]>");
// oxlint-disable-next-line no-control-regex -- these are what XML cannot hold
const UNWRITABLE = /[\u0001-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

test("texts of all kinds come back as they are from every format", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(...NASTY), minLength: 1, maxLength: 20 }),
  );
  const storable = text.filter((one) => !one.includes("\0"));
  await fc.assert(
    fc.asyncProperty(fc.array(storable, { minLength: 20, maxLength: 40 }), async (texts) => {
      const found = await surnames(await named(...texts));
      expect(found.jsonl).toEqual(texts);
      const unmarked = (cells: unknown[]): unknown[] =>
        cells.map((cell, index) =>
          [texts[index]!, `'${texts[index]}`].map(markedWithin).includes(cell as string) ? texts[index] : cell,
        );
      expect(unmarked(found.csv)).toEqual(texts);
      // What XML cannot hold is replaced; the rest is told by codes where it would be read as another.
      const writable = texts.map((one) => one.replace(UNWRITABLE, "\ufffd"));
      const plain = (cells: unknown[]): unknown[] =>
        cells.map((cell, index) => (cell === `'${writable[index]}` ? writable[index] : cell));
      expect(plain(found.xlsx)).toEqual(writable);
    }),
    { numRuns: 8 },
  );
});

test("every text that does not begin as a formula is left as it is, and every other is not", async () => {
  const begins = ["", " ", "\u00a0", "\u200d", "a", "'", "="].flatMap((first) =>
    ["=", "+", "-", "@", "＝", "＋", "－", "＠", "a", "\t", "_", "1"].map((second) => `${first}${second}x`),
  );
  const { csv } = await surnames(await named(...begins));
  const visible = (one: string): string => one.replace(/^[ \u00a0\u200d]+/, "");
  expect(csv).toEqual(
    begins.map((one) => (/^[=+@\-＝＋－＠]/.test(visible(one)) || /^[\t\r\n]/.test(one) ? `'${one}` : one)),
  );
});

test("a cell of a sheet is cut before Excel refuses it; other formats are not", async () => {
  const long = "😀".repeat(40_000);
  const there = await named(long);
  const { csv, jsonl, xlsx } = await surnames(there);
  expect([csv[0], jsonl[0]]).toEqual([long, long]);
  expect(xlsx[0]).toBe(`${"😀".repeat(16_000)}…`);
  expect((xlsx[0] as string).length).toBeLessThan(32_767);
});

test("instants that no sheet counts are texts there", async () => {
  const there = await tenant();
  for (const createdAt of ["1899-12-31T00:00:00.000Z", "1900-03-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z"]) {
    await there.user({ createdAt });
  }
  const input = { type: "INVESTOR", columns: ["CREATED_AT"], orderBy: { field: "CREATED_AT" }, format: "XLSX" };
  const [first, second, third] = sheetRows(await exported(there.admin, input))
    .slice(1)
    .map(([cell]) => cell);
  expect(first).toBe("1899-12-31T00:00:00.000Z");
  expect(second).toBe(61);
  expect(third).toBeCloseTo(serial("2024-02-29T23:59:59.999Z"), 9);
});

test("a workbook is what the standard says: its parts are there, named, and well-formed XML", async () => {
  const file = await exported(admin, { format: "XLSX", columns });
  const read = python(
    `import sys, io, json, zipfile, datetime, xml.etree.ElementTree as E
z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())); assert z.testzip() is None
N = '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'
parts = {n: E.fromstring(z.read(n)) for n in z.namelist()}
rows = [[''.join(c.itertext()) for c in r] for r in parts['xl/worksheets/sheet1.xml'].iter(N + 'row')]
print(json.dumps({'names': sorted(parts), 'rows': rows}))`,
    file,
  );
  if (!read) return;
  expect(read.names).toEqual(
    [
      "[Content_Types].xml",
      "_rels/.rels",
      "xl/_rels/workbook.xml.rels",
      "xl/styles.xml",
      "xl/workbook.xml",
      "xl/worksheets/sheet1.xml",
    ].toSorted(),
  );
  expect(read.rows.slice(1).map(([guid]: string[]) => guid)).toEqual(await walk(admin, {}));
});
