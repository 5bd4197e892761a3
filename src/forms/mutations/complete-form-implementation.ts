import { Field, ID, InputType, Int, Resolver } from "type-graphql";
import { refuseImpersonated, usersAndHolders } from "../../access/index.js";
import { type Context, MutationInput, payloadOf, refuse, UsersErrorCode, Write } from "../../kit/index.js";
import { refuseStale } from "../../users/index.js";
import { refuseIncomplete, settled, validUntil } from "../answering.js";
import { EnforcementType } from "../form.js";
import { FormImplementation, ImplementationStatus, implementationStatusOf } from "../implementation.js";
import { revisionShown } from "../revision.js";
import { formOf, implementationToChange } from "../rules.js";

@InputType()
class CompleteFormImplementationInput extends MutationInput {
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

const CompleteFormImplementationPayload = payloadOf("CompleteFormImplementation", {
  formImplementation: () => FormImplementation,
});

@Resolver()
export class CompleteFormImplementation {
  @Write({
    input: () => CompleteFormImplementationInput,
    payload: () => CompleteFormImplementationPayload,
    allow: usersAndHolders("forms.write"),
    description:
      'Locks the answers. Refused with ANSWER_INVALID for each visible field whose answer is missing or breaks a rule, at `["input", "implementationId", "formFieldAnswers", <reference>]`. Completing what is completed succeeds and keeps its first date; what has expired is refused with INVALID_TRANSITION. An impersonated session may not complete a REQUIRED form.',
  })
  async completeFormImplementation(
    input: CompleteFormImplementationInput,
    ctx: Context,
  ): Promise<{ formImplementation: FormImplementation }> {
    const implementation = await implementationToChange(ctx, input.implementationId);
    const status = implementationStatusOf(implementation, ctx.now);
    if (status === ImplementationStatus.COMPLETED) return { formImplementation: implementation };
    if (status === ImplementationStatus.EXPIRED) {
      refuse(UsersErrorCode.INVALID_TRANSITION, "It is no longer valid. Begin a new one.", "implementationId");
    }
    refuseStale(implementation, input.expectedVersion);
    const form = await formOf(ctx, implementation);
    if (form.enforcementType === EnforcementType.REQUIRED) {
      refuseImpersonated(ctx, "complete a required form", "implementationId");
    }
    const { formFields, revalidateAfterMonths } = (await revisionShown.load(ctx, implementation.revisionId))!;
    const { answers, drafts } = implementation;
    refuseIncomplete(formFields, { ...answers, ...drafts });
    const completed = ctx.db.update(FormImplementation, implementation, {
      ...settled(formFields, { ...answers, ...drafts }),
      storedStatus: ImplementationStatus.COMPLETED,
      completedAt: ctx.now.toISOString(),
      validUntil: validUntil(ctx.now, revalidateAfterMonths),
    });
    return { formImplementation: completed };
  }
}
