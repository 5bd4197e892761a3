import {
  harness,
  operations,
  problems,
  type Caller,
  type Person,
  type TestForm,
  type TestTenant,
} from "../harness/index.js";
import { field } from "../forms/asking.js";

const { tenant, database } = await harness();

const SECRET = "Confidential answer";
const HIDDEN = "Confidential draft";

/** A client who has answered a form, everybody who may come near them, and a client who has done the same. */
async function scene() {
  const here = await tenant();
  const [user, lead, member, other] = [await here.user(), await here.user(), await here.user(), await here.user()];
  const group = await here.group({ lead, members: [user, member] });
  const shown = { formFieldConditions: [{ reference: "a", operator: "ANSWERED", value: false }] };
  const form = await here.form({ formFields: [field("a"), field("b", shown)] });
  const answers = { answers: { [form.fields.a!]: SECRET }, drafts: { [form.fields.b!]: HIDDEN }, progress: 100 };
  const done = { ...answers, storedStatus: "COMPLETED" as never, completedAt: "2024-01-31T12:00:00.000Z" };
  const implementation = await here.implementation(user, form, done);
  await here.implementation(other, form, {
    answers: { [form.fields.a!]: "Another's" },
    storedStatus: "IN_PROGRESS" as never,
  });
  return { here, user, lead, member, other, group, form, implementation };
}
type Scene = Awaited<ReturnType<typeof scene>>;

const IMPLEMENTATION =
  "uuid formFieldAnswers { value } hiddenFieldAnswers { value } form { uuid } formRevision { number }";

