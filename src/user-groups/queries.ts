import { ArgsType, Field, ID, InputType, registerEnumType, Resolver } from "type-graphql";
import { holdersAndLeads, Role, roleByGuid, RoleScope, signedIn, UserGroupKind } from "../access/index.js";
import {
  allOf,
  by,
  byInstant,
  byNumber,
  connectionOf,
  type Context,
  DateScalar,
  dayRange,
  GuidArgs,
  guidOf,
  join,
  keyOf,
  MAX_SEARCH,
  normalise,
  type Order,
  OrderDirection,
  orderOf,
  type Page,
  PageArgs,
  Read,
  Related,
  searchOf,
  searchText,
  type Selection,
  type Sort,
  type Sql,
  sql,
  UUID,
} from "../kit/index.js";
import { User, userByGuid } from "../users/index.js";
import { FeatureFlag, GroupFeatureFlag } from "./feature-flag.js";
import {
  flagIsOn,
  flagList,
  flagsByGroup,
  groupByGuid,
  groupByLead,
  groupList,
  groupsByUser,
  internalRolesByUser,
  isInAGroup,
  leadsAGroup,
  membersByGroup,
  roleList,
} from "./loaders.js";
import { MembersArgs } from "./members.js";
import { GroupMember, NamedGroupMember, UserGroup } from "./user-group.js";

const UserGroupConnection = connectionOf("UserGroup", () => UserGroup, "Groups of the tenant that the caller may see.");
const UserGroupMembershipConnection = connectionOf(
  "UserGroupMembership",
  () => UserGroup,
  "The groups of a user, by name; the edges say how the user belongs to each.",
  GroupMember,
);
const UserGroupMemberConnection = connectionOf(
  "UserGroupMember",
  () => User,
  "The members of a group; the edges say how each belongs to it.",
  NamedGroupMember,
  { partlySeen: true },
);
const RoleConnection = connectionOf("UserRole", () => Role, "Roles.");
const UserGroupFeatureFlagConnection = connectionOf(
  "UserGroupFeatureFlag",
  () => FeatureFlag,
  "The tenant's feature flags, by key.",
);
const EnabledFeatureFlagConnection = connectionOf(
  "UserGroupEnabledFeatureFlag",
  () => FeatureFlag,
  "The feature flags that are on for a group, by key; the edges say since when.",
  GroupFeatureFlag,
);

export enum UserGroupOrderField {
  NAME = "NAME",
  CREATED_AT = "CREATED_AT",
  MEMBER_COUNT = "MEMBER_COUNT",
}
registerEnumType(UserGroupOrderField, {
  name: "UserGroupOrderField",
  description: "What groups are ordered by. Ties: by guid.",
  valuesConfig: {
    NAME: { description: "The name, without regard to case and accents." },
    CREATED_AT: { description: "When the group was made." },
    MEMBER_COUNT: { description: "How many belong to it." },
  },
});

const GROUP_SORTS: Record<UserGroupOrderField, Sort> = {
  NAME: by("n.name_norm"),
  CREATED_AT: byInstant("n.created_at"),
  MEMBER_COUNT: byNumber("n.member_count"),
};

const UserGroupOrder = orderOf("UserGroup", UserGroupOrderField, "NAME");

@InputType({
  description:
    "Conditions that all have to hold. Null or left out: no condition. Ranges are whole days of UTC, both ends included.",
})
class UserGroupFilter {
  @Field(() => String, { nullable: true, description: "Has this name, without regard to case and accents." })
  name?: string | null;

  @Field(() => UserGroupKind, { nullable: true, description: "Is of this kind." })
  kind?: UserGroupKind | null;

  @Field(() => ID, { nullable: true, description: "Is led by this user." })
  leadUserId?: string | null;

  @Field(() => ID, { nullable: true, description: "This user belongs to it." })
  memberId?: string | null;

  @Field(() => String, { nullable: true, description: "The feature flag of this key is on for it." })
  featureFlag?: string | null;

  @Field(() => DateScalar, { nullable: true, description: "Was made on this day or later." })
  createdAtFrom?: string | null;

  @Field(() => DateScalar, { nullable: true, description: "Was made on this day or earlier." })
  createdAtTo?: string | null;
}

@ArgsType()
class UserGroupsArgs extends PageArgs {
  @Field(() => UserGroupFilter, { nullable: true, description: "Only groups that meet all of this." })
  filter?: UserGroupFilter | null;

