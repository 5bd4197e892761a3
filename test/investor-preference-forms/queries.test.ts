import { PERMISSIONS, type Permission } from "../../src/access/index.js";
import { EnforcementType, FormEnablement, FormState, FormTypeName } from "../../src/forms/index.js";
import { harness, operations, problems, type Caller, type TestForm } from "../harness/index.js";
import { UNKNOWN } from "../user-groups/family.js";
import { walk } from "../user-groups/walk.js";
import { cast, type Cast } from "./cast.js";

const server = await harness();
const { tenant } = server;
const BY_KEY = "query ($id: ID, $uuid: UUID) { investorPreferenceForm(id: $id, uuid: $uuid) { uuid } }";

/** Every way to come upon one form: does the caller see it? */
const WAYS: Record<string, (caller: Caller, form: TestForm) => Promise<boolean>> = {
  "investorPreferenceForm(uuid)": async (caller, { uuid }) =>
    (await caller.ask(BY_KEY, { uuid })).investorPreferenceForm !== null,
  "investorPreferenceForm(id)": async (caller, { id }) =>
    (await caller.ask(BY_KEY, { id })).investorPreferenceForm !== null,
  "investorPreferenceForm(id) with the uuid": async (caller, { uuid }) =>
    (await caller.ask(BY_KEY, { id: uuid })).investorPreferenceForm !== null,
  node: async (caller, { id }) => (await caller.ask("query ($id: ID!) { node(id: $id) { id } }", { id })).node !== null,
  "_entities by uuid": (caller, { uuid }) => entity(caller, { uuid }),
  "_entities by id": (caller, { id }) => entity(caller, { id }),
};

async function entity(caller: Caller, key: object): Promise<boolean> {
  const document = "query ($of: [_Any!]!) { _entities(representations: $of) { ... on InvestorPreferenceForm { id } } }";
  const { _entities } = await caller.ask(document, { of: [{ __typename: "InvestorPreferenceForm", ...key }] });
  return _entities[0] !== null;
}

/** Whoever holds one of these works with forms. */
const SEEING: Permission[] = ["forms.read", "forms.write", "submissions.read"];
const NOT_SEEING = PERMISSIONS.filter((permission) => !SEEING.includes(permission));

/** Who sees a form that is REQUIRED of the holders of a label, and who sees it once it is disabled. */
const VIEWERS: [who: string, sees: boolean, disabled: boolean, (of: Cast) => Caller | Promise<Caller>][] = [
  ["the administrator", true, true, ({ here }) => here.admin],
  ["an internal member with forms.read", true, true, ({ here }) => here.internal(["forms.read"])],
  ["an internal member with forms.write", true, true, ({ here }) => here.internal(["forms.write"])],
  ["an internal member with submissions.read", true, true, ({ here }) => here.internal(["submissions.read"])],
  ["an internal member without any of them", false, false, ({ here }) => here.internal(NOT_SEEING)],
  ["a service with forms.read", true, true, ({ here }) => here.service("forms.read")],
  ["a service with forms.write", true, true, ({ here }) => here.service("forms.write")],
  ["a service with submissions.read", true, true, ({ here }) => here.service("submissions.read")],
  ["a service without any of them", false, false, ({ here }) => here.service(...NOT_SEEING)],
  ["an investor whom it is for", true, false, ({ holder }) => holder],
  ["an internal user in that investor's session", true, false, ({ here, holder }) => here.actingAs(here.admin, holder)],
  ["an investor whom it was for until a second ago", false, false, ({ former }) => former],
  ["an investor whom others are for", false, false, ({ stranger }) => stranger],
  ["an investor whom it is not for, but who was given it", true, true, ({ given }) => given],
  ["a lead of an investor whom it is for", false, false, ({ lead }) => lead],
  ["an entrepreneur", false, false, ({ entrepreneur }) => entrepreneur],
  ["another tenant's administrator", false, false, async () => (await tenant()).admin],
];

