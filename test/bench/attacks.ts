import "reflect-metadata";
import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { readConfig } from "../../src/config.js";
import { MOST_PIECES, MOST_PIPELINED } from "../../src/http/index.js";
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

/** What is sent over one connection, made of requests with these headers and that body. */
type WireAttack = (over: 0 | 1, request: (headers: string, body: string) => string) => string;
const LIST = JSON.stringify({ query: "{ users(first: 100) { nodes { name contactEmail status } } }" });
const WIRE_ATTACKS: Record<string, WireAttack> = {
  // One of them is the last, which ends the connection. Whoever is refused has sent as many again.
  pipeline: (over, one) => one(`content-length: ${LIST.length}\r\n`, LIST).repeat((MOST_PIPELINED - 1) * (1 + over)),
  pieces: (over, one) => {
    const [first, ...others] = LIST;
    const blanks = "1\r\n \r\n".repeat(MOST_PIECES - LIST.length - 1 + over * MOST_PIECES);
    const rest = [first, blanks, ...others].map((piece) => (piece === blanks ? piece : `1\r\n${piece}\r\n`));
    return one("transfer-encoding: chunked\r\n", `${rest.join("")}0\r\n\r\n`);
  },
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

/** Sends one request, or what goes over one connection, and counts what is answered by status and code. */
type Once = (count: (kind: string) => void) => Promise<void>;

function requesting({ contestants, token }: Bench, body: () => Body): Once {
  const { url } = contestants[0]!.service;
  let sent = 0;
  return (count) =>
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
}

function connecting({ contestants, token }: Bench, of: WireAttack, over: 0 | 1): Once {
  const { hostname, port, host, pathname } = new URL(contestants[0]!.service.url);
  const head = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`;
  const last = `GET /livez HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
  const text = of(over, (headers, body) => `${head}${headers}\r\n${body}`) + last;
  return (count) =>
    new Promise((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write(text));
      socket.on("data", (data) => {
        for (const [, status] of data.toString("latin1").matchAll(/HTTP\/1\.1 (\d+)/g)) count(status!);
      });
      socket.on("error", () => count("broken")).on("close", () => resolve());
    });
}

/** Sends without end, until it is told to stop. */
function attack(crowd: number, once: Once): { stop: () => Promise<Record<string, number>> } {
  const answers: Record<string, number> = {};
  const count = (kind: string): void => void (answers[kind] = (answers[kind] ?? 0) + 1);
  const over = new AbortController();
  const work = Array.from({ length: crowd }, async () => {
    while (!over.signal.aborted) await once(count);
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
  /** Each with what is to be sent: one over what a limit allows, and just under it. */
  const attacks: [name: string, kinds: (0 | 1)[], make: (over: 0 | 1) => Once][] = [
    ...Object.entries(ATTACKS).map(([name, of]): (typeof attacks)[number] => {
      let turn = 0;
      const next = (over: 0 | 1): Body => {
        const body = of(over);
        return ALIKE.has(name) ? body : { ...body, query: `${body.query} #${Math.floor(turn++ / (TIMES[name] ?? 1))}` };
      };
      return [name, of.length > 0 ? [1, 0] : [0], (over) => requesting(bench, () => next(over))];
    }),
    ...Object.entries(WIRE_ATTACKS).map(([name, of]): (typeof attacks)[number] => [
      name,
      [1, 0],
      (over) => connecting(bench, of, over),
    ]),
  ];
  for (const [name, kinds, make] of attacks) {
    if (options.only && !options.only.split(",").includes(name)) continue;
    for (const over of kinds) {
      // Just before, for a machine is not as fast in one minute as in the next.
      const quiet = await others();
      const before = await memory();
      const attacking = attack(CROWDS[name] ?? attackers, make(over));
      const round = await others();
      const after = await memory();
      const answers = await attacking.stop();
      await sleep(500);
      const which = kinds.length > 1 ? (over ? ", one over" : ", just under") : "";
      const ratio = (round.p99 / quiet.p99).toFixed(1);
      process.stdout.write(
        `${name}${which}: ${JSON.stringify(answers)}; the others' p99 ${quiet.p99.toFixed(1)} -> ${round.p99.toFixed(1)} ms (${ratio} x), ${quiet.perSecond.toFixed(0)} -> ${round.perSecond.toFixed(0)}/s; memory ${before.toFixed(0)} -> ${after.toFixed(0)} MB\n`,
      );
    }
  }
});
