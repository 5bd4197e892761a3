import { Field, InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { EnforcementType, FormKind, formToChange } from "../../forms/index.js";
import { type Context, Write } from "../../kit/index.js";
import { offerPayload, OfferInput } from "../inputs.js";
import { changeOffer } from "../rules.js";

@InputType()
class UpdateInvestorPreferenceFormEnforcementTypeInput extends OfferInput {
  @Field(() => EnforcementType, { description: "How much it is insisted on." })
  enforcementType!: EnforcementType;
}

const UpdateInvestorPreferenceFormEnforcementTypePayload = offerPayload("UpdateInvestorPreferenceFormEnforcementType");

@Resolver()
export class UpdateInvestorPreferenceFormEnforcementType {
  @Write({
    input: () => UpdateInvestorPreferenceFormEnforcementTypeInput,
    payload: () => UpdateInvestorPreferenceFormEnforcementTypePayload,
    scans: true,
    allow: administrators("forms.write"),
    description:
      "Sets how much a form is insisted on. A form that is not published cannot be made REQUIRED. Setting it to what it is succeeds.",
  })
  async updateInvestorPreferenceFormEnforcementType(
    input: UpdateInvestorPreferenceFormEnforcementTypeInput,
    ctx: Context,
  ): ReturnType<typeof changeOffer> {
    const form = await formToChange(ctx, input, [FormKind.INVESTOR_PREFERENCE]);
    return changeOffer(ctx, form, { enforcementType: input.enforcementType }, input);
  }
}
