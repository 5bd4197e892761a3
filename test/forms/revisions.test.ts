import { FormEnablement } from "../../src/forms/index.js";
import { harness, operations, outcomes, type TestForm, type TestTenant } from "../harness/index.js";
import { eventsOf } from "../user-groups/family.js";
import {
  byReference,
  field,
  fieldOf,
  options,
  readForm,
  readImplementation,
  savingOf,
  times,
  UNKNOWN,
} from "./asking.js";
import { forKeepersOfForms } from "./keepers.js";

const server = await harness();
const { tenant } = server;

/** The two kinds of form, alike in all of this. */
const KINDS = {
  "a user data form": {
    make: (here: TestTenant, values: object = {}) => here.form(values),
    update: operations.UpdateUserDataForm!,
    read: async (here: TestTenant, { uuid }: TestForm) =>
      (await here.admin.ask(operations.UserDataForm!, { uuid })).userDataForm,
  },
  "an investor preference form": {
    make: (here: TestTenant, values: object = {}) => here.preferenceForm(values),
    update: operations.UpdateInvestorPreferenceForm!,
    read: async (here: TestTenant, { uuid }: TestForm) =>
      (await here.admin.ask(operations.InvestorPreferenceForm!, { uuid })).investorPreferenceForm,
  },
};

const updating = (here: TestTenant, { id }: { id: string }, input: object): Promise<string[]> =>
  here.refusals(here.admin, operations.UpdateUserDataForm!, { formId: id, ...input });
const publishing = (here: TestTenant, { id }: { id: string }): Promise<string[]> =>
  here.refusals(here.admin, operations.PublishForm!, { formId: id });
const archiving = (here: TestTenant, { id }: { id: string }): Promise<string[]> =>
  here.refusals(here.admin, operations.ArchiveForm!, { formId: id });

const referencesOf = ({ formFields }: Record<string, any>): string[] =>
  formFields.map(({ reference }: { reference: string }) => reference);
const uuidsOf = ({ formFields }: Record<string, any>): Record<string, string> =>
  Object.fromEntries(formFields.map(({ reference, uuid }: Record<string, string>) => [reference, uuid]));

const DRAFT = { state: "DRAFT" as never };

/** What a form asks, as an update would say it again. */
const said = ({ formPages, formFields, formSettings }: Record<string, any>): object => ({
  formPages: formPages.map(({ reference, name }: Record<string, string>) => ({ reference, name })),
  formFields: formFields.map((one: Record<string, any>) => ({
    ...Object.fromEntries(Object.entries(one).filter(([name]) => !["uuid", "order"].includes(name))),
    formFieldType: one.formFieldType.name,
    formPage: one.formPage?.reference ?? null,
  })),
  formSettings,
});

