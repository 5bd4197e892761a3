import { ArgsType, Field, InputType, registerEnumType } from "type-graphql";
import {
  allOf,
  by,
  byInstant,
  containsPattern,
  normalise,
  type Order,
  OrderDirection,
  orderOf,
  PageArgs,
  type Selection,
  type Sort,
  type Sql,
  sql,
} from "../kit/index.js";
import { FormEnablement, FormState, FormTypeName } from "./form.js";

export enum FormOrderField {
  NAME = "NAME",
  CREATED_AT = "CREATED_AT",
}
registerEnumType(FormOrderField, {
  name: "UserFormOrderField",
  description: "What forms are ordered by. Ties: by uuid.",
  valuesConfig: {
    NAME: { description: "The name, without regard to case and accents." },
    CREATED_AT: { description: "When they were made." },
  },
});

const FORM_SORTS: Record<FormOrderField, Sort> = {
  [FormOrderField.NAME]: by("n.name_norm"),
  [FormOrderField.CREATED_AT]: byInstant("n.created_at"),
};

export const FormOrder = orderOf("UserForm", FormOrderField, "NAME");

/** What forms of both kinds are filtered by. */
@InputType()
export abstract class FormFilter {
  @Field(() => FormState, { nullable: true, description: "Its editing stands here." })
  state?: FormState | null;

  @Field(() => FormEnablement, { nullable: true, description: "Is offered, or is not." })
  enablement?: FormEnablement | null;

  @Field(() => FormTypeName, { nullable: true, description: "Asks questions of this kind." })
  formType?: FormTypeName | null;

  @Field(() => String, { nullable: true, description: "Its name contains this, without regard to case and accents." })
  name?: string | null;
}

/** A page of forms in an order. */
@ArgsType()
export abstract class FormsArgs extends PageArgs {
  @Field(() => FormOrder, { nullable: true, description: "Null: by NAME, ascending." })
  orderBy?: Order<FormOrderField> | null;
}

/** The forms that a filter leaves, and conditions of its kind's own. */
export function formSelection(
  filter: FormFilter | null | undefined,
  orderBy: Order<FormOrderField> | null | undefined,
  own: readonly Sql[] = [],
): Selection {
  const field = orderBy?.field ?? FormOrderField.NAME;
  const { state, enablement, formType, name } = filter ?? {};
  const conditions = [...own];
  if (state) conditions.push(sql`n.state = ${state}`);
  if (enablement) conditions.push(sql`n.enablement = ${enablement}`);
  if (formType) conditions.push(sql`n.form_type = ${formType}`);
  if (name != null) conditions.push(sql`n.name_norm LIKE ${containsPattern(normalise(name))}`);
  return {
    sort: FORM_SORTS[field],
    direction: orderBy?.direction ?? OrderDirection.ASC,
    where: () => allOf(conditions),
    prepare: !filter,
    identity: [field, filter ?? null],
  };
}
