import { Field, InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { FormKind, formToChange } from "../../forms/index.js";
import { type Context, Write } from "../../kit/index.js";
import { offerPayload, OfferInput } from "../inputs.js";
import { changeOffer } from "../rules.js";

@InputType()
class UpdateInvestorPreferenceFormEditableInput extends OfferInput {
  @Field(() => Boolean, { description: "Whether investors may change their answers after completing them." })
  editable!: boolean;
}

const UpdateInvestorPreferenceFormEditablePayload = offerPayload("UpdateInvestorPreferenceFormEditable");

@Resolver()
export class UpdateInvestorPreferenceFormEditable {
  @Write({
    input: () => UpdateInvestorPreferenceFormEditableInput,
    payload: () => UpdateInvestorPreferenceFormEditablePayload,
    scans: true,
    allow: administrators("forms.write"),
    description: "Sets whether investors may change completed answers. Setting it to what it is succeeds.",
  })
  async updateInvestorPreferenceFormEditable(
    input: UpdateInvestorPreferenceFormEditableInput,
    ctx: Context,
  ): ReturnType<typeof changeOffer> {
    const form = await formToChange(ctx, input, [FormKind.INVESTOR_PREFERENCE]);
    return changeOffer(ctx, form, { editable: input.editable }, input);
  }
}
