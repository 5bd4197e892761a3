import { MailDelivery } from "./mail-delivery.js";

export const mail = { tables: [MailDelivery] } as const;

export { folderTransport, writtenMail, writtenMails, type WrittenMail } from "./folder.js";
export { escapeHtml, layOut, type Letter } from "./letter.js";
export { MailDelivery, MailStatus } from "./mail-delivery.js";
export { addressFor, DEVELOPMENT_INVITATION_PATH, mailFolder, mailOptions, type MailOptions } from "./options.js";
export { queueMails } from "./queue.js";
export { smtpTransport, type Mailbox, type OutgoingMail, type Transport, Undelivered } from "./transport.js";
export {
  type Composer,
  type Desk,
  type MailOutcome,
  type MailWorker,
  type MailWorkerOptions,
  startMailWorker,
} from "./worker.js";
