import { Field, ID, InputType, Int, Resolver } from "type-graphql";
import { refuseImpersonated, usersAndHolders } from "../../access/index.js";
import { type Context, MutationInput, payloadOf, refuse, UsersErrorCode, Write } from "../../kit/index.js";
import { refuseStale } from "../../users/index.js";
import { EnforcementType } from "../form.js";
import { FormImplementation, ImplementationStatus } from "../implementation.js";
import { formOf, implementationToChange, isOwn, refuseOpen } from "../rules.js";

@InputType()
class ReopenFormImplementationInput extends MutationInput {
  @Field(() => ID, {
    description: "The implementation: global id or uuid. To find another user's it takes `submissions.read`, too.",
  })
  implementationId!: string;

  @Field(() => Int, {
    nullable: true,
    description: "The `version` that was read; another one is refused with STALE_OBJECT.",
  })
  expectedVersion?: number | null;
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
      "Unlocks completed answers, which stop counting until they are completed again. Staff may for others; one's own only of an `editable` investor preference form, otherwise ANSWERS_LOCKED. An impersonated session may not reopen a REQUIRED form.",
  })
  async reopenFormImplementation(
    input: ReopenFormImplementationInput,
    ctx: Context,
  ): Promise<{ formImplementation: FormImplementation }> {
    const implementation = await implementationToChange(ctx, input.implementationId);
    refuseStale(implementation, input.expectedVersion);
    if (implementation.storedStatus !== ImplementationStatus.COMPLETED) {
      refuse(UsersErrorCode.INVALID_TRANSITION, "The implementation is open.", "implementationId");
    }
    const form = await formOf(ctx, implementation);
    if (form.enforcementType === EnforcementType.REQUIRED) {
      refuseImpersonated(ctx, "reopen a required form", "implementationId");
    }
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
