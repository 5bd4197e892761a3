import { v7 as uuidv7 } from "uuid";
import type { Context } from "../kit/index.js";
import { MailDelivery } from "./mail-delivery.js";

/**
 * Promises a mail for each subject in the transaction of the write that wants it; the mails' guids in that order. They
 * are due at once by the database's clock, which is the worker's too.
 */
export async function queueMails({ db }: Context, kind: string, subjectIds: string[]): Promise<string[]> {
  const mails = subjectIds.map((subjectId) => ({ guid: uuidv7(), kind, subjectId }));
  await db.insertAll(MailDelivery, mails);
  return mails.map(({ guid }) => guid);
}
