import { EnforcementType, FormEnablement, FormState } from "../../src/forms/index.js";
import { operations, outcomes, problems, type Harness, type TestForm } from "../harness/index.js";
import { atOnce, eventsOf, UNKNOWN } from "../user-groups/family.js";
import { cast, completed, isForAdministrators, type Cast } from "./cast.js";

/** A change of an offer: what it is set to. */
export type Values = (of: Cast) => object;

export interface Offer {
  operation: string;
  /** What the cast's form is, and something else that it can be. */
  present: Values;
  other: Values;
  /** How many feel the other: of the cast, the holder stands open, the given one has completed it. */
  affected: number;
  /** What the audit event names as changed. */
  changes: string[];
}

/** What a change of an offer answers; fails the test when it refuses. */
export const change =
  (operation: string) =>
  async ({ here }: Pick<Cast, "here">, { id }: Pick<TestForm, "id">, values: object) => {
    const name = operation[0]!.toUpperCase() + operation.slice(1);
    const answer = (await here.admin.ask(operations[name]!, { input: { formId: id, ...values } }))[operation];
    expect(answer.errors).toEqual([]);
    return answer as { affectedUserCount: number; investorPreferenceForm: Record<string, any> };
  };

/** What all four hold that change whom a form asks, and how. */
export function offerRules(server: Harness, { operation, present, other, affected, changes }: Offer): void {
  const document = operations[operation[0]!.toUpperCase() + operation.slice(1)]!;
  const set = change(operation);
  const refusals = ({ here }: Pick<Cast, "here">, { id }: { id: string }, values: object) =>
    here.refusals(here.admin, document, { formId: id, ...values });
  const read = async ({ here, form }: Cast) =>
    (await here.admin.ask(operations.InvestorPreferenceForm!, { uuid: form.uuid })).investorPreferenceForm;
  /** Everything but the events. */
  const kept = async ({ here }: Cast) => ({ ...(await here.contents()), audit_events: [] });

  describe("is for administrators and services", () =>
    isForAdministrators(server, document, (of) => ({ formId: of.form.id, ...other(of) })));

  test("answers with the form as it is then, and how many feel it; back again as many do", async () => {
    const of = await cast(server);
    const before = await read(of);
    const { affectedUserCount, investorPreferenceForm } = await set(of, of.form, other(of));
    expect(affectedUserCount).toBe(affected);
    const after = await read(of);
    expect(after).toMatchObject({ version: 2, ...investorPreferenceForm, classifications: expect.anything() });
    const names = ({ classifications }: any) => classifications.nodes.map(({ name }: { name: string }) => name);
    expect(names(after)).toEqual(names(investorPreferenceForm));
    expect(await set(of, of.form, present(of))).toMatchObject({ affectedUserCount: affected });
    expect(await read(of)).toEqual({ ...before, version: 3, updatedAt: expect.any(String) });
  });

  test("set to what it is it succeeds, is felt by nobody, and changes nothing", async () => {
    const of = await cast(server);
    const before = await kept(of);
    for (const dryRun of [false, null, true]) {
      expect(await set(of, of.form, { ...present(of), dryRun })).toMatchObject({
        affectedUserCount: 0,
        investorPreferenceForm: { version: 1 },
      });
    }
    expect(await kept(of)).toEqual(before);
  });

  test("tried only, it tells how many would feel it and leaves nothing at all, no event either", async () => {
    const of = await cast(server);
    const before = await of.here.contents();
    for (const values of [other(of), present(of), other(of)]) {
      const tried = await set(of, of.form, { ...values, dryRun: true });
      // The form as it is: nobody can take a version from it that will never be.
      expect(tried).toMatchObject({ investorPreferenceForm: { id: of.form.id, version: 1 } });
    }
    expect((await set(of, of.form, { ...other(of), dryRun: true })).affectedUserCount).toBe(affected);
    expect(await of.here.contents()).toEqual(before);
    expect((await set(of, of.form, other(of))).affectedUserCount).toBe(affected);
  });

  test("of 20 who try and 20 who do it at once, those who try change nothing", async () => {
    const of = await cast(server);
    const input = (values: object, dryRun: boolean) => ({ input: { formId: of.form.id, ...values, dryRun } });
    const answers = await atOnce(40, (i) =>
      of.here.admin.ask(document, i % 2 ? input(present(of), true) : input(other(of), false)),
    );
    expect(outcomes(answers).join("")).toBe("");
    // Once: the nineteen others set it to what it was by then.
    expect(await read(of)).toMatchObject({ version: 2 });
    expect(await set(of, of.form, other(of))).toMatchObject({ affectedUserCount: 0 });
    expect((await of.here.rows()).audit_events).toHaveLength(21);
  });

  test("leaves one event about the form", async () => {
    const of = await cast(server);
    await set(of, of.form, other(of));
    expect(await eventsOf(of.here)).toEqual([[operation, of.form.uuid, ...changes]]);
  });

  test("who is no investor, is revoked, or never held the label feels nothing, nor does another tenant", async () => {
    const of = await cast(server);
    const { here, label, form } = of;
    for (const values of [{ type: "INTERNAL" }, { type: "ENTREPRENEUR" }, { status: "REVOKED" }]) {
      const user = await here.user(values as never);
      await here.classify(user, label);
      await here.implementation(user, form, completed());
    }
    const there = await cast(server);
    const elsewhere = await there.here.contents();
    expect(await set(of, form, { ...other(of), dryRun: true })).toMatchObject({ affectedUserCount: affected });
    expect(await set(of, form, other(of))).toMatchObject({ affectedUserCount: affected });
    expect(await there.here.contents()).toEqual(elsewhere);
  });

  test("while a form is disabled nobody feels how it is changed", async () => {
    const of = await cast(server);
    const { enablement } = other(of) as { enablement?: string };
    const form = await of.here.preferenceForm({
      classifications: [of.label],
      enablement: enablement === FormEnablement.DISABLED ? FormEnablement.ENABLED : FormEnablement.DISABLED,
    });
    const { affectedUserCount } = await set(of, form, other(of));
    expect(affectedUserCount).toBe(enablement === undefined ? 0 : 1);
  });

  test("a draft may be changed, as long as it is neither offered nor REQUIRED", async () => {
    const of = await cast(server);
    const form = await of.here.preferenceForm({
      state: FormState.DRAFT,
      classifications: [of.label],
      enforcementType: EnforcementType.OPTIONAL,
    });
    const { enablement, enforcementType } = other(of) as Record<string, string>;
    if (enablement !== undefined) {
      expect(await refusals(of, form, { enablement: "ENABLED" })).toEqual(["FORM_NOT_PUBLISHED input.formId"]);
      expect(await set(of, form, { enablement: "DISABLED" })).toMatchObject({ affectedUserCount: 0 });
    } else if (enforcementType !== undefined) {
      expect(await refusals(of, form, { enforcementType: "REQUIRED" })).toEqual(["FORM_NOT_PUBLISHED input.formId"]);
      expect(await set(of, form, { enforcementType: "RECOMMENDED" })).toMatchObject({ affectedUserCount: 0 });
    } else {
      expect(await set(of, form, other(of))).toMatchObject({ affectedUserCount: 0 });
    }
  });

  test("an archived form is changed by nobody", async () => {
    const of = await cast(server);
    const form = await of.here.preferenceForm({ state: FormState.ARCHIVED, classifications: [of.label] });
    const { enablement } = other(of) as { enablement?: string };
    const values = enablement === undefined ? other(of) : { enablement: "ENABLED" };
    const code = enablement === undefined ? "INVALID_TRANSITION" : "FORM_NOT_PUBLISHED";
    for (const dryRun of [true, false]) {
      expect(await refusals(of, form, { ...values, dryRun })).toEqual([`${code} input.formId`]);
    }
  });

  test("refuses a form that is not there, is another tenant's, or is of the other kind, tried or done", async () => {
    const of = await cast(server);
    const { form: elsewhere } = await cast(server);
    const userData = await of.here.form();
    for (const dryRun of [true, false]) {
      for (const id of [UNKNOWN, elsewhere.id, userData.uuid]) {
        expect(await refusals(of, { id }, { ...other(of), dryRun })).toEqual(["NOT_FOUND input.formId"]);
      }
      const asked = { input: { formId: userData.id, ...other(of), dryRun } };
      expect(problems(await of.here.admin.send(document, asked))).toEqual(["BAD_USER_INPUT input.formId"]);
    }
  });
}
