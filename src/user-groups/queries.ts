import { Resolver } from "type-graphql";
import { signedIn } from "../access/index.js";
import { connectionOf, type Context, type Page, PageArgs, Related } from "../kit/index.js";
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
  })
  userGroups(user: User, args: PageArgs, ctx: Context): Promise<Page<UserGroup>> {
    return groupsByUser.load(ctx, user.guid, args);
  }

  @Related({ type: () => Boolean, allow: signedIn, description: "Leads a group." })
  isUserGroupLead(user: User, ctx: Context): Promise<boolean> {
    return leadsAGroup.load(ctx, user.guid);
  }

  @Related({ type: () => Boolean, allow: signedIn, description: "Belongs to a group, as its lead or otherwise." })
  isUserGroupMember(user: User, ctx: Context): Promise<boolean> {
    return isInAGroup.load(ctx, user.guid);
  }
}

@Resolver(() => UserGroup)
export class FieldsOfUserGroup {
  @Related({
    type: () => User,
    nullable: true,
    allow: signedIn,
    description: "The group's lead; null when it has none, or none that the caller may see.",
  })
  leadUser(group: UserGroup, ctx: Context): Promise<User | null> | null {
    return group.leadUserId === null ? null : userByGuid.load(ctx, group.leadUserId);
  }
}
