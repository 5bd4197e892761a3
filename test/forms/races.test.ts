import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import {
  harness,
  operations,
  outcomes,
  type Caller,
  type Person,
  type TestForm,
  type TestTenant,
} from "../harness/index.js";
import { eventsOf } from "../user-groups/family.js";
import { atOnce, byReference, field, readForm, readImplementation, savingOf, times } from "./asking.js";

const { tenant, database } = await harness();
const ROUNDS = 10;

const REQUIRED = { formFields: [field("motto", { validator: { required: true } })] };
const DRAFT = { state: "DRAFT" as never };

type Given = { uuid: string; id: string };

/** An investor with a form that they were given; answered unless told otherwise. */
async function scene(status: "ASSIGNED" | "IN_PROGRESS" | "COMPLETED" = "IN_PROGRESS") {
  const here = await tenant();
  const [user, form] = [await here.user(), await here.form(REQUIRED)];
  const implementation = await here.implementation(user, form, {
    storedStatus: status as never,
    answers: status === "ASSIGNED" ? {} : { [form.fields.motto!]: "Onwards" },
    completedAt: status === "COMPLETED" ? "2024-01-31T12:00:00.000Z" : null,
  });
  return { here, user, form, implementation };
}

const save = (caller: Caller, form: TestForm, implementation: Given, motto: string | null) =>
  caller.ask(operations.SaveFormAnswers!, { input: savingOf({ form, implementation }, { motto }) });
const complete = (caller: Caller, { id }: Given) =>
  caller.ask(operations.CompleteFormImplementation!, { input: { implementationId: id } });
const reopen = (caller: Caller, { id }: Given) =>
  caller.ask(operations.ReopenFormImplementation!, { input: { implementationId: id } });
const give = (caller: Caller, form: TestForm, user: Person) =>
  caller.ask(operations.CreateUserDataFormImplementation!, { input: { formId: form.id, userId: user.id } });
const enable = (caller: Caller, form: TestForm, enablement: string) =>
  caller.ask(operations.UpdateUserDataFormState!, { input: { formId: form.id, enablement } });
const remove = (caller: Caller, form: TestForm) =>
  caller.ask(operations.DeleteUserDataForm!, { input: { formId: form.id } });
const publish = (caller: Caller, form: TestForm) => caller.ask(operations.PublishForm!, { input: { formId: form.id } });
const archive = (caller: Caller, form: TestForm) => caller.ask(operations.ArchiveForm!, { input: { formId: form.id } });

const implementationsOf = async (here: TestTenant) => (await here.rows()).form_implementations!;
const open = (rows: Record<string, unknown>[]) => rows.filter(({ status }) => status !== "COMPLETED");

/** How often each outcome came. */
const tally = (all: string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const one of all) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
};

// Whatever a test of this file did.
afterEach(async () => {
  const wrong = await database.sql(
    `SELECT 'two open' FROM form_implementations WHERE status <> 'COMPLETED' GROUP BY tenant_id, form_id, user_id HAVING count(*) > 1
     UNION ALL SELECT 'no form' FROM form_implementations i WHERE NOT EXISTS (SELECT FROM forms f WHERE f.tenant_id = i.tenant_id AND f.id = i.form_id)
     UNION ALL SELECT 'no revision' FROM form_implementations i WHERE NOT EXISTS (SELECT FROM form_revisions r
       WHERE r.tenant_id = i.tenant_id AND r.id = i.revision_id AND r.form_id = i.form_id AND r.published_at IS NOT NULL)
     UNION ALL SELECT 'a revision without a form' FROM form_revisions r WHERE NOT EXISTS (SELECT FROM forms f WHERE f.tenant_id = r.tenant_id AND f.id = r.form_id)
     UNION ALL SELECT 'enabled unpublished' FROM forms WHERE enablement = 'ENABLED' AND state <> 'PUBLISHED'
     UNION ALL SELECT 'a gap in revisions' FROM form_revisions GROUP BY tenant_id, form_id HAVING max(number) <> count(*)
     UNION ALL SELECT 'staged that is published' FROM forms f JOIN form_revisions r ON r.tenant_id = f.tenant_id AND r.id = f.staged_revision_id
       WHERE r.published_at IS NOT NULL`,
  );
  expect(wrong).toEqual([]);
});

