import { harness, operations, problems, type TestTenant } from "../harness/index.js";
import { eventsOf } from "../user-groups/family.js";
import { completing, readForm, readImplementation, saving, UNKNOWN } from "../forms/asking.js";
import { forKeepersOfForms } from "../forms/keepers.js";

const server = await harness();
const { tenant } = server;
const document = operations.UpdateUserDataFormState!;

const setting = (here: TestTenant, { id }: { id: string }, enablement: string): Promise<string[]> =>
  here.refusals(here.admin, document, { formId: id, enablement });

forKeepersOfForms(server, document, async (here) => ({ formId: (await here.form()).id, enablement: "DISABLED" }));

test("offers a published form, and hides it again", async () => {
  const here = await tenant();
  const [user, form] = [await here.user(), await here.form({ enablement: "DISABLED" as never })];
  expect(await readForm(user, form)).toBeNull();
  const input = { formId: form.uuid, enablement: "ENABLED" };
  const { updateUserDataFormState } = await here.admin.ask(document, { input });
  expect(updateUserDataFormState).toMatchObject({
    errors: [],
    userDataForm: { id: form.id, state: "PUBLISHED", enablement: "ENABLED", version: 2 },
  });
  expect(await readForm(user, form)).toMatchObject({ uuid: form.uuid });
  expect(await setting(here, form, "DISABLED")).toEqual([]);
  expect(await readForm(user, form)).toBeNull();
  expect(await readForm(here.admin, form)).toMatchObject({ enablement: "DISABLED", version: 3 });
});

test.each([
  ["DRAFT", ["FORM_NOT_PUBLISHED input.formId"]],
  ["PUBLISHED", []],
  ["ARCHIVED", ["FORM_NOT_PUBLISHED input.formId"]],
])("enabling a form that is %s: %j; disabling succeeds", async (state, refusals) => {
  const here = await tenant();
  const form = await here.form({ state: state as never, enablement: "DISABLED" as never });
  expect(await setting(here, form, "ENABLED")).toEqual(refusals);
  expect(await setting(here, form, "DISABLED")).toEqual([]);
});

test("setting it to what it is succeeds, keeps the version, and leaves an event without changes", async () => {
  const here = await tenant();
  const [enabled, disabled] = [await here.form(), await here.form({ enablement: "DISABLED" as never })];
  const { forms } = await here.contents();
  expect(await setting(here, enabled, "ENABLED")).toEqual([]);
  expect(await setting(here, disabled, "DISABLED")).toEqual([]);
  expect((await here.contents()).forms).toEqual(forms);
  expect(await setting(here, enabled, "DISABLED")).toEqual([]);
  expect(await eventsOf(here)).toEqual([
    ["updateUserDataFormState", enabled.uuid],
    ["updateUserDataFormState", disabled.uuid],
    ["updateUserDataFormState", enabled.uuid, "UPDATE Form enablement"],
  ]);
});

test("whoever was given a form that is hidden still sees it, answers it and completes it", async () => {
  const here = await tenant();
  const [user, form] = [await here.user(), await here.form()];
  const asked = { here, form, implementation: await here.implementation(user, form) };
  expect(await setting(here, form, "DISABLED")).toEqual([]);
  expect(await readForm(user, form)).toMatchObject({ uuid: form.uuid });
  expect(await saving(asked, user, { motto: "Onwards" })).toEqual([]);
  expect(await completing(asked, user)).toEqual([]);
  expect(await readImplementation(user, asked.implementation)).toMatchObject({
    status: "COMPLETED",
    form: { id: form.id, enablement: "DISABLED" },
  });
});

test("what is staged stays staged", async () => {
  const here = await tenant();
  const form = await here.form();
  await here.admin.ask(operations.UpdateUserDataForm!, { input: { formId: form.id, name: "Next" } });
  for (const enablement of ["DISABLED", "ENABLED"]) expect(await setting(here, form, enablement)).toEqual([]);
  expect(await readForm(here.admin, form)).toMatchObject({ stagedRevision: { number: 2, name: "Next" } });
});

test("wants the id of a user data form of the tenant, and an enablement", async () => {
  const [here, there] = [await tenant(), await tenant()];
  const [form, preferences, theirs] = [await here.form(), await here.preferenceForm(), await there.form()];
  for (const id of [UNKNOWN, preferences.uuid, theirs.id])
    expect(await setting(here, { id }, "DISABLED")).toEqual(["NOT_FOUND input.formId"]);
  for (const [input, path] of [
    [{ formId: "junk", enablement: "DISABLED" }, "formId"],
    [{ formId: preferences.id, enablement: "DISABLED" }, "formId"],
    [{ formId: form.id, enablement: "Enabled" }, "enablement"],
    [{ formId: form.id, enablement: null }, "enablement"],
  ] as const) {
    expect(problems(await here.admin.send(document, { input }))).toEqual([`BAD_USER_INPUT input.${path}`]);
  }
});
