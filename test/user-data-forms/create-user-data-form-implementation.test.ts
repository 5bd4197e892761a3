import { UserStatus, UserType } from "../../src/users/index.js";
import {
  harness,
  operations,
  problems,
  type Caller,
  type Person,
  type TestForm,
  type TestTenant,
} from "../harness/index.js";
import { byReference, completing, field, fieldOf, readImplementation, times, UNKNOWN } from "../forms/asking.js";

const server = await harness();
const { tenant } = server;
const document = operations.CreateUserDataFormImplementation!;

interface Scene {
  here: TestTenant;
  user: Person;
  form: TestForm;
}

async function scene(values: object = {}): Promise<Scene> {
  const here = await tenant();
  return { here, user: await here.user(), form: await here.form(values) };
}

/** What giving the form to the user is refused with. */
const giving = ({ here, user, form }: Scene, input: object = {}, by: Caller = here.admin): Promise<string[]> =>
  here.refusals(by, document, { formId: form.id, userId: user.id, ...input });

/** The implementation that is made. */
async function given(
  { here, user, form }: Scene,
  input: object = {},
  by: Caller = here.admin,
): Promise<Record<string, any>> {
  const answer = await by.ask(document, { input: { formId: form.id, userId: user.id, ...input } });
  expect(answer.createUserDataFormImplementation.errors).toEqual([]);
  return answer.createUserDataFormImplementation.formImplementation;
}

const today = (): string => new Date().toISOString().slice(0, 10);

test("gives a form to a user, on its present revision", async () => {
  const of = await scene({ name: "Profile" });
  const { here, user, form } = of;
  const implementation = await given(of);
  expect(implementation).toMatchObject({
    status: "ASSIGNED",
    type: "STANDARD",
    progress: 0,
    dueOn: null,
    completedAt: null,
    validUntil: null,
    version: 1,
    form: { id: form.id, name: "Profile" },
    formFieldAnswers: [],
    formImplementationAssignments: [{ type: "USER", assigneeId: user.guid }],
  });
  expect(await readImplementation(user, implementation as { id: string })).toMatchObject({
    uuid: implementation.uuid,
    user: { id: user.id },
    formRevision: { number: 1 },
    hiddenFieldAnswers: [],
  });
  expect((await here.rows()).form_implementations).toHaveLength(1);
});

test("leaves one event that tells of the implementation", async () => {
  const of = await scene();
  const { uuid } = await given(of);
  const [event, ...others] = (await of.here.rows()).audit_events!;
  expect(others).toEqual([]);
  expect(event).toMatchObject({ operation: "createUserDataFormImplementation", actor_id: of.here.admin.guid });
  expect(event!.changes).toEqual([expect.objectContaining({ type: "FormImplementation", action: "CREATE", id: uuid })]);
});

