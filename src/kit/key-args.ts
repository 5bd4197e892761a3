import { ArgsType, Field, ID } from "type-graphql";
import { badUserInput } from "./errors.js";
import { keyOf } from "./global-id.js";
import { UUID } from "./scalars.js";

/** What a root field takes that finds one object known by a guid. */
@ArgsType()
export class GuidArgs {
  @Field(() => ID, { nullable: true, description: "The global id. Exactly one of the two." })
  id?: string | null;

  @Field(() => UUID, { nullable: true, description: "The platform's own id. Exactly one of the two." })
  guid?: string | null;
}

/** The same for one known by a uuid. */
@ArgsType()
export class UuidArgs {
  @Field(() => ID, { nullable: true, description: "The global id. Exactly one of the two." })
  id?: string | null;

  @Field(() => UUID, { nullable: true, description: "The platform's own id. Exactly one of the two." })
  uuid?: string | null;
}

/** The guid that the arguments name of a type. @throws BAD_USER_INPUT unless they hold exactly one key. */
export const guidOf =
  (type: string) =>
  ({ id, guid }: GuidArgs): string =>
    oneKey(type, id, guid, "guid");

/** The uuid that they name. @throws BAD_USER_INPUT unless they hold exactly one key. */
export const uuidOf =
  (type: string) =>
  ({ id, uuid }: UuidArgs): string =>
    oneKey(type, id, uuid, "uuid");

function oneKey(type: string, id: string | null | undefined, key: string | null | undefined, name: string): string {
  if ((id == null) === (key == null)) throw badUserInput(`Give exactly one of \`id\` and \`${name}\`.`, ["id"]);
  return key ?? keyOf(type, id!, ["id"]);
}
