import { Field, InputType, Resolver } from "type-graphql";
import { bearers } from "../../access/index.js";
import {
  type Context,
  DateTime,
  digestOf,
  MutationInput,
  payloadOf,
  refuse,
  tenantOfTicket,
  UsersErrorCode,
  Write,
} from "../../kit/index.js";
import { UserGroup } from "../../user-groups/index.js";
import { User } from "../../users/index.js";
import { LoginToken } from "../login-token.js";
import { lockParticipants, refuseChained, refuseUnfit } from "../rules.js";

@InputType()
class RedeemLoginTokenInput extends MutationInput {
  @Field(() => String, { description: "The `loginToken` that `createLoginToken` showed." })
  token!: string;
}

const RedeemLoginTokenPayload = payloadOf(
  "RedeemLoginToken",
  { accessToken: () => String, expiresAt: () => DateTime, user: () => User, userGroup: () => UserGroup },
  {
    accessToken:
      "The bearer token of the session: it has the user's rights, less what an impersonated session may not do. Shown here and never again. Null when the mutation refused.",
    expiresAt: "Until when the session lasts: 30 minutes from now. Null when the mutation refused.",
    user: "As whom the session acts. What belongs to the user is read with the session's own token. Null when the mutation refused.",
    userGroup: "The group that the session is for. Null when the mutation refused.",
  },
);

interface Session {
  accessToken: string;
  expiresAt: string;
  user: User;
  userGroup: UserGroup;
}

const unknown = (): never => refuse(UsersErrorCode.NOT_FOUND, "No such login token.", "token");

/** In the token's tenant, which has to be the caller's own if they have one. */
function inItsTenant({ token }: RedeemLoginTokenInput, ctx: Context): Context {
  const tenantId = tenantOfTicket(token);
  if (tenantId === null || (ctx.viewer.tenantId ?? tenantId) !== tenantId) return unknown();
  return { ...ctx, db: ctx.db.inTenant(tenantId) };
}

@Resolver()
export class RedeemLoginToken {
  @Write({
    input: () => RedeemLoginTokenInput,
    payload: () => RedeemLoginTokenPayload,
    allow: bearers,
    enter: inItsTenant,
    description:
      "Signs in as a user by a login token. The session ends after 30 minutes, or at once when the user or whoever acts as them is locked out, may not do it any more, or the user leaves the group.",
  })
  async redeemLoginToken(input: RedeemLoginTokenInput, ctx: Context): Promise<Session> {
    const { db, now, viewer } = ctx;
    refuseChained(ctx);
    const loginToken = (await db.find(LoginToken, { tokenHash: digestOf(input.token) })) ?? unknown();
    const { actorId, userId, groupId } = loginToken;
    // Nobody else who is signed in: the audit would name its maker.
    if (viewer.id !== null && viewer.id !== actorId) return unknown();
    if (loginToken.redeemedAt !== null) {
      refuse(UsersErrorCode.LOGIN_TOKEN_REDEEMED, "The login token was used.", "token");
    }
    const { actor, user } = await lockParticipants(db, actorId, userId);
    const userGroup = await db.find(UserGroup, { guid: groupId });
    if (!actor || !user) return unknown();
    const voided = actor.lockouts !== loginToken.actorLockouts || user.lockouts !== loginToken.userLockouts;
    if (voided || new Date(loginToken.expiresAt) <= now) {
      refuse(UsersErrorCode.LOGIN_TOKEN_EXPIRED, "The login token is not good any more. Make another one.", "token");
    }
    await refuseUnfit(db, { actor, user, groupId }, "token");

    db.update(LoginToken, loginToken, { redeemedAt: now.toISOString() });
    // Whoever redeems it has no token yet: the event says who signed in, and as whom.
    db.subject = { type: "User", id: userId };
    db.behalf = { id: user.guid, name: user.name, actorId: actor.guid, actorName: actor.name };
    const session = await ctx.signSession({
      tenantId: db.tenantId,
      userId,
      actorId,
      groupId,
      lockouts: [actor.lockouts, user.lockouts],
    });
    return { ...session, user, userGroup: userGroup! };
  }
}
