import { FormEnablement, FormState, ImplementationStatus } from "../../src/forms/index.js";
import { UserStatus, UserType } from "../../src/users/index.js";
import { harness, operations, outcomes, problems, type Caller, type TestForm } from "../harness/index.js";
import { atOnce, UNKNOWN } from "../user-groups/family.js";
import { cast, completed, future, past, type Cast } from "./cast.js";

const server = await harness();
const document = operations.CreateInvestorPreferenceFormImplementation!;
const STAFF = ["users.read", "forms.read", "submissions.read"] as const;

const create = async (caller: Caller, input: object) =>
  (await caller.ask(document, { input })).createInvestorPreferenceFormImplementation;
/** What giving the form to a user refuses with; to the caller when there is none. */
const refusals = ({ here }: Cast, caller: Caller, form: TestForm, user: { id: string } | null, more: object = {}) =>
  here.refusals(caller, document, { formId: form.id, ...(user && { userId: user.id }), ...more });

describe("whoever may give the form", () => {
  const GIVERS: Record<string, [(of: Cast) => Caller | Promise<Caller>, string[] | "FORBIDDEN"]> = {
    "an administrator": [({ here }) => here.admin, []],
    "a service": [({ here }) => here.service("users.read", "forms.write"), []],
    "a service without forms.write": [({ here }) => here.service(...STAFF), "FORBIDDEN"],
    "the internal member whose client the investor is": [({ advisor }) => advisor, []],
    "another internal member": [({ colleague }) => colleague, ["NOT_ASSIGNED_TO_YOU input.userId"]],
    "an investor whom they have nothing to do with": [({ stranger }) => stranger, ["NOT_FOUND input.userId"]],
    "an entrepreneur": [({ entrepreneur }) => entrepreneur, ["NOT_FOUND input.userId"]],
    "the lead of their group": [({ lead }) => lead, ["NOT_ASSIGNED_TO_YOU input.userId"]],
    "the investor, who names themselves": [({ holder }) => holder, []],
    "an internal user in the investor's session": [({ here, holder }) => here.actingAs(here.admin, holder), []],
    "another tenant's administrator": [async () => (await server.tenant()).admin, ["NOT_FOUND input.userId"]],
  };

  test.each(Object.entries(GIVERS))("%s gives it to the investor", async (_who, [callerOf, verdict]) => {
    const of = await cast(server);
    const caller = await callerOf(of);
    if (verdict !== "FORBIDDEN") {
      expect(await refusals(of, caller, of.form, of.holder)).toEqual(verdict);
      return;
    }
    const input = { formId: of.form.id, userId: of.holder.id };
    expect(problems(await caller.send(document, { input }))).toEqual(["FORBIDDEN"]);
  });

  test("an internal member gives none without forms.write, not even to a client of theirs", async () => {
    const { here, form } = await cast(server);
    const reader = await here.internal(STAFF);
    const client = await here.user({ assignedInternalUserId: reader.guid });
    const input = { formId: form.id, userId: client.id };
    expect(problems(await reader.send(document, { input }))).toEqual(["FORBIDDEN"]);
  });

  test("whoever names nobody means themselves, and a service has to name somebody", async () => {
    const of = await cast(server);
    const service = await of.here.service("users.read", "forms.write");
    expect(await refusals(of, service, of.form, null)).toEqual(["REQUIRED input.userId"]);
    expect(await refusals(of, of.here.admin, of.form, null)).toEqual(["USER_TYPE_MISMATCH input.userId"]);
    expect(await refusals(of, of.holder, of.form, null)).toEqual([]);
    const session = await of.here.actingAs(of.here.admin, of.holder);
    expect(await refusals(of, session, of.form, null)).toEqual(["ALREADY_EXISTS input.formId"]);
    const { form_implementations } = await of.here.rows();
    expect(form_implementations!.filter((row) => row.user_id === of.holder.guid)).toHaveLength(1);
  });
});

