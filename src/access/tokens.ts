import { createPublicKey } from "node:crypto";
import {
  createRemoteJWKSet,
  errors,
  exportJWK,
  importJWK,
  jwtVerify,
  type CryptoKey,
  type JWK,
  type JWTPayload,
  type JWTVerifyGetKey,
} from "jose";
import { isUuid, unauthenticated, unavailable } from "../kit/index.js";

/** What a verified access token says. Everything else in it is ignored. */
export interface Claims {
  tenantId: string;
  /** The user's guid, or a service's client id. */
  subject: string;
  /** A service token's scopes; null: a user's token, whose permissions come from the database. */
  scopes: ReadonlySet<string> | null;
  /** `act.sub`: the internal user behind an impersonated session (RFC 8693). */
  actorId: string | null;
  expiresAt: number;
}

export interface TokenRules {
  issuer: string;
  audience: string;
  /** Public keys by `kid`: a JWKS behind a URL, or given directly. */
  keys: { jwksUrl: string } | { jwks: JWK[] };
}

/** Access tokens say so in their header (RFC 9068); invitation, login and export tokens carry another `typ`. */
export const ACCESS_TOKEN_TYPE = "at+jwt";
const SKEW_SECONDS = 30;
const ALGORITHMS = ["ES256", "ES384", "EdDSA", "RS256", "PS256"];
const CACHE_SIZE = 10_000;
/** A key taken out of the JWKS stops being accepted after this long at the latest. */
const CACHE_MILLISECONDS = 60_000;

export type TokenVerifier = (token: string) => Promise<Claims>;

/**
 * Verifies access tokens: pinned algorithm, key by `kid`, issuer, audience, expiry and type. A verified token is
 * remembered for a minute, because a signature costs more than most requests.
 */
export async function tokenVerifier(rules: TokenRules): Promise<TokenVerifier> {
  const keyOf = "jwksUrl" in rules.keys ? remoteKeys(rules.keys.jwksUrl) : await localKeys(rules.keys.jwks);
  const cache = new Map<string, { claims: Claims; until: number }>();

  return async (token) => {
    const now = Date.now();
    const known = cache.get(token);
    if (known && known.until > now) return known.claims;
    cache.delete(token);
    const claims = await verify(token, rules, keyOf);
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
    cache.set(token, { claims, until: Math.min(now + CACHE_MILLISECONDS, (claims.expiresAt + SKEW_SECONDS) * 1000) });
    return claims;
  };
}

/** Keys that cannot be fetched say nothing about the token: its holder should try again, not sign in again. */
function remoteKeys(url: string): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(url));
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      const known = error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;
      throw known || error instanceof errors.JOSENotSupported
        ? error
        : unavailable("The issuer's keys cannot be read now. Try again.");
    }
  };
}

async function localKeys(jwks: JWK[]): Promise<JWTVerifyGetKey> {
  const keys = new Map<string, { key: CryptoKey | Uint8Array; alg: string }>();
  for (const jwk of jwks) {
    const alg = jwk.alg!;
    keys.set(jwk.kid ?? "", { key: await importJWK(jwk, alg), alg });
  }
  return ({ kid, alg }) => {
    // A single key needs no name; several are told apart by it alone.
    const known = keys.get(kid ?? "") ?? (keys.size === 1 && kid === undefined ? [...keys.values()][0] : undefined);
    if (!known || known.alg !== alg) throw new errors.JWKSNoMatchingKey();
    return known.key;
  };
}

async function verify(token: string, { issuer, audience }: TokenRules, keyOf: JWTVerifyGetKey): Promise<Claims> {
  try {
    const { payload } = await jwtVerify(token, keyOf, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      typ: ACCESS_TOKEN_TYPE,
      clockTolerance: SKEW_SECONDS,
      requiredClaims: ["exp", "sub", "tenant_id"],
    });
    return claimsOf(payload);
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError)
      throw unauthenticated("The bearer token is not valid.");
    throw error;
  }
}

function claimsOf(payload: JWTPayload): Claims {
  const { tenant_id: tenant, sub, exp, act, scope, client_id: client } = payload;
  const { sub: actor, act: chained } = (act ?? {}) as { sub?: unknown; act?: unknown };
  const service = typeof client === "string" && client === sub && typeof scope === "string";
  const valid =
    typeof tenant === "string" &&
    isUuid(tenant) &&
    typeof sub === "string" &&
    (service || isUuid(sub)) &&
    (act === undefined || (typeof actor === "string" && isUuid(actor) && chained === undefined && !service));
  if (!valid) throw unauthenticated("The bearer token's claims are not those of an access token of this platform.");
  return {
    tenantId: tenant.toLowerCase(),
    subject: service ? sub : sub.toLowerCase(),
    scopes: service ? new Set(scope.split(" ").filter(Boolean)) : null,
    actorId: typeof actor === "string" ? actor.toLowerCase() : null,
    expiresAt: exp!,
  };
}

/** A public key given as PEM, JWK or JWKS, as keys with a pinned algorithm. @throws when it is none of these, or private. */
export async function readPublicKeys(text: string): Promise<JWK[]> {
  const parsed: unknown = text.trimStart().startsWith("{") ? JSON.parse(text) : await exportJWK(createPublicKey(text));
  const jwks = (parsed as { keys?: JWK[] }).keys ?? [parsed as JWK];
  return jwks.map((jwk) => {
    if (jwk.d !== undefined || jwk.kty === "oct")
      throw new Error("a private or symmetric key was given; only public keys verify");
    const alg =
      jwk.alg ?? (jwk.kty === "RSA" ? "RS256" : jwk.kty === "OKP" ? "EdDSA" : jwk.crv === "P-384" ? "ES384" : "ES256");
    if (!ALGORITHMS.includes(alg)) throw new Error(`algorithm ${alg} is not accepted`);
    return { ...jwk, alg };
  });
}