describe.each(Object.entries(KINDS))("of %s", (_kind, { make, update, read }) => {
  const edit = (here: TestTenant, { id }: TestForm, input: object) =>
    here.refusals(here.admin, update, { formId: id, ...input });

  test("a draft changes at once, in its one revision", async () => {
    const here = await tenant();
    const form = await make(here, DRAFT);
    expect(await edit(here, form, { name: "Renamed", formFields: [field("a"), field("b")] })).toEqual([]);
    expect(await edit(here, form, { description: "New.", formFields: [field("b")] })).toEqual([]);
    const after = await read(here, form);
    expect(after).toMatchObject({
      name: "Renamed",
      description: "New.",
      version: 3,
      formRevision: { number: 1, publishedAt: null },
    });
    expect([referencesOf(after), after.stagedRevision]).toEqual([["b"], null]);
    expect((await here.rows()).form_revisions).toHaveLength(1);
  });

  test("a published form's changes are staged, edited again, and swapped in by publishing", async () => {
    const here = await tenant();
    const form = await make(here, { name: "Old", description: "Old." });
    expect(await edit(here, form, { name: "New", formFields: [field("motto"), field("a")] })).toEqual([]);
    expect(await edit(here, form, { description: "New.", formSettings: [{ name: "step", value: 2 }] })).toEqual([]);
    const staged = await read(here, form);
    expect(staged).toMatchObject({
      name: "Old",
      description: "Old.",
      state: "PUBLISHED",
      enablement: "ENABLED",
      version: 3,
      formSettings: [],
      formRevision: { number: 1 },
      stagedRevision: { number: 2, name: "New", description: "New.", formSettings: [{ name: "step", value: 2 }] },
    });
    expect([referencesOf(staged), referencesOf(staged.stagedRevision)]).toEqual([["motto"], ["motto", "a"]]);
    expect(await publishing(here, form)).toEqual([]);
    const published = await read(here, form);
    expect(published).toMatchObject({
      name: "New",
      description: "New.",
      state: "PUBLISHED",
      enablement: "ENABLED",
      version: 4,
      formSettings: [{ name: "step", value: 2 }],
      formRevision: { uuid: staged.stagedRevision.uuid, number: 2, publishedAt: expect.any(String) },
      stagedRevision: null,
    });
    expect(published.formFields).toEqual(staged.stagedRevision.formFields);
    expect(await edit(here, form, { formSettings: null })).toEqual([]);
    expect((await read(here, form)).stagedRevision).toMatchObject({ number: 3, name: "New", formSettings: [] });
  });

  test("a form comes from draft to published to archived, and no other way", async () => {
    const here = await tenant();
    const form = await make(here, DRAFT);
    const standing = async () => {
      const { state, enablement, stagedRevision } = await read(here, form);
      return [state, enablement, stagedRevision?.number ?? null];
    };
    const refused = ["INVALID_TRANSITION input.formId"];
    expect(await archiving(here, form)).toEqual(refused);
    expect(await publishing(here, form)).toEqual([]);
    expect(await standing()).toEqual(["PUBLISHED", "DISABLED", null]);
    expect(await publishing(here, form)).toEqual(refused);
    expect(await edit(here, form, { name: "Next" })).toEqual([]);
    expect(await standing()).toEqual(["PUBLISHED", "DISABLED", 2]);
    expect(await archiving(here, form)).toEqual([]);
    expect(await standing()).toEqual(["ARCHIVED", "DISABLED", null]);
    expect(await publishing(here, form)).toEqual(refused);
    expect(await archiving(here, form)).toEqual(refused);
    expect(await edit(here, form, { name: "Last" })).toEqual(refused);
    expect((await here.rows()).form_revisions).toHaveLength(1);
  });

  test("archiving disables, and leaves what users were given", async () => {
    const here = await tenant();
    const [form, user] = [await make(here), await here.user()];
    const implementation = await here.implementation(user, form);
    const { archiveForm } = await here.admin.ask(operations.ArchiveForm!, { input: { formId: form.uuid } });
    expect(archiveForm).toMatchObject({
      errors: [],
      form: { id: form.id, state: "ARCHIVED", enablement: "DISABLED", version: 2 },
    });
    const asked = { here, form, implementation };
    await user.ask(operations.SaveFormAnswers!, { input: savingOf(asked, { motto: "Onwards" }) });
    const { completeFormImplementation } = await user.ask(operations.CompleteFormImplementation!, {
      input: { implementationId: implementation.id },
    });
    expect(completeFormImplementation).toMatchObject({ errors: [], formImplementation: { status: "COMPLETED" } });
    expect(await readImplementation(user, implementation)).toMatchObject({ form: { id: form.id, state: "ARCHIVED" } });
  });

  test("what asks nothing is not published", async () => {
    const here = await tenant();
    const [draft, published] = [await make(here, { ...DRAFT, formFields: [] }), await make(here)];
    expect(await publishing(here, draft)).toEqual(["REQUIRED input.formId"]);
    expect(await edit(here, published, { formFields: null })).toEqual([]);
    expect(await publishing(here, published)).toEqual(["REQUIRED input.formId"]);
    expect(await edit(here, published, { formFields: [field("a")] })).toEqual([]);
    expect(await publishing(here, published)).toEqual([]);
  });

  test("an update that changes nothing succeeds, and keeps the version", async () => {
    const here = await tenant();
    const formFields = [
      field("a", {
        formPage: "one",
        validator: { required: true, maxLength: 5 },
        prePopulationKey: "user.name",
        description: "One\ntwo.",
      }),
      fieldOf("SELECT", "b", {
        formPage: "one",
        formFieldConditions: [{ reference: "a", operator: "IN", value: ["x", "é"] }],
      }),
    ];
    const formSettings = [{ name: "deep", value: { b: [1, { z: null }], a: "x" } }];
    for (const state of [DRAFT, {}]) {
      const form = await make(here, {
        ...state,
        name: "Form",
        formPages: [{ reference: "one", name: "One" }],
        formFields,
        formSettings,
        revalidateAfterMonths: 12,
      });
      const before = await read(here, form);
      const { form_revisions, forms } = await here.contents();
      for (const input of [
        {},
        { name: " Form " },
        { description: null, revalidateAfterMonths: 12 },
        said(before),
        { formFields },
        { formSettings },
      ]) {
        expect(await edit(here, form, input)).toEqual([]);
      }
      expect(await read(here, form)).toEqual(before);
      expect(await here.contents()).toMatchObject({ form_revisions, forms });
    }
    const events = (await eventsOf(here)).map(([, , ...changes]) => changes);
    expect(events).toEqual(times(12, () => []));
  });

  test("a change goes by what is staged, not by what is published", async () => {
    const here = await tenant();
    const form = await make(here, { name: "Old" });
    expect(await edit(here, form, { name: "New" })).toEqual([]);
    expect(await edit(here, form, { name: "New" })).toEqual([]);
    expect(await read(here, form)).toMatchObject({ version: 2, stagedRevision: { name: "New" } });
    expect(await edit(here, form, { name: "Old" })).toEqual([]);
    expect(await read(here, form)).toMatchObject({
      name: "Old",
      version: 3,
      stagedRevision: { number: 2, name: "Old" },
    });
  });

  test("a version that is not the present one is refused", async () => {
    const here = await tenant();
    const form = await make(here);
    const stale = ["STALE_OBJECT input.expectedVersion"];
    expect(await edit(here, form, { name: "A", expectedVersion: 2 })).toEqual(stale);
    expect(await edit(here, form, { name: "A", expectedVersion: 1 })).toEqual([]);
    expect(await edit(here, form, { name: "A", expectedVersion: 1 })).toEqual(stale);
    expect(await edit(here, form, { formFields: [field("b")], expectedVersion: 2 })).toEqual([]);
    expect(await edit(here, form, { formFields: [field("c")], expectedVersion: 2 })).toEqual(stale);
    expect(await publishing(here, form)).toEqual([]);
    expect(await edit(here, form, { name: "B", expectedVersion: 3 })).toEqual(stale);
    expect(await edit(here, form, { name: "B", expectedVersion: 4 })).toEqual([]);
  });

  test("of another tenant, and none at all, are not found", async () => {
    const [here, there] = [await tenant(), await tenant()];
    const theirs = await make(there, DRAFT);
    for (const form of [theirs, { ...theirs, id: UNKNOWN, uuid: UNKNOWN }]) {
      for (const move of [publishing, archiving]) expect(await move(here, form)).toEqual(["NOT_FOUND input.formId"]);
      expect(await edit(here, form, { name: "Mine" })).toEqual(["NOT_FOUND input.formId"]);
    }
    expect(await publishing(there, theirs)).toEqual([]);
  });
});

