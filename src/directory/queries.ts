import { ArgsType, Field, Resolver } from "type-graphql";
import { holdersAndLeads } from "../access/index.js";
import {
  allOf,
  type Context,
  type ListOf,
  MAX_SEARCH,
  type Order,
  OrderDirection,
  type Page,
  PageArgs,
  Read,
  searchOf,
  searchText,
  type Selection,
  sql,
} from "../kit/index.js";
import { User, UserConnection, UserType, userVisible } from "../users/index.js";
import { filterConditions, UserFilter } from "./user-filter.js";
import { USER_SORTS, UserOrder, UserOrderField } from "./user-order.js";

@ArgsType()
class UsersArgs extends PageArgs {
  @Field(() => UserType, { nullable: true, description: "Only users of this type. Null: of all types." })
  type?: UserType | null;

  @Field(() => UserFilter, { nullable: true, description: "Only users who meet all of this." })
  filter?: UserFilter | null;

  @Field(() => String, {
    nullable: true,
    description: `Only users whose printed name, e-mail address or username contains this, without regard to case and accents; a whole guid finds its user. At most ${MAX_SEARCH} characters. Blank: no search.`,
  })
  search?: string | null;

  @Field(() => UserOrder, { nullable: true, description: "Null: by NAME, ascending." })
  orderBy?: Order<UserOrderField> | null;
}

const list: ListOf = { name: "users", node: User, rule: userVisible };

/** The users that a type, a filter and a search leave, in an order; exports use the same. */
function userSelection(args: UsersArgs, { db }: Context): Selection {
  const { type = null, filter, orderBy } = args;
  const text = searchText(args.search);
  const search = text === "" ? null : searchOf("user_search", "search_text", text, (alias) => db.tenantIs(alias));
  const conditions = [
    ...(type ? [() => sql`n.type = ${type}`] : []),
    ...(filter ? filterConditions(filter, type, db.tenantId) : []),
    ...(search ? [() => search.where] : []),
  ];
  return {
    sort: USER_SORTS[orderBy?.field ?? UserOrderField.NAME],
    direction: orderBy?.direction ?? OrderDirection.ASC,
    where: (now) => allOf(conditions.map((condition) => condition(now))),
    ...(search && { table: search.table }),
    // With a filter or a search the best plan depends on the values.
    prepare: search ? search.prepare : !filter,
    identity: [orderBy?.field ?? UserOrderField.NAME, type, filter ?? null, text],
  };
}

@Resolver()
export class DirectoryQueries {
  @Read({
    type: () => UserConnection,
    args: () => UsersArgs,
    allow: holdersAndLeads("users.read"),
    description:
      "The tenant's users that the caller may see: all, or for a lead the members of their groups and themselves.",
    list,
    select: userSelection,
  })
  users!: Page<User>;
}
