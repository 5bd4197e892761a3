import { v7 as uuidv7 } from "uuid";
import { Field, ID, InputType } from "type-graphql";
import { type Context, DateScalar, IdempotentInput, keyOf, refuse, ruled, UsersErrorCode, UUID } from "../kit/index.js";
import { GroupMember, groupVisible, UserGroup } from "../user-groups/index.js";
import type { User } from "../users/index.js";
import { settled } from "./answering.js";
import { answerProblem, isBlank } from "./answers.js";
import { PRE_POPULATION } from "./check-definition.js";
import type { FormField } from "./definition.js";
import type { Form } from "./form.js";
import {
  type Answers,
  AssignmentType,
  FormImplementation,
  type FormImplementationAssignment,
  ImplementationStatus,
} from "./implementation.js";
import { revisionShown } from "./revision.js";

/** What giving a form to a user takes. */
@InputType()
export abstract class CreateImplementationInput extends IdempotentInput {
  @Field(() => ID, { description: "The form: global id or uuid." })
  formId!: string;

  @Field(() => ID, {
    nullable: true,
    description:
      "The user: global id or guid. Null: the caller. To find others it takes `users.read`, too, for their profile may answer.",
  })
  userId?: string | null;

  @Field(() => DateScalar, {
    nullable: true,
    description: "By which day (UTC) the user should complete it; not in the past.",
  })
  dueOn?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The group on whose behalf the user answers; they belong to it. Global id or guid.",
  })
  userGroupId?: string | null;

  @Field(() => UUID, { nullable: true, description: "The deal that the answers are for, by the deals subgraph's id." })
  dealId?: string | null;
}

/** Gives a form to a user: makes an open implementation, with the answers that the user's profile has already. */
export async function give(
  ctx: Context,
  form: Form,
  user: User,
  input: CreateImplementationInput,
): Promise<FormImplementation> {
  const { db, now } = ctx;
  const dueOn = input.dueOn ?? null;
  if (dueOn !== null && dueOn < now.toISOString().slice(0, 10)) {
    refuse(UsersErrorCode.INVALID, "The day is past.", "dueOn");
  }
  const assignments = await assignmentsOf(ctx, user, input);
  const { formFields } = (await revisionShown.load(ctx, form.revisionId))!;
  const uuid = uuidv7();
  // It is what the write is about, whoever else the input names.
  db.subject = { type: "FormImplementation", id: uuid };
  return db.insert(FormImplementation, {
    uuid,
    formId: form.uuid,
    formKind: form.kind,
    revisionId: form.revisionId,
    userId: user.guid,
    storedStatus: ImplementationStatus.ASSIGNED,
    formImplementationAssignments: assignments,
    dueOn,
    ...settled(formFields, known(formFields, user)),
  });
}

/** What the user's profile answers already, where it fits the field. */
function known(fields: readonly FormField[], user: User): Answers {
  const answers = fields.flatMap((field): [string, unknown][] => {
    const value = field.prePopulationKey === null ? null : PRE_POPULATION[field.prePopulationKey]?.(user);
    return isBlank(value) || answerProblem(field, value) !== null ? [] : [[field.uuid, value]];
  });
  return Object.fromEntries(answers);
}

async function assignmentsOf(
  ctx: Context,
  user: User,
  { userGroupId, dealId }: CreateImplementationInput,
): Promise<FormImplementationAssignment[]> {
  const assigned: [AssignmentType, string][] = [[AssignmentType.USER, user.guid]];
  if (userGroupId != null) assigned.push([AssignmentType.USER_GROUP, await groupOf(ctx, user, userGroupId)]);
  if (dealId != null) assigned.push([AssignmentType.DEAL, dealId]);
  return assigned.map(([type, assigneeId]) => ({ uuid: uuidv7(), type, assigneeId }));
}

/** The guid of a group that the caller sees and the user belongs to. */
async function groupOf(ctx: Context, user: User, id: string): Promise<string> {
  const guid = keyOf("UserGroup", id, ["input", "userGroupId"]);
  const group = await ctx.db.find(UserGroup, { guid }, ruled(groupVisible, ctx, "n"));
  if (!group) refuse(UsersErrorCode.NOT_FOUND, "UserGroup not found.", "userGroupId");
  const member = await ctx.db.find(GroupMember, { groupId: guid, userId: user.guid });
  if (!member) refuse(UsersErrorCode.NOT_A_MEMBER, "The user does not belong to this group.", "userGroupId");
  return guid;
}
