import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { Hidden } from "../kit/index.js";
import { User, type InviteStatus } from "../users/index.js";

/** One invitation of a user. The user's own row carries the latest one's dates for lists to filter and sort by. */
@Entity("invitations")
@Check("invitations_status", `"status" IN ('DRAFT', 'INVITED', 'COMPLETED', 'REVOKED')`)
@ForeignKey(() => User, ["tenantId", "userId"], ["tenantId", "guid"], { name: "invitations_user" })
@Index("invitations_open", ["tenantId", "userId"], { unique: true, where: `"status" IN ('DRAFT', 'INVITED')` })
@Index("invitations_by_user", ["tenantId", "userId", "dateModified"])
export class Invitation {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @PrimaryColumn("uuid", { name: "id" })
  guid!: string;

  @Hidden("uuid")
  userId!: string;

  @Hidden("text")
  status!: InviteStatus;

  @Column({ type: "timestamptz", precision: 3, nullable: true })
  dateInvited!: string | null;

  @Column({ type: "timestamptz", precision: 3, nullable: true })
  dateExpires!: string | null;

  @Column({ type: "timestamptz", precision: 3, default: () => "now()" })
  dateModified!: string;
}