  @Field(() => String, {
    nullable: true,
    description: `Only groups whose name contains this, without regard to case and accents; a whole guid finds its group. At most ${MAX_SEARCH} characters. Blank: no search.`,
  })
  search?: string | null;

  @Field(() => UserGroupOrder, { nullable: true, description: "Null: by NAME, ascending." })
  orderBy?: Order<UserGroupOrderField> | null;
}

function groupSelection({ filter, search, orderBy }: UserGroupsArgs, { db }: Context): Selection {
  const text = searchText(search);
  const found = text === "" ? null : searchOf("user_group_search", "name_norm", text, (alias) => db.tenantIs(alias));
  const conditions = [...filterConditions(filter ?? {}), ...(found ? [found.where] : [])];
  return {
    sort: GROUP_SORTS[orderBy?.field ?? UserGroupOrderField.NAME],
    direction: orderBy?.direction ?? OrderDirection.ASC,
    where: () => allOf(conditions),
    ...(found && { table: found.table }),
    prepare: found ? found.prepare : !filter,
    identity: [orderBy?.field ?? UserGroupOrderField.NAME, filter ?? null, text],
  };
}

function filterConditions(filter: UserGroupFilter): Sql[] {
  const { name, kind, leadUserId, memberId, featureFlag, createdAtFrom, createdAtTo } = filter;
  const user = (id: string, field: string): string => keyOf("User", id, ["filter", field]);
  const conditions = dayRange("n.created_at", createdAtFrom, createdAtTo, ["filter", "createdAtFrom"]);
  if (name != null) conditions.push(sql`n.name_norm = ${normalise(name)}`);
  if (kind) conditions.push(sql`n.kind = ${kind}`);
  if (leadUserId != null) conditions.push(sql`n.lead_user_id = ${user(leadUserId, "leadUserId")}`);
  if (memberId != null) {
    conditions.push(sql`EXISTS (SELECT FROM group_members m
      WHERE m.tenant_id = n.tenant_id AND m.group_id = n.id AND m.user_id = ${user(memberId, "memberId")})`);
  }
  if (featureFlag != null) {
    conditions.push(sql`EXISTS (SELECT FROM group_feature_flags gf
      JOIN feature_flags f ON f.tenant_id = gf.tenant_id AND f.id = gf.flag_id
      WHERE gf.tenant_id = n.tenant_id AND gf.group_id = n.id AND f.key = ${featureFlag})`);
  }
  return conditions;
}

@ArgsType()
class LeadArgs {
  @Field(() => UUID, { description: "The platform id of the user who leads." })
  userGuid!: string;
}

@ArgsType()
class AvailableRolesArgs extends PageArgs {
  @Field(() => UserGroupKind, { nullable: true, description: "Only roles for groups of this kind." })
  groupKind?: UserGroupKind | null;

  @Field(() => RoleScope, {
    nullable: true,
    description:
      "GROUP (also when null): for members of groups. INTERNAL: for staff, shown to holders of `users.read`.",
  })
  scope?: RoleScope | null;
}

/** The highest first. A lead may assign nothing above their own. */
function roleSelection({ groupKind, scope }: AvailableRolesArgs, { viewer }: Context): Selection {
  const conditions = [
    sql`n.scope = ${scope ?? RoleScope.GROUP}`,
    ...(groupKind ? [sql`(n.group_kind IS NULL OR n.group_kind = ${groupKind})`] : []),
    ...(viewer.leads && !viewer.administrator
      ? [
          sql`n.rank <= (SELECT coalesce(max(r.rank), 0) FROM user_groups g
            JOIN group_members m ON m.tenant_id = g.tenant_id AND m.group_id = g.id AND m.user_id = g.lead_user_id
            JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id
            WHERE g.tenant_id = ${viewer.tenantId} AND g.lead_user_id = ${viewer.id})`,
        ]
      : []),
  ];
  return {
    sort: byNumber("n.rank"),
    direction: OrderDirection.DESC,
    where: () => join(conditions, " AND "),
    identity: [groupKind ?? null, scope ?? RoleScope.GROUP],
  };
}

@Resolver()
export class UserGroupQueries {
  @Read({
    type: () => UserGroupConnection,
    args: () => UserGroupsArgs,
    allow: signedIn,
    description:
      "The tenant's groups for holders of `groups.read`, `groups.write` or `invitations.write`, otherwise the caller's own.",
    list: groupList,
    select: groupSelection,
  })
  userGroups!: Page<UserGroup>;

