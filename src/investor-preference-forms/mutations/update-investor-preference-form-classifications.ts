import { Field, ID, InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { FormKind, formToChange } from "../../forms/index.js";
import { type Context, Write } from "../../kit/index.js";
import { offerPayload, OfferInput } from "../inputs.js";
import { changeOffer, classificationsOf } from "../rules.js";

@InputType()
class UpdateInvestorPreferenceFormClassificationsInput extends OfferInput {
  @Field(() => [ID], {
    description: "The whole set, 50 at most; what is not in it is taken away. None: the form is for all investors.",
  })
  classificationIds!: string[];
}

const UpdateInvestorPreferenceFormClassificationsPayload = offerPayload("UpdateInvestorPreferenceFormClassifications");

@Resolver()
export class UpdateInvestorPreferenceFormClassifications {
  @Write({
    input: () => UpdateInvestorPreferenceFormClassificationsInput,
    payload: () => UpdateInvestorPreferenceFormClassificationsPayload,
    scans: true,
    allow: administrators("forms.write"),
    description: "Sets which investors a form is for. Setting it to what it is succeeds.",
  })
  async updateInvestorPreferenceFormClassifications(
    input: UpdateInvestorPreferenceFormClassificationsInput,
    ctx: Context,
  ): ReturnType<typeof changeOffer> {
    const form = await formToChange(ctx, input, [FormKind.INVESTOR_PREFERENCE]);
    const classificationIds = (await classificationsOf(ctx, input.classificationIds)).toSorted();
    return changeOffer(ctx, form, { classificationIds }, input);
  }
}
