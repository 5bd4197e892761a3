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
import { type Context, payloadOf, ruled, Write } from "../../kit/index.js";
import { userDataFormVisible } from "../loaders.js";

@InputType()
class CreateUserDataFormImplementationInput extends CreateImplementationInput {}

const CreateUserDataFormImplementationPayload = payloadOf("CreateUserDataFormImplementation", {
  formImplementation: () => FormImplementation,
});

@Resolver()
export class CreateUserDataFormImplementation {
  @Write({
    input: () => CreateUserDataFormImplementationInput,
    payload: () => CreateUserDataFormImplementationPayload,
    allow: usersAndHolders("forms.write"),
    description:
      "Gives an enabled form to a user, or takes it oneself. A user has one open implementation of a form at a time.",
  })
  async createUserDataFormImplementation(
    input: CreateUserDataFormImplementationInput,
    ctx: Context,
  ): Promise<{ formImplementation: FormImplementation }> {
    const user = await userToAsk(ctx, input.userId);
    const rule = ruled(userDataFormVisible, ctx, "n");
    const form = await formToGive(ctx, input.formId, FormKind.USER_DATA, rule);
    await refuseOpen(ctx, form, user.guid, "formId");
    return { formImplementation: await give(ctx, form, user, input) };
  }
}