describe("publishForm", () => {
  forKeepersOfForms(server, operations.PublishForm!, async (here) => ({ formId: (await here.form(DRAFT)).id }));
});

describe("archiveForm", () => {
  forKeepersOfForms(server, operations.ArchiveForm!, async (here) => ({ formId: (await here.form()).id }));
});

test("each update takes forms of its own kind alone", async () => {
  const here = await tenant();
  const [form, preferences] = [await here.form(), await here.preferenceForm()];
  for (const [document, other] of [
    [operations.UpdateUserDataForm!, preferences],
    [operations.UpdateInvestorPreferenceForm!, form],
  ] as const) {
    expect(await here.refusals(here.admin, document, { formId: other.uuid, name: "X" })).toEqual([
      "NOT_FOUND input.formId",
    ]);
  }
});

describe("the uuid of a field", () => {
  const PAGES = [{ reference: "one", name: "One" }];

  test("stays with the reference, through drafts and revisions, wherever the field moves", async () => {
    const here = await tenant();
    const form = await here.form({ formFields: [field("a"), field("b")] });
    for (const formFields of [
      [field("new"), field("b", { label: "Now otherwise" }), fieldOf("NUMBER", "a")],
      [field("b"), field("a"), field("new")],
    ]) {
      expect(await updating(here, form, { formFields })).toEqual([]);
      expect(await publishing(here, form)).toEqual([]);
      expect(uuidsOf(await readForm(here.admin, form))).toMatchObject(form.fields);
    }
    expect(new Set(Object.values(uuidsOf(await readForm(here.admin, form)))).size).toBe(3);
  });

  test("stays with a field that is named by it, and renamed", async () => {
    const here = await tenant();
    const form = await here.form({ formFields: [field("a"), field("b")] });
    const { a, b } = form.fields;
    expect(await updating(here, form, { formFields: [field("renamed", { uuid: a }), field("b")] })).toEqual([]);
    expect(await publishing(here, form)).toEqual([]);
    expect(uuidsOf(await readForm(here.admin, form))).toEqual({ renamed: a, b });
    // They change names with each other.
    const formFields = [field("b", { uuid: a }), field("renamed", { uuid: b })];
    expect(await updating(here, form, { formFields })).toEqual([]);
    expect(uuidsOf((await readForm(here.admin, form)).stagedRevision)).toEqual({ b: a, renamed: b });
  });

  test("of a name that another field took with it is new", async () => {
    const here = await tenant();
    const form = await here.form({ formFields: [field("a")] });
    expect(await updating(here, form, { formFields: [field("a"), field("b", { uuid: form.fields.a })] })).toEqual([]);
    const { a, b } = uuidsOf((await readForm(here.admin, form)).stagedRevision);
    expect(b).toBe(form.fields.a);
    expect(a).not.toBe(b);
  });

  test("is refused when it is another form's, nobody's, or named twice", async () => {
    const here = await tenant();
    const [form, other] = [await here.form({ formFields: [field("a"), field("b")] }), await here.form()];
    for (const uuid of [other.fields.motto, UNKNOWN, form.uuid]) {
      expect(await updating(here, form, { formFields: [field("a"), field("c", { uuid })] })).toEqual([
        "INVALID input.formFields.1.uuid",
      ]);
    }
    const { a: uuid } = form.fields;
    const formFields = [field("x", { uuid }), field("b"), field("y", { uuid })];
    expect(await updating(here, form, { formFields })).toEqual(["DUPLICATED_INPUT_ITEM input.formFields.2.uuid"]);
  });

  test("and that of a page stay while their references do", async () => {
    const here = await tenant();
    const form = await here.form({ formPages: PAGES, formFields: [field("a", { formPage: "one" })] });
    const before = await readForm(here.admin, form);
    const formPages = [
      { reference: "zero", name: "Zero" },
      { reference: "one", name: "The first" },
    ];
    expect(await updating(here, form, { formPages })).toEqual([]);
    expect(await publishing(here, form)).toEqual([]);
    const after = await readForm(here.admin, form);
    expect(after.formPages).toEqual([
      { uuid: expect.any(String), reference: "zero", name: "Zero", order: 0 },
      { uuid: before.formPages[0].uuid, reference: "one", name: "The first", order: 1 },
    ]);
    expect(after.formFields).toEqual(before.formFields);
  });
});

