import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import { pino } from "pino";
import { PERMISSIONS } from "../../src/access/index.js";
import { Secrets } from "../../src/kit/index.js";
import { harness, operations, type Person, SECRET, SESSION_ISSUER, type TestTenant } from "../harness/index.js";
import { asked, fileAt, settled } from "./exporting.js";

const NEW_SECRET = "the secret that replaces the other one, as long";
const PUBLIC_URL = "https://users.platform.example/files";
const logged: string[] = [];
const { tenant, database, url, bearer, sign } = await harness({
  alone: true,
  secrets: [NEW_SECRET, SECRET],
  publicUrl: PUBLIC_URL,
  log: pino({ level: "trace" }, { write: (line: string) => logged.push(line) }),
});
const ROUTER_SECRET = "0123456789abcdef";
const guarded = await harness({ routerSecrets: [ROUTER_SECRET] });

const tokenOf = ({ downloadUrl }: Record<string, any>): string => downloadUrl.split("/").at(-1);

/** All of an answer by which it could be told from another. */
async function answerOf(token: string, method = "GET"): Promise<object> {
  const response = await fetch(`${url}/exports/${token}`, { method });
  const headers = Object.fromEntries(response.headers);
  for (const name of ["x-request-id", "date", "connection", "keep-alive"]) delete headers[name];
  return { status: response.status, headers, body: await response.text() };
}

const NOT_FOUND = await answerOf("nothing");

interface Asked {
  here: TestTenant;
  other: Person;
  token: string;
  userExport: Record<string, any>;
}

/** An export of one administrator, in a tenant with another one. */
async function anExport(): Promise<Asked> {
  const here = await tenant();
  const other = await here.internal(PERMISSIONS, { administrator: true });
  const userExport = await asked(other);
  return { here, other, userExport, token: tokenOf(userExport) };
}

const isGood = async (token: string): Promise<boolean> => {
  const response = await fetch(`${url}/exports/${token}`);
  // To its end: only so many downloads run at once.
  await response.arrayBuffer();
  return response.status === 200;
};

const keyOf = (secret: string): Buffer => new Secrets([secret]).derive("export link")[0]!;

/** A token as the server makes it, but for what is told otherwise. */
function forged(
  { here, userExport }: Asked,
  {
    secret = SECRET,
    typ = "export+jwt",
    key = keyOf(secret),
    claims = {},
  }: { secret?: string; typ?: string; key?: Buffer; claims?: JWTPayload } = {},
): Promise<string> {
  return new SignJWT({ tenant_id: here.id, sub: userExport.guid as string, aud: "users-subgraph/exports", ...claims })
    .setProtectedHeader({ alg: "HS256", typ })
    .setIssuer(claims.iss ?? SESSION_ISSUER)
    .setExpirationTime(claims.exp ?? "5m")
    .sign(key);
}

test("a link begins with the public address, and the file is handed over as data to keep", async () => {
  const { userExport, token } = await anExport();
  expect(userExport.downloadUrl).toBe(`${PUBLIC_URL}/exports/${token}`);
  const { headers } = await fetch(`${url}/exports/${token}`);
  const day = new Date().toISOString().slice(0, 10);
  expect(Object.fromEntries(headers)).toMatchObject({
    "content-type": "text/csv; charset=utf-8; header=present",
    "content-disposition": `attachment; filename="users-${day}.csv"`,
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; sandbox",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "transfer-encoding": "chunked",
    "x-request-id": expect.any(String),
  });
});

test.each([
  ["JSONL", "application/jsonl; charset=utf-8", "jsonl"],
  ["XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"],
])("%s is called what it is", async (format, type, extension) => {
  const { admin } = await tenant();
  const { headers } = await fetch(`${url}/exports/${tokenOf(await asked(admin, { format }))}`, { method: "HEAD" });
  expect(headers.get("content-type")).toBe(type);
  expect(headers.get("content-disposition")).toMatch(
    new RegExp(`^attachment; filename="users-[0-9-]{10}.${extension}"$`),
  );
});

