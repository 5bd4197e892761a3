import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { harness, type Answer, type Caller } from "../harness/index.js";
import {
  ANSWERING,
  anything,
  filledIn,
  type Form,
  type Given,
  hasOptions,
  jsonText,
  MISTAKES,
  mistaken,
  possible,
  ruled,
  tangle,
  TYPES,
} from "./arbitraries.js";
import {
  type Answers,
  clears,
  type Definition,
  evaluation,
  type Field,
  inCircles,
  incomplete,
  isAnswer,
  keepsRules,
  kept,
} from "./second-evaluation.js";

/*
 * Random forms and answers, judged by the server and by a second evaluation that knows only the descriptions. A failure
 * prints its seed and the smallest form that shows it.
 */

const { tenant, url } = await harness();
const here = await tenant();
const { admin } = here;
const PROFILE = { title: "Dr", forename: "Ida", surname: "Byron", username: null, contactEmail: "ida@example.com" };
const investor = await here.user(PROFILE);
/** A failure is shrunk for so long, and then told as far as it is. */
fc.configureGlobal({ interruptAfterTimeLimit: 120_000, markInterruptAsFailure: true });
const PATIENCE = 240_000;

const ERRORS = "errors { code field }";
const IMPLEMENTATION = `formImplementation { ...Answers }`;
const ANSWERS = `fragment Answers on UserFormImplementation { id status completedAt progress
  formFieldAnswers { value formField { reference } } hiddenFieldAnswers { value formField { reference } } }`;
const CREATE = `mutation ($input: CreateUserDataFormInput!) { payload: createUserDataForm(input: $input) { ${ERRORS}
  userDataForm { id uuid formFields { uuid reference } formPages { uuid } formSettings { value } } } }`;
const UPDATE = `mutation ($input: UpdateUserDataFormInput!) { payload: updateUserDataForm(input: $input) { ${ERRORS}
  userDataForm { stagedRevision { formFields { uuid reference } } } } }`;
const PUBLISH = `mutation ($input: PublishFormInput!) { payload: publishForm(input: $input) { ${ERRORS} } }`;
const ENABLE = `mutation ($input: UpdateUserDataFormStateInput!) { payload: updateUserDataFormState(input: $input) { ${ERRORS} } }`;
const GIVE = `mutation ($input: CreateUserDataFormImplementationInput!) {
  payload: createUserDataFormImplementation(input: $input) { ${ERRORS} ${IMPLEMENTATION} } } ${ANSWERS}`;
const SAVE = `mutation ($input: SaveFormAnswersInput!) { payload: saveFormAnswers(input: $input) { ${ERRORS} ${IMPLEMENTATION} } } ${ANSWERS}`;
const COMPLETE = `mutation ($input: CompleteFormImplementationInput!) {
  payload: completeFormImplementation(input: $input) { ${ERRORS} ${IMPLEMENTATION} } } ${ANSWERS}`;
const READ = `query ($id: ID!) { node(id: $id) { ...Answers } } ${ANSWERS}`;

interface Payload {
  errors: { code: string; field: string[] | null }[];
  [object: string]: any;
}

/** As "code path", in one order. */
const refusals = ({ errors }: Payload): string[] =>
  errors.map(({ code, field }) => `${code} ${field?.join(".") ?? "-"}`).toSorted();

async function write(caller: Caller, document: string, input: object): Promise<Payload> {
  return (await caller.ask(document, { input })).payload;
}

/** A write that has to succeed. */
async function wrote(caller: Caller, document: string, input: object): Promise<Payload> {
  const payload = await write(caller, document, input);
  expect(refusals(payload)).toEqual([]);
  return payload;
}

/** A request whose input is this text, whatever it is. */
async function sendText(caller: Caller, document: string, input: string): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/graphql-response+json",
      authorization: `Bearer ${caller.token}`,
    },
    body: `{"query":${JSON.stringify(document)},"variables":{"input":${input}}}`,
  });
  const body = await response.text();
  return { status: response.status, headers: response.headers, statements: 0, body, ...JSON.parse(body) };
}

