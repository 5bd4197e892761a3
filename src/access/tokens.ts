import { createPublicKey, randomUUID } from "node:crypto";
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  errors,
  exportJWK,
  importJWK,
  jwtVerify,
  SignJWT,
  type JWK,
  type JWTPayload,
  type JWTVerifyGetKey,
} from "jose";
import type { Logger } from "pino";
import { type Impersonation, isUuid, type SessionSigner, unauthenticated, unavailable } from "../kit/index.js";
import { SESSION_ALGORITHM, type SessionKeys } from "./session-keys.js";

/** What a verified access token says. Everything else in it is ignored. */
export interface Claims {
  tenantId: string;
  /** The user's guid, or a service's client id. */
  subject: string;
  /** A service token's scopes; null: a user's token, whose permissions come from the database. */
  scopes: ReadonlySet<string> | null;
  /** The internal user behind an impersonated session (RFC 8693), and the group that it was made for. */
  act: (Pick<Impersonation, "groupId" | "lockouts"> & { sub: string }) | null;
  expiresAt: number;
}

export interface TokenRules {
  /** The platform's: whoever signs people and services in. */
  issuer: string;
  audience: string;
  /** Public keys by `kid`: a JWKS behind a URL, or given directly. */
  keys: { jwksUrl: string } | { jwks: JWK[] };
  /** This service itself, in the tokens of impersonated sessions. */
  sessionIssuer: string;
}

/** One whose tokens are accepted: its keys verify no token of another. */
interface Issuer {
  issuer: string;
  keyOf: JWTVerifyGetKey;
  algorithms: string[];
  /** What its tokens say of who acts as their user: nothing, or all that a session has to say. */
  actOf: (payload: JWTPayload) => Claims["act"] | undefined;
}

/** Access tokens say so in their header (RFC 9068); invitation, login and export tokens carry another `typ`. */
export const ACCESS_TOKEN_TYPE = "at+jwt";
/** How long an impersonated session lasts at most. */
export const SESSION_SECONDS = 30 * 60;
const SKEW_SECONDS = 30;
const ALGORITHMS = ["ES256", "ES384", "EdDSA", "RS256", "PS256"];
/** A service's name stands in indexes. */
const MAX_CLIENT_ID = 255;
const CACHE_SIZE = 10_000;
/**
 * How long keys that were read are known before they are read again, and tokens that were verified. So one that a key
 * taken out of the JWKS has signed stops being accepted after twice this at the latest: a minute.
 */
const CACHE_MILLISECONDS = 30_000;
/** How long the keys that are known serve while they cannot be read again. */
const KEYS_MILLISECONDS = 10 * 60_000;
/** How soon after the last time they are read again for a token that names an unknown one. */
const COOLDOWN_MILLISECONDS = 5_000;

/** Why a token is refused, for the log, by the code of jose's error; its message might quote the token. */
const REASONS: Record<string, string> = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "signature",
  ERR_JWKS_NO_MATCHING_KEY: "no such key",
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: "more than one key",
  ERR_JOSE_ALG_NOT_ALLOWED: "alg",
  ERR_JOSE_NOT_SUPPORTED: "not supported",
};

export type TokenVerifier = (token: string) => Promise<Claims>;

/**
 * Verifies access tokens of the platform's issuer and of our own: pinned algorithm, key by `kid`, issuer, audience,
 * expiry and type. A verified token is remembered for half a minute, because a signature costs more than most requests.
 */
export async function tokenVerifier(
  { issuer, audience, keys, sessionIssuer }: TokenRules,
  sessionKeys: SessionKeys,
  log: Logger,
): Promise<TokenVerifier> {
  const keyOf = "jwksUrl" in keys ? remoteKeys(keys.jwksUrl, log) : localKeys(keys.jwks);
  const issuers: Issuer[] = [
    { issuer, keyOf, algorithms: ALGORITHMS, actOf: ({ act }) => (act === undefined ? null : undefined) },
    { issuer: sessionIssuer, keyOf: ownKeys(sessionKeys), algorithms: [SESSION_ALGORITHM], actOf: sessionOf },
  ];
  const cache = new Map<string, { claims: Claims; until: number }>();

  return async (token) => {
    const now = Date.now();
    const known = cache.get(token);
    if (known && known.until > now) return known.claims;
    cache.delete(token);
    const claims = await verify(token, issuers, audience);
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
    cache.set(token, { claims, until: Math.min(now + CACHE_MILLISECONDS, (claims.expiresAt + SKEW_SECONDS) * 1000) });
    return claims;
  };
}

