import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { harness } from "../harness/index.js";

const { url } = await harness({ requestMilliseconds: 600 });

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
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const answer = async (): Promise<string> => {
    socket.write("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    return String(await new Promise((resolve) => socket.once("data", resolve)));
  };
  expect(await answer()).toMatch(/^HTTP\/1\.1 200 /);
  await sleep(1_500);
  expect(await answer()).toMatch(/^HTTP\/1\.1 200 /);
  socket.destroy();
});
