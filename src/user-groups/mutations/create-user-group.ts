import { v7 as uuidv7 } from "uuid";
import { Field, ID, InputType, Resolver } from "type-graphql";
import { administrators, UserGroupKind } from "../../access/index.js";
import {
  type Context,
  IdempotentInput,
  keyOf,
  payloadOf,
  refuse,
  sql,
  UsersErrorCode,
  Write,
} from "../../kit/index.js";
import { multilineText, requiredText, type User, usersToChange } from "../../users/index.js";
import { type FeatureFlag, GroupFeatureFlag } from "../feature-flag.js";
import { addMembers, refuseAsLead, refuseAsMember, roleToAssign } from "../rules.js";
import { UserGroup } from "../user-group.js";

const MAX_MEMBERS = 500;
const MAX_FLAGS = 100;

@InputType()
class CreateUserGroupInput extends IdempotentInput {
  @Field(() => String, { description: "1 to 255 characters, unique in the tenant without regard to case and accents." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the group is for; at most 2000 characters." })
  description?: string | null;

  @Field(() => UserGroupKind, { nullable: true, description: "Null: STANDARD." })
  kind?: UserGroupKind | null;

  @Field(() => ID, {
    nullable: true,
    description: "Who leads it: an active client who leads no other group. Is a member with the highest role.",
  })
  leadUserId?: string | null;

  @Field(() => [ID], { nullable: true, description: `Clients who belong to it; ${MAX_MEMBERS} at most.` })
  memberIds?: string[] | null;

  @Field(() => [String], {
    nullable: true,
    description: `Keys of the feature flags that are on for it; ${MAX_FLAGS} at most.`,
  })
  featureFlags?: string[] | null;

  @Field(() => ID, { nullable: true, description: "The role of members who join without another one." })
  defaultRoleId?: string | null;
}

const CreateUserGroupPayload = payloadOf("CreateUserGroup", { userGroup: () => UserGroup });

@Resolver()
export class CreateUserGroup {
  @Write({
    input: () => CreateUserGroupInput,
    payload: () => CreateUserGroupPayload,
    allow: administrators("groups.write"),
    description: "Makes a group: of users who exist, or a shell for those who will be invited into it.",
  })
  async createUserGroup(input: CreateUserGroupInput, ctx: Context): Promise<{ userGroup: UserGroup }> {
    const { db } = ctx;
    const { kind, featureFlags, defaultRoleId } = input;
    const name = requiredText(input.name, 255, "name");
    const description = multilineText(input.description, 2000, "description");
    const members = await membersOf(input, ctx);
    const lead = members.get("leadUserId") ?? null;
    if (lead) refuseAsLead(lead, "leadUserId");
    for (const [field, user] of members) refuseAsMember(user, field);
    const guid = uuidv7();
    const shape = { guid, kind: kind ?? UserGroupKind.STANDARD };
    const role = defaultRoleId == null ? null : await roleToAssign(ctx, defaultRoleId, shape, "defaultRoleId");
    const flags = await flagsOf(featureFlags ?? [], ctx);
    const leadUserId = lead?.guid ?? null;
    const group = await db.insert(UserGroup, {
      ...shape,
      name,
      description,
      leadUserId,
      defaultRoleId: role?.guid ?? null,
    });
    await db.insertAll(
      GroupFeatureFlag,
      flags.map((flag) => ({ groupId: guid, flagId: flag.guid })),
    );
    return { userGroup: await addMembers(ctx, group, [...new Set([...members.values()].map((user) => user.guid))]) };
  }
}

/** Whom the input names, by the field that names them; the lead may be named among the members, too. */
async function membersOf({ leadUserId, memberIds }: CreateUserGroupInput, ctx: Context): Promise<Map<string, User>> {
  const named = new Map<string, string>();
  if (leadUserId != null) named.set("leadUserId", keyOf("User", leadUserId, ["input", "leadUserId"]));
  const ids = memberIds ?? [];
  if (ids.length > MAX_MEMBERS) refuse(UsersErrorCode.LIMIT, `At most ${MAX_MEMBERS} members.`, "memberIds");
  const guids = ids.map((id, index) => keyOf("User", id, ["input", "memberIds", index]));
  for (const [index, guid] of guids.entries()) {
    const field = `memberIds.${index}`;
    if (guids.indexOf(guid) !== index) refuse(UsersErrorCode.DUPLICATED_INPUT_ITEM, "Named twice.", field);
    named.set(field, guid);
  }
  const users = await usersToChange(ctx, [...named.values()]);
  return new Map(
    [...named].map(([field, guid]) => [
      field,
      users.get(guid) ?? refuse(UsersErrorCode.NOT_FOUND, "User not found.", field),
    ]),
  );
}

async function flagsOf(keys: string[], { db }: Context): Promise<Pick<FeatureFlag, "guid">[]> {
  if (keys.length > MAX_FLAGS) refuse(UsersErrorCode.LIMIT, `At most ${MAX_FLAGS} feature flags.`, "featureFlags");
  const known = await db.query<Pick<FeatureFlag, "guid" | "key">>(
    sql`SELECT n.id AS guid, n.key FROM feature_flags n WHERE ${db.tenantIs("n")} AND n.key = ANY(${keys}::text[])`,
  );
  return keys.map((key, index) => {
    const field = `featureFlags.${index}`;
    if (keys.indexOf(key) !== index) refuse(UsersErrorCode.DUPLICATED_INPUT_ITEM, "Named twice.", field);
    const flag = known.find((one) => one.key === key);
    return flag ?? refuse(UsersErrorCode.UNKNOWN_FEATURE_FLAG, "The tenant has no such feature flag.", field);
  });
}