describe("who may", () => {
  test("a user takes a form themselves, named or not", async () => {
    for (const input of [{}, { userId: null }, { userId: undefined }]) {
      const of = await scene();
      const implementation = await given(of, input, of.user);
      expect(implementation.formImplementationAssignments[0].assigneeId).toBe(of.user.guid);
    }
    const of = await scene();
    expect(await giving(of, { userId: of.user.guid }, of.user)).toEqual([]);
  });

  test("an administrator and a service give it to anybody, even to staff", async () => {
    const of = await scene();
    const { here } = of;
    expect(await giving(of, {}, await here.internal(["forms.write", "users.read"], { administrator: true }))).toEqual(
      [],
    );
    const service = await here.service("forms.write", "users.read");
    for (const type of [UserType.INVESTOR, UserType.ENTREPRENEUR, UserType.INTERNAL]) {
      expect(await giving({ ...of, user: await here.user({ type }) }, {}, service)).toEqual([]);
    }
    expect(await giving({ ...of, user: here.admin })).toEqual([]);
  });

  test("an internal member gives it to their own clients, and takes it themselves", async () => {
    const of = await scene();
    const { here, user } = of;
    const advisor = await here.internal(["forms.write", "users.read"]);
    expect(await giving(of, {}, advisor)).toEqual(["NOT_ASSIGNED_TO_YOU input.userId"]);
    await here.admin.ask(operations.UpdateUser!, { input: { userId: user.id, assignedInternalUserId: advisor.id } });
    expect(await giving(of, {}, advisor)).toEqual([]);
    expect(await giving({ ...of, user: advisor }, {}, advisor)).toEqual([]);
  });

  test("an internal member who may not write forms gives it to nobody, and takes it themselves", async () => {
    const of = await scene();
    const { here, form } = of;
    const reader = await here.internal(["forms.read", "submissions.read", "users.read", "users.write"]);
    const client = await here.user({ assignedInternalUserId: reader.guid });
    expect(problems(await reader.send(document, { input: { formId: form.id, userId: client.id } }))).toEqual([
      "FORBIDDEN",
    ]);
    expect(await giving({ ...of, user: reader }, {}, reader)).toEqual([]);
  });

  test("an administrator who acts as a user takes it for them, and for nobody else", async () => {
    const of = await scene();
    const { here, user } = of;
    const other = await here.user();
    const group = await here.group({ members: [user, other] });
    const session = await here.actingAs(here.admin, user, group);
    expect(await giving(of, { userId: null }, session)).toEqual([]);
    const [event] = (await here.rows()).audit_events!;
    expect(event).toMatchObject({ actor_id: here.admin.guid, subject_id: user.guid });
    for (const someone of [other, here.admin]) {
      expect(await giving({ ...of, user: someone }, {}, session)).toEqual(["NOT_FOUND input.userId"]);
    }
  });

  test("no client gives it to another: neither to a fellow member nor, as a lead, to a member", async () => {
    const of = await scene();
    const { here, user, form } = of;
    const [lead, member] = [await here.user(), await here.user()];
    await here.group({ lead, members: [user, member] });
    expect(await giving(of, {}, member)).toEqual(["NOT_FOUND input.userId"]);
    expect(await giving(of, {}, lead)).toEqual(["NOT_ASSIGNED_TO_YOU input.userId"]);
    expect(await giving({ here, user: lead, form }, {}, lead)).toEqual([]);
  });

  test("a service without forms.write may not at all, and one with it has to name the user", async () => {
    const of = await scene();
    const { here, form } = of;
    const reading = await here.service("forms.read", "submissions.read", "users.read", "users.write");
    expect(problems(await reading.send(document, { input: { formId: form.id, userId: of.user.id } }))).toEqual([
      "FORBIDDEN",
    ]);
    expect(await giving(of, { userId: null }, await here.service("forms.write"))).toEqual(["REQUIRED input.userId"]);
    expect(problems(await server.anonymous.send(document, { input: { formId: form.id } }))).toEqual([
      "UNAUTHENTICATED",
    ]);
  });
});

describe("refuses", () => {
  test.each([
    ["a draft", { state: "DRAFT" }, "FORM_NOT_PUBLISHED", "NOT_FOUND"],
    ["an archived form", { state: "ARCHIVED" }, "FORM_NOT_PUBLISHED", "NOT_FOUND"],
    ["a disabled form", { enablement: "DISABLED" }, "FORM_DISABLED", "NOT_FOUND"],
  ])("%s; to whom it is not shown it is not there", async (_what, values, staff, users) => {
    const of = await scene(values);
    expect(await giving(of)).toEqual([`${staff} input.formId`]);
    expect(await giving(of, {}, of.user)).toEqual([`${users} input.formId`]);
    // Who was given it before sees it, and is told why.
    await of.here.implementation(of.user, of.form, {
      storedStatus: "COMPLETED" as never,
      completedAt: "2024-01-01T00:00:00.000Z",
    });
    expect(await giving(of, {}, of.user)).toEqual([`${staff} input.formId`]);
  });

  test("a preference form, a form of another tenant, and none", async () => {
    const of = await scene();
    const { here, user } = of;
    const [preferences, theirs] = [await here.preferenceForm(), await (await tenant()).form()];
    for (const formId of [preferences.uuid, theirs.id, UNKNOWN]) {
      for (const by of [here.admin, user]) expect(await giving(of, { formId }, by)).toEqual(["NOT_FOUND input.formId"]);
    }
    for (const formId of ["junk", preferences.id, user.id]) {
      expect(problems(await here.admin.send(document, { input: { formId, userId: user.id } }))).toEqual([
        "BAD_USER_INPUT input.formId",
      ]);
    }
  });

  test("a user of another tenant, and none", async () => {
    const of = await scene();
    const theirs = await (await tenant()).user();
    for (const userId of [theirs.id, UNKNOWN]) expect(await giving(of, { userId })).toEqual(["NOT_FOUND input.userId"]);
    const input = { formId: of.form.id, userId: of.form.id };
    expect(problems(await of.here.admin.send(document, { input }))).toEqual(["BAD_USER_INPUT input.userId"]);
  });

  test("whoever is revoked, and nobody else by their status", async () => {
    const of = await scene();
    for (const status of Object.values(UserStatus)) {
      const user = await of.here.user({ status });
      const refusals = status === UserStatus.REVOKED ? ["INVALID_TRANSITION input.userId"] : [];
      expect([status, await giving({ ...of, user })]).toEqual([status, refusals]);
    }
  });

  test("a second one while one is open, whoever asks", async () => {
    const of = await scene();
    const { here, user } = of;
    const first = await given(of, {}, user);
    for (const by of [user, here.admin]) expect(await giving(of, {}, by)).toEqual(["ALREADY_EXISTS input.formId"]);
    await user.ask(operations.SaveFormAnswers!, {
      input: { implementationId: first.id, answers: [{ fieldUuid: of.form.fields.motto, value: "x" }] },
    });
    expect(await giving(of)).toEqual(["ALREADY_EXISTS input.formId"]);
    expect(await completing({ ...of, implementation: first as never }, user)).toEqual([]);
    expect(await giving(of)).toEqual([]);
  });

  test("no other form, and no other user, because of it", async () => {
    const of = await scene();
    expect(await giving(of)).toEqual([]);
    expect(await giving({ ...of, form: await of.here.form() })).toEqual([]);
    expect(await giving({ ...of, user: await of.here.user() })).toEqual([]);
  });
});