test("of 20 who complete the same at once all succeed, and it is completed once", async () => {
  const { here, user, implementation } = await scene();
  const answers = await atOnce(20, (n) => complete(n % 2 ? user : here.admin, implementation));
  expect(tally(outcomes(answers))).toEqual({ "": 20 });
  const dates = answers.map(
    ({ completeFormImplementation }) => completeFormImplementation.formImplementation.completedAt,
  );
  expect(new Set(dates).size).toBe(1);
  const events = await eventsOf(here);
  expect(events).toHaveLength(20);
  expect(events.filter(([, , ...changes]) => changes.length > 0)).toHaveLength(1);
  expect(await readImplementation(user, implementation)).toMatchObject({ status: "COMPLETED", version: 2 });
});

test("an answer that is saved while others complete is among what they completed, or refused", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { user, form, implementation } = await scene();
    const [saves, completes] = await Promise.all([
      atOnce(10, (n) => save(user, form, implementation, `Motto ${n}`)),
      atOnce(10, () => complete(user, implementation)),
    ]);
    expect(tally(outcomes(completes))).toEqual({ "": 10 });
    const saved = outcomes(saves);
    expect(new Set(saved)).not.toContain("ANSWER_INVALID");
    // Everybody was told the set that there is now.
    const told = completes.map(({ completeFormImplementation }) => completeFormImplementation.formImplementation);
    const { motto } = byReference(told[0].formFieldAnswers);
    for (const one of told) expect(byReference(one.formFieldAnswers)).toEqual({ motto });
    const after = await readImplementation(user, implementation);
    expect(after).toMatchObject({ status: "COMPLETED", version: 2 + saved.filter((code) => code === "").length });
    expect(byReference(after.formFieldAnswers)).toEqual({ motto });
    const legal = saved.flatMap((code, n) => (code === "" ? [`Motto ${n}`] : []));
    expect([...legal, ...(legal.length > 0 ? [] : ["Onwards"])]).toContain(motto);
    expect(saved.filter((code) => code !== "").every((code) => code === "ANSWERS_LOCKED")).toBe(true);
  }
});

test("an answer that is cleared while others complete is never cleared in what is completed", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { user, form, implementation } = await scene();
    const [cleared, completed] = outcomes(
      await Promise.all([save(user, form, implementation, null), complete(user, implementation)]),
    );
    const { status, formFieldAnswers } = await readImplementation(user, implementation);
    expect([
      ["", "ANSWER_INVALID", "IN_PROGRESS", undefined],
      ["ANSWERS_LOCKED", "", "COMPLETED", "Onwards"],
    ]).toContainEqual([cleared, completed, status, byReference(formFieldAnswers).motto]);
  }
});

test("of 20 who save at once each is kept, one after the other", async () => {
  const here = await tenant();
  const [user, form] = [await here.user(), await here.form({ formFields: times(20, (n) => field(`f${n}`)) })];
  const implementation = await here.implementation(user, form);
  const answers = await atOnce(20, (n) =>
    user.ask(operations.SaveFormAnswers!, { input: savingOf({ form, implementation }, { [`f${n}`]: `${n}` }) }),
  );
  expect(tally(outcomes(answers))).toEqual({ "": 20 });
  const after = await readImplementation(user, implementation);
  expect(after).toMatchObject({ progress: 100, version: 21 });
  expect(byReference(after.formFieldAnswers)).toEqual(Object.fromEntries(times(20, (n) => [`f${n}`, `${n}`])));
});

