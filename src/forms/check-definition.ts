import { v7 as uuidv7 } from "uuid";
import { isStorable, Refusal, type UsersError, usersError, UsersErrorCode } from "../kit/index.js";
import { keptText, printedName, type User } from "../users/index.js";
import { composed, FIELD_TYPES, hasRules, validatorProblems } from "./answers.js";
import {
  type Definition,
  FormConditionEffect,
  FormConditionMatch,
  type FormField,
  type FormFieldCondition,
  type FormFieldOption,
  FormFieldTypeName,
  type FormFieldValidator,
  type FormPage,
  type FormSetting,
} from "./definition.js";
import { comparisonProblem, isOnCycle } from "./evaluate.js";
import { MAX_FORM_WORK, patternWork } from "./patterns.js";
import type {
  DefinitionInput,
  FormFieldConditionInput,
  FormFieldInput,
  FormFieldOptionInput,
  FormFieldValidatorInput,
  FormPageInput,
  FormSettingInput,
} from "./inputs.js";

export const MAX_FIELDS = 500;
export const MAX_PAGES = 50;
export const MAX_SETTINGS = 50;
export const MAX_OPTIONS = 250;
export const MAX_CONDITIONS = 20;
/** Of all patterns: RE2 takes up to a quarter of a millisecond to compile one of these. */
export const MAX_PATTERN_CHARACTERS = 2_000;
/** The JSON of pages, fields and settings, without what goes without saying. */
export const MAX_DEFINITION_BYTES = 102_400;
/** How many errors one refusal names. */
const MAX_ERRORS = 100;
/** Of a setting's value: what no database and no reader refuses. */
const MAX_DEPTH = 100;

/** What of a user's profile a form may take a first answer from. */
type Profile = Pick<User, "title" | "forename" | "surname" | "username"> & { contactEmail: string | null };

/** Where a first answer may be taken from, and how. */
export const PRE_POPULATION: Readonly<Record<string, (user: Profile) => string | null>> = {
  "user.title": ({ title }) => title,
  "user.forename": ({ forename }) => forename,
  "user.surname": ({ surname }) => surname,
  "user.name": ({ title, forename, surname }) => printedName({ title, forename, surname }),
  "user.contactEmail": ({ contactEmail }) => contactEmail,
  "user.username": ({ username }) => username,
};

/**
 * The definition as it is kept; pages and fields that were there before keep their uuids. Refuses with all problems at
 * once, of a definition that is too large with that alone.
 */
export function checkDefinition(input: DefinitionInput, before: Definition | null): Definition {
  const report = new Report();
  refuseLarge(input, report);
  const formPages = pagesOf(input.formPages ?? [], before?.formPages ?? [], report);
  const formFields = fieldsOf(input.formFields ?? [], formPages, before?.formFields ?? [], report);
  const formSettings = settingsOf(input.formSettings ?? [], report);
  report.end();
  return { formPages, formFields, formSettings };
}

/** The problems found so far, and how texts are read that may have some. */
class Report {
  private readonly errors: UsersError[] = [];

  add(code: UsersErrorCode, message: string, path?: string): void {
    this.errors.push(usersError(code, message, path));
    if (this.errors.length === MAX_ERRORS) this.end();
  }

  end(): void {
    if (this.errors.length > 0) throw new Refusal(this.errors);
  }

  optional(value: string | null | undefined, limit: number, path: string, multiline = false): string | null {
    const { text, problem } = keptText(value, limit, { multiline });
    if (problem) this.add(UsersErrorCode.INVALID, problem, path);
    return text;
  }

  required(value: string, limit: number, path: string): string {
    const text = this.optional(value, limit, path);
    if (text === null) this.add(UsersErrorCode.REQUIRED, "Cannot be blank.", path);
    return text ?? "";
  }

  reference(value: string, path: string): string {
    const text = value.trim();
    if (text === "") this.add(UsersErrorCode.REQUIRED, "Cannot be blank.", path);
    else if (!/^[A-Za-z][\w.-]{0,63}$/.test(text)) {
      this.add(UsersErrorCode.INVALID, "A letter, then letters, digits, _, - and ., 64 at most.", path);
    }
    return text;
  }

