import { ObjectType, registerEnumType } from "type-graphql";
import { Check, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { Role } from "../access/index.js";
import { Attribute, DateTime, GlobalId, Hidden, Node, normalise, UUID } from "../kit/index.js";
import { User } from "../users/index.js";

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

/** Users with shared roles and feature flags, e.g. a family office. */
@ObjectType({ implements: Node, description: "Users with shared roles and feature flags, e.g. a family office." })
@Entity("user_groups")
@Check("user_groups_kind", `"kind" IN ('STANDARD', 'SHELL')`)
@ForeignKey(() => User, ["tenantId", "leadUserId"], ["tenantId", "guid"], { name: "user_groups_lead_user" })
@Index("user_groups_name", ["tenantId", "nameNorm"], { unique: true })
@Index("user_groups_lead", ["tenantId", "leadUserId"], { unique: true })
@Index("user_groups_by_created_at", ["tenantId", "createdAt", "guid"])
export class UserGroup implements Node {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @GlobalId("guid")
  id!: string;

  @Attribute(() => UUID, { primary: true, name: "id", description: "The platform's own id, and a federation key." })
  guid!: string;

  @Attribute(() => String, { description: "Unique in the tenant without regard to case." })
  name!: string;

  @Attribute(() => String, { nullable: true, description: "What the group is for." })
  description!: string | null;

  @Attribute(() => UserGroupKind, { default: UserGroupKind.STANDARD, description: "How the group came to be." })
  kind!: UserGroupKind;

  @Hidden("uuid", { nullable: true })
  leadUserId!: string | null;

  @Attribute(() => DateTime, { default: () => "now()", description: "When the group was made." })
  createdAt!: string;

  @Attribute(() => DateTime, { default: () => "now()", description: "When the group's own data last changed." })
  updatedAt!: string;

  @Attribute(() => Number, { default: 1, description: "Grows by one with every change." })
  version!: number;

  @Hidden("text", { select: false })
  nameNorm!: string;

  static derive({ name = "" }: Partial<UserGroup>): Partial<UserGroup> {
    return { nameNorm: normalise(name) };
  }
}

/** A user belongs to a group. */
@ObjectType()
@Entity("group_members")
@ForeignKey(() => UserGroup, ["tenantId", "groupId"], ["tenantId", "guid"], { name: "group_members_group" })
@ForeignKey(() => User, ["tenantId", "userId"], ["tenantId", "guid"], { name: "group_members_user" })
@ForeignKey(() => Role, ["tenantId", "roleId"], ["tenantId", "guid"], { name: "group_members_role" })
@Index("group_members_by_user", ["tenantId", "userId", "groupId"])
export class GroupMember {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @PrimaryColumn("uuid")
  groupId!: string;

  @PrimaryColumn("uuid")
  userId!: string;

  @Hidden("uuid", { nullable: true })
  roleId!: string | null;

  @Attribute(() => Boolean, { default: false, description: "May sign for the group." })
  isSignatory!: boolean;

  @Attribute(() => DateTime, { default: () => "now()", description: "When the user joined." })
  joinedAt!: string;
}
