import { ArgsType, Field, ID, InputType, registerEnumType } from "type-graphql";
import {
  allOf,
  byInstant,
  byNullable,
  containsPattern,
  type Context,
  isUuid,
  keyOf,
  LISTS,
  MAX_SEARCH,
  type Order,
  OrderDirection,
  orderOf,
  PageArgs,
  refuseLongLists,
  searchText,
  type Selection,
  type Sort,
  type Sql,
  sql,
} from "../kit/index.js";
import { UserStatus, userVisible } from "../users/index.js";

export enum GroupMemberOrderField {
  NAME = "NAME",
  JOINED_AT = "JOINED_AT",
}
registerEnumType(GroupMemberOrderField, {
  name: "UserGroupMemberOrderField",
  description: "What the members of a group are ordered by. Without a value: last in ascending order. Ties: by guid.",
  valuesConfig: {
    NAME: { description: "Surname, then forename, without regard to case and accents." },
    JOINED_AT: { description: "When they joined." },
  },
});

const MEMBER_SORTS: Record<GroupMemberOrderField, Sort> = {
  NAME: byNullable("n.sort_name"),
  JOINED_AT: byInstant("e.joined_at"),
};

const GroupMemberOrder = orderOf("UserGroupMember", GroupMemberOrderField, "NAME");

@InputType({
  description: `Conditions that all have to hold, of members whom the caller knows by more than their name. Null or left out: no condition. An empty list matches nothing; ${LISTS}.`,
})
class UserGroupMemberFilter {
  @Field(() => [UserStatus], {
    nullable: true,
    description: "The account stands at one of these.",
  })
  status?: UserStatus[] | null;

  @Field(() => [ID], { nullable: true, description: "Holds one of these roles (global ids) in the group." })
  roleIds?: string[] | null;

  @Field(() => Boolean, { nullable: true, description: "May sign for the group, or may not." })
  isSignatory?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Leads the group, or does not." })
  isLead?: boolean | null;
}

@ArgsType()
export class MembersArgs extends PageArgs {
  @Field(() => UserGroupMemberFilter, { nullable: true, description: "Only members who meet all of this." })
  filter?: UserGroupMemberFilter | null;

  @Field(() => String, {
    nullable: true,
    description: `Only members whose printed name, e-mail address or username contains this, without regard to case and accents; of members whom the caller knows by name only, the name. A whole guid finds its user. At most ${MAX_SEARCH} characters. Blank: no search.`,
  })
  search?: string | null;

  @Field(() => GroupMemberOrder, { nullable: true, description: "Null: by NAME, ascending." })
  orderBy?: Order<GroupMemberOrderField> | null;
}

/** The members that a filter and a search leave. What the caller cannot see of a member cannot be asked for either. */
export function memberSelection({ filter, search, orderBy }: MembersArgs, { viewer, now }: Context): Selection {
  const text = searchText(search);
  const seen = userVisible(viewer, "n", now) ?? sql`true`;
  const conditions = [...filterConditions(filter ?? {}, seen), ...(text === "" ? [] : [contains(text, seen)])];
  return {
    sort: MEMBER_SORTS[orderBy?.field ?? GroupMemberOrderField.NAME],
    direction: orderBy?.direction ?? OrderDirection.ASC,
    where: () => allOf(conditions),
    prepare: conditions.length === 0,
    identity: [orderBy?.field ?? GroupMemberOrderField.NAME, filter ?? null, text],
  };
}

function filterConditions({ status, roleIds, isSignatory, isLead }: UserGroupMemberFilter, seen: Sql): Sql[] {
  refuseLongLists({ status, roleIds });
  const conditions: Sql[] = [];
  if (status) conditions.push(sql`n.status = ANY(${status}::text[])`);
  if (roleIds) {
    const guids = roleIds.map((id, index) => keyOf("UserRole", id, ["filter", "roleIds", index]));
    conditions.push(sql`e.role_id = ANY(${guids}::uuid[])`);
  }
  if (isSignatory != null) conditions.push(sql`e.is_signatory = ${isSignatory}`);
  if (isLead != null) {
    conditions.push(sql`${isLead} = EXISTS (SELECT FROM user_groups g
      WHERE g.tenant_id = e.tenant_id AND g.id = e.group_id AND g.lead_user_id = e.user_id)`);
  }
  return conditions.length > 0 ? [sql`(${seen})`, ...conditions] : [];
}

/** A group is small: no index is needed. The name is the first line of what is searched. */
function contains(text: string, seen: Sql): Sql {
  const pattern = containsPattern(text);
  const whole = isUuid(text)
    ? sql`(n.id = ${text} OR n.search_text LIKE ${pattern})`
    : sql`n.search_text LIKE ${pattern}`;
  return sql`(((${seen}) AND ${whole}) OR split_part(n.search_text, E'\n', 1) LIKE ${pattern})`;
}
