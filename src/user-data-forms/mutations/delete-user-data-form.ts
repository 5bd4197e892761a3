import { ID, InputType, Resolver } from "type-graphql";
import { administratorsAlone } from "../../access/index.js";
import { deleteForm, FormInput, FormKind, formToChange } from "../../forms/index.js";
import { type Context, payloadOf, toGlobalId, Write } from "../../kit/index.js";

@InputType()
class DeleteUserDataFormInput extends FormInput {}

const DeleteUserDataFormPayload = payloadOf(
  "DeleteUserDataForm",
  { deletedUserDataFormId: () => ID },
  { deletedUserDataFormId: "The global id that the form had; null when the mutation refused." },
);

@Resolver()
export class DeleteUserDataForm {
  @Write({
    input: () => DeleteUserDataFormInput,
    payload: () => DeleteUserDataFormPayload,
    allow: administratorsAlone("forms.write"),
    description: "Removes a form for good: one that is disabled, not protected, and was given to nobody.",
  })
  async deleteUserDataForm(input: DeleteUserDataFormInput, ctx: Context): Promise<{ deletedUserDataFormId: string }> {
    const form = await formToChange(ctx, input, [FormKind.USER_DATA]);
    await deleteForm(ctx, form);
    return { deletedUserDataFormId: toGlobalId("UserDataForm", form.uuid) };
  }
}
