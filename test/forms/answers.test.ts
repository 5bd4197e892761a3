import { harness, operations, problems, type Person, type TestTenant } from "../harness/index.js";
import {
  byReference,
  completing,
  field,
  fieldOf,
  readImplementation,
  reopening,
  saving,
  savingOf,
  times,
  TYPES,
  UNKNOWN,
  type Asked,
} from "./asking.js";

const { tenant } = await harness();

/** A client who was given a form of these fields. */
async function asked(formFields: object[], values: object = {}): Promise<Asked & { user: Person }> {
  const here = await tenant();
  const [user, form] = [await here.user(), await here.form({ formFields: formFields as never, ...values })];
  return { here, form, user, implementation: await here.implementation(user, form) };
}

/** The answers that are shown and those that are hidden, by reference, and how much is done. */
async function standing({ here, implementation }: Asked) {
  const { formFieldAnswers, hiddenFieldAnswers, progress, status } = await readImplementation(
    here.admin,
    implementation,
  );
  return { status, progress, answers: byReference(formFieldAnswers), hidden: byReference(hiddenFieldAnswers) };
}

const FILE = "6f5e4f85-e712-4015-a706-5a6a7978e3db";

/** Type -> answers that are taken, and values that are not. */
const ANSWERS: Record<string, { taken: unknown[]; not: unknown[] }> = {
  CHECKBOX: { taken: [true, false], not: ["true", 1, 0, [true], {}] },
  TEXT: {
    taken: ["x", " padded ", "😀 Ünï", "x".repeat(10_238)],
    not: [
      1,
      true,
      ["x"],
      {},
      "two\nlines",
      "a\ttab",
      "a\u0007bell",
      "a\u0085line",
      "a\u2028line",
      "x".repeat(10_239),
      "😀".repeat(2_560),
    ],
  },
  TEXTAREA: {
    taken: ["x", "two\nlines\r\nand\ta tab", "x".repeat(10_238)],
    not: [1, false, ["x"], {}, "a\u0007bell", "x".repeat(10_239)],
  },
  NUMBER: { taken: [0, -1, 1.5, 1e300, Number.MAX_SAFE_INTEGER], not: ["1", true, [1], {}, "0x10"] },
  CURRENCY: {
    taken: [0, 0.01, -12.5, 1234.56, 9_999_999_999_999.99],
    not: [1.234, 0.001, 1e13, -1e13, "12", true, [1], {}],
  },
  DATE: {
    taken: ["2024-02-29", "0001-01-01", "9999-12-31"],
    not: [
      "2023-02-29",
      "2024-2-9",
      "2024-13-01",
      "0000-01-01",
      "29.02.2024",
      "2024-02-29T00:00:00Z",
      " 2024-02-29",
      20_240_229,
      true,
      ["2024-02-29"],
      {},
    ],
  },
  EMAIL: {
    taken: ["a@example.com", "ünï@exämple.com"],
    not: ["nobody", "a@b", " a@example.com", "a@example.com\n", `${"x".repeat(250)}@example.com`, 1, {}],
  },
  PHONE: {
    taken: ["+442071838750", "+1234567", "+123456789012345"],
    not: ["02071838750", "+02071838750", "+123456", "+1234567890123456", "+44 2071838750", 442_071_838_750, {}],
  },
  COUNTRY: { taken: ["GB", "DE", "US"], not: ["gb", "UK", "XX", "GBR", "G", 44, {}] },
  RADIO: { taken: ["a", "c"], not: ["d", "A", " a", ["a"], 1, true, {}] },
  SELECT: { taken: ["a", "c"], not: ["d", "A", " a", ["a"], 1, true, {}] },
  MULTI_SELECT: {
    taken: [["a"], ["c", "a"], ["a", "b", "c"]],
    not: ["a", ["a", "a"], ["d"], ["a", "d"], ["a", 1], [["a"]], ["a", null], { 0: "a" }],
  },
  FILE: { taken: [FILE], not: ["a file", `{${FILE}}`, FILE.replaceAll("-", ""), 1, [FILE], {}] },
  STATIC: { taken: [], not: ["x", 1, true, false, ["x"], {}] },
};

const TYPED = times(TYPES.length, (n) => fieldOf(TYPES[n]!, TYPES[n]!.toLowerCase()));

test("there are values for every type", () => {
  expect(Object.keys(ANSWERS).toSorted()).toEqual(TYPES.toSorted());
});

