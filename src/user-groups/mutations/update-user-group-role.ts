import { Field, ID, InputType, Resolver } from "type-graphql";
import { administratorsAndLeads, roleByGuid } from "../../access/index.js";
import { type Context, payloadOf, refuse, UsersErrorCode, Write } from "../../kit/index.js";
import { User } from "../../users/index.js";
import { groupToChange, membershipOf, refuseAbove, roleToAssign, userToSee } from "../rules.js";
import { MembershipInput } from "../inputs.js";
import { GroupMember, UserGroup } from "../user-group.js";

@InputType()
class UpdateUserGroupRoleInput extends MembershipInput {
  @Field(() => ID, { description: "The role: global id or guid." })
  roleId!: string;
}

const UpdateUserGroupRolePayload = payloadOf("UpdateUserGroupRole", { userGroup: () => UserGroup, user: () => User });

@Resolver()
export class UpdateUserGroupRole {
  @Write({
    input: () => UpdateUserGroupRoleInput,
    payload: () => UpdateUserGroupRolePayload,
    allow: administratorsAndLeads("groups.write"),
    description:
      "Gives a member of a group another role. Not to oneself; a lead neither gives nor takes a role above their own.",
  })
  async updateUserGroupRole(
    input: UpdateUserGroupRoleInput,
    ctx: Context,
  ): Promise<{ userGroup: UserGroup; user: User }> {
    const { db, viewer } = ctx;
    const user = await userToSee(ctx, input.userId, "userId");
    const group = await groupToChange(ctx, input.groupId, "groupId");
    const member = await membershipOf(ctx, group, user, "userId");
    if (user.guid === viewer.id) refuse(UsersErrorCode.SELF_ACTION, "Nobody changes their own role.", "userId");
    const role = await roleToAssign(ctx, input.roleId, group, "roleId");
    const held = member.roleId === null ? null : await roleByGuid.load(ctx, member.roleId);
    if (held) await refuseAbove(ctx, held, group, "userId");
    db.update(GroupMember, member, { roleId: role.guid });
    return { userGroup: group, user };
  }
}
