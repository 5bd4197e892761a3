import { ArgsType, Resolver } from "type-graphql";
import { holdersAndLeads } from "../access/index.js";
import { type Order, type Page, PageArgs, Read } from "../kit/index.js";
import { type User, UserConnection, type UserType } from "../users/index.js";
import type { UserFilter } from "./user-filter.js";
import { ofChoice, type UserChoice, userList, userSelection } from "./user-list.js";
import type { UserOrderField } from "./user-order.js";

@ArgsType()
class UsersArgs extends PageArgs implements UserChoice {
  @ofChoice type?: UserType | null;
  @ofChoice filter?: UserFilter | null;
  @ofChoice search?: string | null;
  @ofChoice orderBy?: Order<UserOrderField> | null;
}

@Resolver()
export class DirectoryQueries {
  @Read({
    type: () => UserConnection,
    args: () => UsersArgs,
    allow: holdersAndLeads("users.read"),
    description:
      "The tenant's users that the caller may see: all, or for a lead the members of their groups and themselves.",
    list: userList,
    select: (args: UsersArgs, ctx) => userSelection(args, ctx),
  })
  users!: Page<User>;
}
