import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changesBetween } from "./breaking-changes.js";

const OURS = readFileSync("schema/users.graphql", "utf8");
const breaking = (before: string, after: string): string[] => changesBetween(before, after).breaking;

/** Our schema with one thing changed. */
function changed(from: string, to: string): string {
  expect(OURS.split(from).length).toBeGreaterThan(1);
  return OURS.replace(from, () => to);
}

describe("a breaking change of our own schema is", () => {
  test("none where nothing changes", () => {
    expect(changesBetween(OURS, OURS)).toEqual({ breaking: [], dangerous: [] });
  });

  test.each([
    [
      "a key gone",
      `User @key(fields: "id") @key(fields: "guid")`,
      `User @key(fields: "id")`,
      `User lost @key(fields: "guid").`,
    ],
    [
      "a key changed",
      `User @key(fields: "id")`,
      `User @key(fields: "id", resolvable: false)`,
      `User lost @key(fields: "id").`,
    ],
    ["a shared type no more shared", `type PageInfo @shareable`, "type PageInfo", "PageInfo lost @shareable."],
    [
      "another federation",
      "federation/v2.9",
      "federation/v2.12",
      expect.stringMatching(/^The schema lost @link\(.*v2\.9/),
    ],
    [
      "a field taken over",
      "  me: User\n",
      `  me: User @override(from: "people")\n`,
      `Query.me got @override(from: "people").`,
    ],
    ["a field hidden", "  me: User\n", "  me: User @inaccessible\n", "Query.me got @inaccessible."],
    ["a field gone", "  me: User\n", "  myself: User\n", "Query.me was removed."],
    ["a value gone", "  SUSPENDED\n", "  PAUSED\n", expect.stringMatching(/^SUSPENDED was removed from enum type/)],
  ])("%s", (_, from, to, change) => {
    expect(breaking(OURS, changed(from, to))).toContainEqual(change);
  });

  test("nothing that only adds", () => {
    const more = `${OURS}\ntype More @key(fields: "id") { id: ID! }\nextend type Query { more(first: Int): More @tag(name: "new") }`;
    const keyed = more.replace(
      `extend type User @key(fields: "id")`,
      `extend type User @key(fields: "id") @key(fields: "id guid")`,
    );
    expect(breaking(OURS, keyed)).toEqual([]);
    expect(breaking(keyed, OURS)).toEqual(expect.arrayContaining(["More was removed.", "Query.more was removed."]));
  });
});

describe("a breaking change of any schema is", () => {
  const query = (text: string): string => `type Query { ${text} }`;

  test.each([
    ["a result that may be null", query("a: ID!"), query("a: ID"), ["Query.a changed type from ID! to ID."]],
    [
      "a new argument that is required",
      query("a: ID"),
      query("a(b: ID!): ID"),
      ["A required arg b on Query.a was added."],
    ],
    ["a default that is gone", query("a(b: ID! = 1): ID"), query("a(b: ID!): ID"), ["Query.a(b:) became required."]],
    [
      "the same of an input's field",
      `${query("a(b: B): ID")} input B { c: ID! = 1 }`,
      `${query("a(b: B): ID")} input B { c: ID! }`,
      ["B.c became required."],
    ],
    [
      "a field that needs another's",
      `${query("a: A")} type A { b: ID c: ID }`,
      `${query("a: A")} type A { b: ID @external c: ID @requires(fields: "b") }`,
      ["A.b got @external.", `A.c got @requires(fields: "b").`],
    ],
    ["a scope that is asked for", query("a: ID"), query("a: ID @authenticated"), ["Query.a got @authenticated."]],
    ["a field that others may not have", query("a: ID @shareable"), query("a: ID"), ["Query.a lost @shareable."]],
    [
      "an argument hidden",
      query("a(b: ID): ID"),
      query("a(b: ID @inaccessible): ID"),
      ["Query.a(b:) got @inaccessible."],
    ],
  ])("%s", (_, before, after, changes) => {
    expect(breaking(before, after)).toEqual(changes);
  });

  test.each([
    ["a result that is never null", query("a: ID"), query("a: ID!")],
    ["a field out of use", query("a: ID"), query(`a: ID @deprecated(reason: "b")`)],
    ["a field in use again", query("a: ID @deprecated"), query("a: ID")],
    ["a key in an extension", `type A @key(fields: "b") { b: ID }`, `type A { b: ID } extend type A @key(fields: "b")`],
  ])("never %s", (_, before, after) => {
    expect(breaking(before, after)).toEqual([]);
  });

  test("not what is only dangerous", () => {
    const changes = changesBetween(`${query("a: A")} enum A { B }`, `${query("a: A")} enum A { B C }`);
    expect(changes).toEqual({ breaking: [], dangerous: ["C was added to enum type A."] });
  });
});

describe("npm run check", () => {
  const CHECK = join(import.meta.dirname, "check.js");
  const folders: string[] = [];
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

  /** A folder with a schema, and with git unless told otherwise. */
  function repository({ git = true } = {}) {
    const folder = mkdtempSync(join(tmpdir(), "users-subgraph-contract-"));
    folders.push(folder);
    mkdirSync(join(folder, "schema"));
    const run = (...args: string[]): unknown =>
      execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.com", ...args], {
        cwd: folder,
        stdio: "ignore",
        env: { PATH: process.env.PATH, HOME: folder, GIT_CEILING_DIRECTORIES: tmpdir() },
      });
    if (git) run("init");
    return {
      write: (file: string, text: string) => writeFileSync(join(folder, "schema", file), text),
      release: (tag: string) => {
        run("add", ".");
        run("commit", "--allow-empty", "-m", tag);
        run("tag", tag);
      },
      check: (path = process.env.PATH): { status: number | null; said: string } => {
        const env = { PATH: path, HOME: folder, GIT_CEILING_DIRECTORIES: tmpdir() };
        const { status, stdout } = spawnSync(process.execPath, [CHECK], { cwd: folder, env, encoding: "utf8" });
        return { status, said: stdout };
      },
    };
  }

  const WITHOUT_ME = changed("  me: User\n", "  myself: User\n");
  const CHANGE = "Query.me was removed.";

  test.each([
    ["outside of git", { git: false }],
    ["before the first release", {}],
  ])("passes %s, and says so", (_, options) => {
    const { write, check } = repository(options);
    write("users.graphql", OURS);
    expect(check()).toEqual({ status: 0, said: expect.stringContaining("No release to compare") });
  });

  test("passes where there is no git, and where the release had no schema", () => {
    const { write, release, check } = repository();
    release("v0.1.0");
    write("users.graphql", OURS);
    expect(check("/nowhere")).toEqual({ status: 0, said: expect.stringContaining("No release to compare") });
    expect(check()).toEqual({ status: 0, said: expect.stringContaining("v0.1.0 has no schema") });
  });

  test("fails on a breaking change until it is announced; at the next release all begins anew", () => {
    const { write, release, check } = repository();
    write("users.graphql", OURS);
    release("v1.0.0");
    release("not-a-release");
    expect(check()).toEqual({ status: 0, said: expect.stringContaining("0 breaking and 0 dangerous") });
    write("users.graphql", WITHOUT_ME);
    expect(check()).toEqual({ status: 1, said: expect.stringContaining(`breaking: ${CHANGE}`) });
    write("breaking-changes.md", "- `Query.them was removed.` Nobody asked.\n");
    expect(check().status).toBe(1);
    const announcement = `- \`${CHANGE}\` Ask \`Query.user\`.\n`;
    write("breaking-changes.md", announcement);
    expect(check()).toEqual({ status: 0, said: expect.stringContaining(`breaking, announced: ${CHANGE}`) });

    release("v2.0.0");
    expect(check()).toEqual({ status: 0, said: expect.stringContaining("since v2.0.0") });
    write("users.graphql", OURS);
    release("v2.1.0");
    write("users.graphql", WITHOUT_ME);
    expect(check().status).toBe(1);
    write("breaking-changes.md", `${announcement}- \`${CHANGE}\` Again, in version 3.\n`);
    expect(check().status).toBe(0);
  });
});
