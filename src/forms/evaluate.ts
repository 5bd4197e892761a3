import { answerProblem, FIELD_TYPES, isBlank, ruleProblem } from "./answers.js";
import {
  type FormField,
  type FormFieldCondition,
  FormConditionEffect,
  FormConditionMatch,
  FormConditionOperator,
  FormFieldTypeName,
} from "./definition.js";

/** How many values the list of IN may have. */
export const MAX_CONDITION_VALUES = 100;

/** Where a form stands with these answers. */
export interface Evaluation {
  /** The uuids of the fields that are shown. */
  visible: ReadonlySet<string>;
  /** Field uuid -> what is wrong with its answer, or with there being none. Of visible fields only. */
  problems: ReadonlyMap<string, string>;
  /** How much of what is asked is answered validly, in percent. */
  progress: number;
}

/** What a form asks with these answers, by the uuids of the fields, and how far they go. */
export function evaluate(fields: readonly FormField[], answers: Readonly<Record<string, unknown>>): Evaluation {
  const states = new Map(fields.map((field) => [field.reference, stateOf(field, answers)]));

  const isVisible = (state: FieldState): boolean => {
    if (state.visible === null) {
      // What leads back to itself is hidden. No definition does, but a cycle must not be walked without end.
      state.visible = false;
      const { conditionEffect, conditionMatch, formFieldConditions: conditions } = state.field;
      const holds = (condition: FormFieldCondition): boolean => {
        const other = states.get(condition.reference);
        return compares(condition, other && isVisible(other) ? other.chosen : []);
      };
      const met = conditionMatch === FormConditionMatch.ALL ? conditions.every(holds) : conditions.some(holds);
      state.visible = conditions.length === 0 || met === (conditionEffect === FormConditionEffect.SHOW);
    }
    return state.visible;
  };

  const shown = [...states.values()].filter(isVisible);
  const asked = shown.filter(({ field }) => field.formFieldType.name !== FormFieldTypeName.STATIC);
  const problems = asked.flatMap(({ field, problem }) => (problem === null ? [] : [[field.uuid, problem] as const]));
  const done = asked.filter(({ chosen, problem }) => chosen.length > 0 && problem === null).length;
  return {
    visible: new Set(shown.map(({ field }) => field.uuid)),
    problems: new Map(problems),
    progress: asked.length === 0 ? 100 : Math.floor((100 * done) / asked.length),
  };
}

interface FieldState {
  field: FormField;
  /** The answer as a list: of a MULTI_SELECT what is chosen, of others one value; empty when there is none. */
  chosen: readonly unknown[];
  problem: string | null;
  /** Null: not known yet. */
  visible: boolean | null;
}

/** A value that cannot be an answer of the field is a problem, and counts as none. */
function stateOf(field: FormField, answers: Readonly<Record<string, unknown>>): FieldState {
  const value = Object.hasOwn(answers, field.uuid) ? answers[field.uuid] : undefined;
  const misfit = isBlank(value) ? null : answerProblem(field, value);
  const chosen = isBlank(value) || misfit !== null ? [] : Array.isArray(value) ? value : [value];
  return { field, chosen, problem: misfit ?? ruleProblem(field, value), visible: null };
}

/** Whether what is chosen compares: one of it, which none does when there is no answer. NOT is EQUALS turned round. */
function compares({ operator, value }: FormFieldCondition, chosen: readonly unknown[]): boolean {
  switch (operator) {
    case FormConditionOperator.EQUALS:
      return chosen.includes(value);
    case FormConditionOperator.NOT:
      return !chosen.includes(value);
    case FormConditionOperator.IN:
      return Array.isArray(value) && chosen.some((item) => value.includes(item));
    case FormConditionOperator.GT:
      return chosen.some((item) => isGreater(item, value));
    case FormConditionOperator.LT:
      return chosen.some((item) => isGreater(value, item));
    default:
      return chosen.length > 0 === (value !== false);
  }
}

/** Of two numbers, or of two days, whose texts sort as they do. */
function isGreater(one: unknown, other: unknown): boolean {
  if (typeof one === "number" && typeof other === "number") return one > other;
  return typeof one === "string" && typeof other === "string" && one > other;
}

/** What is wrong with how a condition compares the answer of that field; null when nothing is. */
export function comparisonProblem({ operator, value }: FormFieldCondition, other: FormField): string | null {
  const { name } = other.formFieldType;
  const misfit = (one: unknown): string | null =>
    answerProblem(other, name === FormFieldTypeName.MULTI_SELECT ? [one] : one);
  switch (operator) {
    case FormConditionOperator.ANSWERED:
      return value === null || typeof value === "boolean" ? null : "Has to be true, false or null.";
    case FormConditionOperator.IN:
      if (Array.isArray(value) && value.length > 0 && value.length <= MAX_CONDITION_VALUES) {
        return value.map(misfit).find((problem) => problem !== null) ?? null;
      }
      return `Has to be a list of 1 to ${MAX_CONDITION_VALUES} values.`;
    case FormConditionOperator.GT:
    case FormConditionOperator.LT:
      return FIELD_TYPES[name].ordered ? misfit(value) : `${name} has no order.`;
    default:
      return misfit(value);
  }
}

/** Whether the conditions of a field lead back to it. */
export function isOnCycle(field: FormField, byReference: ReadonlyMap<string, FormField>): boolean {
  const reached = new Set<string>();
  const follow = (from: FormField | undefined): void => {
    for (const { reference } of from?.formFieldConditions ?? []) reached.add(reference);
  };
  follow(field);
  // A set goes on to what is added while it is walked.
  for (const reference of reached) follow(byReference.get(reference));
  return reached.has(field.reference);
}