/** Every way to come upon an implementation: what of the client's it tells. */
const WAYS: Record<string, (caller: Caller, of: Scene) => Promise<unknown[]>> = {
  node: async (caller, { implementation: { id } }) => {
    const document = `query ($id: ID!) { node(id: $id) { ... on UserFormImplementation { ${IMPLEMENTATION} } } }`;
    return [(await caller.ask(document, { id })).node];
  },
  nodes: async (caller, { implementation: { id } }) => {
    const document = `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on UserFormImplementation { ${IMPLEMENTATION} } } }`;
    return (await caller.ask(document, { ids: [id] })).nodes;
  },
  _entities: async (caller, { implementation: { uuid } }) => {
    const document = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on UserFormImplementation { ${IMPLEMENTATION} } } }`;
    const representations = [{ __typename: "UserFormImplementation", uuid }];
    return (await caller.ask(document, { representations }))._entities;
  },
  "User.formImplementations": async (caller, { user: { guid } }) => {
    const document = `query ($guid: UUID!) { user(guid: $guid) { formImplementations { totalCount nodes { ${IMPLEMENTATION} } } } }`;
    const { formImplementations } = (await caller.ask(document, { guid })).user ?? {
      formImplementations: { totalCount: 0, nodes: [] },
    };
    expect(formImplementations.totalCount).toBe(formImplementations.nodes.length);
    return formImplementations.nodes;
  },
  "User.enabledUserDataForms": async (caller, { user: { guid } }) => {
    const document = `query ($guid: UUID!) { user(guid: $guid) { enabledUserDataForms { edges { implementation { ${IMPLEMENTATION} } } } } }`;
    const { user } = await caller.ask(document, { guid });
    return user?.enabledUserDataForms.edges.map(({ implementation }: any) => implementation) ?? [];
  },
  "UserGroup.members": async (caller, { user, group: { guid } }) => {
    const document = `query ($guid: UUID!) { userGroup(guid: $guid) { members(first: 10) { nodes { guid formImplementations { nodes { ${IMPLEMENTATION} } } } } } }`;
    const { userGroup } = await caller.ask(document, { guid });
    const seen = userGroup?.members.nodes.find((one: { guid: string } | null) => one?.guid === user.guid);
    return seen?.formImplementations.nodes ?? [];
  },
  userDataFormSubmissions: async (caller, { form: { id } }) => {
    const document = `query ($filter: UserDataFormSubmissionFilter) { userDataFormSubmissions(filter: $filter) { totalCount nodes { ${IMPLEMENTATION} } } }`;
    const answer = await caller.send(document, { filter: { formId: id } });
    if (answer.errors) {
      expect(problems(answer)).toEqual(["FORBIDDEN"]);
      return [];
    }
    const { totalCount, nodes } = answer.data.userDataFormSubmissions;
    expect(totalCount).toBe(nodes.length);
    return nodes;
  },
};

const ALL = Object.keys(WAYS);
/** The list of what users answered is for staff and services. */
const OWN = ALL.filter((way) => way !== "userDataFormSubmissions");

const VIEWERS: [who: string, sees: string[], caller: (of: Scene) => Caller | Promise<Caller>][] = [
  ["an administrator", ALL, ({ here }) => here.admin],
  ["the client", OWN, ({ user }) => user],
  ["an administrator as the client", OWN, ({ here, user, group }) => here.actingAs(here.admin, user, group)],
  ["the internal member whose client it is", ALL, ({ here, user }) => advisorOf(here, user)],
  ["a service with submissions.read", ALL, ({ here }) => here.service("submissions.read", "users.read", "groups.read")],
  ["the lead of the client's group", [], ({ lead }) => lead],
  ["an administrator as the lead", [], ({ here, lead, group }) => here.actingAs(here.admin, lead, group)],
  ["a fellow member", [], ({ member }) => member],
  ["another client who was given the same form", [], ({ other }) => other],
  [
    "an internal member whose client it is not",
    [],
    ({ here }) => here.internal(["submissions.read", "users.read", "groups.read", "forms.read", "forms.write"]),
  ],
  [
    "the internal member whose client it is, without submissions.read",
    [],
    ({ here, user }) => advisorOf(here, user, []),
  ],
  [
    "an administrator without submissions.read",
    [],
    ({ here }) =>
      here.internal(["users.read", "users.write", "groups.read", "forms.read", "forms.write", "audit.read"], {
        administrator: true,
      }),
  ],
  [
    "a service without submissions.read",
    [],
    ({ here }) => here.service("users.read", "groups.read", "forms.read", "forms.write", "audit.read"),
  ],
  ["another tenant's administrator", [], async () => (await tenant()).admin],
];

async function advisorOf(here: TestTenant, user: Person, more = ["submissions.read"]): Promise<Person> {
  const advisor = await here.internal(["users.read", "groups.read", "forms.read", ...more] as never);
  await here.admin.ask(operations.UpdateUser!, { input: { userId: user.id, assignedInternalUserId: advisor.id } });
  return advisor;
}

test.each(VIEWERS)("%s sees a client's answers by %j", async (_who, sees, callerOf) => {
  const of = await scene();
  const caller = await callerOf(of);
  for (const [way, see] of Object.entries(WAYS)) {
    // Twice: the first time by loaders, then compiled.
    for (let time = 0; time < 2; time++) {
      const told = await see(caller, of);
      const text = JSON.stringify(told);
      const [answer, draft, uuid] = [SECRET, HIDDEN, of.implementation.uuid].map((secret) => text.includes(secret));
      expect([way, answer, draft, uuid]).toEqual([way, ...Array<boolean>(3).fill(sees.includes(way))]);
    }
  }
});

test("whoever sees an implementation sees its form and revision, even of a form that was put away", async () => {
  const of = await scene();
  const { here, user, form, implementation } = of;
  await here.admin.ask(operations.ArchiveForm!, { input: { formId: form.id } });
  for (const caller of [user, here.admin, await advisorOf(here, user), await here.service("submissions.read")]) {
    for (let time = 0; time < 2; time++) {
      const [told] = await WAYS.node!(caller, of);
      expect(told).toMatchObject({ uuid: implementation.uuid, form: { uuid: form.uuid }, formRevision: { number: 1 } });
    }
  }
});

test("an implementation names its user to who sees the user", async () => {
  const { here, user, implementation } = await scene();
  const document = "query ($id: ID!) { node(id: $id) { ... on UserFormImplementation { uuid user { guid } } } }";
  const read = async (caller: Caller) => (await caller.ask(document, implementation)).node;
  expect(await read(user)).toEqual({ uuid: implementation.uuid, user: { guid: user.guid } });
  expect(await read(await here.service("submissions.read", "users.read"))).toMatchObject({ user: { guid: user.guid } });
  expect(await read(await here.service("submissions.read"))).toEqual({ uuid: implementation.uuid, user: null });
});

test("who writes without reading is told what they made, and no more of it afterwards", async () => {
  const here = await tenant();
  const [user, form]: [Person, TestForm] = [await here.user(), await here.form()];
  const service = await here.service("forms.write", "users.read");
  const give = async () =>
    (
      await service.ask(
        `mutation ($input: CreateUserDataFormImplementationInput!) { createUserDataFormImplementation(input: $input) {
          formImplementation { id status ${IMPLEMENTATION} } errors { code } } }`,
        { input: { formId: form.id, userId: user.id, idempotencyKey: "given" } },
      )
    ).createUserDataFormImplementation;
  const { formImplementation, errors } = await give();
  expect([errors, formImplementation.status]).toEqual([[], "ASSIGNED"]);
  expect((await service.ask(operations.FormImplementation!, { id: formImplementation.id })).node).toBeNull();
  const answers = [{ fieldUuid: form.fields.motto, value: SECRET }];
  await user.ask(operations.SaveFormAnswers!, { input: { implementationId: formImplementation.id, answers } });
  // Asked again, it is the same implementation, without the answers that came since.
  const again = await give();
  expect(again.formImplementation).toMatchObject({ id: formImplementation.id, status: "IN_PROGRESS" });
  expect(JSON.stringify(again)).not.toContain(SECRET);
  const [event] = (await here.admin.ask(`{ auditEvents(last: 1) { nodes { operation targetId } } }`)).auditEvents.nodes;
  expect(event).toEqual({ operation: "createUserDataFormImplementation", targetId: formImplementation.uuid });
});

test("answers stand in one table alone", async () => {
  const { here, user, other, form } = await scene();
  const given = await user.ask(operations.CreateUserDataFormImplementation!, {
    input: { formId: form.id, idempotencyKey: "mine" },
  });
  const { id } = given.createUserDataFormImplementation.formImplementation;
  const answers = [{ fieldUuid: form.fields.a, value: SECRET }];
  await user.ask(operations.SaveFormAnswers!, { input: { implementationId: id, answers } });
  await user.ask(operations.CompleteFormImplementation!, { input: { implementationId: id } });
  const refused = await other.ask(operations.SaveFormAnswers!, { input: { implementationId: id, answers } });
  expect(refused.saveFormAnswers.errors).toEqual([expect.objectContaining({ code: "NOT_FOUND" })]);
  const holding = Object.entries(await here.contents()).filter(([, rows]) => rows.join().includes("Confidential"));
  expect(holding.map(([table]) => table)).toEqual(["form_implementations"]);
  expect(await database.tenantTables()).toContain("form_implementations");
});