describe.each(Object.entries(ANSWERS))("an answer to %s", (type, { taken, not }) => {
  const reference = type.toLowerCase();

  test("that can be one is kept as it was sent", async () => {
    const one = await asked(TYPED);
    for (const value of taken) {
      expect(await saving(one, one.user, { [reference]: value })).toEqual([]);
      expect((await standing(one)).answers).toEqual({ [reference]: value });
    }
  });

  test("that cannot be one is refused", async () => {
    const one = await asked(TYPED);
    for (const value of not) {
      const answer = await saving(one, one.user, { [reference]: value });
      expect([value, answer]).toEqual([value, ["ANSWER_INVALID input.answers.0.value"]]);
    }
    expect(await standing(one)).toEqual({ status: "ASSIGNED", progress: 0, answers: {}, hidden: {} });
  });

  test("is cleared by null, a blank text and an empty list", async () => {
    const one = await asked(TYPED);
    for (const blank of [null, "", " \t\n", []]) {
      if (taken.length > 0) expect(await saving(one, one.user, { [reference]: taken[0] })).toEqual([]);
      expect(await saving(one, one.user, { [reference]: blank })).toEqual([]);
      expect((await standing(one)).answers).toEqual({});
    }
  });
});

describe("saving", () => {
  test("keeps what is not named, in the order of the fields", async () => {
    const one = await asked([field("a"), field("b"), field("c")]);
    expect(await saving(one, one.user, { c: "3", a: "1" })).toEqual([]);
    expect(await saving(one, one.user, { b: "2", c: null })).toEqual([]);
    expect(await saving(one, one.user, { c: "4" })).toEqual([]);
    const { formFieldAnswers } = await readImplementation(one.user, one.implementation);
    expect(formFieldAnswers.map(({ value }: { value: string }) => value)).toEqual(["1", "2", "4"]);
  });

  test("answers with what is kept, one version further", async () => {
    const one = await asked([field("a"), field("b")]);
    const { saveFormAnswers } = await one.user.ask(operations.SaveFormAnswers!, { input: savingOf(one, { a: "1" }) });
    expect(saveFormAnswers).toMatchObject({
      errors: [],
      formImplementation: {
        id: one.implementation.id,
        status: "IN_PROGRESS",
        progress: 50,
        version: 2,
        completedAt: null,
      },
    });
    expect(byReference(saveFormAnswers.formImplementation.formFieldAnswers)).toEqual({ a: "1" });
  });

  test("names every answer that is refused, and keeps none", async () => {
    const one = await asked(TYPED);
    expect(
      await saving(one, one.user, { text: "fine", number: "1", radio: "x", date: "2024-02-29", static: "x" }),
    ).toEqual([1, 2, 4].map((n) => `ANSWER_INVALID input.answers.${n}.value`));
    expect(await standing(one)).toMatchObject({ status: "ASSIGNED", answers: {} });
  });

  test("knows the fields of its own revision alone", async () => {
    const one = await asked([field("a")]);
    const { here, form, user, implementation } = one;
    const other = await here.form();
    await here.admin.ask(operations.UpdateUserDataForm!, {
      input: { formId: form.id, formFields: [field("a"), field("b")] },
    });
    const { publishForm } = await here.admin.ask(operations.PublishForm!, { input: { formId: form.id } });
    const { userDataForm } = await here.admin.ask(operations.UserDataForm!, { uuid: form.uuid });
    expect(publishForm.form.formRevision.number).toBe(2);
    const answers = [other.fields.motto, userDataForm.formFields[1].uuid, UNKNOWN, form.fields.a].map((fieldUuid) => ({
      fieldUuid,
      value: "x",
    }));
    const input = { implementationId: implementation.id, answers };
    expect(await here.refusals(user, operations.SaveFormAnswers!, input)).toEqual(
      [0, 1, 2].map((n) => `NOT_FOUND input.answers.${n}.fieldUuid`),
    );
  });

  test("takes each field once, 500 at most", async () => {
    const one = await asked([field("a"), field("b")]);
    const { here, form, user, implementation } = one;
    const answer = (reference: string) => ({ fieldUuid: form.fields[reference], value: "x" });
    const refusals = (answers: object[]) =>
      here.refusals(user, operations.SaveFormAnswers!, { implementationId: implementation.id, answers });
    expect(await refusals([answer("a"), answer("b"), answer("a")])).toEqual([
      "DUPLICATED_INPUT_ITEM input.answers.2.fieldUuid",
    ]);
    expect(await refusals(times(501, () => answer("a")))).toEqual(["LIMIT input.answers"]);
    expect(await refusals(times(500, () => answer("a")))).toHaveLength(499);
  });

  test("takes 128 kB of answers, all together", async () => {
    const references = times(14, (n) => `f${n}`);
    const { here, user, ...of } = await asked(references.map((reference) => fieldOf("TEXTAREA", reference)));
    const long = (some: string[]) => savingOf(of, Object.fromEntries(some.map((one) => [one, "x".repeat(10_000)])));
    const save = (from: number, to?: number): Promise<string[]> =>
      here.refusals(user, operations.SaveFormAnswers!, long(references.slice(from, to)));
    expect(await save(0, 10)).toEqual([]);
    expect(await save(10)).toEqual(["LIMIT input.answers"]);
    expect(await save(10, 13)).toEqual([]);
  });

  test("tries the whole of a long text", async () => {
    const text = "alpha, bravo ".repeat(770).trim();
    const { here, user, ...of } = await asked([
      fieldOf("TEXTAREA", "words", { validator: { pattern: "(?:alpha|bravo|[ ,])*" } }),
    ]);
    const input = { implementationId: of.implementation.id };
    const save = (words: string) => user.ask(operations.SaveFormAnswers!, { input: savingOf(of, { words }) });
    await save(`${text}!`);
    expect(await here.refusals(user, operations.CompleteFormImplementation!, input)).toEqual([
      "ANSWER_INVALID input.implementationId.formFieldAnswers.words",
    ]);
    await save(text);
    expect(await here.refusals(user, operations.CompleteFormImplementation!, input)).toEqual([]);
  });

  test("does not begin by clearing what was not answered", async () => {
    const { here, user, ...of } = await asked([field("a")]);
    expect(await here.refusals(user, operations.SaveFormAnswers!, savingOf(of, { a: null }))).toEqual([]);
    expect(await readImplementation(user, of.implementation)).toMatchObject({ status: "ASSIGNED", version: 1 });
  });

  test("takes 500 answers at once", async () => {
    const one = await asked(times(500, (n) => field(`f${n}`)));
    expect(await saving(one, one.user, Object.fromEntries(times(500, (n) => [`f${n}`, `${n}`])))).toEqual([]);
    expect((await standing(one)).progress).toBe(100);
  });

  test("of nothing is no answer", async () => {
    const one = await asked([field("a")]);
    expect(await saving(one, one.user, {})).toEqual([]);
    expect(await standing(one)).toMatchObject({ status: "ASSIGNED", progress: 0 });
  });

  test("refuses a version that is not the present one", async () => {
    const one = await asked([field("a")]);
    const { here, user } = one;
    const refusals = (value: string, expectedVersion: number) =>
      here.refusals(user, operations.SaveFormAnswers!, { ...savingOf(one, { a: value }), expectedVersion });
    expect(await refusals("1", 1)).toEqual([]);
    expect(await refusals("2", 1)).toEqual(["STALE_OBJECT input.expectedVersion"]);
    expect(await refusals("2", 2)).toEqual([]);
    expect(await refusals("2", 3)).toEqual([]);
    expect((await readImplementation(user, one.implementation)).version).toBe(3);
  });

  test("of a letter with more marks than any language has is BAD_USER_INPUT", async () => {
    const { user, ...of } = await asked([field("a")]);
    const save = (a: string) => user.send(operations.SaveFormAnswers!, { input: savingOf(of, { a }) });
    expect(problems(await save(`a${"\u0315\u0300".repeat(20_000)}`))).toEqual(["BAD_USER_INPUT input.answers.0.value"]);
    expect(problems(await save(`a${"\u0315\u0300".repeat(15)}`))).toEqual([]);
  });

  test("of a text that cannot be stored is BAD_USER_INPUT", async () => {
    const one = await asked([field("a")]);
    for (const value of ["\0", "\ud800", ["x", "\0"], { "\0": 1 }]) {
      const answer = await one.user.send(operations.SaveFormAnswers!, { input: savingOf(one, { a: value }) });
      expect(problems(answer)[0]).toMatch(/^BAD_USER_INPUT input.answers.0.value/);
    }
  });
});

