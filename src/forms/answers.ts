import { isCalendarDay, isEmailAddress, isStorable, isUuid } from "../kit/index.js";
import { COUNTRIES } from "./countries.js";
import { type FormField, type FormFieldOption, FormFieldTypeName, type FormFieldValidator } from "./definition.js";
import { matchesWhole, MAX_WORK, patternProblem, patternWork } from "./patterns.js";

/** How many bytes of UTF-8 the JSON text of an answer may have. */
export const MAX_ANSWER_BYTES = 10_240;

/** From what to what an answer may go: a rule for the least and one for the most. */
const RANGES = [
  ["minLength", "maxLength"],
  ["minValue", "maxValue"],
  ["minSelections", "maxSelections"],
  ["minDate", "maxDate"],
] as const;
const [LENGTHS, VALUES, SELECTIONS, DATES] = RANGES;
const RULES = [...RANGES.flat(), "pattern"] as const;
type Rule = (typeof RULES)[number];

/** What a type of field is: one place for whatever differs between them. */
export interface FieldType {
  /** What its answers have to be, for people. */
  answer: string;
  accepts: (value: unknown, field: FormField) => boolean;
  /** The rules that its validator may state, beside `required`. */
  rules: readonly Rule[];
  /** Answers are chosen from the field's options. */
  choice?: true;
  /** Answers can be greater and less than others. */
  ordered?: true;
  /** The first answer can be taken from the user's profile. */
  prePopulated?: true;
}

const text =
  (accepts: (value: string, field: FormField) => boolean): FieldType["accepts"] =>
  (value, field) =>
    typeof value === "string" && isStorable(value) && accepts(value, field);

// The shortest text of a number is the one that was sent; sums like 0.1 + 0.2 are not amounts.
const isAmount = (value: number): boolean => Math.abs(value) < 1e13 && /^-?\d+(\.\d{1,2})?$/.test(String(value));

const valuesOf = new WeakMap<FormFieldOption[], Set<unknown>>();

/** What can be chosen; made once for a field, however many conditions compare its answer. */
function optionValues({ options }: FormField): Set<unknown> {
  if (!options) return new Set();
  let values = valuesOf.get(options);
  if (!values) valuesOf.set(options, (values = new Set(options.map(({ value }) => value))));
  return values;
}

const isOption = text((value, field) => optionValues(field).has(value));

const areOptions = (value: unknown, field: FormField): boolean => {
  const values = optionValues(field);
  return (
    Array.isArray(value) &&
    value.length <= values.size &&
    new Set(value).size === value.length &&
    value.every((item) => values.has(item))
  );
};

export const FIELD_TYPES: Readonly<Record<FormFieldTypeName, FieldType>> = {
  [FormFieldTypeName.CHECKBOX]: { answer: "true or false", accepts: (value) => typeof value === "boolean", rules: [] },
  [FormFieldTypeName.TEXT]: {
    answer: "a text of one line",
    accepts: text((value) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)),
    rules: [...LENGTHS, "pattern"],
    prePopulated: true,
  },
  [FormFieldTypeName.TEXTAREA]: {
    answer: "a text, without control characters other than line breaks and tabs",
    accepts: text((value) => !/(?![\n\r\t])\p{Cc}/u.test(value)),
    rules: [...LENGTHS, "pattern"],
    prePopulated: true,
  },
  [FormFieldTypeName.NUMBER]: {
    answer: "a number",
    accepts: (value) => Number.isFinite(value),
    rules: VALUES,
    ordered: true,
  },
  [FormFieldTypeName.CURRENCY]: {
    answer: "an amount of money: a number of at most two decimals, below 10^13",
    accepts: (value) => typeof value === "number" && isAmount(value),
    rules: VALUES,
    ordered: true,
  },
  [FormFieldTypeName.DATE]: {
    answer: "a calendar day, YYYY-MM-DD",
    accepts: text(isCalendarDay),
    rules: DATES,
    ordered: true,
  },
  [FormFieldTypeName.EMAIL]: {
    answer: "an e-mail address",
    accepts: text(isEmailAddress),
    rules: [],
    prePopulated: true,
  },
  [FormFieldTypeName.PHONE]: {
    answer: "a telephone number in the form of E.164, e.g. +442071838750",
    accepts: text((value) => /^\+[1-9]\d{6,14}$/.test(value)),
    rules: [],
  },
  [FormFieldTypeName.COUNTRY]: {
    answer: "a country's code of two capital letters (ISO 3166-1 alpha-2)",
    accepts: text((value) => COUNTRIES.has(value)),
    rules: [],
  },
  [FormFieldTypeName.RADIO]: { answer: "one of the field's options", accepts: isOption, rules: [], choice: true },
  [FormFieldTypeName.SELECT]: { answer: "one of the options", accepts: isOption, rules: [], choice: true },
  [FormFieldTypeName.MULTI_SELECT]: {
    answer: "a list of the field's options, each once",
    accepts: areOptions,
    rules: SELECTIONS,
    choice: true,
  },
  [FormFieldTypeName.FILE]: { answer: "the UUID of a file", accepts: text(isUuid), rules: [] },
  [FormFieldTypeName.STATIC]: { answer: "left out: there is nothing to answer", accepts: () => false, rules: [] },
};

