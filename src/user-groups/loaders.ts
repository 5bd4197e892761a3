import { Role, roleVisible, UserRole } from "../access/index.js";
import { by, existsBy, type ListOf, oneBy, pagesBy, sql } from "../kit/index.js";
import { User, userVisible } from "../users/index.js";
import { FeatureFlag, GroupFeatureFlag } from "./feature-flag.js";
import { memberSelection } from "./members.js";
import { groupVisible } from "./rules.js";
import { GroupMember, UserGroup } from "./user-group.js";

export const groupByGuid = oneBy(UserGroup, "guid", groupVisible);

export const groupByLead = oneBy(UserGroup, "leadUserId", groupVisible);

export const flagByGuid = oneBy(FeatureFlag, "guid", () => null);

export const leadsAGroup = existsBy(UserGroup, "leadUserId");

export const isInAGroup = existsBy(GroupMember, "userId");

/** The groups that the caller may see. */
export const groupList: ListOf = { name: "userGroups", node: UserGroup, rule: groupVisible };

export const roleList: ListOf = { name: "availableRoles", node: Role, rule: roleVisible };

export const flagList: ListOf = { name: "featureFlags", node: FeatureFlag, rule: () => null };

/** The groups that a user belongs to and the caller may see. */
export const groupsByUser = pagesBy(
  {
    name: "User.userGroups",
    node: UserGroup,
    rule: groupVisible,
    edge: { entity: GroupMember, node: "groupId" },
  },
  "userId",
  { sort: by("n.name_norm"), direction: "ASC" },
);

/** Everybody in a group that the caller sees; as users only those whom they see as users. */
export const membersByGroup = pagesBy(
  {
    name: "UserGroup.members",
    node: User,
    rule: () => null,
    seen: userVisible,
    edge: { entity: GroupMember, node: "userId" },
  },
  "groupId",
  memberSelection,
);

export const flagsByGroup = pagesBy(
  {
    name: "UserGroup.featureFlags",
    node: FeatureFlag,
    rule: () => null,
    edge: { entity: GroupFeatureFlag, node: "flagId" },
  },
  "groupId",
  { sort: by("n.key"), direction: "ASC" },
);

/** Whether the flag of that key is on for a group. */
export const flagIsOn = existsBy(
  GroupFeatureFlag,
  "groupId",
  ({ key }: { key: string }) => sql`EXISTS (SELECT FROM feature_flags f
    WHERE f.tenant_id = n.tenant_id AND f.id = n.flag_id AND f.key = ${key})`,
);

/** The roles that a member of staff holds. */
export const internalRolesByUser = pagesBy(
  { name: "User.internalRoles", node: Role, rule: roleVisible, edge: { entity: UserRole, node: "roleId" } },
  "userId",
  { sort: by("n.name"), direction: "ASC" },
);
