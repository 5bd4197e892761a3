import { Field, ID, InputType, Resolver } from "type-graphql";
import { holdersAndLeads, tenantOf } from "../../access/index.js";
import { type Context, payloadOf, Write } from "../../kit/index.js";
import { User, UserType } from "../../users/index.js";
import { InviteInput } from "../inputs.js";
import { Invitation } from "../invitation.js";
import { clientInvitee, inviteOne, termsOf } from "../invite.js";
import type { Invited } from "../rules.js";

@InputType()
class InviteUserInput extends InviteInput {
  @Field(() => UserType, { description: "INVESTOR or ENTREPRENEUR." })
  type!: UserType;

  @Field(() => ID, {
    nullable: true,
    description: "The group that they join when they accept: global id or guid. A lead names the group they lead.",
  })
  groupId?: string | null;

  @Field(() => ID, { nullable: true, description: "Their role in that group. Null: the group's default." })
  roleId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Null or true: sent at once, unless the tenant wants each invitation approved. False: a draft until it is approved.",
  })
  send?: boolean | null;
}

const InviteUserPayload = payloadOf("InviteUser", { invitation: () => Invitation, user: () => User });

@Resolver()
export class InviteUser {
  @Write({
    input: () => InviteUserInput,
    payload: () => InviteUserPayload,
    allow: holdersAndLeads("invitations.write"),
    description:
      "Invites a client by e-mail. A revoked account is taken up again. Whom a member of staff invites who is no administrator becomes their client.",
  })
  async inviteUser(input: InviteUserInput, ctx: Context): Promise<Invited> {
    const tenant = await tenantOf(ctx.db);
    const invitee = await clientInvitee(ctx, input);
    return inviteOne(ctx, invitee, termsOf(ctx, input, tenant), tenant);
  }
}
