import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { Hidden } from "../kit/index.js";

/** A named set of permissions for internal users (INTERNAL), or a member's standing in a group (GROUP). */
@Entity("roles")
@Check("roles_scope", `"scope" IN ('INTERNAL', 'GROUP')`)
@Index("roles_name", ["tenantId", "scope", "name"], { unique: true })
export class Role {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @PrimaryColumn("uuid", { name: "id" })
  guid!: string;

  @Hidden("text")
  scope!: "INTERNAL" | "GROUP";

  @Hidden("text")
  name!: string;

  @Hidden("boolean", { default: false })
  administrator!: boolean;

  @Column("text", { array: true, default: [] })
  permissions!: string[];
}

/** An internal user holds a role. */
@Entity("user_roles")
@ForeignKey("User", ["tenantId", "userId"], ["tenantId", "guid"], { name: "user_roles_user" })
@ForeignKey(() => Role, ["tenantId", "roleId"], ["tenantId", "guid"], { name: "user_roles_role" })
@Index("user_roles_by_role", ["tenantId", "roleId", "userId"])
export class UserRole {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @PrimaryColumn("uuid")
  userId!: string;

  @PrimaryColumn("uuid")
  roleId!: string;
}
