import { FormEnablement, FormState } from "../../src/forms/index.js";
import { harness, operations, problems, type FormValues } from "../harness/index.js";
import { eventsOf, UNKNOWN } from "../user-groups/family.js";
import { cast, completed, isForAdministrators, type Cast } from "./cast.js";

const server = await harness();
const { tenant } = server;
const document = operations.DeleteInvestorPreferenceForm!;
const refusals = ({ here }: Pick<Cast, "here">, { id }: { id: string }) =>
  here.refusals(here.admin, document, { formId: id });

const PROTECTED = { canDelete: false, canEdit: true, protectedFields: [] };
/** A form that nothing keeps from being deleted, unless told otherwise. */
const formOf = ({ here, label, otherLabel }: Cast, values: FormValues = {}) =>
  here.preferenceForm({
    enablement: FormEnablement.DISABLED,
    classifications: [label, otherLabel],
    name: "Doomed",
    ...values,
  });

describe("is for administrators alone", () => {
  const input = async (of: Cast) => ({ formId: (await formOf(of)).id });
  isForAdministrators(server, document, input, { services: false });
});

test.each([FormState.DRAFT, FormState.PUBLISHED, FormState.ARCHIVED])(
  "takes a %s form away for good, with all its revisions and classifications and nothing else",
  async (state) => {
    const of = await cast(server);
    const { admin } = of.here;
    const kept = await of.here.rows();
    const form = await formOf(of, { state });
    if (state === FormState.PUBLISHED) {
      const input = { formId: form.id, name: "Staged" };
      expect(await of.here.refusals(admin, operations.UpdateInvestorPreferenceForm!, input)).toEqual([]);
    }
    const { deleteInvestorPreferenceForm } = await admin.ask(document, { input: { formId: form.uuid } });
    expect(deleteInvestorPreferenceForm).toEqual({ deletedInvestorPreferenceFormId: form.id, errors: [] });
    const { audit_events: _, ...left } = await of.here.rows();
    const { audit_events: __, ...before } = kept;
    expect(left).toEqual(before);
    expect(await admin.ask(operations.InvestorPreferenceForm!, { uuid: form.uuid })).toEqual({
      investorPreferenceForm: null,
    });
    expect(await refusals(of, form)).toEqual(["NOT_FOUND input.formId"]);
  },
);

test("refuses a form that is enabled", async () => {
  const of = await cast(server);
  const form = await formOf(of, { enablement: FormEnablement.ENABLED });
  expect(await refusals(of, form)).toEqual(["FORM_ENABLED input.formId"]);
});

test("refuses one that the platform protects, enabled or not", async () => {
  const of = await cast(server);
  for (const enablement of [FormEnablement.DISABLED, FormEnablement.ENABLED]) {
    const form = await formOf(of, { editorValidator: PROTECTED, enablement });
    expect(await refusals(of, form)).toEqual(["FORM_PROTECTED input.formId"]);
  }
});

test.each([FormState.PUBLISHED, FormState.ARCHIVED])(
  "refuses a %s one that anybody was given, be it open, completed or lapsed",
  async (state) => {
    const of = await cast(server);
    const values = [{}, completed(), completed("2024-01-01T00:00:00.000Z")];
    for (const implementation of values) {
      const form = await formOf(of, { state });
      await of.here.implementation(of.former, form, implementation);
      expect(await refusals(of, form)).toEqual(["FORM_HAS_SUBMISSIONS input.formId"]);
    }
  },
);

test("refuses one that is not there, is another tenant's, or is of the other kind", async () => {
  const of = await cast(server);
  const elsewhere = await (await tenant()).preferenceForm({ enablement: FormEnablement.DISABLED });
  const other = await of.here.form({ enablement: FormEnablement.DISABLED });
  for (const id of [UNKNOWN, elsewhere.id, other.uuid]) {
    expect(await refusals(of, { id })).toEqual(["NOT_FOUND input.formId"]);
  }
  const answer = await of.here.admin.send(document, { input: { formId: other.id } });
  expect(problems(answer)).toEqual(["BAD_USER_INPUT input.formId"]);
});

test("leaves one event about the form, which names it", async () => {
  const of = await cast(server);
  const form = await formOf(of);
  expect(await refusals(of, form)).toEqual([]);
  const [event, ...more] = await eventsOf(of.here);
  const [operation, target, ...changes] = event!;
  expect([operation, target, ...more]).toEqual(["deleteInvestorPreferenceForm", form.uuid]);
  const deleted = changes.map((change) => change.split(" ").slice(0, 2).join(" "));
  expect(deleted.toSorted()).toEqual(["DELETE Form", "DELETE FormClassification", "DELETE FormClassification"]);
  const { audit_events } = await of.here.rows();
  expect(JSON.stringify(audit_events!.at(-1)!.changes)).toContain("Doomed");
});
