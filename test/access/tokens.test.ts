import { createSecretKey, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWTHeaderParameters, type JWTPayload } from "jose";
import pino from "pino";
import { PERMISSIONS, SESSION_SECONDS, tokenVerifier } from "../../src/access/index.js";
import { toGlobalId } from "../../src/kit/index.js";
import { UserStatus, UserType } from "../../src/users/index.js";
import {
  AUDIENCE,
  harness,
  ISSUER,
  operations,
  problems,
  SESSION_ISSUER,
  sessionKeys,
  type Person,
  type TestTenant,
} from "../harness/index.js";

const { tenant, url, bearer, anonymous, keys, database } = await harness({ alone: true });
const stranger = await generateKeyPair("ES256", { extractable: true });
const HEADER: JWTHeaderParameters = { alg: "ES256", kid: "test", typ: "at+jwt" };

const now = (): number => Math.floor(Date.now() / 1000);
const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");

/** A valid token's claims for that user; `undefined` takes one away. */
const claimsOf = (here: { id: string }, user: { guid: string }, changes: JWTPayload = {}): JWTPayload => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: user.guid,
  tenant_id: here.id,
  exp: now() + 3600,
  ...changes,
});

const signed = (
  claims: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
  key: Parameters<SignJWT["sign"]>[0] = keys.privateKey,
): Promise<string> => new SignJWT(claims).setProtectedHeader({ ...HEADER, ...header }).sign(key);

/** What a request with that header gets: the status, and the answer without its message. */
async function answerTo(authorization: string | null): Promise<unknown[]> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(authorization !== null && { authorization }) },
    body: JSON.stringify({ query: operations.Me }),
  });
  const body = (await response.json()) as { errors?: { message: unknown }[] };
  for (const error of body.errors ?? []) error.message = typeof error.message;
  return [response.status, body];
}

const REFUSED = [401, { errors: [{ message: "string", extensions: { code: "UNAUTHENTICATED" } }] }];

const expectRefused = async (token: string): Promise<void> =>
  expect(await answerTo(`Bearer ${token}`)).toEqual(REFUSED);

const expectAccepted = async (token: string, guid: string): Promise<void> =>
  expect((await bearer(token).ask(operations.Me!)).me.guid).toBe(guid);

test("a valid token is accepted, its scheme in any case", async () => {
  const { admin, id } = await tenant();
  const token = await signed(claimsOf({ id }, admin));
  await expectAccepted(token, admin.guid);
  for (const scheme of ["Bearer", "bearer", "BEARER"]) {
    expect(await answerTo(`${scheme} ${token}`)).toEqual([
      200,
      { data: { me: expect.objectContaining({ guid: admin.guid }) } },
    ]);
  }
});

test("a missing token is refused where somebody has to be signed in", async () => {
  const answer = await anonymous.send(operations.Me!);
  expect(answer.status).toBe(401);
  expect(problems(answer)).toEqual(["UNAUTHENTICATED"]);
});

test.each([
  "",
  "Bearer",
  "Bearer ",
  "Basic YTpi",
  "Token abc",
  "Bearer a b",
  "Bearer é",
  "Bearer ..",
  "Bearer a.b.c",
  "x",
])("the header %j is refused", async (authorization) => {
  expect(await answerTo(authorization)).toEqual(REFUSED);
});

describe("the time", () => {
  test("30 seconds of skew are forgiven, and not many more", async () => {
    const here = await tenant();
    await expectAccepted(await signed(claimsOf(here, here.admin, { exp: now() - 20 })), here.admin.guid);
    await expectRefused(await signed(claimsOf(here, here.admin, { exp: now() - 35 })));
    await expectAccepted(await signed(claimsOf(here, here.admin, { nbf: now() + 20 })), here.admin.guid);
    await expectRefused(await signed(claimsOf(here, here.admin, { nbf: now() + 60 })));
  });

  test("a token that was accepted before is refused once it has expired", async () => {
    const here = await tenant();
    const exp = now() - 28;
    const token = await signed(claimsOf(here, here.admin, { exp }));
    await expectAccepted(token, here.admin.guid);
    while (now() <= exp + 31) await new Promise((resolve) => setTimeout(resolve, 100));
    await expectRefused(token);
  });

  test.each([undefined, "soon", null, -1, 0])("an expiry of %j is refused", async (exp) => {
    const here = await tenant();
    await expectRefused(await signed(claimsOf(here, here.admin, { exp: exp as never })));
  });
});

