import { Field, ID, InputType, Resolver } from "type-graphql";
import { usersAndHolders } from "../../access/index.js";
import { type Context, MutationInput, payloadOf, refuse, UsersErrorCode, Write } from "../../kit/index.js";
import { FormImplementation, ImplementationStatus } from "../implementation.js";
import { formOf, implementationToChange, isOwn, refuseOpen } from "../rules.js";

@InputType()
class ReopenFormImplementationInput extends MutationInput {
  @Field(() => ID, {
    description: "The implementation: global id or uuid. To find another user's it takes `submissions.read`, too.",
  })
  implementationId!: string;
}

const ReopenFormImplementationPayload = payloadOf("ReopenFormImplementation", {
  formImplementation: () => FormImplementation,
});

@Resolver()
export class ReopenFormImplementation {
  @Write({
    input: () => ReopenFormImplementationInput,
    payload: () => ReopenFormImplementationPayload,
    allow: usersAndHolders("forms.write"),
    description:
      "Unlocks completed answers, which stop counting until they are completed again. Staff always may; users may reopen their own of an `editable` investor preference form, others are refused with ANSWERS_LOCKED.",
  })
  async reopenFormImplementation(
    input: ReopenFormImplementationInput,
    ctx: Context,
  ): Promise<{ formImplementation: FormImplementation }> {
    const implementation = await implementationToChange(ctx, input.implementationId);
    if (implementation.storedStatus !== ImplementationStatus.COMPLETED) {
      refuse(UsersErrorCode.INVALID_TRANSITION, "The implementation is open.", "implementationId");
    }
    const form = await formOf(ctx, implementation);
    if (isOwn(ctx, implementation) && !form.editable) {
      refuse(UsersErrorCode.ANSWERS_LOCKED, "Ask the platform's staff to reopen it.", "implementationId");
    }
    await refuseOpen(ctx, form, implementation.userId, "implementationId");
    const reopened = ctx.db.update(FormImplementation, implementation, {
      storedStatus: ImplementationStatus.IN_PROGRESS,
      completedAt: null,
      validUntil: null,
    });
    return { formImplementation: reopened };
  }
}
