import { Field, ID, InputType } from "type-graphql";
import { MutationInput } from "../kit/index.js";

/** What writes about a membership name. */
@InputType()
export abstract class MembershipInput extends MutationInput {
  @Field(() => ID, { description: "The group: global id or guid." })
  groupId!: string;

  @Field(() => ID, { description: "The user: global id or guid." })
  userId!: string;
}
