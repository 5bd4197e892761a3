import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { FormEnablement } from "../../src/forms/index.js";
import { harness, operations, outcomes, type Person, type TestForm, type TestTenant } from "../harness/index.js";
import { atOnce, eventsOf } from "../user-groups/family.js";
import { cast, completed, gate, preferences, type Cast } from "./cast.js";

const server = await harness();
const { tenant } = server;

const STATE = operations.UpdateInvestorPreferenceFormState!;
const GIVE = operations.CreateInvestorPreferenceFormImplementation!;
const ENFORCE = operations.UpdateInvestorPreferenceFormEnforcementType!;
const CLASSIFY = operations.UpdateInvestorPreferenceFormClassifications!;

const rows = async (here: TestTenant, form: TestForm) => {
  const { forms, form_implementations } = await here.rows();
  return {
    form: forms!.find(({ id }) => id === form.uuid),
    given: form_implementations!.filter((row) => row.form_id === form.uuid),
  };
};

/** Twenty investors, and a form for all of them. */
async function crowd(): Promise<{ here: TestTenant; form: TestForm; investors: Person[] }> {
  const here = await tenant();
  const investors: Person[] = [];
  for (let i = 0; i < 20; i++) investors.push(await here.user());
  return { here, form: await here.preferenceForm(), investors };
}

/** How often each answer was given. */
const counted = (codes: string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
};

/** Whoever gives a form to somebody waits before the last step, when all is checked, until `release` is called. */
async function heldUp(work: (release: () => Promise<unknown>) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: server.database.superUrl });
  await client.connect();
  try {
    await client.query("BEGIN; LOCK TABLE form_implementations IN SHARE MODE");
    await work(() => client.query("COMMIT"));
  } finally {
    await client.end();
  }
}

/** Until so many wait for a lock, or `unless` is done. */
async function waiting(count: number, unless: Promise<unknown> = new Promise(() => {})): Promise<void> {
  const over = unless.then(() => true);
  const here =
    "SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  for (;;) {
    const [row] = await server.database.sql<{ count: number }>(here);
    if (row!.count >= count || (await Promise.race([over, sleep(5, false)]))) return;
  }
}

/** What would take the form from those who are being given it. */
const TAKINGS: Record<string, (of: Cast, user: Person) => [document: string, input: object]> = {
  "the form is disabled": ({ form }) => [STATE, { formId: form.id, enablement: "DISABLED" }],
  "the form is archived": ({ form }) => [operations.ArchiveForm!, { formId: form.id }],
  "the form is for others": ({ form, otherLabel }) => [
    CLASSIFY,
    { formId: form.id, classificationIds: [otherLabel.id] },
  ],
  "the user loses the label": (_of, { id }) => [
    operations.UpdateUserClassifications!,
    { userId: id, classifications: [] },
  ],
  "the user is revoked": (_of, { id }) => [operations.RevokeUser!, { userId: id }],
};

test.each(Object.entries(TAKINGS))("whoever is being given a form has it before %s", async (_how, taking) => {
  const of = await cast(server);
  const { here, label, form, holder } = of;
  const others = [await here.user(), await here.user()];
  for (const user of others) await here.classify(user, label);
  await heldUp(async (release) => {
    const giving = [holder, ...others].map(({ id: userId }) =>
      here.admin.ask(GIVE, { input: { formId: form.id, userId } }),
    );
    await waiting(3);
    const [document, input] = taking(of, others[0]!);
    let taken = false;
    const asked = here.admin.ask(document, { input }).then((answer) => {
      taken = true;
      return answer;
    });
    await waiting(4, asked);
    expect(taken).toBe(false);
    await release();
    expect(outcomes(await Promise.all([...giving, asked]))).toEqual(["", "", "", ""]);
  });
  // With the one that was given before.
  expect((await rows(here, form)).given).toHaveLength(4);
});

test("whoever is being given a form keeps it from being deleted behind their back", async () => {
  const { here, form, investors } = await crowd();
  await heldUp(async (release) => {
    const given = here.admin.ask(GIVE, { input: { formId: form.id, userId: investors[0]!.id } });
    await waiting(1);
    const disabled = here.admin.ask(STATE, { input: { formId: form.id, enablement: "DISABLED" } });
    await waiting(2, disabled);
    const deleted = here.admin.ask(operations.DeleteInvestorPreferenceForm!, { input: { formId: form.id } });
    await waiting(3, deleted);
    await release();
    expect(outcomes(await Promise.all([given, disabled, deleted]))).toEqual(["", "", "FORM_HAS_SUBMISSIONS"]);
  });
  expect((await rows(here, form)).given).toHaveLength(1);
});

