import { Agent } from "node:http";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { JWTPayload } from "jose";
import { operations } from "../harness/index.js";
import { post } from "./load.js";
import { type Fault, outcomeOf } from "./stage.js";

/** What is forgiven to clocks that differ. */
const SKEW = 30;
/** How far from that limit is tried: signing and asking take their time. */
const MARGIN = 3;

const ACCEPTED = null;
const REFUSED = "UNAUTHENTICATED";

/** Claims by an issuer whose clock is off, and what they have to be answered with; seconds from now. */
const TOKENS: [what: string, claims: (now: number) => JWTPayload, answer: typeof ACCEPTED | typeof REFUSED][] = [
  ["over, within the skew", (now) => ({ exp: now - SKEW + MARGIN }), ACCEPTED],
  ["over, beyond the skew", (now) => ({ exp: now - SKEW - MARGIN }), REFUSED],
  ["not yet good, within the skew", (now) => ({ nbf: now + SKEW - MARGIN }), ACCEPTED],
  ["not yet good, beyond the skew", (now) => ({ nbf: now + SKEW + MARGIN }), REFUSED],
  ["issued and good from a moment ahead", (now) => ({ iat: now + 10, nbf: now + 10 }), ACCEPTED],
  ["issued and good from an hour ahead", (now) => ({ iat: now + 3_600, nbf: now + 3_600, exp: now + 7_200 }), REFUSED],
  [
    "issued an hour ahead, which says nothing of when it is good",
    (now) => ({ iat: now + 3_600, exp: now + 7_200 }),
    ACCEPTED,
  ],
  ["of a day ago, over since", (now) => ({ iat: now - 86_400, exp: now - 82_800 }), REFUSED],
];

const tokenClocks: Fault = {
  name: "token-clocks",
  title: `Tokens of an issuer whose clock is off, around the ${SKEW} s that are forgiven`,
  repeats: 3,
  run: async ({ place, signer, servers }, repeats) => {
    const outcome = outcomeOf(repeats);
    const server = await servers.start(place.appUrl);
    const tenant = await place.tenant();
    const agent = new Agent();
    const ask = async (what: string, token: string, expected: string | null): Promise<void> => {
      const started = performance.now();
      const { error } = await post(server.url, agent, token, randomUUID(), { query: operations.Me!, variables: {} });
      outcome.requests++;
      outcome.longestSeconds = Math.max(outcome.longestSeconds, (performance.now() - started) / 1_000);
      if (error) outcome.errors.set(error, (outcome.errors.get(error) ?? 0) + 1);
      if (error !== expected) outcome.problems.push(`a token ${what} was answered with ${error ?? "data"}`);
    };
    const sign = (claims: (now: number) => JWTPayload): Promise<string> => {
      const now = Math.floor(Date.now() / 1_000);
      return signer.sign({ sub: tenant.administrator, tenant_id: tenant.id, ...claims(now) });
    };
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const [what, claims, expected] of TOKENS) await ask(what, await sign(claims), expected);
      // One that is remembered as verified ends when it ends.
      const ending = await sign((now) => ({ exp: now - SKEW + 2, jti: randomUUID() }));
      await ask("about to end", ending, ACCEPTED);
      await sleep(2_500);
      await ask("that has ended since it was verified", ending, REFUSED);
    }
    await server.kill();
    return outcome;
  },
};

export const faultsOfClocks: Fault[] = [tokenClocks];
