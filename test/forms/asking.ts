import { type DefinitionInput, FormFieldTypeName } from "../../src/forms/index.js";
import { operations, type Caller, type TestForm, type TestTenant } from "../harness/index.js";

export const UNKNOWN = "00000000-0000-7000-8000-000000000000";

type FieldInput = NonNullable<DefinitionInput["formFields"]>[number];
type Field = { [Property in keyof FieldInput]: FieldInput[Property] };

/** A field as a definition says it: a line of text unless told otherwise. */
export const field = (reference: string, rest: object = {}): Field => ({
  reference,
  label: `${reference}?`,
  formFieldType: FormFieldTypeName.TEXT,
  ...rest,
});

/** A field of a type; what a type needs besides is there. */
export const fieldOf = (type: string, reference = "field", rest: object = {}): Field =>
  field(reference, {
    formFieldType: type,
    ...(CHOICES.includes(type) && { options: options("a", "b", "c") }),
    ...rest,
  });

export const TYPES = Object.values(FormFieldTypeName) as string[];
const CHOICES = ["RADIO", "SELECT", "MULTI_SELECT"];

export const options = (...values: string[]): { value: string }[] => values.map((value) => ({ value }));

/** So many things, each made from its place. */
export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** As many asks at once as the number says. */
export const atOnce = <T>(count: number, ask: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(times(count, ask));

/** The form with all that it asks and what is staged, as a caller sees it; null when they do not. */
export const readForm = async (caller: Caller, { uuid }: { uuid: string }): Promise<Record<string, any>> =>
  (await caller.ask(operations.UserDataForm!, { uuid })).userDataForm;

/** The implementation with its answers, as a caller sees it; null when they do not. */
export const readImplementation = async (caller: Caller, { id }: { id: string }): Promise<Record<string, any>> =>
  (await caller.ask(operations.FormImplementation!, { id })).node;

/** Answers by the references of their fields. */
export const byReference = (answers: { value: unknown; formField: { reference: string } }[]): Record<string, unknown> =>
  Object.fromEntries(answers.map(({ value, formField }) => [formField.reference, value]));

/** Somebody's implementation of a form, and what they do with it. */
export interface Asked {
  here: TestTenant;
  form: TestForm;
  implementation: { uuid: string; id: string };
}

/** The input that saves answers, by the references of their fields. */
export const savingOf = ({ form, implementation }: Omit<Asked, "here">, answers: Record<string, unknown>) => ({
  implementationId: implementation.id,
  answers: Object.entries(answers).map(([reference, value]) => ({ fieldUuid: form.fields[reference], value })),
});

/** What a write is refused with, said as `here.refusals` says it, without its look at every table. */
export async function refused(caller: Caller, document: string, input: object): Promise<string[]> {
  const [payload] = Object.values(await caller.ask(document, { input }));
  return payload.errors.map(
    ({ code, field: path }: { code: string; field: string[] | null }) => `${code} ${path?.join(".") ?? "-"}`,
  );
}

/** What saving these answers is refused with. */
export const saving = (asked: Asked, by: Caller, answers: Record<string, unknown>): Promise<string[]> =>
  refused(by, operations.SaveFormAnswers!, savingOf(asked, answers));

/** What completing is refused with. */
export const completing = ({ implementation }: Asked, by: Caller): Promise<string[]> =>
  refused(by, operations.CompleteFormImplementation!, { implementationId: implementation.id });

/** What reopening is refused with. */
export const reopening = ({ implementation }: Asked, by: Caller): Promise<string[]> =>
  refused(by, operations.ReopenFormImplementation!, { implementationId: implementation.id });
