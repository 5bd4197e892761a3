import { isDeepStrictEqual } from "node:util";
import { v7 as uuidv7 } from "uuid";
import { type Context, keyOf, Refusal, refuse, sql, usersError, UsersErrorCode } from "../kit/index.js";
import { multilineText, refuseStale, requiredText } from "../users/index.js";
import { checkDefinition } from "./check-definition.js";
import type { Definition, EditorValidator } from "./definition.js";
import { Form, FormEnablement, type FormKind, FormState, FormTypeName, TYPE_OF_KIND } from "./form.js";
import type { CreateFormInput, EditorValidatorInput, FormInput, UpdateFormInput } from "./inputs.js";
import { FormRevision } from "./revision.js";

const MAX_MONTHS = 120;

/** The form that a write is about, locked. Whoever may write forms sees them all. */
export async function formToChange(ctx: Context, input: FormInput, kinds: readonly FormKind[]): Promise<Form> {
  const types = kinds.map((kind) => TYPE_OF_KIND[kind]);
  const uuid = keyOf(types, input.formId, ["input", "formId"]);
  const form = await ctx.db.get(Form, { uuid }, "formId", sql` AND n.kind = ANY(${kinds}::text[])`);
  refuseStale(form, input.expectedVersion);
  return form;
}

/** Makes a form in DRAFT. */
export async function createForm(
  { db }: Context,
  kind: FormKind,
  input: CreateFormInput,
  own: Partial<Form> = {},
): Promise<Form> {
  const name = requiredText(input.name, 255, "name");
  const description = multilineText(input.description, 2000, "description");
  const definition = checkDefinition(input, null);
  const [uuid, revisionId] = [uuidv7(), uuidv7()];
  const form = await db.insert(Form, {
    uuid,
    kind,
    name,
    description,
    formTypeName: input.formType ?? FormTypeName.STANDARD,
    state: FormState.DRAFT,
    editorValidator: editorValidatorOf(input.editorValidator, definition),
    revisionId,
    ...own,
  });
  await db.insert(FormRevision, {
    uuid: revisionId,
    formId: uuid,
    number: 1,
    name,
    description,
    ...definition,
    revalidateAfterMonths: monthsOf(input.revalidateAfterMonths),
  });
  return form;
}

/** Changes what a form asks: at once in DRAFT, as the staged next revision once it is published. */
export async function updateForm({ db, now }: Context, form: Form, input: UpdateFormInput): Promise<Form> {
  refuseArchived(form);
  if (!form.editorValidator.canEdit) refuse(UsersErrorCode.FORM_PROTECTED, "This form cannot be changed.", "formId");
  const latest = await db.get(FormRevision, { uuid: form.stagedRevisionId ?? form.revisionId }, "formId");
  const content = contentOf(input, latest);
  refuseProtected(form.editorValidator, latest, content);
  const { number, formId, publishedAt } = latest;
  if (
    Object.entries(content).every(([property, value]) => isDeepStrictEqual(value, latest[property as keyof Content]))
  ) {
    return form;
  }
  const { name, description } = content;
  // The definition is not in the form's own row, whose version tells of it all the same.
  const touched = { updatedAt: now.toISOString() };
  if (publishedAt === null) {
    db.update(FormRevision, latest, content);
    return db.update(Form, form, form.state === FormState.DRAFT ? { name, description, ...touched } : touched);
  }
  const staged = await db.insert(FormRevision, { uuid: uuidv7(), formId, number: number + 1, ...content });
  return db.update(Form, form, { stagedRevisionId: staged.uuid, ...touched });
}

type Content = Omit<FormRevision, "tenantId" | "uuid" | "formId" | "number" | "createdAt" | "publishedAt">;

/** What a revision holds after an update of these fields. */
function contentOf(input: UpdateFormInput, latest: FormRevision): Content {
  const { name, description, revalidateAfterMonths } = input;
  if (name === null) refuse(UsersErrorCode.REQUIRED, "A form needs a name.", "name");
  const { formPages, formFields, formSettings } = input;
  const untouched = formPages === undefined && formFields === undefined && formSettings === undefined;
  return {
    name: name === undefined ? latest.name : requiredText(name, 255, "name"),
    description: description === undefined ? latest.description : multilineText(description, 2000, "description"),
    ...(untouched
      ? { formPages: latest.formPages, formFields: latest.formFields, formSettings: latest.formSettings }
      : checkDefinition({ ...asInput(latest), ...given({ formPages, formFields, formSettings }) }, latest)),
    revalidateAfterMonths:
      revalidateAfterMonths === undefined ? latest.revalidateAfterMonths : monthsOf(revalidateAfterMonths),
  };
}