test.each([
  ["iss", "https://other.test/"],
  ["iss", undefined],
  ["aud", "another-service"],
  ["aud", ["another-service"]],
  ["aud", undefined],
  ["sub", undefined],
  ["sub", ""],
  ["sub", "not a guid"],
  ["sub", 7],
  ["sub", "00000000-0000-7000-8000-000000000000"],
  ["tenant_id", undefined],
  ["tenant_id", ""],
  ["tenant_id", "not a guid"],
  ["tenant_id", 7],
  ["tenant_id", ["a"]],
  ["tenant_id", "00000000-0000-7000-8000-000000000000"],
])("a token whose %s is %j is refused", async (claim, value) => {
  const here = await tenant();
  await expectRefused(await signed(claimsOf(here, here.admin, { [claim]: value })));
});

test.each(["JWT", "invitation+jwt", "login+jwt", "export+jwt", "", undefined])(
  "a token of type %j is refused",
  async (typ) => {
    const here = await tenant();
    await expectRefused(await signed(claimsOf(here, here.admin), { typ }));
  },
);

describe("the signature", () => {
  test("none at all is refused", async () => {
    const here = await tenant();
    const claims = encoded(claimsOf(here, here.admin));
    for (const alg of ["none", "None", "NONE", "ES256"]) {
      await expectRefused(`${encoded({ ...HEADER, alg })}.${claims}.`);
    }
  });

  test("HS256 with the public key as its secret is refused", async () => {
    const here = await tenant();
    const secrets = [await exportSPKI(keys.publicKey), JSON.stringify(await exportJWK(keys.publicKey))];
    for (const secret of secrets) {
      const key = createSecretKey(Buffer.from(secret));
      await expectRefused(await signed(claimsOf(here, here.admin), { alg: "HS256" }, key));
    }
  });

  test("of another key is refused, whatever its name", async () => {
    const here = await tenant();
    for (const kid of ["test", "unknown", "../../dev/null", "", undefined]) {
      await expectRefused(await signed(claimsOf(here, here.admin), { kid }, stranger.privateKey));
    }
  });

  test("of our key under an unknown name is refused", async () => {
    const here = await tenant();
    await expectRefused(await signed(claimsOf(here, here.admin), { kid: "unknown" }));
  });

  test("of another algorithm is refused", async () => {
    const here = await tenant();
    const { privateKey } = await generateKeyPair("ES384");
    await expectRefused(await signed(claimsOf(here, here.admin), { alg: "ES384" }, privateKey));
  });

  test("the token's own keys are not listened to", async () => {
    const here = await tenant();
    const jwk = await exportJWK(stranger.publicKey);
    const headers: Partial<JWTHeaderParameters>[] = [
      { jwk },
      { jku: `${url}/jwks` },
      { x5u: `${url}/x5u` },
      { x5c: ["MIIB"] },
      { jwk, kid: undefined },
    ];
    for (const header of headers)
      await expectRefused(await signed(claimsOf(here, here.admin), header, stranger.privateKey));
    for (const header of headers)
      await expectAccepted(await signed(claimsOf(here, here.admin), header), here.admin.guid);
  });

  test("over other claims is refused", async () => {
    const here = await tenant();
    const user = await here.user();
    const [header, , signature] = user.token.split(".");
    await expectRefused(`${header}.${encoded(claimsOf(here, here.admin))}.${signature}`);
  });

  test("a critical extension that we do not know is refused", async () => {
    const here = await tenant();
    const forged = `${encoded({ ...HEADER, crit: ["exp2"], exp2: 1 })}.${encoded(claimsOf(here, here.admin))}.AAAA`;
    await expectRefused(forged);
  });

  test("an enormous token is refused", async () => {
    const here = await tenant();
    await expectRefused(await signed(claimsOf(here, here.admin, { iss: "x".repeat(8_000) })));
  });
});

