import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { harness } from "../harness/index.js";

const { url } = await harness({ alone: true, requestMilliseconds: 600 });

const HEAD = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n";
const BEGINNINGS = { nothing: "", "a part of its headers": HEAD, "a part of its body": `${HEAD}\r\n{"query"` };

test.each(Object.entries(BEGINNINGS))(
  "who sends %s and no more is hung up on",
  async (_, beginning) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(beginning);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
    // What Node waits unless told otherwise is longer.
  },
  20_000,
);

test("a connection that has had its answer may rest longer than that", async () => {
  const { say, end } = speak();
  expect(await say("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
  await sleep(1_500);
  expect(await say("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
  end();
});

test("who sends too much may send it to its end, and go on", async () => {
  const { say, end } = speak();
  const body = "x".repeat(600_000);
  expect(await say(HEAD.replace("100\r\n", `${body.length}\r\n\r\nx`))).toMatch(/^HTTP\/1\.1 413 /);
  expect(await say(`${body.slice(1)}GET /livez HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  end();
});

test("nobody keeps a process's memory by a body of single bytes", async () => {
  const { say, ended } = speak();
  const piece = "1\r\n \r\n";
  const head = HEAD.replace("Content-Length: 100", "Transfer-Encoding: chunked");
  expect(await say(`${head}\r\n${piece.repeat(6_000)}`)).toMatch(/^HTTP\/1\.1 413 [^]*"BAD_USER_INPUT"/);
  await ended;
});

test("a body of single bytes that nobody reads is no fault", async () => {
  const { say, end } = speak();
  const head = HEAD.replace("POST", "GET").replace("Content-Length: 100", "Transfer-Encoding: chunked");
  expect(await say(`${head}\r\n${"1\r\n \r\n".repeat(6_000)}`)).toMatch(/^HTTP\/1\.1 400 /);
  expect(await say("0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
  end();
});

test("who does not is hung up on", async () => {
  const { say, ended } = speak();
  expect(await say(HEAD.replace("100\r\n", "600000\r\n\r\nx"))).toMatch(/^HTTP\/1\.1 413 /);
  await ended;
}, 20_000);

test.each([
  [20, Array.from({ length: 20 }, () => "200")],
  [21, [...Array.from({ length: 20 }, () => "200"), "429"]],
])("of %d requests that wait for no answer", async (count, statuses) => {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const request = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
  socket.end(request.repeat(count));
  expect([...(await text(socket)).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(statuses);
});

/** A connection on which each thing said has an answer. */
function speak(): { say: (request: string) => Promise<string>; end: () => void; ended: Promise<unknown> } {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  return {
    say: async (request) => {
      socket.write(request);
      const [answer] = (await once(socket, "data")) as [Buffer];
      return answer.toString();
    },
    end: () => socket.destroy(),
    ended: once(socket, "close"),
  };
}
