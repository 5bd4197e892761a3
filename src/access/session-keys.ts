import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { JWK } from "jose";
import { digestOf, type Secrets } from "../kit/index.js";

export const SESSION_ALGORITHM = "EdDSA";

/** A key signs for 30 days, counted from 1970: every server knows by itself which one is due. */
const PERIOD = 30 * 24 * 3_600_000;
/** What PKCS #8 writes before the 32 bytes of an Ed25519 key (RFC 8410). */
const PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

interface SessionKey {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** The public half as it is published. */
  jwk: JWK;
}

/**
 * This service's own signing keys. They follow from the deployment's secret and the calendar, so no server stores one
 * or asks another for it. Known are those of the last, the present and the next period: a verifier that read them
 * yesterday, or whose clock is behind, has the next one before it signs.
 */
export class SessionKeys {
  private period = Number.NaN;
  private keys: SessionKey[] = [];

  constructor(
    private readonly secrets: Secrets,
    private readonly clock: () => number = Date.now,
  ) {}

  /** The key to sign with now: the present secret's, of the present period. */
  get signing(): SessionKey {
    return this.known()[0]!;
  }

  /** What verifiers may know. */
  get published(): { keys: JWK[] } {
    return { keys: this.known().map(({ jwk }) => jwk) };
  }

  /** The key of that name, as long as it is published. */
  find(kid: string | undefined): KeyObject | undefined {
    return this.known().find((key) => key.kid === kid)?.publicKey;
  }

  private known(): SessionKey[] {
    const period = Math.floor(this.clock() / PERIOD);
    if (period !== this.period) {
      const seeds = [period, period - 1, period + 1].flatMap((one) => this.secrets.derive("session key", String(one)));
      this.keys = seeds.map(sessionKey);
      this.period = period;
    }
    return this.keys;
  }
}

function sessionKey(seed: Buffer): SessionKey {
  const privateKey = createPrivateKey({ key: Buffer.concat([PREFIX, seed]), format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(privateKey);
  const { crv, kty, x } = publicKey.export({ format: "jwk" }) as Required<Pick<JWK, "crv" | "kty" | "x">>;
  // The thumbprint of RFC 7638: these members, in this order.
  const kid = digestOf(JSON.stringify({ crv, kty, x }));
  return { kid, privateKey, publicKey, jwk: { kty, crv, x, kid, alg: SESSION_ALGORITHM, use: "sig" } };
}
