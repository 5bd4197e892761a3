import { Field, InputType } from "type-graphql";
import {
  allOf,
  type Context,
  type ListOf,
  MAX_SEARCH,
  MutationInput,
  type Order,
  OrderDirection,
  searchOf,
  searchText,
  type Selection,
  sql,
} from "../kit/index.js";
import { User, UserType, userVisible } from "../users/index.js";
import { filterConditions, UserFilter } from "./user-filter.js";
import { USER_SORTS, UserOrder, UserOrderField } from "./user-order.js";

/** Which users, and in what order. */
export interface UserChoice {
  type?: UserType | null;
  filter?: UserFilter | null;
  search?: string | null;
  orderBy?: Order<UserOrderField> | null;
}

/** How the arguments of a choice are declared: alike wherever users are chosen. */
const CHOICE = {
  type: [() => UserType, "Only users of this type. Null: of all types."],
  filter: [() => UserFilter, "Only users who meet all of this."],
  search: [
    () => String,
    `Only users whose printed name, e-mail address or username contains this, without regard to case and accents; a whole guid finds its user. At most ${MAX_SEARCH} characters. Blank: no search.`,
  ],
  orderBy: [() => UserOrder, "Null: by NAME, ascending."],
} satisfies Record<keyof UserChoice, [() => object, string]>;

/** Declares an argument of a choice on the property of that name. */
export const ofChoice: PropertyDecorator = (prototype, property) => {
  const [type, description] = CHOICE[property as keyof UserChoice];
  Field(type, { nullable: true, description })(prototype, property as string);
};

/** The choice in the input of a mutation. */
@InputType()
export abstract class UserChoiceInput extends MutationInput implements UserChoice {
  @ofChoice type?: UserType | null;
  @ofChoice filter?: UserFilter | null;
  @ofChoice search?: string | null;
  @ofChoice orderBy?: Order<UserOrderField> | null;
}

/** The users that the caller may see. */
export const userList: ListOf = { name: "users", node: User, rule: userVisible };

/**
 * The users that a type, a filter and a search leave, in an order.
 * @throws BAD_USER_INPUT with the argument's path, which begins with the given one.
 */
export function userSelection(
  choice: UserChoice,
  { db }: Pick<Context, "db">,
  path: readonly string[] = [],
): Selection {
  const { type = null, filter, orderBy } = choice;
  const text = searchText(choice.search, path);
  const search = text === "" ? null : searchOf("user_search", "search_text", text, (alias) => db.tenantIs(alias));
  const conditions = [
    ...(type ? [() => sql`n.type = ${type}`] : []),
    ...(filter ? filterConditions(filter, type, db.tenantId, path) : []),
    ...(search ? [() => search.where] : []),
  ];
  const field = orderBy?.field ?? UserOrderField.NAME;
  const prepare = search ? search.prepare : !filter;
  return {
    sort: USER_SORTS[field],
    direction: orderBy?.direction ?? OrderDirection.ASC,
    where: (now) => allOf(conditions.map((condition) => condition(now))),
    ...(search && { table: search.table }),
    // With a filter or a search the best plan depends on the values.
    prepare,
    // Only names have an index within a type: in another order few of a type are looked for among all users.
    scans: prepare !== true || (type !== null && field !== UserOrderField.NAME),
    identity: [field, type, filter ?? null, text],
  };
}
