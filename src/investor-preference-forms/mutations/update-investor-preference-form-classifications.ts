import { Field, ID, InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { Form, FormKind, formToChange, refuseArchived } from "../../forms/index.js";
import { type Context, Write } from "../../kit/index.js";
import { offerPayload, OfferInput } from "../inputs.js";
import { FormClassification } from "../investor-preference-form.js";
import { affectedUsers, changed, classificationsOf, offerOf } from "../rules.js";

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
    allow: administrators("forms.write"),
    description: "Sets which investors a form is for. Setting it to what it is succeeds.",
  })
  async updateInvestorPreferenceFormClassifications(
    input: UpdateInvestorPreferenceFormClassificationsInput,
    ctx: Context,
  ): Promise<ReturnType<typeof changed>> {
    const { db, now } = ctx;
    const form = await formToChange(ctx, input.formId, [FormKind.INVESTOR_PREFERENCE]);
    refuseArchived(form);
    const classificationIds = await classificationsOf(ctx, input.classificationIds);
    const before = await offerOf(ctx, form);
    const count = await affectedUsers(ctx, form, before, { ...before, classificationIds });
    const formId = form.uuid;
    const held = await db.findBy(FormClassification, { formId });
    const removed = held.filter((row) => !classificationIds.includes(row.classificationId));
    const added = classificationIds.filter((id) => !before.classificationIds.includes(id));
    for (const row of removed) db.delete(FormClassification, row);
    await db.insertAll(
      FormClassification,
      added.map((classificationId) => ({ formId, classificationId })),
    );
    const touched = removed.length + added.length > 0 ? { updatedAt: now.toISOString() } : {};
    return changed(db.update(Form, form, touched), count, input);
  }
}
