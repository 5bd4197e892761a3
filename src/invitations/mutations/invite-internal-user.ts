import { Field, ID, InputType, Resolver } from "type-graphql";
import { administratorsAlone, type Role, roleByGuid, RoleScope, tenantOf } from "../../access/index.js";
import { type Context, keyOf, payloadOf, refuse, UsersErrorCode, Write } from "../../kit/index.js";
import { refuseForeignDomain, User, UserType } from "../../users/index.js";
import { InviteInput } from "../inputs.js";
import { Invitation } from "../invitation.js";
import { inviteOne, termsOf, personOf } from "../invite.js";
import type { Invited } from "../rules.js";

const MAX_ROLES = 20;

@InputType()
class InviteInternalUserInput extends InviteInput {
  @Field(() => [ID], {
    description: `The roles of staff that they hold: 1 to ${MAX_ROLES}, none with a permission that the caller lacks.`,
  })
  roleIds!: string[];

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Null or true: sent at once, unless the tenant wants each invitation approved. False: a draft until it is approved.",
  })
  send?: boolean | null;
}

const InviteInternalUserPayload = payloadOf("InviteInternalUser", { invitation: () => Invitation, user: () => User });

@Resolver()
export class InviteInternalUser {
  @Write({
    input: () => InviteInternalUserInput,
    payload: () => InviteInternalUserPayload,
    allow: administratorsAlone("invitations.write"),
    description: "Invites a member of staff by e-mail, at an address of one of the tenant's own domains.",
  })
  async inviteInternalUser(input: InviteInternalUserInput, ctx: Context): Promise<Invited> {
    const tenant = await tenantOf(ctx.db);
    const person = personOf(input, UserType.INTERNAL, "");
    refuseForeignDomain(tenant, person.contactEmail);
    const internalRoles = await rolesOf(input, ctx);
    const invitee = { path: "", person, group: null, roleId: null, asLead: null, internalRoles };
    return inviteOne(ctx, invitee, termsOf(ctx, input, tenant), tenant);
  }
}

/** Nobody gives more than they have. */
async function rolesOf({ roleIds }: InviteInternalUserInput, ctx: Context): Promise<Role[]> {
  if (roleIds.length === 0) refuse(UsersErrorCode.REQUIRED, "A member of staff needs a role.", "roleIds");
  if (roleIds.length > MAX_ROLES) refuse(UsersErrorCode.LIMIT, `At most ${MAX_ROLES} roles.`, "roleIds");
  const guids = roleIds.map((id, index) => keyOf("UserRole", id, ["input", "roleIds", index]));
  const roles = await Promise.all(guids.map((guid) => roleByGuid.load(ctx, guid)));
  return roles.map((role, index) => {
    const field = `roleIds.${index}`;
    if (!role) refuse(UsersErrorCode.NOT_FOUND, "Role not found.", field);
    if (guids.indexOf(role.guid) !== index) refuse(UsersErrorCode.DUPLICATED_INPUT_ITEM, "Named twice.", field);
    if (role.scope !== RoleScope.INTERNAL) {
      refuse(UsersErrorCode.OUT_OF_SCOPE_ROLE, "This is a role of groups, not of staff.", field);
    }
    if (role.permissions.some((permission) => !ctx.viewer.permissions.has(permission))) {
      refuse(UsersErrorCode.ROLE_NOT_ASSIGNABLE, "This role holds a permission that you do not.", field);
    }
    return role;
  });
}
