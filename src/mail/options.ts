import { join } from "node:path";
import type { Logger } from "pino";
import type { Config } from "../config.js";
import { folderTransport } from "./folder.js";
import { type Mailbox, smtpTransport, type Transport } from "./transport.js";

/** How this process sends mails. */
export interface MailOptions {
  transport: Transport;
  from: Mailbox;
  /** Where the holder of a token accepts an invitation, with `{token}` for it; else the page of the development server. */
  invitationUrl?: string;
  pollMilliseconds?: number;
  leaseMilliseconds?: number;
}

/** The page of a development server on which an invitation is accepted. Behind the `#`, so that no server logs a token. */
export const DEVELOPMENT_INVITATION_PATH = "/mail/accept#{token}";

const DEVELOPMENT_FROM: Mailbox = { name: "Users subgraph", address: "no-reply@users-subgraph.localhost" };

/** What the configuration says about mails: sent by a mail server, or without one, in development, written to a folder. */
export function mailOptions(config: Config, log: Logger): MailOptions {
  const { SMTP_URL: url, MAIL_FROM: from = DEVELOPMENT_FROM, INVITATION_URL: invitationUrl } = config;
  const production = config.NODE_ENV === "production";
  const transport = url ? smtpTransport(production ? encrypted(url) : url) : folderTransport(mailFolder(config)!, log);
  return { transport, from, ...(invitationUrl && { invitationUrl }) };
}

/** Tokens travel in mails: a server that offers no STARTTLS is refused, unless the address itself says otherwise. */
function encrypted(address: string): string {
  const url = new URL(address);
  if (url.protocol === "smtp:" && !url.searchParams.has("requireTLS")) url.searchParams.set("requireTLS", "true");
  return url.href;
}

/** Where a development server without a mail server writes mails, and shows them from; null where mails are sent. */
export const mailFolder = ({ SMTP_URL: url, DATA_DIR: dataDir }: Config): string | null =>
  url ? null : join(dataDir, "mail");

/** The address that the template means for this token. */
export const addressFor =
  (template: string) =>
  (token: string): string =>
    template.replaceAll("{token}", () => encodeURIComponent(token));
