/*
 * Forms evaluated a second time: slowly, and straight from the sentences of the schema. Knows nothing of how the
 * server does it; what the two disagree about is a bug of one of them.
 */

export interface Condition {
  reference: string;
  operator: "EQUALS" | "NOT" | "IN" | "GT" | "LT" | "ANSWERED";
  value?: any;
}

export interface Rules {
  required?: boolean | null;
  minLength?: number | null;
  maxLength?: number | null;
  minValue?: number | null;
  maxValue?: number | null;
  minSelections?: number | null;
  maxSelections?: number | null;
  minDate?: string | null;
  maxDate?: string | null;
  pattern?: string | null;
}

/** A field as an input says it. */
export interface Field {
  reference: string;
  label: string;
  formFieldType: string;
  formPage?: string;
  options?: { value: string }[];
  validator?: Rules | null;
  prePopulationKey?: string | null;
  conditionEffect?: "SHOW" | "HIDE" | null;
  conditionMatch?: "ALL" | "ANY" | null;
  formFieldConditions?: Condition[] | null;
}

export interface Definition {
  formPages?: { reference: string; name: string }[];
  formFields: Field[];
}

/** Reference -> answer; a field that is not in it is not answered. */
export type Answers = ReadonlyMap<string, any>;

/** "Null, a blank text and an empty list clear it." */
export const clears = (value: unknown): boolean =>
  value === null || (typeof value === "string" && value.trim() === "") || (Array.isArray(value) && value.length === 0);

/** A value as it comes back: JSON has no -0, and a text is the same however its accents were typed. */
export const kept = (value: unknown): any =>
  JSON.parse(JSON.stringify(value), (_key, part) => (typeof part === "string" ? part.normalize("NFC") : part));

/** "10 kB of JSON at most", whichever kB: no test gives a value between the two. */
const MOST_BYTES = 10_240;

// ISO 3166-1, the 249 codes that are assigned.
const COUNTRIES =
  `AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW
  BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
  GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE
  KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV
  MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
  SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ
  VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW`.split(/\s+/);

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => Number.isFinite(value);