test("gives an open form, pinned to what it asks now, with nothing answered", async () => {
  const { here, form, holder } = await cast(server);
  const { formImplementation, errors } = await create(here.admin, { formId: form.uuid, userId: holder.guid });
  expect(errors).toEqual([]);
  expect(formImplementation).toMatchObject({
    status: "ASSIGNED",
    type: "STANDARD",
    progress: 0,
    dueOn: null,
    completedAt: null,
    validUntil: null,
    version: 1,
  });
  const staged = { formId: form.id, formFields: [{ reference: "new", label: "New", formFieldType: "TEXT" }] };
  expect(await here.refusals(here.admin, operations.UpdateInvestorPreferenceForm!, staged)).toEqual([]);
  expect(await here.refusals(here.admin, operations.PublishForm!, { formId: form.id })).toEqual([]);
  const { node } = await holder.ask(operations.FormImplementation!, { id: formImplementation.id });
  expect(node).toMatchObject({
    user: { id: holder.id },
    form: { id: form.id },
    formRevision: { number: 1, formFields: [{ reference: "motto" }] },
    formFieldAnswers: [],
    formImplementationAssignments: [{ type: "USER", assigneeId: holder.guid }],
  });
});

test("takes what the profile answers already, a day, a group, and a deal", async () => {
  const { here, label, holder } = await cast(server);
  const { guid, id: userGroupId } = await here.group({ members: [holder] });
  const form = await here.preferenceForm({
    classifications: [label],
    formFields: [
      { reference: "family", label: "Name?", formFieldType: "TEXT" as never, prePopulationKey: "user.surname" },
      { reference: "more", label: "More?", formFieldType: "TEXT" as never },
    ],
  });
  const dealId = UNKNOWN;
  const more = { dueOn: "9999-12-31", userGroupId, dealId };
  const { formImplementation } = await create(here.admin, { formId: form.id, userId: holder.id, ...more });
  expect(formImplementation).toMatchObject({ type: "TRANSACTION", progress: 50, dueOn: "9999-12-31" });
  const { node } = await holder.ask(operations.FormImplementation!, { id: formImplementation.id });
  expect(node.formFieldAnswers).toMatchObject([{ value: "Holder", formField: { reference: "family" } }]);
  expect(node.formImplementationAssignments).toMatchObject([
    { type: "USER", assigneeId: holder.guid },
    { type: "USER_GROUP", assigneeId: guid },
    { type: "DEAL", assigneeId: dealId },
  ]);
});

describe("of whom it is for", () => {
  test("who is no investor is refused with USER_TYPE_MISMATCH", async () => {
    const of = await cast(server);
    const forAll = await of.here.preferenceForm();
    const internal = await of.here.user({ type: UserType.INTERNAL });
    for (const user of [of.entrepreneur, internal, of.here.admin]) {
      await of.here.classify(user, of.label);
      for (const form of [of.form, forAll]) {
        expect(await refusals(of, of.here.admin, form, user)).toEqual(["USER_TYPE_MISMATCH input.userId"]);
      }
    }
  });

  test("who holds none of its classifications, or no longer, is refused with CLASSIFICATION_MISMATCH", async () => {
    const of = await cast(server);
    for (const user of [of.stranger, of.former, of.given, of.lead]) {
      expect(await refusals(of, of.here.admin, of.form, user)).toEqual(["CLASSIFICATION_MISMATCH input.userId"]);
    }
  });

  test("any of its classifications will do, and none is needed where it has none", async () => {
    const of = await cast(server);
    const either = await of.here.preferenceForm({ classifications: [of.otherLabel, of.label] });
    const forAll = await of.here.preferenceForm();
    expect(await refusals(of, of.here.admin, either, of.holder)).toEqual([]);
    expect(await refusals(of, of.stranger, either, null)).toEqual([]);
    for (const user of [of.holder, of.former, of.given, of.lead]) {
      expect(await refusals(of, user, forAll, null)).toEqual([]);
    }
  });

  test("those whom it is not for do not find it, unless they were given it before", async () => {
    const of = await cast(server);
    for (const user of [of.stranger, of.former, of.lead, of.entrepreneur]) {
      expect(await refusals(of, user, of.form, null)).toEqual(["NOT_FOUND input.formId"]);
    }
    expect(await refusals(of, of.given, of.form, null)).toEqual(["CLASSIFICATION_MISMATCH input.userId"]);
  });

  test.each(Object.values(UserStatus))("who is %s is given it by staff, unless revoked", async (status) => {
    const of = await cast(server);
    const user = await of.here.user({ status });
    await of.here.classify(user, of.label);
    const verdict = status === UserStatus.REVOKED ? ["INVALID_TRANSITION input.userId"] : [];
    expect(await refusals(of, of.here.admin, of.form, user)).toEqual(verdict);
  });
});

