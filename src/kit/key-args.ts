import { ArgsType, Field, ID } from "type-graphql";
import { badUserInput } from "./errors.js";
import { keyOf } from "./global-id.js";
import { UUID } from "./scalars.js";

/** What a root field takes that finds one object. */
@ArgsType()
export class GuidArgs {
  @Field(() => ID, { nullable: true, description: "The global id. Exactly one of the two." })
  id?: string | null;

  @Field(() => UUID, { nullable: true, description: "The platform's own id. Exactly one of the two." })
  guid?: string | null;
}

/** The guid that the arguments name of a type. @throws BAD_USER_INPUT unless they hold exactly one key. */
export const guidOf =
  (type: string) =>
  ({ id, guid }: GuidArgs): string => {
    if ((id == null) === (guid == null)) throw badUserInput("Give exactly one of `id` and `guid`.", ["id"]);
    return guid ?? keyOf(type, id!, ["id"]);
  };
