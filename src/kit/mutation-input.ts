import { Field, InputType } from "type-graphql";

/** What every mutation's input may carry. */
@InputType()
export abstract class MutationInput {
  @Field(() => String, { nullable: true, description: "Comes back in the payload as it is (Relay)." })
  clientMutationId?: string | null;
}