  /** Reports each text that was there before; blank ones have a problem already. */
  repeated(code: UsersErrorCode, texts: readonly string[], path: (index: number) => string): void {
    const seen = new Set([""]);
    for (const [index, text] of texts.entries()) {
      if (text !== "" && seen.has(text)) this.add(code, "Is there already.", path(index));
      seen.add(text);
    }
  }
}

/** Counts first, so that not much is done for what is far too large. */
function refuseLarge({ formPages, formFields, formSettings }: DefinitionInput, report: Report): void {
  const atMost = (limit: number, list: readonly unknown[] | null | undefined, path: string): void => {
    if (list && list.length > limit) report.add(UsersErrorCode.LIMIT, `At most ${limit}.`, path);
  };
  atMost(MAX_PAGES, formPages, "formPages");
  atMost(MAX_FIELDS, formFields, "formFields");
  atMost(MAX_SETTINGS, formSettings, "formSettings");
  report.end();
  for (const [index, { options, formFieldConditions }] of (formFields ?? []).entries()) {
    atMost(MAX_OPTIONS, options, `formFields.${index}.options`);
    atMost(MAX_CONDITIONS, formFieldConditions, `formFields.${index}.formFieldConditions`);
  }
  const written = formFields?.reduce((sum, { validator }) => sum + (validator?.pattern?.length ?? 0), 0) ?? 0;
  if (written > MAX_PATTERN_CHARACTERS) {
    report.add(UsersErrorCode.LIMIT, `All patterns have ${MAX_PATTERN_CHARACTERS} characters at most.`, "formFields");
  }
  report.end();
  if (jsonBytes({ formPages, formFields, formSettings }) > MAX_DEFINITION_BYTES) {
    report.add(UsersErrorCode.LIMIT, "Pages, fields and settings have 100 kB of JSON at most.");
  }
  report.end();
}

function jsonBytes(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value, said));
  } catch {
    // Nested deeper than the stack is.
    return Infinity;
  }
}

const UNSAID: Readonly<Record<string, unknown>> = {
  conditionEffect: FormConditionEffect.SHOW,
  conditionMatch: FormConditionMatch.ALL,
  required: false,
};

/** What was sent and what is kept say the same thing in as many bytes: a part that stays is no larger in an update. */
function said(this: Record<string, unknown>, key: string, value: unknown): unknown {
  // What a setting or a condition holds is counted as it is.
  if (key === "value" && typeof value === "object" && value !== null) return JSON.stringify(value);
  if (value === null || key === "uuid" || key === "order" || value === UNSAID[key]) return undefined;
  if (Array.isArray(value) && value.length === 0 && key.startsWith("form")) return undefined;
  return (key === "name" && value === this.reference) || (key === "label" && value === this.value) ? undefined : value;
}

function pagesOf(inputs: readonly FormPageInput[], before: readonly FormPage[], report: Report): FormPage[] {
  const uuids = new Map(before.map(({ reference, uuid }) => [reference, uuid]));
  const pages = inputs.map((input, order) => {
    const reference = report.reference(input.reference, `formPages.${order}.reference`);
    const name = report.required(input.name, 255, `formPages.${order}.name`);
    return { uuid: uuids.get(reference) ?? uuidv7(), reference, name, order };
  });
  repeatedReferences(pages, "formPages", report);
  return pages;
}

function repeatedReferences(items: readonly { reference: string }[], path: string, report: Report): void {
  const references = items.map(({ reference }) => reference.toLowerCase());
  report.repeated(UsersErrorCode.DUPLICATE_REFERENCE, references, (index) => `${path}.${index}.reference`);
}

function settingsOf(inputs: readonly FormSettingInput[], report: Report): FormSetting[] {
  const settings = inputs.map(({ name, value }, index) => {
    if (!isKeepable(value)) report.add(UsersErrorCode.INVALID, "Cannot be stored.", `formSettings.${index}.value`);
    return { name: report.required(name, 64, `formSettings.${index}.name`), value: value ?? null };
  });
  const names = settings.map(({ name }) => name);
  report.repeated(UsersErrorCode.DUPLICATED_INPUT_ITEM, names, (index) => `formSettings.${index}.name`);
  return settings;
}

