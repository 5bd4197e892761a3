import { Resolver } from "type-graphql";
import { signedIn } from "../access/index.js";
import {
  by,
  connectionOf,
  GuidArgs,
  guidOf,
  type Page,
  PageArgs,
  Read,
  Related,
  type Selection,
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

const byName: Selection = { sort: by("n.name_norm"), direction: "ASC" };

@Resolver()
export class UserQueries {
  @Read({
    type: () => User,
    nullable: true,
    args: () => GuidArgs,
    allow: signedIn,
    description: "One user by exactly one key; null when there is none that the caller may see.",
    one: userByGuid,
    key: guidOf("User"),
  })
  user!: User | null;

  @Read({
    type: () => User,
    nullable: true,
    allow: signedIn,
    description: "The signed-in user; null for a service. In an impersonated session the user acted as.",
    one: userByGuid,
    key: (_args, { viewer }) => (viewer.kind === "USER" ? viewer.id : null),
  })
  me!: User | null;

  @Read({
    type: () => ClassificationConnection,
    args: () => PageArgs,
    allow: signedIn,
    description: "The tenant's classifications, by name.",
    list: classificationList,
    select: () => byName,
  })
  classifications!: Page<Classification>;
}

@Resolver(() => User)
export class UserFields {
  @Related({
    type: () => UserClassificationConnection,
    args: () => PageArgs,
    allow: signedIn,
    description: "The classifications that count now: expired ones are left out.",
    pages: classificationsByUser,
    from: "guid",
  })
  classifications!: Page<Classification>;

  @Related({
    type: () => User,
    nullable: true,
    allow: signedIn,
    description: "The member of staff who looks after this user; null when there is none that the caller may see.",
    one: userByGuid,
    from: "assignedInternalUserId",
  })
  assignedInternalUser!: User | null;
}
