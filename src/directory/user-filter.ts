import { Field, ID, InputType } from "type-graphql";
import {
  badUserInput,
  DateScalar,
  dayRange,
  keyOf,
  LISTS,
  raw,
  refuseLongLists,
  snakeCase,
  sql,
  type Sql,
  UUID,
} from "../kit/index.js";
import { InviteStatus, inviteStatusIn, userInviteColumns, UserStatus, UserType } from "../users/index.js";

const day = (what: string): { nullable: true; description: string } => ({ nullable: true, description: what });

@InputType({
  description: `Conditions that all have to hold. Null or left out: no condition. An empty list matches nothing; ${LISTS}. Ranges are whole days of UTC, both ends included.`,
})
export class UserFilter {
  @Field(() => [UserStatus], { nullable: true, description: "The account stands at one of these." })
  status?: UserStatus[] | null;

  @Field(() => [ID], {
    nullable: true,
    description:
      "Holds one of these classifications (global ids) now. For investors only: refused with another `type`.",
  })
  classifications?: string[] | null;

  @Field(() => [InviteStatus], { nullable: true, description: "The latest invitation stands at one of these." })
  inviteStatus?: InviteStatus[] | null;

  @Field(() => Boolean, { nullable: true, description: "Signs in with a second factor, or does not." })
  tfaEnabled?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Leads a group, or does not." })
  isUserGroupLead?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Belongs to a group, or does not." })
  isUserGroupMember?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Has completed onboarding, or has not." })
  hasCompletedOnboarding?: boolean | null;

  @Field(() => [UUID], { nullable: true, description: "Is looked after by one of these members of staff." })
  assignedInternalUserGuids?: string[] | null;

  @Field(() => DateScalar, day("The latest invitation was sent on this day or later."))
  inviteDateInvitedFrom?: string | null;

  @Field(() => DateScalar, day("The latest invitation was sent on this day or earlier."))
  inviteDateInvitedTo?: string | null;

  @Field(() => DateScalar, day("The latest invitation expires on this day or later."))
  inviteDateExpiresFrom?: string | null;

  @Field(() => DateScalar, day("The latest invitation expires on this day or earlier."))
  inviteDateExpiresTo?: string | null;

  @Field(() => DateScalar, day("Onboarding was completed on this day or later."))
  onboardingDateCompletedFrom?: string | null;

  @Field(() => DateScalar, day("Onboarding was completed on this day or earlier."))
  onboardingDateCompletedTo?: string | null;
}

/** Whether the user of that row leads a group. */
export const leadsAGroup = (alias: string): Sql =>
  sql`EXISTS (SELECT FROM user_groups g WHERE g.tenant_id = ${raw(alias)}.tenant_id AND g.lead_user_id = ${raw(alias)}.id)`;

/** Whether they belong to one. */
export const isInAGroup = (alias: string): Sql =>
  sql`EXISTS (SELECT FROM group_members m WHERE m.tenant_id = ${raw(alias)}.tenant_id AND m.user_id = ${raw(alias)}.id)`;

/**
 * Every condition of the filter over the users `n`.
 * @throws BAD_USER_INPUT with the argument's path, which begins with the given one.
 */
export function filterConditions(
  filter: UserFilter,
  type: UserType | null,
  tenantId: string,
  path: readonly string[] = [],
): ((now: Date) => Sql)[] {
  refuseLongLists(filter, [...path, "filter"]);
  const { status, classifications, inviteStatus, tfaEnabled, isUserGroupLead, isUserGroupMember } = filter;
  const { hasCompletedOnboarding: onboarded, assignedInternalUserGuids: assigned } = filter;
  const conditions: ((now: Date) => Sql)[] = [];
  const add = (condition: Sql): number => conditions.push(() => condition);
  for (const name of ["inviteDateInvited", "inviteDateExpires", "onboardingDateCompleted"] as const) {
    const [from, to] = [filter[`${name}From`], filter[`${name}To`]];
    dayRange(`n.${snakeCase(name)}`, from, to, [...path, "filter", `${name}From`]).forEach(add);
  }
  if (status) add(sql`n.status = ANY(${status}::text[])`);
  if (tfaEnabled != null) add(sql`n.tfa_enabled = ${tfaEnabled}`);
  if (onboarded != null)
    add(onboarded ? sql`n.onboarding_date_completed IS NOT NULL` : sql`n.onboarding_date_completed IS NULL`);
  if (assigned) add(sql`n.assigned_internal_user_id = ANY(${assigned}::uuid[])`);
  if (isUserGroupLead != null) add(not(!isUserGroupLead, leadsAGroup("n")));
  if (isUserGroupMember != null) add(not(!isUserGroupMember, isInAGroup("n")));
  if (inviteStatus) conditions.push((now) => inviteStatusIn(userInviteColumns("n"), inviteStatus, now));
  if (classifications) {
    if (type !== null && type !== UserType.INVESTOR) {
      throw badUserInput("Only investors have classifications.", [...path, "filter", "classifications"]);
    }
    const guids = classifications.map((id, index) =>
      keyOf("Classification", id, [...path, "filter", "classifications", index]),
    );
    conditions.push(
      (now) => sql`n.id IN (SELECT c.user_id FROM user_classifications c WHERE c.tenant_id = ${tenantId}
        AND c.classification_id = ANY(${guids}::uuid[]) AND (c.valid_until IS NULL OR c.valid_until > ${now}))`,
    );
  }
  return conditions;
}

const not = (negated: boolean, condition: Sql): Sql => (negated ? sql`NOT ${condition}` : condition);
