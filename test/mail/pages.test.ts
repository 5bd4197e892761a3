import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import PostalMime from "postal-mime";
import { folderTransport, layOut } from "../../src/mail/index.js";
import { harness } from "../harness/index.js";

const folder = join(await mkdtemp(join(tmpdir(), "users-subgraph-mail-")), "mail");
afterAll(() => rm(join(folder, ".."), { recursive: true }));
const { url } = await harness({ mailFolder: folder });

const logged: string[] = [];
const transport = folderTransport(folder, pino({}, { write: (line) => void logged.push(line) }));
const LINK = "http://localhost:4001/mail/accept#a-token";

async function write(to: string, subject: string): Promise<void> {
  const letter = { to, subject, paragraphs: ["<b>Hello</b>"], action: { label: "Accept", url: LINK } };
  const from = { name: "The Platform", address: "no-reply@platform.example" };
  const mail = { ...layOut(letter, "Acme & Co"), from, to, messageId: "<1@platform.example>", link: LINK };
  await transport.send(mail, new AbortController().signal);
}

const get = async (path: string) => {
  const response = await fetch(url + path);
  return {
    status: response.status,
    text: await response.text(),
    policy: response.headers.get("content-security-policy"),
  };
};

test("before the first mail the list is empty", async () => {
  expect(await get("/mail")).toMatchObject({ status: 200, text: expect.stringContaining("No mail yet") });
});

test("a mail is written as it would have been sent, the link is logged, and the pages show it", async () => {
  await write("ida@example.com", "First <i>");
  await write("eva/../x@example.com", "Second");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".eml")).toSorted();
  expect(files.map((file) => file.split("_").slice(1).join("_"))).toEqual([
    "ida@example.com.eml",
    "eva_.._x@example.com.eml",
  ]);
  expect((await stat(join(folder, files[0]!))).mode & 0o077).toBe(0);
  const mail = await PostalMime.parse(await readFile(join(folder, files[0]!)));
  expect(mail).toMatchObject({ subject: "First <i>", to: [{ address: "ida@example.com" }] });
  expect(mail.text).toContain(LINK);
  expect(logged.map((line) => JSON.parse(line).link)).toEqual([LINK, LINK]);

  const list = await get("/mail");
  expect(list.text.indexOf("Second")).toBeLessThan(list.text.indexOf("First &lt;i&gt;"));
  expect(list.text).not.toContain("<i>");
  const path = /href="(\/mail\/[^"]*ida[^"]*)"/.exec(list.text)![1]!;
  const shown = await get(path);
  expect(shown.text).toContain(`<iframe sandbox src="${path}/html"`);
  expect(shown.text).toContain("&lt;b&gt;Hello&lt;/b&gt;");
  expect(shown.text).toContain(`<a href="${LINK}">`);
  const html = await get(`${path}/html`);
  expect(html.text).toContain("Acme &amp; Co");
  expect(html.policy).toContain("default-src 'none'");
  expect(html.policy).toContain("sandbox;");
});

test.each([
  "/mail/none",
  "/mail/..%2Fsecret",
  "/mail/..%2Fsecret/html",
  "/mail/%2Fetc%2Fpasswd",
  "/mail/..%2F..%2F..%2Fetc%2Fpasswd%00",
  "/mail/constructor",
  "/mail/.",
])("%s is no mail", async (path) => {
  await writeFile(join(folder, "../secret.json"), JSON.stringify({ subject: "a secret" }));
  const { text } = await get(path);
  expect(text).not.toContain("a secret");
  if (!path.endsWith(".")) expect(JSON.parse(text).errors[0].extensions.code).toBe("NOT_FOUND");
});

test("the page that accepts an invitation runs its own script alone and asks this server alone", async () => {
  const { text, policy } = await get("/mail/accept");
  const script = /<script type="module">([^]*?)<\/script>/.exec(text)![1]!;
  const hash = createHash("sha256").update(script).digest("base64");
  expect(policy).toContain(`script-src 'sha256-${hash}'`);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'self'");
  expect(script).toContain("acceptInvitation");
});
