import { createReadStream, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join, sep } from "node:path";
import type { FastifyInstance } from "fastify";
import type { ExplorerOptions } from "./index.js";
import { page } from "./page.js";

/** What is not listed here is not served. */
const CONTENT_TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
};

/** Styles are the one thing Altair (Angular, CodeMirror) must write inline; scripts come from files only, all of them ours. */
const ALTAIR_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'self'";

/** `GET /graphiql` is Altair, served from its npm package: no request leaves this server. */
export async function graphiql(app: FastifyInstance, { endpoint, token, operations }: ExplorerOptions): Promise<void> {
  // Imported here, so that a server without the explorer runs without the package.
  const altair = await import("altair-static");
  const { version } = createRequire(import.meta.url)("altair-static/package.json") as { version: string };
  const base = `/graphiql/altair-${version}/`;

  // One example at a time, in a frame below our menu: as Altair's own tabs, sixty of them ran off the screen with the last one open.
  page(app, "/graphiql", operations, {
    title: "GraphQL explorer",
    note: `Needs no internet, unlike <a href="/">Apollo Sandbox</a>. Headers, with the demo token, are the first icon on the left.`,
    policy: "frame-src 'self'",
    explorer: (chosen) => `<iframe src="/graphiql/altair?operation=${chosen?.name ?? ""}" title="Altair"></iframe>`,
  });

  const html = altair.renderAltair({ baseURL: base, serveInitialOptionsInSeperateRequest: "../start.js" });
  app.get("/graphiql/altair", (_request, reply) =>
    reply
      .headers({ "cache-control": "no-store", "content-security-policy": ALTAIR_POLICY })
      .type("text/html; charset=utf-8")
      .send(html),
  );

  const start = `
const name = new URLSearchParams(location.search).get("operation");
const { document: query, variables } = ${JSON.stringify(operations)}.find((operation) => operation.name === name) ?? {};
const asked = {
  endpointURL: new URL(${JSON.stringify(endpoint)}, location.origin).href, // Altair refuses a relative one
  initialHeaders: { Authorization: ${JSON.stringify(`Bearer ${token}`)} },
};
AltairGraphQL.init({
  ...asked, // for the tabs a person adds
  initialWindows: [{ ...asked, initialName: name, initialQuery: query, initialVariables: variables ?? "{}" }],
  preserveState: false, // a remembered token would outlive the server's
  disableAccount: true,
  persistedSettings: {
    "schema.reloadOnStart": true, "alert.disableUpdateNotification": true, "banners.disable": true, disablePushNotification: true,
  },
});
`;
  app.get("/graphiql/start.js", (_request, reply) =>
    reply
      // A script may be included by any site, and this one holds the token.
      .headers({ "cache-control": "no-store", "cross-origin-resource-policy": "same-origin" })
      .type(CONTENT_TYPES[".js"]!)
      .send(start),
  );

  // One route per file, so a path that is no file of the package is no route. The version in it makes each immutable.
  const folder = altair.getDistDirectory();
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const type = CONTENT_TYPES[extname(file)];
    if (!type || altair.isSandboxFrame(file)) continue;
    app.get(base + file.replaceAll(sep, "/"), (_request, reply) =>
      reply
        .header("cache-control", "public, max-age=31536000, immutable")
        .type(type)
        .send(createReadStream(join(folder, file))),
    );
  }
}
