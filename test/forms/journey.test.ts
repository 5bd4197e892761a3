import { harness, operations, outcomes, type Caller, type Person, type TestForm } from "../harness/index.js";
import { walk, type Connection } from "../user-groups/walk.js";
import {
  byReference,
  field,
  fieldOf,
  options,
  readForm,
  readImplementation,
  saving,
  savingOf,
  times,
  TYPES,
} from "./asking.js";

const { tenant, database } = await harness();

const onPage = (formPage: string, ...formFields: ReturnType<typeof field>[]) =>
  formFields.map((one) => ({ ...one, formPage }));
const when = (reference: string, operator: string, value?: unknown) => ({
  formFieldConditions: [{ reference, operator, value }],
});
const required = { validator: { required: true } };

/** Three pages, 40 fields of all types, conditions three deep, and every rule that there is. */
const DEFINITION = {
  formPages: [
    { reference: "person", name: "About you" },
    { reference: "means", name: "Your means" },
    { reference: "rest", name: "Anything else" },
  ],
  formFields: [
    ...onPage(
      "person",
      fieldOf("STATIC", "welcome"),
      field("forename", { prePopulationKey: "user.forename", validator: { required: true, maxLength: 255 } }),
      field("surname", { prePopulationKey: "user.surname", validator: { required: true, minLength: 2 } }),
      fieldOf("EMAIL", "email", { prePopulationKey: "user.contactEmail", ...required }),
      fieldOf("PHONE", "phone"),
      fieldOf("DATE", "birthDate", { validator: { required: true, minDate: "1900-01-01", maxDate: "2010-12-31" } }),
      fieldOf("COUNTRY", "country", required),
      fieldOf("CHECKBOX", "american", when("country", "IN", ["US", "PR"])),
      field("taxNumber", {
        ...when("american", "EQUALS", true),
        validator: { required: true, pattern: "\\d{3}-\\d{2}-\\d{4}", message: "As in 123-45-6789." },
      }),
      fieldOf("FILE", "taxForm", { ...when("taxNumber", "ANSWERED"), ...required }),
      fieldOf("TEXTAREA", "address", { validator: { minLength: 5, maxLength: 500 } }),
      fieldOf("RADIO", "salutation", { options: options("Mr", "Ms", "Mx") }),
      fieldOf("FILE", "passport"),
    ),
    ...onPage(
      "means",
      fieldOf("STATIC", "meansIntroduction"),
      fieldOf("SELECT", "occupation", { options: options("EMPLOYED", "RETIRED", "OTHER"), ...required }),
      field("employer", { ...when("occupation", "EQUALS", "EMPLOYED"), ...required }),
      field("other", { ...when("occupation", "EQUALS", "OTHER"), ...required }),
      fieldOf("CURRENCY", "income", { validator: { required: true, minValue: 0 } }),
      fieldOf("CURRENCY", "debts", { validator: { minValue: 0, maxValue: 1_000_000_000 } }),
      fieldOf("TEXTAREA", "source", { ...when("income", "GT", 100_000), ...required }),
      fieldOf("NUMBER", "experience", { validator: { required: true, minValue: 0, maxValue: 80 } }),
      fieldOf("DATE", "firstInvestment", when("experience", "GT", 0)),
      fieldOf("MULTI_SELECT", "assets", {
        options: options("SHARES", "BONDS", "FUNDS", "PROPERTY"),
        validator: { required: true, minSelections: 1, maxSelections: 3 },
      }),
      fieldOf("NUMBER", "properties", {
        ...when("assets", "EQUALS", "PROPERTY"),
        validator: { required: true, minValue: 1 },
      }),
      fieldOf("COUNTRY", "propertyCountry", { ...when("properties", "GT", 1), ...required }),
      fieldOf("RADIO", "risk", { options: options("LOW", "MIDDLE", "HIGH"), ...required }),
      fieldOf("CHECKBOX", "riskUnderstood", { ...when("risk", "NOT", "LOW"), ...required }),
      fieldOf("SELECT", "currency", { options: options("EUR", "GBP", "USD") }),
    ),
    ...onPage(
      "rest",
      fieldOf("CHECKBOX", "newsletter"),
      fieldOf("MULTI_SELECT", "topics", {
        ...when("newsletter", "EQUALS", true),
        options: options("HEALTH", "ENERGY"),
      }),
      fieldOf("EMAIL", "newsletterAddress", when("newsletter", "EQUALS", true)),
      fieldOf("PHONE", "assistant"),
      field("referral", {
        formFieldConditions: [
          { reference: "newsletter", operator: "ANSWERED" },
          { reference: "assistant", operator: "ANSWERED" },
        ],
        conditionMatch: "ANY",
      }),
      fieldOf("NUMBER", "children", { validator: { minValue: 0 } }),
      field("childrensNames", {
        formFieldConditions: [{ reference: "children", operator: "LT", value: 1 }],
        conditionEffect: "HIDE",
      }),
      fieldOf("DATE", "nextMeeting", { validator: { minDate: "2020-01-01" } }),
      fieldOf("CURRENCY", "ticket"),
      fieldOf("TEXTAREA", "remarks", { validator: { maxLength: 2000 } }),
      fieldOf("STATIC", "terms"),
      fieldOf("CHECKBOX", "accepted", required),
    ),
  ],
  formSettings: [{ name: "submitLabel", value: "Send" }],
};

