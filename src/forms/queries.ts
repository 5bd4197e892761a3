import { Resolver } from "type-graphql";
import { signedIn } from "../access/index.js";
import { connectionOf, type Page, PageArgs, Related } from "../kit/index.js";
import { User, userByGuid } from "../users/index.js";
import { Form } from "./form.js";
import { FormImplementation } from "./implementation.js";
import { givenFormByUuid, implementationsByUser, stagedRevision } from "./loaders.js";
import { FormRevision, revisionShown } from "./revision.js";

export const FormImplementationConnection = connectionOf(
  "UserFormImplementation",
  () => FormImplementation,
  "Implementations of forms that the caller may see.",
);

@Resolver(() => Form)
export class FieldsOfForm {
  @Related({
    type: () => FormRevision,
    allow: signedIn,
    description: "What it asks now: its latest published revision, or the first one of a draft.",
    one: revisionShown,
    from: "revisionId",
  })
  formRevision!: FormRevision;

  @Related({
    type: () => FormRevision,
    nullable: true,
    allow: signedIn,
    description:
      "What it will ask once it is published again; null when nothing is staged, and to those who do not work with forms.",
    one: stagedRevision,
    from: "stagedRevisionId",
  })
  stagedRevision!: FormRevision | null;
}

@Resolver(() => FormImplementation)
export class FieldsOfImplementation {
  @Related({
    type: () => Form,
    nullable: true,
    allow: signedIn,
    description: "The form as it is now; what this implementation asks is its `formRevision`.",
    one: givenFormByUuid,
    from: "formId",
  })
  form!: Form | null;

  @Related({
    type: () => FormRevision,
    allow: signedIn,
    description: "What it asks: the revision that it was made from.",
    one: revisionShown,
    from: "revisionId",
  })
  formRevision!: FormRevision;

  @Related({
    type: () => User,
    nullable: true,
    allow: signedIn,
    description: "Who answers; null when the caller may not see them.",
    one: userByGuid,
    from: "userId",
  })
  user!: User | null;
}

@Resolver(() => User)
export class ImplementationsOfUser {
  @Related({
    type: () => FormImplementationConnection,
    args: () => PageArgs,
    allow: signedIn,
    description:
      "The forms that the user was given, the newest first: to the user themselves, and with `submissions.read` to administrators, services and the internal member whom the user is assigned to. To others none.",
    pages: implementationsByUser,
    from: "guid",
  })
  formImplementations!: Page<FormImplementation>;
}
