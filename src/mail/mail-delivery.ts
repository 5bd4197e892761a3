import { ObjectType, registerEnumType } from "type-graphql";
import { Check, Entity, Index, PrimaryColumn } from "typeorm";
import { Attribute, DateTime, Hidden } from "../kit/index.js";

export enum MailStatus {
  QUEUED = "QUEUED",
  SENT = "SENT",
  FAILED = "FAILED",
  CANCELLED = "CANCELLED",
}
registerEnumType(MailStatus, {
  name: "InvitationMailStatus",
  description: "How the delivery of a mail stands.",
  valuesConfig: {
    QUEUED: { description: "Waits for its first or its next attempt." },
    SENT: { description: "The mail server has taken it." },
    FAILED: { description: "Given up: the mail server refused it for good, or too often." },
    CANCELLED: { description: "Not sent: by its turn it was no longer wanted, e.g. the invitation withdrawn." },
  },
});

/**
 * A mail to send, written in the transaction that promises it. It holds what the mail is about and not its text: that is
 * made when it is sent, so that no secret of a mail ever stands in the database.
 */
@ObjectType("InvitationMail", { description: "One mail, and how its delivery stands." })
@Entity("mail_deliveries")
@Check("mail_deliveries_status", `"status" IN ('QUEUED', 'SENT', 'FAILED', 'CANCELLED')`)
@Index("mail_deliveries_due", ["dueAt"], { where: `"status" = 'QUEUED'` })
@Index("mail_deliveries_failed", ["dueAt"], { where: `"status" = 'FAILED'` })
export class MailDelivery {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @PrimaryColumn("uuid", { name: "id" })
  guid!: string;

  /** Which composer writes it. */
  @Hidden("text")
  kind!: string;

  /** What it is about: for an invitation's mail the invitation. */
  @Hidden("uuid")
  subjectId!: string;

  @Attribute(() => MailStatus, { default: MailStatus.QUEUED, description: "How it stands." })
  status!: MailStatus;

  @Attribute(() => Number, { default: 0, description: "How often the mail server was asked to take it." })
  attempts!: number;

  @Attribute(() => DateTime, { default: () => "now()", description: "When it is tried next, while QUEUED." })
  dueAt!: string;

  /** Given at the first attempt and kept for all others, so that a receiver knows a second copy as one. */
  @Hidden("text", { nullable: true })
  messageId!: string | null;

  @Attribute(() => String, { nullable: true, description: "What the mail server said last when it did not take it." })
  failure!: string | null;

  @Attribute(() => DateTime, { default: () => "now()", description: "When it was promised." })
  createdAt!: string;

  @Attribute(() => DateTime, { nullable: true, description: "When the mail server took it." })
  sentAt!: string | null;
}
