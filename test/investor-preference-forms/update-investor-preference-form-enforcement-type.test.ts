import { EnforcementType, FormState } from "../../src/forms/index.js";
import { harness, operations } from "../harness/index.js";
import { cast, completed, future, gate, past, preferences } from "./cast.js";
import { change, offerRules } from "./offers.js";

const server = await harness();
const set = change("updateInvestorPreferenceFormEnforcementType");

offerRules(server, {
  operation: "updateInvestorPreferenceFormEnforcementType",
  present: () => ({ enforcementType: "REQUIRED" }),
  other: () => ({ enforcementType: "RECOMMENDED" }),
  affected: 1,
  changes: ["UPDATE Form enforcementType"],
});

test("REQUIRED blocks investing until it is completed, the others do not", async () => {
  const { here, form, holder } = await cast(server);
  for (const enforcementType of ["OPTIONAL", "REQUIRED", "RECOMMENDED", "REQUIRED"]) {
    await set({ here }, form, { enforcementType });
    const blocking = enforcementType === "REQUIRED";
    expect((await gate(here, holder)).blocked).toBe(blocking);
    const { enabledInvestorPreferenceForms } = await preferences(holder, holder);
    expect(enabledInvestorPreferenceForms.edges).toMatchObject([{ blocking, node: { uuid: form.uuid } }]);
  }
  await here.implementation(holder, form, completed());
  expect((await gate(here, holder)).blocked).toBe(false);
});

test("the event tells what it was and what it is", async () => {
  const { here, form } = await cast(server);
  await set({ here }, form, { enforcementType: "OPTIONAL" });
  expect((await here.rows()).audit_events).toMatchObject([
    { changes: [{ type: "Form", id: form.uuid, fields: { enforcementType: ["REQUIRED", "OPTIONAL"] } }] },
  ]);
});

test("is felt by those whom the form is for who have not completed it, or no longer", async () => {
  const { here, label, form, holder } = await cast(server);
  for (const values of [{}, completed(), completed(past()), completed(future())]) {
    const user = await here.user();
    await here.classify(user, label, future());
    await here.implementation(user, form, values);
  }
  expect(await set({ here }, form, { enforcementType: "OPTIONAL" })).toMatchObject({ affectedUserCount: 3 });
  await here.implementation(holder, form, completed());
  expect(await set({ here }, form, { enforcementType: "REQUIRED" })).toMatchObject({ affectedUserCount: 2 });
});

test.each([FormState.DRAFT, FormState.ARCHIVED])("a %s form cannot be made REQUIRED", async (state) => {
  const { here } = await cast(server);
  const form = await here.preferenceForm({ state, enforcementType: EnforcementType.OPTIONAL });
  const document = operations.UpdateInvestorPreferenceFormEnforcementType!;
  const code = state === FormState.DRAFT ? "FORM_NOT_PUBLISHED" : "INVALID_TRANSITION";
  for (const dryRun of [true, false]) {
    const input = { formId: form.id, enforcementType: "REQUIRED", dryRun };
    expect(await here.refusals(here.admin, document, input)).toEqual([`${code} input.formId`]);
  }
});

test.each([FormState.DRAFT, FormState.ARCHIVED])("a %s form that is REQUIRED is set to REQUIRED", async (state) => {
  const { here } = await cast(server);
  const form = await here.preferenceForm({ state, enforcementType: EnforcementType.REQUIRED });
  expect(await set({ here }, form, { enforcementType: "REQUIRED" })).toMatchObject({ affectedUserCount: 0 });
});
