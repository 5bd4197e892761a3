import { Resolver } from "type-graphql";
import { signedIn } from "../access/index.js";
import { connectionOf, type Page, PageArgs, Related } from "../kit/index.js";
import { User, userByGuid } from "../users/index.js";
import { groupsByUser, isInAGroup, leadsAGroup } from "./loaders.js";
import { GroupMember, UserGroup } from "./user-group.js";

const UserGroupMembershipConnection = connectionOf(
  "UserGroupMembership",
  () => UserGroup,
  "The groups of a user, by name; the edges say since when, and whether the user may sign.",
  GroupMember,
);

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
}
