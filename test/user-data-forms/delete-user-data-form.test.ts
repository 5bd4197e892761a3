import { harness, operations, problems, type TestTenant } from "../harness/index.js";
import { eventsOf } from "../user-groups/family.js";
import { readForm, UNKNOWN } from "../forms/asking.js";
import { forKeepersOfForms } from "../forms/keepers.js";

const server = await harness();
const { tenant } = server;
const document = operations.DeleteUserDataForm!;
const DISABLED = { enablement: "DISABLED" as never };

const deleting = (here: TestTenant, { id }: { id: string }): Promise<string[]> =>
  here.refusals(here.admin, document, { formId: id });

forKeepersOfForms(server, document, async (here) => ({ formId: (await here.form(DISABLED)).id }), { services: false });

test.each(["DRAFT", "PUBLISHED", "ARCHIVED"])("removes a form that is %s, with all of its revisions", async (state) => {
  const here = await tenant();
  const kept = await here.form();
  const form = await here.form({ ...DISABLED, state: state as never });
  if (state === "PUBLISHED") {
    await here.admin.ask(operations.UpdateUserDataForm!, { input: { formId: form.id, name: "Staged" } });
  }
  const { deleteUserDataForm } = await here.admin.ask(document, { input: { formId: form.uuid } });
  expect(deleteUserDataForm).toEqual({ deletedUserDataFormId: form.id, errors: [] });
  expect(await readForm(here.admin, form)).toBeNull();
  expect(await deleting(here, form)).toEqual(["NOT_FOUND input.formId"]);
  const { forms, form_revisions } = await here.rows();
  expect([forms, form_revisions].map((rows) => rows!.length)).toEqual([1, 1]);
  expect(forms![0]!.id).toBe(kept.uuid);
});

test("leaves one event about it", async () => {
  const here = await tenant();
  const form = await here.form(DISABLED);
  expect(await deleting(here, form)).toEqual([]);
  const events = await eventsOf(here);
  expect(
    events.map(([operation, target, change]) => [operation, target, change!.split(" ").slice(0, 2).join(" ")]),
  ).toEqual([["deleteUserDataForm", form.uuid, "DELETE Form"]]);
});

test("refuses what is enabled, until it is disabled", async () => {
  const here = await tenant();
  const form = await here.form();
  expect(await deleting(here, form)).toEqual(["FORM_ENABLED input.formId"]);
  await here.admin.ask(operations.UpdateUserDataFormState!, { input: { formId: form.id, enablement: "DISABLED" } });
  expect(await deleting(here, form)).toEqual([]);
});

test.each(["ASSIGNED", "IN_PROGRESS", "COMPLETED"])(
  "refuses what somebody was given and has %s",
  async (storedStatus) => {
    const here = await tenant();
    const form = await here.form({ ...DISABLED, state: "ARCHIVED" as never });
    const completedAt = storedStatus === "COMPLETED" ? "2024-01-01T00:00:00.000Z" : null;
    await here.implementation(await here.user(), form, { storedStatus: storedStatus as never, completedAt });
    expect(await deleting(here, form)).toEqual(["FORM_HAS_SUBMISSIONS input.formId"]);
  },
);

test("refuses what the platform keeps", async () => {
  const here = await tenant();
  const form = await here.form({
    ...DISABLED,
    editorValidator: { canDelete: false, canEdit: true, protectedFields: [] },
  });
  expect(await deleting(here, form)).toEqual(["FORM_PROTECTED input.formId"]);
});

test("removes a form of which fields alone are protected", async () => {
  const here = await tenant();
  const form = await here.form({
    ...DISABLED,
    editorValidator: { canDelete: true, canEdit: false, protectedFields: ["motto"] },
  });
  expect(await deleting(here, form)).toEqual([]);
});

test("wants the id of a user data form of the tenant", async () => {
  const [here, there] = [await tenant(), await tenant()];
  const [preferences, theirs] = [await here.preferenceForm(DISABLED), await there.form(DISABLED)];
  for (const id of [UNKNOWN, preferences.uuid, theirs.id])
    expect(await deleting(here, { id })).toEqual(["NOT_FOUND input.formId"]);
  for (const formId of ["junk", preferences.id]) {
    expect(problems(await here.admin.send(document, { input: { formId } }))).toEqual(["BAD_USER_INPUT input.formId"]);
  }
  expect(await deleting(there, theirs)).toEqual([]);
});
