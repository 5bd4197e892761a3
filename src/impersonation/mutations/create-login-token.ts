import { v7 as uuidv7 } from "uuid";
import { Field, ID, InputType, Resolver } from "type-graphql";
import { ownGuid } from "../../access/index.js";
import {
  type Context,
  DateTime,
  digestOf,
  keyOf,
  MutationInput,
  payloadOf,
  refuse,
  ruled,
  ticket,
  UsersErrorCode,
  Write,
} from "../../kit/index.js";
import { groupVisible, UserGroup } from "../../user-groups/index.js";
import { requiredText, userVisible } from "../../users/index.js";
import { LoginToken } from "../login-token.js";
import { impersonators, lockParticipants, refuseChained, refuseUnfit } from "../rules.js";

@InputType()
class CreateLoginTokenInput extends MutationInput {
  @Field(() => ID, { description: "The group to act for, of which the user is a member: global id or guid." })
  groupId!: string;

  @Field(() => ID, { description: "The active client to act as: global id or guid." })
  userId!: string;

  @Field(() => String, {
    description: "Why, in one line of 1 to 500 characters: stands in the audit event of making the token.",
  })
  reason!: string;
}

const CreateLoginTokenPayload = payloadOf(
  "CreateLoginToken",
  { loginToken: () => String, expiresAt: () => DateTime },
  {
    loginToken: "What `redeemLoginToken` takes, once: shown here and never again. Null when the mutation refused.",
    expiresAt: "Until when it can be redeemed: five minutes from now. Null when the mutation refused.",
  },
);
const LIFE_MILLISECONDS = 5 * 60_000;
const MAX_REASON = 500;

@Resolver()
export class CreateLoginToken {
  @Write({
    input: () => CreateLoginTokenInput,
    payload: () => CreateLoginTokenPayload,
    allow: impersonators,
    description:
      "Makes a ticket with which the caller signs in as a user, within one group: good for five minutes and one use, and void once either of the two is suspended or revoked. Never for one of the staff, and not from an impersonated session.",
  })
  async createLoginToken(
    input: CreateLoginTokenInput,
    ctx: Context,
  ): Promise<{ loginToken: string; expiresAt: string }> {
    const { db, now } = ctx;
    refuseChained(ctx);
    const userId = keyOf("User", input.userId, ["input", "userId"]);
    const groupId = keyOf("UserGroup", input.groupId, ["input", "groupId"]);
    const reason = requiredText(input.reason, MAX_REASON, "reason");
    const { actor, user } = await lockParticipants(db, ownGuid(ctx), userId, ruled(userVisible, ctx, "u"));
    if (!actor || !user) refuse(UsersErrorCode.NOT_FOUND, "User not found.", "userId");
    db.subject = { type: "User", id: userId };
    await db.get(UserGroup, { guid: groupId }, "groupId", ruled(groupVisible, ctx, "n"));
    await refuseUnfit(db, { actor, user, groupId }, "userId");

    const loginToken = ticket(db.tenantId);
    const expiresAt = new Date(now.getTime() + LIFE_MILLISECONDS).toISOString();
    await db.insert(LoginToken, {
      guid: uuidv7(),
      actorId: actor.guid,
      userId,
      groupId,
      reason,
      tokenHash: digestOf(loginToken),
      actorLockouts: actor.lockouts,
      userLockouts: user.lockouts,
      expiresAt,
    });
    return { loginToken, expiresAt };
  }
}
