import { connect } from "node:net";
import { text } from "node:stream/consumers";
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