/** A rule -> the field that has it, answers that break it, and answers that keep it. */
const RULES: Record<string, [field: object, breaking: unknown[], keeping: unknown[]]> = {
  "required text": [fieldOf("TEXT", "a", { validator: { required: true } }), [null], ["x"]],
  "required number": [fieldOf("NUMBER", "a", { validator: { required: true } }), [null], [0]],
  "required list": [fieldOf("MULTI_SELECT", "a", { validator: { required: true } }), [null], [["b"]]],
  "required tick": [fieldOf("CHECKBOX", "a", { validator: { required: true } }), [null, false], [true]],
  minLength: [fieldOf("TEXT", "a", { validator: { minLength: 3 } }), ["x", "😀😀"], ["xyz", "😀😀😀", null]],
  maxLength: [fieldOf("TEXTAREA", "a", { validator: { maxLength: 3 } }), ["wxyz"], ["xyz", "😀😀😀", null]],
  minValue: [fieldOf("NUMBER", "a", { validator: { minValue: -0.5 } }), [-0.6, -1e9], [-0.5, 0, null]],
  maxValue: [fieldOf("CURRENCY", "a", { validator: { maxValue: 99.99 } }), [100, 1e12], [99.99, -1, null]],
  "a value of zero": [fieldOf("NUMBER", "a", { validator: { minValue: 0, maxValue: 0 } }), [1, -1], [0, null]],
  minSelections: [fieldOf("MULTI_SELECT", "a", { validator: { minSelections: 2 } }), [["a"]], [["a", "b"], null]],
  maxSelections: [fieldOf("MULTI_SELECT", "a", { validator: { maxSelections: 1 } }), [["a", "b"]], [["c"], null]],
  minDate: [
    fieldOf("DATE", "a", { validator: { minDate: "2024-02-29" } }),
    ["2024-02-28"],
    ["2024-02-29", "2024-03-01", null],
  ],
  maxDate: [
    fieldOf("DATE", "a", { validator: { maxDate: "2024-02-29" } }),
    ["2024-03-01"],
    ["2024-02-29", "0001-01-01", null],
  ],
  pattern: [
    fieldOf("TEXT", "a", { validator: { pattern: "[A-Z]{2}\\d+|none" } }),
    ["AB", "xAB1", "AB1x", "ab1", "none "],
    ["AB1", "none", null],
  ],
  "pattern over lines": [fieldOf("TEXTAREA", "a", { validator: { pattern: "a.b" } }), ["a\nb", "a-b\nc"], ["a-b"]],
  // Engines that try again take this for ever.
  "pattern of stars": [
    fieldOf("TEXT", "a", { validator: { pattern: "((a+)+)+" } }),
    [`${"a".repeat(5_000)}!`],
    ["a".repeat(5_000)],
  ],
};