test("a user's guid under another tenant's id is nobody there", async () => {
  const [here, there] = [await tenant(), await tenant()];
  await expectRefused(await signed(claimsOf(there, here.admin)));
});

test("one guid in two tenants is two users", async () => {
  const [here, there] = [await tenant(), await tenant()];
  const user = await here.user({ contactEmail: "here@example.com" });
  const twin = await there.user({ guid: user.guid, contactEmail: "there@example.com" });
  expect((await user.ask(operations.Me!)).me.contactEmail).toBe("here@example.com");
  expect((await twin.ask(operations.Me!)).me.contactEmail).toBe("there@example.com");
});

test.each([UserStatus.DRAFT, UserStatus.INVITED, UserStatus.SUSPENDED, UserStatus.REVOKED])(
  "a user who is %s is refused",
  async (status) => {
    const here = await tenant();
    await expectRefused((await here.user({ status })).token);
  },
);

describe("a service's token", () => {
  const service = (here: { id: string }, changes: JWTPayload) =>
    signed(claimsOf(here, { guid: "reports" }, { client_id: "reports", scope: "users.read", ...changes }));
  const LIST = "{ users { totalCount } me { guid } }";

  test("may what its scopes say and nothing else", async () => {
    const here = await tenant();
    const input = { userId: here.admin.id, forename: "X" };
    const caller = bearer(await service(here, {}));
    expect(await caller.ask(LIST)).toEqual({ users: { totalCount: 1 }, me: null });
    expect(problems(await caller.send(operations.UpdateUser!, { input }))).toEqual(["FORBIDDEN"]);
    expect(problems(await bearer(await service(here, { scope: "groups.read" })).send(LIST))).toEqual(["FORBIDDEN"]);
    expect(problems(await bearer(await service(here, { scope: "" })).send(LIST))).toEqual(["FORBIDDEN"]);
  });

  test("is not one when its client is not its subject, or it has no scope", async () => {
    const here = await tenant();
    for (const changes of [
      { client_id: "other" },
      { client_id: undefined },
      { scope: undefined },
      { scope: ["users.read"] },
    ]) {
      await expectRefused(await service(here, changes));
    }
  });

  test("belongs to a tenant that is there, and its name is no longer than 255 characters", async () => {
    const here = await tenant();
    await expectRefused(await service(here, { tenant_id: randomUUID() }));
    const named = (length: number) => ({ sub: "x".repeat(length), client_id: "x".repeat(length) });
    await expectRefused(await service(here, named(256)));
    expect((await bearer(await service(here, named(255))).send(LIST)).status).toBe(200);
  });

  test("does not act as anybody", async () => {
    const here = await tenant();
    await expectRefused(await service(here, { act: { sub: here.admin.guid } }));
  });
});

describe("scopes in a user's token", () => {
  test("add nothing to what the user may", async () => {
    const here = await tenant();
    const user = await here.user();
    const token = await signed(claimsOf(here, user, { scope: PERMISSIONS.join(" "), client_id: "dashboard" }));
    expect(problems(await bearer(token).send("{ users { totalCount } }"))).toEqual(["FORBIDDEN"]);
  });
});