test("HEAD tells what a link leads to, and is no download", async () => {
  const { here, token } = await anExport();
  const before = await here.contents();
  const response = await fetch(`${url}/exports/${token}`, { method: "HEAD" });
  expect([response.status, await response.text()]).toEqual([200, ""]);
  expect(await here.contents()).toEqual(before);
  expect(await answerOf("nothing", "HEAD")).toEqual({ ...NOT_FOUND, body: "" });
});

test("no other method is answered", async () => {
  const { here, token } = await anExport();
  const before = await here.contents();
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    expect((await fetch(`${url}/exports/${token}`, { method })).status).toBe(404);
  }
  expect(await here.contents()).toEqual(before);
});

test("whoever reads HTTP/1.0, and could not see a file break off, is refused", async () => {
  const { token } = await anExport();
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write(`GET /exports/${token} HTTP/1.0\r\n\r\n`);
  expect(await text(socket)).toMatch(/^HTTP\/1\.[01] 505 [^]*"code":"BAD_REQUEST"/);
});

describe("while one secret replaces another", () => {
  test("a link that either has signed works", async () => {
    const made = await anExport();
    expect(await isGood(made.token)).toBe(true);
    expect(await isGood(await forged(made, { secret: NEW_SECRET }))).toBe(true);
    expect(await isGood(await forged(made, { secret: SECRET }))).toBe(true);
  });

  test("the present one signs", async () => {
    const made = await anExport();
    const { tenant_id, ...claims } = JSON.parse(Buffer.from(made.token.split(".")[1]!, "base64url").toString());
    await expect(jwtVerify(made.token, keyOf(NEW_SECRET))).resolves.toBeDefined();
    await expect(jwtVerify(made.token, keyOf(SECRET))).rejects.toThrow("signature");
    const exp = Date.parse(made.userExport.expiresAt as string) / 1000;
    expect(tenant_id).toBe(made.here.id);
    expect(claims).toEqual({
      iss: SESSION_ISSUER,
      aud: "users-subgraph/exports",
      sub: made.userExport.guid as string,
      exp: Math.floor(exp),
    });
  });
});

