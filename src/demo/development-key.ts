import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import { ACCESS_TOKEN_TYPE } from "../access/index.js";

export const DEVELOPMENT_ISSUER = "https://users-subgraph.localhost/";
export const DEVELOPMENT_SESSION_ISSUER = "https://users-subgraph.localhost/sessions";
export const DEVELOPMENT_AUDIENCE = "users-subgraph";

const ALGORITHM = "ES256";
const TWELVE_HOURS = 720;

export interface DevelopmentClaims {
  tenantId: string;
  /** A user's guid, or with scopes a service's client id. */
  subject: string;
  scopes?: string[];
  minutes?: number;
}

export interface DevelopmentKey {
  /** The public half, for a verifier. */
  jwks: JWK[];
  /** An access token as the platform's issuer would give it. */
  sign(claims: DevelopmentClaims): Promise<string>;
}

/** Whether this public key belongs to a development server: by its name, or because that server's data is here. */
export async function isDevelopmentKey(jwk: JWK, dataDir: string): Promise<boolean> {
  const own = await read(join(dataDir, "development-key.json"));
  return (jwk.kid?.startsWith("development") ?? false) || (own !== undefined && own?.x === jwk.x);
}

/** The key that a development server and `npm run token` share: made once, kept beside the data, readable by us alone. */
export async function developmentKey(dataDir: string): Promise<DevelopmentKey> {
  const file = join(dataDir, "development-key.json");
  const { d, ...shared } = (await read(file)) ?? (await create(file));
  const privateKey = await importJWK({ ...shared, d }, ALGORITHM);
  return {
    jwks: [shared],
    sign: ({ tenantId, subject, scopes, minutes = TWELVE_HOURS }) =>
      new SignJWT({
        tenant_id: tenantId,
        ...(scopes && { client_id: subject, scope: scopes.join(" ") }),
      })
        .setProtectedHeader({ alg: ALGORITHM, typ: ACCESS_TOKEN_TYPE, kid: shared.kid! })
        .setIssuer(DEVELOPMENT_ISSUER)
        .setAudience(DEVELOPMENT_AUDIENCE)
        .setSubject(subject)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + minutes * 60)
        .sign(privateKey),
  };
}

/** The secret of a development server: made once, kept beside the data, readable by us alone. */
export async function developmentSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, "development-secret");
  const known = await readText(file);
  if (known !== undefined) return known;
  await place(file, randomBytes(32).toString("base64url"));
  return (await readText(file))!;
}

async function read(file: string): Promise<JWK | undefined> {
  const text = await readText(file);
  return text === undefined ? undefined : (JSON.parse(text) as JWK);
}

const readText = (file: string): Promise<string | undefined> =>
  readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  });

async function create(file: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const named: JWK = { ...jwk, kid: `development-${await calculateJwkThumbprint(jwk)}`, alg: ALGORITHM, use: "sig" };
  await place(file, JSON.stringify(named));
  return (await read(file))!;
}

/** Linked into place whole: of several processes one makes the file, and all of them read it. */
async function place(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: "wx" });
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
}