/** A value as it is kept and compared: its texts composed. */
export const composed = (value: unknown): unknown =>
  typeof value === "string" ? value.normalize("NFC") : Array.isArray(value) ? value.map(composed) : value;

/** Whether a value is none: it clears an answer. */
export const isBlank = (value: unknown): boolean =>
  value == null || (typeof value === "string" && value.trim() === "") || (Array.isArray(value) && value.length === 0);

/** What a value has to be to be an answer of this field at all; null when it is one. */
export function answerProblem(field: FormField, value: unknown): string | null {
  const { answer, accepts } = FIELD_TYPES[field.formFieldType.name];
  if (isBlank(value) || !accepts(value, field)) return `Has to be ${answer}.`;
  return Buffer.byteLength(JSON.stringify(value)) > MAX_ANSWER_BYTES ? "At most 10 kB." : null;
}

/** Which rule of the field an answer breaks, or the lack of one; null when none. */
export function ruleProblem({ validator }: Pick<FormField, "validator">, value: unknown): string | null {
  if (!validator) return null;
  const problem = isBlank(value) ? (validator.required ? "Has to be answered." : null) : brokenRule(validator, value);
  return problem && (validator.message ?? problem);
}

function brokenRule(validator: FormFieldValidator, value: unknown): string | null {
  const { required, minLength, maxLength, minValue, maxValue, minSelections, maxSelections } = validator;
  const { minDate, maxDate, pattern } = validator;
  switch (typeof value) {
    case "boolean":
      return required && !value ? "Has to be ticked." : null;
    case "number":
      if (minValue !== null && value < minValue) return `Has to be ${minValue} or more.`;
      return maxValue !== null && value > maxValue ? `Has to be ${maxValue} or less.` : null;
    case "string": {
      const length = Array.from(value).length;
      if (minLength !== null && length < minLength) return `Has to have at least ${minLength} characters.`;
      if (maxLength !== null && length > maxLength) return `May have at most ${maxLength} characters.`;
      if (minDate !== null && value < minDate) return `Has to be ${minDate} or later.`;
      if (maxDate !== null && value > maxDate) return `Has to be ${maxDate} or earlier.`;
      return pattern !== null && !matchesWhole(pattern, value) ? "Is not written as it is asked for." : null;
    }
    default: {
      const selections = Array.isArray(value) ? value.length : 0;
      if (minSelections !== null && selections < minSelections) return `Has to name at least ${minSelections} options.`;
      return maxSelections !== null && selections > maxSelections ? `May name at most ${maxSelections} options.` : null;
    }
  }
}

/** Whether a validator says anything. */
export const hasRules = (validator: FormFieldValidator): boolean =>
  validator.required || RULES.some((rule) => validator[rule] !== null);

/** What is wrong with the rules themselves: rule -> sentence. */
export function validatorProblems(
  validator: FormFieldValidator,
  field: FormField,
): Map<keyof FormFieldValidator, string> {
  const { required, minSelections, pattern } = validator;
  const { formFieldType, options } = field;
  const type = formFieldType.name;
  const { rules, accepts, answer } = FIELD_TYPES[type];
  const problems = new Map<keyof FormFieldValidator, string>();
  if (required && type === FormFieldTypeName.STATIC) problems.set("required", "STATIC has no answer.");
  if (minSelections !== null && minSelections > (options?.length ?? 0)) {
    problems.set("minSelections", "There are not so many options.");
  }
  for (const [least, most] of RANGES) {
    const [lower, upper] = [validator[least], validator[most]];
    if (lower !== null && upper !== null && lower > upper) problems.set(least, `Above ${most}.`);
  }
  const unusable = pattern === null ? null : patternProblem(pattern);
  if (unusable) problems.set("pattern", unusable);
  else if (patternWork(validator) > MAX_WORK) problems.set("pattern", "Takes too long. Give it a smaller maxLength.");
  for (const rule of RULES) {
    const bound = validator[rule];
    if (bound === null) continue;
    if (!rules.includes(rule)) problems.set(rule, `Not a rule of ${type}.`);
    else if (typeof bound !== "number") continue;
    else if (!Number.isFinite(bound)) problems.set(rule, "Has to be finite.");
    else if (bound < 0 && !rule.endsWith("Value")) problems.set(rule, "Cannot be negative.");
    else if (bound === 0 && (rule === "maxLength" || rule === "maxSelections"))
      problems.set(rule, "Has to be 1 or more.");
    else if (rule === "minLength" && bound > MAX_ANSWER_BYTES - 2) problems.set(rule, "No answer is so long.");
    else if (rule.endsWith("Value") && !accepts(bound, field)) problems.set(rule, `Has to be ${answer}.`);
  }
  return problems;
}
