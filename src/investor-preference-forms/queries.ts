import { ArgsType, Field, ID, InputType, ObjectType, Resolver } from "type-graphql";
import { holders, signedIn } from "../access/index.js";
import {
  EnforcementType,
  FormFilter,
  FormImplementation,
  FormsArgs,
  formSelection,
  latestImplementation,
} from "../forms/index.js";
import {
  connectionOf,
  type Context,
  DateTime,
  keyOf,
  type Page,
  PageArgs,
  Read,
  Related,
  type Selection,
  sql,
  UuidArgs,
  uuidOf,
} from "../kit/index.js";
import { Classification, User } from "../users/index.js";
import { FormClassification, InvestorPreferenceForm } from "./investor-preference-form.js";
import {
  classificationsByForm,
  formsByUser,
  gateOf,
  type GateRow,
  outstandingByUser,
  preferenceFormByUuid,
  preferenceFormList,
  whyAsked,
} from "./loaders.js";

/** A preference form, seen from a user whom it applies to. */
@ObjectType()
class AskedInvestorPreferenceForm {}

/** Whether a user may invest. */
@ObjectType("InvestorPreferenceGate", {
  description: "Whether investor preference forms keep a user from investing, by what, and until when.",
})
class Gate implements GateRow {
  userId!: string;

  @Field(() => Boolean, {
    description: "A REQUIRED form applies to the user and is not completed, or no longer valid.",
  })
  blocked!: boolean;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "Until when the user stays unblocked by what is completed so far: a midnight of UTC. Null: blocked now, or without end. A form or a classification that changes or ends can change the gate before.",
  })
  validUntil!: string | null;
}

const InvestorPreferenceFormConnection = connectionOf(
  "InvestorPreferenceForm",
  () => InvestorPreferenceForm,
  "Investor preference forms that the caller may see.",
);
const EnabledInvestorPreferenceFormConnection = connectionOf(
  "EnabledInvestorPreferenceForm",
  () => InvestorPreferenceForm,
  "The investor preference forms that apply to a user, by name; the edges say why, and how far the user is.",
  AskedInvestorPreferenceForm,
);
const FormClassificationConnection = connectionOf(
  "InvestorPreferenceFormClassification",
  () => Classification,
  "The classifications that a form is for, by name.",
  FormClassification,
);

@InputType({ description: "Conditions that all have to hold. Null or left out: no condition." })
class InvestorPreferenceFormFilter extends FormFilter {
  @Field(() => ID, {
    nullable: true,
    description: "Is for this classification in particular: global id or guid.",
  })
  classificationId?: string | null;

  @Field(() => EnforcementType, { nullable: true, description: "Is insisted on so much." })
  enforcementType?: EnforcementType | null;
}

@ArgsType()
class InvestorPreferenceFormsArgs extends FormsArgs {
  @Field(() => InvestorPreferenceFormFilter, { nullable: true, description: "Only forms that meet all of this." })
  filter?: InvestorPreferenceFormFilter | null;
}

function preferenceFormSelection({ filter, orderBy }: InvestorPreferenceFormsArgs): Selection {
  const { classificationId, enforcementType } = filter ?? {};
  const own = [];
  if (enforcementType) own.push(sql`n.enforcement_type = ${enforcementType}`);
  if (classificationId != null) {
    own.push(sql`EXISTS (SELECT FROM form_classifications fc WHERE fc.tenant_id = n.tenant_id AND fc.form_id = n.id
      AND fc.classification_id = ${keyOf("Classification", classificationId, ["filter", "classificationId"])})`);
  }
  return formSelection(filter, orderBy, own);
}

@Resolver()
export class InvestorPreferenceFormQueries {
  @Read({
    type: () => InvestorPreferenceForm,
    nullable: true,
    args: () => UuidArgs,
    allow: signedIn,
    description:
      "One investor preference form by exactly one key: any for who works with forms, for users one that applies to them or that they were given. Null when there is none that the caller may see.",
    one: preferenceFormByUuid,
    key: uuidOf("InvestorPreferenceForm"),
  })
  investorPreferenceForm!: InvestorPreferenceForm | null;

  @Read({
    type: () => InvestorPreferenceFormConnection,
    args: () => InvestorPreferenceFormsArgs,
    allow: holders("forms.read"),
    description: "The tenant's investor preference forms.",
    list: preferenceFormList,
    select: preferenceFormSelection,
  })
  investorPreferenceForms!: Page<InvestorPreferenceForm>;
}

@Resolver(() => InvestorPreferenceForm)
export class FieldsOfInvestorPreferenceForm {
  @Related({
    type: () => FormClassificationConnection,
    args: () => PageArgs,
    allow: signedIn,
    description: "The classifications that it is for. None: it is for all investors.",
    pages: classificationsByForm,
    from: "uuid",
  })
  classifications!: Page<Classification>;
}

@Resolver(() => User)
export class PreferencesOfUser {
  @Related({
    type: () => EnabledInvestorPreferenceFormConnection,
    args: () => PageArgs,
    allow: signedIn,
    description:
      "The enabled forms that apply to this investor now, by name: for the investor themselves and for who works with forms. To others, and for who is no investor or is revoked, none.",
    pages: formsByUser,
    from: "guid",
  })
  enabledInvestorPreferenceForms!: Page<InvestorPreferenceForm>;

  @Related({
    type: () => Gate,
    nullable: true,
    allow: signedIn,
    description:
      "Whether REQUIRED forms keep this user from investing: for the user themselves and for who works with forms; null to others: whoever is not told has to take the user for blocked. Who is no investor is never blocked.",
  })
  preferenceGate({ guid }: User, ctx: Context): Promise<GateRow | null> {
    return gateOf(ctx, guid);
  }
}

@Resolver(() => Gate)
export class FieldsOfGate {
  @Related({
    type: () => InvestorPreferenceFormConnection,
    args: () => PageArgs,
    allow: signedIn,
    description: "The forms that block, by name.",
    pages: outstandingByUser,
    from: "userId",
  })
  outstanding!: Page<InvestorPreferenceForm>;
}

interface AskedRow {
  $row: { $parent: string; uuid: string };
}
const pairOf = ({ $row }: AskedRow): { userId: string; formId: string } => ({
  userId: $row.$parent,
  formId: $row.uuid,
});

@Resolver(() => AskedInvestorPreferenceForm)
export class FieldsOfAskedInvestorPreferenceForm {
  @Related({
    type: () => FormImplementation,
    nullable: true,
    allow: signedIn,
    description: "The user's latest implementation of the form; null when there is none that the caller may see.",
  })
  implementation(edge: AskedRow, ctx: Context): Promise<object | null> {
    return latestImplementation(ctx, pairOf(edge));
  }

  @Related({
    type: () => Boolean,
    allow: signedIn,
    description: "It is REQUIRED and not completed, or no longer valid: it keeps the user from investing.",
  })
  async blocking(edge: AskedRow, ctx: Context): Promise<boolean> {
    return (await whyAsked(ctx, pairOf(edge))).blocking;
  }

  @Related({
    type: () => [Classification],
    allow: signedIn,
    description:
      "Those of the form's classifications that the user holds now, by name, 50 at most: they are why it is asked. None: it is asked of all investors.",
  })
  async matchedClassifications(edge: AskedRow, ctx: Context): Promise<object[]> {
    return (await whyAsked(ctx, pairOf(edge))).matchedClassifications;
  }
}
