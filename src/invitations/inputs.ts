import { Field, ID, InputType } from "type-graphql";
import { DateTime, IdempotentInput } from "../kit/index.js";
import { MAX_DAYS } from "./rules.js";

/** What the inputs of single invitations share. */
@InputType()
export abstract class InviteInput extends IdempotentInput {
  @Field(() => String, {
    description:
      "The e-mail address that the mail goes to; at most 254 characters (RFC 5321). Known in the tenant without regard to case.",
  })
  email!: string;

  @Field(() => String, { nullable: true, description: "At most 32 characters." })
  title?: string | null;

  @Field(() => String, { nullable: true, description: "At most 255 characters." })
  forename?: string | null;

  @Field(() => String, { nullable: true, description: "At most 255 characters." })
  surname?: string | null;

  @Field(() => String, { nullable: true, description: "What the inviter adds to the mail; at most 1000 characters." })
  message?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: `Until when it can be accepted: in the future, at most ${MAX_DAYS} days from now. Null: the tenant's usual time, counted from sending.`,
  })
  expiresAt?: string | null;
}

@InputType()
export abstract class InvitationInput extends IdempotentInput {
  @Field(() => ID, { description: "The invitation: global id or guid." })
  invitationId!: string;
}
