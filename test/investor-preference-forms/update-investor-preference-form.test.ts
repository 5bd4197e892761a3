import { FormState } from "../../src/forms/index.js";
import { harness, operations, outcomes, problems, type TestForm } from "../harness/index.js";
import { atOnce, eventsOf, UNKNOWN } from "../user-groups/family.js";
import { cast, completed, isForAdministrators, type Cast } from "./cast.js";

const server = await harness();
const { tenant } = server;
const document = operations.UpdateInvestorPreferenceForm!;
const read = async ({ here }: Pick<Cast, "here">, { uuid }: TestForm) =>
  (await here.admin.ask(operations.InvestorPreferenceForm!, { uuid })).investorPreferenceForm;
const refusals = ({ here }: Pick<Cast, "here">, form: { id: string }, values: object) =>
  here.refusals(here.admin, document, { formId: form.id, ...values });

describe("is for administrators and services", () =>
  isForAdministrators(server, document, ({ form }) => ({ formId: form.id, name: "Changed" })));

test("changes a draft at once, and nothing of whom it asks and how", async () => {
  const of = await cast(server);
  const form = await of.here.preferenceForm({ state: FormState.DRAFT, classifications: [of.label], editable: true });
  const before = await read(of, form);
  expect(await refusals(of, form, { name: "New", description: "Why we ask.", revalidateAfterMonths: 12 })).toEqual([]);
  expect(await read(of, form)).toEqual({
    ...before,
    name: "New",
    description: "Why we ask.",
    version: 2,
    updatedAt: expect.any(String),
    formRevision: { ...before.formRevision, revalidateAfterMonths: 12 },
  });
});

test("of a published form stages the next revision: investors are asked the present one until it is published", async () => {
  const of = await cast(server);
  const { here, form, holder } = of;
  const question = { reference: "other", label: "Another question", formFieldType: "TEXT" };
  expect(await refusals(of, form, { name: "New", formFields: [question] })).toEqual([]);
  const references = (fields: { reference: string }[]) => fields.map(({ reference }) => reference);
  const staged = await read(of, form);
  expect([references(staged.formFields), references(staged.stagedRevision.formFields)]).toEqual([["motto"], ["other"]]);
  const asInvestor = async () =>
    (await holder.ask(operations.InvestorPreferenceForm!, { uuid: form.uuid })).investorPreferenceForm;
  expect(await asInvestor()).toMatchObject({ name: staged.name, stagedRevision: null });
  expect(staged.name).not.toBe("New");
  expect(await here.refusals(here.admin, operations.PublishForm!, { formId: form.id })).toEqual([]);
  const published = await asInvestor();
  expect(published).toMatchObject({ name: "New", formRevision: { number: 2 }, enforcementType: "REQUIRED" });
  expect(references(published.formFields)).toEqual(["other"]);
});

test("what is completed stays completed when other things are asked from now on", async () => {
  const of = await cast(server);
  const { here, form, holder } = of;
  await here.implementation(holder, form, completed());
  const formFields = [
    { reference: "other", label: "Another", formFieldType: "TEXT", validator: { required: true } },
    { reference: "motto", label: "Your motto?", formFieldType: "TEXT" },
  ];
  expect(await refusals(of, form, { formFields })).toEqual([]);
  expect(await here.refusals(here.admin, operations.PublishForm!, { formId: form.id })).toEqual([]);
  const { user } = await here.admin.ask(operations.PreferenceGate!, { guid: holder.guid });
  expect(user.preferenceGate.blocked).toBe(false);
});

test("with no change it succeeds, and keeps the version", async () => {
  const of = await cast(server);
  const before = await read(of, of.form);
  for (const values of [{}, { name: before.name }, { description: null, revalidateAfterMonths: null }]) {
    expect(await refusals(of, of.form, values)).toEqual([]);
  }
  expect(await read(of, of.form)).toEqual(before);
});

test("the version that was read is accepted, another one is STALE_OBJECT; of 20 at once one wins", async () => {
  const of = await cast(server);
  const { here, form } = of;
  expect(await refusals(of, form, { name: "New", expectedVersion: 2 })).toEqual(["STALE_OBJECT input.expectedVersion"]);
  const answers = await atOnce(20, (i) =>
    here.admin.ask(document, { input: { formId: form.id, name: `Racer ${i}`, expectedVersion: 1 } }),
  );
  expect(outcomes(answers).toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "STALE_OBJECT")]);
});

test("refuses a form that is archived, that may not be changed, or that has no name", async () => {
  const of = await cast(server);
  const archived = await of.here.preferenceForm({ state: FormState.ARCHIVED });
  const editorValidator = { canDelete: true, canEdit: false, protectedFields: [] };
  const fixed = await of.here.preferenceForm({ editorValidator });
  expect(await refusals(of, archived, { name: "New" })).toEqual(["INVALID_TRANSITION input.formId"]);
  expect(await refusals(of, fixed, { name: "New" })).toEqual(["FORM_PROTECTED input.formId"]);
  expect(await refusals(of, of.form, { name: null })).toEqual(["REQUIRED input.name"]);
});

test("refuses a form that is not there, is another tenant's, or is of the other kind", async () => {
  const of = await cast(server);
  const elsewhere = await (await tenant()).preferenceForm();
  const other = await of.here.form();
  for (const id of [UNKNOWN, elsewhere.id, other.uuid]) {
    expect(await refusals(of, { id }, { name: "New" })).toEqual(["NOT_FOUND input.formId"]);
  }
  const asked = { input: { formId: other.id, name: "New" } };
  expect(problems(await of.here.admin.send(document, asked))).toEqual(["BAD_USER_INPUT input.formId"]);
});

test("leaves one event about the form", async () => {
  const of = await cast(server);
  expect(await refusals(of, of.form, { name: "New" })).toEqual([]);
  expect((await eventsOf(of.here)).map(([operation, target]) => [operation, target])).toEqual([
    ["updateInvestorPreferenceForm", of.form.uuid],
  ]);
});
