import { Field, Float, Int, ObjectType, registerEnumType } from "type-graphql";
import { DateScalar, JSONValue, UUID } from "../kit/index.js";

/*
 * What a form asks. A definition is kept as one document per revision; these classes are its shape, in the database as
 * for clients.
 */

export enum FormFieldTypeName {
  CHECKBOX = "CHECKBOX",
  TEXT = "TEXT",
  TEXTAREA = "TEXTAREA",
  NUMBER = "NUMBER",
  CURRENCY = "CURRENCY",
  DATE = "DATE",
  EMAIL = "EMAIL",
  PHONE = "PHONE",
  COUNTRY = "COUNTRY",
  RADIO = "RADIO",
  SELECT = "SELECT",
  MULTI_SELECT = "MULTI_SELECT",
  FILE = "FILE",
  STATIC = "STATIC",
}
registerEnumType(FormFieldTypeName, {
  name: "UserFormFieldTypeName",
  description: "What a field asks for, and so what its answers are in JSON.",
  valuesConfig: {
    CHECKBOX: { description: "A tick: true or false. Required: has to be true." },
    TEXT: { description: "One line: a string." },
    TEXTAREA: { description: "Several lines: a string." },
    NUMBER: { description: "A number." },
    CURRENCY: { description: "An amount of money: a number of at most two decimals, below 10^13 either way." },
    DATE: { description: "A calendar day: a string `YYYY-MM-DD`." },
    EMAIL: { description: "An e-mail address: a string as of the scalar EmailAddress." },
    PHONE: { description: "A telephone number: a string in the form of E.164, e.g. `+442071838750`." },
    COUNTRY: { description: "A country: a string, its code of two capital letters (ISO 3166-1 alpha-2)." },
    RADIO: { description: "One of the options: a string, the option's value." },
    SELECT: { description: "One of the options, from a list: a string, the option's value." },
    MULTI_SELECT: { description: "Some of the options: a list of their values, each once." },
    FILE: { description: "A file: a string, the UUID that the platform's file store knows it by." },
    STATIC: { description: "Only shows its label and description. Has no answer." },
  },
});

@ObjectType("UserFormFieldType", { description: "What a field asks for." })
export class FormFieldType {
  @Field(() => FormFieldTypeName, { description: "The type by its name." })
  name!: FormFieldTypeName;
}

@ObjectType("UserFormPage", { description: "A page of a form." })
export class FormPage {
  @Field(() => UUID, { description: "The platform's own id; stays through revisions as long as the reference does." })
  uuid!: string;

  @Field(() => String, { description: "What fields and programs know it by. Unique in the form." })
  reference!: string;

  @Field(() => String, { description: "What people read." })
  name!: string;

  @Field(() => Int, { description: "Its place among the pages, from 0." })
  order!: number;
}

@ObjectType("UserFormSetting", { description: "Something that a form tells whoever shows it." })
export class FormSetting {
  @Field(() => String, { description: "What it is about. Unique in the form." })
  name!: string;

  @Field(() => JSONValue, { nullable: true, description: "What is set." })
  value!: unknown;
}

@ObjectType("UserFormFieldOption", { description: "One of the answers to choose from." })
export class FormFieldOption {
  @Field(() => String, { description: "What the answer holds. Unique in the field." })
  value!: string;

  @Field(() => String, { description: "What people read." })
  label!: string;
}

@ObjectType("UserFormFieldValidator", {
  description: "What an answer has to keep beside its type. Null: no such rule. Checked when the form is completed.",
})
export class FormFieldValidator {
  @Field(() => Boolean, { description: "Has to be answered." })
  required!: boolean;

  @Field(() => Int, { nullable: true, description: "At least so many characters. TEXT, TEXTAREA." })
  minLength!: number | null;

  @Field(() => Int, { nullable: true, description: "At most so many characters. TEXT, TEXTAREA." })
  maxLength!: number | null;

  @Field(() => Float, { nullable: true, description: "This or more. NUMBER, CURRENCY." })
  minValue!: number | null;

  @Field(() => Float, { nullable: true, description: "This or less. NUMBER, CURRENCY." })
  maxValue!: number | null;

  @Field(() => Int, { nullable: true, description: "At least so many options. MULTI_SELECT." })
  minSelections!: number | null;

  @Field(() => Int, { nullable: true, description: "At most so many options. MULTI_SELECT." })
  maxSelections!: number | null;

  @Field(() => DateScalar, { nullable: true, description: "This day or later. DATE." })
  minDate!: string | null;

  @Field(() => DateScalar, { nullable: true, description: "This day or earlier. DATE." })
  maxDate!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The whole text matches this regular expression (RE2's syntax: no look-around, no references back). TEXT, TEXTAREA.",
  })
  pattern!: string | null;

  @Field(() => String, { nullable: true, description: "What people are told when the answer breaks a rule." })
  message!: string | null;
}

