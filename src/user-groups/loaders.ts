import { by, existsBy, oneBy, pagesBy } from "../kit/index.js";
import { groupVisible } from "./rules.js";
import { GroupMember, UserGroup } from "./user-group.js";

export const groupByGuid = oneBy(UserGroup, "guid", groupVisible);

export const leadsAGroup = existsBy(UserGroup, "leadUserId");

export const isInAGroup = existsBy(GroupMember, "userId");

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
