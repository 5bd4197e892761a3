import { harness, operations, problems } from "../harness/index.js";
import { eventsOf } from "../user-groups/family.js";
import { field, readForm, UNKNOWN } from "../forms/asking.js";
import { forKeepersOfForms } from "../forms/keepers.js";

// What becomes of revisions: test/forms/revisions.test.ts; what a definition may be: test/forms/definition.test.ts.
const server = await harness();
const { tenant } = server;
const document = operations.UpdateUserDataForm!;

forKeepersOfForms(server, document, async (here) => ({ formId: (await here.form()).id, name: "Changed" }));

test("answers with the form as it is, and with what is staged", async () => {
  const here = await tenant();
  const form = await here.form({ name: "Old" });
  const input = { formId: form.uuid, name: "New", description: "Why.", formSettings: [{ name: "step", value: 2 }] };
  const { updateUserDataForm } = await here.admin.ask(document, { input });
  expect(updateUserDataForm).toMatchObject({
    errors: [],
    userDataForm: {
      id: form.id,
      name: "Old",
      description: null,
      version: 2,
      stagedRevision: { number: 2, name: "New", description: "Why.", formSettings: [{ name: "step", value: 2 }] },
    },
  });
});

test("changes what is named and leaves the rest", async () => {
  const here = await tenant();
  const form = await here.form({ state: "DRAFT" as never, name: "Old", formSettings: [{ name: "step", value: 1 }] });
  const before = await readForm(here.admin, form);
  expect(await here.refusals(here.admin, document, { formId: form.id, name: "New" })).toEqual([]);
  expect(await readForm(here.admin, form)).toEqual({
    ...before,
    name: "New",
    version: 2,
    updatedAt: expect.any(String),
  });
  expect(await here.refusals(here.admin, document, { formId: form.id, formSettings: null })).toEqual([]);
  expect(await readForm(here.admin, form)).toMatchObject({
    name: "New",
    version: 3,
    formSettings: [],
    formFields: before.formFields,
  });
});

test("leaves one event that names the fields that changed", async () => {
  const here = await tenant();
  const form = await here.form({ state: "DRAFT" as never, formFields: [field("a"), field("b"), field("c")] });
  const formFields = [field("a", { label: "Otherwise?" }), field("b"), field("d")];
  expect(await here.refusals(here.admin, document, { formId: form.id, formFields })).toEqual([]);
  const [[operation, target, ...changes], ...others] = (await eventsOf(here)) as [[string, string, ...string[]]];
  expect([operation, target, others]).toEqual(["updateUserDataForm", form.uuid, []]);
  expect(changes[0]).toBe("UPDATE FormRevision formFields.a,formFields.c,formFields.d");
});

test("wants the id of a user data form", async () => {
  const here = await tenant();
  const preferences = await here.preferenceForm();
  expect(await here.refusals(here.admin, document, { formId: UNKNOWN, name: "X" })).toEqual(["NOT_FOUND input.formId"]);
  for (const formId of ["junk", preferences.id, here.admin.id]) {
    expect(problems(await here.admin.send(document, { input: { formId, name: "X" } }))).toEqual([
      "BAD_USER_INPUT input.formId",
    ]);
  }
});