/**
 * Read again when they are due; while that fails those known serve on, and nobody waits for another try. Where none are
 * known, that says nothing about the token: its holder should try again, not sign in again.
 */
function remoteKeys(url: string, log: Logger): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: KEYS_MILLISECONDS,
    cooldownDuration: COOLDOWN_MILLISECONDS,
  });
  let due = 0;
  let away = false;
  let read: Promise<void> | undefined;
  const readWhenDue = async (): Promise<void> => {
    // Those that are not fresh jose reads itself.
    if (!keys.fresh || Date.now() >= due) {
      due = Date.now() + CACHE_MILLISECONDS;
      read = keys.fresh ? keys.reload().then(back, gone) : undefined;
    }
    if (!away) await read;
  };
  const back = (): void => {
    away = false;
  };
  const gone = (error: unknown): void => {
    away = true;
    log.warn({ err: error }, "the issuer's keys cannot be read; those known serve on");
  };
  return async (header, token) => {
    try {
      await readWhenDue();
      return await keys(header, token);
    } catch (error) {
      const known = error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;
      throw known || error instanceof errors.JOSENotSupported
        ? error
        : unavailable("The issuer's keys cannot be read now. Try again.", error as Error);
    }
  };
}

/** A lone key without a name is any token's, as a PEM has none. */
function localKeys(jwks: JWK[]): JWTVerifyGetKey {
  const keys = createLocalJWKSet({ keys: jwks });
  const nameless = jwks.length === 1 && jwks[0]!.kid === undefined;
  return nameless ? ({ kid: _kid, ...header }, token) => keys(header, token) : keys;
}

const ownKeys =
  (sessionKeys: SessionKeys): JWTVerifyGetKey =>
  ({ kid }) => {
    const key = sessionKeys.find(kid);
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key;
  };

const NOT_VALID = "The bearer token is not valid.";

async function verify(token: string, issuers: Issuer[], audience: string): Promise<Claims> {
  try {
    const named = decodeJwt(token).iss;
    const known = issuers.find(({ issuer }) => issuer === named);
    if (!known) throw unauthenticated(NOT_VALID, "iss");
    const { payload } = await jwtVerify(token, known.keyOf, {
      issuer: known.issuer,
      audience,
      algorithms: known.algorithms,
      typ: ACCESS_TOKEN_TYPE,
      clockTolerance: SKEW_SECONDS,
      requiredClaims: ["exp", "sub", "tenant_id"],
    });
    return claimsOf(payload, known.actOf(payload));
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError)
      throw unauthenticated(NOT_VALID, reasonOf(error));
    throw error;
  }
}

/** The claims that jose names are those that we ask for, never others that stand in the token. */
const reasonOf = (error: errors.JOSEError | TypeError): string =>
  error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed
    ? error.claim
    : ("code" in error && REASONS[error.code]) || "not a JWT";

const isGuid = (claim: unknown): claim is string => typeof claim === "string" && isUuid(claim);

const isPairOfCounts = (claim: unknown): claim is [number, number] =>
  Array.isArray(claim) && claim.length === 2 && claim.every(Number.isSafeInteger);

/** Who acts as the token's user, and where; undefined when a session's token does not say it as it has to. */
function sessionOf({ act, group_id: group, lockouts, iat, exp }: JWTPayload): Claims["act"] | undefined {
  const { sub: actor, act: chained } = (act ?? {}) as { sub?: unknown; act?: unknown };
  const lasts = exp! - (iat ?? Number.NaN);
  if (!isGuid(actor) || !isGuid(group) || chained !== undefined || !(lasts <= SESSION_SECONDS)) return undefined;
  if (!isPairOfCounts(lockouts)) return undefined;
  return { sub: actor.toLowerCase(), groupId: group.toLowerCase(), lockouts };
}