export enum FormConditionOperator {
  EQUALS = "EQUALS",
  NOT = "NOT",
  IN = "IN",
  GT = "GT",
  LT = "LT",
  ANSWERED = "ANSWERED",
}
registerEnumType(FormConditionOperator, {
  name: "UserFormConditionOperator",
  description:
    "How a condition compares another field's answer. A field that is hidden, or not answered, meets NOT and an ANSWERED of false alone. Of a MULTI_SELECT one chosen option has to be the value, or in the list; for NOT none may be it. Texts compare exactly.",
  valuesConfig: {
    EQUALS: { description: "Is the value." },
    NOT: { description: "Is not the value." },
    IN: { description: "Is one of the values: a list of 1 to 100." },
    GT: { description: "Is greater, or later. NUMBER, CURRENCY, DATE." },
    LT: { description: "Is less, or earlier. NUMBER, CURRENCY, DATE." },
    ANSWERED: { description: "There is an answer; with the value false: there is none." },
  },
});

export enum FormConditionEffect {
  SHOW = "SHOW",
  HIDE = "HIDE",
}
registerEnumType(FormConditionEffect, {
  name: "UserFormConditionEffect",
  description: "What becomes of a field whose conditions are met.",
  valuesConfig: {
    SHOW: { description: "It is shown; otherwise it is hidden." },
    HIDE: { description: "It is hidden; otherwise it is shown." },
  },
});

export enum FormConditionMatch {
  ALL = "ALL",
  ANY = "ANY",
}
registerEnumType(FormConditionMatch, {
  name: "UserFormConditionMatch",
  description: "When the conditions of a field are met.",
  valuesConfig: {
    ALL: { description: "When all of them hold." },
    ANY: { description: "When one of them holds." },
  },
});

@ObjectType("UserFormFieldCondition", { description: "What another field's answer has to be." })
export class FormFieldCondition {
  @Field(() => String, { description: "The reference of the other field; it is not on a later page." })
  reference!: string;

  @Field(() => FormConditionOperator, { description: "How its answer is compared." })
  operator!: FormConditionOperator;

  @Field(() => JSONValue, { nullable: true, description: "With what; an answer that the other field could have." })
  value!: unknown;
}

@ObjectType("UserFormField", { description: "One question of a form, or a text between them." })
export class FormField {
  @Field(() => UUID, {
    description: "The platform's own id; answers name it. Stays through revisions as long as the reference does.",
  })
  uuid!: string;

  @Field(() => String, { description: "What programs know it by. Unique in the form." })
  reference!: string;

  @Field(() => String, { description: "A short name." })
  name!: string;

  @Field(() => String, { description: "The question, as people read it." })
  label!: string;

  @Field(() => String, { nullable: true, description: "Further explanation." })
  description!: string | null;

  @Field(() => String, { nullable: true, description: "What an empty field shows." })
  placeholder!: string | null;

  @Field(() => Int, { description: "Its place among the fields, from 0." })
  order!: number;

  @Field(() => FormFieldType, { description: "What it asks for." })
  formFieldType!: FormFieldType;

  @Field(() => FormPage, { nullable: true, description: "The page it stands on. Null: the form has no pages." })
  formPage!: FormPage | null;

  @Field(() => [FormFieldOption], {
    nullable: true,
    description: "What to choose from. Null: the type has no options.",
  })
  options!: FormFieldOption[] | null;

  @Field(() => FormFieldValidator, { nullable: true, description: "The rules of its answers. Null: none." })
  validator!: FormFieldValidator | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Where in the user's profile the first answer is taken from when an implementation is made, e.g. `user.surname`.",
  })
  prePopulationKey!: string | null;

  @Field(() => FormConditionEffect, { description: "What its conditions do." })
  conditionEffect!: FormConditionEffect;

  @Field(() => FormConditionMatch, { description: "When its conditions are met." })
  conditionMatch!: FormConditionMatch;

  @Field(() => [FormFieldCondition], { description: "Its conditions. None: it is always shown." })
  formFieldConditions!: FormFieldCondition[];
}

@ObjectType("UserFormEditorValidator", { description: "What the platform's form editor may do with a form." })
export class EditorValidator {
  @Field(() => Boolean, { description: "The form may be deleted." })
  canDelete!: boolean;

  @Field(() => Boolean, { description: "The form may be changed." })
  canEdit!: boolean;

  @Field(() => [String], { description: "References of fields that no change may touch or leave out." })
  protectedFields!: string[];
}

/** What one revision of a form asks. */
export interface Definition {
  formPages: FormPage[];
  formFields: FormField[];
  formSettings: FormSetting[];
}
