import { Field, ID, InputType, Resolver } from "type-graphql";
import { holdersAndLeads, tenantOf } from "../../access/index.js";
import {
  badUserInput,
  type Context,
  IdempotentInput,
  keyOf,
  payloadOf,
  refuse,
  ruled,
  sql,
  UsersErrorCode,
  Write,
} from "../../kit/index.js";
import { InviteStatus, User } from "../../users/index.js";
import { Invitation } from "../invitation.js";
import { invitationToChange, asSeen, refuseClosed, send } from "../rules.js";
import { invitationVisible } from "../visible.js";

const MAX_MAILS = 10;
const PAUSE_SECONDS = 60;

@InputType()
class ResendInvitationInput extends IdempotentInput {
  @Field(() => ID, {
    nullable: true,
    description: "The invitation: global id or guid. Exactly one of `invitationId` and `userId`.",
  })
  invitationId?: string | null;

  @Field(() => ID, { nullable: true, description: "The user whose latest invitation it is: global id or guid." })
  userId?: string | null;
}

const ResendInvitationPayload = payloadOf("ResendInvitation", { invitation: () => Invitation, user: () => User });

@Resolver()
export class ResendInvitation {
  @Write({
    input: () => ResendInvitationInput,
    payload: () => ResendInvitationPayload,
    allow: holdersAndLeads("invitations.write"),
    description: `Sends an invitation once more with a new link; the old one is void, and its life begins anew, also of an expired one. Not within ${PAUSE_SECONDS} seconds of the last mail, at most ${MAX_MAILS} mails in all.`,
  })
  async resendInvitation(input: ResendInvitationInput, ctx: Context): ReturnType<typeof asSeen> {
    const { id, field } = await named(input, ctx);
    const invited = await invitationToChange(ctx, id, field);
    const { storedStatus, lastSentAt, sendCount } = invited.invitation;
    refuseClosed(invited.invitation, field);
    if (storedStatus === InviteStatus.DRAFT) {
      refuse(UsersErrorCode.INVITATION_NOT_SENT, "This invitation waits for approval.", field);
    }
    if (lastSentAt !== null && ctx.now.getTime() - Date.parse(lastSentAt) < PAUSE_SECONDS * 1000) {
      refuse(UsersErrorCode.RESEND_TOO_SOON, `The last mail is less than ${PAUSE_SECONDS} seconds old.`, field);
    }
    if (sendCount >= MAX_MAILS) refuse(UsersErrorCode.RESEND_LIMIT, `${MAX_MAILS} mails have been sent.`, field);
    return asSeen(ctx, await send(ctx, await tenantOf(ctx.db), invited));
  }
}

/** The invitation that the input names, and by which field. */
async function named(
  { invitationId, userId }: ResendInvitationInput,
  ctx: Context,
): Promise<{ id: string; field: string }> {
  if ((invitationId == null) === (userId == null)) {
    throw badUserInput("Give exactly one of `invitationId` and `userId`.", ["input", "invitationId"]);
  }
  if (invitationId != null) return { id: invitationId, field: "invitationId" };
  const guid = keyOf("User", userId!, ["input", "userId"]);
  const [latest] = await ctx.db.query<{ guid: string }>(
    sql`SELECT n.id AS guid FROM invitations n WHERE ${ctx.db.tenantIs("n")} AND n.user_id = ${guid}${ruled(invitationVisible, ctx, "n")}
      ORDER BY n.created_at DESC, n.id DESC LIMIT 1`,
  );
  return { id: latest?.guid ?? refuse(UsersErrorCode.NOT_FOUND, "Invitation not found.", "userId"), field: "userId" };
}
