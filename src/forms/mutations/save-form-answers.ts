import { Field, ID, InputType, Int, Resolver } from "type-graphql";
import { usersAndHolders } from "../../access/index.js";
import { type Context, MutationInput, payloadOf, Write } from "../../kit/index.js";
import { refuseStale } from "../../users/index.js";
import { answersAfter, FormFieldAnswerInput, refuseLocked, settled } from "../answering.js";
import { isBlank } from "../answers.js";
import { FormImplementation, ImplementationStatus } from "../implementation.js";
import { revisionShown } from "../revision.js";
import { implementationToChange } from "../rules.js";

@InputType()
class SaveFormAnswersInput extends MutationInput {
  @Field(() => ID, {
    description: "The implementation: global id or uuid. To find another user's it takes `submissions.read`, too.",
  })
  implementationId!: string;

  @Field(() => [FormFieldAnswerInput], {
    description: "Some of the answers, each field once; 500 at most. What is not among them stays as it is.",
  })
  answers!: FormFieldAnswerInput[];

  @Field(() => Int, {
    nullable: true,
    description: "The `version` that was read; another one is refused with STALE_OBJECT.",
  })
  expectedVersion?: number | null;
}

const SaveFormAnswersPayload = payloadOf("SaveFormAnswers", { formImplementation: () => FormImplementation });

@Resolver()
export class SaveFormAnswers {
  @Write({
    input: () => SaveFormAnswersInput,
    payload: () => SaveFormAnswersPayload,
    allow: usersAndHolders("forms.write"),
    description:
      "Keeps answers of an open implementation. Each has to be of its field's type; whether it keeps the field's rules is asked when the implementation is completed. The first answer makes it IN_PROGRESS.",
  })
  async saveFormAnswers(
    input: SaveFormAnswersInput,
    ctx: Context,
  ): Promise<{ formImplementation: FormImplementation }> {
    const implementation = await implementationToChange(ctx, input.implementationId);
    refuseStale(implementation, input.expectedVersion);
    refuseLocked(implementation);
    const { formFields } = (await revisionShown.load(ctx, implementation.revisionId))!;
    const all = answersAfter(formFields, implementation, input.answers);
    const started = input.answers.some(({ value }) => !isBlank(value)) && {
      storedStatus: ImplementationStatus.IN_PROGRESS,
    };
    const changes = { ...settled(formFields, all), ...started };
    return { formImplementation: ctx.db.update(FormImplementation, implementation, changes) };
  }
}
