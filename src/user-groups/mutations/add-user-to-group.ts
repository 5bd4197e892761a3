import { Field, ID, InputType, Resolver } from "type-graphql";
import { administratorsServicesAndLeads } from "../../access/index.js";
import { type Context, payloadOf, Write } from "../../kit/index.js";
import { User } from "../../users/index.js";
import { addMembers, groupToChange, refuseAsMember, roleToAssign, userToSee } from "../rules.js";
import { MembershipInput } from "../inputs.js";
import { UserGroup } from "../user-group.js";

@InputType()
class AddUserToGroupInput extends MembershipInput {
  @Field(() => ID, { nullable: true, description: "The role in the group. Null: the group's default." })
  roleId?: string | null;
}

const AddUserToGroupPayload = payloadOf("AddUserToGroup", { userGroup: () => UserGroup, user: () => User });

@Resolver()
export class AddUserToGroup {
  @Write({
    input: () => AddUserToGroupInput,
    payload: () => AddUserToGroupPayload,
    allow: administratorsServicesAndLeads("groups.write"),
    description:
      "Adds a client whom the caller sees to a group; a lead, who sees nobody else, invites instead. Who belongs to it already stays as they are, with the role they have.",
  })
  async addUserToGroup(input: AddUserToGroupInput, ctx: Context): Promise<{ userGroup: UserGroup; user: User }> {
    const user = await userToSee(ctx, input.userId, "userId");
    const group = await groupToChange(ctx, input.groupId, "groupId");
    refuseAsMember(user, "userId");
    const role = input.roleId == null ? null : await roleToAssign(ctx, input.roleId, group, "roleId");
    return { userGroup: await addMembers(ctx, group, [user.guid], role?.guid), user };
  }
}
