import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { readPublicKeys, tokenVerifier, type TokenRules, type TokenVerifier } from "../../src/access/index.js";
import { AUDIENCE, harness, ISSUER, operations, problems, SESSION_ISSUER, sessionKeys } from "../harness/index.js";
import { testLog } from "../harness/log.js";
import { until } from "../harness/smtp.js";

const { log, lines } = testLog();
const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
const jwk: JWK = { ...(await exportJWK(publicKey)), alg: "ES256" };

/** What the issuer publishes; null: it is away. */
let published: JWK[] | null = null;
let fetches = 0;
const issuer = createServer((_request, response) => {
  fetches++;
  response.writeHead(published ? 200 : 503, { connection: "close" }).end(JSON.stringify({ keys: published }));
});
await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
afterAll(() => new Promise((resolve) => issuer.close(resolve)));

const rules = (keys: TokenRules["keys"]): TokenRules => ({
  issuer: ISSUER,
  audience: AUDIENCE,
  keys,
  sessionIssuer: SESSION_ISSUER,
});
const remote = rules({ jwksUrl: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/` });
const { tenant, bearer } = await harness({ log, tokens: remote });

/** A token that nobody has seen yet. */
const tokenOf = (kid: string | undefined, claims: object = {}): Promise<string> =>
  new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: randomUUID(), tenant_id: randomUUID(), jti: randomUUID(), ...claims })
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt", ...(kid !== undefined && { kid }) })
    .setExpirationTime("1h")
    .sign(privateKey);

const outcome = (verify: TokenVerifier, token: string): Promise<string> =>
  verify(token).then(
    () => "accepted",
    (error: { extensions?: { code: string } }) => error.extensions?.code ?? "a fault",
  );

describe("keys behind a URL", () => {
  const { now } = Date;
  let ahead = 0;
  const later = (seconds: number): void => {
    ahead = seconds * 1000;
  };
  let verify: TokenVerifier;
  beforeEach(async () => {
    ahead = 0;
    import.meta.jest.spyOn(Date, "now").mockImplementation(() => now() + ahead);
    published = [{ ...jwk, kid: "first" }];
    verify = await tokenVerifier(remote, sessionKeys, log);
  });
  afterEach(() => import.meta.jest.restoreAllMocks());

  test("one that was taken out is not accepted a minute later, also of a token that was", async () => {
    const token = await tokenOf("first");
    expect(await outcome(verify, token)).toBe("accepted");
    later(29);
    const lateToken = await tokenOf("first");
    expect(await outcome(verify, lateToken)).toBe("accepted");
    published = [{ ...jwk, kid: "second" }];
    later(61);
    for (const old of [token, lateToken, await tokenOf("first")]) {
      expect(await outcome(verify, old)).toBe("UNAUTHENTICATED");
    }
  });

  test("a new one is accepted after five seconds; unknown ones do not flood the issuer", async () => {
    expect(await outcome(verify, await tokenOf("first"))).toBe("accepted");
    published = [{ ...jwk, kid: "second" }];
    const before = fetches;
    for (let count = 0; count < 10; count++) {
      expect(await outcome(verify, await tokenOf(randomUUID()))).toBe("UNAUTHENTICATED");
    }
    expect(fetches).toBe(before);
    later(6);
    expect(await outcome(verify, await tokenOf("second"))).toBe("accepted");
  });

  test("those known serve on for ten minutes while the issuer is away, which is told; then it is UNAVAILABLE", async () => {
    expect(await outcome(verify, await tokenOf("first"))).toBe("accepted");
    published = null;
    const from = lines.length;
    for (const seconds of [40, 300, 590]) {
      later(seconds);
      expect(await outcome(verify, await tokenOf("first"))).toBe("accepted");
    }
    const told = await until(() => lines.slice(from).find(({ msg }) => /issuer's keys/.test(msg as string)));
    expect(told).toMatchObject({ level: 40, err: { message: expect.stringContaining("200") } });
    later(620);
    expect(await outcome(verify, await tokenOf("first"))).toBe("UNAVAILABLE");
    published = [{ ...jwk, kid: "first" }];
    expect(await outcome(verify, await tokenOf("first"))).toBe("accepted");
  });
});

describe("why a token fails", () => {
  const requestOf = (requestId: string): Promise<Record<string, any>> =>
    until(() => lines.find((line) => line.msg === "request" && line.requestId === requestId));

  test("keys that cannot be read are told with their cause, under the id that the client is told", async () => {
    published = null;
    const answer = await bearer(await tokenOf("first")).send(operations.Me!);
    expect([answer.status, problems(answer)]).toEqual([503, ["UNAVAILABLE"]]);
    const requestId = answer.headers.get("x-request-id")!;
    expect((answer.errors![0] as { extensions?: object }).extensions).toEqual({ code: "UNAVAILABLE", requestId });
    const cause = lines.find((line) => line.requestId === requestId && line.msg !== "request");
    expect(cause).toMatchObject({ level: 50, err: { message: expect.stringContaining("Expected 200 OK") } });
  });

  const expired = Math.floor(Date.now() / 1000) - 100;
  test.each<[string, () => string | Promise<string>]>([
    ["aud", () => tokenOf("first", { aud: "another-service" })],
    ["iss", () => tokenOf("first", { iss: "https://other.test/" })],
    [
      "exp",
      async () =>
        new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: "a", tenant_id: "b" })
          .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "first" })
          .setExpirationTime(expired)
          .sign(privateKey),
    ],
    ["tenant_id", () => tokenOf("first", { tenant_id: "none" })],
    ["sub", () => tokenOf("first", { sub: "none" })],
    ["act", () => tokenOf("first", { act: {} })],
    ["signature", async () => (await tokenOf("first")).replace(/[^.]+$/, "A".repeat(86))],
    ["no such key", () => tokenOf("unknown")],
    ["not a JWT", () => "not.a.token"],
    ["tenant_id or sub", async () => tokenOf("first", { tenant_id: (await tenant()).id })],
  ])("the line of a refused one says %s, and the client nothing of it", async (reason, token) => {
    published = [{ ...jwk, kid: "first" }];
    const answer = await bearer(await token()).send(operations.Me!);
    expect(answer.status).toBe(401);
    expect((answer.errors![0] as { extensions?: object }).extensions).toEqual({ code: "UNAUTHENTICATED" });
    expect(await requestOf(answer.headers.get("x-request-id")!)).toMatchObject({ level: 30, reason });
  });
});

describe("a key given directly", () => {
  const given = async (text: string): Promise<TokenVerifier> =>
    tokenVerifier(rules({ jwks: await readPublicKeys(text) }), sessionKeys, log);

  test("without a kid of its own is any token's", async () => {
    for (const text of [await exportSPKI(publicKey), JSON.stringify(jwk)]) {
      const verify = await given(text);
      for (const kid of [undefined, "first", "second"]) {
        expect(await outcome(verify, await tokenOf(kid))).toBe("accepted");
      }
    }
  });

  test("with one is only that of its own tokens, and of those that name none", async () => {
    const verify = await given(JSON.stringify({ ...jwk, kid: "first" }));
    expect(await outcome(verify, await tokenOf(undefined))).toBe("accepted");
    expect(await outcome(verify, await tokenOf("first"))).toBe("accepted");
    expect(await outcome(verify, await tokenOf("second"))).toBe("UNAUTHENTICATED");
  });

  test("is told apart from others by its kid, which each of several has to have", async () => {
    const other = await exportJWK((await generateKeyPair("ES256")).publicKey);
    const both = (mine: object, others: object): string =>
      JSON.stringify({
        keys: [
          { ...jwk, ...mine },
          { ...other, ...others },
        ],
      });
    for (const text of [
      both({}, {}),
      both({}, { kid: "b" }),
      both({ kid: "a" }, {}),
      both({ kid: "a" }, { kid: "a" }),
    ]) {
      await expect(readPublicKeys(text)).rejects.toThrow("each needs one of its own");
    }
    const verify = await given(both({ kid: "a" }, { kid: "b" }));
    expect(await outcome(verify, await tokenOf("a"))).toBe("accepted");
    for (const kid of ["b", "c", undefined]) {
      expect(await outcome(verify, await tokenOf(kid))).toBe("UNAUTHENTICATED");
    }
  });

  test("is left out when it is for something else than signatures, and refused when no other is left", async () => {
    const other = await exportJWK((await generateKeyPair("RSA-OAEP")).publicKey);
    const set = {
      keys: [
        { ...other, use: "enc", alg: "RSA-OAEP", kid: "e" },
        { ...jwk, use: "sig", kid: "s" },
      ],
    };
    expect(await outcome(await given(JSON.stringify(set)), await tokenOf("s"))).toBe("accepted");
    for (const purpose of [{ use: "enc" }, { key_ops: ["encrypt"] }]) {
      await expect(readPublicKeys(JSON.stringify({ ...jwk, ...purpose }))).rejects.toThrow(
        "does not verify signatures",
      );
    }
  });

  test.each([
    "a key",
    "{",
    "{}",
    '{"keys":[]}',
    '{"keys":"a"}',
    '{"keys":[null]}',
    '{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}',
  ])("is refused when it is none: %s", async (text) => {
    await expect(readPublicKeys(text)).rejects.toThrow("no public key as PEM, JWK or JWKS");
  });

  test("is never a private one", async () => {
    const { KeyObject } = await import("node:crypto");
    const key = KeyObject.from(privateKey);
    const encrypted = { format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" } as const;
    for (const text of [
      await exportPKCS8(privateKey),
      key.export({ format: "pem", type: "sec1" }) as string,
      key.export(encrypted) as string,
      JSON.stringify(await exportJWK(privateKey)),
    ]) {
      await expect(readPublicKeys(text)).rejects.toThrow("only public keys verify");
    }
  });
});