describe("completing asks", () => {
  test.each(Object.entries(RULES))("%s", async (_rule, [one, breaking, keeping]) => {
    const given = await asked([one, field("other")]);
    expect(await saving(given, given.user, { other: "x" })).toEqual([]);
    for (const value of breaking) {
      expect(await saving(given, given.user, { a: value })).toEqual([]);
      const answer = await completing(given, given.user);
      expect([value, answer]).toEqual([value, ["ANSWER_INVALID input.implementationId.formFieldAnswers.a"]]);
      expect((await standing(given)).progress).toBe(50);
    }
    for (const value of keeping) {
      expect(await saving(given, given.user, { a: value })).toEqual([]);
      expect([value, await completing(given, given.user)]).toEqual([value, []]);
      expect(await reopening(given, given.here.admin)).toEqual([]);
    }
  });

  test("all of it at once, in the order of the fields, each in its own words", async () => {
    const one = await asked([
      field("a", { validator: { required: true } }),
      field("b"),
      fieldOf("NUMBER", "c.d", { validator: { minValue: 5, maxValue: 6, message: "Five or six, please." } }),
      field("e", { validator: { required: true, message: "Do tell." } }),
    ]);
    expect(await saving(one, one.user, { "c.d": 7 })).toEqual([]);
    const input = { implementationId: one.implementation.id };
    const { completeFormImplementation } = await one.user.ask(operations.CompleteFormImplementation!, { input });
    expect(completeFormImplementation).toEqual({
      formImplementation: null,
      errors: ["a", "c.d", "e"].map((reference, place) => ({
        code: "ANSWER_INVALID",
        message: [expect.stringMatching(/./), "Five or six, please.", "Do tell."][place],
        field: ["input", "implementationId", "formFieldAnswers", reference],
      })),
    });
    expect(await standing(one)).toMatchObject({ status: "IN_PROGRESS", progress: 0 });
  });

  test("nothing where nothing has to be answered", async () => {
    const one = await asked([fieldOf("STATIC", "a"), field("b")]);
    expect(await completing(one, one.user)).toEqual([]);
    expect(await standing(one)).toEqual({ status: "COMPLETED", progress: 0, answers: {}, hidden: {} });
  });
});

