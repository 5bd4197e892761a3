import { v7 as uuidv7 } from "uuid";
import { Field, InputType, Resolver } from "type-graphql";
import { administrators } from "../../access/index.js";
import { type Context, MutationInput, payloadOf, Write } from "../../kit/index.js";
import { Classification } from "../classification.js";
import { requiredText } from "../rules.js";

@InputType()
class CreateClassificationInput extends MutationInput {
  @Field(() => String, { description: "What people read: 1 to 255 characters, unique in the tenant." })
  name!: string;

  @Field(() => String, {
    description: "The platform's own short id, e.g. `123`: 1 to 64 characters, unique in the tenant.",
  })
  reference!: string;
}

const CreateClassificationPayload = payloadOf("CreateClassification", { classification: () => Classification });

@Resolver()
export class CreateClassification {
  @Write({
    input: () => CreateClassificationInput,
    payload: () => CreateClassificationPayload,
    allow: administrators("users.write"),
    description: "Adds a label that investors can be given.",
  })
  async createClassification(
    input: CreateClassificationInput,
    { db }: Context,
  ): Promise<{ classification: Classification }> {
    const name = requiredText(input.name, 255, "name");
    const reference = requiredText(input.reference, 64, "reference");
    return { classification: await db.insert(Classification, { guid: uuidv7(), name, reference }) };
  }
}