describe("an impersonated session", () => {
  /** A session's token of the administrator as that user, with these changes; of our own key unless given another. */
  const sessionToken = async (
    here: TestTenant,
    user: Person,
    changes: JWTPayload = {},
    header: Partial<JWTHeaderParameters> = {},
    key: Parameters<SignJWT["sign"]>[0] = sessionKeys.signing.privateKey,
  ): Promise<string> => {
    const { guid: group } = await here.group({ members: [user] });
    const iat = now();
    const said = {
      iss: SESSION_ISSUER,
      iat,
      exp: iat + SESSION_SECONDS,
      act: { sub: here.admin.guid },
      group_id: group,
      lockouts: [0, 0],
    };
    const own = { alg: "EdDSA", kid: sessionKeys.signing.kid };
    return signed(claimsOf(here, user, { ...said, ...changes }), { ...own, ...header }, key);
  };

  test("has the user's rights and not the actor's", async () => {
    const here = await tenant();
    const user = await here.user();
    const session = await here.actingAs(here.admin, user);
    expect(problems(await session.send("{ users { totalCount } }"))).toEqual(["FORBIDDEN"]);
    expect(
      await session.ask("query ($id: ID!) { node(id: $id) { id } }", { id: toGlobalId("User", here.admin.guid) }),
    ).toEqual({
      node: null,
    });
  });

  test("names its actor by a guid, and is never chained", async () => {
    const here = await tenant();
    const user = await here.user();
    const sub = here.admin.guid;
    const acts = [undefined, null, "", "admin", sub, {}, { sub: "admin" }, { sub: 7 }, { sub, act: { sub } }, [sub]];
    for (const act of acts) await expectRefused(await sessionToken(here, user, { act }));
    await expectAccepted(await sessionToken(here, user, { act: { sub } }), user.guid);
  });

  test("is for one group, of which the user is a member", async () => {
    const here = await tenant();
    const [user, other] = [await here.user(), await here.group({ members: [await here.user()] })];
    for (const group of [undefined, null, "", "group", 7, [other.guid], other.guid, randomUUID()]) {
      await expectRefused(await sessionToken(here, user, { group_id: group }));
    }
  });

  test("says how often both had been locked out", async () => {
    const here = await tenant();
    const user = await here.user();
    for (const lockouts of [undefined, null, 0, "0,0", [], [0], [0, 0, 0], ["0", "0"], [0, 0.5], [1, 0], [0, 1]]) {
      await expectRefused(await sessionToken(here, user, { lockouts }));
    }
    await expectAccepted(await sessionToken(here, user, { lockouts: [0, 0] }), user.guid);
  });

  test("lasts 30 minutes at most, and says since when", async () => {
    const here = await tenant();
    const user = await here.user();
    const iat = now();
    await expectRefused(await sessionToken(here, user, { iat, exp: iat + SESSION_SECONDS + 1 }));
    for (const wrong of [undefined, null, "now", `${iat}`]) {
      await expectRefused(await sessionToken(here, user, { iat: wrong as never }));
    }
    const began = iat - SESSION_SECONDS;
    await expectAccepted(await sessionToken(here, user, { iat: began + 60, exp: iat + 60 }), user.guid);
    await expectRefused(await sessionToken(here, user, { iat: began - 60, exp: iat - 60 }));
  });

  test("is only for this audience", async () => {
    const here = await tenant();
    await expectRefused(await sessionToken(here, await here.user(), { aud: "another-service" }));
  });

  test("is never a service's", async () => {
    const here = await tenant();
    const changes = { sub: "reports", client_id: "reports", scope: "users.read" };
    await expectRefused(await sessionToken(here, await here.user(), changes));
  });

  test("is signed by our own key, which signs nothing else", async () => {
    const here = await tenant();
    const user = await here.user();
    const platform = { alg: "ES256", kid: "test" };
    const { privateKey } = await generateKeyPair("EdDSA");
    await expectRefused(await sessionToken(here, user, {}, platform, keys.privateKey));
    await expectRefused(await sessionToken(here, user, { iss: ISSUER }, platform, keys.privateKey));
    await expectRefused(await sessionToken(here, user, { iss: ISSUER }));
    await expectRefused(await sessionToken(here, user, { iss: ISSUER, act: undefined }));
    await expectRefused(await sessionToken(here, user, {}, {}, privateKey));
    for (const kid of ["test", "unknown", undefined]) await expectRefused(await sessionToken(here, user, {}, { kid }));
    // The control: without who acts, it is a token as the platform signs it.
    const plain = await sessionToken(here, user, { iss: ISSUER, act: undefined }, platform, keys.privateKey);
    await expectAccepted(plain, user.guid);
  });

  test("is only for active administrators of the same tenant who may impersonate", async () => {
    const [here, there] = [await tenant(), await tenant()];
    const user = await here.user();
    const actors = [
      await here.user(),
      await here.internal(["users.impersonate"]),
      await here.internal(["users.read"], { administrator: true }),
      await here.internal(["users.impersonate"], { administrator: true, status: UserStatus.SUSPENDED }),
      await here.internal(["users.impersonate"], { administrator: true, status: UserStatus.REVOKED }),
      there.admin,
      { ...user, guid: "00000000-0000-7000-8000-000000000000" },
    ];
    for (const actor of actors) await expectRefused((await here.actingAs(actor, user)).token);
  });

  test("is never as one of the staff", async () => {
    const here = await tenant();
    const colleague = await here.user({ type: UserType.INTERNAL });
    await expectRefused((await here.actingAs(here.admin, colleague)).token);
    await expectRefused((await here.actingAs(here.admin, here.admin)).token);
  });
});

