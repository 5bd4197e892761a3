import { Field, InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { Form, FormEnablement, FormInput, FormKind, formToChange, refuseUnpublished } from "../../forms/index.js";
import { type Context, payloadOf, Write } from "../../kit/index.js";
import { UserDataForm } from "../user-data-form.js";

@InputType()
class UpdateUserDataFormStateInput extends FormInput {
  @Field(() => FormEnablement, { description: "Whether it is offered." })
  enablement!: FormEnablement;
}

const UpdateUserDataFormStatePayload = payloadOf("UpdateUserDataFormState", { userDataForm: () => UserDataForm });

@Resolver()
export class UpdateUserDataFormState {
  @Write({
    input: () => UpdateUserDataFormStateInput,
    payload: () => UpdateUserDataFormStatePayload,
    allow: administrators("forms.write"),
    description:
      "Offers a published form to users, or hides it: then nobody can be given it, and open implementations can still be completed. Setting it to what it is succeeds.",
  })
  async updateUserDataFormState(
    input: UpdateUserDataFormStateInput,
    ctx: Context,
  ): Promise<{ userDataForm: UserDataForm }> {
    const { enablement } = input;
    const form = await formToChange(ctx, input, [FormKind.USER_DATA]);
    if (enablement === FormEnablement.ENABLED) refuseUnpublished(form, "formId");
    return { userDataForm: ctx.db.update(Form, form, { enablement }) };
  }
}
