import { harness, operations, problems } from "../harness/index.js";
import { eventsOf } from "../user-groups/family.js";
import { field, readForm, times } from "../forms/asking.js";
import { forKeepersOfForms } from "../forms/keepers.js";

const server = await harness();
const { tenant } = server;
const document = operations.CreateUserDataForm!;
const INPUT = { name: "Know your customer", formFields: [field("motto")] };

forKeepersOfForms(server, document, async () => INPUT);

test("makes a draft that is offered to nobody", async () => {
  const here = await tenant();
  const input = { ...INPUT, description: "Why.", formType: "COMPLIANCE", revalidateAfterMonths: 24 };
  const { userDataForm, errors } = (await here.admin.ask(document, { input })).createUserDataForm;
  expect([errors, userDataForm]).toEqual([[], expect.objectContaining({ name: INPUT.name, description: "Why." })]);
  expect(await readForm(here.admin, userDataForm)).toMatchObject({
    state: "DRAFT",
    enablement: "DISABLED",
    version: 1,
    formType: { name: "COMPLIANCE" },
    formRevision: { number: 1, revalidateAfterMonths: 24, publishedAt: null },
    stagedRevision: null,
  });
  expect(await readForm(await here.user(), userDataForm)).toBeNull();
});

test("leaves one event about the form", async () => {
  const here = await tenant();
  const { userDataForm } = (await here.admin.ask(document, { input: INPUT })).createUserDataForm;
  const [[operation, target, ...changes], ...others] = (await eventsOf(here)) as [[string, string, ...string[]]];
  expect([operation, target, others]).toEqual(["createUserDataForm", userDataForm.uuid, []]);
  expect(changes.map((change) => change.split(" ").slice(0, 2).join(" "))).toEqual([
    "CREATE Form",
    "CREATE FormRevision",
  ]);
});

test("two forms may have one name", async () => {
  const here = await tenant();
  for (let form = 0; form < 2; form++) expect(await here.refusals(here.admin, document, INPUT)).toEqual([]);
});

test("asked again with its key it answers with the same form, as it is by now, and makes no other", async () => {
  const here = await tenant();
  const input = { ...INPUT, idempotencyKey: "mine" };
  const first = (await here.admin.ask(document, { input })).createUserDataForm;
  expect((await here.admin.ask(document, { input })).createUserDataForm).toEqual(first);
  await here.admin.ask(operations.UpdateUserDataForm!, { input: { formId: first.userDataForm.id, name: "Renamed" } });
  const again = (await here.admin.ask(document, { input })).createUserDataForm;
  expect(again).toMatchObject({
    errors: [],
    userDataForm: { uuid: first.userDataForm.uuid, name: "Renamed", version: 2 },
  });
  expect((await here.rows()).forms).toHaveLength(1);
  expect(await here.refusals(here.admin, document, { ...input, formFields: [] })).toEqual([
    "IDEMPOTENCY_CONFLICT input.idempotencyKey",
  ]);
  expect(await here.refusals(await here.service("forms.write"), document, input)).toEqual([]);
});

test("of 20 at once with one key one form is made", async () => {
  const here = await tenant();
  const input = { ...INPUT, idempotencyKey: "mine" };
  const answers = await Promise.all(times(20, () => here.admin.send(document, { input })));
  expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  expect((await here.rows()).forms).toHaveLength(1);
});

test("takes neither a state nor an enablement, nor what belongs to the other kind", async () => {
  const { admin } = await tenant();
  for (const other of ["state", "enablement", "kind", "editable", "enforcementType", "classificationIds"]) {
    const answer = await admin.send(document, { input: { ...INPUT, [other]: "ENABLED" } });
    expect(problems(answer)[0]).toMatch(/^BAD_USER_INPUT/);
  }
});
