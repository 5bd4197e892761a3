import { Field, ID, InputType, Resolver } from "type-graphql";
import { holders } from "../../access/index.js";
import {
  type Context,
  DateTime,
  keyOf,
  MutationInput,
  payloadOf,
  refuse,
  sql,
  UsersErrorCode,
  Write,
} from "../../kit/index.js";
import { type Classification, ClassificationSource, UserClassification } from "../classification.js";
import { refuseRevoked, userToChange } from "../rules.js";
import { User, UserType } from "../user.js";

@InputType({ description: "A classification, and until when it counts." })
class UserClassificationInput {
  @Field(() => ID, { description: "The classification: global id or guid." })
  classificationId!: string;

  @Field(() => DateTime, { nullable: true, description: "Until when it counts; in the future. Null: without end." })
  validUntil?: string | null;
}

@InputType()
class UpdateUserClassificationsInput extends MutationInput {
  @Field(() => ID, { description: "The investor: global id or guid." })
  userId!: string;

  @Field(() => [UserClassificationInput], {
    description: "The whole set given by hand, 50 at most; what is not in it is taken away.",
  })
  classifications!: UserClassificationInput[];
}

const UpdateUserClassificationsPayload = payloadOf("UpdateUserClassifications", { user: () => User });
const MAX_CLASSIFICATIONS = 50;

@Resolver()
export class UpdateUserClassifications {
  @Write({
    input: () => UpdateUserClassificationsInput,
    payload: () => UpdateUserClassificationsPayload,
    allow: holders("users.write"),
    description:
      "Sets the classifications that staff give an investor. Automatic ones stay, unless named: then they become manual.",
  })
  async updateUserClassifications(input: UpdateUserClassificationsInput, ctx: Context): Promise<{ user: User }> {
    const { db } = ctx;
    const user = await userToChange(ctx, input.userId, "userId");
    refuseRevoked(user, "userId");
    if (user.type !== UserType.INVESTOR) {
      refuse(UsersErrorCode.USER_TYPE_MISMATCH, "Only investors are classified.", "userId");
    }
    const wanted = await wantedClassifications(input.classifications, ctx);
    for (const held of await db.findBy(UserClassification, { userId: user.guid })) {
      const validUntil = wanted.get(held.classificationId);
      if (validUntil !== undefined) {
        db.update(UserClassification, held, { validUntil, source: ClassificationSource.MANUAL });
        wanted.delete(held.classificationId);
      } else if (held.source === ClassificationSource.MANUAL) {
        db.delete(UserClassification, held);
      }
    }
    for (const [classificationId, validUntil] of wanted) {
      const source = ClassificationSource.MANUAL;
      await db.insert(UserClassification, { userId: user.guid, classificationId, source, validUntil });
    }
    return { user };
  }
}

/** Classification -> until when, each known, once, and still to count. */
async function wantedClassifications(
  inputs: UserClassificationInput[],
  { db, now }: Context,
): Promise<Map<string, string | null>> {
  if (inputs.length > MAX_CLASSIFICATIONS) {
    refuse(UsersErrorCode.INVALID, `At most ${MAX_CLASSIFICATIONS} classifications.`, "classifications");
  }
  const wanted = new Map<string, string | null>();
  for (const [index, { classificationId, validUntil = null }] of inputs.entries()) {
    const field = `classifications.${index}`;
    const guid = keyOf("Classification", classificationId, ["input", "classifications", index, "classificationId"]);
    if (wanted.has(guid)) refuse(UsersErrorCode.DUPLICATED_INPUT_ITEM, "Named twice.", `${field}.classificationId`);
    if (validUntil !== null && new Date(validUntil) <= now) {
      refuse(UsersErrorCode.INVALID, "Has to be in the future.", `${field}.validUntil`);
    }
    wanted.set(guid, validUntil);
  }
  const known = await db.query<Pick<Classification, "guid">>(
    sql`SELECT n.id AS guid FROM classifications n WHERE ${db.tenantIs("n")} AND n.id = ANY(${[...wanted.keys()]}::uuid[])`,
  );
  const unknown = [...wanted.keys()].findIndex((guid) => !known.some((row) => row.guid === guid));
  if (unknown !== -1) {
    refuse(
      UsersErrorCode.UNKNOWN_CLASSIFICATION,
      "No such classification.",
      `classifications.${unknown}.classificationId`,
    );
  }
  return wanted;
}