describe("looks like no link at all", () => {
  const BAD: [string, (made: Asked) => Promise<string> | string][] = [
    ["nothing", () => ""],
    ["a text", () => "x"],
    ["a changed signature", ({ token }) => token.slice(0, -2) + (token.endsWith("AA") ? "BB" : "AA")],
    [
      "a changed expiry",
      ({ token }) => {
        const [head, claims, signature] = token.split(".") as [string, string, string];
        const later = Buffer.from(claims, "base64url")
          .toString()
          .replace(/"exp":\d+/, '"exp":9999999999');
        return [head, Buffer.from(later).toString("base64url"), signature].join(".");
      },
    ],
    [
      "no signature",
      ({ token }) => {
        const [, claims] = token.split(".");
        return `${Buffer.from('{"alg":"none","typ":"export+jwt"}').toString("base64url")}.${claims}.`;
      },
    ],
    ["a secret that is not ours", (made) => forged(made, { secret: "another secret of somebody else, 32 chars" })],
    ["a key of another purpose", (made) => forged(made, { key: new Secrets([SECRET]).derive("session key", "0")[0]! })],
    ["another type", (made) => forged(made, { typ: "at+jwt" })],
    ["another audience", (made) => forged(made, { claims: { aud: "users-subgraph" } })],
    ["another issuer", (made) => forged(made, { claims: { iss: "https://issuer.test/" } })],
    ["an expired token", (made) => forged(made, { claims: { exp: Math.floor(Date.now() / 1000) - 1 } })],
    ["a token that says no tenant", (made) => forged(made, { claims: { tenant_id: undefined } })],
    ["a token of no export", (made) => forged(made, { claims: { sub: "1" } })],
    ["an unknown export", (made) => forged(made, { claims: { sub: "0190aaaa-0000-7000-8000-000000000000" } })],
    ["an unknown tenant", (made) => forged(made, { claims: { tenant_id: "0190aaaa-0000-7000-8000-000000000000" } })],
    ["an export of another tenant", async (made) => forged(made, { claims: { tenant_id: (await tenant()).id } })],
    ["an access token", ({ other }) => other.token],
    [
      "an access token of the type of links",
      ({ here, other }) =>
        sign({ sub: other.guid, tenant_id: here.id, aud: "users-subgraph/exports" }, { typ: "export+jwt" }),
    ],
    [
      "a link that was taken back",
      async ({ here, token, userExport }) => {
        await here.admin.ask(operations.RevokeUserExport!, { input: { exportId: userExport.id as string } });
        return token;
      },
    ],
    [
      "a link past its end",
      async ({ token, userExport }) => {
        await database.sql("UPDATE user_exports SET expires_at = now() WHERE id = $1", [userExport.guid]);
        return token;
      },
    ],
    [
      "a request that is forgotten",
      async ({ token, userExport }) => {
        await database.sql("DELETE FROM user_exports WHERE id = $1", [userExport.guid]);
        return token;
      },
    ],
    [
      "of somebody who was suspended",
      async ({ here, other, token }) => {
        await here.admin.ask(operations.SuspendUser!, { input: { userId: other.id } });
        return token;
      },
    ],
    [
      "of somebody who was revoked",
      async ({ here, other, token }) => {
        await here.admin.ask(operations.RevokeUser!, { input: { userId: other.id } });
        return token;
      },
    ],
    [
      "of somebody who has no role any more",
      async ({ here, other, token }) => {
        await here.dismiss(other);
        return token;
      },
    ],
    [
      "of somebody whose role exports no more",
      async ({ here, token }) => {
        await database.sql(
          "UPDATE roles SET permissions = array_remove(permissions, 'users.export') WHERE tenant_id = $1",
          [here.id],
        );
        return token;
      },
    ],
    [
      "of somebody who is no administrator any more",
      async ({ here, token }) => {
        await database.sql("UPDATE roles SET administrator = false WHERE tenant_id = $1", [here.id]);
        return token;
      },
    ],
  ];

  test.each(BAD)("%s", async (_what, spoil) => {
    const made = await anExport();
    // The control: it was a good one.
    expect(await isGood(made.token)).toBe(true);
    await settled(made.other, made.userExport);
    const token = await spoil(made);
    const before = await made.here.contents();
    expect(await answerOf(token)).toEqual(NOT_FOUND);
    expect(await made.here.contents()).toEqual(before);
  });
});

test("a link is no access token", async () => {
  const { token } = await anExport();
  const answer = await bearer(token).send("{ me { guid } }");
  expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([401, "UNAUTHENTICATED"]);
});

test("of the same guid in two tenants each link is for its own", async () => {
  const [here, there] = [await tenant(), await tenant()];
  const [mine, theirs] = [await asked(here.admin), await asked(there.admin)];
  await database.sql("UPDATE user_exports SET id = $2 WHERE id = $1", [theirs.guid, mine.guid]);
  const file = (await fileAt(`${url}/exports/${tokenOf(mine)}`)).toString();
  expect(file).toContain(here.admin.guid);
  expect(file).not.toContain(there.admin.guid);
});

test("no log tells a link", async () => {
  const { token } = await anExport();
  expect(await isGood(token)).toBe(true);
  await fetch(`${url}/exports/${token}x`);
  expect(logged.join()).not.toContain(token.split(".")[1]);
});

test("where only the router may ask, a browser follows a link all the same", async () => {
  const { admin } = await guarded.tenant();
  const ask = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${guarded.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${admin.token}`, ...headers },
      body: JSON.stringify({ query: "mutation { exportUsers(input: {}) { userExport { downloadUrl } } }" }),
    });
  expect((await ask({})).status).toBe(403);
  const { data } = (await (await ask({ "x-router-secret": ROUTER_SECRET })).json()) as Record<string, any>;
  expect((await fileAt(data.exportUsers.userExport.downloadUrl as string)).toString()).toContain(admin.guid);
});
