import { Field, InputType, Int } from "type-graphql";
import { FormInput } from "../forms/index.js";
import { payloadOf } from "../kit/index.js";
import { InvestorPreferenceForm } from "./investor-preference-form.js";

/** What changes of an offer take. */
@InputType()
export abstract class OfferInput extends FormInput {
  @Field(() => Boolean, {
    nullable: true,
    description: "True: tells how many users the change would be felt by, and changes nothing.",
  })
  dryRun?: boolean | null;
}

/** What they answer. */
export const offerPayload = (operation: string) =>
  payloadOf(
    operation,
    { investorPreferenceForm: () => InvestorPreferenceForm, affectedUserCount: () => Int },
    {
      investorPreferenceForm: "As it is after the change, or is still after a dry run; null when the mutation refused.",
      affectedUserCount:
        "How many investors feel the change: who gain or lose the form, of whom it asks more or less because they have not completed it, or who have and may now change their answers or no longer. Null when the mutation refused.",
    },
  );