describe("dueOn", () => {
  test("is today or later", async () => {
    const of = await scene();
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    expect(await giving(of, { dueOn: yesterday })).toEqual(["INVALID input.dueOn"]);
    expect(await giving(of, { dueOn: "0001-01-01" })).toEqual(["INVALID input.dueOn"]);
    // The day may change while this is asked.
    const day = today();
    const refusals = await giving(of, { dueOn: day });
    expect(refusals).toEqual(today() === day ? [] : expect.anything());
    const other = await of.here.user();
    expect((await given({ ...of, user: other }, { dueOn: "9999-12-31" })).dueOn).toBe("9999-12-31");
  });

  test("is a day", async () => {
    const of = await scene();
    for (const dueOn of ["2099-02-29", "tomorrow", "2099-01-01T00:00:00Z"]) {
      const input = { formId: of.form.id, userId: of.user.id, dueOn };
      expect(problems(await of.here.admin.send(document, { input }))).toEqual(["BAD_USER_INPUT input.dueOn"]);
    }
  });

  test("in the past does not keep the user from answering", async () => {
    const of = await scene();
    const implementation = await of.here.implementation(of.user, of.form, { dueOn: "2024-01-01" });
    expect(await completing({ ...of, implementation }, of.user)).toEqual([]);
    expect(await readImplementation(of.user, implementation)).toMatchObject({
      status: "COMPLETED",
      dueOn: "2024-01-01",
    });
  });
});

