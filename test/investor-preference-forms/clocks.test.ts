import { validUntil as validUntilOf } from "../../src/forms/index.js";
import { harness, operations, type Person, type TestForm } from "../harness/index.js";
import { cast, completed, future, gate, past, preferences } from "./cast.js";

const server = await harness();
const { tenant, database } = server;
const DAY = 86_400_000;

/** A second ago, and what is to come: not so soon that a slow machine would meet it. */
const GONE = "now() - interval '1 second'";
const TO_COME = "now() + interval '1 minute'";

const lapse = (implementation: { uuid: string }, when: string) =>
  database.sql(`UPDATE form_implementations SET valid_until = ${when} WHERE id = $1`, [implementation.uuid]);
const expire = (user: Person, label: { guid: string }, when: string) =>
  database.sql(`UPDATE user_classifications SET valid_until = ${when} WHERE user_id = $1 AND classification_id = $2`, [
    user.guid,
    label.guid,
  ]);

test("completed answers count until they lapse; then the form blocks again, and may be taken again", async () => {
  const { here, form, holder } = await cast(server);
  const implementation = await here.implementation(holder, form, completed());
  for (const [when, blocked, status] of [
    ["NULL", false, "COMPLETED"],
    [TO_COME, false, "COMPLETED"],
    [GONE, true, "EXPIRED"],
    [TO_COME, false, "COMPLETED"],
    [GONE, true, "EXPIRED"],
  ] as const) {
    await lapse(implementation, when);
    const told = await preferences(holder, holder);
    expect(told.preferenceGate).toMatchObject({ blocked, outstanding: { totalCount: blocked ? 1 : 0 } });
    const { edges } = told.enabledInvestorPreferenceForms;
    expect(edges).toMatchObject([{ blocking: blocked, implementation: { uuid: implementation.uuid, status } }]);
  }
  const input = { formId: form.id };
  const document = operations.CreateInvestorPreferenceFormImplementation!;
  expect(await here.refusals(holder, document, input)).toEqual([]);
  // The one before does not come back to life, and what is open does not count.
  const told = await preferences(holder, holder);
  expect(told).toMatchObject({
    preferenceGate: { blocked: true, validUntil: null },
    enabledInvestorPreferenceForms: { edges: [{ implementation: { status: "ASSIGNED" } }] },
  });
});

test("a classification counts until it expires: then the form is neither asked nor shown, and blocks nobody", async () => {
  const { form, label, holder } = await cast(server);
  for (const [when, counts] of [
    [TO_COME, true],
    [GONE, false],
    ["NULL", true],
    [GONE, false],
  ] as const) {
    await expire(holder, label, when);
    const told = await preferences(holder, holder);
    expect(told.preferenceGate).toMatchObject({ blocked: counts, outstanding: { totalCount: counts ? 1 : 0 } });
    expect(told.enabledInvestorPreferenceForms.totalCount).toBe(counts ? 1 : 0);
    const { investorPreferenceForm } = await holder.ask(operations.InvestorPreferenceForm!, { uuid: form.uuid });
    expect(investorPreferenceForm !== null).toBe(counts);
  }
});

test("of two classifications of a form, the one that is left is why it is asked", async () => {
  const { here, label, otherLabel, holder } = await cast(server);
  const form = await here.preferenceForm({ classifications: [label, otherLabel] });
  await here.classify(holder, otherLabel, future());
  const why = async () => {
    const { edges } = (await preferences(holder, holder)).enabledInvestorPreferenceForms;
    return edges.find(({ node }) => node.uuid === form.uuid)?.matchedClassifications.map(({ id }) => id);
  };
  expect((await why())!.toSorted()).toEqual([label.id, otherLabel.id].toSorted());
  await expire(holder, label, GONE);
  expect(await why()).toEqual([otherLabel.id]);
  await expire(holder, otherLabel, GONE);
  expect(await why()).toBeUndefined();
});

test("the gate is valid until the first of what blocks would lapse: of what counts, is REQUIRED and applies", async () => {
  const { here, form, otherLabel, holder } = await cast(server);
  const days = (count: number) => future(count * DAY);
  const [first, second, third] = [days(20), days(30), days(40)];
  await here.implementation(holder, form, completed(second));
  expect(await gate(here, holder)).toEqual({ blocked: false, validUntil: second });
  const done = async (made: TestForm, until: string | null) => here.implementation(holder, made, completed(until));
  // None of these says when.
  await done(await here.preferenceForm({ enforcementType: "OPTIONAL" as never }), days(1));
  await done(await here.preferenceForm({ enforcementType: "RECOMMENDED" as never }), days(2));
  await done(await here.preferenceForm({ enablement: "DISABLED" as never }), days(3));
  await done(await here.preferenceForm({ state: "ARCHIVED" as never }), days(4));
  await done(await here.preferenceForm({ classifications: [otherLabel] }), days(5));
  await done(await here.preferenceForm(), null);
  await done(await here.form(), days(6));
  const last = await here.preferenceForm();
  await done(last, past());
  expect(await gate(here, holder)).toEqual({ blocked: true, validUntil: null });
  await done(last, first);
  expect(await gate(here, holder)).toEqual({ blocked: false, validUntil: first });
  // Of two that count for one form, the later.
  await done(last, third);
  expect(await gate(here, holder)).toEqual({ blocked: false, validUntil: second });
  await done(form, null);
  expect(await gate(here, holder)).toEqual({ blocked: false, validUntil: third });
});

