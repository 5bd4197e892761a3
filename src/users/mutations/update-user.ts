import { Field, ID, InputType, Int, Resolver } from "type-graphql";
import { holders } from "../../access/index.js";
import {
  type Context,
  EmailAddress,
  keyOf,
  MutationInput,
  payloadOf,
  refuse,
  sql,
  UsersErrorCode,
  Write,
} from "../../kit/index.js";
import { profileChanges, refuseAddress, refuseRevoked, refuseStale, userToChange } from "../rules.js";
import { User, UserType } from "../user.js";

@InputType()
class UpdateUserInput extends MutationInput {
  @Field(() => ID, { description: "The user: global id or guid." })
  userId!: string;

  @Field(() => String, { nullable: true, description: "At most 32 characters. Null clears it." })
  title?: string | null;

  @Field(() => String, { nullable: true, description: "At most 255 characters. Null clears it." })
  forename?: string | null;

  @Field(() => String, { nullable: true, description: "At most 255 characters. Null clears it." })
  surname?: string | null;

  @Field(() => EmailAddress, { nullable: true, description: "The contact e-mail address; cannot be cleared." })
  email?: string | null;

  @Field(() => String, { nullable: true, description: "At most 255 characters. Null clears it." })
  username?: string | null;

  @Field(() => ID, { nullable: true, description: "The member of staff who looks after the user. Null: nobody." })
  assignedInternalUserId?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "The `version` that was read; another one is refused with STALE_OBJECT.",
  })
  expectedVersion?: number | null;
}

const UpdateUserPayload = payloadOf("UpdateUser", { user: () => User });

@Resolver()
export class UpdateUser {
  @Write({
    input: () => UpdateUserInput,
    payload: () => UpdateUserPayload,
    allow: holders("users.write"),
    description:
      "Changes a user's profile; a field left out stays as it is. Internal members may change their assigned clients only.",
  })
  async updateUser(input: UpdateUserInput, ctx: Context): Promise<{ user: User }> {
    const user = await userToChange(ctx, input.userId, "userId");
    refuseRevoked(user, "userId");
    refuseStale(user, input.expectedVersion);
    const changes = profileChanges(input);
    await refuseAddress(ctx, user, changes.contactEmail);
    if (input.assignedInternalUserId !== undefined) changes.assignedInternalUserId = await assignee(input, ctx);
    return { user: ctx.db.update(User, user, changes) };
  }
}

async function assignee({ assignedInternalUserId: id }: UpdateUserInput, { db }: Context): Promise<string | null> {
  if (id == null) return null;
  const guid = keyOf("User", id, ["input", "assignedInternalUserId"]);
  // Not locked: users are in the order of their ids only, and nobody's type changes.
  const [staff] = await db.query<Pick<User, "type">>(
    sql`SELECT n.type FROM users n WHERE ${db.tenantIs("n")} AND n.id = ${guid}`,
    { prepare: true },
  );
  if (!staff) refuse(UsersErrorCode.NOT_FOUND, "User not found.", "assignedInternalUserId");
  if (staff.type !== UserType.INTERNAL) {
    refuse(UsersErrorCode.USER_TYPE_MISMATCH, "Only internal users look after clients.", "assignedInternalUserId");
  }
  return guid;
}