describe("of the form", () => {
  test.each<[FormState, string]>([
    [FormState.DRAFT, "FORM_NOT_PUBLISHED"],
    [FormState.ARCHIVED, "FORM_NOT_PUBLISHED"],
    [FormState.PUBLISHED, "FORM_DISABLED"],
  ])(
    "a disabled %s one is refused with %s; investors do not find it, unless they were given it",
    async (state, code) => {
      const of = await cast(server);
      const form = await of.here.preferenceForm({
        state,
        enablement: FormEnablement.DISABLED,
        classifications: [of.label],
      });
      expect(await refusals(of, of.here.admin, form, of.holder)).toEqual([`${code} input.formId`]);
      expect(await refusals(of, of.holder, form, null)).toEqual(["NOT_FOUND input.formId"]);
      await of.here.implementation(of.holder, form, completed(past()));
      expect(await refusals(of, of.holder, form, null)).toEqual([`${code} input.formId`]);
    },
  );

  test("one that is not there, is another tenant's, or is of the other kind is NOT_FOUND", async () => {
    const of = await cast(server);
    const { form: elsewhere } = await cast(server);
    const other = await of.here.form();
    for (const caller of [of.here.admin, of.holder]) {
      for (const id of [UNKNOWN, elsewhere.id, other.uuid]) {
        expect(await refusals(of, caller, { ...of.form, id }, of.holder)).toEqual(["NOT_FOUND input.formId"]);
      }
      const answer = await caller.send(document, { input: { formId: other.id, userId: of.holder.id } });
      expect(problems(answer)).toEqual(["BAD_USER_INPUT input.formId"]);
    }
  });

  test("a user who is not there, or is another tenant's, is NOT_FOUND", async () => {
    const of = await cast(server);
    const { holder: elsewhere } = await cast(server);
    for (const user of [{ id: UNKNOWN }, elsewhere]) {
      expect(await refusals(of, of.here.admin, of.form, user)).toEqual(["NOT_FOUND input.userId"]);
    }
  });
});

describe("of what was given before", () => {
  const CASES: [string, object, string[]][] = [
    ["is open", {}, ["ALREADY_EXISTS input.formId"]],
    ["is begun", { storedStatus: ImplementationStatus.IN_PROGRESS }, ["ALREADY_EXISTS input.formId"]],
    ["is completed for good", completed(), ["ALREADY_EXISTS input.formId"]],
    ["is completed and still valid", completed(future()), ["ALREADY_EXISTS input.formId"]],
    ["is completed and lapsed a second ago", completed(past()), []],
  ];

  test.each(CASES)("one that %s: to staff and to the investor %j", async (_how, values, verdict) => {
    for (const who of ["admin", "holder"] as const) {
      const of = await cast(server);
      await of.here.implementation(of.holder, of.form, values);
      const caller = who === "admin" ? of.here.admin : of.holder;
      expect(await refusals(of, caller, of.form, of.holder)).toEqual(verdict);
    }
  });

  test("a lapsed one is kept beside the one that takes its place", async () => {
    const of = await cast(server);
    await of.here.implementation(of.holder, of.form, completed(past()));
    expect(await refusals(of, of.holder, of.form, null)).toEqual([]);
    expect(await refusals(of, of.holder, of.form, null)).toEqual(["ALREADY_EXISTS input.formId"]);
    const { user } = await of.here.admin.ask(operations.FormImplementationsOfUser!, { guid: of.holder.guid });
    expect(user.formImplementations.nodes).toMatchObject([{ status: "ASSIGNED" }, { status: "EXPIRED" }]);
  });

  test("what another user, or the user by another form, was given is no matter", async () => {
    const of = await cast(server);
    const neighbour = await of.here.user();
    await of.here.classify(neighbour, of.label);
    await of.here.implementation(neighbour, of.form);
    await of.here.implementation(of.holder, await of.here.preferenceForm({ classifications: [of.label] }), completed());
    expect(await refusals(of, of.holder, of.form, null)).toEqual([]);
  });
});