/** Whether a JSON value can be stored as it is. */
function isKeepable(value: unknown, depth = 0): boolean {
  if (typeof value === "string") return isStorable(value);
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  if (depth === MAX_DEPTH) return false;
  return Object.entries(value).every(([key, item]) => isStorable(key) && isKeepable(item, depth + 1));
}

function fieldsOf(
  inputs: readonly FormFieldInput[],
  pages: readonly FormPage[],
  before: readonly FormField[],
  report: Report,
): FormField[] {
  const uuids = fieldUuids(inputs, before, report);
  const fields = inputs.map((input, order) => fieldOf(input, order, uuids[order]!, pages, report));
  repeatedReferences(fields, "formFields", report);
  const work = fields.reduce((sum, { validator }) => sum + (validator ? patternWork(validator) : 0), 0);
  if (work > MAX_FORM_WORK) {
    report.add(UsersErrorCode.LIMIT, "The patterns take too long together. Give them a maxLength.", "formFields");
  }
  // Only now, because a condition may be about a field further down.
  const byReference = new Map(fields.map((field) => [field.reference, field]));
  for (const [index, field] of fields.entries()) {
    const path = `formFields.${index}.formFieldConditions`;
    field.formFieldConditions = (inputs[index]!.formFieldConditions ?? []).map((input, place) =>
      conditionOf(input, field, byReference, `${path}.${place}`, report),
    );
  }
  for (const [index, field] of fields.entries()) {
    if (isOnCycle(field, byReference)) {
      const path = `formFields.${index}.formFieldConditions`;
      report.add(UsersErrorCode.CONDITION_CYCLE, "The conditions lead back to the field itself.", path);
    }
  }
  return fields;
}

/** The uuid that a field names, else that of the same reference unless another field names it, else a new one. */
function fieldUuids(inputs: readonly FormFieldInput[], before: readonly FormField[], report: Report): string[] {
  const known = new Set(before.map(({ uuid }) => uuid));
  const ofReference = new Map(before.map(({ reference, uuid }) => [reference, uuid]));
  const named = inputs.map(({ uuid }) => uuid ?? "");
  report.repeated(UsersErrorCode.DUPLICATED_INPUT_ITEM, named, (index) => `formFields.${index}.uuid`);
  const taken = new Set(named);
  return inputs.map(({ uuid, reference }, index) => {
    if (uuid != null) {
      const path = `formFields.${index}.uuid`;
      if (!known.has(uuid)) report.add(UsersErrorCode.INVALID, "The form has no field of this uuid.", path);
      return uuid;
    }
    const same = ofReference.get(reference.trim());
    return same === undefined || taken.has(same) ? uuidv7() : same;
  });
}

/** A field; its conditions follow when all fields are known. */
function fieldOf(
  input: FormFieldInput,
  order: number,
  uuid: string,
  pages: readonly FormPage[],
  report: Report,
): FormField {
  const path = `formFields.${order}`;
  const type = input.formFieldType;
  const reference = report.reference(input.reference, `${path}.reference`);
  const field: FormField = {
    uuid,
    reference,
    name: report.optional(input.name, 255, `${path}.name`) ?? reference,
    label: report.required(input.label, 1000, `${path}.label`),
    description: report.optional(input.description, 5000, `${path}.description`, true),
    placeholder: report.optional(input.placeholder, 255, `${path}.placeholder`),
    order,
    formFieldType: { name: type },
    formPage: pageOf(input.formPage, pages, `${path}.formPage`, report),
    options: optionsOf(input.options ?? [], type, `${path}.options`, report),
    validator: input.validator ? validatorOf(input.validator, `${path}.validator`, report) : null,
    prePopulationKey: prePopulationKeyOf(input.prePopulationKey, type, `${path}.prePopulationKey`, report),
    conditionEffect: input.conditionEffect ?? FormConditionEffect.SHOW,
    conditionMatch: input.conditionMatch ?? FormConditionMatch.ALL,
    formFieldConditions: [],
  };
  for (const [rule, problem] of field.validator ? validatorProblems(field.validator, field) : []) {
    report.add(UsersErrorCode.INVALID_VALIDATOR, problem, `${path}.validator.${rule}`);
  }
  return field;
}

