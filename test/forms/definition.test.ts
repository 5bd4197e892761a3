import { harness, operations, problems, type TestTenant } from "../harness/index.js";
import { field, fieldOf, options, readForm, times, TYPES, UNKNOWN } from "./asking.js";

const { tenant } = await harness();

/** What the creation of a form of this definition is refused with. */
const creating = (here: TestTenant, definition: object): Promise<string[]> =>
  here.refusals(here.admin, operations.CreateUserDataForm!, { name: "Form", ...definition });

const fields = (...formFields: object[]) => ({ formFields });
const page = (reference: string) => ({ reference, name: reference });
const validated = (type: string, validator: object) => fields(fieldOf(type, "field", { validator }));
const when = (reference: string, operator = "ANSWERED", value: unknown = null) => ({
  formFieldConditions: [{ reference, operator, value }],
});
const LONG = { label: 1000, name: 255, description: 5000, placeholder: 255 };

/** What is wrong -> the definition -> what it is refused with. */
type Case = [wrong: string, definition: object, refusals: string[]];

const WRONG: Record<string, Case[]> = {
  REQUIRED: [
    ["a form without a name", { name: " " }, ["REQUIRED input.name"]],
    ["a blank reference", fields(field(" ")), ["REQUIRED input.formFields.0.reference"]],
    ["a blank label", fields(field("a"), field("b", { label: "\n" })), ["REQUIRED input.formFields.1.label"]],
    [
      "a page without a reference",
      { formPages: [page("")] },
      ["REQUIRED input.formPages.0.reference", "REQUIRED input.formPages.0.name"],
    ],
    ["a page without a name", { formPages: [{ reference: "one", name: "" }] }, ["REQUIRED input.formPages.0.name"]],
    [
      "a field on no page",
      { formPages: [page("one")], ...fields(field("a")) },
      ["REQUIRED input.formFields.0.formPage"],
    ],
    ...["RADIO", "SELECT", "MULTI_SELECT"].flatMap((type): Case[] => [
      [
        `${type} with no options`,
        fields(fieldOf(type, "a", { options: null })),
        ["REQUIRED input.formFields.0.options"],
      ],
      [`${type} of none`, fields(fieldOf(type, "a", { options: [] })), ["REQUIRED input.formFields.0.options"]],
    ]),
    [
      "a blank option",
      fields(fieldOf("RADIO", "a", { options: options("x", "") })),
      ["REQUIRED input.formFields.0.options.1.value"],
    ],
    ["a setting without a name", { formSettings: [{ name: "", value: 1 }] }, ["REQUIRED input.formSettings.0.name"]],
  ],

  DUPLICATE_REFERENCE: [
    [
      "two fields of one reference",
      fields(field("a"), field("a")),
      ["DUPLICATE_REFERENCE input.formFields.1.reference"],
    ],
    [
      "two that differ in case",
      fields(field("motto"), field("x"), field("Motto")),
      ["DUPLICATE_REFERENCE input.formFields.2.reference"],
    ],
    [
      "two that differ in spaces",
      fields(field("a"), field(" a ")),
      ["DUPLICATE_REFERENCE input.formFields.1.reference"],
    ],
    [
      "three",
      fields(field("a"), field("a"), field("A")),
      [1, 2].map((n) => `DUPLICATE_REFERENCE input.formFields.${n}.reference`),
    ],
    ["two pages", { formPages: [page("one"), page("ONE")] }, ["DUPLICATE_REFERENCE input.formPages.1.reference"]],
  ],

  DUPLICATED_INPUT_ITEM: [
    [
      "an option twice",
      fields(fieldOf("SELECT", "a", { options: options("x", "y", " x ") })),
      ["DUPLICATED_INPUT_ITEM input.formFields.0.options.2.value"],
    ],
    [
      "a setting twice",
      { formSettings: [{ name: "a" }, { name: "a" }] },
      ["DUPLICATED_INPUT_ITEM input.formSettings.1.name"],
    ],
    [
      "a field protected twice",
      { ...fields(field("a")), editorValidator: { protectedFields: ["a", "a"] } },
      ["DUPLICATED_INPUT_ITEM input.editorValidator.protectedFields.1"],
    ],
  ],

  CONDITION_CYCLE: [
    [
      "a field that asks itself",
      fields(field("a", when("a"))),
      ["CONDITION_CYCLE input.formFields.0.formFieldConditions"],
    ],
    [
      "two that ask each other",
      fields(field("a", when("b")), field("b", when("a", "EQUALS", "x"))),
      [0, 1].map((n) => `CONDITION_CYCLE input.formFields.${n}.formFieldConditions`),
    ],
    [
      "three in a circle, and one that only leads into it",
      fields(
        field("in", when("a")),
        field("a", when("b")),
        field("b", { ...when("c"), conditionEffect: "HIDE" }),
        field("c", when("a")),
        field("out"),
      ),
      [1, 2, 3].map((n) => `CONDITION_CYCLE input.formFields.${n}.formFieldConditions`),
    ],
    [
      "one by its second condition",
      fields(
        field("a", {
          formFieldConditions: [
            { reference: "x", operator: "ANSWERED" },
            { reference: "b", operator: "ANSWERED" },
          ],
          conditionMatch: "ANY",
        }),
        field("b", when("a")),
        field("x"),
      ),
      [0, 1].map((n) => `CONDITION_CYCLE input.formFields.${n}.formFieldConditions`),
    ],
  ],

  "INVALID references": [
    ...["1st", "a b", "ä", "_a", "a/b", "x".repeat(65)].map((text): Case => [
      `the reference ${text}`,
      fields(field(text)),
      ["INVALID input.formFields.0.reference"],
    ]),
    ["a page's reference", { formPages: [{ reference: "#", name: "One" }] }, ["INVALID input.formPages.0.reference"]],
    [
      "an unknown page",
      { formPages: [page("one")], ...fields(field("a", { formPage: "two" })) },
      ["INVALID input.formFields.0.formPage"],
    ],
    ["a page where there are none", fields(field("a", { formPage: "one" })), ["INVALID input.formFields.0.formPage"]],
    [
      "an unknown field protected",
      { ...fields(field("a")), editorValidator: { protectedFields: ["a", "b"] } },
      ["INVALID input.editorValidator.protectedFields.1"],
    ],
    ["a uuid in a form that is new", fields(field("a", { uuid: UNKNOWN })), ["INVALID input.formFields.0.uuid"]],
  ],

  "INVALID texts": [
    ...Object.entries(LONG).map(([name, limit]): Case => [
      `a ${name} of ${limit + 1}`,
      fields(field("a", { [name]: "x".repeat(limit + 1) })),
      [`INVALID input.formFields.0.${name}`],
    ]),
    ...["label", "name", "placeholder"].map((name): Case => [
      `a ${name} of two lines`,
      fields(field("a", { [name]: "x\ny" })),
      [`INVALID input.formFields.0.${name}`],
    ]),
    [
      "a bell in a description",
      fields(field("a", { description: "x\u0007y" })),
      ["INVALID input.formFields.0.description"],
    ],
    [
      "an option of 256",
      fields(fieldOf("RADIO", "a", { options: options("x".repeat(256)) })),
      ["INVALID input.formFields.0.options.0.value"],
    ],
    [
      "an option's label of 256",
      fields(fieldOf("RADIO", "a", { options: [{ value: "x", label: "x".repeat(256) }] })),
      ["INVALID input.formFields.0.options.0.label"],
    ],
    [
      "a message of 256",
      validated("TEXT", { required: true, message: "x".repeat(256) }),
      ["INVALID input.formFields.0.validator.message"],
    ],
    [
      "a page's name of 256",
      { formPages: [{ reference: "one", name: "x".repeat(256) }] },
      ["INVALID input.formPages.0.name"],
    ],
    ["a setting's name of 65", { formSettings: [{ name: "x".repeat(65) }] }, ["INVALID input.formSettings.0.name"]],
    ["a form's name of 256", { name: "x".repeat(256) }, ["INVALID input.name"]],
    ["a form's description of 2001", { description: "x".repeat(2001) }, ["INVALID input.description"]],
    ["0 months", { revalidateAfterMonths: 0 }, ["INVALID input.revalidateAfterMonths"]],
    ["121 months", { revalidateAfterMonths: 121 }, ["INVALID input.revalidateAfterMonths"]],
  ],

  "INVALID options and keys": [
    ...TYPES.filter((type) => !["RADIO", "SELECT", "MULTI_SELECT"].includes(type)).map((type): Case => [
      `options of ${type}`,
      fields(fieldOf(type, "a", { options: options("x") })),
      ["INVALID input.formFields.0.options"],
    ]),
    ...["user.password", "user", "contactEmail", "toString", "__proto__"].map((prePopulationKey): Case => [
      `the key ${prePopulationKey}`,
      fields(field("a", { prePopulationKey })),
      ["INVALID input.formFields.0.prePopulationKey"],
    ]),
    ...TYPES.filter((type) => !["TEXT", "TEXTAREA", "EMAIL"].includes(type)).map((type): Case => [
      `a first answer of ${type}`,
      fields(fieldOf(type, "a", { prePopulationKey: "user.surname" })),
      ["INVALID input.formFields.0.prePopulationKey"],
    ]),
  ],

  "INVALID conditions": [
    [
      "of a field on a later page",
      {
        formPages: [page("one"), page("two")],
        ...fields(field("a", { formPage: "one", ...when("b") }), field("b", { formPage: "two" })),
      },
      ["INVALID input.formFields.0.formFieldConditions.0.reference"],
    ],
    [
      "of a field that is not there",
      fields(field("a", when("b"))),
      ["INVALID input.formFields.0.formFieldConditions.0.reference"],
    ],
    [
      "of a field in another case",
      fields(field("a", when("B")), field("b")),
      ["INVALID input.formFields.0.formFieldConditions.0.reference"],
    ],
    [
      "of STATIC",
      fields(fieldOf("STATIC", "s"), field("a", when("s"))),
      ["INVALID input.formFields.1.formFieldConditions.0.reference"],
    ],
    ...(
      [
        ["CHECKBOX", "EQUALS", "true"],
        ["TEXT", "EQUALS", 1],
        ["TEXT", "EQUALS", null],
        ["TEXT", "NOT", " "],
        ["TEXT", "NOT", "two\nlines"],
        ["NUMBER", "EQUALS", "1"],
        ["NUMBER", "GT", null],
        ["CURRENCY", "LT", 1.234],
        ["DATE", "GT", "2023-02-29"],
        ["EMAIL", "EQUALS", "nobody"],
        ["PHONE", "EQUALS", "02079460000"],
        ["COUNTRY", "EQUALS", "gb"],
        ["RADIO", "EQUALS", "x"],
        ["SELECT", "NOT", "x"],
        ["MULTI_SELECT", "EQUALS", ["a"]],
        ["MULTI_SELECT", "NOT", "x"],
        ["FILE", "EQUALS", "a file"],
        ["TEXT", "IN", "a"],
        ["TEXT", "IN", []],
        ["TEXT", "IN", null],
        ["TEXT", "IN", ["a", 1]],
        ["TEXT", "IN", times(101, String)],
        ["SELECT", "IN", ["a", "x"]],
        ["MULTI_SELECT", "IN", [["a"]]],
        ["TEXT", "ANSWERED", "yes"],
        ["TEXT", "ANSWERED", 0],
        ...TYPES.filter((type) => !["NUMBER", "CURRENCY", "DATE", "STATIC"].includes(type)).flatMap((type) =>
          (["GT", "LT"] as const).map((operator) => [type, operator, type === "CHECKBOX" ? true : "a"] as const),
        ),
      ] as const
    ).map(([type, operator, value]): Case => [
      `${type} ${operator} ${JSON.stringify(value)}`,
      fields(fieldOf(type, "source"), field("a", when("source", operator, value))),
      ["INVALID input.formFields.1.formFieldConditions.0.value"],
    ]),
  ],

  INVALID_VALIDATOR: [
    ...Object.entries({
      minLength: [1, "TEXT", "TEXTAREA"],
      maxLength: [1, "TEXT", "TEXTAREA"],
      minValue: [1, "NUMBER", "CURRENCY"],
      maxValue: [1, "NUMBER", "CURRENCY"],
      minSelections: [1, "MULTI_SELECT"],
      maxSelections: [1, "MULTI_SELECT"],
      minDate: ["2024-01-01", "DATE"],
      maxDate: ["2024-01-01", "DATE"],
      pattern: ["x", "TEXT", "TEXTAREA"],
    }).flatMap(([rule, [value, ...types]]) =>
      TYPES.map((type): Case => [
        `${rule} of ${type}`,
        validated(type, { [rule]: value }),
        types.includes(type) ? [] : [`INVALID_VALIDATOR input.formFields.0.validator.${rule}`],
      ]),
    ),
    ...TYPES.map((type): Case => [
      `required of ${type}`,
      validated(type, { required: true }),
      type === "STATIC" ? ["INVALID_VALIDATOR input.formFields.0.validator.required"] : [],
    ]),
    ...(
      [
        ["TEXT", { minLength: 3, maxLength: 2 }, "minLength"],
        ["NUMBER", { minValue: 0.2, maxValue: 0.1 }, "minValue"],
        ["MULTI_SELECT", { minSelections: 2, maxSelections: 1 }, "minSelections"],
        ["DATE", { minDate: "2024-02-02", maxDate: "2024-02-01" }, "minDate"],
        ["MULTI_SELECT", { minSelections: 4 }, "minSelections"],
        ["TEXT", { minLength: -1 }, "minLength"],
        ["TEXTAREA", { maxLength: -1 }, "maxLength"],
        ["MULTI_SELECT", { maxSelections: -1 }, "maxSelections"],
        ["TEXT", { pattern: "(" }, "pattern"],
        ["TEXT", { pattern: "[z-a]" }, "pattern"],
        ["TEXT", { pattern: String.raw`(a)\1` }, "pattern"],
        ["TEXT", { pattern: "(?=a)b" }, "pattern"],
        ["TEXT", { pattern: "(?<!a)b" }, "pattern"],
        ["TEXT", { pattern: "(a{1000}){1000}" }, "pattern"],
        ["TEXT", { pattern: "((a{100}){100}){100}" }, "pattern"],
        ["TEXT", { pattern: "x".repeat(201) }, "pattern"],
        // So large that the longest answer would take too long.
        ["TEXT", { pattern: "x".repeat(200) }, "pattern"],
        // What no answer could keep.
        ["TEXT", { maxLength: 0 }, "maxLength"],
        ["TEXTAREA", { minLength: 20_000 }, "minLength"],
        ["MULTI_SELECT", { maxSelections: 0 }, "maxSelections"],
        ["CURRENCY", { minValue: 1e14 }, "minValue"],
        ["CURRENCY", { maxValue: 0.001 }, "maxValue"],
      ] as const
    ).map(([type, validator, rule]): Case => [
      JSON.stringify(validator).slice(0, 60),
      validated(type, validator),
      [`INVALID_VALIDATOR input.formFields.0.validator.${rule}`],
    ]),
  ],

  LIMIT: [
    [
      "patterns that take too long together",
      fields(...times(30, (n) => fieldOf("TEXT", `f${n}`, { validator: { pattern: "[a-z]{20}x*" } }))),
      ["LIMIT input.formFields"],
    ],
    [
      "patterns that are too long together",
      fields(...times(11, (n) => fieldOf("TEXT", `f${n}`, { validator: { pattern: "x".repeat(190), maxLength: 1 } }))),
      ["LIMIT input.formFields"],
    ],
    [
      "a setting that hides its size behind names of ours",
      { formSettings: [{ name: "s", value: { uuid: "x".repeat(110_000) } }] },
      ["LIMIT -"],
    ],
    ["501 fields", fields(...times(501, (n) => field(`f${n}`))), ["LIMIT input.formFields"]],
    ["51 pages", { formPages: times(51, (n) => page(`p${n}`)) }, ["LIMIT input.formPages"]],
    ["51 settings", { formSettings: times(51, (n) => ({ name: `s${n}` })) }, ["LIMIT input.formSettings"]],
    [
      "251 options",
      fields(field("a"), fieldOf("SELECT", "b", { options: options(...times(251, String)) })),
      ["LIMIT input.formFields.1.options"],
    ],
    [
      "21 conditions",
      fields(
        field("a"),
        field("b", { formFieldConditions: times(21, (n) => ({ reference: "a", operator: "NOT", value: `${n}` })) }),
      ),
      ["LIMIT input.formFields.1.formFieldConditions"],
    ],
    ["more than 100 kB in its fields", weighing(102_401), ["LIMIT -"]],
    ["more than 100 kB in a setting", { formSettings: [{ name: "a", value: "x".repeat(102_400) }] }, ["LIMIT -"]],
    [
      "several at once",
      { ...fields(...times(501, (n) => field(`f${n}`))), formPages: times(51, (n) => page(`p${n}`)) },
      ["LIMIT input.formPages", "LIMIT input.formFields"],
    ],
  ],
};

