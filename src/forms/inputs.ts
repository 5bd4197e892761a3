import { Field, Float, ID, InputType, Int } from "type-graphql";
import { DateScalar, IdempotentInput, JSONValue, MutationInput, UUID } from "../kit/index.js";
import { FormConditionEffect, FormConditionMatch, FormConditionOperator, FormFieldTypeName } from "./definition.js";
import { FormTypeName } from "./form.js";

@InputType("UserFormPageInput", { description: "A page of a form." })
export class FormPageInput {
  @Field(() => String, {
    description: "What fields know it by: a letter, then letters, digits, `_`, `-` and `.`, 64 at most.",
  })
  reference!: string;

  @Field(() => String, { description: "What people read: 1 to 255 characters." })
  name!: string;
}

@InputType("UserFormSettingInput", { description: "Something that a form tells whoever shows it." })
export class FormSettingInput {
  @Field(() => String, { description: "What it is about: 1 to 64 characters, unique in the form." })
  name!: string;

  @Field(() => JSONValue, { nullable: true, description: "What is set." })
  value?: unknown;
}

@InputType("UserFormFieldOptionInput", { description: "One of the answers to choose from." })
export class FormFieldOptionInput {
  @Field(() => String, { description: "What the answer holds: 1 to 255 characters, unique in the field." })
  value!: string;

  @Field(() => String, { nullable: true, description: "What people read, at most 255 characters. Null: the value." })
  label?: string | null;
}

@InputType("UserFormFieldValidatorInput", {
  description: "What an answer has to keep beside its type. Null or left out: no such rule.",
})
export class FormFieldValidatorInput {
  @Field(() => Boolean, { nullable: true, description: "Has to be answered. Not for STATIC." })
  required?: boolean | null;

  @Field(() => Int, { nullable: true, description: "At least so many characters. TEXT, TEXTAREA." })
  minLength?: number | null;

  @Field(() => Int, { nullable: true, description: "At most so many characters. TEXT, TEXTAREA." })
  maxLength?: number | null;

  @Field(() => Float, { nullable: true, description: "This or more; for CURRENCY an amount. NUMBER, CURRENCY." })
  minValue?: number | null;

  @Field(() => Float, { nullable: true, description: "This or less; for CURRENCY an amount. NUMBER, CURRENCY." })
  maxValue?: number | null;

  @Field(() => Int, { nullable: true, description: "At least so many options. MULTI_SELECT." })
  minSelections?: number | null;

  @Field(() => Int, { nullable: true, description: "At most so many options. MULTI_SELECT." })
  maxSelections?: number | null;

  @Field(() => DateScalar, { nullable: true, description: "This day or later. DATE." })
  minDate?: string | null;

  @Field(() => DateScalar, { nullable: true, description: "This day or earlier. DATE." })
  maxDate?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A regular expression for the whole text, in RE2's syntax, of at most 200 characters: no look-around, no references back. The larger it is, the smaller `maxLength` has to be. TEXT, TEXTAREA.",
  })
  pattern?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "What people are told instead of the rule; at most 255 characters. Give one with a pattern.",
  })
  message?: string | null;
}

@InputType("UserFormFieldConditionInput", { description: "What another field's answer has to be." })
export class FormFieldConditionInput {
  @Field(() => String, { description: "The reference of another field, not on a later page." })
  reference!: string;

  @Field(() => FormConditionOperator, { description: "How its answer is compared." })
  operator!: FormConditionOperator;

  @Field(() => JSONValue, {
    nullable: true,
    description:
      "With what: an answer that the other field could have; for IN a list; for ANSWERED true, false or null.",
  })
  value?: unknown;
}

@InputType("UserFormFieldInput", { description: "One question of a form, or a text between them." })
export class FormFieldInput {
  @Field(() => UUID, {
    nullable: true,
    description:
      "In an update: which field of the form it was, so that its reference can change. Null: the one of this reference, or a new one.",
  })
  uuid?: string | null;

  @Field(() => String, {
    description:
      "Unique in the form, without regard to case: a letter, then letters, digits, `_`, `-` and `.`, 64 at most.",
  })
  reference!: string;

  @Field(() => String, { nullable: true, description: "A short name, at most 255 characters. Null: the reference." })
  name?: string | null;

  @Field(() => String, { description: "The question: 1 to 1000 characters." })
  label!: string;

  @Field(() => String, { nullable: true, description: "Further explanation, at most 5000 characters." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "What an empty field shows, at most 255 characters." })
  placeholder?: string | null;

  @Field(() => FormFieldTypeName, { description: "What it asks for." })
  formFieldType!: FormFieldTypeName;

