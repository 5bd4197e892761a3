import { createTransport, type NodemailerError } from "nodemailer";

/** A mailbox with the name it is shown by, if any. */
export interface Mailbox {
  name: string;
  address: string;
}

/** A mail as it leaves. */
export interface OutgoingMail {
  from: Mailbox;
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The same at every attempt, so that a receiver knows a second copy as one. */
  messageId: string;
  /** What the receiver is asked to open. */
  link?: string;
}

/** A way for mails to leave. */
export interface Transport {
  /** Resolves when the mail is taken. Gives up when the signal says so. @throws Undelivered */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<void>;
  /** Closes its connections; nothing can be sent from then on. */
  close(): void;
}

/** A mail that was not taken. The message is fit for a tenant's eyes; what else is known is the cause. */
export class Undelivered extends Error {
  /** With what a mail server refused it, e.g. "550 5.1.1". Its words, the message, may repeat the mail: no log has them. */
  readonly status: string | undefined;

  constructor(
    message: string,
    /** Trying again is of no use. */
    readonly permanent: boolean,
    { status, ...options }: ErrorOptions & { status?: string } = {},
  ) {
    super(message, options);
    this.status = status;
  }
}

/** What a mail is to nodemailer: nothing in it is parsed, taken from a file or fetched. */
export function messageOf({ from, to, subject, text, html, messageId }: OutgoingMail): Message {
  return {
    from,
    to: { name: "", address: to },
    envelope: { from: from.address, to: [to] },
    subject,
    text,
    html,
    messageId,
    // Not base64: a server that repeats a mail in its refusal repeats it legibly, and we can take out what is secret.
    encoding: "quoted-printable",
    // Nobody's absence notes, and no mail in answer to a mail.
    headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
  };
}

type Message = NonNullable<Parameters<ReturnType<typeof createTransport>["sendMail"]>[0]>;

/** Sends by that mail server, over a few connections that stay open. Options of nodemailer may follow in the URL's query. */
export function smtpTransport(url: string): Transport {
  const transporter = createTransport({
    pool: true,
    url,
    disableFileAccess: true,
    disableUrlAccess: true,
    dnsTimeout: 10_000,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
  });
  return {
    send: async (mail, signal) => {
      try {
        await transporter.sendMail({ ...messageOf(mail), signal });
      } catch (error) {
        throw undelivered(error as NodemailerError);
      }
    },
    close: () => transporter.close({ force: true }),
  };
}

/** What the server said of the mail is told as it is; what it said of us, or that it said nothing, is our own affair. */
function undelivered(error: NodemailerError): Undelivered {
  const { code, command, response, responseCode = 0 } = error;
  const ofMail = code === "EMESSAGE" || (code === "EENVELOPE" && command !== "MAIL FROM");
  if (!ofMail || !response || responseCode === 530) {
    const why = code === "ETLS" ? "ETLS: it offers no STARTTLS" : (code ?? error.name);
    return new Undelivered(`The mail server could not be used (${why}).`, false, { cause: error });
  }
  const [status = `${responseCode}`] = /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3})?/.exec(response) ?? [];
  return new Undelivered(response, error.permanent ?? false, { status: status.replace("-", " ") });
}
