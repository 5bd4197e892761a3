import { Field, ID, InterfaceType, ObjectType, registerEnumType } from "type-graphql";
import { Check, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import {
  Attribute,
  Computed,
  type Context,
  DateTime,
  Document,
  globalIdSql,
  Hidden,
  Node,
  normalise,
  raw,
  sql,
  type Sql,
  toGlobalId,
  UUID,
} from "../kit/index.js";
import { EditorValidator, FormField, FormPage, FormSetting } from "./definition.js";
import { FormRevision, revisionShown } from "./revision.js";

/** Which of the two kinds a form is; each is a GraphQL type of its own. */
export enum FormKind {
  USER_DATA = "USER_DATA",
  INVESTOR_PREFERENCE = "INVESTOR_PREFERENCE",
}

export const TYPE_OF_KIND = {
  [FormKind.USER_DATA]: "UserDataForm",
  [FormKind.INVESTOR_PREFERENCE]: "InvestorPreferenceForm",
} as const;

export enum FormState {
  DRAFT = "DRAFT",
  PUBLISHED = "PUBLISHED",
  ARCHIVED = "ARCHIVED",
}
registerEnumType(FormState, {
  name: "UserFormState",
  description: "Where the editing of a form stands.",
  valuesConfig: {
    DRAFT: { description: "Being written; nobody can be given it." },
    PUBLISHED: { description: "Finished; changes are staged as the next revision." },
    ARCHIVED: { description: "Put away for good: neither changed nor given to anybody." },
  },
});

export enum FormEnablement {
  ENABLED = "ENABLED",
  DISABLED = "DISABLED",
}
registerEnumType(FormEnablement, {
  name: "UserFormEnablement",
  description: "Whether a form is offered. Only a published form can be.",
  valuesConfig: {
    ENABLED: { description: "Users see it and can be given it." },
    DISABLED: { description: "Hidden from those who have not been given it; it blocks nobody." },
  },
});

export enum EnforcementType {
  OPTIONAL = "OPTIONAL",
  RECOMMENDED = "RECOMMENDED",
  REQUIRED = "REQUIRED",
}
registerEnumType(EnforcementType, {
  name: "InvestorPreferenceFormEnforcementType",
  description: "How much an investor preference form is insisted on.",
  valuesConfig: {
    OPTIONAL: { description: "It is offered." },
    RECOMMENDED: { description: "It is asked at sign-in, and may be put off." },
    REQUIRED: { description: "It blocks investing until it is completed." },
  },
});

export enum FormTypeName {
  STANDARD = "STANDARD",
  ONBOARDING = "ONBOARDING",
  COMPLIANCE = "COMPLIANCE",
}
registerEnumType(FormTypeName, {
  name: "UserFormTypeName",
  description: "What kind of questions a form asks.",
  valuesConfig: {
    STANDARD: { description: "Any." },
    ONBOARDING: { description: "What is asked when an account is set up." },
    COMPLIANCE: { description: "What a law or a regulator wants asked." },
  },
});

/** The platform's own ids of the types, the same in every tenant. */
const FORM_TYPES: Record<FormTypeName, string> = {
  [FormTypeName.STANDARD]: "57e1ade8-900d-4705-a469-c34e8501ea03",
  [FormTypeName.ONBOARDING]: "8a1f7f0e-5f0c-4d5b-9a53-0c1d6f4b2e11",
  [FormTypeName.COMPLIANCE]: "c0b9e6a4-3d27-4f6e-8c95-7be2a1d4f322",
};

@ObjectType("UserFormType", { description: "What kind of questions a form asks." })
export class FormType {
  @Field(() => UUID, { description: "The platform's own id, the same in every tenant." })
  uuid!: string;

  @Field(() => FormTypeName, { description: "The type by its name." })
  name!: FormTypeName;
}

/** A part of the form's present revision, in both languages. */
const ofRevision = (property: "formPages" | "formFields" | "formSettings", column: string) => ({
  of: async ({ revisionId }: Form, ctx: Context): Promise<unknown> =>
    // A draft may be deleted while a list of forms is answered.
    (await revisionShown.load(ctx, revisionId))?.[property] ?? [],
  sql: (row: string, { db }: Context): Sql => sql`(SELECT ${raw(`r.${column}`)} FROM form_revisions r
    WHERE ${db.tenantIs("r")} AND r.id = ${raw(row)}.revision_id)`,
});

/**
 * A form of either kind: one table, one GraphQL interface, an object type for each kind. What it asks is held by its
 * revisions; the row carries the present one's name for lists.
 */
@InterfaceType("UserForm", {
  implements: Node,
  description: "A form that users fill in: a user data form or an investor preference form.",
  resolveType: ({ kind }: Form) => TYPE_OF_KIND[kind],
})
@Entity("forms")
@Check("forms_kind", `"kind" IN ('USER_DATA', 'INVESTOR_PREFERENCE')`)
@Check("forms_state", `"state" IN ('DRAFT', 'PUBLISHED', 'ARCHIVED')`)
@Check("forms_enablement", `"enablement" = 'DISABLED' OR ("enablement" = 'ENABLED' AND "state" = 'PUBLISHED')`)
@Check("forms_type", `"form_type" IN ('STANDARD', 'ONBOARDING', 'COMPLIANCE')`)
@Check("forms_enforcement", `("kind" = 'INVESTOR_PREFERENCE') = ("enforcement_type" IS NOT NULL)`)
@Check("forms_enforcement_type", `"enforcement_type" IN ('OPTIONAL', 'RECOMMENDED', 'REQUIRED')`)
@ForeignKey(() => FormRevision, ["tenantId", "revisionId"], ["tenantId", "uuid"], {
  name: "forms_revision",
  deferrable: "INITIALLY DEFERRED",
})
@ForeignKey(() => FormRevision, ["tenantId", "stagedRevisionId"], ["tenantId", "uuid"], {
  name: "forms_staged_revision",
  deferrable: "INITIALLY DEFERRED",
})
@Index("forms_by_name", ["tenantId", "kind", "nameNorm", "uuid"])
@Index("forms_by_created_at", ["tenantId", "kind", "createdAt", "uuid"])
@Index("forms_enabled", ["tenantId", "kind", "nameNorm", "uuid"], { where: `"enablement" = 'ENABLED'` })
export class Form implements Node {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @Computed<Form>(() => ID, {
    description: "The global id: opaque, stable for ever.",
    of: ({ kind, uuid }) => toGlobalId(TYPE_OF_KIND[kind], uuid),
    sql: (row) => sql`CASE ${raw(row)}.kind
      WHEN 'USER_DATA' THEN ${globalIdSql("UserDataForm", row)} ELSE ${globalIdSql("InvestorPreferenceForm", row)} END`,
  })
  id!: string;

  @Attribute(() => UUID, { primary: true, name: "id", description: "The platform's own id, and a federation key." })
  uuid!: string;

  @Hidden("text")
  kind!: FormKind;

  @Attribute(() => String, { description: "What people read." })
  name!: string;

  @Attribute(() => String, { nullable: true, description: "What the form is for." })
  description!: string | null;

  @Hidden("text", { name: "form_type" })
  formTypeName!: FormTypeName;

  @Computed<Form>(() => FormType, {
    description: "What kind of questions it asks.",
    of: ({ formTypeName: name }) => ({ uuid: FORM_TYPES[name], name }),
    sql: (row) => sql`jsonb_build_object('name', ${raw(row)}.form_type,
      'uuid', ${JSON.stringify(FORM_TYPES)}::jsonb -> ${raw(row)}.form_type)`,
  })
  formType!: FormType;

  @Attribute(() => FormState, { description: "Where its editing stands." })
  state!: FormState;

  @Attribute(() => FormEnablement, {
    default: FormEnablement.DISABLED,
    description: "Whether it is offered to users.",
  })
  enablement!: FormEnablement;

  @Document(() => EditorValidator, { description: "What the platform's form editor may do with it." })
  editorValidator!: EditorValidator;

  @Hidden("uuid")
  revisionId!: string;

  @Hidden("uuid", { nullable: true })
  stagedRevisionId!: string | null;

  @Computed<Form>(() => [FormPage], {
    description: "The pages of its present revision, in their order; at most 50.",
    ...ofRevision("formPages", "form_pages"),
  })
  formPages!: FormPage[];

  @Computed<Form>(() => [FormField], {
    description: "The fields of its present revision, in their order; at most 500.",
    ...ofRevision("formFields", "form_fields"),
  })
  formFields!: FormField[];

  @Computed<Form>(() => [FormSetting], {
    description: "The settings of its present revision; at most 50.",
    ...ofRevision("formSettings", "form_settings"),
  })
  formSettings!: FormSetting[];

  /** The two of investor preference forms alone; null or false for the other kind. */
  @Hidden("text", { nullable: true })
  enforcementType!: EnforcementType | null;

  @Hidden("boolean", { default: false })
  editable!: boolean;

  @Attribute(() => DateTime, { default: () => "now()", description: "When it was made." })
  createdAt!: string;

  @Attribute(() => DateTime, { default: () => "now()", description: "When it last changed." })
  updatedAt!: string;

  @Attribute(() => Number, {
    default: 1,
    description: "Grows by one with every change; give it back as `expectedVersion`.",
  })
  version!: number;

  @Hidden("text", { select: false })
  nameNorm!: string;

  static derive({ name = "" }: Partial<Form>): Partial<Form> {
    return { nameNorm: normalise(name) };
  }
}
