import { Field, ID, InputType, Resolver } from "type-graphql";
import { holders } from "../../access/index.js";
import { type Context, MutationInput, payloadOf, Write } from "../../kit/index.js";
import { statusAfter, userToChange } from "../rules.js";
import { User } from "../user.js";

@InputType()
class ReactivateUserInput extends MutationInput {
  @Field(() => ID, { description: "The user: global id or guid." })
  userId!: string;
}

const ReactivateUserPayload = payloadOf("ReactivateUser", { user: () => User });

@Resolver()
export class ReactivateUser {
  @Write({
    input: () => ReactivateUserInput,
    payload: () => ReactivateUserPayload,
    allow: holders("users.write"),
    description: "Lets a suspended user sign in again.",
  })
  async reactivateUser(input: ReactivateUserInput, ctx: Context): Promise<{ user: User }> {
    const user = await userToChange(ctx, input.userId, "userId");
    return { user: ctx.db.update(User, user, { status: statusAfter("reactivate", user) }) };
  }
}
