import { v7 as uuidv7 } from "uuid";
import { PERMISSIONS } from "../../src/access/index.js";
import { toGlobalId } from "../../src/kit/index.js";
import { harness, operations, problems, type Caller, type TestTenant } from "../harness/index.js";
import { until } from "../harness/smtp.js";
import { asked, fileAt, jsonLines, settled, standing } from "./exporting.js";

const MAX_ROWS = 20;
const { tenant, database } = await harness({ alone: true, exports: { concurrency: 2, maxRows: MAX_ROWS } });

const refusals = (here: TestTenant, caller: Caller, input: object): Promise<string[]> =>
  here.refusals(caller, operations.ExportUsers!, input);

test("an export tells what was asked, and a link for as long as it works", async () => {
  const { admin } = await tenant();
  const userExport = await asked(admin, { format: "JSONL", columns: ["NAME", "GUID"] });
  expect(userExport).toEqual({
    id: toGlobalId("UserExport", userExport.guid as string),
    guid: userExport.guid as string,
    status: "READY",
    format: "JSONL",
    columns: ["NAME", "GUID"],
    byteOrderMark: false,
    rowCount: 1,
    rowsWritten: 0,
    downloadUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/exports\/[\w.-]+$/),
    createdAt: expect.any(String),
    expiresAt: expect.any(String),
    finishedAt: null,
    requestedBy: { guid: admin.guid, name: "Ada Admin" },
  });
  expect(Date.parse(userExport.expiresAt as string) - Date.parse(userExport.createdAt as string)).toBe(15 * 60_000);
  expect(await standing(admin, userExport)).toEqual(userExport);
  const { node } = await admin.ask("query ($id: ID!) { node(id: $id) { ... on UserExport { guid downloadUrl } } }", {
    id: userExport.id as string,
  });
  expect(node).toEqual({ guid: userExport.guid as string, downloadUrl: userExport.downloadUrl as string });

  expect(jsonLines((await fileAt(userExport.downloadUrl as string)).toString())).toEqual([
    { name: "Ada Admin", guid: admin.guid },
  ]);
  const after = await settled(admin, userExport);
  expect(after).toEqual({ ...userExport, status: "COMPLETED", rowsWritten: 1, finishedAt: expect.any(String) });
  // Again, for as long as it lives.
  await fileAt(userExport.downloadUrl as string);
});

test("nothing says more than CSV of the usual columns", async () => {
  const { admin } = await tenant();
  for (const input of [{}, { format: null, columns: null, byteOrderMark: null, filter: null, search: " " }]) {
    const { format, columns } = await asked(admin, input);
    expect([format, columns.slice(0, 3)]).toEqual(["CSV", ["GUID", "NAME", "CONTACT_EMAIL"]]);
  }
});

