import fc from "fast-check";
import { EnforcementType, FormEnablement, FormKind, FormState, ImplementationStatus } from "../../src/forms/index.js";
import { UserStatus, UserType } from "../../src/users/index.js";
import { harness, operations, type Person, type TestTenant } from "../harness/index.js";
import { ByHand, inOrder } from "./by-hand.js";
import { future, past, PREFERENCES, preferences, type Preferences } from "./cast.js";

const server = await harness();

/** Told with each test; what went wrong with it goes wrong again with SEED set to it. */
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);

const PEOPLE = 40;
const FORMS = 12;
const DAY = 86_400_000;
const { ACTIVE } = UserStatus;
const { INVESTOR, ENTREPRENEUR, INTERNAL } = UserType;
const { PUBLISHED } = FormState;
const { COMPLETED, IN_PROGRESS, ASSIGNED } = ImplementationStatus;

const any = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const exactly = <T>(count: number, one: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(one, { minLength: count, maxLength: count });

/** It was over a moment ago, or long since; it will be soon, or in time; it never is. */
const end = any<() => string | null>(
  () => past(),
  () => past(30 * DAY),
  () => future(),
  () => future(DAY),
  () => future(40 * DAY),
  () => null,
);
const labels = fc.subarray([0, 1, 2]);
const completed = fc.record({ storedStatus: fc.constant(COMPLETED), end });
const open = fc.record({ storedStatus: any(ASSIGNED, IN_PROGRESS), end: fc.constant(() => null) });
const given = fc.oneof(
  fc.constant([]),
  fc.tuple(open),
  fc.tuple(completed),
  fc.tuple(completed, open),
  fc.tuple(completed, completed),
);
const planned = fc.record({
  people: exactly(
    PEOPLE,
    fc.record({
      type: any(INVESTOR, INVESTOR, INVESTOR, INVESTOR, INVESTOR, INVESTOR, ENTREPRENEUR, INTERNAL),
      status: any(ACTIVE, ACTIVE, ACTIVE, ...Object.values(UserStatus)),
      held: labels,
      ends: exactly(3, end),
    }),
  ),
  forms: exactly(
    FORMS,
    fc.record({
      name: any("alpha", "Alpha", "beta", "Gamma", "delta"),
      state: any(PUBLISHED, PUBLISHED, PUBLISHED, PUBLISHED, ...Object.values(FormState)),
      enablement: any(FormEnablement.ENABLED, FormEnablement.ENABLED, FormEnablement.DISABLED),
      enforcementType: any(EnforcementType.REQUIRED, ...Object.values(EnforcementType)),
      editable: fc.boolean(),
      labels,
    }),
  ),
  given: exactly(FORMS, exactly(PEOPLE, given)),
});

interface Populated {
  here: TestTenant;
  people: Person[];
  labels: { guid: string; id: string }[];
  byHand: () => Promise<ByHand>;
}

/** A tenant of people of all types and statuses, who hold labels and were given forms in all sorts of ways. */
async function populated(number: number): Promise<Populated> {
  const plan = fc.sample(planned, { seed: seed + number, numRuns: 1 })[0]!;
  const here = await server.tenant();
  const all = [await here.classification(), await here.classification(), await here.classification()];
  const people: Person[] = [];
  for (const { held, ends, ...values } of plan.people) {
    const user = await here.user(values);
    people.push(user);
    for (const index of held) await here.classify(user, all[index]!, ends[index]!());
  }
  // One of the other kind, which is no preference.
  await here.form();
  for (const [index, { enablement, labels: of, ...head }] of plan.forms.entries()) {
    const form = await here.preferenceForm({
      ...head,
      enablement: head.state === PUBLISHED ? enablement : FormEnablement.DISABLED,
      classifications: of.map((label) => all[label]!),
    });
    if (head.state === FormState.DRAFT) continue;
    for (const [place, implementations] of plan.given[index]!.entries()) {
      for (const [count, { storedStatus, end: until }] of implementations.entries()) {
        const completedAt = storedStatus === COMPLETED ? past(50 * DAY) : null;
        const createdAt = past((60 - count) * DAY);
        const values = { storedStatus, completedAt, createdAt, validUntil: until() };
        await here.implementation(people[place]!, form, values);
      }
    }
  }
  return { here, people: [here.admin, ...people], labels: all, byHand: async () => new ByHand(await here.rows()) };
}

const EVERYBODY = `{ users(first: 50) { nodes { ...Preferences } } } ${PREFERENCES.slice(PREFERENCES.indexOf("fragment"))}`;

/** Everybody's gate and forms, as the administrator is told of all at once. */
async function told({ admin }: TestTenant): Promise<Map<string, Preferences>> {
  const { nodes } = (await admin.ask(EVERYBODY)).users;
  return new Map(nodes.map((user: Preferences) => [user.guid, inOrder(user)]));
}

const expected = (byHand: ByHand): Map<string, Preferences> =>
  new Map(byHand.users.map((user) => [user.id, inOrder(byHand.preferences(user))]));

/** The changes of an offer, each with any of its values. */
const CHANGES: Record<string, (of: Populated) => fc.Arbitrary<Record<string, unknown>>> = {
  UpdateInvestorPreferenceFormEnforcementType: () =>
    fc.record({ enforcementType: any(...Object.values(EnforcementType)) }),
  UpdateInvestorPreferenceFormEditable: () => fc.record({ editable: fc.boolean() }),
  UpdateInvestorPreferenceFormClassifications: (of) =>
    fc.record({ classificationIds: fc.subarray(of.labels.map(({ id }) => id)) }),
  UpdateInvestorPreferenceFormState: () => fc.record({ enablement: any(...Object.values(FormEnablement)) }),
};

/** What the state of a form forbids is refused, and no matter here. */
function isAllowed(state: unknown, { enablement, enforcementType }: Record<string, unknown>): boolean {
  if (state === PUBLISHED || enablement === FormEnablement.DISABLED) return true;
  return state === FormState.DRAFT && enablement === undefined && enforcementType !== EnforcementType.REQUIRED;
}

const standings = (byHand: ByHand, uuid: string): string[] => {
  const form = byHand.forms.find(({ id }) => id === uuid)!;
  return byHand.users.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((user) => byHand.standing(user, form));
};

describe.each([1, 2])(`tenant %d of seed ${seed}`, (number) => {
  let of: Populated;
  beforeAll(async () => {
    of = await populated(number);
  });

  test("everybody's gate and forms are as worked out by hand: told of all, of each, and to each", async () => {
    const { here, people, byHand } = of;
    const tables = await byHand();
    expect(await told(here)).toEqual(expected(tables));
    for (const person of people) {
      const user = tables.users.find(({ id }) => id === person.guid)!;
      const own = inOrder(tables.preferences(user));
      expect(inOrder(await preferences(here.admin, person))).toEqual(own);
      if (user.status === ACTIVE) expect(inOrder(await preferences(person, person))).toEqual(own);
    }
  });

  test.each(Object.entries(CHANGES))(
    "%s affects, tried and done, as many as stand to the form otherwise than before",
    async (operation, valuesOf) => {
      const { here, byHand } = of;
      const affected = async (input: object): Promise<number> => {
        const [answer] = Object.values(await here.admin.ask(operations[operation]!, { input }));
        expect(answer.errors).toEqual([]);
        return answer.affectedUserCount;
      };
      const counts = new Set<number>();
      const steps = fc.record({ which: fc.nat(FORMS - 1), values: valuesOf(of) });
      let before = await byHand();
      for (const { which, values } of fc.sample(steps, { seed: seed + number, numRuns: 25 })) {
        const { id: formId, state } = before.forms.filter(({ kind }) => kind === FormKind.INVESTOR_PREFERENCE)[which]!;
        if (!isAllowed(state, values)) continue;
        const tried = await affected({ formId, ...values, dryRun: true });
        expect(standings(await byHand(), formId)).toEqual(standings(before, formId));
        const done = await affected({ formId, ...values });
        const after = await byHand();
        const [old, current] = [standings(before, formId), standings(after, formId)];
        const differing = old.filter((standing, index) => standing !== current[index]).length;
        expect({ tried, done }).toEqual({ tried: differing, done: differing });
        counts.add(differing);
        before = after;
      }
      // A control: there was something to count.
      expect(counts.size).toBeGreaterThan(1);
      expect(await told(here)).toEqual(expected(before));
    },
  );
});