const when = (reference: string, operator: string, value?: unknown) => ({
  formFieldConditions: [{ reference, operator, value }],
});

describe("conditions three deep", () => {
  const DEEP = [
    fieldOf("CHECKBOX", "pets"),
    fieldOf("SELECT", "which", { ...when("pets", "EQUALS", true), validator: { required: true } }),
    fieldOf("NUMBER", "howMany", { ...when("which", "IN", ["b", "c"]), validator: { required: true } }),
    field("names", { ...when("howMany", "GT", 2), validator: { required: true, minLength: 3 } }),
    field("always"),
  ];
  const missing = (...references: string[]) =>
    references.map((reference) => `ANSWER_INVALID input.implementationId.formFieldAnswers.${reference}`);

  test("ask one thing after the other", async () => {
    const one = await asked(DEEP);
    const { user } = one;
    for (const [answers, progress, lacking] of [
      [{ always: "x" }, 50, []],
      [{ pets: true }, 66, ["which"]],
      [{ which: "b" }, 75, ["howMany"]],
      [{ howMany: 2 }, 100, []],
      [{ howMany: 3 }, 80, ["names"]],
      [{ names: "ab" }, 80, ["names"]],
      [{ which: null }, 66, ["which"]],
      [{ which: "c" }, 80, ["names"]],
      [{ names: "Rex" }, 100, []],
    ] as const) {
      expect(await saving(one, user, answers)).toEqual([]);
      expect([answers, (await standing(one)).progress]).toEqual([answers, progress]);
      if (lacking.length > 0) expect(await completing(one, user)).toEqual(missing(...lacking));
    }
    expect(await completing(one, user)).toEqual([]);
  });

  test("keep answers that they hide, show them again, and leave them out of what is completed", async () => {
    const one = await asked(DEEP);
    const { user } = one;
    const rest = { which: "b", howMany: 4, names: "Rex" };
    expect(await saving(one, user, rest)).toEqual([]);
    expect(await standing(one)).toMatchObject({ answers: {}, hidden: rest, progress: 0 });
    expect(await saving(one, user, { pets: true })).toEqual([]);
    expect(await standing(one)).toMatchObject({ answers: { pets: true, ...rest }, hidden: {} });
    expect(await saving(one, user, { howMany: 1 })).toEqual([]);
    expect(await standing(one)).toMatchObject({
      answers: { pets: true, which: "b", howMany: 1 },
      hidden: { names: "Rex" },
    });
    expect(await saving(one, user, { names: "No" })).toEqual([]);
    expect(await saving(one, user, { pets: false })).toEqual([]);
    const hidden = { which: "b", howMany: 1, names: "No" };
    expect(await standing(one)).toMatchObject({ answers: { pets: false }, hidden, progress: 50 });
    expect(await completing(one, user)).toEqual([]);
    expect(await standing(one)).toMatchObject({ status: "COMPLETED", answers: { pets: false }, hidden });
    const { nodes } = (await one.here.admin.ask(operations.UserDataFormSubmissions!)).userDataFormSubmissions;
    expect(byReference(nodes[0].formFieldAnswers)).toEqual({ pets: false });
    // Reopened, they come back when they are shown.
    expect(await reopening(one, one.here.admin)).toEqual([]);
    expect(await saving(one, user, { pets: true, howMany: 3 })).toEqual([]);
    expect(await standing(one)).toMatchObject({
      answers: { pets: true, which: "b", howMany: 3, names: "No" },
      hidden: {},
    });
    expect(await completing(one, user)).toEqual(missing("names"));
  });

  test("a hidden answer is cleared like any other", async () => {
    const one = await asked(DEEP);
    expect(await saving(one, one.user, { which: "b", names: "Rex" })).toEqual([]);
    expect(await saving(one, one.user, { which: "" })).toEqual([]);
    expect((await standing(one)).hidden).toEqual({ names: "Rex" });
  });
});