test("whoever loses a role loses its permissions at the next request", async () => {
  const here = await tenant();
  const member = await here.internal(["users.read"]);
  const list = "{ users { totalCount } }";
  expect((await member.ask(list)).users.totalCount).toBe(2);
  await here.dismiss(member);
  expect(problems(await member.send(list))).toEqual(["FORBIDDEN"]);
});

describe("what goes wrong on our side does not refuse the token", () => {
  test("keys that cannot be fetched are UNAVAILABLE; a key that is not among them is UNAUTHENTICATED", async () => {
    let keySet: object | null = null;
    const issuer = createServer((_request, response) => {
      response.writeHead(keySet ? 200 : 503, { connection: "close" }).end(JSON.stringify(keySet));
    });
    await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
    const jwksUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`;
    const claims = claimsOf({ id: randomUUID() }, { guid: randomUUID() });
    /** How a server that has just started takes a token. */
    const outcome = async (header: Partial<JWTHeaderParameters> = {}): Promise<string> => {
      const verify = await tokenVerifier(
        { issuer: ISSUER, audience: AUDIENCE, keys: { jwksUrl }, sessionIssuer: SESSION_ISSUER },
        sessionKeys,
        pino({ level: "silent" }),
      );
      const accepted = verify(await signed(claims, header)).then(() => "accepted");
      return accepted.catch((error: { extensions?: { code: string } }) => error.extensions?.code ?? "a fault");
    };
    try {
      expect(await outcome()).toBe("UNAVAILABLE");
      keySet = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: "test", alg: "ES256" }] };
      expect(await outcome()).toBe("accepted");
      expect(await outcome({ kid: "unknown" })).toBe("UNAUTHENTICATED");
    } finally {
      await new Promise((resolve) => issuer.close(resolve));
    }
    expect(await outcome()).toBe("UNAVAILABLE");
  });

  test("a database that takes no connections is UNAVAILABLE, until it does", async () => {
    const { admin } = await tenant();
    const name = new URL(database.appUrl).pathname.slice(1);
    await database.sql(`ALTER DATABASE ${name} CONNECTION LIMIT 0`);
    await database.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'users_app' AND datname = $1",
      [name],
    );
    const away = await admin.send(operations.Me!);
    await database.sql(`ALTER DATABASE ${name} CONNECTION LIMIT -1`);
    expect(problems(away)).toEqual(["UNAVAILABLE"]);
    expect((await admin.ask(operations.Me!)).me.guid).toBe(admin.guid);
  });
});
