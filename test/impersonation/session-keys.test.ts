import { calculateJwkThumbprint, createRemoteJWKSet, jwtVerify, type JWK } from "jose";
import pino from "pino";
import { SESSION_ALGORITHM, SessionKeys, tokenVerifier } from "../../src/access/index.js";
import { Secrets } from "../../src/kit/index.js";
import { AUDIENCE, harness, ISSUER, operations, SECRET, SESSION_ISSUER, sessionKeys } from "../harness/index.js";

const NEW_SECRET = "another secret of the tests, which replaces the first";
/** A server whose secret is being replaced, and one behind a router. */
const { tenant, url, anonymous, bearer } = await harness({ secrets: [NEW_SECRET, SECRET] });
const guarded = await harness({ routerSecrets: ["a secret of the router"] });

const DAY = 24 * 3_600_000;
const JWKS = "/.well-known/jwks.json";

async function published(server: string): Promise<JWK[]> {
  const response = await fetch(server + JWKS);
  expect(response.status).toBe(200);
  return ((await response.json()) as { keys: JWK[] }).keys;
}

/** The session that a ticket gives. */
async function signedIn(): Promise<{ guid: string; token: string }> {
  const here = await tenant();
  const user = await here.user();
  const group = await here.group({ members: [user] });
  const input = { groupId: group.id, userId: user.id, reason: "a test" };
  const { createLoginToken } = await here.admin.ask(operations.CreateLoginToken!, { input });
  const { redeemLoginToken } = await anonymous.ask(operations.RedeemLoginToken!, {
    input: { token: createLoginToken.loginToken },
  });
  return { guid: user.guid, token: redeemLoginToken.accessToken };
}

describe("the published keys", () => {
  test("are for everybody, without the router's secret, and for some minutes", async () => {
    expect((await fetch(`${guarded.url}/graphql`)).status).toBe(403);
    const response = await fetch(guarded.url + JWKS);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(response.headers.get("cache-control")).toBe("public, max-age=300");
  });

  test("are three of each secret, public halves alone, named by their thumbprint", async () => {
    const keys = await published(url);
    expect(keys).toHaveLength(6);
    expect(await published(guarded.url)).toHaveLength(3);
    for (const key of keys) {
      const shown = { kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig", x: expect.any(String) };
      expect(key).toEqual({ ...shown, kid: await calculateJwkThumbprint(key) });
    }
    expect(new Set(keys.map(({ x }) => x)).size).toBe(6);
  });

  test("verify a session's token as a router does it", async () => {
    const { guid, token } = await signedIn();
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(url + JWKS)), {
      issuer: SESSION_ISSUER,
      audience: AUDIENCE,
      algorithms: [SESSION_ALGORITHM],
    });
    expect(payload.sub).toBe(guid);
    const others = createRemoteJWKSet(new URL(guarded.url + JWKS));
    await expect(jwtVerify(token, others)).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
  });
});

describe("while one secret replaces another", () => {
  test("sessions of the old one last, and the new one signs", async () => {
    const here = await tenant();
    const user = await here.user();
    const old = await here.actingAs(here.admin, user);
    expect((await old.ask(operations.Me!)).me.guid).toBe(user.guid);
    const { guid, token } = await signedIn();
    expect((await bearer(token).ask(operations.Me!)).me.guid).toBe(guid);
    const { kid } = JSON.parse(Buffer.from(token.split(".")[0]!, "base64url").toString()) as { kid: string };
    expect(kid).toBe(new SessionKeys(new Secrets([NEW_SECRET])).signing.kid);
    expect(kid).not.toBe(sessionKeys.signing.kid);
  });

  test("a server that knows the old one alone takes no session of the new", async () => {
    const { token } = await signedIn();
    const rules = { issuer: ISSUER, audience: AUDIENCE, keys: { jwks: [] }, sessionIssuer: SESSION_ISSUER };
    const verifies = async (keys: SessionKeys): Promise<unknown> =>
      (await tokenVerifier(rules, keys, pino({ level: "silent" })))(token);
    await expect(verifies(sessionKeys)).rejects.toMatchObject({ extensions: { code: "UNAUTHENTICATED" } });
    await verifies(new SessionKeys(new Secrets([NEW_SECRET])));
  });
});

describe("a key's time", () => {
  const at = (time: number, ...secrets: string[]): SessionKeys => new SessionKeys(new Secrets(secrets), () => time);
  const kids = (keys: SessionKeys): string[] => keys.published.keys.map(({ kid }) => kid!);
  const START = 1000 * 30 * DAY;

  test("every server derives the same ones, and another secret others", () => {
    expect(at(START, SECRET).published).toEqual(at(START + DAY, SECRET).published);
    expect(kids(at(START, SECRET)).filter((kid) => kids(at(START, NEW_SECRET)).includes(kid))).toEqual([]);
    expect(kids(at(START, NEW_SECRET, SECRET))).toEqual(
      expect.arrayContaining([...kids(at(START, NEW_SECRET)), ...kids(at(START, SECRET))]),
    );
  });

  test("is 30 days: published the 30 before, and verifying the 30 after", () => {
    const { kid } = at(START, SECRET).signing;
    expect(at(START + 30 * DAY - 1, SECRET).signing.kid).toBe(kid);
    expect(at(START + 30 * DAY, SECRET).signing.kid).not.toBe(kid);
    const known = [-31, -30, -1, 0, 29, 30, 59, 60].map((day) => at(START + day * DAY, SECRET).find(kid) !== undefined);
    expect(known).toEqual([false, true, true, true, true, true, true, false]);
  });

  test("passes while a server runs", () => {
    let time = START;
    const keys = new SessionKeys(new Secrets([SECRET]), () => time);
    const first = keys.signing;
    expect(keys.signing).toBe(first);
    time += 30 * DAY;
    expect(keys.signing.kid).not.toBe(first.kid);
    expect(keys.signing.kid).toBe(at(time, SECRET).signing.kid);
    expect(keys.find(first.kid)).toBeDefined();
  });
});
