import { Field, InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { Form, FormEnablement, FormKind, formToChange, refuseUnpublished } from "../../forms/index.js";
import { type Context, Write } from "../../kit/index.js";
import { offerPayload, OfferInput } from "../inputs.js";
import { affectedUsers, changed, offerOf } from "../rules.js";

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
    allow: administrators("forms.write"),
    description:
      "Offers a published form to the investors that it is for, or hides it: then nobody can be given it, and it blocks nobody. Setting it to what it is succeeds.",
  })
  async updateInvestorPreferenceFormState(
    input: UpdateInvestorPreferenceFormStateInput,
    ctx: Context,
  ): Promise<ReturnType<typeof changed>> {
    const { enablement } = input;
    const form = await formToChange(ctx, input.formId, [FormKind.INVESTOR_PREFERENCE]);
    if (enablement === FormEnablement.ENABLED) refuseUnpublished(form, "formId");
    const before = await offerOf(ctx, form);
    const count = await affectedUsers(ctx, form, before, { ...before, enablement });
    return changed(ctx.db.update(Form, form, { enablement }), count, input);
  }
}