describe.each(VIEWERS)("%s sees the form: %s; once it is disabled: %s", (_who, sees, disabled, callerOf) => {
  test.each(Object.keys(WAYS))("by %s", async (way) => {
    const of = await cast(server);
    const caller = await callerOf(of);
    expect(await WAYS[way]!(caller, of.form)).toBe(sees);
    const input = { formId: of.form.id, enablement: "DISABLED" };
    expect(await of.here.refusals(of.here.admin, operations.UpdateInvestorPreferenceFormState!, input)).toEqual([]);
    expect(await WAYS[way]!(caller, of.form)).toBe(disabled);
  });
});

describe("investorPreferenceForm", () => {
  test("is there for every investor when it is for no classification in particular", async () => {
    const { here, holder, former, stranger, lead, entrepreneur } = await cast(server);
    const { uuid } = await here.preferenceForm();
    const seen = async (caller: Caller) => (await caller.ask(BY_KEY, { uuid })).investorPreferenceForm !== null;
    for (const investor of [holder, former, stranger, lead]) expect(await seen(investor)).toBe(true);
    expect(await seen(entrepreneur)).toBe(false);
  });

  test("tells of whom it asks, how much it insists, and whether answers may be changed", async () => {
    const { here, label, otherLabel, holder } = await cast(server);
    const { uuid } = await here.preferenceForm({
      classifications: [otherLabel, label],
      enforcementType: EnforcementType.RECOMMENDED,
      editable: true,
    });
    const document = `query ($uuid: UUID!) { investorPreferenceForm(uuid: $uuid) {
      enforcementType editable state enablement classifications { totalCount nodes { id name } } stagedRevision { number } } }`;
    for (const caller of [here.admin, holder]) {
      expect((await caller.ask(document, { uuid })).investorPreferenceForm).toEqual({
        enforcementType: "RECOMMENDED",
        editable: true,
        state: "PUBLISHED",
        enablement: "ENABLED",
        classifications: {
          totalCount: 2,
          nodes: [
            { id: label.id, name: "Professional" },
            { id: otherLabel.id, name: "Sophisticated" },
          ],
        },
        stagedRevision: null,
      });
    }
  });

  test("its classifications are walked both ways", async () => {
    const here = await tenant();
    const names = Array.from({ length: 7 }, (_, index) => `Label ${index}`);
    const classifications = [];
    for (const name of names) classifications.push(await here.classification(name));
    const { uuid } = await here.preferenceForm({ classifications });
    const document = `query ($uuid: UUID, $first: Int, $after: String, $last: Int, $before: String) {
      investorPreferenceForm(uuid: $uuid) { classifications(first: $first, after: $after, last: $last, before: $before) {
        totalCount edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
    for (const size of [1, 3, 7]) {
      for (const backward of [false, true]) {
        const list = (data: any) => data.investorPreferenceForm.classifications;
        const edges = await walk(here.admin, document, { uuid }, list, { size, backward });
        expect(edges.map(({ node }: any) => node.name)).toEqual(names);
      }
    }
  });

  test("wants exactly one key, of a preference form", async () => {
    const { here, form } = await cast(server);
    const other = await here.form();
    const both = { id: form.id, uuid: form.uuid };
    for (const keys of [{}, { id: null, uuid: null }, both, { id: other.id }, { id: "x" }, { id: here.admin.id }]) {
      expect(problems(await here.admin.send(BY_KEY, keys))).toEqual(["BAD_USER_INPUT id"]);
    }
  });

  test("is null for a form of the other kind, and for none", async () => {
    const { here } = await cast(server);
    for (const uuid of [(await here.form()).uuid, UNKNOWN]) {
      expect(await here.admin.ask(BY_KEY, { uuid })).toEqual({ investorPreferenceForm: null });
    }
  });

  test("of a draft and an archived one, investors see what they were given alone", async () => {
    const { here, holder } = await cast(server);
    const draft = await here.preferenceForm({ state: FormState.DRAFT });
    const archived = await here.preferenceForm({ state: FormState.ARCHIVED });
    const seen = async ({ uuid }: TestForm) => (await holder.ask(BY_KEY, { uuid })).investorPreferenceForm !== null;
    expect([await seen(draft), await seen(archived)]).toEqual([false, false]);
    await here.implementation(holder, archived);
    expect([await seen(draft), await seen(archived)]).toEqual([false, true]);
  });
});

describe("investorPreferenceForms", () => {
  const LIST = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: InvestorPreferenceFormFilter, $orderBy: UserFormOrder) {
    investorPreferenceForms(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
      totalCount edges { cursor node { uuid } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
  const list = (data: any) => data.investorPreferenceForms;
  const uuids = async (caller: Caller, variables: object = {}): Promise<string[]> => {
    const { totalCount, edges } = list(await caller.ask(LIST, { first: 100, ...variables }));
    expect(totalCount).toBe(edges.length);
    return edges.map(({ node }: any) => node.uuid);
  };

  test("is for who holds forms.read, and for nobody else", async () => {
    const here = await tenant();
    for (const permission of PERMISSIONS) {
      for (const caller of [
        await here.service(permission),
        await here.internal([permission]),
        await here.internal([permission], { administrator: true }),
      ]) {
        expect(problems(await caller.send(LIST))).toEqual(permission === "forms.read" ? [] : ["FORBIDDEN"]);
      }
    }
  });

  test("is closed to investors, leads and entrepreneurs", async () => {
    const { here, holder, lead, entrepreneur } = await cast(server);
    for (const caller of [holder, lead, entrepreneur, await here.actingAs(here.admin, holder)]) {
      expect(problems(await caller.send(LIST))).toEqual(["FORBIDDEN"]);
    }
  });

  /** Two dozen forms of all sorts; what they are is told in the order of their making. */
  async function many() {
    const here = await tenant();
    const labels = [await here.classification("One"), await here.classification("Two")];
    const forms = [];
    for (let i = 0; i < 24; i++) {
      const state = [FormState.PUBLISHED, FormState.PUBLISHED, FormState.DRAFT, FormState.ARCHIVED][i % 4]!;
      const row = {
        name: `${["Älpha", "beta", "Γ 100%", "délta"][(i * 5) % 4]} ${i % 3}`,
        state,
        enablement: state === FormState.PUBLISHED && i % 8 < 4 ? FormEnablement.ENABLED : FormEnablement.DISABLED,
        formTypeName: Object.values(FormTypeName)[i % 3]!,
        enforcementType: Object.values(EnforcementType)[(i >> 1) % 3]!,
        createdAt: `2024-03-1${i % 5}T${i % 2 ? "00:00:00.000" : "23:59:59.999"}Z`,
        classifications: labels.filter((_, index) => (i >> index) % 2 === 1),
      };
      forms.push({ ...row, ...(await here.preferenceForm(row)) });
    }
    // Neither is in the list.
    await here.form();
    await (await tenant()).preferenceForm();
    return { here, labels, forms };
  }
  type Row = Awaited<ReturnType<typeof many>>["forms"][number];

  const has = (row: Row, label: { guid: string }): boolean =>
    row.classifications.some(({ guid }) => guid === label.guid);
  const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  test("finds by each of its filters, by all of them, and by null everything", async () => {
    const { here, labels, forms } = await many();
    const [one, two] = labels as [(typeof labels)[0], (typeof labels)[0]];
    const cases: [filter: object, (row: Row) => boolean][] = [
      [{}, () => true],
      [
        {
          state: null,
          enablement: null,
          formType: null,
          name: null,
          classificationId: null,
          enforcementType: null,
        },
        () => true,
      ],
      ...Object.values(FormState).map((state): [object, (row: Row) => boolean] => [
        { state },
        (row) => row.state === state,
      ]),
      ...Object.values(FormEnablement).map((enablement): [object, (row: Row) => boolean] => [
        { enablement },
        (row) => row.enablement === enablement,
      ]),
      ...Object.values(FormTypeName).map((formType): [object, (row: Row) => boolean] => [
        { formType },
        (row) => row.formTypeName === formType,
      ]),
      ...Object.values(EnforcementType).map((enforcementType): [object, (row: Row) => boolean] => [
        { enforcementType },
        (row) => row.enforcementType === enforcementType,
      ]),
      [{ classificationId: one.id }, (row) => has(row, one)],
      [{ classificationId: two.guid }, (row) => has(row, two)],
      [{ classificationId: UNKNOWN }, () => false],
      [{ name: "ALPHA" }, (row) => plain(row.name).includes("alpha")],
      [{ name: "DÉL" }, (row) => plain(row.name).includes("del")],
      [{ name: "ta 1" }, (row) => plain(row.name).includes("ta 1")],
      [{ name: "0% " }, (row) => row.name.includes("0% ")],
      [{ name: "_" }, () => false],
      [{ name: "" }, () => true],
      [
        { enablement: "ENABLED", enforcementType: "REQUIRED", classificationId: one.id, name: "ta" },
        (row) =>
          row.enablement === FormEnablement.ENABLED &&
          row.enforcementType === EnforcementType.REQUIRED &&
          has(row, one) &&
          row.name.includes("ta"),
      ],
      [{ state: "DRAFT", enablement: "ENABLED" }, () => false],
    ];
    const found = [];
    for (const [filter, condition] of cases) {
      const expected = forms.filter(condition).map(({ uuid }) => uuid);
      expect([filter, (await uuids(here.admin, { filter })).toSorted()]).toEqual([filter, expected.toSorted()]);
      found.push(expected.length);
    }
    // A control: hardly any of them finds nothing.
    expect(found.filter((count) => count === 0)).toHaveLength(3);
  });

  const KEYS: Record<string, (row: Row) => string> = {
    NAME: ({ name }) => plain(name),
    CREATED_AT: ({ createdAt }) => createdAt,
  };
  const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

  test.each(
    Object.keys(KEYS).flatMap((field) => [
      [field, "ASC"],
      [field, "DESC"],
    ]),
  )("is walked by %s %s both ways, each form once", async (field, direction) => {
    const { here, forms } = await many();
    const ascending = forms.toSorted((a, b) => byBytes(KEYS[field]!(a), KEYS[field]!(b)) || byBytes(a.uuid, b.uuid));
    const sorted = (direction === "ASC" ? ascending : ascending.toReversed()).map(({ uuid }) => uuid);
    for (const size of [1, 5, 24]) {
      for (const backward of [false, true]) {
        const edges = await walk(here.admin, LIST, { orderBy: { field, direction } }, list, { size, backward });
        expect(edges.map(({ node }: any) => node.uuid)).toEqual(sorted);
      }
    }
  });

  test("is by name unless told otherwise, 15 at a time", async () => {
    const { here } = await many();
    const byName = await uuids(here.admin, { orderBy: { field: "NAME", direction: "ASC" } });
    expect(await uuids(here.admin)).toEqual(byName);
    expect(await uuids(here.admin, { orderBy: { field: "NAME" } })).toEqual(byName);
    const { edges } = list(await here.admin.ask(LIST));
    expect(edges.map(({ node }: any) => node.uuid)).toEqual(byName.slice(0, 15));
  });

  test("refuses pages that cannot be, and a classification that is none", async () => {
    const { here, label, form } = await cast(server);
    const of = async (variables: object) => problems(await here.admin.send(LIST, variables));
    for (const first of [0, -1, 101]) expect(await of({ first })).toEqual(["BAD_USER_INPUT first"]);
    for (const last of [0, 101]) expect(await of({ last })).toEqual(["BAD_USER_INPUT last"]);
    expect(await of({ first: 1, last: 1 })).toEqual(["BAD_USER_INPUT last"]);
    for (const classificationId of ["", "x", form.id, `${label.id}x`]) {
      expect(await of({ filter: { classificationId } })).toEqual(["BAD_USER_INPUT filter.classificationId"]);
    }
  });

  test("a cursor of one filter is of no use to another", async () => {
    const { here } = await many();
    const { edges } = list(await here.admin.ask(LIST, { first: 1, filter: { enforcementType: "REQUIRED" } }));
    const after = edges[0].cursor;
    for (const filter of [null, { enforcementType: "OPTIONAL" }]) {
      expect(problems(await here.admin.send(LIST, { first: 1, after, filter }))).toEqual(["BAD_USER_INPUT after"]);
    }
  });
});
