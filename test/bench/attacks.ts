import "reflect-metadata";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { readConfig } from "../../src/config.js";
import { LIMITS } from "../../src/kit/index.js";
import { type Bench, withBench } from "./contestants.js";
import { load, type Round } from "./load.js";
import { optionsOf } from "./options.js";
import { workloads } from "./workloads.js";

/**
 * `npm run bench:attacks`: what other callers notice while somebody sends, as fast as the answers come, what a limit
 * refuses, and the most that it lets pass. Each request differs from the others, so that nothing is remembered of it.
 */
const USAGE = `npm run bench:attacks -- --users 1000000
  --users N            users of the tenant (default 10000)
  --callers N          who ask while it is attacked (default 8)
  --attackers N        who attack (default 2)
  --seconds N          length of a round (default 5)
  --only A,B           these attacks (default: all)
`;
const options = optionsOf(
  USAGE,
  {
    users: { type: "string", default: "10000" },
    callers: { type: "string", default: "8" },
    attackers: { type: "string", default: "2" },
    seconds: { type: "string", default: "5" },
    only: { type: "string" },
  },
  ["users", "callers", "attackers", "seconds"],
);
const [users, callers, attackers, seconds] = [options.users, options.callers, options.attackers, options.seconds].map(
  Number,
) as [number, number, number, number];

const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(" ");
const FIELDS = "id guid name title forename surname username contactEmail status type".split(" ");
const nested = (levels: number): string =>
  `{ me { ${"assignedInternalUser { ".repeat(levels - 2)} guid ${"} ".repeat(levels - 2)} } }`;
const nowhere = { __typename: "User", guid: "00000000-0000-7000-8000-000000000000" };
const ENTITIES = "query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on User { id name } } }";

type Body = { query: string; variables?: object };
/** `over`: whether one more than allowed is asked for, or all that is. */
type Attack = (over: 0 | 1) => Body;
const SEARCH = 'users(search: "an") { totalCount nodes { id } }';
const ATTACKS: Record<string, Attack> = {
  body: (over) => ({ query: "{ me { id } }", variables: { x: "x".repeat(LIMITS.bodyBytes - (over ? 0 : 200)) } }),
  tokens: (over) => {
    const count = LIMITS.tokens + over - 5;
    return { query: `{ me { ${"... { id } ".repeat(count >> 2)} ${"__typename ".repeat(count & 3)} } }` };
  },
  "tokens, one field": () => ({ query: `{ me { ${"__typename ".repeat(LIMITS.tokens - 5)} } }` }),
  depth: (over) => ({ query: nested(LIMITS.depth + over) }),
  fields: (over) => ({ query: `{ me { ${times(LIMITS.fields - 1 + over, (n) => FIELDS[n % FIELDS.length]!)} } }` }),
  "fields, one name": () => ({ query: `{ me { ${"name ".repeat(LIMITS.fields - 1)} } }` }),
  "fields in fields": () => ({
    query: `{ users { nodes { ${"assignedInternalUser { id } ".repeat(Math.floor(LIMITS.fields / 2) - 5)} } } }`,
  }),
  aliases: (over) => ({ query: `{ me { ${times(LIMITS.aliases + over, (n) => `a${n}: name`)} } }` }),
  "root fields": (over) => ({
    query: `{ ${times(LIMITS.rootFields + over, (n) => `a${n}: users(first: 100) { nodes { id name } }`)} }`,
  }),
  values: (over) => ({
    query: `{ userGroups(first: 100) { nodes { ${times(30, (n) => `a${n}: members(first: ${over ? 13 : 12}) { nodes { id name } }`)} } } }`,
  }),
  "values of one page": () => ({
    query: `{ users(first: 100) { nodes { ${times(30, (n) => `a${n}: assignedInternalUser { ${FIELDS.join(" ")} createdAt updatedAt version }`)} } } }`,
  }),
  references: (over) => ({
    query: ENTITIES,
    variables: { r: Array.from({ length: LIMITS.references + over }, () => nowhere) },
  }),
  // These three take long in a large tenant only: in one of a million each search does some 0.4 seconds.
  "the pool's queue": () => ({ query: `{ ${SEARCH} }` }),
  "statement timeout": () => ({ query: `{ ${times(LIMITS.rootFields, (n) => `a${n}: ${SEARCH}`)} }` }),
  deadline: () => ({ query: `{ ${times(LIMITS.rootFields, (n) => `a${n}: ${SEARCH}`)} }` }),
  "a counted search of two letters": () => ({ query: `{ ${SEARCH} }` }),
  // Parsed, validated and planned, and then there is nothing to read.
  "new documents": () => ({ query: `{ me { ${times(LIMITS.fields - 1, (n) => FIELDS[n % FIELDS.length]!)} } }` }),
  // And compiled into a statement of its own, which PostgreSQL plans.
  "new documents twice": () => ({
    query: `{ me { ${times(19, (n) => `a${n}: assignedInternalUser { ${FIELDS.slice(0, 9).join(" ")} }`)} } }`,
  }),
  "deep variables": () => ({
    query: "query ($x: UserFilter) { users(filter: $x) { totalCount } }",
    variables: { x: JSON.parse(`${'{"a":'.repeat(2_000)}1${"}".repeat(2_000)}`) as object },
  }),
};

