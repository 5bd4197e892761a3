import { InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { FormKind, formToChange, updateForm, UpdateFormInput } from "../../forms/index.js";
import { type Context, payloadOf, Write } from "../../kit/index.js";
import { UserDataForm } from "../user-data-form.js";

@InputType()
class UpdateUserDataFormInput extends UpdateFormInput {}

const UpdateUserDataFormPayload = payloadOf("UpdateUserDataForm", { userDataForm: () => UserDataForm });

@Resolver()
export class UpdateUserDataForm {
  @Write({
    input: () => UpdateUserDataFormInput,
    payload: () => UpdateUserDataFormPayload,
    allow: administrators("forms.write"),
    description:
      "Changes what a form asks; a field left out stays as it is. A draft changes at once; of a published form the change is staged as its next revision, until `publishForm`.",
  })
  async updateUserDataForm(input: UpdateUserDataFormInput, ctx: Context): Promise<{ userDataForm: UserDataForm }> {
    const form = await formToChange(ctx, input, [FormKind.USER_DATA]);
    return { userDataForm: await updateForm(ctx, form, input) };
  }
}