/** A definition of so many bytes of JSON. */
function weighing(bytes: number): { formFields: { description: string }[] } {
  const formFields = times(25, (n) => ({ ...field(`f${n}`), description: "" }));
  for (const one of formFields) {
    const missing = bytes - Buffer.byteLength(JSON.stringify({ formFields }));
    one.description = "x".repeat(Math.min(5000, missing));
  }
  return { formFields };
}

describe.each(Object.entries(WRONG))("%s:", (_code, cases) => {
  // What is refused leaves nothing behind.
  let here: TestTenant;
  beforeAll(async () => {
    here = await tenant();
  });

  test.each(cases)("%s", async (_wrong, definition, refusals) => {
    expect(await creating(here, definition)).toEqual(refusals);
  });
});

describe("just inside the limits", () => {
  const FIT: [string, object][] = [
    ["500 fields", fields(...times(500, (n) => field(`f${n}`)))],
    ["50 pages", { formPages: times(50, (n) => page(`p${n}`)) }],
    ["50 settings", { formSettings: times(50, (n) => ({ name: `s${n}`, value: n })) }],
    ["250 options", fields(fieldOf("SELECT", "a", { options: options(...times(250, String)) }))],
    [
      "20 conditions",
      fields(
        field("a"),
        field("b", { formFieldConditions: times(20, (n) => ({ reference: "a", operator: "NOT", value: `${n}` })) }),
      ),
    ],
    ["a list of 100", fields(field("a"), field("b", when("a", "IN", times(100, String))))],
    ["100 kB", weighing(102_400)],
    [
      "the longest texts",
      fields(
        field(
          "x".repeat(64),
          Object.fromEntries(Object.entries(LONG).map(([name, limit]) => [name, "😀".repeat(limit)])),
        ),
      ),
    ],
    ["the longest name and description", { name: "x".repeat(255), description: "x".repeat(2000) }],
    ["120 months", { revalidateAfterMonths: 120 }],
    ["the longest pattern", validated("TEXT", { pattern: "x".repeat(200), maxLength: 1000 })],
    [
      "bounds that meet",
      fields(
        fieldOf("NUMBER", "a", { validator: { minValue: -1, maxValue: -1 } }),
        fieldOf("DATE", "b", { validator: { minDate: "2024-02-29", maxDate: "2024-02-29" } }),
      ),
    ],
    ["nothing at all", {}],
    ["a field and a page of one reference", { formPages: [page("a")], ...fields(field("a", { formPage: "a" })) }],
    [
      "a condition of a field further down its own page",
      { formPages: [page("p")], ...fields(field("a", { formPage: "p", ...when("b") }), field("b", { formPage: "p" })) },
    ],
    [
      "conditions that meet again",
      fields(
        field("a"),
        field("b", when("a")),
        field("c", when("a")),
        field("d", {
          formFieldConditions: [
            { reference: "b", operator: "ANSWERED" },
            { reference: "c", operator: "ANSWERED" },
          ],
        }),
      ),
    ],
    [
      "500 fields, each shown by the one before",
      fields(field("f0"), ...times(499, (n) => field(`f${n + 1}`, when(`f${n}`)))),
    ],
    ["a pattern that other engines never end with", validated("TEXT", { pattern: "((a+)+)+$" })],
  ];

  test.each(FIT)("%s", async (_what, definition) => {
    const here = await tenant();
    const given = { name: "Form", ...definition };
    const { userDataForm, errors } = (await here.admin.ask(operations.CreateUserDataForm!, { input: given }))
      .createUserDataForm;
    expect(errors).toEqual([]);
    const read = await readForm(here.admin, userDataForm);
    expect(read).toMatchObject(userDataForm);
    for (const [part, list] of Object.entries(definition).filter(([, value]) => Array.isArray(value))) {
      expect(read[part]).toHaveLength((list as object[]).length);
    }
  });
});

