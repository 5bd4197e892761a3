import { ArgsType, Field, ID, InputType, registerEnumType } from "type-graphql";
import { FormKind, ImplementationStatus, statusIs } from "../forms/index.js";
import {
  byInstant,
  byNullable,
  DateScalar,
  dayRange,
  join,
  keyOf,
  LISTS,
  type Order,
  OrderDirection,
  orderOf,
  PageArgs,
  refuseLongLists,
  type Segment,
  type Selection,
  type Sort,
  type Sql,
  sql,
} from "../kit/index.js";

export enum SubmissionOrderField {
  CREATED_AT = "CREATED_AT",
  COMPLETED_AT = "COMPLETED_AT",
}
registerEnumType(SubmissionOrderField, {
  name: "UserDataFormSubmissionOrderField",
  description: "What submissions are ordered by. Those not completed: last in ascending order. Ties: by uuid.",
  valuesConfig: {
    CREATED_AT: { description: "When the form was given." },
    COMPLETED_AT: { description: "When it was completed." },
  },
});

const SubmissionOrder = orderOf("UserDataFormSubmission", SubmissionOrderField, "CREATED_AT");

@InputType("UserDataFormSubmissionFilter", {
  description: `Conditions that all have to hold. Null or left out: no condition. An empty list matches nothing; ${LISTS}. Ranges are whole days of UTC, both ends included.`,
})
class SubmissionFilter {
  @Field(() => ID, { nullable: true, description: "Of this form: global id or uuid." })
  formId?: string | null;

  @Field(() => ID, { nullable: true, description: "Of this user: global id or guid." })
  userId?: string | null;

  @Field(() => [ImplementationStatus], { nullable: true, description: "Stands at one of these now." })
  status?: ImplementationStatus[] | null;

  @Field(() => DateScalar, { nullable: true, description: "Was completed on this day or later." })
  completedOnFrom?: string | null;

  @Field(() => DateScalar, { nullable: true, description: "Was completed on this day or earlier." })
  completedOnTo?: string | null;
}

@ArgsType()
export class SubmissionsArgs extends PageArgs {
  @Field(() => SubmissionFilter, { nullable: true, description: "Only submissions that meet all of this." })
  filter?: SubmissionFilter | null;

  @Field(() => SubmissionOrder, { nullable: true, description: "Null: by CREATED_AT, the newest first." })
  orderBy?: Order<SubmissionOrderField> | null;
}

/** The implementations of user data forms that a filter leaves. */
export function submissionSelection({ filter, orderBy }: SubmissionsArgs): Selection {
  refuseLongLists(filter);
  const field = orderBy?.field ?? SubmissionOrderField.CREATED_AT;
  const { status, ...rest } = filter ?? {};
  const conditions = [sql`n.form_kind = ${FormKind.USER_DATA}`, ...filterConditions(rest)];
  return {
    sort: field === SubmissionOrderField.COMPLETED_AT ? completionSort(filter ?? {}) : byInstant("n.created_at"),
    direction: orderBy ? (orderBy.direction ?? OrderDirection.ASC) : OrderDirection.DESC,
    where: (now) => join([...conditions, ...(status ? [statusIn(status, now)] : [])], " AND "),
    prepare: !filter,
    identity: [field, filter ?? null],
  };
}

/** Only that part of the order, of the completed and of the open ones, which the filter leaves anything of. */
function completionSort({ status, completedOnFrom, completedOnTo }: SubmissionFilter): Sort {
  const [completed, open] = byNullable("n.completed_at", "instant") as [Segment, Segment];
  const wasCompleted = (one: ImplementationStatus): boolean =>
    one === ImplementationStatus.COMPLETED || one === ImplementationStatus.EXPIRED;
  if (completedOnFrom != null || completedOnTo != null || status?.every(wasCompleted)) return [completed];
  return status && !status.some(wasCompleted) ? [open] : [completed, open];
}

const statusIn = (statuses: readonly ImplementationStatus[], now: Date): Sql =>
  statuses.length === 0
    ? sql`false`
    : sql`(${join(
        statuses.map((status) => statusIs("n", status, now)),
        " OR ",
      )})`;

function filterConditions({ formId, userId, completedOnFrom, completedOnTo }: Omit<SubmissionFilter, "status">): Sql[] {
  const conditions = dayRange("n.completed_at", completedOnFrom, completedOnTo, ["filter", "completedOnFrom"]);
  if (formId != null) {
    conditions.push(sql`n.form_id = ${keyOf("UserDataForm", formId, ["filter", "formId"])}`);
  }
  if (userId != null) conditions.push(sql`n.user_id = ${keyOf("User", userId, ["filter", "userId"])}`);
  return conditions;
}