function pageOf(
  reference: string | null | undefined,
  pages: readonly FormPage[],
  path: string,
  report: Report,
): FormPage | null {
  const text = reference?.trim() ?? "";
  const page = pages.find((candidate) => candidate.reference === text) ?? null;
  if (text === "" && pages.length > 0)
    report.add(UsersErrorCode.REQUIRED, "Has to name a page, because the form has pages.", path);
  else if (text !== "" && !page) report.add(UsersErrorCode.INVALID, "The form has no page of this reference.", path);
  return page;
}

function optionsOf(
  inputs: readonly FormFieldOptionInput[],
  type: FormFieldTypeName,
  path: string,
  report: Report,
): FormFieldOption[] | null {
  if (!FIELD_TYPES[type].choice) {
    if (inputs.length > 0) report.add(UsersErrorCode.INVALID, `${type} has no options.`, path);
    return null;
  }
  if (inputs.length === 0) report.add(UsersErrorCode.REQUIRED, `${type} needs options.`, path);
  const options = inputs.map((input, index) => {
    const value = report.required(input.value, 255, `${path}.${index}.value`);
    return { value, label: report.optional(input.label, 255, `${path}.${index}.label`) ?? value };
  });
  const values = options.map(({ value }) => value);
  report.repeated(UsersErrorCode.DUPLICATED_INPUT_ITEM, values, (index) => `${path}.${index}.value`);
  return options;
}

function prePopulationKeyOf(
  key: string | null | undefined,
  type: FormFieldTypeName,
  path: string,
  report: Report,
): string | null {
  const text = key?.trim() || null;
  if (text === null) return null;
  if (!Object.hasOwn(PRE_POPULATION, text)) {
    const keys = Object.keys(PRE_POPULATION).join(", ");
    report.add(UsersErrorCode.INVALID, `Has to be one of ${keys}.`, path);
  } else if (!FIELD_TYPES[type].prePopulated) {
    report.add(UsersErrorCode.INVALID, `The first answer of ${type} cannot be taken from the profile.`, path);
  }
  return text;
}

function validatorOf(input: FormFieldValidatorInput, path: string, report: Report): FormFieldValidator | null {
  const validator: FormFieldValidator = {
    required: input.required ?? false,
    minLength: input.minLength ?? null,
    maxLength: input.maxLength ?? null,
    minValue: input.minValue ?? null,
    maxValue: input.maxValue ?? null,
    minSelections: input.minSelections ?? null,
    maxSelections: input.maxSelections ?? null,
    minDate: input.minDate ?? null,
    maxDate: input.maxDate ?? null,
    pattern: input.pattern?.normalize("NFC") || null,
    message: report.optional(input.message, 255, `${path}.message`),
  };
  return hasRules(validator) ? validator : null;
}

function conditionOf(
  input: FormFieldConditionInput,
  field: FormField,
  byReference: ReadonlyMap<string, FormField>,
  path: string,
  report: Report,
): FormFieldCondition {
  const condition = {
    reference: input.reference.trim(),
    operator: input.operator,
    value: composed(input.value ?? null),
  };
  const other = byReference.get(condition.reference);
  const unusable = !other
    ? "The form has no field of this reference."
    : other.formFieldType.name === FormFieldTypeName.STATIC
      ? "STATIC has no answer."
      : (other.formPage?.order ?? 0) > (field.formPage?.order ?? 0)
        ? "This field is on a later page."
        : null;
  if (unusable) report.add(UsersErrorCode.INVALID, unusable, `${path}.reference`);
  const problem = other && !unusable && comparisonProblem(condition, other);
  if (problem) report.add(UsersErrorCode.INVALID, problem, `${path}.value`);
  return condition;
}