/** A form that can be filled in, and reference -> uuid of its fields. */
async function offered(
  form: Definition,
  caller = admin,
): Promise<{ id: string; uuid: string; fields: Map<string, string>; pages: string[] }> {
  const { userDataForm } = await wrote(caller, CREATE, { name: "Random", ...form });
  const formId = userDataForm.id;
  await wrote(caller, PUBLISH, { formId });
  await wrote(caller, ENABLE, { formId, enablement: "ENABLED" });
  const fields = userDataForm.formFields.map(({ reference, uuid }: { reference: string; uuid: string }) => [
    reference,
    uuid,
  ]);
  return {
    id: formId,
    uuid: userDataForm.uuid,
    fields: new Map(fields),
    pages: userDataForm.formPages.map((page: { uuid: string }) => page.uuid),
  };
}

const given = async (formId: string, caller = investor): Promise<Record<string, any>> =>
  (await wrote(caller, GIVE, { formId })).formImplementation;

/** An implementation as the second evaluation describes it. */
function seen({ progress, formFieldAnswers, hiddenFieldAnswers }: Record<string, any>): object {
  const entries = (answers: any[]) => answers.map(({ value, formField }) => [formField.reference, value]);
  return { progress, formFieldAnswers: entries(formFieldAnswers), hiddenFieldAnswers: entries(hiddenFieldAnswers) };
}

const fieldOf = (form: Definition, reference: string): Field =>
  form.formFields.find((field) => field.reference === reference)!;

/** The answers that the profile has already. */
const copied = ({ formFields }: Definition): Answers =>
  new Map(
    formFields.flatMap((field) => {
      const value =
        field.prePopulationKey && (PROFILE as Record<string, unknown>)[field.prePopulationKey.replace("user.", "")];
      return isAnswer(field, value ?? null) ? [[field.reference, value]] : [];
    }),
  );

/** The answers after these; those of them that are none, by their place. */
function after(form: Definition, answers: Answers, save: Given[]): { answers: Answers; wrong: number[] } {
  const all = new Map(answers);
  const wrong: number[] = [];
  for (const [index, { reference, value }] of save.entries()) {
    if (clears(value)) all.delete(reference);
    else if (isAnswer(fieldOf(form, reference), value)) all.set(reference, kept(value));
    else wrong.push(index);
  }
  return { answers: wrong.length > 0 ? answers : all, wrong };
}