describe("refuses", () => {
  test("no columns, a column named twice, and a byte order mark where none goes", async () => {
    const here = await tenant();
    const { admin } = here;
    expect(await refusals(here, admin, { columns: [] })).toEqual(["REQUIRED input.columns"]);
    expect(await refusals(here, admin, { columns: ["GUID", "NAME", "GUID", "NAME"] })).toEqual([
      "DUPLICATED_INPUT_ITEM input.columns.2",
      "DUPLICATED_INPUT_ITEM input.columns.3",
    ]);
    for (const format of ["JSONL", "XLSX"]) {
      expect(await refusals(here, admin, { format, byteOrderMark: true })).toEqual(["INVALID input.byteOrderMark"]);
    }
  });

  test("more users than a file may have, counted as the filter leaves them", async () => {
    const here = await tenant();
    for (let left = MAX_ROWS; left > 0; left--) await here.user();
    expect(await refusals(here, here.admin, {})).toEqual(["TOO_MANY_ROWS -"]);
    expect((await asked(here.admin, { type: "INVESTOR" })).rowCount).toBe(MAX_ROWS);
    await here.user();
    expect(await refusals(here, here.admin, { type: "INVESTOR" })).toEqual(["TOO_MANY_ROWS -"]);
  });

  test("an eleventh link that works, of one caller, also of many that ask at once", async () => {
    const here = await tenant();
    const { admin } = here;
    const answers = await Promise.all(
      Array.from({ length: 15 }, () => admin.ask(operations.ExportUsers!, { input: { columns: ["GUID"] } })),
    );
    const codes = answers.map(({ exportUsers }) => exportUsers.errors[0]?.code ?? "");
    expect(codes.filter((code) => code === "LIMIT")).toHaveLength(5);
    expect(codes.filter((code) => code === "")).toHaveLength(10);
    expect(await refusals(here, admin, {})).toEqual(["LIMIT -"]);
    // Of others there may be as many.
    await asked(await here.internal(PERMISSIONS, { administrator: true }));
    await asked(await here.service("users.export", "users.read"));
    // One that is taken back, and one that has expired, makes room.
    const [made] = answers.flatMap(({ exportUsers }) => exportUsers.userExport ?? []);
    await admin.ask(operations.RevokeUserExport!, { input: { exportId: made.id } });
    await asked(admin);
    expect(await refusals(here, admin, {})).toEqual(["LIMIT -"]);
    await database.sql(
      "UPDATE user_exports SET created_at = created_at - interval '15 minutes', expires_at = now() WHERE tenant_id = $1",
      [here.id],
    );
    await asked(admin);
  });

  test("what the list refuses, at the place in the input", async () => {
    const { admin } = await tenant();
    const ask = async (input: object): Promise<string[]> =>
      problems(await admin.send(operations.ExportUsers!, { input }));
    expect(await ask({ search: "x".repeat(201) })).toEqual(["BAD_USER_INPUT input.search"]);
    expect(await ask({ filter: { classifications: ["x"] } })).toEqual([
      "BAD_USER_INPUT input.filter.classifications.0",
    ]);
    expect(await ask({ type: "INTERNAL", filter: { classifications: [] } })).toEqual([
      "BAD_USER_INPUT input.filter.classifications",
    ]);
    expect(await ask({ filter: { inviteDateInvitedFrom: "2024-02-02", inviteDateInvitedTo: "2024-02-01" } })).toEqual([
      "BAD_USER_INPUT input.filter.inviteDateInvitedFrom",
    ]);
    const status = Array.from({ length: 101 }, () => "ACTIVE");
    expect(await ask({ filter: { status } })).toEqual(["BAD_USER_INPUT input.filter.status"]);
    expect(await ask({ columns: ["PASSWORD"] })).toEqual(["BAD_USER_INPUT input.columns.0"]);
  });
});

test("a filter that names another tenant's classification, or none, finds nobody: as in the list", async () => {
  const [here, there] = [await tenant(), await tenant()];
  const theirs = await there.classification();
  await here.user();
  for (const id of [theirs.id, theirs.guid, uuidv7()]) {
    expect((await asked(here.admin, { filter: { classifications: [id] } })).rowCount).toBe(0);
  }
});

describe("who exports", () => {
  test("administrators and services with both permissions", async () => {
    const here = await tenant();
    await asked(await here.internal(["users.export", "users.read"], { administrator: true }));
    const service = await here.service("users.export", "users.read");
    const userExport = await asked(service, { format: "JSONL", columns: ["GUID"] });
    expect(userExport.requestedBy).toBeNull();
    const lines = jsonLines((await fileAt(userExport.downloadUrl as string)).toString());
    expect(lines.map(({ guid }) => guid as string)).toContain(here.admin.guid);
    expect((await standing(service, userExport)).downloadUrl).toBe(userExport.downloadUrl);
  });

  test("nobody else, nor an impersonated session", async () => {
    const here = await tenant();
    const lead = await here.user();
    await here.group({ lead });
    const callers = [
      lead,
      await here.internal(PERMISSIONS),
      await here.internal(["users.export"], { administrator: true }),
      await here.internal(["users.read"], { administrator: true }),
      await here.service("users.export"),
      await here.service("users.read"),
      await here.actingAs(here.admin, lead),
    ];
    for (const caller of callers) {
      expect(problems(await caller.send(operations.ExportUsers!, { input: {} }))).toEqual(["FORBIDDEN"]);
    }
  });

  test("groups whose names one may not see are not told", async () => {
    const here = await tenant();
    await here.group({ name: "Secret", members: [await here.user()] });
    const groups = async (caller: Caller): Promise<string> => {
      const input = { type: "INVESTOR", format: "JSONL", columns: ["USER_GROUPS"] };
      return (await fileAt((await asked(caller, input)).downloadUrl as string)).toString();
    };
    expect(await groups(here.admin)).toBe('{"userGroups":["Secret"]}\n');
    expect(await groups(await here.service("users.export", "users.read"))).toBe('{"userGroups":[]}\n');
  });
});

