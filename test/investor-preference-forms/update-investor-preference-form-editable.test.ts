import { harness, operations } from "../harness/index.js";
import { cast, completed, future, gate, past } from "./cast.js";
import { change, offerRules } from "./offers.js";

const server = await harness();
const set = change("updateInvestorPreferenceFormEditable");

offerRules(server, {
  operation: "updateInvestorPreferenceFormEditable",
  present: () => ({ editable: false }),
  other: () => ({ editable: true }),
  // The holder has not completed it, and may change the answers in either case.
  affected: 0,
  changes: ["UPDATE Form editable"],
});

test("is felt by those whom the form is for who have completed it", async () => {
  const { here, label, form } = await cast(server);
  for (const values of [{}, completed(), completed(past()), completed(future())]) {
    const user = await here.user();
    await here.classify(user, label, future());
    await here.implementation(user, form, values);
  }
  for (const editable of [true, false, true]) {
    expect(await set({ here }, form, { editable, dryRun: true })).toMatchObject({ affectedUserCount: 2 });
    expect(await set({ here }, form, { editable })).toMatchObject({ affectedUserCount: 2 });
    expect(await set({ here }, form, { editable })).toMatchObject({ affectedUserCount: 0 });
  }
});

test("lets investors reopen what they completed, and stops them; staff always may", async () => {
  const { here, form, holder } = await cast(server);
  const { id: implementationId } = await here.implementation(holder, form, completed());
  const reopen = (by = holder) => here.refusals(by, operations.ReopenFormImplementation!, { implementationId });
  const complete = () => here.refusals(holder, operations.CompleteFormImplementation!, { implementationId });
  expect(await reopen()).toEqual(["ANSWERS_LOCKED input.implementationId"]);
  await set({ here }, form, { editable: true });
  expect(await reopen()).toEqual([]);
  // What is reopened does not count until it is completed again.
  expect((await gate(here, holder)).blocked).toBe(true);
  expect(await complete()).toEqual([]);
  expect((await gate(here, holder)).blocked).toBe(false);
  await set({ here }, form, { editable: false });
  expect(await reopen()).toEqual(["ANSWERS_LOCKED input.implementationId"]);
  expect(await reopen(here.admin)).toEqual([]);
});