test("an update leaves as it was what it does not name, and checks it together with what it does", async () => {
  const here = await tenant();
  const form = await here.form({
    formPages: [{ reference: "one", name: "One" }],
    formFields: [field("a", { formPage: "one" }), fieldOf("CHECKBOX", "b", { formPage: "one" })],
    formSettings: [{ name: "step", value: 1 }],
    revalidateAfterMonths: 3,
  });
  const before = await readForm(here.admin, form);
  expect(await updating(here, form, { description: "New." })).toEqual([]);
  expect(await updating(here, form, { formSettings: [{ name: "step", value: 2 }] })).toEqual([]);
  expect((await readForm(here.admin, form)).stagedRevision).toMatchObject({
    name: before.name,
    description: "New.",
    revalidateAfterMonths: 3,
    formPages: [{ reference: "one", name: "One" }],
    formFields: before.formFields,
    formSettings: [{ name: "step", value: 2 }],
  });
  const nowhere = [0, 1].map((n) => `INVALID input.formFields.${n}.formPage`);
  expect(await updating(here, form, { formPages: null })).toEqual(nowhere);
  expect(await updating(here, form, { formPages: [{ reference: "two", name: "Two" }] })).toEqual(nowhere);
  expect(await updating(here, form, { name: null })).toEqual(["REQUIRED input.name"]);
  const nothing = { description: null, revalidateAfterMonths: null, formPages: null, formFields: null };
  expect(await updating(here, form, nothing)).toEqual([]);
  expect((await readForm(here.admin, form)).stagedRevision).toMatchObject({
    description: null,
    revalidateAfterMonths: null,
    formPages: [],
    formFields: [],
    formSettings: [{ name: "step", value: 2 }],
  });
});

