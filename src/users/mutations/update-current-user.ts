import { Field, InputType, Int, Resolver } from "type-graphql";
import { ownGuid, refuseImpersonated, users } from "../../access/index.js";
import { type Context, EmailAddress, MutationInput, payloadOf, Write } from "../../kit/index.js";
import { profileChanges, refuseAddress, refuseStale } from "../rules.js";
import { User } from "../user.js";

@InputType()
class UpdateCurrentUserInput extends MutationInput {
  @Field(() => String, { nullable: true, description: "At most 32 characters. Null clears it." })
  title?: string | null;

  @Field(() => String, { nullable: true, description: "At most 255 characters. Null clears it." })
  forename?: string | null;

  @Field(() => String, { nullable: true, description: "At most 255 characters. Null clears it." })
  surname?: string | null;

  @Field(() => EmailAddress, {
    nullable: true,
    description: "The contact e-mail address; cannot be cleared, nor changed in an impersonated session.",
  })
  email?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "The `version` that was read; another one is refused with STALE_OBJECT.",
  })
  expectedVersion?: number | null;
}

const UpdateCurrentUserPayload = payloadOf("UpdateCurrentUser", { user: () => User });

@Resolver()
export class UpdateCurrentUser {
  @Write({
    input: () => UpdateCurrentUserInput,
    payload: () => UpdateCurrentUserPayload,
    allow: users,
    description: "Changes the signed-in user's own profile; a field left out stays as it is.",
  })
  async updateCurrentUser(input: UpdateCurrentUserInput, ctx: Context): Promise<{ user: User }> {
    const user = await ctx.db.get(User, { guid: ownGuid(ctx) }, "user");
    refuseStale(user, input.expectedVersion);
    if (input.email !== undefined) refuseImpersonated(ctx, "change the e-mail address", "email");
    const changes = profileChanges(input);
    await refuseAddress(ctx, user, changes.contactEmail);
    return { user: ctx.db.update(User, user, changes) };
  }
}
