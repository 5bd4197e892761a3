import { Field, ID, InputType, Resolver } from "type-graphql";
import { holders } from "../../access/index.js";
import { type Context, MutationInput, payloadOf, Write } from "../../kit/index.js";
import { InviteStatus, lockAdministrators, refuseLockout, statusAfter, User, userToChange } from "../../users/index.js";
import { Invitation } from "../invitation.js";

@InputType()
class RevokeUserInput extends MutationInput {
  @Field(() => ID, { description: "The user: global id or guid." })
  userId!: string;
}

const RevokeUserPayload = payloadOf("RevokeUser", { user: () => User });

/** Stands here and not in users/, because the user's open invitation goes with the account. */
@Resolver()
export class RevokeUser {
  @Write({
    input: () => RevokeUserInput,
    payload: () => RevokeUserPayload,
    allow: holders("users.write"),
    description:
      "Locks a user out for good and withdraws an open invitation. Only a new invitation brings the account back.",
  })
  async revokeUser(input: RevokeUserInput, ctx: Context): Promise<{ user: User }> {
    const { db, now } = ctx;
    const administrators = await lockAdministrators(ctx);
    const user = await userToChange(ctx, input.userId, "userId");
    const status = statusAfter("revoke", user);
    await refuseLockout(ctx, user, administrators);
    const invitations = await db.findBy(Invitation, { userId: user.guid });
    const open = invitations.find((one) => one.status === InviteStatus.DRAFT || one.status === InviteStatus.INVITED);
    const dateModified = now.toISOString();
    const withdrawn: Partial<User> = { storedInviteStatus: InviteStatus.REVOKED, inviteDateModified: dateModified };
    // The user first: the audit event is about what a write changes first.
    const revoked = db.update(User, user, { status, ...(open && withdrawn) });
    if (open) db.update(Invitation, open, { status: InviteStatus.REVOKED, dateModified });
    return { user: revoked };
  }
}
