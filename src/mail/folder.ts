import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import type { Logger } from "pino";
import { messageOf, type OutgoingMail, type Transport } from "./transport.js";

/** A mail that a development server wrote instead of sending it. */
export interface WrittenMail extends OutgoingMail {
  writtenAt: string;
}

const RECORD = ".json";

/**
 * For development: writes each mail as an .eml file, with a record of it for the page that shows it, and logs the link
 * in it, so that nobody needs a mail server to accept an invitation.
 */
export function folderTransport(folder: string, log: Logger): Transport {
  const transporter = createTransport({
    streamTransport: true,
    buffer: true,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async (mail) => {
      const { message } = await transporter.sendMail(messageOf(mail));
      const writtenAt = new Date().toISOString();
      const name = `${writtenAt.replaceAll(":", "-")}_${mail.to.replace(/[^\w.@+-]/g, "_").slice(0, 100)}`;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(join(folder, `${name}.eml`), message as Buffer, { mode: 0o600, flag: "wx" });
      const record: WrittenMail = { ...mail, writtenAt };
      await writeFile(join(folder, name + RECORD), JSON.stringify(record), { mode: 0o600 });
      log.info({ to: mail.to, subject: mail.subject, link: mail.link }, "a mail was written");
    },
    close: () => transporter.close(),
  };
}

/** The names of the mails in the folder, the newest first. */
export async function writtenMails(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return [];
  });
  const records = files.filter((file) => file.endsWith(RECORD)).map((file) => file.slice(0, -RECORD.length));
  return records.toSorted().toReversed();
}

/** The mail of that name, or null. A name that is not one of the folder's reaches no file. */
export async function writtenMail(folder: string, name: string): Promise<WrittenMail | null> {
  if (!(await writtenMails(folder)).includes(name)) return null;
  return JSON.parse(await readFile(join(folder, name + RECORD), "utf8")) as WrittenMail;
}
