import { Column, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { Hidden } from "../kit/index.js";
import { User } from "../users/index.js";

/** A ticket with which an administrator signs in as a user, once and soon. Only its digest is kept. */
@Entity("login_tokens")
@ForeignKey(() => User, ["tenantId", "actorId"], ["tenantId", "guid"], { name: "login_tokens_actor" })
@ForeignKey(() => User, ["tenantId", "userId"], ["tenantId", "guid"], { name: "login_tokens_user" })
@Index("login_tokens_token", ["tenantId", "tokenHash"], { unique: true })
export class LoginToken {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @PrimaryColumn("uuid", { name: "id" })
  guid!: string;

  @Hidden("uuid")
  actorId!: string;

  @Hidden("uuid")
  userId!: string;

  @Hidden("uuid")
  groupId!: string;

  @Hidden("text")
  reason!: string;

  @Hidden("text", { select: false })
  tokenHash!: string;

  /** `User.lockouts` of both when it was made: whoever is locked out afterwards voids it for good. */
  @Hidden("integer")
  actorLockouts!: number;

  @Hidden("integer")
  userLockouts!: number;

  @Column({ type: "timestamptz", precision: 3, default: () => "now()" })
  createdAt!: string;

  @Column({ type: "timestamptz", precision: 3 })
  expiresAt!: string;

  @Column({ type: "timestamptz", precision: 3, nullable: true })
  redeemedAt!: string | null;
}
