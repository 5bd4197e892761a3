import { ObjectType } from "type-graphql";
import { Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import { Attribute, DateTime, GlobalId, Node, UUID } from "../kit/index.js";
import { UserGroup } from "./user-group.js";

/** A part of the platform that groups are given or not. Which ones there are the platform's operators say. */
@ObjectType("UserGroupFeatureFlag", {
  implements: Node,
  description: "A part of the platform that a group is given or not.",
})
@Entity("feature_flags")
@Index("feature_flags_key", ["tenantId", "key"], { unique: true })
export class FeatureFlag implements Node {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @GlobalId("guid", "UserGroupFeatureFlag")
  id!: string;

  @Attribute(() => UUID, { primary: true, name: "id", description: "The platform's own id." })
  guid!: string;

  @Attribute(() => String, { description: "What programs know it by, e.g. `secondary-market`. Unique in the tenant." })
  key!: string;

  @Attribute(() => String, { description: "What it gives a group." })
  description!: string;
}

/** A flag is on for a group. There is no row for one that is off. */
@ObjectType()
@Entity("group_feature_flags")
@ForeignKey(() => UserGroup, ["tenantId", "groupId"], ["tenantId", "guid"], { name: "group_feature_flags_group" })
@ForeignKey(() => FeatureFlag, ["tenantId", "flagId"], ["tenantId", "guid"], { name: "group_feature_flags_flag" })
@Index("group_feature_flags_by_flag", ["tenantId", "flagId", "groupId"])
export class GroupFeatureFlag {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @PrimaryColumn("uuid")
  groupId!: string;

  @PrimaryColumn("uuid")
  flagId!: string;

  @Attribute(() => DateTime, { default: () => "now()", description: "Since when it is on." })
  enabledAt!: string;
}
