import { constraintMeans, UsersErrorCode } from "../kit/index.js";
import { FeatureFlag, GroupFeatureFlag } from "./feature-flag.js";
import { flagByGuid, groupByGuid } from "./loaders.js";
import { AddUserToGroup } from "./mutations/add-user-to-group.js";
import { CreateUserGroup } from "./mutations/create-user-group.js";
import { MarkUserAsSignatory } from "./mutations/mark-user-as-signatory.js";
import { RemoveUserFromGroup } from "./mutations/remove-user-from-group.js";
import { UnmarkUserAsSignatory } from "./mutations/unmark-user-as-signatory.js";
import { UpdateUserGroupFeatureFlag } from "./mutations/update-user-group-feature-flag.js";
import { UpdateUserGroupRole } from "./mutations/update-user-group-role.js";
import { UpdateUserGroup } from "./mutations/update-user-group.js";
import { FieldsOfMember, FieldsOfUserGroup, GroupsOfUser, UserGroupQueries } from "./queries.js";
import { GroupMember, UserGroup } from "./user-group.js";

constraintMeans("user_groups_name", UsersErrorCode.TAKEN, "Another group has this name.", "name");
constraintMeans("user_groups_lead", UsersErrorCode.LEAD_ELSEWHERE, "This user leads another group.", "leadUserId");

export const userGroups = {
  resolvers: [
    UserGroupQueries,
    GroupsOfUser,
    FieldsOfUserGroup,
    FieldsOfMember,
    CreateUserGroup,
    UpdateUserGroup,
    UpdateUserGroupRole,
    UpdateUserGroupFeatureFlag,
    AddUserToGroup,
    RemoveUserFromGroup,
    MarkUserAsSignatory,
    UnmarkUserAsSignatory,
  ],
  tables: [UserGroup, GroupMember, FeatureFlag, GroupFeatureFlag],
  nodes: { UserGroup: groupByGuid, UserGroupFeatureFlag: flagByGuid },
  entities: { UserGroup: { key: "guid", by: groupByGuid } },
} as const;

export { UserGroupKind } from "../access/index.js";
export { FeatureFlag, GroupFeatureFlag } from "./feature-flag.js";
export { groupByGuid } from "./loaders.js";
export { addMembers, groupToChange, groupVisible, roleToAssign } from "./rules.js";
export { GroupMember, UserGroup } from "./user-group.js";
