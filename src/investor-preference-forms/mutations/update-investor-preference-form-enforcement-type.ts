import { Field, InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { EnforcementType, Form, FormKind, formToChange, refuseArchived, refuseUnpublished } from "../../forms/index.js";
import { type Context, Write } from "../../kit/index.js";
import { offerPayload, OfferInput } from "../inputs.js";
import { affectedUsers, changed, offerOf } from "../rules.js";

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
    allow: administrators("forms.write"),
    description:
      "Sets how much a form is insisted on. A form that is not published cannot be made REQUIRED. Setting it to what it is succeeds.",
  })
  async updateInvestorPreferenceFormEnforcementType(
    input: UpdateInvestorPreferenceFormEnforcementTypeInput,
    ctx: Context,
  ): Promise<ReturnType<typeof changed>> {
    const { enforcementType } = input;
    const form = await formToChange(ctx, input.formId, [FormKind.INVESTOR_PREFERENCE]);
    refuseArchived(form);
    if (enforcementType === EnforcementType.REQUIRED) refuseUnpublished(form, "formId");
    const before = await offerOf(ctx, form);
    const count = await affectedUsers(ctx, form, before, { ...before, enforcementType });
    return changed(ctx.db.update(Form, form, { enforcementType }), count, input);
  }
}
