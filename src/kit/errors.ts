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
  ALREADY_INVITED = "ALREADY_INVITED",
  ALREADY_ACTIVE = "ALREADY_ACTIVE",
  ROLE_NOT_ASSIGNABLE = "ROLE_NOT_ASSIGNABLE",
  OUT_OF_SCOPE_ROLE = "OUT_OF_SCOPE_ROLE",
  EMAIL_DOMAIN_NOT_ALLOWED = "EMAIL_DOMAIN_NOT_ALLOWED",
  NOT_A_SHELL = "NOT_A_SHELL",
  LEAD_EXISTS = "LEAD_EXISTS",
  LEAD_ELSEWHERE = "LEAD_ELSEWHERE",
  NOT_A_MEMBER = "NOT_A_MEMBER",
  USER_NOT_ACTIVE = "USER_NOT_ACTIVE",
  LAST_SIGNATORY = "LAST_SIGNATORY",
  GROUP_NOT_EMPTY = "GROUP_NOT_EMPTY",
  OPEN_INVITATIONS = "OPEN_INVITATIONS",
  UNKNOWN_FEATURE_FLAG = "UNKNOWN_FEATURE_FLAG",
  INVITATION_NOT_SENT = "INVITATION_NOT_SENT",
  INVITATION_COMPLETED = "INVITATION_COMPLETED",
  INVITATION_EXPIRED = "INVITATION_EXPIRED",
  INVITATION_REVOKED = "INVITATION_REVOKED",
  RESEND_TOO_SOON = "RESEND_TOO_SOON",
  RESEND_LIMIT = "RESEND_LIMIT",
  LOGIN_TOKEN_EXPIRED = "LOGIN_TOKEN_EXPIRED",
  LOGIN_TOKEN_REDEEMED = "LOGIN_TOKEN_REDEEMED",
  CHAINED = "CHAINED",
  LIMIT = "LIMIT",
  DUPLICATE_REFERENCE = "DUPLICATE_REFERENCE",
  CONDITION_CYCLE = "CONDITION_CYCLE",
  INVALID_VALIDATOR = "INVALID_VALIDATOR",
  FORM_HAS_SUBMISSIONS = "FORM_HAS_SUBMISSIONS",
  FORM_PROTECTED = "FORM_PROTECTED",
  FORM_ENABLED = "FORM_ENABLED",
  FORM_DISABLED = "FORM_DISABLED",
  FORM_NOT_PUBLISHED = "FORM_NOT_PUBLISHED",
  ALREADY_EXISTS = "ALREADY_EXISTS",
  CLASSIFICATION_MISMATCH = "CLASSIFICATION_MISMATCH",
  ANSWER_INVALID = "ANSWER_INVALID",
  ANSWERS_LOCKED = "ANSWERS_LOCKED",
  IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT",
  TOO_MANY_ROWS = "TOO_MANY_ROWS",
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
  NOT_ASSIGNED_TO_YOU:
    "An internal member may only write to the clients assigned to them, a lead only to the group they lead.",
  USER_TYPE_MISMATCH: "The user is not of the type that this needs.",
  UNKNOWN_CLASSIFICATION: "No classification of the tenant has this id.",
  DUPLICATED_INPUT_ITEM: "The list names the same thing twice.",
  IMPERSONATION_FORBIDDEN: "Nobody may act as this user, or an impersonated session may not do this.",
  ALREADY_INVITED: "An invitation of this e-mail address is open. Send it again instead.",
  ALREADY_ACTIVE: "Somebody with this e-mail address has an account already.",
  ROLE_NOT_ASSIGNABLE:
    "The caller may not give this role: it stands above their own, holds a permission they lack, or is for another kind of group.",
  OUT_OF_SCOPE_ROLE: "A role of staff where one of a group is needed, or the other way round.",
  EMAIL_DOMAIN_NOT_ALLOWED: "The tenant's staff do not have e-mail addresses of this domain.",
  NOT_A_SHELL: "The group is not a shell.",
  LEAD_EXISTS: "The group has a lead.",
  LEAD_ELSEWHERE: "The user leads another group; nobody leads two.",
  NOT_A_MEMBER: "The user does not belong to the group.",
  USER_NOT_ACTIVE: "The user's account is not active.",
  LAST_SIGNATORY: "Nobody of the group could sign for it any more.",
  GROUP_NOT_EMPTY: "The group has members.",
  OPEN_INVITATIONS: "Invitations into the group are open.",
  UNKNOWN_FEATURE_FLAG: "The tenant has no feature flag of this key.",
  INVITATION_NOT_SENT: "The invitation waits for approval: no mail has been sent.",
  INVITATION_COMPLETED: "The invitation is accepted.",
  INVITATION_EXPIRED: "The invitation is past its date. Ask for another mail.",
  INVITATION_REVOKED: "The invitation is withdrawn.",
  RESEND_TOO_SOON: "The last mail is too young.",
  RESEND_LIMIT: "No more mails are sent for this invitation.",
  LOGIN_TOKEN_EXPIRED: "The login token is past its end, or its user or maker was locked out since.",
  LOGIN_TOKEN_REDEEMED: "The login token was used.",
  CHAINED: "Whoever acts as somebody cannot act as somebody else.",
  LIMIT: "More than one request or object may hold.",
  DUPLICATE_REFERENCE: "Two fields or pages of a form have one reference.",
  CONDITION_CYCLE: "Fields of a form are shown or hidden by each other in a circle.",
  INVALID_VALIDATOR:
    "A rule that no answer could keep, that is not for this type of field, or whose pattern cannot be run in linear time.",
  FORM_HAS_SUBMISSIONS: "Users have been given this form.",
  FORM_PROTECTED: "The form, or this field of it, belongs to the platform: its `editorValidator` forbids this.",
  FORM_ENABLED: "The form is enabled. Disable it first.",
  FORM_DISABLED: "The form is not enabled.",
  FORM_NOT_PUBLISHED: "The form is not published.",
  ALREADY_EXISTS: "The user has an open implementation of this form, or one that still counts.",
  CLASSIFICATION_MISMATCH: "The form is for investors of other classifications.",
  ANSWER_INVALID: "An answer is missing, not of its field's type, or breaks a rule of it.",
  ANSWERS_LOCKED: "The answers are completed. Reopen them first, where that is allowed.",
  IDEMPOTENCY_CONFLICT: "The idempotency key was used with another input.",
  TOO_MANY_ROWS: "More rows than a file may have. Narrow the filter.",
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

/** The reason is for the log alone, and may hold no secret. */
export const unauthenticated = (message = "A valid bearer token is required.", reason?: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: "UNAUTHENTICATED", http: { status: 401 }, reason } });

/** Something that we depend on is away; asking again may help. The cause is for the log. */
export const unavailable = (message: string, cause: Error): GraphQLError =>
  new GraphQLError(message, { originalError: cause, extensions: { code: "UNAVAILABLE", http: { status: 503 } } });

export const forbidden = (sentence: string): GraphQLError =>
  new GraphQLError(`You may not do this. ${sentence}`, { extensions: { code: "FORBIDDEN" } });
