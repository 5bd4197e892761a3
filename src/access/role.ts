import { ObjectType, registerEnumType } from "type-graphql";
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { Attribute, GlobalId, Node, oneBy, type RowRule, raw, sql, UUID } from "../kit/index.js";
import { may } from "./permissions.js";

export enum RoleScope {
  INTERNAL = "INTERNAL",
  GROUP = "GROUP",
}
registerEnumType(RoleScope, {
  name: "UserRoleScope",
  description: "Who holds a role.",
  valuesConfig: {
    INTERNAL: { description: "Members of staff: a set of permissions." },
    GROUP: { description: "Members of a user group: their standing in it." },
  },
});

export enum UserGroupKind {
  STANDARD = "STANDARD",
  SHELL = "SHELL",
}
registerEnumType(UserGroupKind, {
  name: "UserGroupKind",
  description: "How a group came to be.",
  valuesConfig: {
    STANDARD: { description: "Made of users who exist." },
    SHELL: { description: "Prepared before its people exist; the first to accept an invitation becomes its lead." },
  },
});

/** A named set of permissions for internal users (INTERNAL), or a member's standing in a group (GROUP). */
@ObjectType("UserRole", { implements: Node, description: "What staff may do, or how a member stands in a group." })
@Entity("roles")
@Check("roles_scope", `"scope" IN ('INTERNAL', 'GROUP')`)
@Check("roles_group_kind", `"group_kind" IN ('STANDARD', 'SHELL')`)
@Index("roles_name", ["tenantId", "scope", "name"], { unique: true })
@Index("roles_by_rank", ["tenantId", "scope", "rank", "guid"])
export class Role implements Node {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @GlobalId("guid", "UserRole")
  id!: string;

  @Attribute(() => UUID, { primary: true, name: "id", description: "The platform's own id." })
  guid!: string;

  @Attribute(() => RoleScope, { description: "Who holds it." })
  scope!: RoleScope;

  @Attribute(() => String, { description: "What people read. Unique in its scope." })
  name!: string;

  @Attribute(() => Number, {
    default: 0,
    description: "Of two roles of a group the one with the greater number stands higher; 0 for roles of staff.",
  })
  rank!: number;

  @Attribute(() => UserGroupKind, {
    nullable: true,
    description: "The kind of group that it is for. Null: for all, or a role of staff.",
  })
  groupKind!: UserGroupKind | null;

  @Attribute(() => Boolean, { default: false, description: "Writes to every user, not only to assigned clients." })
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

/** Roles of groups are for everybody to read, those of staff for holders of `users.read`. */
export const roleVisible: RowRule = (viewer, alias) =>
  may(viewer, "users.read") ? null : sql`${raw(alias)}.scope = 'GROUP'`;

export const roleByGuid = oneBy(Role, "guid", roleVisible);
