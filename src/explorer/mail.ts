import type { FastifyInstance, FastifyReply } from "fastify";
import { escapeHtml, writtenMail, writtenMails } from "../mail/index.js";
import { hash } from "./page.js";

export interface MailPagesOptions {
  /** Where a development server writes its mails. */
  folder: string;
  /** The path of the GraphQL endpoint on this server. */
  endpoint: string;
}

const MOST_LISTED = 200;

const STYLE = `
  body { margin: 0 auto; padding: 16px; max-width: 800px; font: 14px/1.6 system-ui, sans-serif }
  h1 { font-size: 18px } th, td { padding: 2px 16px 2px 0; text-align: left }
  iframe { width: 100%; height: 480px; border: 1px solid #ccc } pre { white-space: pre-wrap; overflow-wrap: anywhere }
`;

const ACCEPT =
  "mutation AcceptInvitation($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { errors { code message } } }";

/**
 * The pages of a development server without a mail server: what it would have sent (`/mail`), and where the link in an
 * invitation leads (`/mail/accept`).
 */
export function mailPages(app: FastifyInstance, { folder, endpoint }: MailPagesOptions): void {
  app.get("/mail", async (_request, reply) => {
    const names = (await writtenMails(folder)).slice(0, MOST_LISTED);
    const mails = await Promise.all(names.map(async (name) => ({ name, mail: await writtenMail(folder, name) })));
    const rows = mails.map(({ name, mail }) =>
      mail ? row([mail.writtenAt, escapeHtml(mail.to), link(pathOf(name), mail.subject)]) : "",
    );
    const list = rows.length > 0 ? `<table>${rows.join("")}</table>` : "<p>No mail yet. Invite somebody.</p>";
    return page(reply, "Mail", `<p>Written instead of being sent, because SMTP_URL is not set.</p>${list}`);
  });

  app.get<{ Params: { name: string } }>("/mail/:name", async ({ params: { name } }, reply) => {
    const mail = await writtenMail(folder, name);
    if (!mail) return reply.callNotFound();
    const { from, to, messageId, writtenAt, subject, text } = mail;
    const head = Object.entries({
      From: `${from.name} <${from.address}>`,
      To: to,
      Date: writtenAt,
      "Message-ID": messageId,
    });
    const table = head.map(([label, value]) => row([label, escapeHtml(value)])).join("");
    return page(
      reply,
      subject,
      `<table>${table}</table>
${mail.link ? `<p>${link(mail.link, mail.link)}</p>` : ""}
<iframe sandbox src="${pathOf(name)}/html" title="The mail as HTML"></iframe>
<h2>As text</h2>
<pre>${escapeHtml(text)}</pre>
<p><a href="/mail">All mails</a></p>`,
      "frame-src 'self'",
    );
  });

  app.get<{ Params: { name: string } }>("/mail/:name/html", async ({ params: { name } }, reply) => {
    const mail = await writtenMail(folder, name);
    if (!mail) return reply.callNotFound();
    const policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'";
    return html(reply, policy, mail.html);
  });

  acceptPage(app, endpoint);
}

/** What an application of the platform does with the link of an invitation. */
function acceptPage(app: FastifyInstance, endpoint: string): void {
  const script = `
  const [button, result] = [document.querySelector("button"), document.querySelector("pre")];
  button.addEventListener("click", async () => {
    const token = decodeURIComponent(location.hash.slice(1));
    const body = JSON.stringify({ query: ${JSON.stringify(ACCEPT)}, variables: { input: { token } } });
    const headers = { "content-type": "application/json" };
    const response = await fetch(${JSON.stringify(endpoint)}, { method: "POST", headers, body });
    const { data, errors } = await response.json();
    const problems = errors ?? data.acceptInvitation.errors;
    result.textContent = problems.length === 0 ? "Accepted: the account is active." : problems.map((one) => one.message).join("\\n");
  });
`;
  app.get("/mail/accept", (_request, reply) =>
    page(
      reply,
      "Invitation",
      `<p><button>Accept the invitation</button></p><pre role="status"></pre><script type="module">${script}</script>`,
      `script-src ${hash(script)}; connect-src 'self'`,
    ),
  );
}

const pathOf = (name: string): string => `/mail/${encodeURIComponent(name)}`;

const link = (href: string, text: string): string => `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`;

const row = (cells: string[]): string => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;

/** A page that loads nothing but what its policy names. */
function page(reply: FastifyReply, title: string, body: string, policy = ""): FastifyReply {
  const all = `default-src 'none'; style-src ${hash(STYLE)}; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; ${policy}`;
  return html(
    reply,
    all,
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<h1>${escapeHtml(title)}</h1>
${body}
`,
  );
}

const html = (reply: FastifyReply, policy: string, text: string): FastifyReply =>
  reply
    .headers({
      "cache-control": "no-store",
      "content-security-policy": policy,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    })
    .type("text/html; charset=utf-8")
    .send(text);