test("several mistakes are named at once, each at its place", async () => {
  const here = await tenant();
  const definition = {
    formPages: [page("one"), page("one")],
    formFields: [
      field("", { label: "", formPage: "one" }),
      fieldOf("RADIO", "choice", { options: [], formPage: "two" }),
      fieldOf("NUMBER", "number", { validator: { minLength: 1, pattern: "(" }, prePopulationKey: "user.name" }),
      field("a", { formPage: "one", ...when("nobody") }),
      field("b", { formPage: "one", ...when("b") }),
    ],
    formSettings: [{ name: "" }],
  };
  expect((await creating(here, definition)).toSorted()).toEqual(
    [
      "DUPLICATE_REFERENCE input.formPages.1.reference",
      "REQUIRED input.formFields.0.reference",
      "REQUIRED input.formFields.0.label",
      "REQUIRED input.formFields.1.options",
      "INVALID input.formFields.1.formPage",
      "INVALID_VALIDATOR input.formFields.2.validator.minLength",
      "INVALID_VALIDATOR input.formFields.2.validator.pattern",
      "INVALID input.formFields.2.prePopulationKey",
      "REQUIRED input.formFields.2.formPage",
      "INVALID input.formFields.3.formFieldConditions.0.reference",
      "CONDITION_CYCLE input.formFields.4.formFieldConditions",
      "REQUIRED input.formSettings.0.name",
    ].toSorted(),
  );
});

