import { Field, ID, InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { createForm, CreateFormInput, EnforcementType, FormKind } from "../../forms/index.js";
import { type Context, payloadOf, Write } from "../../kit/index.js";
import { FormClassification, InvestorPreferenceForm } from "../investor-preference-form.js";
import { classificationsOf } from "../rules.js";

@InputType()
class CreateInvestorPreferenceFormInput extends CreateFormInput {
  @Field(() => [ID], {
    nullable: true,
    description: "The classifications that it is for, 50 at most. Null or none: for all investors.",
  })
  classificationIds?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Investors may change their answers after completing them. Null: no.",
  })
  editable?: boolean | null;

  @Field(() => EnforcementType, {
    nullable: true,
    description: "How much it is insisted on once it is published and enabled. Null: OPTIONAL.",
  })
  enforcementType?: EnforcementType | null;
}

const CreateInvestorPreferenceFormPayload = payloadOf("CreateInvestorPreferenceForm", {
  investorPreferenceForm: () => InvestorPreferenceForm,
});

@Resolver()
export class CreateInvestorPreferenceForm {
  @Write({
    input: () => CreateInvestorPreferenceFormInput,
    payload: () => CreateInvestorPreferenceFormPayload,
    allow: administrators("forms.write"),
    description:
      "Makes a draft of an investor preference form. `errors` names everything that is wrong with its definition, or its LIMITs alone.",
  })
  async createInvestorPreferenceForm(
    input: CreateInvestorPreferenceFormInput,
    ctx: Context,
  ): Promise<{ investorPreferenceForm: InvestorPreferenceForm }> {
    const { enforcementType, editable } = input;
    const classificationIds = await classificationsOf(ctx, input.classificationIds ?? []);
    const form = await createForm(ctx, FormKind.INVESTOR_PREFERENCE, input, {
      enforcementType: enforcementType ?? EnforcementType.OPTIONAL,
      editable: editable ?? false,
    });
    await ctx.db.insertAll(
      FormClassification,
      classificationIds.map((classificationId) => ({ formId: form.uuid, classificationId })),
    );
    return { investorPreferenceForm: form as InvestorPreferenceForm };
  }
}
