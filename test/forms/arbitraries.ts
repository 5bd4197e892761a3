import fc from "fast-check";
import type { Condition, Definition, Field, Rules } from "./second-evaluation.js";

/* Random forms and answers. All of them come out as the inputs that they are, so that a failure prints what was sent. */

export const ANSWERING = [
  "CHECKBOX",
  "TEXT",
  "TEXTAREA",
  "NUMBER",
  "CURRENCY",
  "DATE",
  "EMAIL",
  "PHONE",
  "COUNTRY",
  "RADIO",
  "SELECT",
  "MULTI_SELECT",
  "FILE",
] as const;
export const TYPES = [...ANSWERING, "STATIC"] as const;

const TEXTS = [
  "a",
  "ab",
  "abc",
  "Ada Byron",
  "123-4567",
  "ß",
  "😀",
  "😀😀😀",
  "é",
  "e\u0301",
  " a ",
  "__proto__",
  "NaN",
];
const NUMBERS = [-1e300, -1, 0, 0.1, 1, 2.5, 10, 123456789.9876543, 1e10];
const AMOUNTS = [-9999999999999.99, -1, 0, 0.01, 0.29, 9.99, 10, 1e10, 9999999999999.99];
const DAYS = ["0001-01-01", "1969-12-31", "1999-12-31", "2024-02-29", "2024-03-01", "9999-12-31"];
const OPTIONS = ["red", "green", "blue", "é", "constructor", "1"];

/** Answers of the types that have no options. Few, so that conditions are often met. */
const POOLS: Record<string, unknown[]> = {
  CHECKBOX: [true, false],
  TEXT: TEXTS,
  TEXTAREA: [...TEXTS, "a\nb", "\ta\r\n", "\n\n\nab"],
  NUMBER: NUMBERS,
  CURRENCY: AMOUNTS,
  DATE: DAYS,
  EMAIL: ["ada@example.com", "o'hara+tag@mail.example.co.uk", `${"a".repeat(64)}@example.com`],
  PHONE: ["+442071838750", "+14155552671", "+123456789012345"],
  COUNTRY: ["GB", "DE", "SS", "ZW"],
  FILE: ["550e8400-e29b-41d4-a716-446655440000", "01a20349-90e8-70c7-9b31-51b5fba616ca"],
  STATIC: [],
};

/** What is an answer of no field, or of few. */
// prettier-ignore
const ODDITIES = [
  "true", 0, -0, 1.005, 0.001, 1e13, -1e13, 5e-324, 1.7976931348623157e308, "NaN", "Infinity", "1", "0", "1e400",
  "2024-02-30", "2023-02-29", "2024-13-01", "2024-1-1", "2024-01-01T00:00:00Z", " 2024-01-01", "02024-01-01", "2024-03-01\n",
  "ada", "ada@", "@example.com", "ada@example", "a b@example.com", "ada@@example.com", "ada@-example.com", ".ada@example.com", "a..b@example.com",
  `${"a".repeat(65)}@example.com`, `ada@${"b".repeat(64)}.com`, `ada@${"example.".repeat(40)}com`,
  "442071838750", "+0442071838750", "+44 2071838750", "+1234567890123456", "++442071838750", "+44２071838750",
  "gb", "GBR", "G", "UK", "ZZ", "AN", "EU",
  "550e8400e29b41d4a716446655440000", "{550e8400-e29b-41d4-a716-446655440000}", "550e8400-e29b-41d4-a716-44665544000g",
  "RED", "red ", "toString", ["red"], ["red", "red"], ["red", null], ["red", ["green"]], [0], [true], [""], [[]], {}, { value: "red" }, { length: 1 },
  "a\nb", "a\rb", "a\u2028b", "a\u0007b", "a\tb", "x".repeat(9_900), "x".repeat(10_300), "€".repeat(3_500), `${"a".repeat(5_000)}${"\n".repeat(3_000)}`,
];

const REFERENCES = ["constructor", "toString", "hasOwnProperty", "valueOf", "a.1", "b-2", "c_3", "D4"];