function claimsOf(payload: JWTPayload, act: Claims["act"] | undefined): Claims {
  const { tenant_id: tenant, sub, exp, scope, client_id: client } = payload;
  const service = typeof client === "string" && client === sub && typeof scope === "string";
  const refused = (claim: string) =>
    unauthenticated("The bearer token's claims are not those of an access token of this platform.", claim);
  if (!isGuid(tenant)) throw refused("tenant_id");
  if (typeof sub !== "string" || !(service ? sub.length <= MAX_CLIENT_ID : isUuid(sub))) throw refused("sub");
  if (act === undefined || (act && service)) throw refused("act");
  return {
    tenantId: tenant.toLowerCase(),
    subject: service ? sub : sub.toLowerCase(),
    scopes: service ? new Set(scope.split(" ").filter(Boolean)) : null,
    act,
    expiresAt: exp!,
  };
}

/** Makes the access tokens of impersonated sessions, as the verifier takes them. */
export const sessionSigner =
  ({ sessionIssuer, audience }: Pick<TokenRules, "sessionIssuer" | "audience">, keys: SessionKeys): SessionSigner =>
  async ({ tenantId, userId, actorId, groupId, lockouts }) => {
    const { privateKey, kid } = keys.signing;
    const issuedAt = Math.floor(Date.now() / 1000);
    const expiresAt = issuedAt + SESSION_SECONDS;
    const accessToken = await new SignJWT({ tenant_id: tenantId, act: { sub: actorId }, group_id: groupId, lockouts })
      .setProtectedHeader({ alg: SESSION_ALGORITHM, typ: ACCESS_TOKEN_TYPE, kid })
      .setIssuer(sessionIssuer)
      .setAudience(audience)
      .setSubject(userId)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(privateKey);
    return { accessToken, expiresAt: new Date(expiresAt * 1000).toISOString() };
  };

const NO_KEY = "it is no public key as PEM, JWK or JWKS";
const NOT_PUBLIC = "a private or symmetric key was given; only public keys verify";

/** A public key given as PEM, JWK or JWKS, as keys with a pinned algorithm. @throws when it is none of these, or private. */
export async function readPublicKeys(text: string): Promise<JWK[]> {
  // Of which a public key would be made.
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw new Error(NOT_PUBLIC);
  const given = await keysIn(text);
  if (given.some(({ d, kty }) => d !== undefined || kty === "oct")) throw new Error(NOT_PUBLIC);
  // A published set may hold keys for encryption, too.
  const verifying = given.filter(({ use, key_ops: uses }) => use !== "enc" && (uses?.includes("verify") ?? true));
  if (verifying.length === 0) throw new Error("its use or key_ops says that it does not verify signatures");
  const jwks = await Promise.all(verifying.map(publicKey));
  const names = jwks.map(({ kid }) => kid);
  // Where two may be a token's, jose takes neither.
  if (names.length > 1 && (names.includes(undefined) || new Set(names).size < names.length))
    throw new Error("several keys are told apart by their kid: each needs one of its own");
  return jwks;
}

/** What cannot be read is not repeated: it may be half of a private key. */
async function keysIn(text: string): Promise<JWK[]> {
  try {
    if (!text.trimStart().startsWith("{")) return [await exportJWK(createPublicKey(text))];
    const parsed = JSON.parse(text) as JWK & { keys?: JWK[] };
    const keys = parsed.keys ?? [parsed];
    if (Array.isArray(keys) && keys.length > 0 && keys.every((key) => key instanceof Object)) return keys;
  } catch {}
  throw new Error(NO_KEY);
}

async function publicKey(jwk: JWK): Promise<JWK> {
  const alg =
    jwk.alg ?? (jwk.kty === "RSA" ? "RS256" : jwk.kty === "OKP" ? "EdDSA" : jwk.crv === "P-384" ? "ES384" : "ES256");
  if (!ALGORITHMS.includes(alg)) throw new Error(`algorithm ${alg} is not accepted`);
  await importJWK(jwk, alg).catch(() => {
    throw new Error(NO_KEY);
  });
  return { ...jwk, alg };
}