test("a form that was small enough to be made can be changed in part", async () => {
  const here = await tenant();
  const input = { name: "Form", formFields: times(500, (n) => field(`f${n}`)) };
  const { userDataForm } = (await here.admin.ask(operations.CreateUserDataForm!, { input })).createUserDataForm;
  expect(await updating(here, userDataForm, { formSettings: [{ name: "step", value: 2 }] })).toEqual([]);
});

test("what users were given stays on its revision, whatever becomes of the form", async () => {
  const here = await tenant();
  const form = await here.form({
    formFields: [field("a", { label: "Old?" }), field("gone", { validator: { required: true } })],
    revalidateAfterMonths: 1,
  });
  const [early, late] = [await here.user(), await here.user()];
  const give = async (user: { id: string }) => {
    const input = { formId: form.id, userId: user.id };
    const { createUserDataFormImplementation } = await here.admin.ask(operations.CreateUserDataFormImplementation!, {
      input,
    });
    return createUserDataFormImplementation.formImplementation;
  };
  const first = await give(early);
  await early.ask(operations.SaveFormAnswers!, { input: savingOf({ form, implementation: first }, { gone: "Kept" }) });
  expect(
    await updating(here, form, {
      formFields: [field("a", { label: "New?" }), field("b")],
      revalidateAfterMonths: null,
    }),
  ).toEqual([]);
  // What is staged is given to nobody.
  const [second, middle] = [await give(late), await readImplementation(early, first)];
  expect([middle.formRevision.number, (await readImplementation(late, second)).formRevision.number]).toEqual([1, 1]);
  expect(await publishing(here, form)).toEqual([]);
  const third = await give(await here.user());
  const [old, fresh] = [await readImplementation(early, first), await readImplementation(here.admin, third)];
  expect([old.formRevision.number, fresh.formRevision.number]).toEqual([1, 2]);
  expect([referencesOf(old.formRevision), referencesOf(fresh.formRevision)]).toEqual([
    ["a", "gone"],
    ["a", "b"],
  ]);
  expect(old.formRevision.formFields[0].label).toBe("Old?");
  expect(byReference(old.formFieldAnswers)).toEqual({ gone: "Kept" });
  const completed = await early.ask(operations.CompleteFormImplementation!, { input: { implementationId: first.id } });
  expect(outcomes([completed])).toEqual([""]);
  // Valid for as long as its own revision says.
  expect(completed.completeFormImplementation.formImplementation.validUntil).toMatch(/T00:00:00.000Z$/);
  expect(byReference(completed.completeFormImplementation.formImplementation.formFieldAnswers)).toEqual({
    gone: "Kept",
  });
});