const NOTHING = [null, "", "  ", "\u00a0\n", []];

/** Patterns that JavaScript and RE2 read alike. */
const PATTERNS = [
  "[a-z]+",
  "a|ab",
  "^a$|^abc$",
  "\\d{3}-\\d{4}",
  "(ab?c?)+",
  "[^0-9]*",
  "\\p{L}+",
  ".{1,3}",
  "(?:Ada|Grace) \\w+",
  "\\bab*\\b",
  "e\u0301|ß",
];

/** What rules of lengths, values and days are made from. */
const LENGTHS = [0, 1, 2, 3, 4, 9];
const BOUNDS: Record<string, readonly (number | string)[]> = { NUMBER: NUMBERS, CURRENCY: AMOUNTS, DATE: DAYS };
const RULE_OF: Record<string, string> = {
  TEXT: "Length",
  TEXTAREA: "Length",
  NUMBER: "Value",
  CURRENCY: "Value",
  DATE: "Date",
  MULTI_SELECT: "Selections",
};

export const hasOptions = (type: string): boolean => ["RADIO", "SELECT", "MULTI_SELECT"].includes(type);

/** Some answers of a field. */
export function possible({ formFieldType, options = [] }: Field): unknown[] {
  const values = options.map(({ value }) => value);
  if (formFieldType !== "MULTI_SELECT") return hasOptions(formFieldType) ? values : POOLS[formFieldType]!;
  const otherwise = values.toReversed().map((value) => value.normalize("NFD"));
  const lists = [...values.map((value) => [value]), values, otherwise, values.slice(1)];
  return lists.filter((list) => list.length > 0);
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const at = <T>(list: readonly T[], index: number): T => list[index % list.length]!;

const asked = (types: readonly string[], maxLength: number) =>
  fc.record({
    type: fc.constantFrom(...types),
    options: fc.uniqueArray(fc.constantFrom(...OPTIONS), { minLength: 1, maxLength: 4 }),
    required: fc.constantFrom(undefined, null, false, true, true, true),
    least: fc.option(fc.nat(8), { freq: 2 }),
    most: fc.option(fc.nat(8), { freq: 2 }),
    pattern: fc.option(fc.constantFrom(...PATTERNS), { freq: 2 }),
    key: fc.constantFrom(
      undefined,
      null,
      ...["title", "forename", "surname", "contactEmail", "username"].map((name) => `user.${name}`),
    ),
    conditionEffect: fc.constantFrom(undefined, null, "SHOW" as const, "HIDE" as const),
    conditionMatch: fc.constantFrom(undefined, null, "ALL" as const, "ANY" as const, "ANY" as const),
    conditions: fc.array(
      fc.record({
        other: fc.nat(99),
        operator: fc.nat(99),
        values: fc.array(fc.nat(99), { minLength: 1, maxLength: 4 }),
      }),
      { maxLength },
    ),
    page: fc.nat(2),
    place: fc.nat(99),
  });
type Ask = ReturnType<typeof asked> extends fc.Arbitrary<infer Value> ? Value : never;

function rulesOf({ type, options, required, least, most, pattern }: Ask): Rules | null | undefined {
  const rule = RULE_OF[type];
  const bounds =
    type === "MULTI_SELECT" ? [0, ...options.map((_option, index) => index + 1)] : (BOUNDS[type] ?? LENGTHS);
  const indexes = [least, most].map((index) => (index === null ? null : index % bounds.length));
  // "A rule that no answer could keep" is a mistake.
  if (indexes[1] !== null && indexes[0]! > indexes[1]!) indexes.reverse();
  const [min, max] = indexes.map((index) => (index === null ? null : bounds[index]!));
  const rules: Record<string, unknown> = {};
  if (required !== undefined && type !== "STATIC") rules.required = required;
  if (rule !== undefined && min !== null) rules[`min${rule}`] = min;
  // An answer has a character or an option.
  if (rule !== undefined && max !== null) rules[`max${rule}`] = max === 0 && !(type in BOUNDS) ? 1 : max;
  if (rule === "Length" && pattern !== null) rules.pattern = pattern;
  return Object.keys(rules).length > 0 ? rules : least === null ? null : undefined;
}

function conditionOf(field: Field, operator: number, values: number[]): Condition {
  const ordered = ["NUMBER", "CURRENCY", "DATE"].includes(field.formFieldType);
  const operators = ["EQUALS", "NOT", "IN", "ANSWERED", ...(ordered ? ["GT", "LT"] : [])] as const;
  const name = at(operators, operator) as Condition["operator"];
  // Of a list one option.
  const pool = field.options?.map(({ value }) => value) ?? possible(field);
  const chosen = values.map((index) => at(pool, index));
  const value = name === "IN" ? chosen : name === "ANSWERED" ? at([true, false, null], values[0]!) : chosen[0];
  return { reference: field.reference, operator: name, value };
}

function definitionOf({ pages, asks }: { pages: number; asks: Ask[] }): Definition {
  const fields: Field[] = [];
  let page = 0;
  // Conditions are about fields that were made before, which stand on the same page or an earlier one: no circles.
  for (const [index, one] of asks.entries()) {
    page = Math.max(page, Math.min(one.page, pages - 1));
    const before = fields.filter(({ formFieldType }) => formFieldType !== "STATIC");
    const conditions =
      before.length === 0
        ? []
        : one.conditions.map(({ other, operator, values }) => conditionOf(at(before, other), operator, values));
    fields.push({
      reference: REFERENCES[index] ?? `f${index}`,
      label: `${one.type}?`,
      formFieldType: one.type,
      formPage: pages === 0 ? undefined : `p${page}`,
      options: hasOptions(one.type) ? one.options.map((value) => ({ value })) : undefined,
      validator: rulesOf(one),
      prePopulationKey: ["TEXT", "TEXTAREA", "EMAIL"].includes(one.type) ? one.key : undefined,
      conditionEffect: one.conditionEffect,
      conditionMatch: one.conditionMatch,
      formFieldConditions: conditions,
    });
  }
  const formPages =
    pages === 0
      ? undefined
      : Array.from({ length: pages }, (_, index) => ({ reference: `p${index}`, name: `Page ${index}` }));
  const places = new Map(fields.map((field, index) => [field, asks[index]!.place]));
  return { formPages, formFields: fields.toSorted((one, two) => places.get(one)! - places.get(two)!) };
}

/** A form without a mistake: 1 to 8 fields, none to 3 pages. */
export const definition: fc.Arbitrary<Definition> = fc
  .record({ pages: fc.nat(3), asks: fc.array(asked(TYPES, 3), { minLength: 1, maxLength: 8, size: "max" }) })
  .map(definitionOf);

/** Any value that can be tried as an answer. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...ODDITIES),
  fc.constantFrom(...Object.values(POOLS).flat(), ...OPTIONS),
  fc.constantFrom(...NOTHING),
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -1000, max: 1000 }).map((cents) => cents / 100),
  fc
    .tuple(fc.integer({ min: 1, max: 9999 }), fc.nat(14), fc.nat(33))
    .map(([year, month, day]) =>
      [String(year).padStart(4, "0"), String(month).padStart(2, "0"), String(day).padStart(2, "0")].join("-"),
    ),
  fc.string({ unit: fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZ".split("")), minLength: 2, maxLength: 2 }),
  fc.uniqueArray(fc.constantFrom(...OPTIONS)),
  fc.uuid(),
  fc.boolean(),
);

export interface Given {
  reference: string;
  value: unknown;
}

/** A form, and what is saved to it in turn. Most of it answers of the fields that it is for. */
export const filledIn: fc.Arbitrary<{ form: Definition; saves: Given[][] }> = fc
  .tuple(
    definition,
    fc.array(
      fc.array(
        fc.record({
          field: fc.nat(99),
          value: fc.oneof(
            { weight: 9, arbitrary: fc.nat(99).map((index) => ({ index })) },
            { weight: 1, arbitrary: fc.constantFrom(...NOTHING).map((value) => ({ value })) },
            { weight: 1, arbitrary: anything.map((value) => ({ value })) },
          ),
        }),
        { minLength: 1, maxLength: 8 },
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([form, saves]) => ({
    form,
    saves: saves.map((save) => {
      const given = new Map<string, unknown>();
      for (const { field: index, value } of save) {
        const field = at(form.formFields, index);
        if ("value" in value) given.set(field.reference, value.value);
        else if (field.formFieldType !== "STATIC") given.set(field.reference, at(possible(field), value.index));
      }
      return [...given].map(([reference, one]) => ({ reference, value: one }));
    }),
  }));

/** Answers of a field at the edges of its rules, and on both sides of them. */
function nearby(field: Field): unknown[] {
  const { minValue, maxValue, minDate, maxDate } = field.validator ?? {};
  const lines = RULE_OF[field.formFieldType] === "Length" ? times(10, (index) => "a".repeat(index + 1)) : [];
  const lists = (field.options ?? []).map((_option, index) => field.options!.slice(index).map(({ value }) => value));
  const edges = [minValue, maxValue, minDate, maxDate].filter((edge) => edge != null);
  return [...possible(field), ...lines, ...(field.formFieldType === "MULTI_SELECT" ? lists : []), ...edges, ...edges];
}

/** A form of many fields that have rules and are always shown, and a set of answers. */
export const ruled: fc.Arbitrary<{ form: Definition; save: Given[] }> = fc
  .record({
    asks: fc.array(asked([...Object.keys(RULE_OF), "CHECKBOX"], 0), { minLength: 15, maxLength: 25, size: "max" }),
    answers: fc.array(fc.nat(99), { minLength: 22, maxLength: 22 }),
  })
  .map(({ asks, answers }) => {
    const form = definitionOf({ pages: 0, asks });
    const save = form.formFields.slice(0, answers.length).map((one, index) => ({
      reference: one.reference,
      value: at(nearby(one), answers[index]!),
    }));
    return { form, save };
  });

/** Something wrong with a form: adds it, and says with what it has to be refused. */
type Mistake = (form: Form) => string[];
export interface Form extends Definition {
  name: string;
  formSettings?: { name: string; value?: unknown }[];
}

/** Adds a field, and says where it is. */
function added(form: Form, values: object): string {
  const reference = `m${form.formFields.length}`;
  const formPage = form.formPages?.at(-1)?.reference;
  form.formFields.push({ reference, label: "M?", formFieldType: "TEXT", formPage, ...values });
  return `input.formFields.${form.formFields.length - 1}`;
}

const option = (value: string): { value: string } => ({ value });
const REDS = ["red", "green"].map(option);

/** A mistake in a field. */
const field =
  (code: string, path: string, values: object): Mistake =>
  (form) => [`${code} ${added(form, values)}.${path}`];

/** Rules that cannot be, each with the type of their field. */
const rule = (name: string, formFieldType: string, validator: Record<string, unknown>): Mistake =>
  field("INVALID_VALIDATOR", `validator.${name}`, {
    formFieldType,
    validator,
    options: hasOptions(formFieldType) ? REDS : undefined,
  });

/** A mistake in the condition of a field, about another field of that type. */
const condition =
  (name: string, formFieldType: string, values: { operator: string; value?: unknown }): Mistake =>
  (form) => {
    added(form, { formFieldType, options: hasOptions(formFieldType) ? REDS : undefined });
    const { reference } = form.formFields.at(-1)!;
    return [
      `INVALID ${added(form, { formFieldConditions: [{ reference, ...values }] })}.formFieldConditions.0.${name}`,
    ];
  };

/** Fields that are shown by each other in a circle of so many. */
const circle =
  (size: number): Mistake =>
  (form) => {
    const first = form.formFields.length;
    return times(size, (index) => {
      const reference = `m${first + ((index + 1) % size)}`;
      return `CONDITION_CYCLE ${added(form, { formFieldConditions: [{ reference, operator: "ANSWERED" }] })}.formFieldConditions`;
    });
  };

export const MISTAKES: Record<string, Mistake> = {
  "a reference of blanks": field("REQUIRED", "reference", { reference: " " }),
  "a reference that begins with a digit": field("INVALID", "reference", { reference: "1a" }),
  "a reference with a blank inside": field("INVALID", "reference", { reference: "a b" }),
  "a reference __proto__": field("INVALID", "reference", { reference: "__proto__" }),
  "a reference of 65": field("INVALID", "reference", { reference: "a".repeat(65) }),
  "a reference that another field has": (form) => {
    added(form, { reference: "twice" });
    return [`DUPLICATE_REFERENCE ${added(form, { reference: "twice" })}.reference`];
  },
  "a reference that another field has in capitals": (form) => {
    added(form, { reference: "likewise" });
    return [`DUPLICATE_REFERENCE ${added(form, { reference: "LikeWise" })}.reference`];
  },
  "a page twice": (form) => {
    if (!form.formPages) return [];
    form.formPages.push({ reference: "p0", name: "Again" });
    // Fields that are made after stand on the last page that is one.
    form.formPages.unshift(form.formPages.pop()!);
    return ["DUPLICATE_REFERENCE input.formPages.1.reference"];
  },
  "a label of blanks": field("REQUIRED", "label", { label: " \n" }),
  "a label of 1001": field("INVALID", "label", { label: "x".repeat(1001) }),
  "a description of 5001": field("INVALID", "description", { description: "x".repeat(5001) }),
  "a placeholder of 256": field("INVALID", "placeholder", { placeholder: "x".repeat(256) }),
  "a name of 256": field("INVALID", "name", { name: "x".repeat(256) }),
  "a uuid of no field": field("INVALID", "uuid", { uuid: "01a20349-90e8-70c7-9b31-51b5fba616ca" }),
  "no page": (form) => (form.formPages ? [`REQUIRED ${added(form, { formPage: null })}.formPage`] : []),
  "a page that is not there": field("INVALID", "formPage", { formPage: "nowhere" }),
  "no options": field("REQUIRED", "options", { formFieldType: "SELECT" }),
  "an empty list of options": field("REQUIRED", "options", { formFieldType: "MULTI_SELECT", options: [] }),
  "options of a text": field("INVALID", "options", { options: REDS }),
  "an option twice": field("DUPLICATED_INPUT_ITEM", "options.2.value", {
    formFieldType: "RADIO",
    options: [...REDS, option("red")],
  }),
  "a blank option": field("REQUIRED", "options.0.value", { formFieldType: "RADIO", options: [option(" ")] }),
  "an option of 256": field("INVALID", "options.0.value", {
    formFieldType: "RADIO",
    options: [option("x".repeat(256))],
  }),
  "251 options": field("LIMIT", "options", {
    formFieldType: "SELECT",
    options: times(251, (index) => option(`${index}`)),
  }),
  "a key of no profile": field("INVALID", "prePopulationKey", { prePopulationKey: "user.password" }),
  "a key __proto__": field("INVALID", "prePopulationKey", { prePopulationKey: "__proto__.toString" }),
  "a key for a number": field("INVALID", "prePopulationKey", {
    formFieldType: "NUMBER",
    prePopulationKey: "user.surname",
  }),
  "a message of 256": field("INVALID", "validator.message", { validator: { message: "x".repeat(256) } }),
  "a length of a number": rule("minLength", "NUMBER", { minLength: 1 }),
  "a value of a text": rule("maxValue", "TEXT", { maxValue: 1 }),
  "selections of one choice": rule("minSelections", "SELECT", { minSelections: 1 }),
  "days of a text": rule("minDate", "TEXTAREA", { minDate: "2024-01-01" }),
  "a pattern of a number": rule("pattern", "CURRENCY", { pattern: "1" }),
  "a required text between": rule("required", "STATIC", { required: true }),
  "lengths the wrong way round": rule("minLength", "TEXT", { minLength: 3, maxLength: 2 }),
  "a length below none": rule("minLength", "TEXTAREA", { minLength: -1 }),
  "values the wrong way round": rule("minValue", "NUMBER", { minValue: 0.2, maxValue: 0.1 }),
  "days the wrong way round": rule("minDate", "DATE", { minDate: "2024-01-02", maxDate: "2024-01-01" }),
  "selections the wrong way round": rule("minSelections", "MULTI_SELECT", { minSelections: 2, maxSelections: 1 }),
  "more selections than options": rule("minSelections", "MULTI_SELECT", { minSelections: 3 }),
  "no length at all": rule("maxLength", "TEXT", { maxLength: 0 }),
  "a length that no answer has": rule("minLength", "TEXTAREA", { minLength: 10_300 }),
  "no selection at all": rule("maxSelections", "MULTI_SELECT", { maxSelections: 0 }),
  "more than any amount": rule("minValue", "CURRENCY", { minValue: 1e13 }),
  "less than any amount": rule("maxValue", "CURRENCY", { maxValue: -1e13 }),
  "half a pattern": rule("pattern", "TEXT", { pattern: "(a" }),
  "a pattern that looks ahead": rule("pattern", "TEXT", { pattern: "(?=a)a" }),
  "a pattern that looks behind": rule("pattern", "TEXT", { pattern: "(?<!a)b" }),
  "a pattern that refers back": rule("pattern", "TEXT", { pattern: "(a)\\1" }),
  "a pattern of 201": rule("pattern", "TEXT", { pattern: "x".repeat(201) }),
  "a pattern that counts too far": rule("pattern", "TEXT", { pattern: "((a{100}){100}){100}" }),
  "a condition about nobody": (form) => {
    const formFieldConditions = [{ reference: "nobody", operator: "ANSWERED" }];
    return [`INVALID ${added(form, { formFieldConditions })}.formFieldConditions.0.reference`];
  },
  "a condition about a text between": condition("reference", "STATIC", { operator: "ANSWERED" }),
  "21 conditions": (form) => {
    added(form, {});
    const { reference } = form.formFields.at(-1)!;
    return [
      `LIMIT ${added(form, { formFieldConditions: times(21, () => ({ reference, operator: "ANSWERED" })) })}.formFieldConditions`,
    ];
  },
  "a condition on itself": circle(1),
  "a circle of two": circle(2),
  "a circle of five": circle(5),
  "a condition about a later page": (form) => {
    const [first, last] = [form.formPages?.[0]?.reference, form.formPages?.at(-1)?.reference];
    if (first === last) return [];
    added(form, {});
    const { reference } = form.formFields.at(-1)!;
    const formFieldConditions = [{ reference, operator: "ANSWERED" }];
    return [`INVALID ${added(form, { formPage: first, formFieldConditions })}.formFieldConditions.0.reference`];
  },
  "an order of texts": condition("value", "TEXT", { operator: "GT", value: "a" }),
  "an order of ticks": condition("value", "CHECKBOX", { operator: "LT", value: true }),
  "a number that is a text": condition("value", "NUMBER", { operator: "GT", value: "1" }),
  "a tick that is a text": condition("value", "CHECKBOX", { operator: "EQUALS", value: "true" }),
  "nothing to compare with": condition("value", "TEXT", { operator: "NOT" }),
  "a blank to compare with": condition("value", "TEXT", { operator: "EQUALS", value: " " }),
  "a day that is none": condition("value", "DATE", { operator: "LT", value: "2024-02-30" }),
  "a third of a penny": condition("value", "CURRENCY", { operator: "EQUALS", value: 0.333 }),
  "what is no option": condition("value", "RADIO", { operator: "EQUALS", value: "blue" }),
  "a list where one option is meant": condition("value", "MULTI_SELECT", { operator: "NOT", value: ["red"] }),
  "one of no list": condition("value", "SELECT", { operator: "IN", value: "red" }),
  "one of an empty list": condition("value", "SELECT", { operator: "IN", value: [] }),
  "one of 101": condition("value", "NUMBER", { operator: "IN", value: times(101, (index) => index) }),
  "one of a list with a stranger": condition("value", "MULTI_SELECT", { operator: "IN", value: ["red", "blue"] }),
  "answered yes": condition("value", "TEXT", { operator: "ANSWERED", value: "yes" }),
  "a setting twice": (form) => {
    form.formSettings = [
      { name: "theme", value: 1 },
      { name: "theme", value: 2 },
    ];
    return ["DUPLICATED_INPUT_ITEM input.formSettings.1.name"];
  },
};

/** A form with mistakes, by their names. */
export const mistaken = fc.record({
  form: definition,
  mistakes: fc.uniqueArray(fc.constantFrom(...Object.keys(MISTAKES)), { minLength: 1, maxLength: 6, size: "max" }),
});

/** Fields whose conditions lead anywhere: to themselves, in circles, to later pages, to nobody. */
export const tangle: fc.Arbitrary<Definition> = fc
  .record({
    pages: fc.nat(3),
    fields: fc.array(fc.record({ page: fc.nat(9), others: fc.array(fc.nat(99), { maxLength: 2 }) }), {
      minLength: 1,
      maxLength: 7,
      size: "max",
    }),
  })
  .map(({ pages, fields }) => ({
    formPages: pages === 0 ? undefined : times(pages, (index) => ({ reference: `p${index}`, name: "Page" })),
    formFields: fields.map(({ page, others }, index) => ({
      reference: `f${index}`,
      label: "?",
      formFieldType: "TEXT",
      formPage: pages === 0 ? undefined : `p${page % pages}`,
      formFieldConditions: others.map((other) => ({
        reference: `f${other % (fields.length + (other > 90 ? 1 : 0))}`,
        operator: "ANSWERED",
      })),
    })),
  }));

const HOSTILE_SCALARS = [
  "1e400",
  "-1e400",
  "1E+999",
  "1e-400",
  "-0",
  "0.1e1",
  "123456789012345678901234567890",
  "9007199254740993",
  "1.00",
  "1e2",
  "0.30000000000000004",
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\ud83d\\ude00"',
  '"\\u0007"',
  '"\\u005f_proto__"',
  '"\\/"',
  '"\\n"',
  '"e\\u0301"',
  '"__proto__"',
  '"constructor"',
  '"red"',
  '"2024-02-29"',
  '"GB"',
  '"NaN"',
  '"1e400"',
  '""',
  '" "',
  "true",
  "false",
  "null",
  "[]",
  "{}",
  '["red","green"]',
  '["red","red"]',
];
const NO_JSON = [
  "NaN",
  "Infinity",
  "-Infinity",
  "undefined",
  "1.",
  ".5",
  "01",
  "+1",
  "0x10",
  "'a'",
  '"\\x41"',
  '"a',
  "[1,]",
  "{a:1}",
  '{"a":1,}',
  "[",
  "nul",
  '"\u0000"',
  "1 2",
  "/**/1",
  "",
];
const KEYS = [
  "__proto__",
  "\\u005f_proto__",
  "constructor",
  "prototype",
  "toString",
  "value",
  "length",
  "0",
  "then",
  "toJSON",
  "\\u0000",
  "\\ud800",
  "a",
  "a",
  "e\\u0301",
  "",
];

const { json: nested } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(...HOSTILE_SCALARS),
    fc.jsonValue({ stringUnit: "binary" }).map((value) => JSON.stringify(value)),
    fc.array(tie("json"), { maxLength: 4 }).map((items) => `[${items.join()}]`),
    // A key may come twice.
    fc
      .array(fc.tuple(fc.constantFrom(...KEYS), tie("json")), { maxLength: 4 })
      .map((entries) => `{${entries.map(([key, item]) => `"${key}":${item}`).join()}}`),
  ),
}));

/** What may stand in a request where JSON is expected, as the text that is sent. */
export const jsonText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: nested },
  {
    weight: 4,
    arbitrary: fc.oneof(
      fc.constantFrom(...HOSTILE_SCALARS),
      anything.map((value) => JSON.stringify(value)),
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(...NO_JSON) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(2, 30, 200, 5_000), fc.boolean())
      .map(([depth, inObjects]) =>
        inObjects ? `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}` : "[".repeat(depth) + "]".repeat(depth),
      ),
  },
);
