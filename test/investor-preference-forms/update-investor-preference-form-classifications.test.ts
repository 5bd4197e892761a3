import { harness, operations, problems, type Person } from "../harness/index.js";
import { UNKNOWN } from "../user-groups/family.js";
import { cast, completed, future, past, preferences, type Cast } from "./cast.js";
import { change, offerRules } from "./offers.js";

const server = await harness();
const document = operations.UpdateInvestorPreferenceFormClassifications!;
const set = change("updateInvestorPreferenceFormClassifications");

offerRules(server, {
  operation: "updateInvestorPreferenceFormClassifications",
  present: ({ label }) => ({ classificationIds: [label.id] }),
  other: ({ otherLabel }) => ({ classificationIds: [otherLabel.guid] }),
  // The holder loses it, the stranger gains it.
  affected: 2,
  changes: [
    "DELETE FormClassification classificationId,formId",
    "CREATE FormClassification classificationId,formId",
    "UPDATE Form updatedAt",
  ],
});

const refusals = ({ here, form }: Cast, classificationIds: string[], dryRun = false) =>
  here.refusals(here.admin, document, { formId: form.id, classificationIds, dryRun });

test("asks those who hold one of them now, and all investors when there are none", async () => {
  const of = await cast(server);
  const { here, form, label, otherLabel, holder, former, stranger, lead, entrepreneur } = of;
  await here.classify(stranger, label, future());
  const everybody = [holder, former, stranger, lead, entrepreneur];
  const asked = async (): Promise<Person[]> => {
    const told = await Promise.all(everybody.map((one) => preferences(here.admin, one)));
    return everybody.filter((_, index) => told[index]!.enabledInvestorPreferenceForms.totalCount === 1);
  };
  const cases: [classificationIds: string[], Person[], felt: number][] = [
    [[label.id, otherLabel.id], [holder, stranger], 0],
    [[otherLabel.id], [stranger], 1],
    // The cast has an investor more, who was given it and has completed it.
    [[], [holder, former, stranger, lead], 4],
    [[label.id], [holder, stranger], 3],
  ];
  for (const [classificationIds, investors, felt] of cases) {
    expect(await set(of, form, { classificationIds })).toMatchObject({ affectedUserCount: felt });
    expect(await asked()).toEqual(investors);
  }
  const { edges } = (await preferences(stranger, stranger)).enabledInvestorPreferenceForms;
  expect(edges).toMatchObject([{ blocking: true, matchedClassifications: [{ id: label.id }] }]);
});

test("is felt by who gains or loses the form, completed or not, and not by who keeps it by another label", async () => {
  const of = await cast(server);
  const { here, form, label, otherLabel } = of;
  const both = await here.user();
  const users = [await here.user(), await here.user(), await here.user()];
  for (const user of [...users, both]) await here.classify(user, label);
  await here.classify(both, otherLabel);
  const [open, done, lapsed] = users;
  await here.implementation(open!, form);
  await here.implementation(done!, form, completed());
  await here.implementation(lapsed!, form, completed(past()));
  // The stranger gains it; the holder and these three lose it.
  expect(await set(of, form, { classificationIds: [otherLabel.id] })).toMatchObject({ affectedUserCount: 5 });
  expect(await set(of, form, { classificationIds: [label.id, otherLabel.id] })).toMatchObject({ affectedUserCount: 4 });
});

test("keeps what stays in the set: only what comes and goes is written", async () => {
  const of = await cast(server);
  const { here, form, label, otherLabel } = of;
  await set(of, form, { classificationIds: [otherLabel.id, label.id] });
  const event = (await here.rows()).audit_events!.at(-1)!.changes as { type: string; action: string }[];
  expect(event.map(({ type, action }) => `${action} ${type}`)).toEqual(["CREATE FormClassification", "UPDATE Form"]);
  const { investorPreferenceForm } = await set(of, form, { classificationIds: [label.id, otherLabel.id] });
  expect(investorPreferenceForm.version).toBe(2);
});

test("refuses a classification that is not there, or is another tenant's, tried or done", async () => {
  const of = await cast(server);
  const elsewhere = await (await server.tenant()).classification();
  for (const id of [UNKNOWN, elsewhere.id, elsewhere.guid]) {
    for (const dryRun of [true, false]) {
      expect(await refusals(of, [of.label.id, id], dryRun)).toEqual([
        "UNKNOWN_CLASSIFICATION input.classificationIds.1",
      ]);
    }
  }
});

test("refuses one that is named twice, however it is spelled", async () => {
  const of = await cast(server);
  const { id, guid } = of.label;
  for (const again of [id, guid, guid.toUpperCase()]) {
    expect(await refusals(of, [id, again])).toEqual(["DUPLICATED_INPUT_ITEM input.classificationIds.1"]);
  }
});

test("refuses what is no classification's id", async () => {
  const { here, form, label } = await cast(server);
  for (const id of ["", "x", form.id]) {
    const asked = { input: { formId: form.id, classificationIds: [label.id, id] } };
    expect(problems(await here.admin.send(document, asked))).toEqual(["BAD_USER_INPUT input.classificationIds.1"]);
  }
});

test("takes 50 and refuses 51", async () => {
  const of = await cast(server);
  const ids: string[] = [];
  for (let i = 0; i < 51; i++) ids.push((await of.here.classification()).id);
  expect(await refusals(of, ids)).toEqual(["LIMIT input.classificationIds"]);
  expect(await refusals(of, ids.slice(1))).toEqual([]);
});
