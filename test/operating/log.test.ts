import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { developmentKey } from "../../src/demo/index.js";
import { testDatabase } from "../harness/index.js";
import { beside, MAIN, processes } from "../harness/process.js";
import { until } from "../harness/smtp.js";

const { dataDir, start } = await processes();
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
});

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return String(port);
}

const ask = async (url: string, id = "one"): Promise<unknown> => {
  const headers = { "content-type": "application/json", "x-request-id": id };
  const body = JSON.stringify({ query: "{ __typename }" });
  return (await fetch(`${url}/graphql`, { method: "POST", headers, body })).json();
};
const ANSWER = { data: { __typename: "Query" } };

const FULL = "/dev/full";
(existsSync(FULL) ? test : test.skip)("a full disk below the log takes nothing from those who ask", async () => {
  const database = await testDatabase();
  const PORT = await freePort();
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, ...beside(database, await developmentKey(dataDir)), DATA_DIR: dataDir, PORT },
    stdio: ["ignore", openSync(FULL, "w"), "pipe"],
  });
  children.add(child);
  const ended = once(child, "close");
  let told = "";
  child.stderr!.on("data", (chunk: Buffer) => (told += chunk.toString()));
  const url = `http://127.0.0.1:${PORT}`;
  await until(async () => (await fetch(`${url}/readyz`).catch(() => null))?.ok === true);
  for (let i = 0; i < 20; i++) expect(await ask(url)).toEqual(ANSWER);
  child.kill("SIGTERM");
  expect([...(await ended), told]).toEqual([0, null, ""]);
  await database.drop();
});

test("a log that nobody reads keeps no request waiting, nor the end", async () => {
  const database = await testDatabase();
  const server = start(beside(database, await developmentKey(dataDir)));
  const url = await server.url();
  server.child.stdout!.pause();
  // Each leaves a line of some 200 characters; a pipe holds 65,536, and what reads it another 65,536.
  for (let i = 0; i < 50; i++) {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, j) => ask(url, `request-${i}-${j}`)));
    expect(answers).toEqual(answers.map(() => ANSWER));
  }
  server.child.kill("SIGTERM");
  await once(server.child, "exit");
  expect(server.child.exitCode).toBe(0);
  server.child.stdout!.resume();
  await server.ends();
  await database.drop();
}, 60_000);

test("lines that nobody reads are bounded; what was left out is told", async () => {
  const LINES = 50_000;
  const script = `
    import { flushLog, logger } from ${JSON.stringify(join(import.meta.dirname, "../../src/log.js"))};
    const log = logger({ LOG_LEVEL: "info", NODE_ENV: "production" });
    const text = "x".repeat(200);
    for (let i = 0; i < ${LINES}; i++) log.info({ i, text }, "said");
    process.send(process.stdout.writableLength);
    process.once("message", async () => {
      await flushLog();
      log.info({ i: ${LINES} }, "said");
      process.disconnect();
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  children.add(child);
  const [waits] = (await once(child, "message")) as [number];
  expect(waits).toBeLessThan(5_000_000);
  child.send("read");
  const said: number[] = [];
  let lost = 0;
  for await (const line of createInterface(child.stdout!)) {
    if (line === "") continue;
    const { i, lines } = JSON.parse(line) as { i?: number; lines?: number };
    if (i !== undefined) said.push(i);
    lost += lines ?? 0;
  }
  expect(said.length + lost).toBe(LINES + 1);
  expect(lost).toBeGreaterThan(10_000);
  // The first ones and the last: what came while there was room.
  expect(said).toEqual([...Array.from({ length: said.length - 1 }, (_, i) => i), LINES]);
});
