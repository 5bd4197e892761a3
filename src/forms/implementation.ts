import { Field, ObjectType, registerEnumType } from "type-graphql";
import { Check, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import {
  Attribute,
  Computed,
  ComputedList,
  type Context,
  DateScalar,
  DateTime,
  Document,
  GlobalId,
  Hidden,
  JSONValue,
  Node,
  oneBy,
  raw,
  sql,
  type Sql,
  UUID,
} from "../kit/index.js";
import { User } from "../users/index.js";
import { FormField } from "./definition.js";
import { Form, type FormKind } from "./form.js";
import { FormRevision, revisionShown } from "./revision.js";
import { implementationVisible } from "./visible.js";

export enum ImplementationStatus {
  ASSIGNED = "ASSIGNED",
  IN_PROGRESS = "IN_PROGRESS",
  COMPLETED = "COMPLETED",
  EXPIRED = "EXPIRED",
}
registerEnumType(ImplementationStatus, {
  name: "UserFormImplementationStatus",
  description: "How far a user is with a form.",
  valuesConfig: {
    ASSIGNED: { description: "Given to the user, who has not answered yet." },
    IN_PROGRESS: { description: "Answered in part, or reopened." },
    COMPLETED: { description: "Every visible required field is answered validly; the answers are locked." },
    EXPIRED: { description: "Completed, but no longer valid: it has to be done again. Derived: never stored." },
  },
});

export enum ImplementationType {
  STANDARD = "STANDARD",
  TRANSACTION = "TRANSACTION",
}
registerEnumType(ImplementationType, {
  name: "UserFormImplementationType",
  description: "What a form is filled in for.",
  valuesConfig: {
    STANDARD: { description: "For the user, or for a group that they belong to." },
    TRANSACTION: { description: "For a deal." },
  },
});

export enum AssignmentType {
  USER = "USER",
  USER_GROUP = "USER_GROUP",
  DEAL = "DEAL",
}
registerEnumType(AssignmentType, {
  name: "UserFormImplementationAssignmentType",
  description: "Whom or what an implementation is assigned to.",
  valuesConfig: {
    USER: { description: "The user who answers." },
    USER_GROUP: { description: "The group on whose behalf the user answers." },
    DEAL: { description: "The deal that the answers are for." },
  },
});

@ObjectType("UserFormImplementationAssignment", {
  description: "Whom or what an implementation was assigned to when it was made.",
})
export class FormImplementationAssignment {
  @Field(() => UUID, { description: "The assignment's own id." })
  uuid!: string;

  @Field(() => AssignmentType, { description: "Whom or what it names." })
  type!: AssignmentType;

  @Field(() => UUID, { description: "The user's or group's guid, or the deal's id; it may have been deleted since." })
  assigneeId!: string;
}

@ObjectType("UserFormFieldAnswer", { description: "A user's answer to one field." })
export class FormFieldAnswer {
  @Field(() => FormField, { description: "The field, as it is in the implementation's revision." })
  formField!: FormField;

  @Field(() => JSONValue, { description: "The answer, as the field's type has it." })
  value!: unknown;
}

/** EXPIRED follows from the clock: a COMPLETED one that is no longer valid. Said here in both languages. */
export const implementationStatusOf = (
  { storedStatus, validUntil }: Pick<FormImplementation, "storedStatus" | "validUntil">,
  now: Date,
): ImplementationStatus =>
  storedStatus === ImplementationStatus.COMPLETED && validUntil !== null && new Date(validUntil) <= now
    ? ImplementationStatus.EXPIRED
    : storedStatus;

/** Whether the implementation of that alias is completed and still valid. */
export const inForce = (alias: string, now: Date): Sql =>
  sql`(${raw(alias)}.status = 'COMPLETED' AND coalesce(${raw(alias)}.valid_until > ${now}, true))`;

/** Whether it stands at that status. */
export function statusIs(alias: string, status: ImplementationStatus, now: Date): Sql {
  const valid = sql`coalesce(${raw(alias)}.valid_until > ${now}, true)`;
  switch (status) {
    case ImplementationStatus.EXPIRED:
      return sql`(${raw(alias)}.status = 'COMPLETED' AND NOT ${valid})`;
    case ImplementationStatus.COMPLETED:
      return inForce(alias, now);
    default:
      return raw(`${alias}.status = '${status}'`);
  }
}

/** Field uuid -> answer. */
export type Answers = Readonly<Record<string, unknown>>;

/** The answers of one of the two columns with their fields, in the order of the fields; in both languages. */
const answered = (column: "answers" | "drafts") => ({
  of: async (row: FormImplementation, ctx: Context): Promise<FormFieldAnswer[]> => {
    if (!(await mayRead(row, ctx))) return [];
    const { formFields } = (await revisionShown.load(ctx, row.revisionId))!;
    return formFields
      .filter(({ uuid }) => Object.hasOwn(row[column], uuid))
      .map((formField) => ({ formField, value: row[column][formField.uuid] }));
  },
  rows: (row: string, { db }: Context): Sql => sql`SELECT f.value AS "formField",
      ${raw(`${row}.${column}`)} -> (f.value ->> 'uuid') AS "value"
    FROM form_revisions r, jsonb_array_elements(r.form_fields) WITH ORDINALITY f(value, place)
    WHERE ${db.tenantIs("r")} AND r.id = ${raw(row)}.revision_id AND ${raw(`${row}.${column}`)} ? (f.value ->> 'uuid')
    ORDER BY f.place`,
});

/** One user's instance of a form, pinned to the revision that it was started on. */
@ObjectType("UserFormImplementation", {
  implements: Node,
  description: "One user's instance of a form, pinned to the revision that it was made from; holds the answers.",
})
@Entity("form_implementations")
@Check("form_implementations_status", `"status" IN ('ASSIGNED', 'IN_PROGRESS', 'COMPLETED')`)
@Check("form_implementations_completed", `("status" = 'COMPLETED') = ("completed_at" IS NOT NULL)`)
@ForeignKey(() => Form, ["tenantId", "formId"], ["tenantId", "uuid"], { name: "form_implementations_form" })
@ForeignKey(() => FormRevision, ["tenantId", "revisionId"], ["tenantId", "uuid"], {
  name: "form_implementations_revision",
})
@ForeignKey(() => User, ["tenantId", "userId"], ["tenantId", "guid"], { name: "form_implementations_user" })
@Index("form_implementations_open", ["tenantId", "formId", "userId"], {
  unique: true,
  where: `"status" IN ('ASSIGNED', 'IN_PROGRESS')`,
})
@Index("form_implementations_by_user", ["tenantId", "userId", "createdAt", "uuid"])
@Index("form_implementations_by_form", ["tenantId", "formId", "createdAt", "uuid"])
@Index("form_implementations_by_form_and_user", ["tenantId", "formId", "userId", "storedStatus", "validUntil"])
@Index("form_implementations_by_revision", ["tenantId", "revisionId"])
@Index("form_implementations_by_created_at", ["tenantId", "formKind", "createdAt", "uuid"])
@Index("form_implementations_by_status", ["tenantId", "formKind", "storedStatus", "createdAt", "uuid"])
@Index("form_implementations_by_completed_at", ["tenantId", "formKind", "completedAt", "uuid"])
export class FormImplementation implements Node {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @GlobalId("uuid", "UserFormImplementation")
  id!: string;

  @Attribute(() => UUID, { primary: true, name: "id", description: "The platform's own id, and a federation key." })
  uuid!: string;

  @Hidden("uuid")
  formId!: string;

  /** The form's, so that the lists of one kind are one range of an index. */
  @Hidden("text")
  formKind!: FormKind;

  @Hidden("uuid")
  revisionId!: string;

  @Hidden("uuid")
  userId!: string;

  @Hidden("text", { name: "status", default: ImplementationStatus.ASSIGNED })
  storedStatus!: ImplementationStatus;

  @Computed<FormImplementation>(() => ImplementationStatus, {
    description: "How far the user is.",
    of: (row, { now }) => implementationStatusOf(row, now),
    sql: (row, { now }) =>
      sql`CASE WHEN ${statusIs(row, ImplementationStatus.EXPIRED, now)} THEN 'EXPIRED' ELSE ${raw(`${row}.status`)} END`,
  })
  status!: ImplementationStatus;

  @Computed<FormImplementation>(() => ImplementationType, {
    description: "What it is filled in for: TRANSACTION if it is assigned to a deal.",
    of: ({ formImplementationAssignments }) =>
      formImplementationAssignments.some(({ type }) => type === AssignmentType.DEAL)
        ? ImplementationType.TRANSACTION
        : ImplementationType.STANDARD,
    sql: (row) => sql`CASE WHEN ${raw(row)}.assignments @> '[{"type": "DEAL"}]' THEN 'TRANSACTION' ELSE 'STANDARD' END`,
  })
  type!: ImplementationType;

  @Document(() => [FormImplementationAssignment], {
    name: "assignments",
    description: "Whom and what it was assigned to: the user, and perhaps a group and a deal.",
  })
  formImplementationAssignments!: FormImplementationAssignment[];

  @Attribute(() => Number, {
    default: 0,
    description:
      "How much of what it asks now is answered validly: percent of the visible fields, rounded down; 100 when it asks nothing.",
  })
  progress!: number;

  @ComputedList<FormImplementation>(() => FormFieldAnswer, {
    description:
      "The answers to the fields that the conditions show, in the order of the fields; of a completed one the whole set. None to whoever may not see the user's implementations.",
    ...answered("answers"),
  })
  formFieldAnswers!: FormFieldAnswer[];

  @ComputedList<FormImplementation>(() => FormFieldAnswer, {
    description:
      "Answers to fields that the conditions hide now: kept in case they are shown again, and no part of what is completed.",
    ...answered("drafts"),
  })
  hiddenFieldAnswers!: FormFieldAnswer[];

  /** Personal data: told to nobody but as answers above, and to no audit event. */
  @Hidden("jsonb", { default: {} })
  answers!: Answers;

  @Hidden("jsonb", { default: {} })
  drafts!: Answers;

  @Attribute(() => DateScalar, { nullable: true, description: "By which day (UTC) the user should complete it." })
  dueOn!: string | null;

  @Attribute(() => DateTime, { default: () => "now()", description: "When it was made." })
  createdAt!: string;

  @Attribute(() => DateTime, { default: () => "now()", description: "When it last changed." })
  updatedAt!: string;

  @Attribute(() => DateTime, { nullable: true, description: "When it was completed; null while it is open." })
  completedAt!: string | null;

  @Attribute(() => DateTime, {
    nullable: true,
    description: "Until when the completed answers count, a midnight of UTC. Null: without end, or not completed.",
  })
  validUntil!: string | null;

  @Attribute(() => Number, {
    default: 1,
    description: "Grows by one with every change; give it back as `expectedVersion`.",
  })
  version!: number;
}

export const implementationByUuid = oneBy(FormImplementation, "uuid", implementationVisible);

/** A mutation's payload, also one that is answered again, shows its object to who may write it; answers take more. */
async function mayRead(row: FormImplementation, ctx: Context): Promise<boolean> {
  const { viewer, now } = ctx;
  if (viewer.kind === "USER" && viewer.id === row.userId) return true;
  if (implementationVisible(viewer, "n", now) === null) return true;
  return (await implementationByUuid.load(ctx, row.uuid)) !== null;
}
