import { once } from "node:events";
import { connect } from "node:net";
import { Loaders } from "../src/kit/index.js";
import { harness, problems } from "./harness/index.js";

const server = await harness();
const hasty = await harness({ deadlineMilliseconds: 300 });

/** Longer than a turn. */
const busy = (): void => {
  const until = performance.now() + 6;
  while (performance.now() < until);
};

test("of many large answers at the same time one goes on each time the event loop comes round", async () => {
  let round = 0;
  let counting = true;
  const count = (): void => {
    round++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const rounds: number[] = [];
  const answer = async (): Promise<void> => {
    const loaders = new Loaders(null);
    const declaration = {};
    const pages = ["first", "second", "third", "fourth"].map(async (key) => {
      await loaders.of(declaration, "", async (keys) => [...keys]).load(key);
      if (key !== "first") rounds.push(round);
      busy();
    });
    await Promise.all(pages);
  };
  await Promise.all([answer(), answer(), answer(), answer(), answer()]);
  counting = false;
  expect(rounds).toHaveLength(15);
  expect(new Set(rounds).size).toBe(15);
});

test.each([
  ["a connection that is open", true],
  // The event loop accepts one each time it comes round.
  ["a new connection", false],
])("who sends a known document on %s does not wait for all who send new ones", async (which, open) => {
  const { admin } = await server.tenant();
  const KNOWN = "{ me { guid } }";
  await admin.ask(KNOWN);
  const headers = { host: "localhost", "content-type": "application/json", authorization: `Bearer ${admin.token}` };
  const lines = Object.entries(headers).map((line) => line.join(": "));
  /** Asks on a connection of its own. All that is sent in one moment on open ones comes in one. */
  const caller = async (): Promise<(query: string) => Promise<void>> => {
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port) }).unref();
    const ask = async (query: string): Promise<void> => {
      const body = JSON.stringify({ query });
      socket.write(["POST /graphql HTTP/1.1", ...lines, `content-length: ${body.length}`, "", body].join("\r\n"));
      const [answer] = (await once(socket, "data")) as [Buffer];
      expect(answer.toString()).toContain(`"data":{"me":{"guid":"${admin.guid}"`);
    };
    if (open) await ask(KNOWN);
    return ask;
  };
  const fields = "guid name title forename surname ".repeat(29);
  const documents = Array.from({ length: 60 }, (_, index) => `query new${index} { me { ${fields} } } # ${which}`);
  const callers = await Promise.all([...documents, KNOWN].map(caller));
  const order: string[] = [];
  const asked = [...documents, KNOWN].map(async (document, index) => {
    await callers[index]!(document);
    order.push(document);
  });
  await Promise.all(asked);
  expect(order).toHaveLength(61);
  expect(order.indexOf(KNOWN)).toBeLessThan(30);
});

/** Takes milliseconds to parse and to validate, and has not been sent before. */
let sent = 0;
const novelty = (fields = "guid name title forename surname ".repeat(29)): string =>
  `query novelty${sent++} { me { ${fields} } }`;

test("a tenant's new documents do not wait for all those of another, or of nobody", async () => {
  const { admin } = await server.tenant();
  const { admin: other } = await server.tenant();
  const flood = Array.from({ length: 120 }, (_, index) => (index % 2 === 0 ? other : server.anonymous));
  const order: object[] = [];
  const asked = [...flood, admin].map(async (caller) => {
    await caller.send(novelty());
    order.push(caller);
  });
  await Promise.all(asked);
  expect(order.indexOf(admin)).toBeLessThan(60);
});

test("a new document whose turn does not come in time is a TIMEOUT, before anything of it is looked at", async () => {
  const { admin } = await hasty.tenant();
  const unknown = Array.from({ length: 400 }, () => novelty(`nothing ${"guid ".repeat(29)}`));
  const answers = await Promise.all(unknown.map((document) => admin.send(document)));
  const late = answers.filter(({ status }) => status === 504);
  expect(late.length).toBeGreaterThan(0);
  for (const answer of late) expect([answer.data, problems(answer)]).toEqual([undefined, ["TIMEOUT"]]);
  // Nobody has waited in vain for what follows.
  expect((await admin.ask("{ me { guid } }")).me.guid).toBe(admin.guid);
});

test("what nobody waits for any more is not looked at", async () => {
  const { admin } = await server.tenant();
  const names = Array.from({ length: 60 }, (_, index) => `gone${index}`);
  const leaving = new AbortController();
  const headers = { "content-type": "application/json", authorization: `Bearer ${admin.token}` };
  const asked = names.map(async (name) => {
    const query = novelty().replace(/novelty\d+/, name);
    const body = JSON.stringify({ query });
    await fetch(`${server.url}/graphql`, { method: "POST", headers, body, signal: leaving.signal });
  });
  // The first answer comes while the others wait for their turns.
  await Promise.race(asked);
  leaving.abort();
  await Promise.allSettled(asked);
  await admin.ask(novelty());
  const metrics = await (await fetch(`${server.servers[0]!}/metrics`)).text();
  const looked = names.filter((name) => metrics.includes(`operation="${name}"`));
  expect(looked.length).toBeGreaterThan(0);
  expect(looked.length).toBeLessThan(names.length);
});