test("of very many mistakes the first hundred are named", async () => {
  const refusals = await creating(await tenant(), fields(...times(500, () => field(" "))));
  expect(refusals).toEqual(times(100, (n) => `REQUIRED input.formFields.${n}.reference`));
});

test("every write of a definition holds to the same rules", async () => {
  const here = await tenant();
  const draft = { state: "DRAFT" as never, formFields: [] };
  for (const [document, rest] of [
    ["CreateInvestorPreferenceForm", { name: "Form" }],
    ["UpdateUserDataForm", { formId: (await here.form(draft)).id }],
    ["UpdateInvestorPreferenceForm", { formId: (await here.preferenceForm(draft)).id }],
  ] as const) {
    for (const cases of Object.values(WRONG)) {
      const [wrong, definition, refusals] = cases.findLast(
        ([, given, { length }]) => length > 0 && !("editorValidator" in given),
      )!;
      const answer = await here.refusals(here.admin, operations[document]!, { ...rest, ...definition });
      expect([document, wrong, answer]).toEqual([document, wrong, refusals]);
    }
  }
});

test("what is not of the schema's types is BAD_USER_INPUT at its place", async () => {
  const { admin } = await tenant();
  for (const [definition, path] of [
    [fields({ reference: "a", label: "A", formFieldType: "SLIDER" }), "formFields.0.formFieldType"],
    [fields(field("a", { uuid: "x" })), "formFields.0.uuid"],
    [validated("DATE", { minDate: "2023-02-29" }), "formFields.0.validator.minDate"],
    [validated("TEXT", { minLength: 1.5 }), "formFields.0.validator.minLength"],
    [fields(field("a", { label: "\0" })), "formFields.0.label"],
    [fields(field("a", when("b", "LIKE"))), "formFields.0.formFieldConditions.0.operator"],
    [{ formSettings: [{ name: "a", value: { deep: "\ud800" } }] }, "formSettings.0.value.deep"],
    [{ formType: "QUIZ" }, "formType"],
  ] as const) {
    const input = { name: "Form", ...definition };
    expect(problems(await admin.send(operations.CreateUserDataForm!, { input }))).toContain(
      `BAD_USER_INPUT input.${path}`,
    );
  }
});