const FIRST_HALF = {
  birthDate: "1980-02-29",
  country: "US",
  american: true,
  occupation: "EMPLOYED",
  employer: "Sample Ltd",
  income: 85_000.5,
  assets: ["SHARES", "PROPERTY"],
};
const SECOND_HALF = {
  taxNumber: "123-45-6789",
  taxForm: "6f5e4f85-e712-4015-a706-5a6a7978e3db",
  experience: 12,
  firstInvestment: "2001-09-10",
  properties: 2,
  propertyCountry: "GB",
  risk: "HIGH",
  riskUnderstood: true,
  accepted: true,
};
/** Given while something else is asked; hidden by what follows. */
const HIDDEN = { other: "Juggler", source: "Juggling" };

const SUBMISSIONS = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: UserDataFormSubmissionFilter, $orderBy: UserDataFormSubmissionOrder) {
  userDataFormSubmissions(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount edges { cursor node { uuid status completedAt createdAt user { guid } formRevision { number } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
interface Submission {
  cursor: string;
  node: {
    uuid: string;
    status: string;
    completedAt: string | null;
    createdAt: string;
    user: { guid: string };
    formRevision: { number: number };
  };
}

/** Every submission that a filter leaves, page by page, one way and the other. */
async function report(caller: Caller, filter: object, orderBy: object | null = null): Promise<Submission["node"][]> {
  const connection = (data: { userDataFormSubmissions: Connection<Submission> }) => data.userDataFormSubmissions;
  const all = await walk<Submission>(caller, SUBMISSIONS, { filter, orderBy }, connection, { size: 17 });
  const back = await walk<Submission>(caller, SUBMISSIONS, { filter, orderBy }, connection, {
    size: 23,
    backward: true,
  });
  expect(back.map(({ node }) => node)).toEqual(all.map(({ node }) => node));
  expect(new Set(all.map(({ node }) => node.uuid)).size).toBe(all.length);
  return all.map(({ node }) => node);
}

/** For each of these, ten at a time. */
async function each<T, R>(list: readonly T[], ask: (one: T, place: number) => Promise<R>): Promise<R[]> {
  const all: R[] = [];
  for (let from = 0; from < list.length; from += 10) {
    all.push(...(await Promise.all(list.slice(from, from + 10).map((one, n) => ask(one, from + n)))));
  }
  return all;
}

test("a form from its first draft to the report on what a hundred investors answered", async () => {
  const here = await tenant();
  const { admin } = here;
  expect(DEFINITION.formFields).toHaveLength(40);
  const types = DEFINITION.formFields.map(({ formFieldType }) => formFieldType);
  expect(new Set<string>(types)).toEqual(new Set(TYPES));

  // Made, published and offered by an administrator.
  const input = { name: "Investor profile", formType: "ONBOARDING", revalidateAfterMonths: 12, ...DEFINITION };
  const { userDataForm } = (await admin.ask(operations.CreateUserDataForm!, { input })).createUserDataForm;
  const form = {
    ...userDataForm,
    fields: Object.fromEntries(userDataForm.formFields.map((one: any) => [one.reference, one.uuid])),
  } as TestForm;
  const formId = form.id;
  expect(outcomes([await admin.ask(operations.PublishForm!, { input: { formId } })])).toEqual([""]);
  expect(
    outcomes([await admin.ask(operations.UpdateUserDataFormState!, { input: { formId, enablement: "ENABLED" } })]),
  ).toEqual([""]);

  // Given to a hundred investors by the member of staff who looks after them.
  const advisor = await here.internal(["users.read", "forms.read", "forms.write", "submissions.read"]);
  const investors = await each(
    times(100, (n) => n),
    (n) => here.user({ surname: `Investor ${n}`, assignedInternalUserId: advisor.guid }),
  );
  const give = async (user: Person) => {
    const answer = await advisor.ask(operations.CreateUserDataFormImplementation!, {
      input: { formId, userId: user.id },
    });
    expect(outcomes([answer])).toEqual([""]);
    return answer.createUserDataFormImplementation.formImplementation;
  };
  const given = await each(investors, give);
  const first = given[0];
  expect(byReference(first.formFieldAnswers)).toEqual({
    forename: "Ida",
    surname: "Investor 0",
    email: investors[0]!.email,
  });
  expect(first).toMatchObject({ status: "ASSIGNED", type: "STANDARD", form: { id: formId } });
  const statusCounts = async (): Promise<Record<string, number>> => {
    const statuses = ["ASSIGNED", "IN_PROGRESS", "COMPLETED", "EXPIRED"];
    const counts = await Promise.all(
      statuses.map(
        async (status) =>
          (await advisor.ask(SUBMISSIONS, { filter: { formId, status: [status] } })).userDataFormSubmissions.totalCount,
      ),
    );
    return Object.fromEntries(statuses.map((status, n) => [status, counts[n]]));
  };
  expect(await statusCounts()).toEqual({ ASSIGNED: 100, IN_PROGRESS: 0, COMPLETED: 0, EXPIRED: 0 });

  // Eighty begin, and half of these come back later; what they answer on the way hides what they said before.
  const of = (n: number) => ({ here, form, implementation: given[n] });
  const save = async (n: number, answers: object) =>
    expect(await saving(of(n), investors[n]!, answers as Record<string, unknown>)).toEqual([]);
  const began = times(80, (n) => n);
  await each(began, (n) => save(n, { ...HIDDEN, income: 200_000, occupation: "OTHER" }));
  await each(began, (n) => save(n, FIRST_HALF));
  expect(await statusCounts()).toMatchObject({ ASSIGNED: 20, IN_PROGRESS: 80 });
  const complete = (user: Person, { id }: { id: string }) =>
    user.ask(operations.CompleteFormImplementation!, { input: { implementationId: id } });
  const early = (await complete(investors[0]!, first)).completeFormImplementation;
  expect(early.errors.map(({ code, field: path }: any) => [code, path.at(-1)])).toEqual(
    ["taxNumber", "experience", "properties", "risk", "riskUnderstood", "accepted"].map((reference) => [
      "ANSWER_INVALID",
      reference,
    ]),
  );
  const resumed = began.slice(0, 50);
  await each(resumed, async (n) => {
    const { progress, formFieldAnswers } = await readImplementation(investors[n]!, given[n]);
    expect(byReference(formFieldAnswers)).toMatchObject(FIRST_HALF);
    expect(progress).toBeLessThan(100);
    await save(n, SECOND_HALF);
  });

  // Fifty complete; each set holds what was visible, and no more.
  const completed = await each(resumed, async (n) => {
    const answer = await complete(investors[n]!, given[n]);
    expect(outcomes([answer])).toEqual([""]);
    return answer.completeFormImplementation.formImplementation;
  });
  for (const [n, one] of completed.entries()) {
    expect(one).toMatchObject({ status: "COMPLETED", validUntil: expect.stringMatching(/T00:00:00.000Z$/) });
    const profile = { forename: "Ida", surname: `Investor ${n}`, email: investors[n]!.email };
    expect(byReference(one.formFieldAnswers)).toEqual({ ...profile, ...FIRST_HALF, ...SECOND_HALF });
    expect(byReference(one.hiddenFieldAnswers)).toEqual(HIDDEN);
  }
  expect(await statusCounts()).toEqual({ ASSIGNED: 20, IN_PROGRESS: 30, COMPLETED: 50, EXPIRED: 0 });

  // The form changes while fifty are open: they keep what they were asked.
  const next = [
    ...DEFINITION.formFields.filter(({ reference }) => reference !== "accepted"),
    { ...fieldOf("CHECKBOX", "agreed", required), formPage: "rest" },
  ];
  expect(
    outcomes([
      await admin.ask(operations.UpdateUserDataForm!, {
        input: { formId, name: "Investor profile, second edition", formFields: next },
      }),
    ]),
  ).toEqual([""]);
  expect(outcomes([await admin.ask(operations.PublishForm!, { input: { formId } })])).toEqual([""]);
  const second = await readForm(admin, form);
  expect(second).toMatchObject({ name: "Investor profile, second edition", formRevision: { number: 2 } });
  const stillOpen = times(50, (n) => n + 50);
  await each(stillOpen, async (n) => {
    const { formRevision, status } = await readImplementation(advisor, given[n]);
    expect([formRevision.number, formRevision.formFields.at(-1).reference, status]).toEqual([
      1,
      "accepted",
      n < 80 ? "IN_PROGRESS" : "ASSIGNED",
    ]);
  });
  // Two of them still complete the first edition; the rest are given the second.
  for (const n of [50, 51]) {
    await save(n, SECOND_HALF);
    expect(outcomes([await complete(investors[n]!, given[n])])).toEqual([""]);
  }
  const again = await each(investors.slice(0, 50), give);
  const fields = Object.fromEntries(second.formFields.map((one: any) => [one.reference, one.uuid]));
  const { accepted: _, ...rest } = SECOND_HALF;
  await each(again.slice(0, 20), async (implementation, n) => {
    const answers = { ...FIRST_HALF, ...rest, agreed: true };
    const saved = await investors[n]!.ask(operations.SaveFormAnswers!, {
      input: savingOf({ form: { ...form, fields }, implementation }, answers),
    });
    expect(outcomes([saved, await complete(investors[n]!, implementation)])).toEqual(["", ""]);
  });

  // The report: ten of the first edition were completed long ago, five of these no longer count.
  const uuids = completed.slice(0, 10).map(({ uuid }) => uuid);
  await database.sql(
    `UPDATE form_implementations SET completed_at = '2024-02-29T23:59:59.999Z'::timestamptz + n.place * interval '1 day',
       valid_until = CASE WHEN n.place < 5 THEN '2025-03-01'::timestamptz END
     FROM (SELECT id::uuid, (place - 1)::int AS place FROM unnest($2::text[]) WITH ORDINALITY u(id, place)) n
     WHERE tenant_id = $1 AND form_implementations.id = n.id`,
    [here.id, uuids],
  );
  const today = completed[20].completedAt.slice(0, 10);
  const COUNTS: [filter: object, count: number][] = [
    [{}, 150],
    [{ status: ["ASSIGNED"] }, 20 + 30],
    [{ status: ["IN_PROGRESS"] }, 28],
    [{ status: ["COMPLETED"] }, 45 + 2 + 20],
    [{ status: ["EXPIRED"] }, 5],
    [{ status: ["COMPLETED", "EXPIRED"] }, 72],
    [{ status: [] }, 0],
    [{ userId: investors[3]!.id }, 2],
    [{ userId: investors[60]!.guid }, 1],
    [{ userId: investors[3]!.id, status: ["COMPLETED"] }, 1],
    [{ completedOnFrom: "2024-02-29", completedOnTo: "2024-02-29" }, 1],
    [{ completedOnFrom: "2024-03-01", completedOnTo: "2024-03-04" }, 4],
    [{ completedOnTo: "2024-03-31" }, 10],
    [{ completedOnTo: "2024-02-28" }, 0],
    [{ completedOnFrom: today }, 62],
    [{ completedOnFrom: "2024-03-02", status: ["EXPIRED"] }, 3],
    [{ completedOnTo: "2024-03-31", userId: investors[2]!.id }, 1],
  ];
  for (const caller of [admin, advisor]) {
    for (const [filter, count] of COUNTS) {
      const found = await report(caller, { formId, ...filter });
      expect([filter, found.length]).toEqual([filter, count]);
    }
  }
  const all = await report(advisor, { formId: form.uuid });
  const revisions = (number: number) => all.filter(({ formRevision }) => formRevision.number === number);
  expect([revisions(1).length, revisions(2).length]).toEqual([100, 50]);
  expect(new Set(revisions(1).map(({ user }) => user.guid))).toEqual(new Set(investors.map(({ guid }) => guid)));
  expect(new Set(revisions(2).map(({ user }) => user.guid))).toEqual(
    new Set(investors.slice(0, 50).map(({ guid }) => guid)),
  );
  const byDate = await report(advisor, { formId }, { field: "COMPLETED_AT", direction: "ASC" });
  const dates = byDate.map(({ completedAt }) => completedAt ?? "9999");
  expect(dates).toEqual(dates.toSorted());
  expect(byDate.slice(0, 10).map(({ uuid }) => uuid)).toEqual(uuids);
  // Another member of staff looks after nobody of these.
  expect(await report(await here.internal(["submissions.read"]), { formId })).toEqual([]);
}, 120_000);
