import { GraphQLError } from "graphql";
import { Field, ObjectType, registerEnumType } from "type-graphql";

/**
 * Every reason for which a mutation refuses. Rooms share one list, because a client switches over it.
 * Adding a code is compatible, removing or renaming one is not.
 */
export enum UsersErrorCode {
  NOT_FOUND = "NOT_FOUND",
  REQUIRED = "REQUIRED",
  INVALID = "INVALID",
  TAKEN = "TAKEN",
  STALE_OBJECT = "STALE_OBJECT",
  INVALID_TRANSITION = "INVALID_TRANSITION",
  SELF_ACTION = "SELF_ACTION",
  LAST_ADMIN = "LAST_ADMIN",
  LEAD_CANNOT_BE_REMOVED = "LEAD_CANNOT_BE_REMOVED",
  NOT_ASSIGNED_TO_YOU = "NOT_ASSIGNED_TO_YOU",
  USER_TYPE_MISMATCH = "USER_TYPE_MISMATCH",
  UNKNOWN_CLASSIFICATION = "UNKNOWN_CLASSIFICATION",
  DUPLICATED_INPUT_ITEM = "DUPLICATED_INPUT_ITEM",
  IMPERSONATION_FORBIDDEN = "IMPERSONATION_FORBIDDEN",
}

const CODE_DESCRIPTIONS: Record<UsersErrorCode, string> = {
  NOT_FOUND: "No such object, or none that the caller may see: the two are not told apart.",
  REQUIRED: "A value that cannot be empty is null or blank.",
  INVALID: "The value breaks a rule of its field: length, format or range.",
  TAKEN: "Another object of the tenant has this value already.",
  STALE_OBJECT: "The object has changed since `expectedVersion` was read. Read it again.",
  INVALID_TRANSITION: "The object's status does not allow this step.",
  SELF_ACTION: "Nobody may do this to themselves.",
  LAST_ADMIN: "The tenant would be left without an active administrator.",
  LEAD_CANNOT_BE_REMOVED: "The user leads a group. Give the group another lead first.",
  NOT_ASSIGNED_TO_YOU: "An internal member may only write to the clients assigned to them.",
  USER_TYPE_MISMATCH: "The user is not of the type that this needs.",
  UNKNOWN_CLASSIFICATION: "No classification of the tenant has this id.",
  DUPLICATED_INPUT_ITEM: "The list names the same thing twice.",
  IMPERSONATION_FORBIDDEN: "An impersonated session may not do this.",
};

registerEnumType(UsersErrorCode, {
  name: "UsersErrorCode",
  description: "Why a mutation refused. A refused mutation has changed nothing.",
  valuesConfig: Object.fromEntries(
    Object.entries(CODE_DESCRIPTIONS).map(([code, description]) => [code, { description }]),
  ),
});

@ObjectType({ description: "One reason why a mutation refused." })
export class UsersError {
  @Field(() => UsersErrorCode, { description: "The reason, for programs." })
  code!: UsersErrorCode;

  @Field(() => String, { description: "The reason in English, for people." })
  message!: string;

  @Field(() => [String], {
    nullable: true,
    description: 'The path of the refused value from `input` on, e.g. `["input", "email"]`. Null: no single value.',
  })
  field!: string[] | null;
}

/** Thrown by a write to refuse: rolls everything back and becomes the payload's `errors`. */
export class Refusal extends Error {
  readonly errors: UsersError[];

  constructor(errors: UsersError[]) {
    super(errors.map((error) => error.message).join(" "));
    this.errors = errors;
  }
}

/** Refuses a write for one reason. `field` is the path below `input`, e.g. "email" or "ids.3". */
export function refuse(code: UsersErrorCode, message: string, field?: string): never {
  throw new Refusal([usersError(code, message, field)]);
}

export function usersError(code: UsersErrorCode, message: string, field?: string): UsersError {
  return { code, message, field: field === undefined ? null : ["input", ...field.split(".")] };
}

/** The argument is malformed: a top-level error, for the caller's programmer. `path` leads to the argument. */
export const badUserInput = (message: string, path: readonly (string | number)[]): GraphQLError =>
  new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT", argument: path } });

export const unauthenticated = (message = "A valid bearer token is required."): GraphQLError =>
  new GraphQLError(message, { extensions: { code: "UNAUTHENTICATED", http: { status: 401 } } });

/** Something that we depend on is away; asking again may help. */
export const unavailable = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: "UNAVAILABLE", http: { status: 503 } } });

export const forbidden = (sentence: string): GraphQLError =>
  new GraphQLError(`You may not do this. ${sentence}`, { extensions: { code: "FORBIDDEN" } });
