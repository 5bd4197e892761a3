import { InputType, Resolver } from "type-graphql";
import { holders, tenantOf } from "../../access/index.js";
import { type Context, keyOf, payloadOf, refuse, UsersErrorCode, Write } from "../../kit/index.js";
import { InviteStatus, statusAfter, User } from "../../users/index.js";
import { InvitationInput } from "../inputs.js";
import { Invitation } from "../invitation.js";
import { asSeen, invitationToSee, refuseClosed, send } from "../rules.js";

@InputType()
class ApproveInvitationInput extends InvitationInput {}

const ApproveInvitationPayload = payloadOf("ApproveInvitation", { invitation: () => Invitation, user: () => User });

@Resolver()
export class ApproveInvitation {
  @Write({
    input: () => ApproveInvitationInput,
    payload: () => ApproveInvitationPayload,
    allow: holders("invitations.approve"),
    description:
      "Sends an invitation that is a draft. Where the tenant wants each invitation approved, by somebody else than who asked for it.",
  })
  async approveInvitation(input: ApproveInvitationInput, ctx: Context): ReturnType<typeof asSeen> {
    const { viewer, db } = ctx;
    const guid = keyOf("Invitation", input.invitationId, ["input", "invitationId"]);
    const invited = await invitationToSee(ctx, guid, "invitationId");
    const { user, invitation } = invited;
    refuseClosed(invitation, "invitationId");
    if (invitation.storedStatus !== InviteStatus.DRAFT) {
      refuse(UsersErrorCode.INVALID_TRANSITION, "This invitation is sent already.", "invitationId");
    }
    const tenant = await tenantOf(db);
    if (tenant.invitationApproval && invitation.requestedBy === (viewer.actorId ?? viewer.id)) {
      refuse(UsersErrorCode.SELF_ACTION, "Somebody else has to approve what you asked for.", "invitationId");
    }
    const sent = await send(ctx, tenant, invited, {
      user: { status: statusAfter("approve", user, "invitationId") },
      invitation: { approvedByUserId: viewer.kind === "USER" ? viewer.id : null },
    });
    return asSeen(ctx, sent);
  }
}