describe("what belongs to the platform", () => {
  const protectedForm = (here: TestTenant, values: object = {}) =>
    here.form({
      formFields: [
        field("kept", { options: null }),
        fieldOf("SELECT", "chosen", { validator: { required: true } }),
        field("free"),
      ],
      editorValidator: { canDelete: true, canEdit: true, protectedFields: ["kept", "chosen"] },
      ...values,
    });

  test("is told by the form, and fixed when it is made", async () => {
    const here = await tenant();
    const editorValidator = { canDelete: false, canEdit: false, protectedFields: ["a"] };
    const input = { name: "Form", formFields: [field("a")], editorValidator };
    const { userDataForm } = (await here.admin.ask(operations.CreateUserDataForm!, { input })).createUserDataForm;
    expect(userDataForm.editorValidator).toEqual(editorValidator);
  });

  test("is not edited where canEdit is false, and published and archived all the same", async () => {
    const here = await tenant();
    const editorValidator = { canDelete: true, canEdit: false, protectedFields: [] };
    const form = await here.form({ ...DRAFT, editorValidator });
    expect(await updating(here, form, { name: "Mine" })).toEqual(["FORM_PROTECTED input.formId"]);
    expect(await publishing(here, form)).toEqual([]);
    expect(await updating(here, form, { formSettings: [] })).toEqual(["FORM_PROTECTED input.formId"]);
    expect(await archiving(here, form)).toEqual([]);
  });

  test.each([
    [
      "a label",
      [field("kept", { label: "Mine?" }), fieldOf("SELECT", "chosen", { validator: { required: true } })],
      ["formFields.0"],
    ],
    [
      "a type",
      [fieldOf("TEXTAREA", "kept"), fieldOf("SELECT", "chosen", { validator: { required: true } })],
      ["formFields.0"],
    ],
    ["a rule", [field("kept"), fieldOf("SELECT", "chosen")], ["formFields.1"]],
    [
      "an option",
      [field("kept"), fieldOf("SELECT", "chosen", { validator: { required: true }, options: options("a", "b") })],
      ["formFields.1"],
    ],
    [
      "a condition",
      [
        field("kept", { formFieldConditions: [{ reference: "chosen", operator: "ANSWERED" }] }),
        fieldOf("SELECT", "chosen", { validator: { required: true } }),
      ],
      ["formFields.0"],
    ],
    ["a field that is left out", [fieldOf("SELECT", "chosen", { validator: { required: true } })], ["formFields"]],
    ["both", [field("free")], ["formFields", "formFields"]],
  ])("is not changed in %s", async (_what, formFields, paths) => {
    const here = await tenant();
    for (const state of [DRAFT, {}]) {
      const form = await protectedForm(here, state);
      expect(await updating(here, form, { formFields })).toEqual(paths.map((path) => `FORM_PROTECTED input.${path}`));
    }
  });

  test("is not renamed, by its uuid or by another's", async () => {
    const here = await tenant();
    const form = await protectedForm(here);
    const chosen = fieldOf("SELECT", "chosen", { validator: { required: true } });
    const { kept, free } = form.fields;
    expect(await updating(here, form, { formFields: [field("renamed", { uuid: kept }), chosen] })).toEqual([
      "FORM_PROTECTED input.formFields",
    ]);
    expect(await updating(here, form, { formFields: [chosen, field("kept", { uuid: free })] })).toEqual([
      "FORM_PROTECTED input.formFields.1",
    ]);
  });

  test("may move, to another page too, and everything beside it may change", async () => {
    const here = await tenant();
    const form = await protectedForm(here);
    const formPages = [{ reference: "one", name: "One" }];
    const formFields = [
      field("new", { formPage: "one" }),
      fieldOf("SELECT", "chosen", { validator: { required: true }, formPage: "one" }),
      field("kept", { formPage: "one" }),
    ];
    expect(await updating(here, form, { name: "Mine", formPages, formFields })).toEqual([]);
    expect(await publishing(here, form)).toEqual([]);
    expect(await updating(here, form, { formSettings: [{ name: "step", value: 1 }] })).toEqual([]);
    expect(await updating(here, form, { formPages: [...formPages, { reference: "two", name: "Two" }] })).toEqual([]);
    expect(await updating(here, form, { formFields: formFields.slice(1).toReversed() })).toEqual([]);
  });
});

test("what is staged is shown to who works with forms, and to nobody else", async () => {
  const here = await tenant();
  const [user, form] = [await here.user(), await here.form()];
  await here.implementation(user, form);
  expect(await updating(here, form, { name: "Secret" })).toEqual([]);
  const group = await here.group({ lead: user });
  const working = [
    here.admin,
    await here.internal(["forms.read"]),
    await here.internal(["submissions.read"]),
    await here.service("forms.write"),
  ];
  const others = [user, await here.internal(["users.read"]), await here.actingAs(here.admin, user, group)];
  for (const [callers, staged] of [
    [working, { number: 2, name: "Secret" }],
    [others, null],
  ] as const) {
    for (const caller of callers) {
      // Twice: the first time by loaders, then compiled.
      for (let time = 0; time < 2; time++) {
        const read = await readForm(caller, form);
        expect(read.uuid).toBe(form.uuid);
        if (staged) expect(read.stagedRevision).toMatchObject(staged);
        else expect(read.stagedRevision).toBeNull();
      }
    }
  }
});