describe("assignments", () => {
  const DEAL = "5bb470e9-9f31-48db-9dab-db79af1c3664";

  test("name the user, the group on whose behalf they answer, and the deal that it is for", async () => {
    const of = await scene();
    const { here, user } = of;
    const group = await here.group({ members: [user] });
    const { formImplementationAssignments, type } = await given(of, {
      userGroupId: group.id,
      dealId: DEAL.toUpperCase(),
    });
    expect(formImplementationAssignments.map(({ type: kind, assigneeId }: any) => [kind, assigneeId])).toEqual([
      ["USER", user.guid],
      ["USER_GROUP", group.guid],
      ["DEAL", DEAL],
    ]);
    expect(new Set(formImplementationAssignments.map(({ uuid }: { uuid: string }) => uuid)).size).toBe(3);
    expect(type).toBe("TRANSACTION");
  });

  test("to a deal make it a TRANSACTION, to a group they do not", async () => {
    const of = await scene();
    const { here, user } = of;
    const group = await here.group({ lead: user });
    const transaction = await given(of, { dealId: DEAL }, user);
    const standard = await given({ ...of, form: await here.form() }, { userGroupId: group.guid }, user);
    expect([transaction.type, standard.type]).toEqual(["TRANSACTION", "STANDARD"]);
    // Twice: the first time by loaders, then compiled.
    for (let time = 0; time < 2; time++) {
      const { formImplementations } = (await user.ask(operations.FormImplementationsOfUser!, { guid: user.guid })).user;
      expect(formImplementations.nodes.map(({ type }: { type: string }) => type)).toEqual(["STANDARD", "TRANSACTION"]);
    }
  });

  test("are to groups that the user belongs to and the caller sees", async () => {
    const of = await scene();
    const { here, user } = of;
    const [own, foreign, theirs] = [
      await here.group({ members: [user] }),
      await here.group(),
      await (await tenant()).group(),
    ];
    expect(await giving(of, { userGroupId: foreign.id })).toEqual(["NOT_A_MEMBER input.userGroupId"]);
    for (const userGroupId of [theirs.id, UNKNOWN])
      expect(await giving(of, { userGroupId })).toEqual(["NOT_FOUND input.userGroupId"]);
    expect(await giving(of, { userGroupId: foreign.id }, user)).toEqual(["NOT_FOUND input.userGroupId"]);
    const blind = await here.service("forms.write", "users.read");
    expect(await giving(of, { userGroupId: own.id }, blind)).toEqual(["NOT_FOUND input.userGroupId"]);
    expect(
      await giving(of, { userGroupId: own.id }, await here.service("forms.write", "users.read", "groups.read")),
    ).toEqual([]);
  });

  test("stay when the group is gone", async () => {
    const of = await scene();
    const { here, user } = of;
    const group = await here.group({ members: [user] });
    const implementation = await given(of, { userGroupId: group.id });
    const input = { groupId: group.id, force: true };
    expect(await here.refusals(here.admin, operations.DeleteUserGroup!, input)).toEqual([]);
    const { formImplementationAssignments } = await readImplementation(user, implementation as { id: string });
    expect(formImplementationAssignments[1]).toMatchObject({ type: "USER_GROUP", assigneeId: group.guid });
  });

  test("are named by ids of their own types", async () => {
    const of = await scene();
    for (const [values, path] of [
      [{ userGroupId: of.user.id }, "userGroupId"],
      [{ userGroupId: "junk" }, "userGroupId"],
      [{ dealId: "junk" }, "dealId"],
    ] as const) {
      const input = { formId: of.form.id, userId: of.user.id, ...values };
      expect(problems(await of.here.admin.send(document, { input }))).toEqual([`BAD_USER_INPUT input.${path}`]);
    }
  });
});

describe("what the profile knows already", () => {
  const KEYS = ["title", "forename", "surname", "name", "contactEmail", "username"];
  const FIELDS = KEYS.map((key) => field(key, { prePopulationKey: `user.${key}` }));
  const PROFILE = {
    title: "Dr",
    forename: "Ida",
    surname: "Müller",
    username: "ida.m",
    contactEmail: "ida@example.com",
  };

  /** The answers that a user of this profile starts with. */
  const startsWith = async (formFields: object[], profile: object = PROFILE): Promise<Record<string, unknown>> => {
    const here = await tenant();
    const of = { here, user: await here.user(profile), form: await here.form({ formFields: formFields as never }) };
    const implementation = await given(of);
    const [byAdmin, { status, progress }] = [byReference(implementation.formFieldAnswers), implementation];
    const read = await readImplementation(of.user, implementation as { id: string });
    expect(byReference(read.formFieldAnswers)).toEqual(byAdmin);
    expect([status, progress]).toEqual([
      "ASSIGNED",
      Math.floor((100 * Object.keys(byAdmin).length) / formFields.length),
    ]);
    return byAdmin;
  };

  test("is answered: title, names, e-mail address and username", async () => {
    const { title, forename, surname, username, contactEmail } = PROFILE;
    const name = "Dr Ida Müller";
    expect(await startsWith(FIELDS)).toEqual({ title, forename, surname, name, contactEmail, username });
  });

  test("and what it does not know is not", async () => {
    const bare = { title: null, forename: null, surname: null, username: null };
    const { contactEmail } = PROFILE;
    expect(await startsWith(FIELDS, { ...bare, contactEmail })).toEqual({ contactEmail });
    expect(await startsWith([...FIELDS, field("other")], { ...bare, surname: "Müller", contactEmail })).toEqual({
      surname: "Müller",
      name: "Müller",
      contactEmail,
    });
  });

  test("and what does not fit the field is not", async () => {
    const emails = ["username", "surname", "contactEmail"].map((key) =>
      fieldOf("EMAIL", key, { prePopulationKey: `user.${key}` }),
    );
    expect(await startsWith(emails)).toEqual({ contactEmail: PROFILE.contactEmail });
    expect(await startsWith(emails, { ...PROFILE, username: "ida@example.org" })).toEqual({
      username: "ida@example.org",
      contactEmail: PROFILE.contactEmail,
    });
    expect(await startsWith([fieldOf("TEXTAREA", "surname", { prePopulationKey: "user.surname" })])).toEqual({
      surname: "Müller",
    });
  });

  test("is copied once: neither does a new name change it, nor the answer the profile", async () => {
    const here = await tenant();
    const of = { here, user: await here.user(PROFILE), form: await here.form({ formFields: FIELDS }) };
    const implementation = (await given(of)) as { id: string };
    await here.admin.ask(operations.UpdateUser!, { input: { userId: of.user.id, surname: "Schmidt" } });
    expect(byReference((await readImplementation(of.user, implementation)).formFieldAnswers)).toMatchObject({
      surname: "Müller",
    });
    const answers = [{ fieldUuid: of.form.fields.forename, value: "Other" }];
    await of.user.ask(operations.SaveFormAnswers!, { input: { implementationId: implementation.id, answers } });
    expect(await here.read(of.user)).toMatchObject({ forename: "Ida", surname: "Schmidt" });
  });

  test("is kept apart where conditions hide it, and breaks rules only when it is completed", async () => {
    const here = await tenant();
    const formFields = [
      field("surname", { prePopulationKey: "user.surname", validator: { maxLength: 3 } }),
      fieldOf("CHECKBOX", "more"),
      field("forename", {
        prePopulationKey: "user.forename",
        formFieldConditions: [{ reference: "more", operator: "EQUALS", value: true }],
      }),
    ];
    const of = { here, user: await here.user(PROFILE), form: await here.form({ formFields }) };
    const implementation = await given(of);
    expect(implementation).toMatchObject({ status: "ASSIGNED", progress: 0 });
    const read = await readImplementation(of.user, implementation as { id: string });
    expect([byReference(read.formFieldAnswers), byReference(read.hiddenFieldAnswers)]).toEqual([
      { surname: "Müller" },
      { forename: "Ida" },
    ]);
    expect(await completing({ ...of, implementation: implementation as never }, of.user)).toEqual([
      "ANSWER_INVALID input.implementationId.formFieldAnswers.surname",
    ]);
  });
});