describe("Random forms", () => {
  test(
    "answers: which are taken, which are visible, how far they are, and what completing refuses",
    async () => {
      const met = { completed: 0, refused: 0, wrong: 0, hidden: 0 };
      const check = async ({ form, saves }: { form: Definition; saves: Given[][] }): Promise<void> => {
        const { id: formId, fields } = await offered(form);
        const implementation = await given(formId);
        const implementationId = implementation.id;
        let answers = copied(form);
        let status = "ASSIGNED";
        expect({ ...seen(implementation), status: implementation.status }).toEqual({
          ...evaluation(form, answers),
          status,
        });

        const save = async (values: Given[]): Promise<void> => {
          const input = values.map(({ reference, value }) => ({ fieldUuid: fields.get(reference), value }));
          const payload = await write(investor, SAVE, { implementationId, answers: input });
          const next = after(form, answers, values);
          expect(refusals(payload)).toEqual(
            next.wrong.map((index) => `ANSWER_INVALID input.answers.${index}.value`).toSorted(),
          );
          if (next.wrong.length > 0) {
            met.wrong++;
            return;
          }
          ({ answers } = next);
          if (values.some(({ value }) => !clears(value))) status = "IN_PROGRESS";
          const { formImplementation } = payload;
          expect({ ...seen(formImplementation), status: formImplementation.status }).toEqual({
            ...evaluation(form, answers),
            status,
          });
        };
        /** What is missing or wrong after an attempt to complete. */
        const complete = async (): Promise<Field[]> => {
          const payload = await write(investor, COMPLETE, { implementationId });
          const wrong = incomplete(form, answers);
          const paths = wrong.map(
            ({ reference }) => `ANSWER_INVALID input.implementationId.formFieldAnswers.${reference}`,
          );
          expect(refusals(payload)).toEqual(paths.toSorted());
          if (wrong.length > 0) met.refused++;
          return wrong;
        };

        for (const values of saves) await save(values);
        // Right answers to what was refused may show fields that ask in their turn.
        for (let wrong = await complete(); wrong.length > 0; wrong = await complete()) {
          const right = wrong.map(
            (field) => [field.reference, possible(field).find((answer) => keepsRules(field, kept(answer)))] as const,
          );
          if (right.some(([, value]) => value === undefined)) return;
          await save(right.map(([reference, value]) => ({ reference, value })));
        }
        const { node } = await investor.ask(READ, { id: implementationId });
        expect(node).toMatchObject({ status: "COMPLETED", completedAt: expect.any(String) });
        expect(seen(node)).toEqual(evaluation(form, answers));
        met.completed++;
        if (evaluation(form, answers).hiddenFieldAnswers.length > 0) met.hidden++;
        const late = await write(investor, SAVE, { implementationId, answers: [] });
        expect(refusals(late)).toEqual(["ANSWERS_LOCKED input.implementationId"]);
      };
      await fc.assert(fc.asyncProperty(filledIn, check), { numRuns: 60 });
      // A control: all of it was met.
      for (const times of Object.values(met)) expect(times).toBeGreaterThan(0);
    },
    PATIENCE,
  );

  test(
    "rules: how much is answered validly, and exactly which answers completing refuses",
    async () => {
      await fc.assert(
        fc.asyncProperty(ruled, async ({ form, save }) => {
          const { id: formId, fields } = await offered(form);
          const { id: implementationId } = await given(formId);
          const { answers } = after(form, copied(form), save);
          const input = save.map(({ reference, value }) => ({ fieldUuid: fields.get(reference), value }));
          const saved = await wrote(investor, SAVE, { implementationId, answers: input });
          expect(seen(saved.formImplementation)).toEqual(evaluation(form, answers));
          const paths = incomplete(form, answers).map(({ reference }) => `formFieldAnswers.${reference}`);
          expect(refusals(await write(investor, COMPLETE, { implementationId }))).toEqual(
            paths.map((path) => `ANSWER_INVALID input.implementationId.${path}`).toSorted(),
          );
        }),
        { numRuns: 40 },
      );
    },
    PATIENCE,
  );

  test(
    "mistakes: each is named, and nothing else",
    async () => {
      await fc.assert(
        fc.asyncProperty(mistaken, async ({ form: rightful, mistakes }) => {
          const form: Form = { name: "Mistaken", ...structuredClone(rightful) };
          const expected = mistakes.flatMap((name) => MISTAKES[name]!(form));
          const found = refusals(await write(admin, CREATE, form));
          // More than the limits allow may not be looked at any further.
          const limits = expected.filter((refusal) => refusal.startsWith("LIMIT "));
          if (limits.length > 0 && found.length < expected.length) expect(found).toEqual(limits.toSorted());
          else expect(found).toEqual(expected.toSorted());
        }),
        { numRuns: 100 },
      );
    },
    PATIENCE,
  );

  test(
    "conditions that lead anywhere: circles, later pages and strangers are named",
    async () => {
      await fc.assert(
        fc.asyncProperty(tangle, async (form) => {
          const pages = form.formPages?.map(({ reference }) => reference) ?? [];
          const strayed = form.formFields.flatMap((field, index) =>
            field.formFieldConditions!.flatMap(({ reference }, place) => {
              const other = fieldOf(form, reference);
              const later = other && pages.indexOf(other.formPage!) > pages.indexOf(field.formPage!);
              return !other || later
                ? [`INVALID input.formFields.${index}.formFieldConditions.${place}.reference`]
                : [];
            }),
          );
          const circles = inCircles(form).map(
            (field) => `CONDITION_CYCLE input.formFields.${form.formFields.indexOf(field)}.formFieldConditions`,
          );
          expect(refusals(await write(admin, CREATE, { name: "Tangled", ...form }))).toEqual(
            [...strayed, ...circles].toSorted(),
          );
        }),
        { numRuns: 100 },
      );
    },
    PATIENCE,
  );
});

