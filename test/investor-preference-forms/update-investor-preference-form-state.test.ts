import { FormState } from "../../src/forms/index.js";
import { harness, operations } from "../harness/index.js";
import { cast, completed, future, gate, past, preferences } from "./cast.js";
import { change, offerRules } from "./offers.js";

const server = await harness();
const document = operations.UpdateInvestorPreferenceFormState!;
const set = change("updateInvestorPreferenceFormState");

offerRules(server, {
  operation: "updateInvestorPreferenceFormState",
  present: () => ({ enablement: "ENABLED" }),
  other: () => ({ enablement: "DISABLED" }),
  affected: 1,
  changes: ["UPDATE Form enablement"],
});

test("hides the form, unblocks, and refuses to give it; enabled again it blocks as before", async () => {
  const { here, form, holder } = await cast(server);
  const asked = async () => (await preferences(here.admin, holder)).enabledInvestorPreferenceForms.totalCount;
  const giving = () =>
    here.refusals(here.admin, operations.CreateInvestorPreferenceFormImplementation!, {
      formId: form.id,
      userId: holder.id,
    });
  expect([(await gate(here, holder)).blocked, await asked()]).toEqual([true, 1]);
  await set({ here }, form, { enablement: "DISABLED" });
  expect([(await gate(here, holder)).blocked, await asked()]).toEqual([false, 0]);
  expect(await giving()).toEqual(["FORM_DISABLED input.formId"]);
  await set({ here }, form, { enablement: "ENABLED" });
  expect([(await gate(here, holder)).blocked, await asked()]).toEqual([true, 1]);
  expect(await giving()).toEqual([]);
});

test("what was given before stays to be answered and completed while it is disabled", async () => {
  const { here, form, holder } = await cast(server);
  const { id: implementationId } = await here.implementation(holder, form);
  await set({ here }, form, { enablement: "DISABLED" });
  const answers = [{ fieldUuid: form.fields.motto, value: "Onwards" }];
  expect(await here.refusals(holder, operations.SaveFormAnswers!, { implementationId, answers })).toEqual([]);
  expect(await here.refusals(holder, operations.CompleteFormImplementation!, { implementationId })).toEqual([]);
  await set({ here }, form, { enablement: "ENABLED" });
  expect(await gate(here, holder)).toEqual({ blocked: false, validUntil: null });
});

test("is felt by those whom the form is for, however far they are with it", async () => {
  const { here, label, form, holder } = await cast(server);
  for (const values of [{}, completed(), completed(past()), completed(future())]) {
    const user = await here.user();
    await here.classify(user, label, future());
    await here.implementation(user, form, values);
  }
  await here.implementation(holder, form);
  expect(await set({ here }, form, { enablement: "DISABLED" })).toMatchObject({ affectedUserCount: 5 });
  const forAll = await here.preferenceForm();
  // With the four investors of the cast who are none of these, and the lead.
  expect(await set({ here }, forAll, { enablement: "DISABLED" })).toMatchObject({ affectedUserCount: 9 });
});

test("an archived form is disabled already", async () => {
  const { here } = await cast(server);
  const form = await here.preferenceForm({ state: FormState.ARCHIVED });
  const input = { formId: form.id, enablement: "DISABLED" };
  expect(await here.refusals(here.admin, document, input)).toEqual([]);
});

test("a form is enabled again as it was published, not as it is staged", async () => {
  const { here, form, holder } = await cast(server);
  await set({ here }, form, { enablement: "DISABLED" });
  const staged = { formId: form.id, name: "Staged" };
  expect(await here.refusals(here.admin, operations.UpdateInvestorPreferenceForm!, staged)).toEqual([]);
  const { investorPreferenceForm } = await set({ here }, form, { enablement: "ENABLED" });
  expect(investorPreferenceForm.name).not.toBe("Staged");
  expect((await gate(here, holder)).blocked).toBe(true);
});