test("of 20 who save what they read at one version one is taken", async () => {
  const { user, form, implementation } = await scene();
  const answers = await atOnce(20, (n) => {
    const input = { ...savingOf({ form, implementation }, { motto: `${n}` }), expectedVersion: 1 };
    return user.ask(operations.SaveFormAnswers!, { input });
  });
  expect(tally(outcomes(answers))).toEqual({ "": 1, STALE_OBJECT: 19 });
});

test("what users complete while staff reopen it stands at one of the two in the end, and each step was legal", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { here, user, implementation } = await scene("COMPLETED");
    const answers = await atOnce(20, (n) =>
      n % 2 ? complete(user, implementation) : reopen(here.admin, implementation),
    );
    const codes = outcomes(answers);
    const [reopened, completed] = [0, 1].map((rest) => codes.filter((_, n) => n % 2 === rest));
    expect(tally(completed!)).toEqual({ "": 10 });
    const steps = reopened!.filter((code) => code === "").length;
    expect(steps).toBeGreaterThanOrEqual(1);
    expect(reopened!.filter((code) => code !== "").every((code) => code === "INVALID_TRANSITION")).toBe(true);
    const after = await readImplementation(user, implementation);
    expect(["IN_PROGRESS", "COMPLETED"]).toContain(after.status);
    // Each reopening is followed by a completing, but perhaps the last.
    expect(after.version).toBe(1 + 2 * steps - (after.status === "COMPLETED" ? 0 : 1));
    expect(after.completedAt === null).toBe(after.status === "IN_PROGRESS");
  }
});

test("of 20 who give one form to one user one is taken", async () => {
  const here = await tenant();
  const [user, form] = [await here.user(), await here.form()];
  const answers = await atOnce(20, (n) => give(n % 2 ? user : here.admin, form, user));
  expect(tally(outcomes(answers))).toEqual({ "": 1, ALREADY_EXISTS: 19 });
  expect(await implementationsOf(here)).toHaveLength(1);
});

test("20 users who take one form at once all get it", async () => {
  const here = await tenant();
  const form = await here.form();
  const users = await atOnce(20, () => here.user());
  const answers = await atOnce(20, (n) => give(users[n]!, form, users[n]!));
  expect(tally(outcomes(answers))).toEqual({ "": 20 });
  expect(await implementationsOf(here)).toHaveLength(20);
});

test("of 20 with one idempotency key all are answered alike, and one is made", async () => {
  const here = await tenant();
  const [user, form] = [await here.user(), await here.form()];
  const input = { formId: form.id, userId: user.id, idempotencyKey: "mine" };
  const bodies = await atOnce(
    20,
    async () => (await here.admin.send(operations.CreateUserDataFormImplementation!, { input })).body,
  );
  expect(new Set(bodies).size).toBe(1);
  expect(outcomes([JSON.parse(bodies[0]!).data])).toEqual([""]);
  expect(await implementationsOf(here)).toHaveLength(1);
});

test("of a form that is reopened and given anew at once one is open", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { here, user, form, implementation } = await scene("COMPLETED");
    const answers = await atOnce(20, (n) => (n % 2 ? give(user, form, user) : reopen(here.admin, implementation)));
    const codes = outcomes(answers);
    expect(codes.filter((code) => code === "")).toHaveLength(1);
    const lost = codes.filter((code) => code !== "");
    expect(lost.every((code) => code === "ALREADY_EXISTS" || code === "INVALID_TRANSITION")).toBe(true);
    expect(open(await implementationsOf(here))).toHaveLength(1);
  }
});

test("a preference form that is completed while it is given anew is not given anew", async () => {
  for (let round = 0; round < 3 * ROUNDS; round++) {
    const here = await tenant();
    const [user, form] = [await here.user(), await here.preferenceForm()];
    const implementation = await here.implementation(user, form);
    const answers = await atOnce(8, (n) =>
      n === 3
        ? complete(user, implementation)
        : user.ask(operations.CreateInvestorPreferenceFormImplementation!, { input: { formId: form.id } }),
    );
    expect(tally(outcomes(answers))).toEqual({ "": 1, ALREADY_EXISTS: 7 });
    expect(await implementationsOf(here)).toHaveLength(1);
  }
});