/** A condition on a field -> answers that meet it, and answers that do not. */
const CONDITIONS: [type: string, operator: string, value: unknown, met: unknown[], not: unknown[]][] = [
  ["CHECKBOX", "EQUALS", true, [true], [null, false]],
  ["CHECKBOX", "EQUALS", false, [false], [null, true]],
  ["CHECKBOX", "NOT", true, [null, false], [true]],
  ["TEXT", "EQUALS", "é", ["é"], [null, "e", "É"]],
  ["TEXT", "NOT", "x", [null, "y"], ["x"]],
  ["TEXT", "IN", ["x", "y"], ["x", "y"], [null, "z"]],
  ["TEXT", "ANSWERED", true, ["x"], [null]],
  ["TEXT", "ANSWERED", null, ["x"], [null]],
  ["TEXT", "ANSWERED", false, [null], ["x"]],
  ["CHECKBOX", "ANSWERED", true, [true, false], [null]],
  ["NUMBER", "GT", 0, [0.1, 9], [null, 0, -1]],
  ["NUMBER", "LT", 10, [9, -1], [null, 10, 11]],
  ["CURRENCY", "GT", 99.99, [100], [null, 99.99, 20]],
  ["DATE", "GT", "2024-02-29", ["2024-03-01"], [null, "2024-02-29", "0900-01-01"]],
  ["DATE", "LT", "2024-02-29", ["2024-02-28"], [null, "2024-02-29"]],
  ["COUNTRY", "IN", ["DE", "GB"], ["GB"], [null, "US"]],
  ["RADIO", "NOT", "a", [null, "b"], ["a"]],
  ["MULTI_SELECT", "EQUALS", "a", [["a"], ["b", "a"]], [null, ["b"]]],
  ["MULTI_SELECT", "NOT", "a", [null, ["b"]], [["a"], ["a", "b"]]],
  ["MULTI_SELECT", "IN", ["a", "b"], [["b", "c"]], [null, ["c"]]],
];

describe("a condition", () => {
  test.each(CONDITIONS)("%s %s %j", async (type, operator, value, met, not) => {
    const one = await asked([
      fieldOf(type, "source"),
      field("shown", when("source", operator, value)),
      field("hidden", { ...when("source", operator, value), conditionEffect: "HIDE" }),
    ]);
    expect(await saving(one, one.user, { shown: "x", hidden: "x" })).toEqual([]);
    for (const [answers, visible] of [
      [met, "shown"],
      [not, "hidden"],
    ] as const) {
      for (const answer of answers) {
        expect(await saving(one, one.user, { source: answer })).toEqual([]);
        const { source: _, ...shown } = (await standing(one)).answers;
        expect([answer, shown]).toEqual([answer, { [visible]: "x" }]);
      }
    }
  });

  test("holds with all of the others, or with any of them", async () => {
    const two = { formFieldConditions: ["a", "b"].map((reference) => ({ reference, operator: "ANSWERED" })) };
    const one = await asked([
      field("a"),
      field("b"),
      field("all", two),
      field("any", { ...two, conditionMatch: "ANY" }),
    ]);
    expect(await saving(one, one.user, { all: "x", any: "x" })).toEqual([]);
    for (const [answers, shown] of [
      [{}, []],
      [{ a: "x" }, ["any"]],
      [{ b: "x" }, ["all", "any"]],
      [{ a: null }, ["any"]],
    ] as const) {
      expect(await saving(one, one.user, answers)).toEqual([]);
      expect(
        Object.keys((await standing(one)).answers).filter((name) => name.startsWith("a") && name.length > 1),
      ).toEqual(shown);
    }
  });

  test("of a field that is hidden is one of a field without an answer", async () => {
    const one = await asked([
      fieldOf("CHECKBOX", "gate"),
      field("source", when("gate", "EQUALS", true)),
      field("answered", when("source", "EQUALS", "x")),
      field("not", when("source", "NOT", "x")),
      field("missing", when("source", "ANSWERED", false)),
    ]);
    expect(await saving(one, one.user, { source: "x", answered: "1", not: "2", missing: "3" })).toEqual([]);
    expect((await standing(one)).answers).toEqual({ not: "2", missing: "3" });
    expect(await saving(one, one.user, { gate: true })).toEqual([]);
    expect((await standing(one)).answers).toEqual({ gate: true, source: "x", answered: "1" });
  });
});