  @Read({
    type: () => UserGroup,
    nullable: true,
    args: () => GuidArgs,
    allow: signedIn,
    description: "One group by exactly one key; null when there is none that the caller may see.",
    one: groupByGuid,
    key: guidOf("UserGroup"),
  })
  userGroup!: UserGroup | null;

  @Read({
    type: () => UserGroup,
    nullable: true,
    args: () => LeadArgs,
    allow: signedIn,
    description: "The group that this user leads; null when there is none that the caller may see.",
    one: groupByLead,
    key: ({ userGuid }: LeadArgs) => userGuid,
  })
  userGroupByLeadUser!: UserGroup | null;

  @Read({
    type: () => RoleConnection,
    args: () => AvailableRolesArgs,
    allow: holdersAndLeads("groups.read"),
    description: "The roles that members of groups can be given, the highest first; for a lead none above their own.",
    list: roleList,
    select: roleSelection,
  })
  availableRoles!: Page<Role>;

  @Read({
    type: () => UserGroupFeatureFlagConnection,
    args: () => PageArgs,
    allow: signedIn,
    description: "The feature flags that the tenant knows, by key.",
    list: flagList,
    select: () => ({ sort: by("n.key"), direction: OrderDirection.ASC }),
  })
  featureFlags!: Page<FeatureFlag>;
}

@Resolver(() => User)
export class GroupsOfUser {
  @Related({
    type: () => UserGroupMembershipConnection,
    args: () => PageArgs,
    allow: signedIn,
    description: "The groups that the user belongs to and the caller may see.",
    pages: groupsByUser,
    from: "guid",
  })
  userGroups!: Page<UserGroup>;

  @Related({
    type: () => Boolean,
    allow: signedIn,
    description: "Leads a group.",
    exists: leadsAGroup,
    from: "guid",
  })
  isUserGroupLead!: boolean;

  @Related({
    type: () => Boolean,
    allow: signedIn,
    description: "Belongs to a group, as its lead or otherwise.",
    exists: isInAGroup,
    from: "guid",
  })
  isUserGroupMember!: boolean;

  @Related({
    type: () => RoleConnection,
    args: () => PageArgs,
    allow: signedIn,
    description: "The roles that a member of staff holds, by name; shown to holders of `users.read`.",
    pages: internalRolesByUser,
    from: "guid",
  })
  internalRoles!: Page<Role>;
}

@ArgsType()
class FeatureEnabledArgs {
  @Field(() => String, { description: "The flag's key. One that the tenant does not know is off." })
  key!: string;
}

@Resolver(() => UserGroup)
export class FieldsOfUserGroup {
  @Related({
    type: () => User,
    nullable: true,
    allow: signedIn,
    description: "The group's lead; null when it has none, or none that the caller may see.",
    one: userByGuid,
    from: "leadUserId",
  })
  leadUser!: User | null;

  @Related({
    type: () => Role,
    nullable: true,
    allow: signedIn,
    description: "The role of members who join without another one. Null: the tenant's lowest.",
    one: roleByGuid,
    from: "defaultRoleId",
  })
  defaultRole!: Role | null;

  @Related({
    type: () => UserGroupMemberConnection,
    args: () => MembersArgs,
    allow: signedIn,
    description:
      "Everybody in the group. A plain member sees the others' names alone, on the edges; whoever may see them as users sees the nodes, too.",
    pages: membersByGroup,
    from: "guid",
  })
  members!: Page<User>;

  @Related({
    type: () => EnabledFeatureFlagConnection,
    args: () => PageArgs,
    allow: signedIn,
    description: "The feature flags that are on for the group, by key.",
    pages: flagsByGroup,
    from: "guid",
  })
  featureFlags!: Page<FeatureFlag>;

  @Related({
    type: () => Boolean,
    args: () => FeatureEnabledArgs,
    allow: signedIn,
    description: "Whether a feature flag is on for the group.",
    exists: flagIsOn,
    from: "guid",
  })
  featureEnabled!: boolean;
}

@Resolver(() => GroupMember)
export class FieldsOfMember {
  @Related({
    type: () => Role,
    nullable: true,
    allow: signedIn,
    description: "The member's role in the group.",
    one: roleByGuid,
    from: "roleId",
  })
  role!: Role | null;
}
