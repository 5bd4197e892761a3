import { Field, InputType, Resolver } from "type-graphql";
import { ANONYMOUS, bearers, UserGroupKind } from "../../access/index.js";
import {
  type Context,
  digestOf,
  foldCase,
  MutationInput,
  payloadOf,
  refuse,
  sql,
  tenantOfTicket,
  UsersErrorCode,
  Write,
} from "../../kit/index.js";
import { addMembers, GroupMember, UserGroup } from "../../user-groups/index.js";
import { InviteStatus, inviteStatusOf, profileChanges, statusAfter, User } from "../../users/index.js";
import { Invitation } from "../invitation.js";
import { copiesOf, type Invited, refuseClosed, type InvitationState } from "../rules.js";

@InputType()
class AcceptInvitationInput extends MutationInput {
  @Field(() => String, { description: "The token of the invitation's mail." })
  token!: string;

  @Field(() => String, { nullable: true, description: "At most 32 characters. Left out: as invited." })
  title?: string | null;

  @Field(() => String, { nullable: true, description: "At most 255 characters. Left out: as invited." })
  forename?: string | null;

  @Field(() => String, { nullable: true, description: "At most 255 characters. Left out: as invited." })
  surname?: string | null;
}

const AcceptInvitationPayload = payloadOf("AcceptInvitation", { invitation: () => Invitation, user: () => User });

const unknown = (): never => refuse(UsersErrorCode.NOT_FOUND, "No such invitation.", "token");

@Resolver()
export class AcceptInvitation {
  @Write({
    input: () => AcceptInvitationInput,
    payload: () => AcceptInvitationPayload,
    allow: bearers,
    enter: ({ token }: AcceptInvitationInput, ctx) => ({
      ...ctx,
      viewer: ANONYMOUS,
      still: null,
      db: ctx.db.inTenant(tenantOfTicket(token) ?? unknown()),
    }),
    description:
      "Accepts the invitation whose mail the caller holds, once: the account is active, and a member of the invitation's group. The payload shows plain fields; relations need the user's own token.",
  })
  async acceptInvitation(input: AcceptInvitationInput, ctx: Context): Promise<Invited> {
    const { db, now } = ctx;
    const { user, group, invitation } = await bearer(input.token, ctx);
    refuseClosed(invitation, "token");
    if (inviteStatusOf(invitation.storedStatus, invitation.dateExpires, now) === InviteStatus.EXPIRED) {
      refuse(UsersErrorCode.INVITATION_EXPIRED, "This invitation is past its date.", "token");
    }
    const { title, forename, surname } = input;
    const accepted = { storedStatus: InviteStatus.COMPLETED, dateExpires: null, dateModified: now.toISOString() };
    const active = db.update(User, user, {
      ...profileChanges({ title, forename, surname }),
      status: statusAfter("accept", user, "token"),
      ...copiesOf({ ...(invitation as InvitationState), ...accepted }),
    });
    if (group) await join({ user, invitation }, group, ctx);
    return { user: active, invitation: db.update(Invitation, invitation, accepted) };
  }
}

/** Whom the token invites, where to, and by what; locked in the order of all writes. */
async function bearer(token: string, ctx: Context): Promise<Invited & { group: UserGroup | null }> {
  const { db } = ctx;
  const tokenHash = digestOf(token);
  const [found] = await db.query<Pick<Invitation, "guid" | "userId" | "groupId">>(
    sql`SELECT n.id AS guid, n.user_id AS "userId", n.group_id AS "groupId" FROM invitations n
      WHERE ${db.tenantIs("n")} AND n.token_hash = ${tokenHash}`,
    { prepare: true },
  );
  if (!found) return unknown();
  const user = await db.find(User, { guid: found.userId });
  const group = found.groupId === null ? null : await db.find(UserGroup, { guid: found.groupId });
  // Sent again in the meantime, it has another token; sent to an address that was corrected since, it is not theirs.
  const invitation = await db.find(Invitation, { guid: found.guid, tokenHash });
  if (!invitation || invitation.sentTo !== foldCase(user!.contactEmail)) return unknown();
  return { user: user!, group, invitation };
}

/**
 * Makes the user a member with the invitation's role, and of a shell without a lead its lead, unless invited as a member
 * only.
 */
async function join({ user, invitation }: Invited, group: UserGroup, ctx: Context): Promise<void> {
  const { db } = ctx;
  const { roleId, asLead } = invitation;
  const leads = group.kind === UserGroupKind.SHELL && group.leadUserId === null && asLead !== false;
  const led = leads ? db.update(UserGroup, group, { leadUserId: user.guid }) : group;
  const member = await db.find(GroupMember, { groupId: group.guid, userId: user.guid });
  if (member && roleId !== null) db.update(GroupMember, member, { roleId });
  if (!member) await addMembers(ctx, led, [user.guid], roleId);
}