/** The JSON of a text that a request may hold: no key of JavaScript's own, no text that cannot be stored, not very deep. */
function readable(text: string): { value: unknown } | null {
  try {
    const value: unknown = JSON.parse(text);
    return isHarmless(value) ? { value } : null;
  } catch {
    return null;
  }
}

function isHarmless(value: unknown, depth = 0): boolean {
  if (typeof value === "string") return !/[\0\p{Surrogate}]/u.test(value);
  if (typeof value !== "object" || value === null) return true;
  const made: unknown = Object.hasOwn(value, "constructor") && value.constructor;
  const isPoisoned =
    Object.hasOwn(value, "__proto__") || (Object(made) === made && Object.hasOwn(made as object, "prototype"));
  return (
    !isPoisoned &&
    depth < 60 &&
    Object.entries(value)
      .flat()
      .every((part) => isHarmless(part, depth + 1))
  );
}

/** Sees to it that the request was refused as a whole, and as the asker's fault. */
function expectRefused({ status, errors, data, body }: Answer): void {
  if (!errors || data) throw new Error(`Not refused: ${body}`);
  expect([400, 413]).toContain(status);
  for (const { extensions } of errors) expect(["BAD_REQUEST", "BAD_USER_INPUT"]).toContain(extensions.code);
}

/** 1e400 is JSON, but no number of JavaScript's or PostgreSQL's. */
const holdsInfinity = (value: unknown): boolean =>
  value === Infinity ||
  value === -Infinity ||
  (typeof value === "object" && value !== null && Object.values(value).some(holdsInfinity));

const question = (reference: string, formFieldType: string, values: Partial<Field> = {}): Field => ({
  reference,
  label: "?",
  formFieldType,
  options: hasOptions(formFieldType) ? ["red", "green", "blue"].map((value) => ({ value })) : undefined,
  ...values,
});