const given = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;

/** A definition as the input that says it again: what an update leaves out is checked with what it gives. */
const asInput = ({ formPages, formFields, formSettings }: Definition) => ({
  formPages,
  formFields: formFields.map((field) =>
    Object.assign({}, field, { formFieldType: field.formFieldType.name, formPage: field.formPage?.reference ?? null }),
  ),
  formSettings,
});

/** Fields that the platform keeps for itself stay as they are; where they stand is not part of them. */
function refuseProtected({ protectedFields }: EditorValidator, before: Definition, after: Definition): void {
  const errors = protectedFields.flatMap((reference) => {
    const [old, current] = [before, after].map(({ formFields }) => {
      const field = formFields.find((one) => one.reference === reference);
      return field && Object.assign({}, field, { order: 0, formPage: null });
    });
    if (!old || isDeepStrictEqual(old, current)) return [];
    const index = after.formFields.findIndex((one) => one.reference === reference);
    const path = index === -1 ? "formFields" : `formFields.${index}`;
    return [usersError(UsersErrorCode.FORM_PROTECTED, `The field ${reference} cannot be changed or left out.`, path)];
  });
  if (errors.length > 0) throw new Refusal(errors);
}

function editorValidatorOf(
  input: EditorValidatorInput | null | undefined,
  { formFields }: Definition,
): EditorValidator {
  const protectedFields = input?.protectedFields ?? [];
  for (const [index, reference] of protectedFields.entries()) {
    const path = `editorValidator.protectedFields.${index}`;
    if (protectedFields.indexOf(reference) !== index) {
      refuse(UsersErrorCode.DUPLICATED_INPUT_ITEM, "Named twice.", path);
    }
    if (!formFields.some((field) => field.reference === reference)) {
      refuse(UsersErrorCode.INVALID, "The form has no such field.", path);
    }
  }
  return { canDelete: input?.canDelete ?? true, canEdit: input?.canEdit ?? true, protectedFields };
}

function monthsOf(months: number | null | undefined): number | null {
  if (months == null) return null;
  if (months < 1 || months > MAX_MONTHS) {
    refuse(UsersErrorCode.INVALID, `1 to ${MAX_MONTHS} months.`, "revalidateAfterMonths");
  }
  return months;
}

export function refuseArchived({ state }: Form): void {
  if (state === FormState.ARCHIVED) {
    refuse(UsersErrorCode.INVALID_TRANSITION, "An archived form cannot be changed.", "formId");
  }
}

/** Only a published form can be offered, or insisted on. */
export function refuseUnpublished({ state }: Form, field: string): void {
  if (state !== FormState.PUBLISHED)
    refuse(
      UsersErrorCode.FORM_NOT_PUBLISHED,
      `The form is ${state}${state === FormState.DRAFT ? ": publish it first" : ""}.`,
      field,
    );
}

/** Removes a form that nobody was given, with all its revisions. */
export async function deleteForm({ db }: Context, form: Form): Promise<void> {
  if (!form.editorValidator.canDelete) refuse(UsersErrorCode.FORM_PROTECTED, "This form cannot be deleted.", "formId");
  if (form.enablement === FormEnablement.ENABLED) refuse(UsersErrorCode.FORM_ENABLED, "Disable it first.", "formId");
  // Whoever is giving it to somebody right now holds it, and was waited for.
  const [submission] = await db.query(
    sql`SELECT FROM form_implementations i WHERE ${db.tenantIs("i")} AND i.form_id = ${form.uuid} LIMIT 1`,
  );
  if (submission) refuse(UsersErrorCode.FORM_HAS_SUBMISSIONS, "Users have been given this form.", "formId");
  await db.query(sql`DELETE FROM form_revisions AS n WHERE ${db.tenantIs("n")} AND n.form_id = ${form.uuid}`);
  db.delete(Form, form);
}
