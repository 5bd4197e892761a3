import { Field, InputType } from "type-graphql";
import { JSONValue, Refusal, refuse, type UsersError, usersError, UsersErrorCode, UUID } from "../kit/index.js";
import { answerProblem, composed, isBlank } from "./answers.js";
import type { FormField } from "./definition.js";
import { evaluate } from "./evaluate.js";
import { type Answers, type FormImplementation, ImplementationStatus } from "./implementation.js";

const MAX_ANSWERS = 500;
/** Of all answers of an implementation: whoever reads a page of a hundred reads all of theirs. */
const MAX_BYTES = 128 * 1024;

@InputType("UserFormFieldAnswerInput", { description: "An answer to one field." })
export class FormFieldAnswerInput {
  @Field(() => UUID, { description: "The field, of the revision that the implementation is pinned to." })
  fieldUuid!: string;

  @Field(() => JSONValue, {
    nullable: true,
    description:
      "The answer, as the field's type has it; 10 kB of JSON at most, and 128 kB all answers together. Null, a blank text and an empty list clear it.",
  })
  value?: unknown;
}

/** Answers as they are kept: those of visible fields apart from those that conditions hide, and how much is done. */
export function settled(
  fields: readonly FormField[],
  all: Answers,
): Pick<FormImplementation, "answers" | "drafts" | "progress"> {
  const { visible, progress } = evaluate(fields, all);
  const part = (shown: boolean): Answers =>
    Object.fromEntries(Object.entries(all).filter(([uuid]) => visible.has(uuid) === shown));
  return { answers: part(true), drafts: part(false), progress };
}

/** The answers after these are given. Refuses what cannot be an answer of its field, all of it at once. */
export function answersAfter(
  fields: readonly FormField[],
  { answers, drafts }: Pick<FormImplementation, "answers" | "drafts">,
  given: readonly FormFieldAnswerInput[],
): Answers {
  if (given.length > MAX_ANSWERS) refuse(UsersErrorCode.LIMIT, `At most ${MAX_ANSWERS} answers.`, "answers");
  const byUuid = new Map(fields.map((field) => [field.uuid, field]));
  const all = new Map(Object.entries({ ...answers, ...drafts }));
  const seen = new Set<string>();
  const errors: UsersError[] = [];
  for (const [index, { fieldUuid, value: sent }] of given.entries()) {
    const value = composed(sent);
    const path = `answers.${index}`;
    const field = byUuid.get(fieldUuid);
    const problem = field && !isBlank(value) ? answerProblem(field, value) : null;
    if (!field) errors.push(usersError(UsersErrorCode.NOT_FOUND, "The form has no such field.", `${path}.fieldUuid`));
    else if (seen.has(fieldUuid)) {
      errors.push(usersError(UsersErrorCode.DUPLICATED_INPUT_ITEM, "Answered twice.", `${path}.fieldUuid`));
    } else if (problem) errors.push(usersError(UsersErrorCode.ANSWER_INVALID, problem, `${path}.value`));
    else if (isBlank(value)) all.delete(fieldUuid);
    else all.set(fieldUuid, value);
    seen.add(fieldUuid);
  }
  if (errors.length > 0) throw new Refusal(errors);
  const after = Object.fromEntries(all);
  if (Buffer.byteLength(JSON.stringify(after)) > MAX_BYTES) {
    refuse(UsersErrorCode.LIMIT, "All answers together have 128 kB of JSON at most.", "answers");
  }
  return after;
}

/** Refuses unless every visible field is answered as it has to be; names each field that is not. */
export function refuseIncomplete(fields: readonly FormField[], answers: Answers): void {
  const { problems } = evaluate(fields, answers);
  const errors = fields.flatMap(({ uuid, reference }) => {
    const problem = problems.get(uuid);
    if (problem === undefined) return [];
    // Not as a text: a reference may hold points.
    const field = ["input", "implementationId", "formFieldAnswers", reference];
    return [Object.assign(usersError(UsersErrorCode.ANSWER_INVALID, problem), { field })];
  });
  if (errors.length > 0) throw new Refusal(errors);
}

/** Refuses to change answers that are completed. */
export function refuseLocked({ storedStatus }: FormImplementation): void {
  if (storedStatus === ImplementationStatus.COMPLETED) {
    refuse(
      UsersErrorCode.ANSWERS_LOCKED,
      "The answers are completed. Reopen them first, or ask the staff to.",
      "implementationId",
    );
  }
}

/**
 * Until when answers completed at an instant are valid: the midnight (UTC) that ends the day so many months later, or
 * the last day of a shorter month. Null: without end.
 */
export function validUntil(completedAt: Date, months: number | null): string | null {
  if (months === null) return null;
  const [year, month] = [completedAt.getUTCFullYear(), completedAt.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(completedAt.getUTCDate(), lastDay) + 1)).toISOString();
}
