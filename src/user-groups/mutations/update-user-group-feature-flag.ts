import { Field, ID, InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { type Context, MutationInput, payloadOf, refuse, sql, UsersErrorCode, Write } from "../../kit/index.js";
import { type FeatureFlag, GroupFeatureFlag } from "../feature-flag.js";
import { groupToChange } from "../rules.js";
import { UserGroup } from "../user-group.js";

@InputType()
class UpdateUserGroupFeatureFlagInput extends MutationInput {
  @Field(() => ID, { description: "The group: global id or guid." })
  groupId!: string;

  @Field(() => String, { description: "The flag's key." })
  flag!: string;

  @Field(() => Boolean, { description: "On, or off." })
  enabled!: boolean;
}

const UpdateUserGroupFeatureFlagPayload = payloadOf("UpdateUserGroupFeatureFlag", { userGroup: () => UserGroup });

@Resolver()
export class UpdateUserGroupFeatureFlag {
  @Write({
    input: () => UpdateUserGroupFeatureFlagInput,
    payload: () => UpdateUserGroupFeatureFlagPayload,
    allow: administrators("groups.write"),
    description: "Sets a feature flag of a group. Setting it to what it is succeeds.",
  })
  async updateUserGroupFeatureFlag(
    input: UpdateUserGroupFeatureFlagInput,
    ctx: Context,
  ): Promise<{ userGroup: UserGroup }> {
    const { db } = ctx;
    const userGroup = await groupToChange(ctx, input.groupId, "groupId");
    const [flag] = await db.query<FeatureFlag>(
      sql`SELECT n.id AS guid FROM feature_flags n WHERE ${db.tenantIs("n")} AND n.key = ${input.flag}`,
    );
    if (!flag) refuse(UsersErrorCode.UNKNOWN_FEATURE_FLAG, "The tenant has no such feature flag.", "flag");
    const key = { groupId: userGroup.guid, flagId: flag.guid };
    const on = await db.find(GroupFeatureFlag, key);
    if (input.enabled && !on) await db.insert(GroupFeatureFlag, key);
    if (!input.enabled && on) db.delete(GroupFeatureFlag, on);
    return { userGroup };
  }
}