  @Field(() => String, {
    nullable: true,
    description: "The reference of its page. Has to be given if the form has pages.",
  })
  formPage?: string | null;

  @Field(() => [FormFieldOptionInput], {
    nullable: true,
    description: "What to choose from: 1 to 250 for RADIO, SELECT and MULTI_SELECT, none for others.",
  })
  options?: FormFieldOptionInput[] | null;

  @Field(() => FormFieldValidatorInput, { nullable: true, description: "The rules of its answers." })
  validator?: FormFieldValidatorInput | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Where the first answer is taken from: `user.title`, `user.forename`, `user.surname`, `user.name`, `user.contactEmail` or `user.username`. For TEXT, TEXTAREA and EMAIL.",
  })
  prePopulationKey?: string | null;

  @Field(() => FormConditionEffect, { nullable: true, description: "What its conditions do. Null: SHOW." })
  conditionEffect?: FormConditionEffect | null;

  @Field(() => FormConditionMatch, { nullable: true, description: "When they are met. Null: ALL." })
  conditionMatch?: FormConditionMatch | null;

  @Field(() => [FormFieldConditionInput], {
    nullable: true,
    description: "At most 20. They may build on each other, but not in a circle.",
  })
  formFieldConditions?: FormFieldConditionInput[] | null;
}

/** What a form asks, as an input says it. Left out in an update: as it was. */
export interface DefinitionInput {
  formPages?: FormPageInput[] | null;
  formFields?: FormFieldInput[] | null;
  formSettings?: FormSettingInput[] | null;
}

@InputType("UserFormEditorValidatorInput", { description: "What the platform's form editor may do with a form." })
export class EditorValidatorInput {
  @Field(() => Boolean, { nullable: true, description: "The form may be deleted. Null: yes." })
  canDelete?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "The form may be changed. Null: yes." })
  canEdit?: boolean | null;

  @Field(() => [String], {
    nullable: true,
    description: "References of fields of the form that no change may touch or leave out.",
  })
  protectedFields?: string[] | null;
}

/** What a form is made from. */
@InputType()
export abstract class CreateFormInput extends IdempotentInput implements DefinitionInput {
  @Field(() => String, { description: "What people read: 1 to 255 characters." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the form is for, at most 2000 characters." })
  description?: string | null;

  @Field(() => FormTypeName, { nullable: true, description: "What kind of questions it asks. Null: STANDARD." })
  formType?: FormTypeName | null;

  @Field(() => [FormPageInput], { nullable: true, description: "Its pages in their order; 50 at most." })
  formPages?: FormPageInput[] | null;

  @Field(() => [FormFieldInput], {
    nullable: true,
    description:
      "Its fields in their order; 500 at most. Pages, fields and settings have 100 kB of JSON at most, not counting what goes without saying.",
  })
  formFields?: FormFieldInput[] | null;

  @Field(() => [FormSettingInput], { nullable: true, description: "What it tells whoever shows it; 50 at most." })
  formSettings?: FormSettingInput[] | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "For how many months completed answers are valid, 1 to 120: through the whole day (UTC) so many months after. Null: without end.",
  })
  revalidateAfterMonths?: number | null;

  @Field(() => EditorValidatorInput, {
    nullable: true,
    description: "What the platform's form editor may do with it; fixed for ever. Null: everything.",
  })
  editorValidator?: EditorValidatorInput | null;
}

/** What writes about a form name. */
@InputType()
export abstract class FormInput extends MutationInput {
  @Field(() => ID, { description: "The form: global id or uuid." })
  formId!: string;

  @Field(() => Int, {
    nullable: true,
    description: "The `version` that was read; another one is refused with STALE_OBJECT.",
  })
  expectedVersion?: number | null;
}

/** What a form is changed to. */
@InputType()
export abstract class UpdateFormInput extends FormInput implements DefinitionInput {
  @Field(() => String, { nullable: true, description: "What people read: 1 to 255 characters; cannot be cleared." })
  name?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "What the form is for, at most 2000 characters. Null clears it.",
  })
  description?: string | null;

  @Field(() => [FormPageInput], {
    nullable: true,
    description: "All of its pages in their order; 50 at most. Null: none.",
  })
  formPages?: FormPageInput[] | null;

  @Field(() => [FormFieldInput], {
    nullable: true,
    description: "All of its fields in their order; 500 at most. Null: none.",
  })
  formFields?: FormFieldInput[] | null;

  @Field(() => [FormSettingInput], { nullable: true, description: "All of its settings; 50 at most. Null: none." })
  formSettings?: FormSettingInput[] | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "For how many months the answers of implementations made from this revision are valid, 1 to 120. Null: without end.",
  })
  revalidateAfterMonths?: number | null;
}
