import { ArgsType, Field, ID, InputType, registerEnumType, Resolver } from "type-graphql";
import { Role, roleByGuid, signedIn } from "../access/index.js";
import {
  allOf,
  byInstant,
  connectionOf,
  DateScalar,
  dayRange,
  GuidArgs,
  guidOf,
  keyOf,
  LISTS,
  type Order,
  OrderDirection,
  orderOf,
  type Page,
  PageArgs,
  Read,
  refuseLongLists,
  Related,
  type Selection,
  type Sort,
  type Sql,
  sql,
} from "../kit/index.js";
import { MailDelivery } from "../mail/index.js";
import { groupByGuid, UserGroup } from "../user-groups/index.js";
import { byInviteStatus, InviteStatus, inviteStatusIn, User, userByGuid } from "../users/index.js";
import { inviteColumns, Invitation } from "./invitation.js";
import { invitationByGuid, invitationList, invitationsByUser, mailByGuid } from "./loaders.js";

const InvitationConnection = connectionOf("Invitation", () => Invitation, "Invitations that the caller may see.");

export enum InvitationOrderField {
  CREATED_AT = "CREATED_AT",
  STATUS = "STATUS",
}
registerEnumType(InvitationOrderField, {
  name: "InvitationOrderField",
  description: "What invitations are ordered by. Ties: by guid.",
  valuesConfig: {
    CREATED_AT: { description: "When they were recorded." },
    STATUS: { description: "The status as a word, EXPIRED among them." },
  },
});

const INVITATION_SORTS: Record<InvitationOrderField, Sort> = {
  CREATED_AT: byInstant("n.created_at"),
  STATUS: byInviteStatus(inviteColumns("n")),
};

const InvitationOrder = orderOf("Invitation", InvitationOrderField, "CREATED_AT");

@InputType({
  description: `Conditions that all have to hold. Null or left out: no condition. An empty list matches nothing; ${LISTS}. Ranges are whole days of UTC, both ends included.`,
})
class InvitationFilter {
  @Field(() => [InviteStatus], { nullable: true, description: "Stands at one of these now." })
  status?: InviteStatus[] | null;

  @Field(() => ID, { nullable: true, description: "Invites this user." })
  userId?: string | null;

  @Field(() => ID, { nullable: true, description: "Invites into this group." })
  groupId?: string | null;

  @Field(() => ID, { nullable: true, description: "Was asked for by this user." })
  invitedById?: string | null;

  @Field(() => DateScalar, { nullable: true, description: "Was recorded on this day or later." })
  createdAtFrom?: string | null;

  @Field(() => DateScalar, { nullable: true, description: "Was recorded on this day or earlier." })
  createdAtTo?: string | null;
}

@ArgsType()
class InvitationsArgs extends PageArgs {
  @Field(() => InvitationFilter, { nullable: true, description: "Only invitations that meet all of this." })
  filter?: InvitationFilter | null;

  @Field(() => InvitationOrder, { nullable: true, description: "Null: by CREATED_AT, the newest first." })
  orderBy?: Order<InvitationOrderField> | null;
}

function invitationSelection({ filter, orderBy }: InvitationsArgs): Selection {
  refuseLongLists(filter);
  const { status, ...rest } = filter ?? {};
  const conditions = filterConditions(rest);
  const field = orderBy?.field ?? InvitationOrderField.CREATED_AT;
  return {
    sort: INVITATION_SORTS[field],
    direction: orderBy ? (orderBy.direction ?? OrderDirection.ASC) : OrderDirection.DESC,
    where: (now) => allOf([...conditions, ...(status ? [inviteStatusIn(inviteColumns("n"), status, now)] : [])]),
    prepare: !filter,
    identity: [field, filter ?? null],
  };
}

function filterConditions(filter: Omit<InvitationFilter, "status">): Sql[] {
  const { userId, groupId, invitedById, createdAtFrom, createdAtTo } = filter;
  const conditions = dayRange("n.created_at", createdAtFrom, createdAtTo, ["filter", "createdAtFrom"]);
  const key = (type: string, id: string, name: string): string => keyOf(type, id, ["filter", name]);
  if (userId != null) conditions.push(sql`n.user_id = ${key("User", userId, "userId")}`);
  if (groupId != null) conditions.push(sql`n.group_id = ${key("UserGroup", groupId, "groupId")}`);
  if (invitedById != null) conditions.push(sql`n.invited_by_user_id = ${key("User", invitedById, "invitedById")}`);
  return conditions;
}

@Resolver()
export class InvitationQueries {
  @Read({
    type: () => Invitation,
    nullable: true,
    args: () => GuidArgs,
    allow: signedIn,
    description: "One invitation by exactly one key; null when there is none that the caller may see.",
    one: invitationByGuid,
    key: guidOf("Invitation"),
  })
  invitation!: Invitation | null;

  @Read({
    type: () => InvitationConnection,
    args: () => InvitationsArgs,
    allow: signedIn,
    description:
      "Invitations: all for holders of `users.read`, `invitations.write` or `invitations.approve`, for a lead those into their group, for anybody their own.",
    list: invitationList,
    select: invitationSelection,
  })
  invitations!: Page<Invitation>;
}

@Resolver(() => User)
export class InvitationsOfUser {
  @Related({
    type: () => InvitationConnection,
    args: () => PageArgs,
    allow: signedIn,
    description: "The user's invitations that the caller may see, the newest first.",
    pages: invitationsByUser,
    from: "guid",
  })
  invitations!: Page<Invitation>;
}

@Resolver(() => Invitation)
export class FieldsOfInvitation {
  @Related({
    type: () => User,
    nullable: true,
    allow: signedIn,
    description: "Whom it invites; null when the caller may not see them.",
    one: userByGuid,
    from: "userId",
  })
  user!: User | null;

  @Related({
    type: () => UserGroup,
    nullable: true,
    allow: signedIn,
    description: "The group that the user joins by accepting; null: none, or none that the caller may see.",
    one: groupByGuid,
    from: "groupId",
  })
  group!: UserGroup | null;

  @Related({
    type: () => Role,
    nullable: true,
    allow: signedIn,
    description: "The role in that group; null: the group's default.",
    one: roleByGuid,
    from: "roleId",
  })
  role!: Role | null;

  @Related({
    type: () => User,
    nullable: true,
    allow: signedIn,
    description: "Who asked for it; null for a service, or when the caller may not see them.",
    one: userByGuid,
    from: "invitedByUserId",
  })
  invitedBy!: User | null;

  @Related({
    type: () => User,
    nullable: true,
    allow: signedIn,
    description: "Who approved it; null when nobody had to, or for a service, or when the caller may not see them.",
    one: userByGuid,
    from: "approvedByUserId",
  })
  approvedBy!: User | null;

  @Related({
    type: () => MailDelivery,
    nullable: true,
    allow: signedIn,
    description: "The latest mail and how its delivery stands; null before the first.",
    one: mailByGuid,
    from: "mailId",
  })
  mail!: MailDelivery | null;
}
