import { ImplementationStatus, validUntil } from "../../src/forms/index.js";
import { harness, operations, outcomes, type Caller, type Person, type TestTenant } from "../harness/index.js";
import {
  byReference,
  completing,
  field,
  readImplementation,
  reopening,
  saving,
  savingOf,
  type Asked,
} from "./asking.js";

const server = await harness();
const { tenant, database } = server;

const COMPLETED_AT = "2024-01-31T12:00:00.000Z";
const { ASSIGNED, IN_PROGRESS, COMPLETED } = ImplementationStatus;
const completed = { storedStatus: COMPLETED, completedAt: COMPLETED_AT, progress: 100 };

/** How an implementation stands at each status; its one field is answered from IN_PROGRESS on. */
const STANDING = {
  ASSIGNED: { storedStatus: ASSIGNED },
  IN_PROGRESS: { storedStatus: IN_PROGRESS, progress: 100 },
  COMPLETED: completed,
  EXPIRED: { ...completed, validUntil: "2024-03-01T00:00:00.000Z" },
};
type Status = keyof typeof STANDING;

/** The forms that an implementation can be of. */
const FORMS = {
  "a user data form": (here: TestTenant) => here.form(REQUIRED),
  "a preference form": (here: TestTenant) => here.preferenceForm(REQUIRED),
  "an editable preference form": (here: TestTenant) => here.preferenceForm({ ...REQUIRED, editable: true }),
};
const REQUIRED = { formFields: [field("motto", { validator: { required: true } })] };

interface Scene extends Asked {
  user: Person;
}

async function scene(form: keyof typeof FORMS, status: Status): Promise<Scene> {
  const here = await tenant();
  const [user, made] = [await here.user(), await FORMS[form](here)];
  const answers = status === "ASSIGNED" ? {} : { [made.fields.motto!]: "Onwards" };
  const implementation = await here.implementation(user, made, { answers, ...STANDING[status] });
  return { here, user, form: made, implementation };
}

const WHO: Record<string, (of: Scene) => Caller | Promise<Caller>> = {
  "the user": ({ user }) => user,
  "an administrator": ({ here }) => here.admin,
  "an administrator as the user": ({ here, user }) => here.actingAs(here.admin, user),
};

const LOCKED = "ANSWERS_LOCKED input.implementationId";
const OUT_OF_TURN = "INVALID_TRANSITION input.implementationId";
const MISSING = "ANSWER_INVALID input.implementationId.formFieldAnswers.motto";
const FORBIDDEN = "IMPERSONATION_FORBIDDEN input.implementationId";

/** Where each step leads from each status: to another one, or to a refusal. */
type Leads = Record<Status, string>;
const SAVE: Leads = { ASSIGNED: "IN_PROGRESS", IN_PROGRESS: "IN_PROGRESS", COMPLETED: LOCKED, EXPIRED: LOCKED };
const COMPLETE: Leads = { ASSIGNED: MISSING, IN_PROGRESS: "COMPLETED", COMPLETED: "COMPLETED", EXPIRED: OUT_OF_TURN };
const REOPEN: Leads = {
  ASSIGNED: OUT_OF_TURN,
  IN_PROGRESS: OUT_OF_TURN,
  COMPLETED: "IN_PROGRESS",
  EXPIRED: "IN_PROGRESS",
};
const REOPEN_LOCKED: Leads = { ...REOPEN, COMPLETED: LOCKED, EXPIRED: LOCKED };

const STEPS: Record<
  string,
  { document: string; input: (of: Scene) => object; leads: (form: string, who: string) => Leads }
> = {
  save: {
    document: operations.SaveFormAnswers!,
    input: (of) => savingOf(of, { motto: "Upwards" }),
    leads: () => SAVE,
  },
  complete: {
    document: operations.CompleteFormImplementation!,
    input: ({ implementation: { id } }) => ({ implementationId: id }),
    // The preference forms here are REQUIRED.
    leads: (form, who) =>
      form.endsWith("preference form") && who.endsWith("as the user")
        ? { ...COMPLETE, ASSIGNED: FORBIDDEN, IN_PROGRESS: FORBIDDEN }
        : COMPLETE,
  },
  reopen: {
    document: operations.ReopenFormImplementation!,
    input: ({ implementation: { uuid } }) => ({ implementationId: uuid }),
    leads: (form, who) => {
      if (form.endsWith("preference form") && who.endsWith("as the user")) {
        return { ...REOPEN, COMPLETED: FORBIDDEN, EXPIRED: FORBIDDEN };
      }
      return who === "an administrator" || form.startsWith("an editable") ? REOPEN : REOPEN_LOCKED;
    },
  },
};

