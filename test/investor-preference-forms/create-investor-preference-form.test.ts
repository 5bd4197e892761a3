import { toGlobalId } from "../../src/kit/index.js";
import { harness, operations, outcomes, problems, type Caller } from "../harness/index.js";
import { atOnce, eventsOf, UNKNOWN } from "../user-groups/family.js";
import { cast, gate, isForAdministrators } from "./cast.js";

const server = await harness();
const { tenant } = server;
const document = operations.CreateInvestorPreferenceForm!;
const FIELDS = [{ reference: "risk", label: "How much risk?", formFieldType: "NUMBER", validator: { required: true } }];
const input = (values: object = {}) => ({ name: "Risk appetite", formFields: FIELDS, ...values });
const create = async (caller: Caller, values: object = {}) =>
  (await caller.ask(document, { input: input(values) })).createInvestorPreferenceForm;

describe("is for administrators and services", () => isForAdministrators(server, document, () => input()));

test("makes a draft that is offered to nobody, OPTIONAL for all investors, its answers not to be changed", async () => {
  const here = await tenant();
  const investor = await here.user();
  const { investorPreferenceForm: form, errors } = await create(here.admin);
  expect(errors).toEqual([]);
  expect(form).toMatchObject({
    id: toGlobalId("InvestorPreferenceForm", form.uuid),
    name: "Risk appetite",
    description: null,
    state: "DRAFT",
    enablement: "DISABLED",
    formType: { name: "STANDARD" },
    editorValidator: { canDelete: true, canEdit: true, protectedFields: [] },
    enforcementType: "OPTIONAL",
    editable: false,
    classifications: { nodes: [] },
    formFields: [{ reference: "risk" }],
    version: 1,
  });
  const { investorPreferenceForm: read } = await here.admin.ask(operations.InvestorPreferenceForm!, {
    uuid: form.uuid,
  });
  expect(read).toMatchObject({ version: 1, formRevision: { number: 1, publishedAt: null }, stagedRevision: null });
  expect(
    (await investor.ask(operations.InvestorPreferenceForm!, { uuid: form.uuid })).investorPreferenceForm,
  ).toBeNull();
});

test("null is as if nothing were said", async () => {
  const here = await tenant();
  const nothing = { classificationIds: null, editable: null, enforcementType: null, idempotencyKey: null };
  expect((await create(here.admin, nothing)).investorPreferenceForm).toMatchObject({
    enforcementType: "OPTIONAL",
    editable: false,
    classifications: { nodes: [] },
  });
});

test("takes whom it is for by global ids and guids, how much it is insisted on, and that answers may change", async () => {
  const { here, label, otherLabel } = await cast(server);
  for (const classificationIds of [
    [label.id, otherLabel.guid],
    [otherLabel.id, label.guid.toUpperCase()],
    [label.id],
  ]) {
    for (const enforcementType of ["OPTIONAL", "RECOMMENDED", "REQUIRED"]) {
      const values = { classificationIds, editable: true, enforcementType };
      const { investorPreferenceForm: form } = await create(here.admin, values);
      expect(form).toMatchObject({ editable: true, enforcementType, enablement: "DISABLED" });
      const names = form.classifications.nodes.map(({ name }: { name: string }) => name);
      expect(names).toEqual(["Professional", "Sophisticated"].slice(0, classificationIds.length));
    }
  }
});

test("becomes a form that is asked once it is published and enabled, and blocks until it is completed", async () => {
  const here = await tenant();
  const { admin } = here;
  const [label, holder, stranger] = [await here.classification(), await here.user(), await here.user()];
  await here.classify(holder, label);
  const open = { blocked: false, validUntil: null };
  const { investorPreferenceForm: form } = await create(admin, {
    classificationIds: [label.id],
    enforcementType: "REQUIRED",
  });
  const formId = form.id;
  expect(await gate(here, holder)).toEqual(open);
  expect(await here.refusals(admin, operations.PublishForm!, { formId })).toEqual([]);
  expect(await gate(here, holder)).toEqual(open);
  const enabling = { formId, enablement: "ENABLED" };
  expect(await here.refusals(admin, operations.UpdateInvestorPreferenceFormState!, enabling)).toEqual([]);
  expect([(await gate(here, holder)).blocked, (await gate(here, stranger)).blocked]).toEqual([true, false]);
  const { createInvestorPreferenceFormImplementation: taken } = await holder.ask(
    operations.CreateInvestorPreferenceFormImplementation!,
    { input: { formId } },
  );
  const implementationId = taken.formImplementation.id;
  const answers = [{ fieldUuid: form.formFields[0].uuid, value: 3 }];
  expect(await here.refusals(holder, operations.SaveFormAnswers!, { implementationId, answers })).toEqual([]);
  expect((await gate(here, holder)).blocked).toBe(true);
  expect(await here.refusals(holder, operations.CompleteFormImplementation!, { implementationId })).toEqual([]);
  expect(await gate(here, holder)).toEqual(open);
});

