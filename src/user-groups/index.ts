import { groupByGuid } from "./loaders.js";
import { FieldsOfUserGroup, GroupsOfUser } from "./queries.js";
import { GroupMember, UserGroup } from "./user-group.js";

export const userGroups = {
  resolvers: [GroupsOfUser, FieldsOfUserGroup],
  tables: [UserGroup, GroupMember],
  nodes: { UserGroup: groupByGuid },
  entities: { UserGroup: { key: "guid", by: groupByGuid } },
} as const;

export { GroupMember, UserGroup, UserGroupKind } from "./user-group.js";