describe("progress", () => {
  const progressOf = async (formFields: object[], answers: Record<string, unknown>): Promise<number> => {
    const one = await asked(formFields);
    expect(await saving(one, one.user, answers)).toEqual([]);
    return (await standing(one)).progress;
  };

  test("counts what is shown and asked, rounded down", async () => {
    const three = [
      field("a"),
      fieldOf("STATIC", "text"),
      field("b"),
      field("c"),
      field("d", when("a", "EQUALS", "more")),
    ];
    expect(await progressOf(three, { a: "x" })).toBe(33);
    expect(await progressOf(three, { a: "x", b: "x" })).toBe(66);
    expect(await progressOf(three, { a: "more", b: "x" })).toBe(50);
    expect(await progressOf(three, { a: "x", b: "x", c: "x", d: "x" })).toBe(100);
  });

  test("counts no answer that breaks a rule", async () => {
    expect(await progressOf([field("a", { validator: { minLength: 2 } }), field("b")], { a: "x", b: "x" })).toBe(50);
    expect(await progressOf([fieldOf("CHECKBOX", "a", { validator: { required: true } })], { a: false })).toBe(0);
  });
});

describe("who may", () => {
  const scene = async () => {
    const one = await asked([field("a")]);
    const { here, user } = one;
    const member = await here.user();
    const group = await here.group({ lead: member, members: [user] });
    return { ...one, member, group };
  };
  const MOVES = ["SaveFormAnswers", "CompleteFormImplementation"] as const;
  const inputOf = (one: Asked, move: (typeof MOVES)[number]) =>
    move === "SaveFormAnswers" ? savingOf(one, { a: "x" }) : { implementationId: one.implementation.uuid };

  test("answer and complete: the user, who acts as them, administrators, services, and whose client they are", async () => {
    const one = await scene();
    const { here, user, group } = one;
    const advisor = await here.internal(["submissions.read", "forms.write"]);
    await here.admin.ask(operations.UpdateUser!, { input: { userId: user.id, assignedInternalUserId: advisor.id } });
    for (const caller of [
      user,
      await here.actingAs(here.admin, user, group),
      here.admin,
      await here.service("submissions.read", "forms.write"),
      advisor,
    ]) {
      for (const move of MOVES) expect(await here.refusals(caller, operations[move]!, inputOf(one, move))).toEqual([]);
      expect(await reopening(one, here.admin)).toEqual([]);
    }
  });

  test("not: whoever does not see it, and whoever only reads", async () => {
    const one = await scene();
    const { here, user, member } = one;
    const reader = await here.internal(["submissions.read"]);
    await here.admin.ask(operations.UpdateUser!, { input: { userId: user.id, assignedInternalUserId: reader.id } });
    const unseen = [
      member,
      await here.user(),
      await here.internal(["submissions.read", "forms.write", "users.read", "users.write"]),
      await here.internal(["forms.write"], { administrator: true }),
      await here.service("forms.write", "forms.read"),
      (await tenant()).admin,
    ];
    for (const move of [...MOVES, "ReopenFormImplementation"] as const) {
      const input =
        move === "ReopenFormImplementation" ? { implementationId: one.implementation.id } : inputOf(one, move);
      for (const caller of unseen)
        expect(await here.refusals(caller, operations[move]!, input)).toEqual(["NOT_FOUND input.implementationId"]);
      for (const caller of [reader, await here.service("submissions.read")]) {
        expect(problems(await caller.send(operations[move]!, { input }))).toEqual(["FORBIDDEN"]);
      }
    }
    expect(await standing(one)).toMatchObject({ status: "ASSIGNED" });
  });

  test("what is no implementation is not found, and no id at all is BAD_USER_INPUT", async () => {
    const { here, user, form }: Asked & { here: TestTenant; user: Person } = await asked([field("a")]);
    for (const move of [...MOVES, "ReopenFormImplementation"] as const) {
      const input = { ...(move === "SaveFormAnswers" && { answers: [] }) };
      expect(await here.refusals(user, operations[move]!, { ...input, implementationId: UNKNOWN })).toEqual([
        "NOT_FOUND input.implementationId",
      ]);
      for (const implementationId of ["junk", "", form.id]) {
        const answer = await user.send(operations[move]!, { input: { ...input, implementationId } });
        expect(problems(answer)).toEqual(["BAD_USER_INPUT input.implementationId"]);
      }
    }
  });
});
