import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { exportJWK } from "jose";
import { pino } from "pino";
import { PERMISSIONS } from "../../src/access/index.js";
import { type ExportOptions, startServer } from "../../src/server.js";
import { AUDIENCE, harness, ISSUER, operations, SECRET, SESSION_ISSUER, type TestTenant } from "../harness/index.js";
import { until } from "../harness/smtp.js";
import { layWire } from "../harness/wire.js";
import { asked, fileAt, jsonLines, settled, sheetRows, standing } from "./exporting.js";

const COUNT = 60_000;
const exports = { concurrency: 3, maxRows: 2 * COUNT };
const { tenant, database, keys, url } = await harness({ exports });

/** A tenant with more users than the buffers between us and a client hold. */
const here = await tenant();
await database.sql(
  `INSERT INTO users (tenant_id, id, type, status, contact_email, email_norm, search_text, surname, sort_name, username)
   SELECT $1, gen_random_uuid(), 'INVESTOR', 'ACTIVE', m, m, m, (SELECT string_agg(md5(n + i / 100.0 || ''), '') FROM generate_series(1, 16) i), lpad(n::text, 8, '0'), 'before'
   FROM generate_series(1, $2::int) n, LATERAL (SELECT 'user' || n || '@example.com' AS m) mail`,
  [here.id, COUNT],
);
await database.sql("ANALYZE users");
const { admin } = here;

// Each takes one of the caller's links.
afterEach(() => database.sql("DELETE FROM user_exports"));

const WIDE = { type: "INVESTOR", columns: ["GUID", "NAME", "SURNAME", "USERNAME", "CONTACT_EMAIL"] };