test("a form that is disabled while it is given is given before, or not at all", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const here = await tenant();
    const form = await here.form();
    const users = await atOnce(10, () => here.user());
    const [disabled, given] = await Promise.all([
      enable(here.admin, form, "DISABLED"),
      atOnce(10, (n) => give(n % 2 ? users[n]! : here.admin, form, users[n]!)),
    ]);
    expect(outcomes([disabled])).toEqual([""]);
    const codes = outcomes(given);
    // Users do not see it any more; staff are told why.
    for (const [n, code] of codes.entries()) expect(["", n % 2 ? "NOT_FOUND" : "FORM_DISABLED"]).toContain(code);
    expect(await implementationsOf(here)).toHaveLength(codes.filter((code) => code === "").length);
    expect(outcomes([await give(here.admin, form, await here.user())])).toEqual(["FORM_DISABLED"]);
  }
});

test("a form that is archived while it is given is given before, or not at all", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const here = await tenant();
    const form = await here.form();
    const users = await atOnce(10, () => here.user());
    const [archived, given] = await Promise.all([
      archive(here.admin, form),
      atOnce(10, (n) => give(here.admin, form, users[n]!)),
    ]);
    expect(outcomes([archived])).toEqual([""]);
    const codes = outcomes(given);
    for (const code of codes) expect(["", "FORM_NOT_PUBLISHED"]).toContain(code);
    expect(await implementationsOf(here)).toHaveLength(codes.filter((code) => code === "").length);
    expect(await readForm(here.admin, form)).toMatchObject({ state: "ARCHIVED", enablement: "DISABLED" });
  }
});

test("a form that is archived while it is enabled is not offered in the end", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const here = await tenant();
    const form = await here.form();
    const [archived, enabled] = outcomes(
      await Promise.all([archive(here.admin, form), enable(here.admin, form, "ENABLED")]),
    );
    expect(archived).toBe("");
    expect(["", "FORM_NOT_PUBLISHED"]).toContain(enabled);
    expect(await readForm(here.admin, form)).toMatchObject({ state: "ARCHIVED", enablement: "DISABLED" });
  }
});

test("a form that is disabled and deleted while it is given is either given or gone", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const here = await tenant();
    const form = await here.form();
    const users = await atOnce(5, () => here.user());
    const [deleted, given] = await Promise.all([
      enable(here.admin, form, "DISABLED").then(() => remove(here.admin, form)),
      atOnce(5, (n) => give(here.admin, form, users[n]!)),
    ]);
    const [gone] = outcomes([deleted]);
    const codes = outcomes(given);
    for (const code of codes) expect(["", "FORM_DISABLED", "NOT_FOUND"]).toContain(code);
    const count = codes.filter((code) => code === "").length;
    expect(await implementationsOf(here)).toHaveLength(count);
    expect(gone).toBe(count > 0 ? "FORM_HAS_SUBMISSIONS" : "");
    expect((await readForm(here.admin, form)) === null).toBe(count === 0);
  }
});

test("a form that is enabled again and given while it is deleted is either given or gone", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const here = await tenant();
    const [user, form] = [await here.user(), await here.form({ enablement: "DISABLED" as never })];
    const answers = await Promise.all([
      remove(here.admin, form),
      enable(here.admin, form, "ENABLED"),
      give(here.admin, form, user),
    ]);
    const [deleted, enabled, given] = outcomes(answers);
    expect([
      ["", "NOT_FOUND", "NOT_FOUND"],
      ["", "NOT_FOUND", "FORM_DISABLED"],
      ["FORM_ENABLED", "", ""],
      ["FORM_ENABLED", "", "FORM_DISABLED"],
    ]).toContainEqual([deleted, enabled, given]);
    expect(await implementationsOf(here)).toHaveLength(given === "" ? 1 : 0);
  }
});