describe("who sees an export", () => {
  const read = async (caller: Caller, { id }: Record<string, any>): Promise<any> =>
    (await caller.ask("query ($id: ID!) { node(id: $id) { ... on UserExport { guid downloadUrl status } } }", { id }))
      .node;

  test("administrators all, but the link only who asked", async () => {
    const here = await tenant();
    const other = await here.internal(PERMISSIONS, { administrator: true });
    const mine = await asked(here.admin);
    expect((await standing(other, mine)).downloadUrl).toBeNull();
    expect(await read(other, mine)).toEqual({ guid: mine.guid as string, downloadUrl: null, status: "READY" });
    const ofService = await asked(await here.service("users.export", "users.read"));
    expect((await standing(here.admin, ofService)).downloadUrl).toBeNull();
  });

  test("a service its own, and nobody else any", async () => {
    const here = await tenant();
    const mine = await asked(here.admin);
    const service = await here.service("users.export", "users.read");
    for (const caller of [service, await here.internal(PERMISSIONS), await here.user()]) {
      expect(await read(caller, mine)).toBeNull();
    }
    expect(await read(service, await asked(service))).not.toBeNull();
    expect((await here.refusals(service, operations.RevokeUserExport!, { exportId: mine.id as string }))[0]).toBe(
      "NOT_FOUND input.exportId",
    );
  });

  test("who may not export any more does not see it any more", async () => {
    const here = await tenant();
    const other = await here.internal(PERMISSIONS, { administrator: true });
    const theirs = await asked(other);
    await here.dismiss(other);
    expect(await read(other, theirs)).toBeNull();
  });
});

test("taken back, by anybody who exports and as often as they like, an export has no link", async () => {
  const here = await tenant();
  const other = await here.internal(PERMISSIONS, { administrator: true });
  const mine = await asked(here.admin);
  for (const caller of [other, here.admin]) {
    const { revokeUserExport } = await caller.ask(operations.RevokeUserExport!, {
      input: { exportId: mine.guid as string },
    });
    expect(revokeUserExport).toMatchObject({ errors: [], userExport: { status: "REVOKED", downloadUrl: null } });
  }
  expect((await standing(here.admin, mine)).downloadUrl).toBeNull();
});

test("what follows from the clock: an unused link expires, a process that died has failed", async () => {
  const here = await tenant();
  const { admin } = here;
  const mine = await asked(admin);
  const set = (values: string): Promise<object[]> =>
    database.sql(`UPDATE user_exports SET ${values} WHERE id = $1`, [mine.guid]);
  await set("expires_at = now()");
  expect(await standing(admin, mine)).toMatchObject({ status: "EXPIRED", downloadUrl: null });
  await set("status = 'COMPLETED'");
  expect(await standing(admin, mine)).toMatchObject({ status: "COMPLETED", downloadUrl: null });
  await set("status = 'RUNNING', heard_of_at = now() - interval '20 seconds'");
  expect(await standing(admin, mine)).toMatchObject({ status: "RUNNING" });
  await set("heard_of_at = now() - interval '31 seconds'");
  expect(await standing(admin, mine)).toMatchObject({ status: "FAILED" });
  // The two ways of answering say alike.
  const status = "query ($id: ID!) { userExport(id: $id) { status columns rowCount } }";
  const answers = [await admin.ask(status, mine), await admin.ask(status, mine)];
  expect(answers[0]).toEqual(answers[1]);
});