test.each([1, 2, 3])("while 20 are given a form it is disabled: nobody is given it from then on (%d)", async () => {
  const { here, form, investors } = await crowd();
  let disabled = -1;
  const disable = async () => {
    // Among the others, not before or behind them.
    for (let waited = 0; waited < 3; waited++) await here.admin.ask("{ me { guid } }");
    const answer = await here.admin.ask(STATE, { input: { formId: form.id, enablement: "DISABLED" } });
    disabled = (await rows(here, form)).given.length;
    return answer;
  };
  const giving = investors.map((user, index) =>
    index % 2
      ? user.ask(GIVE, { input: { formId: form.id } })
      : here.admin.ask(GIVE, { input: { formId: form.id, userId: user.id } }),
  );
  const [disabling, ...given] = await Promise.all([disable(), ...giving]);
  expect(outcomes([disabling])).toEqual([""]);
  const counts = counted(outcomes(given));
  // Investors do not see what is disabled.
  expect(Object.keys(counts).filter((code) => !["", "FORM_DISABLED", "NOT_FOUND"].includes(code))).toEqual([]);
  const left = await rows(here, form);
  expect(left.form).toMatchObject({ enablement: "DISABLED" });
  expect([left.given.length, disabled]).toEqual([counts[""] ?? 0, counts[""] ?? 0]);
});

test.each([1, 2, 3])(
  "while 20 are given a form it is disabled and deleted: it goes, or they have it (%d)",
  async () => {
    const { here, form, investors } = await crowd();
    const input = { formId: form.id };
    const giving = investors.map((user) => here.admin.ask(GIVE, { input: { ...input, userId: user.id } }));
    const disabling = here.admin.ask(STATE, { input: { ...input, enablement: "DISABLED" } });
    const deleting = atOnce(5, () => here.admin.ask(operations.DeleteInvestorPreferenceForm!, { input }));
    const [given, disabled, deleted] = await Promise.all([Promise.all(giving), disabling, deleting]);
    const [gave, gone] = [counted(outcomes(given)), counted(outcomes(deleted))];
    const among = (counts: object, allowed: string[]) => Object.keys(counts).filter((code) => !allowed.includes(code));
    expect(among(gave, ["", "FORM_DISABLED", "NOT_FOUND"])).toEqual([]);
    expect(among(gone, ["", "FORM_ENABLED", "FORM_HAS_SUBMISSIONS", "NOT_FOUND"])).toEqual([]);
    expect(outcomes([disabled])).toEqual([""]);
    const left = await rows(here, form);
    expect(left.given).toHaveLength(gave[""] ?? 0);
    expect(gone[""] ?? 0).toBe(left.form === undefined ? 1 : 0);
    if (left.form === undefined) expect(left.given).toEqual([]);
  },
);

test("of 20 who delete a form at once, one does", async () => {
  const here = await tenant();
  const form = await here.preferenceForm({
    enablement: FormEnablement.DISABLED,
    classifications: [await here.classification()],
  });
  const input = { formId: form.id };
  const answers = await atOnce(20, () => here.admin.ask(operations.DeleteInvestorPreferenceForm!, { input }));
  expect(counted(outcomes(answers))).toEqual({ "": 1, NOT_FOUND: 19 });
});

test("of 20 ways to set its classifications at once, one is left whole, and each counted what it changed", async () => {
  const { here, form, investors } = await crowd();
  const labels: { guid: string; id: string }[] = [];
  for (let i = 0; i < 5; i++) labels.push(await here.classification());
  for (const [index, user] of investors.entries()) await here.classify(user, labels[index % 5]!);
  const sets = Array.from({ length: 20 }, (_, way) => labels.filter((_label, index) => ((way + 1) >> index) % 2 === 1));
  const answers = await atOnce(20, (i) =>
    here.admin.ask(CLASSIFY, { input: { formId: form.id, classificationIds: sets[i]!.map(({ id }) => id) } }),
  );
  expect(outcomes(answers).join("")).toBe("");
  const { form_classifications } = await here.rows();
  const left = form_classifications!.map((row) => row.classification_id as string).toSorted();
  expect(sets.map((set) => set.map(({ guid }) => guid).toSorted())).toContainEqual(left);
  // The sets differ, so that each of them changed something, whichever came first.
  expect((await rows(here, form)).form!.version).toBe(21);
  const counts = answers.map((answer) => answer.updateInvestorPreferenceFormClassifications.affectedUserCount);
  for (const count of counts) {
    expect(count % 4).toBe(0);
    expect(count).toBeGreaterThan(0);
  }
  for (const [index, user] of investors.entries()) {
    const { totalCount } = (await preferences(here.admin, user)).enabledInvestorPreferenceForms;
    expect(totalCount).toBe(left.includes(labels[index % 5]!.guid) ? 1 : 0);
  }
});

