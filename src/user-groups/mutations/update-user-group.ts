import { Field, ID, InputType, Int, Resolver } from "type-graphql";
import { administratorsServicesAndLeads } from "../../access/index.js";
import { type Context, MutationInput, payloadOf, refuse, UsersErrorCode, Write } from "../../kit/index.js";
import { multilineText, refuseStale, requiredText } from "../../users/index.js";
import { groupToChange, keepsGroups, membershipOf, refuseAsLead, roleAt, roleToAssign, userToSee } from "../rules.js";
import { GroupMember, UserGroup } from "../user-group.js";

@InputType()
class UpdateUserGroupInput extends MutationInput {
  @Field(() => ID, { description: "The group: global id or guid." })
  groupId!: string;

  @Field(() => String, { nullable: true, description: "1 to 255 characters, unique in the tenant; cannot be cleared." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "At most 2000 characters. Null clears it." })
  description?: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      "Who leads it from now on, with the highest role: an active member who leads no other group. Null: nobody. Not for leads.",
  })
  leadUserId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The role of members who join without another one. Null: the tenant's lowest. Not for leads.",
  })
  defaultRoleId?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "The `version` that was read; another one is refused with STALE_OBJECT.",
  })
  expectedVersion?: number | null;
}

const UpdateUserGroupPayload = payloadOf("UpdateUserGroup", { userGroup: () => UserGroup });

@Resolver()
export class UpdateUserGroup {
  @Write({
    input: () => UpdateUserGroupInput,
    payload: () => UpdateUserGroupPayload,
    allow: administratorsServicesAndLeads("groups.write"),
    description: "Changes a group; a field left out stays as it is. A lead changes name and description alone.",
  })
  async updateUserGroup(input: UpdateUserGroupInput, ctx: Context): Promise<{ userGroup: UserGroup }> {
    const { name, description, leadUserId, defaultRoleId } = input;
    refuseToLeads(input, ctx);
    const lead = leadUserId == null ? null : await userToSee(ctx, leadUserId, "leadUserId");
    const group = await groupToChange(ctx, input.groupId, "groupId");
    refuseStale(group, input.expectedVersion);
    const changes: Partial<UserGroup> = {};
    if (name === null) refuse(UsersErrorCode.REQUIRED, "A group needs a name.", "name");
    if (name !== undefined) changes.name = requiredText(name, 255, "name");
    if (description !== undefined) changes.description = multilineText(description, 2000, "description");
    if (lead) {
      const member = await membershipOf(ctx, group, lead, "leadUserId");
      refuseAsLead(lead, "leadUserId");
      if (lead.guid !== group.leadUserId) {
        ctx.db.update(GroupMember, member, { roleId: await roleAt(ctx, group, "highest") });
      }
    }
    if (leadUserId !== undefined) changes.leadUserId = lead?.guid ?? null;
    if (defaultRoleId !== undefined) {
      const role = defaultRoleId === null ? null : await roleToAssign(ctx, defaultRoleId, group, "defaultRoleId");
      changes.defaultRoleId = role?.guid ?? null;
    }
    return { userGroup: ctx.db.update(UserGroup, group, changes) };
  }
}

function refuseToLeads(input: UpdateUserGroupInput, ctx: Context): void {
  if (keepsGroups(ctx)) return;
  for (const field of ["leadUserId", "defaultRoleId"] as const) {
    if (input[field] === undefined) continue;
    refuse(UsersErrorCode.NOT_ASSIGNED_TO_YOU, "A lead changes name and description alone.", field);
  }
}