describe("Any JSON", () => {
  const form: Definition = { formFields: TYPES.map((type) => question(type, type)) };

  test(
    "as an answer: it is of the field's type and comes back, or is refused",
    async () => {
      const { id: formId, fields } = await offered(form);
      const { id: implementationId } = await given(formId);
      const save = (text: string, to: Field[]): Promise<Answer> => {
        const answers = to.map(({ reference }) => `{"fieldUuid":"${fields.get(reference)}","value":${text}}`);
        return sendText(investor, SAVE, `{"implementationId":"${implementationId}","answers":[${answers.join()}]}`);
      };
      await fc.assert(
        fc.asyncProperty(jsonText, async (text) => {
          const json = readable(text);
          const answer = await save(text, form.formFields);
          if (!json) return expectRefused(answer);
          const { value } = json;
          const takers = form.formFields.filter((field) => clears(value) || isAnswer(field, value));
          const wrong = form.formFields.flatMap((field, index) =>
            takers.includes(field) ? [] : [`ANSWER_INVALID input.answers.${index}.value`],
          );
          expect(answer.errors).toBeUndefined();
          expect(refusals(answer.data.payload)).toEqual(wrong.toSorted());
          const { formImplementation, errors } = (await save(text, takers)).data.payload;
          expect(errors).toEqual([]);
          const held = new Map(
            formImplementation.formFieldAnswers.map((one: any) => [one.formField.reference, one.value]),
          );
          const expected = clears(value) ? undefined : kept(value);
          for (const { reference } of takers) expect(held.get(reference)).toEqual(expected);
        }),
        { numRuns: 120 },
      );
    },
    PATIENCE,
  );

  test(
    "as an answer in the document itself: judged as if it were a variable",
    async () => {
      const { id: formId, fields } = await offered(form);
      const { id: implementationId } = await given(formId);
      const save = async (text: string): Promise<string[]> => {
        const answers = form.formFields.map(
          ({ reference }) => `{ fieldUuid: "${fields.get(reference)}", value: ${text} }`,
        );
        const { payload } =
          await investor.ask(`mutation { payload: saveFormAnswers(input: { implementationId: "${implementationId}",
          answers: [${answers.join()}] }) { ${ERRORS} } }`);
        return refusals(payload);
      };
      const value = fc.oneof(
        anything,
        fc.array(anything, { maxLength: 2 }),
        fc.dictionary(fc.constantFrom("a", "value", "toString"), anything, { maxKeys: 2 }),
      );
      await fc.assert(
        fc.asyncProperty(value, async (one) => {
          const answers = form.formFields.map(({ reference }) => ({ fieldUuid: fields.get(reference), value: one }));
          expect(await save(literal(one))).toEqual(
            refusals(await write(investor, SAVE, { implementationId, answers })),
          );
        }),
        { numRuns: 25 },
      );
      // What JSON has no value for, and what JavaScript has of its own.
      for (const text of ["1e400", "-1e400", "[1e400]", "{__proto__: {}}", "{constructor: {prototype: 1}}"]) {
        expect(await save(text)).toEqual(
          TYPES.map((_type, index) => `ANSWER_INVALID input.answers.${index}.value`).toSorted(),
        );
      }
    },
    PATIENCE,
  );

  test(
    "in a definition: what a condition compares with is an answer, what is set comes back",
    async () => {
      // All conditions together are below the 100 kB of a definition.
      const shortText = jsonText.filter((text) => text.length <= 1_500);
      const conditional = ANSWERING.flatMap((type) =>
        (["EQUALS", "NOT", "IN"] as const).map((operator) => ({ type, operator })),
      );
      await fc.assert(
        fc.asyncProperty(shortText, async (text) => {
          const json = readable(text);
          const set = await sendText(admin, CREATE, `{"name":"Set","formSettings":[{"name":"any","value":${text}}]}`);
          const asked = conditional.map(({ type, operator }, index) => {
            const value = operator === "IN" ? `["red",${text}]` : text;
            return `{"reference":"c${index}","label":"?","formFieldType":"STATIC",
              "formFieldConditions":[{"reference":"${type}","operator":"${operator}","value":${value}}]}`;
          });
          const fields = [...form.formFields.map((field) => JSON.stringify(field)), ...asked];
          const compared = await sendText(admin, CREATE, `{"name":"Compared","formFields":[${fields.join()}]}`);
          if (!json) return [set, compared].forEach(expectRefused);
          const { value } = json;
          const isStored = !holdsInfinity(value);
          expect(set.errors ?? refusals(set.data.payload)).toEqual(
            isStored ? [] : ["INVALID input.formSettings.0.value"],
          );
          const asSet = [{ value: JSON.parse(JSON.stringify(value)) }];
          if (isStored) expect(set.data.payload.userDataForm.formSettings).toEqual(asSet);
          const wrong = conditional.flatMap(({ type, operator }, index) => {
            const single = question("one", type === "MULTI_SELECT" ? "SELECT" : type);
            const isRight = (operator === "IN" ? ["red", value] : [value]).every((one) => isAnswer(single, one));
            return isRight
              ? []
              : [`INVALID input.formFields.${form.formFields.length + index}.formFieldConditions.0.value`];
          });
          expect(compared.errors ?? refusals(compared.data.payload)).toEqual(wrong.toSorted());
        }),
        { numRuns: 60 },
      );
    },
    PATIENCE,
  );
});