describe("of the rest", () => {
  test("a day that is past is refused", async () => {
    const of = await cast(server);
    const more = { dueOn: "2024-02-29" };
    expect(await refusals(of, of.here.admin, of.form, of.holder, more)).toEqual(["INVALID input.dueOn"]);
  });

  test("a group that the user is not in is refused, and one that the caller does not see is not found", async () => {
    const of = await cast(server);
    const { id: userGroupId } = await of.here.group({ members: [of.stranger] });
    const verdicts: [Caller, string, string][] = [
      [of.here.admin, userGroupId, "NOT_A_MEMBER"],
      [of.holder, userGroupId, "NOT_FOUND"],
      [of.here.admin, UNKNOWN, "NOT_FOUND"],
    ];
    for (const [caller, group, code] of verdicts) {
      const more = { userGroupId: group };
      expect(await refusals(of, caller, of.form, of.holder, more)).toEqual([`${code} input.userGroupId`]);
    }
  });
});

describe("with a key", () => {
  test("of 20 at once all are answered alike, and it is given once", async () => {
    const { here, form, holder } = await cast(server);
    const input = { formId: form.id, idempotencyKey: "mine" };
    const answers = await atOnce(20, () => holder.ask(document, { input }));
    expect(outcomes(answers).join("")).toBe("");
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    const { form_implementations } = await here.rows();
    expect(form_implementations!.filter((row) => row.user_id === holder.guid)).toHaveLength(1);
  });

  test("with another input it refuses, and so does another caller's same key", async () => {
    const of = await cast(server);
    const key = { idempotencyKey: "mine" };
    expect(await refusals(of, of.holder, of.form, null, key)).toEqual([]);
    expect(await refusals(of, of.holder, of.form, of.holder, key)).toEqual([
      "IDEMPOTENCY_CONFLICT input.idempotencyKey",
    ]);
    expect(await refusals(of, of.advisor, of.form, of.holder, key)).toEqual(["ALREADY_EXISTS input.formId"]);
    const session = await of.here.actingAs(of.here.admin, of.holder);
    expect(await refusals(of, session, of.form, null, key)).toEqual(["ALREADY_EXISTS input.formId"]);
  });

  test("a refused one leaves its key free, and the answer of the first time is shown as it is by then", async () => {
    const of = await cast(server);
    const { here, form, holder } = of;
    const input = { formId: form.id, idempotencyKey: "mine" };
    const set = (enablement: string) =>
      here.refusals(here.admin, operations.UpdateInvestorPreferenceFormState!, { formId: form.id, enablement });
    expect(await set("DISABLED")).toEqual([]);
    expect(await here.refusals(holder, document, input)).toEqual(["NOT_FOUND input.formId"]);
    expect(await set("ENABLED")).toEqual([]);
    const { formImplementation } = await create(holder, input);
    const answers = [{ fieldUuid: form.fields.motto, value: "Onwards" }];
    const saving = { implementationId: formImplementation.id, answers };
    expect(await here.refusals(holder, operations.SaveFormAnswers!, saving)).toEqual([]);
    expect(await set("DISABLED")).toEqual([]);
    expect(await create(holder, input)).toMatchObject({
      errors: [],
      formImplementation: { id: formImplementation.id, status: "IN_PROGRESS", version: 2 },
    });
  });
});

test("leaves one event, which tells who gave it and as whom", async () => {
  const of = await cast(server);
  const session = await of.here.actingAs(of.here.admin, of.holder);
  const { formImplementation } = await create(session, { formId: of.form.id });
  const { audit_events } = await of.here.rows();
  expect(audit_events).toMatchObject([
    {
      operation: "createInvestorPreferenceFormImplementation",
      actor_id: of.here.admin.guid,
      subject_id: of.holder.guid,
      changes: [{ type: "FormImplementation", action: "CREATE", id: formImplementation.uuid }],
    },
  ]);
});

test("in an impersonated session a REQUIRED form is taken and answered, and not completed; another one is", async () => {
  const of = await cast(server);
  const { here, form, holder, label } = of;
  const session = await here.actingAs(here.admin, holder);
  const optional = await here.preferenceForm({ classifications: [label], enforcementType: "OPTIONAL" as never });
  for (const [taken, verdict] of [
    [form, ["IMPERSONATION_FORBIDDEN input.implementationId"]],
    [optional, []],
  ] as const) {
    const { formImplementation } = await create(session, { formId: taken.id });
    const implementationId = formImplementation.id;
    const answers = [{ fieldUuid: taken.fields.motto, value: "Onwards" }];
    expect(await here.refusals(session, operations.SaveFormAnswers!, { implementationId, answers })).toEqual([]);
    expect(await here.refusals(session, operations.CompleteFormImplementation!, { implementationId })).toEqual(verdict);
  }
});
