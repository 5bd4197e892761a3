import { InputType, Resolver } from "type-graphql";
import { usersAndHolders } from "../../access/index.js";
import {
  CreateImplementationInput,
  FormImplementation,
  FormKind,
  formToGive,
  give,
  refuseOpen,
  userToAsk,
} from "../../forms/index.js";
import { type Context, payloadOf, refuse, ruled, sql, UsersErrorCode, Write } from "../../kit/index.js";
import { UserType } from "../../users/index.js";
import { matches, preferenceFormVisible, satisfied } from "../rules.js";

@InputType()
class CreateInvestorPreferenceFormImplementationInput extends CreateImplementationInput {}

const CreateInvestorPreferenceFormImplementationPayload = payloadOf("CreateInvestorPreferenceFormImplementation", {
  formImplementation: () => FormImplementation,
});

@Resolver()
export class CreateInvestorPreferenceFormImplementation {
  @Write({
    input: () => CreateInvestorPreferenceFormImplementationInput,
    payload: () => CreateInvestorPreferenceFormImplementationPayload,
    allow: usersAndHolders("forms.write"),
    description:
      "Gives an enabled form to an investor whom it is for, or takes it oneself. Refused with ALREADY_EXISTS while one is open, or is completed and still valid: reopen that.",
  })
  async createInvestorPreferenceFormImplementation(
    input: CreateInvestorPreferenceFormImplementationInput,
    ctx: Context,
  ): Promise<{ formImplementation: FormImplementation }> {
    const { db, now } = ctx;
    const user = await userToAsk(ctx, input.userId);
    const rule = ruled(preferenceFormVisible, ctx, "n");
    const form = await formToGive(ctx, input.formId, FormKind.INVESTOR_PREFERENCE, rule);
    if (user.type !== UserType.INVESTOR) {
      refuse(UsersErrorCode.USER_TYPE_MISMATCH, "Only investors have preferences.", "userId");
    }
    // Before it is asked whether one is completed: what is open now may be completed in between.
    await refuseOpen(ctx, form, user.guid, "formId");
    const [standing] = await db.query<{ matches: boolean; completed: boolean }>(
      sql`SELECT ${matches("n", "u", now)} AS matches, EXISTS ${satisfied("n", "u", now)} AS completed
        FROM forms n, users u
        WHERE ${db.tenantIs("n")} AND n.id = ${form.uuid} AND ${db.tenantIs("u")} AND u.id = ${user.guid}`,
      { prepare: true },
    );
    if (!standing!.matches) {
      refuse(UsersErrorCode.CLASSIFICATION_MISMATCH, "The form is for other classifications.", "userId");
    }
    if (standing!.completed) {
      refuse(UsersErrorCode.ALREADY_EXISTS, "The user has completed this form, and it is still valid.", "formId");
    }
    return { formImplementation: await give(ctx, form, user, input) };
  }
}
