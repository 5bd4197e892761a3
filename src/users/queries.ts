import { ArgsType, Field, ID, Resolver } from "type-graphql";
import { ownGuid, signedIn } from "../access/index.js";
import {
  badUserInput,
  by,
  connectionOf,
  type Context,
  keyOf,
  type Page,
  PageArgs,
  pageOf,
  Read,
  Related,
  UUID,
} from "../kit/index.js";
import { Classification, UserClassification } from "./classification.js";
import { classificationList, classificationsByUser, userByGuid } from "./loaders.js";
import { User } from "./user.js";

export const UserConnection = connectionOf("User", () => User, "Users of the tenant that the caller may see.");
const ClassificationConnection = connectionOf(
  "Classification",
  () => Classification,
  "The tenant's classifications, by name.",
);
const UserClassificationConnection = connectionOf(
  "UserClassification",
  () => Classification,
  "The classifications that count for a user now, by name; the edges say since and until when, and by whom.",
  UserClassification,
);

@ArgsType()
class UserArgs {
  @Field(() => ID, { nullable: true, description: "The user's global id." })
  id?: string | null;

  @Field(() => UUID, { nullable: true, description: "The user's platform id." })
  guid?: string | null;
}

@Resolver(() => User)
export class UserQueries {
  @Read({
    type: () => User,
    nullable: true,
    args: () => UserArgs,
    allow: signedIn,
    description: "One user by exactly one key; null when there is none that the caller may see.",
  })
  user({ id, guid }: UserArgs, ctx: Context): Promise<User | null> {
    if ((id == null) === (guid == null)) throw badUserInput("Give exactly one of `id` and `guid`.", ["id"]);
    return userByGuid.load(ctx, guid ?? keyOf("User", id!, ["id"]));
  }

  @Read({
    type: () => User,
    nullable: true,
    allow: signedIn,
    description: "The signed-in user; null for a service. In an impersonated session the user acted as.",
  })
  me(ctx: Context): Promise<User | null> | null {
    return ctx.viewer.kind === "USER" ? userByGuid.load(ctx, ownGuid(ctx)) : null;
  }

  @Read({
    type: () => ClassificationConnection,
    args: () => PageArgs,
    allow: signedIn,
    description: "The tenant's classifications, by name.",
  })
  classifications(args: PageArgs, ctx: Context): Promise<Page<Classification>> {
    return pageOf(ctx, classificationList, { sort: by("n.name_norm"), direction: "ASC" }, args, { prepare: true });
  }
}

@Resolver(() => User)
export class UserFields {
  @Related({
    type: () => UserClassificationConnection,
    args: () => PageArgs,
    allow: signedIn,
    description: "The classifications that count now: expired ones are left out.",
  })
  classifications(user: User, args: PageArgs, ctx: Context): Promise<Page<Classification>> {
    return classificationsByUser.load(ctx, user.guid, args);
  }

  @Related({
    type: () => User,
    nullable: true,
    allow: signedIn,
    description: "The member of staff who looks after this user; null when there is none that the caller may see.",
  })
  assignedInternalUser(user: User, ctx: Context): Promise<User | null> | null {
    return user.assignedInternalUserId === null ? null : userByGuid.load(ctx, user.assignedInternalUserId);
  }
}