test("of 20 who delete a form at once one does", async () => {
  const here = await tenant();
  const form = await here.form({ ...DRAFT });
  const answers = await atOnce(20, () => remove(here.admin, form));
  expect(tally(outcomes(answers))).toEqual({ "": 1, NOT_FOUND: 19 });
});

test("of 20 who publish at once one does", async () => {
  const here = await tenant();
  const draft = await here.form(DRAFT);
  expect(tally(outcomes(await atOnce(20, () => publish(here.admin, draft))))).toEqual({
    "": 1,
    INVALID_TRANSITION: 19,
  });
  await here.admin.ask(operations.UpdateUserDataForm!, { input: { formId: draft.id, name: "Next" } });
  expect(tally(outcomes(await atOnce(20, () => publish(here.admin, draft))))).toEqual({
    "": 1,
    INVALID_TRANSITION: 19,
  });
  expect(await readForm(here.admin, draft)).toMatchObject({
    name: "Next",
    version: 4,
    formRevision: { number: 2 },
    stagedRevision: null,
  });
});

test("of 20 who edit a published form at once each is kept in the one next revision", async () => {
  const here = await tenant();
  const form = await here.form();
  const answers = await atOnce(20, (n) =>
    here.admin.ask(operations.UpdateUserDataForm!, { input: { formId: form.id, formSettings: [{ name: `s${n}` }] } }),
  );
  expect(tally(outcomes(answers))).toEqual({ "": 20 });
  const read = await readForm(here.admin, form);
  expect(read).toMatchObject({
    version: 21,
    formRevision: { number: 1 },
    stagedRevision: { number: 2, formSettings: [{}] },
  });
});

test("of 20 who edit what they read at one version one is taken", async () => {
  const here = await tenant();
  const form = await here.form();
  const answers = await atOnce(20, (n) =>
    here.admin.ask(operations.UpdateUserDataForm!, {
      input: { formId: form.id, name: `Name ${n}`, expectedVersion: 1 },
    }),
  );
  expect(tally(outcomes(answers))).toEqual({ "": 1, STALE_OBJECT: 19 });
});

test("a form that is edited and published at once has revisions without gaps, and each edit in one of them", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const here = await tenant();
    const form = await here.form();
    const answers = await atOnce(20, (n) =>
      n % 2
        ? publish(here.admin, form)
        : here.admin.ask(operations.UpdateUserDataForm!, { input: { formId: form.id, name: `Name ${n}` } }),
    );
    const codes = outcomes(answers);
    expect(codes.filter((_, n) => n % 2 === 0).join("")).toBe("");
    const published = codes.filter((code, n) => n % 2 === 1 && code === "").length;
    expect(codes.filter((code) => code !== "").every((code) => code === "INVALID_TRANSITION")).toBe(true);
    const { formRevision, stagedRevision } = await readForm(here.admin, form);
    expect(formRevision.number).toBe(1 + published);
    expect([null, formRevision.number + 1]).toContain(stagedRevision?.number ?? null);
  }
});

test("what is given while the next revision is published asks the one or the other", async () => {
  const here = await tenant();
  const form = await here.form();
  const users = await atOnce(20, () => here.user());
  await here.admin.ask(operations.UpdateUserDataForm!, { input: { formId: form.id, formFields: [field("new")] } });
  const [given] = await Promise.all([atOnce(20, (n) => give(here.admin, form, users[n]!)), publish(here.admin, form)]);
  expect(tally(outcomes(given))).toEqual({ "": 20 });
  for (const { createUserDataFormImplementation } of given) {
    const { formRevision } = await readImplementation(here.admin, createUserDataFormImplementation.formImplementation);
    expect([
      [1, "motto"],
      [2, "new"],
    ]).toContainEqual([formRevision.number, formRevision.formFields[0].reference]);
  }
});

test("whoever is revoked while they are given a form was given it before, or not at all", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const here = await tenant();
    const [user, form] = [await here.user(), await here.form()];
    const answers = await Promise.all([
      give(here.admin, form, user),
      here.admin.ask(operations.RevokeUser!, { input: { userId: user.id } }),
    ]);
    expect([
      ["", ""],
      ["INVALID_TRANSITION", ""],
    ]).toContainEqual(outcomes(answers));
  }
});

