import { Field, ID, InputType, Resolver } from "type-graphql";
import { holders } from "../../access/index.js";
import { type Context, MutationInput, payloadOf, Write } from "../../kit/index.js";
import { lockAdministrators, refuseLockout, statusAfter, userToChange } from "../rules.js";
import { User } from "../user.js";

@InputType()
class SuspendUserInput extends MutationInput {
  @Field(() => ID, { description: "The user: global id or guid." })
  userId!: string;
}

const SuspendUserPayload = payloadOf("SuspendUser", { user: () => User });

@Resolver()
export class SuspendUser {
  @Write({
    input: () => SuspendUserInput,
    payload: () => SuspendUserPayload,
    allow: holders("users.write"),
    description:
      "Locks an active user out from the next request on. Not oneself, not a group's lead, not the last administrator.",
  })
  async suspendUser(input: SuspendUserInput, ctx: Context): Promise<{ user: User }> {
    const administrators = await lockAdministrators(ctx, input.userId);
    const user = await userToChange(ctx, input.userId, "userId");
    const status = statusAfter("suspend", user);
    await refuseLockout(ctx, user, administrators);
    return { user: ctx.db.update(User, user, { status, lockouts: user.lockouts + 1 }) };
  }
}