test("is kept as it was meant: trimmed, composed, with everything that was left out", async () => {
  const here = await tenant();
  const input = {
    name: "  Cafe\u0301 ",
    description: " one\r\ntwo ",
    formPages: [{ reference: " first ", name: " First " }, page("second")],
    formFields: [
      field(" plain ", {
        label: "  Plain? ",
        description: "  ",
        placeholder: "",
        formPage: " first ",
        validator: {},
        prePopulationKey: " ",
      }),
      fieldOf("SELECT", "choice", {
        name: "Choice",
        description: "a\r\nb",
        formPage: "second",
        options: [{ value: " x " }, { value: "y", label: "The Y" }],
        validator: { required: true, message: " Please. " },
        formFieldConditions: [{ reference: " plain ", operator: "EQUALS", value: "cafe\u0301" }],
        conditionEffect: "HIDE",
        conditionMatch: "ANY",
      }),
      fieldOf("NUMBER", "number", { formPage: "second", validator: { minValue: -0.5 } }),
    ],
    formSettings: [{ name: " submitLabel ", value: { text: "Send", steps: [1, null, true] } }, { name: "empty" }],
  };
  const { userDataForm } = (await here.admin.ask(operations.CreateUserDataForm!, { input })).createUserDataForm;
  const form = await readForm(here.admin, userDataForm);
  expect(form).toMatchObject({
    ...userDataForm,
    name: "Café",
    description: "one\ntwo",
    state: "DRAFT",
    enablement: "DISABLED",
    version: 1,
    formType: { name: "STANDARD", uuid: "57e1ade8-900d-4705-a469-c34e8501ea03" },
    editorValidator: { canDelete: true, canEdit: true, protectedFields: [] },
    formPages: [
      { reference: "first", name: "First", order: 0 },
      { reference: "second", name: "second", order: 1 },
    ],
    formSettings: [
      { name: "submitLabel", value: { text: "Send", steps: [1, null, true] } },
      { name: "empty", value: null },
    ],
    formRevision: { number: 1, revalidateAfterMonths: null, publishedAt: null },
    stagedRevision: null,
  });
  const [first, second] = form.formPages;
  const none = {
    minLength: null,
    maxLength: null,
    minValue: null,
    maxValue: null,
    minSelections: null,
    maxSelections: null,
    minDate: null,
    maxDate: null,
    pattern: null,
    message: null,
  };
  expect(form.formFields).toEqual([
    {
      uuid: expect.any(String),
      reference: "plain",
      name: "plain",
      label: "Plain?",
      description: null,
      placeholder: null,
      order: 0,
      formFieldType: { name: "TEXT" },
      formPage: { uuid: first.uuid, reference: "first" },
      options: null,
      validator: null,
      prePopulationKey: null,
      conditionEffect: "SHOW",
      conditionMatch: "ALL",
      formFieldConditions: [],
    },
    {
      uuid: expect.any(String),
      reference: "choice",
      name: "Choice",
      label: "choice?",
      description: "a\nb",
      placeholder: null,
      order: 1,
      formFieldType: { name: "SELECT" },
      formPage: { uuid: second.uuid, reference: "second" },
      options: [
        { value: "x", label: "x" },
        { value: "y", label: "The Y" },
      ],
      validator: { ...none, required: true, message: "Please." },
      prePopulationKey: null,
      conditionEffect: "HIDE",
      conditionMatch: "ANY",
      formFieldConditions: [{ reference: "plain", operator: "EQUALS", value: "café" }],
    },
    expect.objectContaining({ reference: "number", order: 2, validator: { ...none, required: false, minValue: -0.5 } }),
  ]);
});

test("uuids are new in every form", async () => {
  const here = await tenant();
  const input = {
    name: "Form",
    formPages: [page("one")],
    ...fields(field("a", { formPage: "one" }), field("b", { formPage: "one" })),
  };
  const uuids: string[] = [];
  for (let form = 0; form < 2; form++) {
    const { userDataForm } = (await here.admin.ask(operations.CreateUserDataForm!, { input })).createUserDataForm;
    uuids.push(...[userDataForm, ...userDataForm.formPages, ...userDataForm.formFields].map(({ uuid }) => uuid));
  }
  expect(new Set(uuids).size).toBe(8);
});
