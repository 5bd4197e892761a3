import { Field, ID, InputType, Resolver } from "type-graphql";
import { holders } from "../../access/index.js";
import { type Context, MutationInput, payloadOf, Write } from "../../kit/index.js";
import { InviteStatus, lockAdministrators, refuseLockout, statusAfter, User, userToChange } from "../../users/index.js";
import { Invitation } from "../invitation.js";
import { withdraw } from "../rules.js";

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
    const { db } = ctx;
    const administrators = await lockAdministrators(ctx, input.userId);
    const user = await userToChange(ctx, input.userId, "userId");
    const status = statusAfter("revoke", user);
    await refuseLockout(ctx, user, administrators);
    const invitations = await db.findBy(Invitation, { userId: user.guid });
    const open = invitations.find(
      (one) => one.storedStatus === InviteStatus.DRAFT || one.storedStatus === InviteStatus.INVITED,
    );
    const changes = { status, lockouts: user.lockouts + 1 };
    if (open) return { user: withdraw(ctx, { user, invitation: open }, changes).user };
    return { user: db.update(User, user, changes) };
  }
}
