import { ArgsType, Field, InputType, ObjectType, Resolver } from "type-graphql";
import { holders, signedIn } from "../access/index.js";
import {
  FormFilter,
  FormImplementation,
  FormImplementationConnection,
  FormsArgs,
  formSelection,
  latestImplementation,
} from "../forms/index.js";
import { connectionOf, type Context, type Page, PageArgs, Read, Related, sql, UuidArgs, uuidOf } from "../kit/index.js";
import { User } from "../users/index.js";
import { enabledFormsByUser, enabledList, submissionList, userDataFormByUuid, userDataFormList } from "./loaders.js";
import { submissionSelection, SubmissionsArgs } from "./submissions.js";
import { UserDataForm } from "./user-data-form.js";

/** An enabled form, seen from a user. */
@ObjectType()
class EnabledUserDataForm {}

const UserDataFormConnection = connectionOf(
  "UserDataForm",
  () => UserDataForm,
  "User data forms that the caller may see.",
);
const EnabledUserDataFormConnection = connectionOf(
  "EnabledUserDataForm",
  () => UserDataForm,
  "The enabled user data forms, by name; the edges say how far the user is with each.",
  EnabledUserDataForm,
);

@InputType({ description: "Conditions that all have to hold. Null or left out: no condition." })
class UserDataFormFilter extends FormFilter {}

@ArgsType()
class UserDataFormsArgs extends FormsArgs {
  @Field(() => UserDataFormFilter, { nullable: true, description: "Only forms that meet all of this." })
  filter?: UserDataFormFilter | null;
}

@Resolver()
export class UserDataFormQueries {
  @Read({
    type: () => UserDataForm,
    nullable: true,
    args: () => UuidArgs,
    allow: signedIn,
    description:
      "One user data form by exactly one key: any for who works with forms, for users an enabled one or one that they were given. Null when there is none that the caller may see.",
    one: userDataFormByUuid,
    key: uuidOf("UserDataForm"),
  })
  userDataForm!: UserDataForm | null;

  @Read({
    type: () => UserDataFormConnection,
    args: () => UserDataFormsArgs,
    allow: holders("forms.read"),
    description: "The tenant's user data forms.",
    list: userDataFormList,
    select: ({ filter, orderBy }: UserDataFormsArgs) => formSelection(filter, orderBy),
  })
  userDataForms!: Page<UserDataForm>;

  @Read({
    type: () => UserDataFormConnection,
    args: () => PageArgs,
    allow: signedIn,
    description: "The user data forms that are offered, by name.",
    list: enabledList,
    select: () => formSelection(null, null, [sql`n.enablement = 'ENABLED'`]),
  })
  enabledUserDataForms!: Page<UserDataForm>;

  @Read({
    type: () => FormImplementationConnection,
    args: () => SubmissionsArgs,
    allow: holders("submissions.read"),
    description:
      "What users were asked and have answered by user data forms: all for administrators and services, for internal members their assigned clients'.",
    list: submissionList,
    select: submissionSelection,
  })
  userDataFormSubmissions!: Page<FormImplementation>;
}

@Resolver(() => User)
export class UserDataFormsOfUser {
  @Related({
    type: () => EnabledUserDataFormConnection,
    args: () => PageArgs,
    allow: signedIn,
    description:
      "The user data forms that are offered, by name: for the user themselves and for who works with forms. To others none.",
    pages: enabledFormsByUser,
    from: "guid",
  })
  enabledUserDataForms!: Page<UserDataForm>;
}

@Resolver(() => EnabledUserDataForm)
export class FieldsOfEnabledUserDataForm {
  @Related({
    type: () => FormImplementation,
    nullable: true,
    allow: signedIn,
    description: "The user's latest implementation of the form; null when there is none that the caller may see.",
  })
  implementation({ $row }: { $row: { $parent: string; uuid: string } }, ctx: Context): Promise<object | null> {
    return latestImplementation(ctx, { userId: $row.$parent, formId: $row.uuid });
  }
}
