import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import type { ExampleOperation } from "./operations.js";

interface Look {
  title: string;
  note: string;
  /** The markup below the menu, for the example that the address names (`?operation=Name`) or else the first. */
  explorer(chosen: ExampleOperation | undefined): string;
  /** The content security policy, beyond what every page has. */
  policy: string;
}

const STYLE = `
  body { margin: 0; height: 100vh; display: flex; flex-direction: column; font: 14px/1.6 system-ui, sans-serif }
  header { display: flex; flex-wrap: wrap; gap: 0 24px; padding: 6px 16px; border-bottom: 1px solid #ccc }
  p { margin: 0 } main { flex: 1 } iframe { display: block; width: 100%; height: 100%; border: 0 }
`;

/** Serves the menu of the examples above an explorer. The page loads nothing but what its policy names. */
export function page(app: FastifyInstance, path: string, operations: ExampleOperation[], look: Look): void {
  const policy =
    `default-src 'none'; style-src ${hash(STYLE)}; img-src data:; form-action 'self'; ` +
    `base-uri 'none'; frame-ancestors 'none'; ${look.policy}`;
  app.get<{ Querystring: { operation?: string } }>(path, (request, reply) => {
    const chosen = operations.find(({ name }) => name === request.query.operation) ?? operations[0];
    const choices = operations.map(({ name }) => `<option${name === chosen?.name ? " selected" : ""}>${name}</option>`);
    return reply
      .headers({ "cache-control": "no-store", "content-security-policy": policy })
      .type("text/html; charset=utf-8").send(`<!doctype html>
<html lang="en">
<title>${look.title}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<header>
  <form>
    <label>Example <select name="operation" autocomplete="off">${choices.join("")}</select></label>
    <button>Open</button>
  </form>
  <p>${look.note}</p>
</header>
<main>${look.explorer(chosen)}</main>
`);
  });
}

/** Lets a policy allow exactly this inline text. */
export function hash(inline: string): string {
  return `'sha256-${createHash("sha256").update(inline).digest("base64")}'`;
}