const cases = Object.keys(FORMS).flatMap((form) =>
  Object.keys(WHO).flatMap((who) =>
    Object.entries(STEPS).flatMap(([step, { leads }]) =>
      Object.entries(leads(form, who)).map(([from, to]) => [step, form, who, from as Status, to] as const),
    ),
  ),
);

test.each(cases)("%s %s by %s from %s: %s", async (step, form, who, from, to) => {
  const of = await scene(form as keyof typeof FORMS, from);
  const { here, implementation } = of;
  const before = await readImplementation(here.admin, implementation);
  expect(before.status).toBe(from);
  const { document, input } = STEPS[step]!;
  const isRefused = to.includes(" ");
  expect(await here.refusals(await WHO[who]!(of), document, input(of))).toEqual(isRefused ? [to] : []);
  const after = await readImplementation(here.admin, implementation);
  if (isRefused || (from === to && step === "complete")) expect(after).toEqual(before);
  else expect([after.status, after.completedAt === null, after.version]).toEqual([to, to === "IN_PROGRESS", 2]);
});

test("a form's whole way: answered, completed, reopened, completed again", async () => {
  const of = await scene("an editable preference form", "ASSIGNED");
  const { user, implementation } = of;
  const read = () => readImplementation(user, implementation);
  expect(await saving(of, user, { motto: "One" })).toEqual([]);
  expect(await completing(of, user)).toEqual([]);
  const first = await read();
  expect(first).toMatchObject({ status: "COMPLETED", progress: 100, version: 3 });
  expect(await reopening(of, user)).toEqual([]);
  expect(await read()).toMatchObject({
    status: "IN_PROGRESS",
    progress: 100,
    completedAt: null,
    validUntil: null,
    version: 4,
  });
  expect(byReference((await read()).formFieldAnswers)).toEqual({ motto: "One" });
  expect(await saving(of, user, { motto: null })).toEqual([]);
  expect(await completing(of, user)).toEqual([MISSING]);
  expect(await saving(of, user, { motto: "Two" })).toEqual([]);
  expect(await completing(of, user)).toEqual([]);
  const last = await read();
  expect(last).toMatchObject({ status: "COMPLETED", version: 7 });
  expect(last.completedAt > first.completedAt).toBe(true);
});

test("whoever completes again keeps the first date, whatever version they read", async () => {
  const of = await scene("a user data form", "IN_PROGRESS");
  const complete = async (caller: Caller, expectedVersion: number) => {
    const input = { implementationId: of.implementation.id, expectedVersion };
    return caller.ask(operations.CompleteFormImplementation!, { input });
  };
  expect(outcomes([await complete(of.user, 2)])).toEqual(["STALE_OBJECT"]);
  const first = await complete(of.user, 1);
  expect(first.completeFormImplementation).toMatchObject({
    errors: [],
    formImplementation: { status: "COMPLETED", version: 2 },
  });
  expect(await complete(of.user, 1)).toEqual(first);
  expect(await complete(of.here.admin, 7)).toEqual(first);
});

describe("an impersonated session", () => {
  test.each(["OPTIONAL", "RECOMMENDED"])("completes a form that is %s", async (enforcementType) => {
    const here = await tenant();
    const [user, form] = [await here.user(), await here.preferenceForm({ enforcementType: enforcementType as never })];
    const of = { here, form, implementation: await here.implementation(user, form) };
    expect(await completing(of, await here.actingAs(here.admin, user))).toEqual([]);
  });

  test("completes a REQUIRED one neither when it was so from the start, nor when it became so", async () => {
    const here = await tenant();
    const [user, form] = [await here.user(), await here.preferenceForm({ enforcementType: "OPTIONAL" as never })];
    const of = { here, form, implementation: await here.implementation(user, form) };
    const session = await here.actingAs(here.admin, user);
    await here.admin.ask(operations.UpdateInvestorPreferenceFormEnforcementType!, {
      input: { formId: form.id, enforcementType: "REQUIRED" },
    });
    expect(await completing(of, session)).toEqual([FORBIDDEN]);
    expect(await completing(of, user)).toEqual([]);
  });
});

