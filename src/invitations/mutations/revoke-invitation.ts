import { InputType, Resolver } from "type-graphql";
import { holdersAndLeads } from "../../access/index.js";
import { type Context, payloadOf, Write } from "../../kit/index.js";
import { statusAfter, User } from "../../users/index.js";
import { InvitationInput } from "../inputs.js";
import { Invitation } from "../invitation.js";
import { invitationToChange, asSeen, refuseClosed, withdraw } from "../rules.js";

@InputType()
class RevokeInvitationInput extends InvitationInput {}

const RevokeInvitationPayload = payloadOf("RevokeInvitation", { invitation: () => Invitation, user: () => User });

@Resolver()
export class RevokeInvitation {
  @Write({
    input: () => RevokeInvitationInput,
    payload: () => RevokeInvitationPayload,
    allow: holdersAndLeads("invitations.write"),
    description:
      "Withdraws an invitation that is not accepted: its link is void from now on, and the account is revoked until it is invited again.",
  })
  async revokeInvitation(input: RevokeInvitationInput, ctx: Context): ReturnType<typeof asSeen> {
    const { user, invitation } = await invitationToChange(ctx, input.invitationId, "invitationId");
    refuseClosed(invitation, "invitationId");
    return asSeen(ctx, withdraw(ctx, { user, invitation }, { status: statusAfter("revoke", user, "invitationId") }));
  }
}
