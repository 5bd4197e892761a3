import { GraphQLError } from "graphql";
import { Field, ID, InputType, Int, ObjectType, registerEnumType, Resolver } from "type-graphql";
import { holdersAndLeads, signedIn, tenantOf } from "../../access/index.js";
import {
  type Context,
  DateTime,
  IdempotentInput,
  payloadOf,
  Refusal,
  refuse,
  DryRun,
  Related,
  UsersError,
  usersError,
  UsersErrorCode,
  Write,
} from "../../kit/index.js";
import { User, userByGuid, UserType } from "../../users/index.js";
import { Invitation } from "../invitation.js";
import { clientInvitee, type Invitee, inviteAll, termsOf } from "../invite.js";
import { invitationByGuid } from "../loaders.js";
import { MAX_DAYS } from "../rules.js";

const MAX_ROWS = 1000;

enum BulkErrorPolicy {
  ALL_OR_NOTHING = "ALL_OR_NOTHING",
  SKIP_REFUSED = "SKIP_REFUSED",
}
registerEnumType(BulkErrorPolicy, {
  name: "BulkInviteErrorPolicy",
  description: "What becomes of the rows that could be done when others are refused.",
  valuesConfig: {
    ALL_OR_NOTHING: { description: "One refused row refuses all; `errors` names each reason with its row." },
    SKIP_REFUSED: { description: "The others are done; each result says whether its row was." },
  },
});

@InputType({ description: "One person to invite." })
class BulkInviteRow {
  @Field(() => String, { description: "The e-mail address; named in one row only." })
  email!: string;

  @Field(() => UserType, { description: "INVESTOR or ENTREPRENEUR." })
  type!: UserType;

  @Field(() => String, { nullable: true, description: "At most 32 characters." })
  title?: string | null;

  @Field(() => String, { nullable: true, description: "At most 255 characters." })
  forename?: string | null;

  @Field(() => String, { nullable: true, description: "At most 255 characters." })
  surname?: string | null;

  @Field(() => ID, { nullable: true, description: "The group that they join when they accept." })
  groupId?: string | null;

  @Field(() => ID, { nullable: true, description: "Their role in that group. Null: the group's default." })
  roleId?: string | null;
}

@InputType()
class BulkInviteUsersInput extends IdempotentInput {
  @Field(() => [BulkInviteRow], { description: `1 to ${MAX_ROWS} people.` })
  rows!: BulkInviteRow[];

  @Field(() => String, { nullable: true, description: "What the inviter adds to each mail; at most 1000 characters." })
  message?: string | null;

  @Field(() => DateTime, { nullable: true, description: `As in \`inviteUser\`: at most ${MAX_DAYS} days from now.` })
  expiresAt?: string | null;

  @Field(() => Boolean, { nullable: true, description: "As in `inviteUser`: false makes drafts." })
  send?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: tells what would become of each row, and does nothing: no user, no mail, no audit event.",
  })
  dryRun?: boolean | null;

  @Field(() => BulkErrorPolicy, { nullable: true, description: "Null: ALL_OR_NOTHING." })
  errorPolicy?: BulkErrorPolicy | null;
}

@ObjectType({ description: "What became of one row." })
export class BulkInviteResult {
  @Field(() => Int, { description: "The row's place in the input, from 0 on." })
  row!: number;

  @Field(() => [UsersError], { description: "Why it was refused. Empty: it is invited, or would be." })
  errors!: UsersError[];

  invitationGuid!: string | null;
  userGuid!: string | null;
}

const BulkInviteUsersPayload = payloadOf(
  "BulkInviteUsers",
  { results: () => [BulkInviteResult], invitedCount: () => Int, refusedCount: () => Int },
  {
    results: "One for each row, in their order; null when the mutation refused.",
    invitedCount: "How many rows are invited, or would be; null when the mutation refused.",
    refusedCount: "How many rows are not; null when the mutation refused.",
  },
);

interface Results {
  results: BulkInviteResult[];
  invitedCount: number;
  refusedCount: number;
}

@Resolver(() => BulkInviteResult)
export class FieldsOfBulkInviteResult {
  @Related({
    type: () => Invitation,
    nullable: true,
    allow: signedIn,
    description: "The invitation; null when the row was refused, or only tried.",
    one: invitationByGuid,
    from: "invitationGuid",
  })
  invitation!: Invitation | null;

  @Related({
    type: () => User,
    nullable: true,
    allow: signedIn,
    description: "The user; null when the row was refused, or only tried, or the caller may not see them yet.",
    one: userByGuid,
    from: "userGuid",
  })
  user!: User | null;
}

@Resolver()
export class BulkInviteUsers {
  @Write({
    input: () => BulkInviteUsersInput,
    payload: () => BulkInviteUsersPayload,
    allow: holdersAndLeads("invitations.write"),
    description: "Invites many clients at once, each as `inviteUser` would.",
  })
  async bulkInviteUsers(input: BulkInviteUsersInput, ctx: Context): Promise<Results> {
    const { rows, dryRun = false, errorPolicy } = input;
    if (rows.length === 0) refuse(UsersErrorCode.REQUIRED, "Name somebody to invite.", "rows");
    if (rows.length > MAX_ROWS) refuse(UsersErrorCode.LIMIT, `At most ${MAX_ROWS} rows.`, "rows");
    const tenant = await tenantOf(ctx.db);
    const terms = termsOf(ctx, input, tenant);
    const invitees = await Promise.all(rows.map((row, index) => inviteeOf(ctx, row, `rows.${index}.`)));
    const welcome = invitees.filter((invitee): invitee is Invitee => !(invitee instanceof Refusal));
    const outcomes = await inviteAll(ctx, welcome, terms, tenant);
    const outcomeOf = new Map(welcome.map((invitee, index) => [invitee, outcomes[index]!]));
    const results = invitees.map((invitee, row): BulkInviteResult => {
      const outcome = invitee instanceof Refusal ? invitee : outcomeOf.get(invitee)!;
      return outcome instanceof Refusal
        ? { row, errors: outcome.errors, invitationGuid: null, userGuid: null }
        : { row, errors: [], invitationGuid: outcome.invitation.guid, userGuid: outcome.user.guid };
    });
    const refused = results.filter(({ errors }) => errors.length > 0);
    const counted = { results, invitedCount: results.length - refused.length, refusedCount: refused.length };
    if (dryRun) throw new DryRun(counted);
    if (refused.length > 0 && errorPolicy !== BulkErrorPolicy.SKIP_REFUSED) {
      throw new Refusal(refused.flatMap(({ errors }) => errors));
    }
    return counted;
  }
}

/** The invitee of a row, or why there is none: what is wrong with one row is told of that row. */
async function inviteeOf(ctx: Context, row: BulkInviteRow, path: string): Promise<Invitee | Refusal> {
  try {
    return await clientInvitee(ctx, row, path);
  } catch (error) {
    if (error instanceof Refusal) return error;
    if (error instanceof GraphQLError && error.extensions.code === "BAD_USER_INPUT") {
      const argument = error.extensions.argument as string[];
      return new Refusal([usersError(UsersErrorCode.INVALID, error.message, argument.slice(1).join("."))]);
    }
    throw error;
  }
}