describe("reopening", () => {
  test("is refused while another implementation of the form is open", async () => {
    const of = await scene("a user data form", "COMPLETED");
    const { here, user, form } = of;
    const other = await here.implementation(user, form);
    expect(await reopening(of, here.admin)).toEqual(["ALREADY_EXISTS input.implementationId"]);
    expect(await saving({ ...of, implementation: other }, user, { motto: "x" })).toEqual([]);
    expect(await completing({ ...of, implementation: other }, user)).toEqual([]);
    expect(await reopening(of, here.admin)).toEqual([]);
  });

  test("is allowed beside an open one of another form, and of another user", async () => {
    const of = await scene("a user data form", "COMPLETED");
    const { here, user, form } = of;
    await here.implementation(user, await here.form());
    await here.implementation(await here.user(), form);
    expect(await reopening(of, here.admin)).toEqual([]);
  });

  test("follows `editable` as it is now", async () => {
    const of = await scene("a preference form", "COMPLETED");
    const { here, user, form } = of;
    expect(await reopening(of, user)).toEqual([LOCKED]);
    const set = (editable: boolean) =>
      here.admin.ask(operations.UpdateInvestorPreferenceFormEditable!, { input: { formId: form.id, editable } });
    await set(true);
    expect(await reopening(of, user)).toEqual([]);
    expect(await completing(of, user)).toEqual([]);
    await set(false);
    expect(await reopening(of, user)).toEqual([LOCKED]);
  });
});

test("staff reopen for their own clients, and services for everybody", async () => {
  const of = await scene("a user data form", "COMPLETED");
  const { here, user } = of;
  const advisor = await here.internal(["submissions.read", "forms.write"]);
  expect(await reopening(of, advisor)).toEqual(["NOT_FOUND input.implementationId"]);
  await here.admin.ask(operations.UpdateUser!, { input: { userId: user.id, assignedInternalUserId: advisor.id } });
  for (const caller of [advisor, await here.service("submissions.read", "forms.write")]) {
    expect(await reopening(of, caller)).toEqual([]);
    expect(await completing(of, user)).toEqual([]);
  }
});

