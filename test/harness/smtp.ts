import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import PostalMime, { type Email } from "postal-mime";
import { SMTPServer } from "smtp-server";

/** A mail as the server took it. */
export interface Received {
  envelope: { from: string; to: string[] };
  mail: Email;
  /** As it came over the wire. */
  source: string;
}

/** What the server answers instead of taking a mail; `{source}` in the text is the mail itself. */
export interface Refusal {
  code: number;
  text?: string;
  /** Which command is refused; the mail as a whole unless told otherwise. */
  at?: "sender" | "recipient" | "data";
}

export interface TestSmtp {
  url: string;
  /** What was taken, in that order. */
  messages: Received[];
  /** What was refused as a whole. */
  refused: Received[];
  /** From now on every mail is refused so; null: taken again. */
  refuse(refusal: Refusal | null): void;
  /** From now on no mail is answered; `arrived` is when the first of them is there, and `release` answers them all. */
  hold(): { arrived: Promise<void>; release: () => void };
  /** The first mail to that address, once it is there. */
  mailTo(address: string): Promise<Received>;
  close(): Promise<void>;
}

/** A real SMTP server on a free port, for one test file. Call it at the top level of the file. */
export async function smtpServer(): Promise<TestSmtp> {
  const server = await startSmtp();
  afterAll(() => server.close());
  return server;
}

/** The same outside of tests: whoever calls it closes it. */
export async function startSmtp(): Promise<TestSmtp> {
  const messages: Received[] = [];
  const refused: Received[] = [];
  const watchers = new Set<() => void>();
  let refusal: Refusal | null = null;
  let held: { arrived: () => void; released: Promise<void> } | null = null;

  const answer = (at: Refusal["at"], source = ""): Error | null =>
    refusal && (refusal.at ?? "data") === at
      ? Object.assign(new Error((refusal.text ?? "refused").replace("{source}", () => source)), {
          responseCode: refusal.code,
        })
      : null;

  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    closeTimeout: 1, // whose connections are still open is not waited for
    onMailFrom: (_address, _session, callback) => callback(answer("sender")),
    onRcptTo: (_address, _session, callback) => callback(answer("recipient")),
    onData: (stream, { envelope }, callback) => {
      const take = async (): Promise<void> => {
        const source = (await buffer(stream)).toString();
        const received = {
          envelope: {
            from: envelope.mailFrom ? envelope.mailFrom.address : "",
            to: envelope.rcptTo.map(({ address }) => address),
          },
          mail: await PostalMime.parse(source),
          source,
        };
        if (held) {
          held.arrived();
          await held.released;
        }
        const error = answer("data", source);
        (error ? refused : messages).push(received);
        for (const watcher of watchers) watcher();
        callback(error);
      };
      take().catch(callback);
    },
  });
  server.on("error", () => {}); // a client that is gone
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");

  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    messages,
    refused,
    refuse: (next) => {
      refusal = next;
    },
    hold: () => {
      let release = (): void => {};
      const released = new Promise<void>((resolve) => (release = resolve));
      const arrived = new Promise<void>((resolve) => (held = { arrived: resolve, released }));
      return {
        arrived,
        release: () => {
          held = null;
          release();
        },
      };
    },
    mailTo: (address) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = messages.find(({ envelope }) => envelope.to.includes(address));
          if (!found) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The address that a mail asks to open; its text and its HTML name the same one. */
export function linkIn({ text = "", html = "" }: Email): string {
  const link = /https?:\S+/.exec(text)![0];
  expect(html).toContain(`href="${link}"`);
  return link;
}

type NotYet = false | null | undefined;

/** Asks until there is an answer that is not false, null or undefined; for a minute, since machines may be busy. */
export async function until<T>(ask: () => Promise<T | NotYet> | T | NotYet): Promise<T> {
  for (let left = 6_000; left > 0; left--) {
    const answer = await ask();
    if (answer !== false && answer !== null && answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("It did not come to pass.");
}
