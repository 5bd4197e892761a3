import {
  type Answers,
  AssignmentType,
  checkDefinition,
  type Definition,
  type DefinitionInput,
  type Form,
  FormEnablement,
  type FormImplementation,
  type FormImplementationAssignment,
  FormKind,
  type FormRevision,
  FormState,
  FormTypeName,
  ImplementationStatus,
  settled,
  validUntil,
} from "../forms/index.js";
import { sampleId } from "./write-tenant.js";

/** A form with its only revision, but for the dates. */
export interface SampleForm {
  form: Pick<Form, "uuid" | "kind" | "name"> & Partial<Form>;
  revision: Definition & Pick<FormRevision, "uuid" | "revalidateAfterMonths"> & Partial<FormRevision>;
  /** The uuid of a field by its reference. */
  fields: ReadonlyMap<string, string>;
}

interface KnownIds {
  form?: string;
  /** By their references. */
  fields: Readonly<Record<string, string>>;
}

type FormPlan = DefinitionInput &
  Pick<Form, "name" | "description"> &
  Partial<Pick<Form, "kind" | "formTypeName" | "state" | "enablement" | "enforcementType" | "editable">> &
  Partial<Pick<FormRevision, "revalidateAfterMonths">>;

/**
 * A published form, enabled unless told otherwise. Everything in it has an id that follows from its number unless it is
 * known by another one: the same in every tenant, so that documents can name it.
 */
export function sampleForm(number: number, plan: FormPlan, known: KnownIds = { fields: {} }): SampleForm {
  const { formPages, formFields, formSettings, revalidateAfterMonths = null, ...rest } = plan;
  const definition = checkDefinition({ formPages, formFields, formSettings }, null);
  // Fields hold their pages themselves.
  for (const page of definition.formPages) page.uuid = sampleId(number * 0x100 + 0x80 + page.order);
  for (const field of definition.formFields) {
    field.uuid = known.fields[field.reference] ?? sampleId(number * 0x100 + 1 + field.order);
  }
  return {
    form: {
      uuid: known.form ?? sampleId(number),
      kind: FormKind.USER_DATA,
      formTypeName: FormTypeName.STANDARD,
      state: FormState.PUBLISHED,
      enablement: FormEnablement.ENABLED,
      editorValidator: { canDelete: true, canEdit: true, protectedFields: [] },
      enforcementType: null,
      editable: false,
      stagedRevisionId: null,
      version: 1,
      ...rest,
    },
    revision: {
      uuid: sampleId(number + 0x10),
      number: 1,
      name: rest.name,
      description: rest.description,
      ...definition,
      revalidateAfterMonths,
    },
    fields: new Map(definition.formFields.map(({ reference, uuid }) => [reference, uuid])),
  };
}

export const formRow = ({ form, revision }: SampleForm, createdAt: string): Partial<Form> => ({
  ...form,
  revisionId: revision.uuid,
  createdAt,
  updatedAt: createdAt,
});

export const revisionRow = ({ form, revision }: SampleForm, createdAt: string): Partial<FormRevision> => ({
  ...revision,
  formId: form.uuid,
  createdAt,
  publishedAt: form.state === FormState.DRAFT ? null : createdAt,
});

interface Given {
  uuid: string;
  userId: string;
  assignments: FormImplementationAssignment[];
  /** By the references of the fields. */
  answers?: Answers;
  createdAt: string;
  completedAt?: string | null;
}

/** A form as it was given to a user, with what they answered. */
export function implementationRow(
  { form, revision, fields }: SampleForm,
  { uuid, userId, assignments, answers = {}, createdAt, completedAt = null }: Given,
): Partial<FormImplementation> {
  const given = Object.entries(answers).map(([reference, value]) => [fields.get(reference)!, value] as const);
  const open = given.length > 0 ? ImplementationStatus.IN_PROGRESS : ImplementationStatus.ASSIGNED;
  const months = revision.revalidateAfterMonths;
  return {
    uuid,
    formId: form.uuid,
    formKind: form.kind,
    revisionId: revision.uuid,
    userId,
    storedStatus: completedAt === null ? open : ImplementationStatus.COMPLETED,
    formImplementationAssignments: assignments,
    ...settled(revision.formFields, Object.fromEntries(given)),
    dueOn: null,
    createdAt,
    updatedAt: completedAt ?? createdAt,
    completedAt,
    validUntil: completedAt === null ? null : validUntil(new Date(completedAt), months),
    version: 1,
  };
}

export const assignedTo = (userId: string, uuid: string): FormImplementationAssignment[] => [
  { uuid, type: AssignmentType.USER, assigneeId: userId },
];
