import { Field, ID, InputType, Resolver } from "type-graphql";
import { administrators, tenantOf, UserGroupKind } from "../../access/index.js";
import { type Context, payloadOf, refuse, UsersErrorCode, Write } from "../../kit/index.js";
import { roleToAssign } from "../../user-groups/index.js";
import { User, UserType } from "../../users/index.js";
import { InviteInput } from "../inputs.js";
import { Invitation } from "../invitation.js";
import { groupToInviteInto, inviteOne, termsOf, personOf } from "../invite.js";
import type { Invited } from "../rules.js";

@InputType()
class InviteUserToShellInput extends InviteInput {
  @Field(() => ID, { description: "The shell: global id or guid." })
  shellId!: string;

  @Field(() => UserType, { description: "INVESTOR or ENTREPRENEUR." })
  type!: UserType;

  @Field(() => ID, {
    nullable: true,
    description: "Their role in it. Null: the shell's default; for the lead the highest.",
  })
  roleId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "True: to lead it, refused when it has a lead. False: as a member only. Null: to lead it if nobody does. Of several who might, the first to accept leads.",
  })
  asLead?: boolean | null;
}

const InviteUserToShellPayload = payloadOf("InviteUserToShell", { invitation: () => Invitation, user: () => User });

@Resolver()
export class InviteUserToShell {
  @Write({
    input: () => InviteUserToShellInput,
    payload: () => InviteUserToShellPayload,
    allow: administrators("invitations.write"),
    description: "Invites a client straight into a shell, without approval. The first to accept becomes its lead.",
  })
  async inviteUserToShell(input: InviteUserToShellInput, ctx: Context): Promise<Invited> {
    const tenant = await tenantOf(ctx.db);
    if (input.type === UserType.INTERNAL) {
      refuse(UsersErrorCode.USER_TYPE_MISMATCH, "Staff are invited by `inviteInternalUser`.", "type");
    }
    const person = personOf(input, input.type, "");
    const group = await groupToInviteInto(ctx, input.shellId, "shellId");
    if (group.kind !== UserGroupKind.SHELL) refuse(UsersErrorCode.NOT_A_SHELL, "This group is no shell.", "shellId");
    const asLead = input.asLead ?? null;
    if (asLead && group.leadUserId !== null) refuse(UsersErrorCode.LEAD_EXISTS, "The shell has a lead.", "asLead");
    const role = input.roleId == null ? null : await roleToAssign(ctx, input.roleId, group, "roleId");
    const invitee = { path: "", person, group, roleId: role?.guid ?? null, asLead, internalRoles: [] };
    return inviteOne(ctx, invitee, { ...termsOf(ctx, input, tenant), draft: false }, tenant);
  }
}