describe("events", () => {
  const SECRETS = [
    "Confidential label",
    "Confidential option",
    "confidential.pattern",
    "Confidential setting",
    "Confidential page",
  ];
  const definition = (n: number) => ({
    formPages: [{ reference: "one", name: `Confidential page ${n}` }],
    formFields: [
      field("a", {
        label: `Confidential label ${n}`,
        formPage: "one",
        validator: { pattern: `confidential.pattern${n}` },
      }),
      fieldOf("SELECT", "b", { formPage: "one", options: options(`Confidential option ${n}`) }),
      field("c", { formPage: "one" }),
    ],
    formSettings: [{ name: "step", value: `Confidential setting ${n}` }],
  });

  test("name what changed of a form, and hold no text of what it asks", async () => {
    const here = await tenant();
    const input = { name: "Form", ...definition(1) };
    const { userDataForm } = (await here.admin.ask(operations.CreateUserDataForm!, { input })).createUserDataForm;
    expect(await publishing(here, userDataForm)).toEqual([]);
    expect(await updating(here, userDataForm, { name: "Renamed", ...definition(2) })).toEqual([]);
    expect(await updating(here, userDataForm, { formFields: definition(3).formFields })).toEqual([]);
    expect(await publishing(here, userDataForm)).toEqual([]);
    expect(await archiving(here, userDataForm)).toEqual([]);
    const events = await eventsOf(here);
    const { uuid } = userDataForm;
    expect(events.map(([operation, target]) => [operation, target])).toEqual(
      [
        "createUserDataForm",
        "publishForm",
        "updateUserDataForm",
        "updateUserDataForm",
        "publishForm",
        "archiveForm",
      ].map((operation) => [operation, uuid]),
    );
    expect(events[3]).toEqual([
      "updateUserDataForm",
      uuid,
      "UPDATE FormRevision formFields.a,formFields.b",
      expect.stringMatching(/^UPDATE Form /),
    ]);
    const texts = JSON.stringify((await here.rows()).audit_events);
    for (const secret of SECRETS) expect(texts).not.toContain(secret);
    expect(texts).toContain("Renamed");
  });

  test("name what was answered, and hold no answer", async () => {
    const here = await tenant();
    const [user, form] = [
      await here.user({ surname: "Confidential surname" }),
      await here.form({ formFields: [field("a", { prePopulationKey: "user.surname" }), field("b")] }),
    ];
    const given = await user.ask(operations.CreateUserDataFormImplementation!, { input: { formId: form.id } });
    const implementation = given.createUserDataFormImplementation.formImplementation;
    for (const answers of [{ b: "Confidential answer" }, { a: "Confidential too" }, { a: null }]) {
      await user.ask(operations.SaveFormAnswers!, { input: savingOf({ form, implementation }, answers) });
    }
    const input = { implementationId: implementation.id };
    await user.ask(operations.CompleteFormImplementation!, { input });
    await here.admin.ask(operations.ReopenFormImplementation!, { input });
    const events = await eventsOf(here);
    const { a, b } = form.fields;
    expect(events.map(([operation]) => operation)).toEqual([
      "createUserDataFormImplementation",
      "saveFormAnswers",
      "saveFormAnswers",
      "saveFormAnswers",
      "completeFormImplementation",
      "reopenFormImplementation",
    ]);
    expect(events.slice(1).every(([, target]) => target === implementation.uuid)).toBe(true);
    for (const [event, key] of [
      [events[1], b],
      [events[2], a],
      [events[3], a],
    ] as const)
      expect(event!.slice(2).join()).toContain(`answers.${key}`);
    const { audit_events } = await here.rows();
    const changes = JSON.stringify(audit_events!.map((event) => event.changes));
    expect(changes).not.toContain("Confidential");
  });
});

test.each(["PublishForm", "ArchiveForm", "UpdateUserDataFormState", "DeleteUserDataForm"])(
  "%s is refused when the form has changed since it was read",
  async (name) => {
    const here = await tenant();
    const form = await here.form({ enablement: FormEnablement.DISABLED });
    expect(await updating(here, form, { name: "Changed" })).toEqual([]);
    const input = { formId: form.id, ...(name.endsWith("State") && { enablement: "ENABLED" }) };
    const refusals = (expectedVersion: number) =>
      here.refusals(here.admin, operations[name]!, { ...input, expectedVersion });
    expect(await refusals(1)).toEqual(["STALE_OBJECT input.expectedVersion"]);
    expect(await refusals(2)).toEqual([]);
  },
);