/** A download that has begun and is not read any further. */
async function begun(downloadUrl: string): Promise<IncomingMessage> {
  const request = get(downloadUrl, { agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.pause();
  return response;
}

/** What a client sees of a download that breaks off. */
const endOf = (response: IncomingMessage): Promise<string> =>
  buffer(response).then(
    () => "a whole file",
    (error: Error) => error.message,
  );

const exporting = (): Promise<{ pid: number }[]> =>
  database.sql(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'users-subgraph exports' AND datname = current_database() AND state <> 'idle'",
  );

const waiting = async (): Promise<number> =>
  (
    await database.sql(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND usename = 'users_app'",
    )
  ).length;

const lastDownload = async (one: TestTenant): Promise<Record<string, any>> => {
  const list = `{ auditEvents(first: 1, filter: { operations: ["downloadUserExport"] }) { nodes { changes } } }`;
  const { auditEvents } = await one.admin.ask(list);
  return auditEvents.nodes[0].changes[0].fields;
};

test("a file is all of one instant, whatever others write meanwhile", async () => {
  const userExport = await asked(admin, { ...WIDE, format: "JSONL" });
  const response = await begun(userExport.downloadUrl as string);
  const investors = "tenant_id = $1 AND type = 'INVESTOR'";
  await database.sql(`DELETE FROM users WHERE ${investors} AND sort_name >= '00059000'`, [here.id]);
  await database.sql(
    `UPDATE users SET username = 'after', sort_name = '0' || sort_name WHERE ${investors} AND sort_name >= '00050000'`,
    [here.id],
  );
  await database.sql(
    `INSERT INTO users (tenant_id, id, type, status, contact_email, email_norm, search_text, sort_name)
     VALUES ($1, gen_random_uuid(), 'INVESTOR', 'ACTIVE', 'late@example.com', 'late@example.com', 'late', 'z')`,
    [here.id],
  );
  const file = await buffer(response);
  // Before the file is looked at, which keeps this process, and so the server, from all else.
  const done = await settled(admin, userExport);
  expect(done).toMatchObject({ status: "COMPLETED", rowCount: COUNT, rowsWritten: COUNT });
  const lines = jsonLines(file.toString());
  expect(lines).toHaveLength(COUNT);
  expect(lines.every(({ username }) => username === "before")).toBe(true);
  expect(lines.map(({ contactEmail }) => contactEmail as string)).toEqual(
    Array.from({ length: COUNT }, (_, index) => `user${index + 1}@example.com`),
  );
});

test("how far it is can be read meanwhile", async () => {
  const userExport = await asked(admin, { ...WIDE, format: "JSONL" });
  const response = await begun(userExport.downloadUrl as string);
  const meanwhile = await until(async () => {
    const now = await standing(admin, userExport);
    return now.rowsWritten > 0 ? now : null;
  });
  expect(meanwhile).toMatchObject({ status: "RUNNING", finishedAt: null });
  expect(meanwhile.rowsWritten).toBeLessThan(meanwhile.rowCount as number);
  await buffer(response);
  expect(await settled(admin, userExport)).toMatchObject({ status: "COMPLETED" });
});

describe("a download that breaks off is seen to, by the client and by who asks", () => {
  type Break = (made: { response: IncomingMessage; userExport: Record<string, any> }) => Promise<unknown>;
  const BREAKS: [what: string, status: string, by: Break][] = [
    [
      "PostgreSQL's process ends",
      "FAILED",
      async () => {
        const [{ pid }] = (await exporting()) as [{ pid: number }];
        await database.sql("SELECT pg_terminate_backend($1)", [pid]);
      },
    ],
    [
      "the link is taken back",
      "REVOKED",
      ({ userExport }) => admin.ask(operations.RevokeUserExport!, { input: { exportId: userExport.id as string } }),
    ],
  ];

  describe.each(["CSV", "JSONL", "XLSX"])("in %s", (format) => {
    test.each(BREAKS)("%s", async (_what, status, breakOff) => {
      const userExport = await asked(admin, { ...WIDE, format });
      const response = await begun(userExport.downloadUrl as string);
      await breakOff({ response, userExport });
      const after = await until(async () => {
        const now = await standing(admin, userExport);
        return now.finishedAt === null ? null : now;
      });
      expect(await endOf(response)).toBe("aborted");
      expect(after.status).toBe(status);
      expect(after.rowsWritten).toBeLessThan(after.rowCount as number);
      const event = await until(async () => {
        const fields = await lastDownload(here);
        return fields.rowsWritten[1] === after.rowsWritten ? fields : null;
      });
      expect(event.status).toEqual(["RUNNING", "FAILED"]);
      await until(async () => (await exporting()).length === 0);
    });
  });

  test("the client hangs up while an earlier request of its connection is still answered", async () => {
    const { downloadUrl } = await asked(admin, WIDE);
    const { port, host, pathname } = new URL(downloadUrl as string);
    for (let slot = 0; slot <= exports.concurrency; slot++) {
      const socket = connect(Number(port), "127.0.0.1");
      // The second answer has no connection of its own until the first one, which nobody reads, has ended.
      socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(2));
      await once(socket, "readable");
      await until(async () => (await exporting()).length === 2);
      socket.destroy();
      await until(async () => (await exporting()).length === 0);
    }
    const { downloadUrl: next } = await asked(admin, { ...WIDE, format: "JSONL" });
    expect(jsonLines(String(await fileAt(next as string))).length).toBeGreaterThan(COUNT / 2);
  });

  test("the client hangs up: nothing of it is left, and the link still works", async () => {
    const userExport = await asked(admin, { ...WIDE, format: "JSONL" });
    (await begun(userExport.downloadUrl as string)).destroy();
    const after = await settled(admin, userExport);
    expect(after).toMatchObject({ status: "FAILED", downloadUrl: userExport.downloadUrl as string });
    await until(async () => (await exporting()).length === 0);
    await fileAt(userExport.downloadUrl as string);
    expect((await settled(admin, userExport)).status).toBe("COMPLETED");
  });

  test("whoever asked is suspended", async () => {
    const other = await here.internal(PERMISSIONS, { administrator: true });
    const userExport = await asked(other, { ...WIDE, format: "JSONL" });
    const response = await begun(userExport.downloadUrl as string);
    await admin.ask(operations.SuspendUser!, { input: { userId: other.id } });
    expect(await settled(admin, userExport)).toMatchObject({ status: "FAILED" });
    expect(await endOf(response)).toBe("aborted");
  });
});

test("a download that nobody can tell whether it may go on does not", async () => {
  const userExport = await asked(admin, { ...WIDE, format: "JSONL" });
  const response = await begun(userExport.downloadUrl as string);
  const lock = await database.hold("LOCK TABLE user_exports IN ACCESS EXCLUSIVE MODE");
  try {
    await until(async () => (await exporting()).length === 0);
  } finally {
    await lock.release();
  }
  expect(await endOf(response)).toBe("aborted");
  expect(await settled(admin, userExport)).toMatchObject({ status: "FAILED" });
});

test("more downloads of a tenant than there may be are told to come again, and take nothing from others", async () => {
  const userExport = await asked(admin, { ...WIDE, format: "JSONL" });
  const link = userExport.downloadUrl as string;
  const busy = [await begun(link), await begun(link)];
  // The last place is another tenant's.
  const elsewhere = await tenant();
  const another = await asked(elsewhere.admin);
  await fileAt(another.downloadUrl as string);
  const refused = await fetch(link);
  expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toEqual([
    503,
    "30",
    {
      errors: [
        {
          message: "As many files are being downloaded as can be. Try again soon.",
          extensions: { code: "UNAVAILABLE" },
        },
      ],
    },
  ]);
  // A link that does not work looks as always.
  expect((await fetch(`${url}/exports/x`)).status).toBe(404);
  const answers = await Promise.all(Array.from({ length: 20 }, () => admin.ask("{ users(first: 1) { totalCount } }")));
  expect(answers).toHaveLength(20);
  for (const response of busy) response.destroy();
  await until(async () => (await exporting()).length === 0);
  await settled(admin, userExport);
  const again = await until(async () => {
    const response = await fetch(link);
    if (response.status === 200) return response;
    await response.body?.cancel();
    return null;
  });
  expect((await again.arrayBuffer()).byteLength).toBeGreaterThan(COUNT);
});

test("of two downloads of one link both are whole, and the row tells of the later one", async () => {
  const userExport = await asked(admin, { ...WIDE, columns: ["GUID"], format: "XLSX" });
  const link = userExport.downloadUrl as string;
  const [first, second] = await Promise.all([fileAt(link), fileAt(link)]);
  expect(await settled(admin, userExport)).toMatchObject({
    status: "COMPLETED",
    rowsWritten: userExport.rowCount as number,
  });
  expect(sheetRows(first)).toEqual(sheetRows(second));
});

test("what cannot even begin is an answer and no file", async () => {
  const userExport = await asked(admin);
  await database.sql("REVOKE SELECT ON user_classifications FROM users_app");
  const response = await fetch(userExport.downloadUrl as string);
  await database.sql("GRANT SELECT ON user_classifications TO users_app");
  const body = await response.text();
  expect([response.status, response.headers.get("content-disposition")]).toEqual([503, null]);
  expect(JSON.parse(body)).toEqual({
    errors: [{ message: "The file cannot be made now. Try again.", extensions: { code: "UNAVAILABLE" } }],
  });
  expect(await settled(admin, userExport)).toMatchObject({ status: "FAILED", rowsWritten: 0 });
});

describe("another server of the deployment", () => {
  const another = async (
    more: Partial<ExportOptions> = {},
    databaseUrl = database.appUrl,
  ): ReturnType<typeof startServer> =>
    startServer({
      host: "127.0.0.1",
      port: 0,
      databaseUrl,
      poolMax: 2,
      statementTimeout: 5_000,
      tokens: {
        issuer: ISSUER,
        audience: AUDIENCE,
        keys: { jwks: [{ ...(await exportJWK(keys.publicKey)), alg: "ES256", kid: "test" }] },
        sessionIssuer: SESSION_ISSUER,
      },
      routerSecrets: [],
      secrets: [SECRET],
      exports: { ...exports, ...more },
      nodeFields: true,
      compileQueries: false,
      development: true,
      log: pino({ level: "silent" }),
    });
  const linkOn = (server: { url: string }, { downloadUrl }: Record<string, any>): string =>
    server.url + new URL(downloadUrl as string).pathname;

  test("answers a link too; when it stops, what it was sending breaks off at once", async () => {
    const server = await another();
    const userExport = await asked(admin, { ...WIDE, format: "JSONL" });
    await fileAt(linkOn(server, userExport));
    expect((await settled(admin, userExport)).status).toBe("COMPLETED");
    const response = await begun(linkOn(server, userExport));
    await server.stop();
    expect(await endOf(response)).toBe("aborted");
    expect((await standing(admin, userExport)).status).toBe("FAILED");
  });

  test("that has lost its database says so, and that it may be back", async () => {
    const wire = await layWire(new URL(database.appUrl));
    const server = await another({}, database.appUrl.replace(/:\d+\//, `:${wire.port}/`));
    const link = linkOn(server, await asked(admin));
    await wire.stop();
    const response = await fetch(link);
    expect([response.status, await response.json()]).toEqual([
      503,
      {
        errors: [
          {
            message: "The database is not available now. Try again.",
            extensions: { code: "UNAVAILABLE", requestId: response.headers.get("x-request-id") },
          },
        ],
      },
    ]);
    await server.stop();
  });

  test("with room for one has room for the next one once it has handed a file over, written down or not", async () => {
    const server = await another({ concurrency: 1 });
    const link = linkOn(server, await asked(admin, { ...WIDE, format: "JSONL" }));
    const first = await begun(link);
    const holder = await database.hold("LOCK TABLE audit_events IN EXCLUSIVE MODE");
    await buffer(first);
    await until(database.isBlocked);
    const second = fetch(link);
    // By now it was refused, or waits to be written down.
    await Promise.race([second, until(async () => (await waiting()) === 2)]);
    await holder.release();
    expect((await second).status).toBe(200);
    await (await second).body!.cancel();
    await server.stop();
  });

  describe.each([
    ["takes too long", { deadlineMilliseconds: 300 }],
    ["is not read any further", { idleMilliseconds: 300 }],
  ])("ends a download that %s", (_what, limits) => {
    test.each(["CSV", "JSONL", "XLSX"])("in %s", async (format) => {
      const server = await another(limits);
      const userExport = await asked(admin, { ...WIDE, format });
      const response = await begun(linkOn(server, userExport));
      const after = await settled(admin, userExport);
      expect(after.status).toBe("FAILED");
      expect(after.rowsWritten).toBeLessThan(after.rowCount as number);
      await until(async () => (await exporting()).length === 0);
      expect(await endOf(response)).toBe("aborted");
      await server.stop();
    });
  });
});