test("requests of more than thirty days ago are forgotten, of this tenant alone", async () => {
  const [here, there] = [await tenant(), await tenant()];
  const [old, kept, theirs] = [await asked(here.admin), await asked(here.admin), await asked(there.admin)];
  const age = (guid: string, days: number): Promise<object[]> =>
    database.sql("UPDATE user_exports SET created_at = now() - $2 * interval '1 day' WHERE id = $1", [guid, days]);
  await age(old.guid as string, 31);
  await age(kept.guid as string, 29);
  await age(theirs.guid as string, 31);
  await asked(here.admin);
  expect(await standing(here.admin, old)).toBeNull();
  expect(await standing(here.admin, kept)).not.toBeNull();
  expect(await standing(there.admin, theirs)).not.toBeNull();
});

test("an export costs the same statements whatever it is of", async () => {
  const here = await tenant();
  const count = async (input: object): Promise<number> =>
    (await here.admin.send(operations.ExportUsers!, { input })).statements;
  const none = await count({});
  for (let left = 10; left > 0; left--) await here.user();
  // The viewer; the caller's turn, their links, the count, the row, the event; who asked.
  expect([none, await count({ search: "ida", format: "XLSX" })]).toEqual([7, 7]);
});

describe("audit", () => {
  const events = async (here: TestTenant): Promise<Record<string, any>[]> =>
    (
      await here.admin.ask(
        "{ auditEvents(first: 100) { nodes { operation actorKind actorId targetType targetId changes } } }",
      )
    ).auditEvents.nodes.toReversed();

  test("the request, the beginning and the end of each download: who, which export, how many, what became of it", async () => {
    const here = await tenant();
    const { admin } = here;
    const mine = await asked(admin, { search: "a secret search", filter: { status: ["ACTIVE"] } });
    await fileAt(mine.downloadUrl as string);
    await settled(admin, mine);
    await fileAt(mine.downloadUrl as string);
    const found = await until(async () => {
      const all = await events(here);
      return all.length === 5 ? all : null;
    });
    const of = { actorKind: "USER", actorId: admin.guid, targetType: "UserExport", targetId: mine.guid as string };
    const download = ["startUserExportDownload", "downloadUserExport"];
    expect(found).toEqual(
      ["exportUsers", ...download, ...download].map((operation) => ({
        ...of,
        operation,
        changes: expect.any(Array) as [],
      })),
    );
    const [request, start, end] = found.map(({ changes }) => changes[0].fields as Record<string, unknown>);
    expect(request).toMatchObject({
      format: [null, "CSV"],
      columns: [null, mine.columns],
      "choice.search": [null, "***"],
    });
    expect(start).toMatchObject({ storedStatus: ["READY", "RUNNING"], downloadId: [null, expect.any(String)] });
    expect(end).toEqual({
      downloadId: [(start!.downloadId as string[])[1], null],
      status: ["RUNNING", "COMPLETED"],
      rowsWritten: [0, 0],
    });
    const text = JSON.stringify(await here.rows());
    expect(text).not.toContain(mine.downloadUrl.split("/").at(-1));
    expect(JSON.stringify(found)).not.toContain("a secret search");
  });

  test("taking back", async () => {
    const here = await tenant();
    const mine = await asked(here.admin);
    await here.admin.ask(operations.RevokeUserExport!, { input: { exportId: mine.id as string } });
    expect((await events(here)).at(-1)).toMatchObject({
      operation: "revokeUserExport",
      targetId: mine.guid as string,
      changes: [{ fields: { storedStatus: ["READY", "REVOKED"] } }],
    });
  });
});