describe("while somebody else is about to", () => {
  /** Asks while these statements are under way, and decides them as soon as it is asked and waits, or has answered. */
  async function meanwhile(
    here: TestTenant,
    statements: string[],
    ask: () => Promise<Record<string, any>>,
  ): Promise<string> {
    const client = new pg.Client({ connectionString: database.superUrl });
    await client.connect();
    await client.query("BEGIN");
    for (const statement of statements) await client.query(statement.replaceAll("$tenant", `'${here.id}'`));
    const asked = { answered: false };
    const asking = ask().finally(() => {
      asked.answered = true;
    });
    const waiting = async () =>
      (
        await database.sql(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
      ).length > 0;
    while (!asked.answered && !(await waiting())) await sleep(1);
    await client.query("COMMIT");
    await client.end();
    return outcomes([await asking])[0]!;
  }

  const FORM = "WHERE tenant_id = $tenant";
  const IMPLEMENTATION = `INSERT INTO form_implementations (tenant_id, id, form_id, form_kind, revision_id, user_id, assignments)
    SELECT tenant_id, gen_random_uuid(), id, kind, revision_id, (SELECT id FROM users WHERE tenant_id = $tenant LIMIT 1), '[]' FROM forms ${FORM}`;

  test.each([
    ["disable the form", ["UPDATE forms SET enablement = 'DISABLED' WHERE tenant_id = $tenant"], "FORM_DISABLED"],
    [
      "archive it",
      ["UPDATE forms SET enablement = 'DISABLED', state = 'ARCHIVED' WHERE tenant_id = $tenant"],
      "FORM_NOT_PUBLISHED",
    ],
    [
      "delete it",
      ["DELETE FROM form_revisions WHERE tenant_id = $tenant", "DELETE FROM forms WHERE tenant_id = $tenant"],
      "NOT_FOUND",
    ],
    [
      "revoke the user",
      ["UPDATE users SET status = 'REVOKED' WHERE tenant_id = $tenant AND type = 'INVESTOR'"],
      "INVALID_TRANSITION",
    ],
    ["change its name", ["UPDATE forms SET name = 'Changed' WHERE tenant_id = $tenant"], ""],
  ])("%s, whoever gives it waits", async (_what, statements, code) => {
    const here = await tenant();
    const [user, form] = [await here.user(), await here.form()];
    expect(await meanwhile(here, statements, () => give(here.admin, form, user))).toBe(code);
    expect(await implementationsOf(here)).toHaveLength(code === "" ? 1 : 0);
  });

  test("give the form, whoever deletes it waits and is refused", async () => {
    const here = await tenant();
    const form = await here.form({ enablement: "DISABLED" as never });
    const statements = [`SELECT FROM forms ${FORM} FOR SHARE`, IMPLEMENTATION];
    expect(await meanwhile(here, statements, () => remove(here.admin, form))).toBe("FORM_HAS_SUBMISSIONS");
  });

  test.each([
    ["saves", "ANSWERS_LOCKED", (user: Caller, form: TestForm, given: Given) => save(user, form, given, "Late")],
    ["completes", "", (user: Caller, _form: TestForm, given: Given) => complete(user, given)],
  ])("complete an implementation, whoever %s it waits", async (_what, code, ask) => {
    const { here, user, form, implementation } = await scene();
    const statements = [
      "UPDATE form_implementations SET status = 'COMPLETED', completed_at = '2024-01-31' WHERE tenant_id = $tenant",
    ];
    expect(await meanwhile(here, statements, () => ask(user, form, implementation))).toBe(code);
    const after = await readImplementation(user, implementation);
    expect([after.completedAt, byReference(after.formFieldAnswers)]).toEqual([
      "2024-01-31T00:00:00.000Z",
      { motto: "Onwards" },
    ]);
  });
});
