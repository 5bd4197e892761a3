import { Field, ObjectType } from "type-graphql";
import { Check, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { printedNameSql, Role, UserGroupKind } from "../access/index.js";
import {
  Attribute,
  Computed,
  DateTime,
  GlobalId,
  Hidden,
  Node,
  normalise,
  oneBy,
  raw,
  sql,
  UUID,
} from "../kit/index.js";
import { printedName, User } from "../users/index.js";

/** Users with shared roles and feature flags, e.g. a family office. */
@ObjectType({ implements: Node, description: "Users with shared roles and feature flags, e.g. a family office." })
@Entity("user_groups")
@Check("user_groups_kind", `"kind" IN ('STANDARD', 'SHELL')`)
@ForeignKey(() => User, ["tenantId", "leadUserId"], ["tenantId", "guid"], { name: "user_groups_lead_user" })
@ForeignKey(() => Role, ["tenantId", "defaultRoleId"], ["tenantId", "guid"], { name: "user_groups_default_role" })
@Index("user_groups_name", ["tenantId", "nameNorm"], { unique: true })
@Index("user_groups_lead", ["tenantId", "leadUserId"], { unique: true })
@Index("user_groups_by_created_at", ["tenantId", "createdAt", "guid"])
@Index("user_groups_by_member_count", ["tenantId", "memberCount", "guid"])
@Index("user_groups_by_name_text", { synchronize: false })
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

  @Hidden("uuid", { nullable: true })
  defaultRoleId!: string | null;

  @Attribute(() => Number, { default: 0, description: "How many belong to the group, its lead among them." })
  memberCount!: number;

  @Attribute(() => DateTime, { default: () => "now()", description: "When the group was made." })
  createdAt!: string;

  @Attribute(() => DateTime, { default: () => "now()", description: "When the group's own data last changed." })
  updatedAt!: string;

  @Attribute(() => Number, {
    default: 1,
    description: "Grows by one with every change of the group's own data; give it back as `expectedVersion`.",
  })
  version!: number;

  @Hidden("text", { select: false })
  nameNorm!: string;

  static derive({ name = "" }: Partial<UserGroup>): Partial<UserGroup> {
    return { nameNorm: normalise(name) };
  }
}

/** The group of a membership that the caller was shown, and so may see. */
const groupOfMember = oneBy(UserGroup, "guid", () => null);

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

  @Computed<GroupMember>(() => Boolean, {
    description: "Leads the group.",
    of: async ({ groupId, userId }, ctx) => (await groupOfMember.load(ctx, groupId))?.leadUserId === userId,
    sql: (edge, { db }) => sql`EXISTS (SELECT FROM user_groups g WHERE ${db.tenantIs("g")}
      AND g.id = ${raw(edge)}."edge_groupId" AND g.lead_user_id = ${raw(edge)}."edge_userId")`,
  })
  isLead!: boolean;

  @Attribute(() => Boolean, { default: false, description: "May sign for the group." })
  isSignatory!: boolean;

  @Attribute(() => DateTime, { default: () => "now()", description: "When the user joined." })
  joinedAt!: string;
}

const BY_NAME = "Null: the caller sees the member's name alone.";

/** The same, seen from the group: everybody in it has a name, and fellow members see no more of each other. */
@ObjectType()
export class NamedGroupMember extends GroupMember {
  @Computed<{ $row: User }>(() => String, {
    nullable: true,
    unseen: true,
    description: "The member's printed name; fellow members see no more of each other.",
    of: ({ $row }) => printedName($row),
    sql: printedNameSql,
  })
  name!: string | null;

  // How the three are resolved is inherited.
  @Field(() => Boolean, { nullable: true, description: `Leads the group. ${BY_NAME}` })
  declare isLead: boolean;

  @Field(() => Boolean, { nullable: true, description: `May sign for the group. ${BY_NAME}` })
  declare isSignatory: boolean;

  @Field(() => DateTime, { nullable: true, description: `When the user joined. ${BY_NAME}` })
  declare joinedAt: string;
}