test("while a classification is taken from the form, 20 take the form: who did held it then", async () => {
  const { here, form, investors } = await crowd();
  const [label, other] = [await here.classification(), await here.classification()];
  for (const user of investors) await here.classify(user, label);
  const set = (ids: string[]) => here.admin.ask(CLASSIFY, { input: { formId: form.id, classificationIds: ids } });
  expect(outcomes([await set([label.id])])).toEqual([""]);
  let taken = -1;
  const take = async () => {
    await here.admin.ask("{ me { guid } }");
    const answer = await set([other.id]);
    taken = (await rows(here, form)).given.length;
    return answer;
  };
  const giving = investors.map((user) => here.admin.ask(GIVE, { input: { formId: form.id, userId: user.id } }));
  const [taking, ...given] = await Promise.all([take(), ...giving]);
  expect(outcomes([taking])).toEqual([""]);
  const counts = counted(outcomes(given));
  expect(Object.keys(counts).filter((code) => !["", "CLASSIFICATION_MISMATCH"].includes(code))).toEqual([]);
  expect(taken).toBe(counts[""] ?? 0);
});

test("of 20 changes of its enforcement side by side all succeed, one after another", async () => {
  const { here, form, investors } = await crowd();
  const types = ["OPTIONAL", "RECOMMENDED", "REQUIRED"];
  const answers = await atOnce(20, (i) =>
    here.admin.ask(ENFORCE, { input: { formId: form.id, enforcementType: types[i % 3] } }),
  );
  expect(outcomes(answers).join("")).toBe("");
  const { form: left } = await rows(here, form);
  // Each that changed it was felt by everybody, and grew the version; the others by nobody.
  const counts = answers.map((answer) => answer.updateInvestorPreferenceFormEnforcementType.affectedUserCount);
  expect(counts.filter((count) => count !== 0 && count !== investors.length)).toEqual([]);
  expect(left!.version).toBe(1 + counts.filter((count) => count === investors.length).length);
  const events = await eventsOf(here);
  expect(events).toHaveLength(20);
  expect(events.filter(([, , ...changes]) => changes.length > 0)).toHaveLength((left!.version as number) - 1);
  expect((await gate(here, investors[0]!)).blocked).toBe(left!.enforcement_type === "REQUIRED");
});

test("all four changes at once lose nothing of each other", async () => {
  const { here, form } = await crowd();
  const label = await here.classification();
  const changes: [string, object][] = [
    [STATE, { enablement: "DISABLED" }],
    [ENFORCE, { enforcementType: "RECOMMENDED" }],
    [operations.UpdateInvestorPreferenceFormEditable!, { editable: true }],
    [CLASSIFY, { classificationIds: [label.id] }],
    [operations.UpdateInvestorPreferenceForm!, { name: "Staged" }],
  ];
  const answers = await atOnce(20, (i) => {
    const [document, values] = changes[i % changes.length]!;
    return here.admin.ask(document, { input: { formId: form.id, ...values } });
  });
  expect(outcomes(answers).join("")).toBe("");
  const { form: left } = await rows(here, form);
  expect(left).toMatchObject({ enablement: "DISABLED", enforcement_type: "RECOMMENDED", editable: true, version: 6 });
  expect(left!.staged_revision_id).not.toBeNull();
  expect((await here.rows()).form_classifications).toHaveLength(1);
});

test("of 20 who take a form for one investor at once, one does", async () => {
  const { here, form, holder, advisor } = await cast(server);
  const answers = await atOnce(20, (i) =>
    [holder, advisor, here.admin][i % 3]!.ask(GIVE, { input: { formId: form.id, userId: holder.id } }),
  );
  expect(counted(outcomes(answers))).toEqual({ "": 1, ALREADY_EXISTS: 19 });
});

test("completed 20 times at once, all succeed, the first date is kept, and it is done once", async () => {
  const { here, form, holder, advisor } = await cast(server);
  const { id: implementationId } = await here.implementation(holder, form);
  const answers = await atOnce(20, (i) =>
    [holder, advisor][i % 2]!.ask(operations.CompleteFormImplementation!, { input: { implementationId } }),
  );
  expect(outcomes(answers).join("")).toBe("");
  const told = answers.map(({ completeFormImplementation: { formImplementation } }) => formImplementation);
  expect(new Set(told.map(({ completedAt }) => completedAt)).size).toBe(1);
  expect(told.map(({ version }) => version)).toEqual(Array.from({ length: 20 }, () => 2));
  const events = await eventsOf(here);
  expect(events.filter(([, , ...changes]) => changes.length > 0)).toHaveLength(1);
  expect((await gate(here, holder)).blocked).toBe(false);
});

test("reopened and completed at once it is either, and the gate says which", async () => {
  const { here, form, holder } = await cast(server);
  const { id: implementationId } = await here.implementation(holder, form, completed());
  const [reopen, complete] = [operations.ReopenFormImplementation!, operations.CompleteFormImplementation!];
  const answers = await atOnce(20, (i) => here.admin.ask(i % 2 ? reopen : complete, { input: { implementationId } }));
  const codes = outcomes(answers);
  expect(codes.filter((code, index) => code !== "" && (index % 2 === 0 || code !== "INVALID_TRANSITION"))).toEqual([]);
  const { given } = await rows(here, form);
  const status = given.find((row) => row.user_id === holder.guid)!.status;
  expect((await gate(here, holder)).blocked).toBe(status !== "COMPLETED");
});
