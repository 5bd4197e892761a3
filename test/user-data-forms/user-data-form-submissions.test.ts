import { harness, operations, problems, type Caller, type TestTenant } from "../harness/index.js";
import { byReference, field, UNKNOWN } from "../forms/asking.js";
import { walk, type Connection } from "../user-groups/walk.js";

const { tenant } = await harness();

const SUBMISSIONS = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: UserDataFormSubmissionFilter, $orderBy: UserDataFormSubmissionOrder) {
  userDataFormSubmissions(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount edges { cursor node { uuid status createdAt completedAt } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
interface Edge {
  cursor: string;
  node: { uuid: string; status: string; createdAt: string; completedAt: string | null };
}

const list = async (caller: Caller, variables: object = {}): Promise<Connection<Edge>> =>
  (await caller.ask(SUBMISSIONS, { first: 100, ...variables })).userDataFormSubmissions;

const done = (day: string, validUntil: string | null = null) => ({
  storedStatus: "COMPLETED" as never,
  completedAt: day.includes("T") ? day : `${day}T12:00:00.000Z`,
  validUntil,
});

/** Two forms given to three clients, at every status, and a preference form that is none of it. */
async function scene() {
  const here = await tenant();
  const [ann, ben, cat] = [await here.user(), await here.user(), await here.user()];
  const [one, other] = [await here.form({ name: "One" }), await here.form({ name: "Other" })];
  const give = (at: number, user: { guid: string }, form: typeof one, values: object = {}) =>
    here.implementation(user, form, { createdAt: `2024-01-0${at}T00:00:00.000Z`, ...values });
  const made = {
    assigned: await give(1, ann, one),
    begun: await give(2, ben, one, { storedStatus: "IN_PROGRESS" }),
    completed: await give(3, cat, one, done("2024-03-10")),
    expired: await give(4, ann, other, done("2023-03-10", "2024-01-01T00:00:00.000Z")),
    valid: await give(5, ben, other, done("2024-03-11", "9999-01-01T00:00:00.000Z")),
  };
  await here.implementation(ann, await here.preferenceForm(), done("2024-03-10"));
  const found = async (caller: Caller, filter: object | null): Promise<string[]> => {
    const { totalCount, edges } = await list(caller, { filter });
    expect(totalCount).toBe(edges.length);
    const name = ({ node: { uuid } }: Edge) =>
      Object.entries(made).find(([, implementation]) => implementation.uuid === uuid)![0];
    return edges.map(name);
  };
  return { here, ann, ben, cat, one, other, made, found };
}

const ALL = ["valid", "expired", "completed", "begun", "assigned"];

test("are all that users were given of user data forms, the newest first", async () => {
  const { here, found } = await scene();
  expect(await found(here.admin, null)).toEqual(ALL);
  expect(await found(here.admin, {})).toEqual(ALL);
  expect(
    await found(here.admin, { formId: null, userId: null, status: null, completedOnFrom: null, completedOnTo: null }),
  ).toEqual(ALL);
});

test("by form and by user, by global id or by uuid and guid", async () => {
  const { here, ann, ben, one, other, found } = await scene();
  for (const formId of [one.id, one.uuid])
    expect(await found(here.admin, { formId })).toEqual(["completed", "begun", "assigned"]);
  for (const userId of [ann.id, ann.guid]) expect(await found(here.admin, { userId })).toEqual(["expired", "assigned"]);
  expect(await found(here.admin, { formId: other.id, userId: ben.id })).toEqual(["valid"]);
  expect(await found(here.admin, { formId: UNKNOWN })).toEqual([]);
  expect(await found(here.admin, { userId: UNKNOWN })).toEqual([]);
  expect(await found(here.admin, { formId: (await here.preferenceForm()).uuid })).toEqual([]);
});

test("by status: any of several, none of none", async () => {
  const { here, found } = await scene();
  for (const [status, expected] of [
    [["ASSIGNED"], ["assigned"]],
    [["IN_PROGRESS"], ["begun"]],
    [["COMPLETED"], ["valid", "completed"]],
    [["EXPIRED"], ["expired"]],
    [
      ["EXPIRED", "ASSIGNED"],
      ["expired", "assigned"],
    ],
    [
      ["COMPLETED", "COMPLETED"],
      ["valid", "completed"],
    ],
    [["ASSIGNED", "IN_PROGRESS", "COMPLETED", "EXPIRED"], ALL],
    [[], []],
  ]) {
    expect([status, await found(here.admin, { status })]).toEqual([status, expected]);
  }
});

test("by the days of UTC on which they were completed, both ends included", async () => {
  const here = await tenant();
  const form = await here.form();
  const instants = [
    "2024-02-28T23:59:59.999Z",
    "2024-02-29T00:00:00.000Z",
    "2024-02-29T23:59:59.999Z",
    "2024-03-01T00:00:00.000Z",
  ];
  for (const instant of instants) await here.implementation(await here.user(), form, done(instant));
  await here.implementation(await here.user(), form);
  const found = async (filter: object) =>
    (await list(here.admin, { filter, orderBy: { field: "COMPLETED_AT" } })).edges.map(({ node }) => node.completedAt);
  expect(await found({ completedOnFrom: "2024-02-29", completedOnTo: "2024-02-29" })).toEqual(instants.slice(1, 3));
  expect(await found({ completedOnFrom: "2024-02-29" })).toEqual(instants.slice(1));
  expect(await found({ completedOnTo: "2024-02-28" })).toEqual(instants.slice(0, 1));
  expect(await found({ completedOnTo: "2024-02-29", status: ["COMPLETED"] })).toEqual(instants.slice(0, 3));
  expect(await found({ completedOnFrom: "2024-03-02" })).toEqual([]);
  expect(await found({ completedOnFrom: "2024-02-29", status: ["ASSIGNED"] })).toEqual([]);
});

test("what cannot be asked is BAD_USER_INPUT at its place", async () => {
  const { here, ann, one } = await scene();
  const preferences = await here.preferenceForm();
  for (const [filter, path] of [
    [{ completedOnFrom: "2024-03-02", completedOnTo: "2024-03-01" }, "filter.completedOnFrom"],
    [{ completedOnFrom: "2023-02-29" }, "filter.completedOnFrom"],
    [{ completedOnTo: "today" }, "filter.completedOnTo"],
    [{ formId: "junk" }, "filter.formId"],
    [{ formId: preferences.id }, "filter.formId"],
    [{ formId: ann.id }, "filter.formId"],
    [{ userId: one.id }, "filter.userId"],
    [{ status: ["DONE"] }, "filter.status.0"],
  ] as const) {
    expect(problems(await here.admin.send(SUBMISSIONS, { filter }))).toEqual([`BAD_USER_INPUT ${path}`]);
  }
});

describe("in an order", () => {
  /** Nine, of which some were made or completed at one instant, and some are open. */
  async function many(): Promise<TestTenant> {
    const here = await tenant();
    const form = await here.form();
    for (let n = 0; n < 9; n++) {
      const createdAt = `2024-01-0${1 + (n % 3)}T00:00:00.000Z`;
      const values = n % 3 === 0 ? {} : done(`2024-02-0${1 + (n % 4)}`);
      await here.implementation(await here.user(), form, { createdAt, ...values });
    }
    return here;
  }

  test.each([
    ["CREATED_AT", "ASC"],
    ["CREATED_AT", "DESC"],
    ["COMPLETED_AT", "ASC"],
    ["COMPLETED_AT", "DESC"],
  ])(
    "of %s %s: page by page, those not completed at their end, ties by uuid, each once",
    async (orderField, direction) => {
      const here = await many();
      const orderBy = { field: orderField, direction };
      const all = (await list(here.admin, { orderBy })).edges;
      const place = ({ node }: Edge) =>
        `${orderField === "CREATED_AT" ? node.createdAt : (node.completedAt ?? "null")} ${node.uuid}`;
      const sorted = all.toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
      expect(all).toHaveLength(9);
      expect(all).toEqual(direction === "ASC" ? sorted : sorted.toReversed());
      for (const backward of [false, true]) {
        const walked = await walk<Edge>(here.admin, SUBMISSIONS, { orderBy }, (data) => data.userDataFormSubmissions, {
          size: 2,
          backward,
        });
        expect(walked.map(({ node }) => node)).toEqual(all.map(({ node }) => node));
      }
    },
  );

  test("that is not said: the newest first; without a direction: ascending", async () => {
    const here = await many();
    const order = async (orderBy?: object) =>
      (await list(here.admin, orderBy && { orderBy })).edges.map(({ node }) => node.uuid);
    expect(await order()).toEqual(await order({ field: "CREATED_AT", direction: "DESC" }));
    expect(await order({ field: "COMPLETED_AT" })).toEqual(await order({ field: "COMPLETED_AT", direction: "ASC" }));
  });

  test("a cursor of another order or filter is refused", async () => {
    const here = await many();
    const after = (await list(here.admin, { first: 1, filter: { status: ["ASSIGNED"] } })).pageInfo.endCursor;
    const ask = async (variables: object) => problems(await here.admin.send(SUBMISSIONS, variables));
    expect(await ask({ filter: { status: ["ASSIGNED"] }, after })).toEqual([]);
    for (const other of [
      {},
      { filter: { status: ["COMPLETED"] } },
      { filter: { status: ["ASSIGNED"] }, orderBy: { field: "COMPLETED_AT" } },
    ]) {
      expect(await ask({ ...other, after })).toEqual(["BAD_USER_INPUT after"]);
    }
  });
});

test("are told with their answers, their revision and their user", async () => {
  const here = await tenant();
  const [user, form] = [await here.user(), await here.form({ name: "Form", formFields: [field("a"), field("b")] })];
  const { a, b } = form.fields;
  await here.implementation(user, form, {
    answers: { [b!]: "2", [a!]: "1" },
    progress: 100,
    storedStatus: "IN_PROGRESS" as never,
  });
  for (let time = 0; time < 2; time++) {
    const { nodes } = (await here.admin.ask(operations.UserDataFormSubmissions!)).userDataFormSubmissions;
    expect(nodes).toEqual([
      expect.objectContaining({
        user: expect.objectContaining({ guid: user.guid }),
        formRevision: { name: "Form", number: 1 },
        progress: 100,
      }),
    ]);
    expect(Object.entries(byReference(nodes[0].formFieldAnswers))).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
  }
});

test("an internal member sees their own clients', and whoever takes a client over sees them from then on", async () => {
  const { here, ann, ben, found } = await scene();
  const [advisor, colleague] = [
    await here.internal(["submissions.read"]),
    await here.internal(["submissions.read", "users.read", "users.write", "forms.write"]),
  ];
  const assign = (user: { id: string }, to: { id: string } | null) =>
    here.admin.ask(operations.UpdateUser!, { input: { userId: user.id, assignedInternalUserId: to?.id ?? null } });
  expect([await found(advisor, null), await found(colleague, null)]).toEqual([[], []]);
  await assign(ann, advisor);
  await assign(ben, colleague);
  expect([await found(advisor, null), await found(colleague, null)]).toEqual([
    ["expired", "assigned"],
    ["valid", "begun"],
  ]);
  expect(await found(advisor, { userId: ben.id })).toEqual([]);
  expect(await found(advisor, { status: ["EXPIRED", "COMPLETED"] })).toEqual(["expired"]);
  await assign(ann, colleague);
  expect([await found(advisor, null), await found(colleague, null)]).toEqual([
    [],
    ["valid", "expired", "begun", "assigned"],
  ]);
});

test("administrators and services see all, and without submissions.read it is closed", async () => {
  const { here, ann, found } = await scene();
  for (const caller of [
    here.admin,
    await here.internal(["submissions.read"], { administrator: true }),
    await here.service("submissions.read"),
  ]) {
    expect(await found(caller, null)).toEqual(ALL);
  }
  const group = await here.group({ lead: ann });
  for (const caller of [
    ann,
    await here.actingAs(here.admin, ann, group),
    await here.internal(["forms.read", "forms.write", "users.read"], { administrator: true }),
    await here.service("forms.read", "forms.write", "users.read"),
  ]) {
    expect(problems(await caller.send(SUBMISSIONS))).toEqual(["FORBIDDEN"]);
  }
  expect((await list((await tenant()).admin)).totalCount).toBe(0);
});