test("leaves one event about the form", async () => {
  const { here, label } = await cast(server);
  const { investorPreferenceForm: form } = await create(here.admin, { classificationIds: [label.id] });
  const [event, ...more] = await eventsOf(here);
  const [operation, , ...changes] = event!;
  expect([operation, ...more]).toEqual(["createInvestorPreferenceForm"]);
  expect(changes.map((change) => change.split(" ").slice(0, 2).join(" "))).toEqual([
    "CREATE Form",
    "CREATE FormRevision",
    "CREATE FormClassification",
  ]);
  const { auditEvents } = await here.admin.ask(
    "query ($of: UUID) { auditEvents(filter: { targetId: $of }) { totalCount } }",
    { of: form.uuid },
  );
  expect(auditEvents.totalCount).toBe(1);
});

describe("refuses", () => {
  const refusals = async (values: object, of?: { here: Awaited<ReturnType<typeof tenant>> }) => {
    const { here } = of ?? { here: await tenant() };
    return here.refusals(here.admin, document, input(values));
  };

  test("a classification that is not there, or is another tenant's", async () => {
    const of = await cast(server);
    const elsewhere = await (await tenant()).classification();
    for (const id of [UNKNOWN, elsewhere.id, elsewhere.guid]) {
      expect(await refusals({ classificationIds: [of.label.id, id] }, of)).toEqual([
        "UNKNOWN_CLASSIFICATION input.classificationIds.1",
      ]);
    }
  });

  test("one that is named twice, however it is spelled", async () => {
    const of = await cast(server);
    const { id, guid } = of.label;
    for (const again of [id, guid, guid.toUpperCase()]) {
      expect(await refusals({ classificationIds: [id, of.otherLabel.id, again] }, of)).toEqual([
        "DUPLICATED_INPUT_ITEM input.classificationIds.2",
      ]);
    }
  });

  test("what is no classification's id", async () => {
    const { here, form, label } = await cast(server);
    for (const id of ["", "x", form.id, `${label.id}=`]) {
      const asked = { input: input({ classificationIds: [label.id, id] }) };
      expect(problems(await here.admin.send(document, asked))).toEqual(["BAD_USER_INPUT input.classificationIds.1"]);
    }
  });

  test("51 classifications, not 50", async () => {
    const here = await tenant();
    const ids = [];
    for (let i = 0; i < 51; i++) ids.push((await here.classification()).id);
    expect(await refusals({ classificationIds: ids }, { here })).toEqual(["LIMIT input.classificationIds"]);
    expect(await refusals({ classificationIds: ids.slice(1) }, { here })).toEqual([]);
    expect((await here.rows()).form_classifications).toHaveLength(50);
  });

  const text = (reference: string, values: object = {}) => ({
    reference,
    label: reference,
    formFieldType: "TEXT",
    ...values,
  });
  const when = (reference: string) => ({ formFieldConditions: [{ reference, operator: "ANSWERED", value: true }] });

  test.each<[string, object, string]>([
    ["a form without a name", { name: " " }, "REQUIRED"],
    ["a name of 256 characters", { name: "x".repeat(256) }, "INVALID"],
    ["two fields of one reference", { formFields: [text("a"), text("A")] }, "DUPLICATE_REFERENCE"],
    ["fields that show each other", { formFields: [text("a", when("b")), text("b", when("a"))] }, "CONDITION_CYCLE"],
    [
      "a rule that no answer keeps",
      { formFields: [text("a", { validator: { minLength: 2, maxLength: 1 } })] },
      "INVALID_VALIDATOR",
    ],
    ["501 fields", { formFields: Array.from({ length: 501 }, (_, index) => text(`f${index}`)) }, "LIMIT"],
    ["121 months", { revalidateAfterMonths: 121 }, "INVALID"],
  ])("%s", async (_what, values, code) => {
    const codes = (await refusals(values)).map((refusal) => refusal.split(" ")[0]);
    expect(codes.length).toBeGreaterThan(0);
    expect([...new Set(codes)]).toEqual([code]);
  });
});

test("sent again with its key it answers with the same form; with another input it refuses", async () => {
  const { here, label } = await cast(server);
  const values = { classificationIds: [label.id], idempotencyKey: "mine" };
  const answers = await atOnce(20, () => here.admin.ask(document, { input: input(values) }));
  expect(outcomes(answers).join("")).toBe("");
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect((await here.rows()).forms).toHaveLength(2);
  const other = input({ ...values, classificationIds: [] });
  expect(await here.refusals(here.admin, document, other)).toEqual(["IDEMPOTENCY_CONFLICT input.idempotencyKey"]);
});