test("without end the gate tells no day, nor when nothing is REQUIRED", async () => {
  const { here, form, holder, stranger } = await cast(server);
  expect(await gate(here, stranger)).toEqual({ blocked: false, validUntil: null });
  await here.implementation(holder, form, completed());
  expect(await gate(here, holder)).toEqual({ blocked: false, validUntil: null });
});

test("answers that lapsed at the last midnight do not count, those that will at one to come do until then", async () => {
  const { here, form, holder } = await cast(server);
  const implementation = await here.implementation(holder, form, completed());
  const midnight = (days: number): string =>
    `date_trunc('day', now() AT TIME ZONE 'UTC' + interval '${days} days') AT TIME ZONE 'UTC'`;
  await lapse(implementation, midnight(0));
  expect((await gate(here, holder)).blocked).toBe(true);
  await lapse(implementation, midnight(2));
  const { blocked, validUntil } = await gate(here, holder);
  expect(blocked).toBe(false);
  expect(validUntil).toMatch(/T00:00:00.000Z$/);
});

/** The day so many months later, counted one by one, or the last of a shorter month; and the midnight that ends it. */
function monthsLater(instant: string, months: number): string {
  const [year, month, day] = instant.slice(0, 10).split("-").map(Number) as [number, number, number];
  const all = month - 1 + months;
  const [laterYear, laterMonth] = [year + Math.floor(all / 12), (all % 12) + 1];
  const leap = laterYear % 4 === 0 && (laterYear % 100 !== 0 || laterYear % 400 === 0);
  const length = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][laterMonth - 1]!;
  const ends = Date.UTC(laterYear, laterMonth - 1, Math.min(day, length));
  return new Date(ends + DAY).toISOString();
}

test.each([1, 2, 6, 11, 12, 13, 120])(
  "what is completed now is valid for the whole day %d months from now",
  async (months) => {
    const here = await tenant();
    const [form, investor] = [await here.preferenceForm({ revalidateAfterMonths: months }), await here.user()];
    const { createInvestorPreferenceFormImplementation: taken } = await investor.ask(
      operations.CreateInvestorPreferenceFormImplementation!,
      { input: { formId: form.id } },
    );
    const { completeFormImplementation } = await investor.ask(operations.CompleteFormImplementation!, {
      input: { implementationId: taken.formImplementation.id },
    });
    const { completedAt, validUntil } = completeFormImplementation.formImplementation;
    expect(validUntil).toBe(monthsLater(completedAt, months));
    expect(await gate(here, investor)).toEqual({ blocked: false, validUntil });
  },
);

test.each([
  ["2026-01-31T10:00:00.000Z", 1, "2026-03-01T00:00:00.000Z"],
  ["2026-01-29T23:59:59.999Z", 1, "2026-03-01T00:00:00.000Z"],
  ["2026-01-28T00:00:00.000Z", 1, "2026-03-01T00:00:00.000Z"],
  ["2026-01-27T00:00:00.000Z", 1, "2026-02-28T00:00:00.000Z"],
  ["2028-01-31T10:00:00.000Z", 1, "2028-03-01T00:00:00.000Z"],
  ["2028-01-28T10:00:00.000Z", 1, "2028-02-29T00:00:00.000Z"],
  ["2028-02-29T10:00:00.000Z", 12, "2029-03-01T00:00:00.000Z"],
  ["2028-02-29T10:00:00.000Z", 48, "2032-03-01T00:00:00.000Z"],
  ["2026-03-31T10:00:00.000Z", 1, "2026-05-01T00:00:00.000Z"],
  ["2026-04-30T10:00:00.000Z", 1, "2026-05-31T00:00:00.000Z"],
  ["2026-12-31T23:59:59.999Z", 2, "2027-03-01T00:00:00.000Z"],
  ["2026-11-30T10:00:00.000Z", 1, "2026-12-31T00:00:00.000Z"],
  ["2026-12-31T00:00:00.000Z", 12, "2028-01-01T00:00:00.000Z"],
  ["2026-06-30T12:00:00.000Z", 120, "2036-07-01T00:00:00.000Z"],
])("completed at %s for %d months: until %s", (completedAt, months, until) => {
  expect(validUntilOf(new Date(completedAt), months)).toBe(until);
  expect(monthsLater(completedAt, months)).toBe(until);
});

test("on every day of five years and for any months it is as counted by hand", () => {
  for (let day = Date.UTC(2026, 0, 1); day < Date.UTC(2031, 0, 1); day += DAY) {
    const completedAt = new Date(day + ((day / DAY) % 24) * 3_600_000);
    for (const months of [1, 2, 3, 12, 13, 120]) {
      const until = validUntilOf(completedAt, months);
      if (until !== monthsLater(completedAt.toISOString(), months)) {
        expect([completedAt, months, until]).toEqual([
          completedAt,
          months,
          monthsLater(completedAt.toISOString(), months),
        ]);
      }
    }
  }
  expect(validUntilOf(new Date(), null)).toBeNull();
});