describe("answers are valid", () => {
  /** Completed at, for how many months -> until. */
  const UNTIL: [completedAt: string, months: number | null, until: string | null][] = [
    ["2024-05-15T10:00:00Z", null, null],
    ["2024-05-15T10:00:00Z", 1, "2024-06-16"],
    ["2024-05-15T00:00:00.000Z", 1, "2024-06-16"],
    ["2024-05-15T23:59:59.999Z", 1, "2024-06-16"],
    ["2024-05-16T00:00:00.000Z", 1, "2024-06-17"],
    ["2023-01-31T12:00:00Z", 1, "2023-03-01"],
    ["2024-01-31T12:00:00Z", 1, "2024-03-01"],
    ["2024-01-30T12:00:00Z", 1, "2024-03-01"],
    ["2024-01-29T12:00:00Z", 1, "2024-03-01"],
    ["2024-01-28T12:00:00Z", 1, "2024-02-29"],
    ["2100-01-31T12:00:00Z", 1, "2100-03-01"],
    ["2024-02-29T12:00:00Z", 12, "2025-03-01"],
    ["2024-02-29T12:00:00Z", 48, "2028-03-01"],
    ["2024-03-31T12:00:00Z", 1, "2024-05-01"],
    ["2024-08-31T12:00:00Z", 6, "2025-03-01"],
    ["2024-12-31T23:59:59Z", 1, "2025-02-01"],
    ["2024-11-30T12:00:00Z", 3, "2025-03-01"],
    ["2024-05-15T10:00:00Z", 120, "2034-05-16"],
  ];

  test.each(UNTIL)("completed at %s for %s months: until %s", (completedAt, months, day) => {
    expect(validUntil(new Date(completedAt), months)).toBe(day && `${day}T00:00:00.000Z`);
  });

  test("through the whole day so many months after they were completed", async () => {
    for (const make of ["form", "preferenceForm"] as const) {
      const here = await tenant();
      const [user, form] = [await here.user(), await here[make]({ revalidateAfterMonths: 7 })];
      const implementation = await here.implementation(user, form);
      expect(await completing({ here, form, implementation }, user)).toEqual([]);
      const read = await readImplementation(user, implementation);
      const [year, month, day] = read.completedAt.slice(0, 10).split("-").map(Number);
      const last = new Date(Date.UTC(year, month - 1 + 8, 0)).getUTCDate();
      const end = new Date(Date.UTC(year, month - 1 + 7, Math.min(day, last) + 1));
      expect(read).toMatchObject({ status: "COMPLETED", validUntil: end.toISOString() });
    }
  });

  /** An implementation that was completed long ago and is valid until that instant. */
  async function until(instant: string | null) {
    const of = await scene("a user data form", "COMPLETED");
    await database.sql(`UPDATE form_implementations SET valid_until = ${instant} WHERE tenant_id = $1`, [of.here.id]);
    return of;
  }

  test.each([
    ["no end", "NULL", "COMPLETED"],
    ["in a minute", "now() + interval '1 minute'", "COMPLETED"],
    ["right now", "now()", "EXPIRED"],
    ["a millisecond ago", "now() - interval '1 millisecond'", "EXPIRED"],
    ["years ago", "'2001-01-01'", "EXPIRED"],
  ])("until %s: everywhere alike", async (_when, instant, status) => {
    const { here, user, form, implementation } = await until(instant);
    const list = async (filter: object) =>
      (await here.admin.ask(operations.UserDataFormSubmissions!, { filter })).userDataFormSubmissions;
    // Twice: the first time by loaders, then compiled.
    for (let time = 0; time < 2; time++) {
      expect(await readImplementation(here.admin, implementation)).toMatchObject({ status, completedAt: COMPLETED_AT });
      const { user: read } = await user.ask(operations.FormImplementationsOfUser!, { guid: user.guid });
      expect(read.formImplementations.nodes).toEqual([expect.objectContaining({ status })]);
      const { me } = await user.ask(operations.MyUserDataForms!);
      expect(me.enabledUserDataForms.edges).toEqual([
        expect.objectContaining({ implementation: expect.objectContaining({ status }) }),
      ]);
      expect(await list({ formId: form.id })).toMatchObject({ totalCount: 1, nodes: [{ status }] });
      for (const other of Object.keys(STANDING)) {
        const count = other === status ? 1 : 0;
        expect([other, (await list({ status: [other] })).totalCount]).toEqual([other, count]);
      }
    }
  });

  test("what expired is done again on a new implementation, and stays as it was", async () => {
    const of = await until("'2001-01-01'");
    const { here, user, form } = of;
    const input = { formId: form.id };
    const given = (await user.ask(operations.CreateUserDataFormImplementation!, { input }))
      .createUserDataFormImplementation;
    expect(given).toMatchObject({ errors: [], formImplementation: { status: "ASSIGNED" } });
    expect((await readImplementation(user, of.implementation)).status).toBe("EXPIRED");
    const { me } = await user.ask(operations.MyUserDataForms!);
    expect(me.enabledUserDataForms.edges[0].implementation.uuid).toBe(given.formImplementation.uuid);
    expect(await reopening(of, here.admin)).toEqual(["ALREADY_EXISTS input.implementationId"]);
  });

  test("as long as the revision says that they were given on", async () => {
    const here = await tenant();
    const [user, form] = [await here.user(), await here.form({ revalidateAfterMonths: 1 })];
    const implementation = await here.implementation(user, form);
    await here.admin.ask(operations.UpdateUserDataForm!, { input: { formId: form.id, revalidateAfterMonths: null } });
    await here.admin.ask(operations.PublishForm!, { input: { formId: form.id } });
    expect(await completing({ here, form, implementation }, user)).toEqual([]);
    expect((await readImplementation(user, implementation)).validUntil).not.toBeNull();
  });
});
