import { Field, InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { FormEnablement, FormKind, formToChange } from "../../forms/index.js";
import { type Context, Write } from "../../kit/index.js";
import { offerPayload, OfferInput } from "../inputs.js";
import { changeOffer } from "../rules.js";

@InputType()
class UpdateInvestorPreferenceFormStateInput extends OfferInput {
  @Field(() => FormEnablement, { description: "Whether it is offered." })
  enablement!: FormEnablement;
}

const UpdateInvestorPreferenceFormStatePayload = offerPayload("UpdateInvestorPreferenceFormState");

@Resolver()
export class UpdateInvestorPreferenceFormState {
  @Write({
    input: () => UpdateInvestorPreferenceFormStateInput,
    payload: () => UpdateInvestorPreferenceFormStatePayload,
    scans: true,
    allow: administrators("forms.write"),
    description:
      "Offers a published form to the investors that it is for, or hides it: then nobody can be given it, and it blocks nobody. Setting it to what it is succeeds.",
  })
  async updateInvestorPreferenceFormState(
    input: UpdateInvestorPreferenceFormStateInput,
    ctx: Context,
  ): ReturnType<typeof changeOffer> {
    const form = await formToChange(ctx, input, [FormKind.INVESTOR_PREFERENCE]);
    return changeOffer(ctx, form, { enablement: input.enablement }, input);
  }
}