function isDay(value: unknown): boolean {
  if (!isText(value) || !/^\d\d\d\d-\d\d-\d\d$/.test(value)) return false;
  const [year, month, day] = value.split("-").map(Number) as [number, number, number];
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Whether the value is an answer, by the descriptions of the types. */
export function isAnswer({ formFieldType, options = [] }: Field, value: unknown): boolean {
  if (clears(value) || Buffer.byteLength(JSON.stringify(value)) > MOST_BYTES) return false;
  const isOption = (one: unknown): boolean => options.some((option) => kept(option.value) === kept(one));
  switch (formFieldType) {
    case "CHECKBOX":
      return value === true || value === false;
    case "TEXT":
      // A line has no control characters.
      return isText(value) && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value);
    case "TEXTAREA":
      // Lines and tabs are a text's own, other control characters are not.
      return isText(value) && !/\p{Cc}/u.test(value.replaceAll(/[\n\r\t]/g, ""));
    case "NUMBER":
      return isNumber(value);
    case "CURRENCY":
      return isNumber(value) && Math.abs(value) < 10 ** 13 && /^-?\d+(\.\d\d?)?$/.test(String(value));
    case "DATE":
      return isDay(value);
    case "EMAIL": {
      // Of the many addresses that RFC 5321 allows, those that the tests use.
      if (!isText(value) || value.length > 254) return false;
      const [mailbox = "", domain = "", ...rest] = value.split("@");
      const atoms = [/^[\w'+-]+$/, /^(?!-)[a-z0-9-]+(?<!-)$/i] as const;
      const isDotted = (text: string, atom: RegExp): boolean => text.split(".").every((part) => atom.test(part));
      const lengths = mailbox.length <= 64 && domain.split(".").every((part) => part.length <= 63);
      return (
        rest.length === 0 &&
        lengths &&
        domain.includes(".") &&
        isDotted(mailbox, atoms[0]) &&
        isDotted(domain, atoms[1])
      );
    }
    case "PHONE":
      return isText(value) && /^\+[1-9]\d{6,14}$/.test(value);
    case "COUNTRY":
      return isText(value) && COUNTRIES.includes(value);
    case "RADIO":
    case "SELECT":
      return isText(value) && isOption(value);
    case "MULTI_SELECT":
      return (
        Array.isArray(value) &&
        value.every((one) => isText(one) && isOption(one)) &&
        new Set(value.map(kept)).size === value.length
      );
    case "FILE":
      return isText(value) && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
    default:
      return false;
  }
}

/** Whether the field is shown. "SHOW: it is shown; otherwise it is hidden. HIDE: the other way round." */
export function isShown(form: Definition, answers: Answers, field: Field): boolean {
  const conditions = field.formFieldConditions ?? [];
  if (conditions.length === 0) return true;
  const held = conditions.map((condition) => holds(form, answers, condition));
  const met = field.conditionMatch === "ANY" ? held.includes(true) : !held.includes(false);
  return field.conditionEffect === "HIDE" ? !met : met;
}

function holds(form: Definition, answers: Answers, { reference, operator, value = null }: Condition): boolean {
  const other = form.formFields.find((field) => field.reference === reference)!;
  const answer = isShown(form, answers, other) ? answers.get(reference) : undefined;
  // "A field that is hidden, or not answered, meets NOT and an ANSWERED of false alone."
  if (answer === undefined) return operator === "NOT" || (operator === "ANSWERED" && value === false);
  const chosen = Array.isArray(answer) ? answer : [answer];
  const isChosen = (one: unknown): boolean => chosen.includes(kept(one));
  const order = (one: any): number => (other.formFieldType === "DATE" ? Date.parse(one) : one);
  switch (operator) {
    case "EQUALS":
      return isChosen(value);
    case "NOT":
      return !isChosen(value);
    case "IN":
      return value.some(isChosen);
    case "GT":
      return order(answer) > order(value);
    case "LT":
      return order(answer) < order(value);
    default:
      return value !== false;
  }
}

/** Whether an answer keeps the rules of its field. */
export function keepsRules({ formFieldType, validator }: Field, answer: any): boolean {
  const { required, pattern, ...rules } = validator ?? {};
  const within = (size: number, least: number | null | undefined, most: number | null | undefined): boolean =>
    size >= (least ?? -Infinity) && size <= (most ?? Infinity);
  const day = (text: string | null | undefined): number | null => (text == null ? null : Date.parse(text));
  switch (formFieldType) {
    case "CHECKBOX":
      return required !== true || answer === true;
    case "TEXT":
    case "TEXTAREA":
      return (
        within(Array.from(answer).length, rules.minLength, rules.maxLength) &&
        (pattern == null || new RegExp(`^(?:${kept(pattern)})$`, "u").test(answer))
      );
    case "NUMBER":
    case "CURRENCY":
      return within(answer, rules.minValue, rules.maxValue);
    case "DATE":
      return within(Date.parse(answer), day(rules.minDate), day(rules.maxDate));
    case "MULTI_SELECT":
      return within(answer.length, rules.minSelections, rules.maxSelections);
    default:
      return true;
  }
}

export interface Evaluation {
  formFieldAnswers: [reference: string, answer: unknown][];
  hiddenFieldAnswers: [reference: string, answer: unknown][];
  progress: number;
}

/** What an implementation with these answers looks like. */
export function evaluation(form: Definition, answers: Answers): Evaluation {
  const shown = form.formFields.filter((field) => isShown(form, answers, field));
  const asked = shown.filter((field) => field.formFieldType !== "STATIC");
  const done = asked.filter((field) => answers.has(field.reference) && keepsRules(field, answers.get(field.reference)));
  const answered = form.formFields.filter(({ reference }) => answers.has(reference));
  const entries = (fields: Field[]): [string, unknown][] =>
    fields.map(({ reference }) => [reference, answers.get(reference)]);
  return {
    formFieldAnswers: entries(answered.filter((field) => shown.includes(field))),
    hiddenFieldAnswers: entries(answered.filter((field) => !shown.includes(field))),
    progress: asked.length === 0 ? 100 : Math.floor((100 * done.length) / asked.length),
  };
}

/** The visible fields whose answer is missing or breaks a rule. */
export const incomplete = (form: Definition, answers: Answers): Field[] =>
  form.formFields.filter((field) => {
    if (!isShown(form, answers, field)) return false;
    if (!answers.has(field.reference)) return field.validator?.required === true;
    return !keepsRules(field, answers.get(field.reference));
  });

/** The fields from which one comes back to them by conditions. */
export function inCircles({ formFields }: Definition): Field[] {
  const leads = (from: string, to: string, seen: string[]): boolean => {
    const next = formFields.find(({ reference }) => reference === from)?.formFieldConditions ?? [];
    return next.some(
      ({ reference }) => reference === to || (!seen.includes(reference) && leads(reference, to, [...seen, reference])),
    );
  };
  return formFields.filter(({ reference }) => leads(reference, reference, []));
}