/** A value as it stands in a document. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${key}:${literal(item)}`)
    .join()}}`;
}

describe("Fields of elsewhere", () => {
  test(
    "another form's, another revision's, another tenant's and no field at all never pass",
    async () => {
      const there = await tenant();
      const text = (reference: string): Field => question(reference, "TEXT");
      const pages = { formPages: [{ reference: "p", name: "Page" }] };
      const onPage = (reference: string): Field => ({ ...text(reference), formPage: "p" });
      const first = await offered({ ...pages, formFields: [onPage("stays"), onPage("goes")] });
      const early = await given(first.id);
      const { userDataForm } = await wrote(admin, UPDATE, {
        formId: first.id,
        formFields: [onPage("stays"), onPage("comes")],
      });
      const staged: Record<string, any>[] = userDataForm.stagedRevision.formFields;
      await wrote(admin, PUBLISH, { formId: first.id });
      const comes = staged.find(({ reference }) => reference === "comes")!.uuid;
      const other = await here.user();
      const late = await given(first.id, other);
      const second = await offered({ formFields: [text("stays"), text("goes")] });
      await given(second.id);
      const foreign = await offered({ formFields: [text("stays"), text("goes")] }, there.admin);
      const [stays, goes] = [first.fields.get("stays")!, first.fields.get("goes")!];
      const strangers = [...second.fields.values(), ...foreign.fields.values(), first.uuid, ...first.pages, uuidv7()];
      const sides = [
        { caller: investor, implementationId: early.id, own: [stays, goes] },
        { caller: other, implementationId: late.id, own: [stays, comes] },
      ];
      const uuids = [stays, goes, comes, ...strangers];
      const chosen = fc.record({
        side: fc.constantFrom(...sides),
        asked: fc.uniqueArray(fc.constantFrom(...uuids), { minLength: 1, maxLength: 4 }),
        value: fc.oneof(fc.constantFrom(null, "", 1, {}), fc.string()),
      });
      await fc.assert(
        fc.asyncProperty(chosen, async ({ side: { caller, implementationId, own }, asked, value }) => {
          const answers = asked.map((fieldUuid) => ({ fieldUuid, value }));
          const payload = await write(caller, SAVE, { implementationId, answers });
          const isRight = clears(value) || isAnswer(text("any"), value);
          const wrong = asked.flatMap((uuid, index) => {
            if (!own.includes(uuid)) return [`NOT_FOUND input.answers.${index}.fieldUuid`];
            return isRight ? [] : [`ANSWER_INVALID input.answers.${index}.value`];
          });
          expect(refusals(payload)).toEqual(wrong.toSorted());
          const { node } = await caller.ask(READ, { id: implementationId });
          expect(node.hiddenFieldAnswers).toEqual([]);
          const held = new Map(node.formFieldAnswers.map((one: any) => [one.formField.reference, one.value]));
          const names = own.map((uuid) => (uuid === stays ? "stays" : uuid === goes ? "goes" : "comes"));
          for (const name of held.keys()) expect(names).toContain(name);
          if (wrong.length > 0) return;
          for (const uuid of asked)
            expect(held.get(names[own.indexOf(uuid)])).toEqual(clears(value) ? undefined : kept(value));
        }),
        { numRuns: 60 },
      );
    },
    PATIENCE,
  );
});

describe("Patterns that block others", () => {
  const lines = (letters: string): Record<string, string> => ({
    letters,
    marked: `${letters}!`,
    other: `${letters}!?`,
  });
  const SHORT = lines("a".repeat(120));
  const LONG = lines("a".repeat(9_990));
  // For an engine that tries one way after the other each would take longer than the universe is old.
  const PATTERNS: [pattern: string, letters: boolean, marked: boolean][] = [
    ["((a+)+)+$", true, false],
    ["(a|aa)+$", true, false],
    ["(.*a){25}", true, false],
    ["(a*)*b", false, false],
    ["(((((a*)*)*)*)*)*!", false, true],
    ["(a|a?)+!", false, true],
    ["(a?){40}a{40}", false, false],
    ["(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^a!?]", false, false],
    ["(.|a|\\w|[a-z]|\\p{L})*!", false, true],
    ["^(([a-z])+.)+[A-Z]([a-z])+$", false, false],
    ["([a-zA-Z]+)*\\d", false, false],
    ["(?:a|b|ab|ba|aab)*c", false, false],
    ["(\\w+\\s?)*", true, false],
    ["(?i)(?:A+A+)+!?", true, true],
    ["(?:(?:a{1,9}){1,9}){1,9}", false, false],
    ["(((a{10}){10}){10}){10}", false, false],
    ["(a+)\\1+", true, false],
    ["(?=(a+))*!", false, true],
    ["(?>a+)+!", false, true],
    ["(?:a++)*+!", false, true],
  ];

  test(
    "each is refused, or is evaluated while others are answered",
    async () => {
      const taken: string[] = [];
      for (const [pattern, ...matches] of PATTERNS) {
        for (const [texts, maxLength] of [
          [LONG, null],
          [SHORT, 150],
        ] as const) {
          const lineOf = (line: string): Field => question(line, "TEXT", { validator: { pattern, maxLength } });
          const form: Definition = { formFields: Object.keys(texts).map(lineOf) };
          const problems = refusals(await write(admin, CREATE, { name: "Evil", ...form }));
          if (problems.length > 0) {
            expect(problems).toContain("INVALID_VALIDATOR input.formFields.0.validator.pattern");
            continue;
          }
          taken.push(pattern);
          const { id: formId, fields } = await offered(form);
          const { id: implementationId } = await given(formId);
          const answers = Object.entries(texts).map(([line, value]) => ({ fieldUuid: fields.get(line), value }));
          const [, { me }] = await Promise.all([
            wrote(investor, SAVE, { implementationId, answers }),
            admin.ask("{ me { guid } }"),
          ]);
          expect(me.guid).toBe(admin.guid);
          const wrong = Object.keys(texts).filter((_line, index) => !matches[index]);
          const refused = wrong.map((line) => `ANSWER_INVALID input.implementationId.formFieldAnswers.${line}`);
          const found = refusals(await write(investor, COMPLETE, { implementationId }));
          expect({ pattern, found }).toEqual({ pattern, found: refused });
        }
      }
      expect(taken).toEqual(expect.arrayContaining(["((a+)+)+$", "(a|aa)+$", "(.*a){25}"]));
    },
    PATIENCE,
  );
});

describe("Conditions that block others", () => {
  /** Each shown by the four before it: more ways from the last to the first than could be walked. */
  const formFields = Array.from({ length: 200 }, (_, index): Field => {
    const before = [1, 2, 3, 4].map((back) => index - back).filter((other) => other >= 0);
    const formFieldConditions = before.map((other) => ({ reference: `f${other}`, operator: "ANSWERED" as const }));
    return question(`f${index}`, "CHECKBOX", { formFieldConditions });
  });

  test("a form of many ways is evaluated", async () => {
    const { id: formId, fields } = await offered({ formFields });
    const { id: implementationId } = await given(formId);
    const save = async (values: unknown[]): Promise<Record<string, any>> => {
      const answers = values.map((value, index) => ({ fieldUuid: fields.get(`f${index}`), value }));
      return (await wrote(investor, SAVE, { implementationId, answers })).formImplementation;
    };
    const all = formFields.map(() => true);
    expect((await save(all)).hiddenFieldAnswers).toEqual([]);
    // Without the first no other is asked.
    expect((await save([null])).hiddenFieldAnswers).toHaveLength(199);
    expect(await save([false])).toMatchObject({ progress: 100, hiddenFieldAnswers: [] });
  });

  test("a circle of many ways is named", async () => {
    // No more than a payload names.
    const [first, ...rest] = formFields.slice(0, 90);
    const closed = { ...first!, formFieldConditions: [{ reference: "f89", operator: "ANSWERED" as const }] };
    const circle = [closed, ...rest];
    const found = refusals(await write(admin, CREATE, { name: "Closed", formFields: circle }));
    expect(found).toEqual(
      circle.map((_field, index) => `CONDITION_CYCLE input.formFields.${index}.formFieldConditions`).toSorted(),
    );
  });
});
