import { readdirSync, readFileSync } from "node:fs";

/** Who knows whom: each room and top-level file imports only what stands before it. */
const ORDER = `kit config.ts log.ts process.ts database command.ts access starting-roles.ts audit mail users user-groups
  invitations impersonation forms user-data-forms investor-preference-forms directory
  schema.ts schema-files.ts migrate.ts create-tenant.ts metrics.ts http open-telemetry.ts tracing.ts explorer server.ts demo
  mail-worker.ts main.ts`.split(/\s+/);

/** What one of our files does against the rules of the house. */
function breaches(path: string, text: string): string[] {
  const found: string[] = [];
  const room = path.split("/")[0]!;
  if (!ORDER.includes(room)) found.push(`${room} has no place in the order`);
  for (const [, from] of text.matchAll(/(?:from|import) ?\(?"(\.[^"]*)"/g)) {
    const target = new URL(from!, `file:///src/${path}`).pathname.replace(/^\/src\/|\.js$/g, "");
    const [other, ...inside] = target.split("/");
    if (other === room || target.startsWith("/")) continue;
    if (ORDER.indexOf(inside.length ? other! : `${other}.ts`) >= ORDER.indexOf(room))
      found.push(`imports ${other}, which comes later`);
    if (inside.length && inside.join() !== "index") found.push(`imports ${target} past its index`);
  }
  const names = (library: string): string[] =>
    [...text.matchAll(new RegExp(`import (?:type )?{([^}]*)} from "${library}"`, "g"))].flatMap(
      ([, list]) => list!.match(/\w+/g) ?? [],
    );
  const forbid = (library: string, list: string[]): unknown =>
    names(library)
      .filter((name) => list.includes(name))
      .map((name) => found.push(`imports ${name} of ${library}`));
  if (!["kit", "database"].includes(room)) forbid("typeorm", ["Repository", "EntityManager", "DataSource"]);
  if (room !== "kit") forbid("type-graphql", ["Query", "Mutation", "FieldResolver", "Authorized", "UseMiddleware"]);
  if (room !== "config.ts" && text.includes("process.env")) found.push("reads process.env");
  const operation = /\/mutations\/([\w-]+)\.ts$/
    .exec(path)?.[1]
    ?.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  if (operation && !new RegExp(`@Write\\({[^]*\\n  }\\)\\n  (async )?${operation}\\(`).test(text))
    found.push(`does not declare ${operation}`);
  if (/class \w*(Service|Manager|Helper|Util|Utils|Base)\b/.test(text)) found.push("names a class after nothing");
  return found;
}

const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));

test.each(files)("src/%s keeps the rules of the house", (path) => {
  expect(breaches(path, readFileSync(`src/${path}`, "utf8"))).toEqual([]);
});

test("the README's table has every variable that the configuration reads, and no other", () => {
  const names = (text: string, pattern: RegExp): string[] =>
    [...text.matchAll(pattern)].map(([, name]) => name!).toSorted();
  const read = names(readFileSync("src/config.ts", "utf8"), /^ {2}([A-Z][A-Z_]+): /gm);
  expect(read.length).toBeGreaterThan(20);
  const [, table = ""] = /^## Configuration$([^]*?)^## /m.exec(readFileSync("README.md", "utf8")) ?? [];
  expect(names(table, /^\| `([A-Z][A-Z_]+)`/gm)).toEqual(read);
});

test.each([
  ["users/user.ts", `import { directory } from "../directory/index.js";`, "imports directory, which comes later"],
  ["kit/keyset.ts", `import {\n  may,\n} from "../access/index.js";`, "imports access, which comes later"],
  ["kit/keyset.ts", `import "../main.js";`, "imports main, which comes later"],
  ["audit/queries.ts", `export { x } from "../access/viewer.js";`, "imports access/viewer past its index"],
  [
    "users/mutations/x.ts",
    `const x = await import("../../kit/index.js"); import y from "../../kit/loader.js";`,
    "imports kit/loader past its index",
  ],
  ["server.ts", `import { runner } from "./main.js";`, "imports main, which comes later"],
  ["attic/box.ts", "", "attic has no place in the order"],
  ["users/rules.ts", `import { Check, DataSource } from "typeorm";`, "imports DataSource of typeorm"],
  ["users/rules.ts", `import type {\n  EntityManager,\n} from "typeorm";`, "imports EntityManager of typeorm"],
  ["audit/queries.ts", `import { Field, Query as Q } from "type-graphql";`, "imports Query of type-graphql"],
  ["demo/token.ts", "process.env.HOME", "reads process.env"],
  ["users/mutations/update-user.ts", "@Write({\n    a,\n  })\n  async renameUser(", "does not declare updateUser"],
  ["users/rules.ts", "export class UserManager {", "names a class after nothing"],
])("a control: src/%s with %j is found", (path, text, breach) => expect(breaches(path, text)).toContain(breach));
