import { ID, InputType, Resolver } from "type-graphql";
import { administratorsAlone } from "../../access/index.js";
import { deleteForm, FormInput, FormKind, formToChange } from "../../forms/index.js";
import { type Context, payloadOf, toGlobalId, Write } from "../../kit/index.js";
import { FormClassification } from "../investor-preference-form.js";

@InputType()
class DeleteInvestorPreferenceFormInput extends FormInput {}

const DeleteInvestorPreferenceFormPayload = payloadOf(
  "DeleteInvestorPreferenceForm",
  { deletedInvestorPreferenceFormId: () => ID },
  { deletedInvestorPreferenceFormId: "The global id that the form had; null when the mutation refused." },
);

@Resolver()
export class DeleteInvestorPreferenceForm {
  @Write({
    input: () => DeleteInvestorPreferenceFormInput,
    payload: () => DeleteInvestorPreferenceFormPayload,
    allow: administratorsAlone("forms.write"),
    description: "Removes a form for good: one that is disabled, not protected, and was given to nobody.",
  })
  async deleteInvestorPreferenceForm(
    input: DeleteInvestorPreferenceFormInput,
    ctx: Context,
  ): Promise<{ deletedInvestorPreferenceFormId: string }> {
    const form = await formToChange(ctx, input, [FormKind.INVESTOR_PREFERENCE]);
    const { db } = ctx;
    for (const row of await db.findBy(FormClassification, { formId: form.uuid })) db.delete(FormClassification, row);
    await deleteForm(ctx, form);
    return { deletedInvestorPreferenceFormId: toGlobalId("InvestorPreferenceForm", form.uuid) };
  }
}
