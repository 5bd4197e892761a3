import { InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { createForm, CreateFormInput, FormKind } from "../../forms/index.js";
import { type Context, payloadOf, Write } from "../../kit/index.js";
import { UserDataForm } from "../user-data-form.js";

@InputType()
class CreateUserDataFormInput extends CreateFormInput {}

const CreateUserDataFormPayload = payloadOf("CreateUserDataForm", { userDataForm: () => UserDataForm });

@Resolver()
export class CreateUserDataForm {
  @Write({
    input: () => CreateUserDataFormInput,
    payload: () => CreateUserDataFormPayload,
    allow: administrators("forms.write"),
    description:
      "Makes a draft of a user data form. `errors` names everything that is wrong with its definition, or its LIMITs alone.",
  })
  async createUserDataForm(input: CreateUserDataFormInput, ctx: Context): Promise<{ userDataForm: UserDataForm }> {
    return { userDataForm: await createForm(ctx, FormKind.USER_DATA, input) };
  }
}