/** A comment makes each document another one, of which nothing is remembered; but not where that is not the attack. */
const ALIKE = new Set(["body", "statement timeout", "the pool's queue"]);
/** More at a time than may wait, after those who need not. */
const CROWDS: Record<string, number> = {
  "the pool's queue": 204,
  "new documents": 204,
  "new documents twice": 204,
};
/** How often each document is sent, where that is not once. */
const TIMES: Record<string, number> = { "new documents twice": 2 };

/** Sends without end, until it is told to stop; counts answers by status and code. */
function attack(
  { contestants, token }: Bench,
  crowd: number,
  body: () => Body,
): { stop: () => Promise<Record<string, number>> } {
  const { url } = contestants[0]!.service;
  const answers: Record<string, number> = {};
  const count = (kind: string): void => void (answers[kind] = (answers[kind] ?? 0) + 1);
  const over = new AbortController();
  let sent = 0;
  const once = (): Promise<void> =>
    new Promise((resolve) => {
      const text = JSON.stringify({ ...body(), operationName: null }).replace("{", `{"nonce":${sent++},`);
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      const asked = request(url, { method: "POST", headers }, (answer) => {
        answer.once("data", (start: Buffer) => {
          const code = start.length < 2_000 && /"code":"(\w+)"/.exec(start.toString())?.[1];
          count(`${answer.statusCode}${code ? ` ${code}` : ""}`);
        });
        answer.on("close", resolve);
      });
      asked.on("error", () => {
        count("broken");
        resolve();
      });
      asked.end(text);
    });
  const work = Array.from({ length: crowd }, async () => {
    while (!over.signal.aborted) await once();
  });
  return {
    stop: async () => {
      over.abort();
      await Promise.all(work);
      return answers;
    },
  };
}

await withBench(readConfig(), { users, peers: "none" }, async (bench) => {
  const { service, requests } = bench.contestants[0]!;
  const honest = requests("W2", workloads.W2.inputs(bench.sample));
  const others = (): Promise<Round> => load(honest, { next: 0 }, callers, seconds);
  const memory = async (): Promise<number> => (await service.usage()).rss / 2 ** 20;
  await others();
  process.stdout.write(`${users} users; ${callers} callers of ${workloads.W2.title}, ${attackers} attackers\n`);
  for (const [name, of] of Object.entries(ATTACKS)) {
    if (options.only && !options.only.split(",").includes(name)) continue;
    for (const over of of.length > 0 ? ([1, 0] as const) : ([0] as const)) {
      // Just before, for a machine is not as fast in one minute as in the next.
      const quiet = await others();
      const before = await memory();
      let turn = 0;
      const attacking = attack(bench, CROWDS[name] ?? attackers, () => {
        const body = of(over);
        return ALIKE.has(name) ? body : { ...body, query: `${body.query} #${Math.floor(turn++ / (TIMES[name] ?? 1))}` };
      });
      const round = await others();
      const after = await memory();
      const answers = await attacking.stop();
      await sleep(500);
      const which = of.length > 0 ? (over ? ", one over" : ", just under") : "";
      const ratio = (round.p99 / quiet.p99).toFixed(1);
      process.stdout.write(
        `${name}${which}: ${JSON.stringify(answers)}; the others' p99 ${quiet.p99.toFixed(1)} -> ${round.p99.toFixed(1)} ms (${ratio} x), ${quiet.perSecond.toFixed(0)} -> ${round.perSecond.toFixed(0)}/s; memory ${before.toFixed(0)} -> ${after.toFixed(0)} MB\n`,
      );
    }
  }
});
