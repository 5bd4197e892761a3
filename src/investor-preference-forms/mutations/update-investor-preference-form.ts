import { InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { FormKind, formToChange, updateForm, UpdateFormInput } from "../../forms/index.js";
import { type Context, payloadOf, Write } from "../../kit/index.js";
import { InvestorPreferenceForm } from "../investor-preference-form.js";

@InputType()
class UpdateInvestorPreferenceFormInput extends UpdateFormInput {}

const UpdateInvestorPreferenceFormPayload = payloadOf("UpdateInvestorPreferenceForm", {
  investorPreferenceForm: () => InvestorPreferenceForm,
});

@Resolver()
export class UpdateInvestorPreferenceForm {
  @Write({
    input: () => UpdateInvestorPreferenceFormInput,
    payload: () => UpdateInvestorPreferenceFormPayload,
    allow: administrators("forms.write"),
    description:
      "Changes what a form asks, as `updateUserDataForm` does. Whom it asks, and how, is changed by mutations of their own.",
  })
  async updateInvestorPreferenceForm(
    input: UpdateInvestorPreferenceFormInput,
    ctx: Context,
  ): Promise<{ investorPreferenceForm: InvestorPreferenceForm }> {
    const form = await formToChange(ctx, input, [FormKind.INVESTOR_PREFERENCE]);
    return { investorPreferenceForm: (await updateForm(ctx, form, input)) as InvestorPreferenceForm };
  }
}