describe("idempotencyKey", () => {
  const traces = async (here: TestTenant) => {
    const { audit_events: _, ...rest } = await here.contents();
    return rest;
  };

  test("asked again it answers with the same implementation, as it is by now, and does nothing", async () => {
    const of = await scene();
    const { here, user, form } = of;
    const input = { formId: form.id, userId: user.id, dueOn: "2099-01-01", idempotencyKey: "mine" };
    const first = await here.admin.ask(document, { input });
    const before = await traces(here);
    expect(await here.admin.ask(document, { input })).toEqual(first);
    expect(await traces(here)).toEqual(before);
    const { formImplementation } = first.createUserDataFormImplementation;
    expect(await completing({ ...of, implementation: formImplementation }, user)).toEqual([]);
    const again = (await here.admin.ask(document, { input })).createUserDataFormImplementation;
    expect(again).toMatchObject({
      errors: [],
      formImplementation: { uuid: formImplementation.uuid, status: "COMPLETED" },
    });
    expect((await here.rows()).form_implementations).toHaveLength(1);
  });

  test("with another input it is IDEMPOTENCY_CONFLICT, and a refused one leaves it free", async () => {
    const of = await scene();
    const { here } = of;
    expect(await giving(of, { dueOn: "2001-01-01", idempotencyKey: "mine" })).toEqual(["INVALID input.dueOn"]);
    expect(await giving(of, { idempotencyKey: "mine" })).toEqual([]);
    for (const other of [
      { dueOn: "2099-01-01" },
      { userId: (await here.user()).id },
      { formId: (await here.form()).id },
    ]) {
      expect(await giving(of, { ...other, idempotencyKey: "mine" })).toEqual([
        "IDEMPOTENCY_CONFLICT input.idempotencyKey",
      ]);
    }
    expect(await giving(of, { idempotencyKey: "other" })).toEqual(["ALREADY_EXISTS input.formId"]);
    for (const key of ["", "x".repeat(256)])
      expect(await giving(of, { idempotencyKey: key })).toEqual(["INVALID input.idempotencyKey"]);
  });

  test("is one's own", async () => {
    const of = await scene();
    const { here } = of;
    const users = await Promise.all(times(3, () => here.user()));
    const callers = [here.admin, users[1]!, await here.service("forms.write", "users.read")];
    for (const [n, by] of callers.entries())
      expect(await giving({ ...of, user: users[n]! }, { idempotencyKey: "mine" }, by)).toEqual([]);
  });
});
