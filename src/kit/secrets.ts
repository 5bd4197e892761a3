import { createHash, hkdfSync, randomBytes } from "node:crypto";

/**
 * The deployment's secret, from which everything is derived that has to be known to all of its servers and to nobody
 * else: the tokens in mails, the keys of sessions. So none of it has to be stored. While one secret replaces another,
 * both are known: new things are derived from the first, old ones are still recognised by the second.
 */
export class Secrets {
  constructor(private readonly texts: readonly string[]) {}

  /** 32 bytes that follow from the purpose, from each secret known: the present one's first. */
  derive(...purpose: string[]): Buffer[] {
    const info = JSON.stringify(purpose);
    return this.texts.map((text) => Buffer.from(hkdfSync("sha256", text, "users-subgraph", info, 32)));
  }
}

/** How a token is stored: it cannot be told from it, and 256 bits leave nothing to guess. */
export const digestOf = (token: string): string => createHash("sha256").update(token).digest("base64url");

/**
 * A token that a person carries from a message to us: its tenant, so that we know where to look, and a secret of 32
 * bytes, random unless given.
 */
export const ticket = (tenantId: string, secret: Buffer = randomBytes(32)): string =>
  Buffer.concat([Buffer.from(tenantId.replaceAll("-", ""), "hex"), secret]).toString("base64url");

/** The tenant that a ticket names; null when the text is not a ticket. Whether it is a good one, its digest tells. */
export function tenantOfTicket(text: string): string | null {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.length !== 48 || bytes.toString("base64url") !== text) return null;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
