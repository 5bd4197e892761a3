import { ObjectType } from "type-graphql";
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { Role } from "../access/index.js";
import { Attribute, Computed, DateTime, GlobalId, Hidden, Node, UUID } from "../kit/index.js";
import { MailDelivery } from "../mail/index.js";
import { UserGroup } from "../user-groups/index.js";
import { type InviteColumns, InviteStatus, inviteStatusOf, inviteStatusSql, User } from "../users/index.js";

/** Where an invitation's status stands, for `inviteStatusIs` and its like. */
export const inviteColumns = (alias: string): InviteColumns => ({
  status: `${alias}.status`,
  expires: `${alias}.date_expires`,
});

/** One invitation of a user. The user's own row carries the latest one's status and dates for lists to sort by. */
@ObjectType({ implements: Node, description: "One invitation of somebody to the platform, and perhaps into a group." })
@Entity("invitations")
@Check("invitations_status", `"status" IN ('DRAFT', 'INVITED', 'COMPLETED', 'REVOKED')`)
@ForeignKey(() => User, ["tenantId", "userId"], ["tenantId", "guid"], { name: "invitations_user" })
@ForeignKey(() => UserGroup, ["tenantId", "groupId"], ["tenantId", "guid"], { name: "invitations_group" })
@ForeignKey(() => Role, ["tenantId", "roleId"], ["tenantId", "guid"], { name: "invitations_role" })
@ForeignKey(() => User, ["tenantId", "invitedByUserId"], ["tenantId", "guid"], { name: "invitations_invited_by" })
@ForeignKey(() => User, ["tenantId", "approvedByUserId"], ["tenantId", "guid"], { name: "invitations_approved_by" })
@ForeignKey(() => MailDelivery, ["tenantId", "mailId"], ["tenantId", "guid"], { name: "invitations_mail" })
@Index("invitations_open", ["tenantId", "userId"], { unique: true, where: `"status" IN ('DRAFT', 'INVITED')` })
@Index("invitations_token", ["tenantId", "tokenHash"], { unique: true })
@Index("invitations_by_user", ["tenantId", "userId", "createdAt", "guid"])
@Index("invitations_by_created_at", ["tenantId", "createdAt", "guid"])
@Index("invitations_by_group", ["tenantId", "groupId", "createdAt", "guid"])
@Index("invitations_by_inviter", ["tenantId", "invitedByUserId", "createdAt", "guid"])
@Index("invitations_by_approver", ["tenantId", "approvedByUserId"], { where: `"approved_by_user_id" IS NOT NULL` })
@Index("invitations_by_status", ["tenantId", "storedStatus", "guid", "dateExpires"])
export class Invitation implements Node {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @GlobalId("guid")
  id!: string;

  @Attribute(() => UUID, { primary: true, name: "id", description: "The platform's own id, and a federation key." })
  guid!: string;

  @Hidden("uuid")
  userId!: string;

  @Hidden("text", { name: "status" })
  storedStatus!: InviteStatus;

  @Computed<Invitation>(() => InviteStatus, {
    description: "Where it stands now.",
    of: ({ storedStatus, dateExpires }, { now }) => inviteStatusOf(storedStatus, dateExpires, now),
    sql: (row, { now }) => inviteStatusSql(inviteColumns(row), now),
  })
  status!: InviteStatus;

  @Hidden("uuid", { nullable: true })
  groupId!: string | null;

  @Hidden("uuid", { nullable: true })
  roleId!: string | null;

  @Attribute(() => Boolean, {
    nullable: true,
    description:
      "Into a shell: false to be a member only; true or null to lead it if nobody does when it is accepted. Null elsewhere.",
  })
  asLead!: boolean | null;

  @Attribute(() => String, { nullable: true, description: "What the inviter adds to the mail." })
  message!: string | null;

  @Hidden("uuid", { nullable: true })
  invitedByUserId!: string | null;

  @Hidden("uuid", { nullable: true })
  approvedByUserId!: string | null;

  /** The person or service behind the request, also behind an impersonated session: who may not approve it. */
  @Hidden("text", { nullable: true })
  requestedBy!: string | null;

  @Attribute(() => DateTime, { default: () => "now()", description: "When it was recorded." })
  createdAt!: string;

  /** Until when the inviter wants it to live; null: the tenant's usual time from sending on. */
  @Column({ type: "timestamptz", precision: 3, nullable: true })
  wantedUntil!: string | null;

  @Attribute(() => DateTime, {
    nullable: true,
    description: "When the first mail was promised; `mail` tells whether it has left. Null: not yet.",
  })
  dateInvited!: string | null;

  @Attribute(() => DateTime, {
    nullable: true,
    description: "Until when it can be accepted. Null once accepted, or before it is sent.",
  })
  dateExpires!: string | null;

  @Attribute(() => DateTime, { default: () => "now()", description: "When it last changed its status or was resent." })
  dateModified!: string;

  @Attribute(() => DateTime, { nullable: true, description: "When the latest mail was promised; see `mail`." })
  lastSentAt!: string | null;

  @Attribute(() => Number, { default: 0, description: "How many mails were promised; at most 10." })
  sendCount!: number;

  @Hidden("text", { nullable: true, select: false })
  tokenHash!: string | null;

  /** Whose address the latest mail was for, as addresses are compared: corrected since, its link is void. */
  @Hidden("text", { nullable: true })
  sentTo!: string | null;

  @Hidden("uuid", { nullable: true })
  mailId!: string | null;
}
