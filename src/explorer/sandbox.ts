import type { FastifyInstance } from "fastify";
import type { ExplorerOptions } from "./index.js";
import { hash, page } from "./page.js";

const LIBRARY = "https://embeddable-sandbox.cdn.apollographql.com/v2/embeddable-sandbox.umd.production.min.js";
const FRAME = "https://sandbox.embed.apollographql.com";
const STUDIO = "https://studio.apollographql.com";

// Sandbox hands its requests to this page. The token is added here, since an initial header would be part of the frame's address
// and so travel to Apollo.
const SCRIPT = `
  const { endpoint, token, document: query, variables } = JSON.parse(document.getElementById("given").textContent);
  const withToken = (url, init) => {
    const headers = new Headers(init.headers);
    if (!headers.has("authorization")) headers.set("authorization", "Bearer " + token);
    return fetch(url, { ...init, headers });
  };
  if (window.EmbeddedSandbox)
    new window.EmbeddedSandbox({
      target: "main",
      initialEndpoint: new URL(endpoint, location.origin).href,
      initialState: { document: query, variables: variables && JSON.parse(variables) },
      handleRequest: withToken,
      endpointIsEditable: false,
      allowDynamicStyles: false,
      runTelemetry: false,
    });
`;

/**
 * `GET /` is Apollo Sandbox. Not by Apollo's landing page plugin: that one takes its own address for the endpoint and shows no way
 * out when Sandbox cannot be loaded.
 */
export function sandbox(app: FastifyInstance, { endpoint, token, operations }: ExplorerOptions): void {
  page(app, "/", operations, {
    title: "Apollo Sandbox",
    note: `Apollo Sandbox comes from the internet: if nothing shows below, use <a href="/graphiql">/graphiql</a>, which is served from
      here. Requests carry the demo token unless you set <code>Authorization</code> under Headers.`,
    policy: `script-src ${hash(SCRIPT)} ${new URL(LIBRARY).origin}; connect-src 'self'; frame-src ${FRAME}`,
    explorer: (chosen) => `
      <script type="application/json" id="given">${inScript({ endpoint, token, ...chosen })}</script>
      <script src="${LIBRARY}" defer></script>
      <script type="module">${SCRIPT}</script>`,
  });

  // The embedded Sandbox asks from our own origin; the one at studio.apollographql.com/sandbox from Apollo's.
  app.addHook("onRequest", async ({ headers, method, url }, reply) => {
    if (headers.origin !== STUDIO || url.split("?")[0] !== endpoint) return; // another spelling gets no CORS, no more
    reply.headers({ "access-control-allow-origin": STUDIO, vary: "origin" });
    const asked = headers["access-control-request-headers"];
    if (method === "OPTIONS") await reply.header("access-control-allow-headers", asked).code(204).send();
  });
}

/** JSON that cannot end the script element it stands in. */
function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}
