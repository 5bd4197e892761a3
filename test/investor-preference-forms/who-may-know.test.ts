import { PERMISSIONS } from "../../src/access/index.js";
import { UserStatus, UserType } from "../../src/users/index.js";
import { harness, problems, type Caller, type Person } from "../harness/index.js";
import { walk } from "../user-groups/walk.js";
import { cast, completed, gate, preferences, PREFERENCES, type Cast, type Preferences } from "./cast.js";

const server = await harness();

const FRAGMENT = PREFERENCES.slice(PREFERENCES.indexOf("fragment"));

/** Every way to come upon a user, and what is asked of them. */
const WAYS: Record<string, (caller: Caller, user: Person) => Promise<Preferences>> = {
  user: preferences,
  node: async (caller, { id }) =>
    (await caller.ask(`query ($id: ID!) { node(id: $id) { ...Preferences } } ${FRAGMENT}`, { id })).node,
  _entities: async (caller, { guid }) => {
    const document = `query ($of: [_Any!]!) { _entities(representations: $of) { ...Preferences } } ${FRAGMENT}`;
    return (await caller.ask(document, { of: [{ __typename: "User", guid }] }))._entities[0];
  },
};

const NOTHING = { preferenceGate: null, enabledInvestorPreferenceForms: { totalCount: 0, edges: [] } };

type Known = "nothing" | "the gate" | "the gate and the answers";

/** What a caller is told of the holder, who has one REQUIRED form open. */
const VIEWERS: [who: string, Known, (of: Cast) => Caller | Promise<Caller>][] = [
  ["the investor", "the gate and the answers", ({ holder }) => holder],
  [
    "an internal user in their session",
    "the gate and the answers",
    ({ here, holder }) => here.actingAs(here.admin, holder),
  ],
  ["the administrator", "the gate and the answers", ({ here }) => here.admin],
  ["the internal member whose client they are", "the gate and the answers", ({ advisor }) => advisor],
  ["another internal member", "the gate", ({ colleague }) => colleague],
  ["staff with forms.read", "the gate", ({ here }) => here.internal(["users.read", "forms.read"])],
  ["staff with forms.write", "the gate", ({ here }) => here.internal(["users.read", "forms.write"])],
  [
    "staff with all but what forms need",
    "nothing",
    ({ here }) =>
      here.internal(
        PERMISSIONS.filter((one) => !/forms|submissions/.test(one)),
        { administrator: true },
      ),
  ],
  ["a service with users.read", "nothing", ({ here }) => here.service("users.read")],
  ["a service with forms.read too", "the gate", ({ here }) => here.service("users.read", "forms.read")],
  ["a service with forms.write too", "the gate", ({ here }) => here.service("users.read", "forms.write")],
  [
    "a service with submissions.read too",
    "the gate and the answers",
    ({ here }) => here.service("users.read", "submissions.read"),
  ],
  ["the lead of their group", "nothing", ({ lead }) => lead],
  ["an internal user in the lead's session", "nothing", ({ here, lead }) => here.actingAs(here.admin, lead)],
];

describe.each(VIEWERS)("%s is told %s", (_who, known, callerOf) => {
  test("by the forms alone, and by their number alone", async () => {
    const of = await cast(server);
    const caller = await callerOf(of);
    const document = `query ($guid: UUID!) { user(guid: $guid) {
      forms: enabledInvestorPreferenceForms(last: 15) { nodes { uuid } } number: enabledInvestorPreferenceForms { totalCount } } }`;
    const { user } = await caller.ask(document, { guid: of.holder.guid });
    const forms = known === "nothing" ? [] : [{ uuid: of.form.uuid }];
    expect(user).toEqual({ forms: { nodes: forms }, number: { totalCount: forms.length } });
  });

  test.each(Object.keys(WAYS))("by %s", async (way) => {
    const of = await cast(server);
    const { form, label, holder } = of;
    const { uuid } = await of.here.implementation(holder, form);
    const told = await WAYS[way]!(await callerOf(of), holder);
    if (known === "nothing") {
      expect(told).toEqual({ guid: holder.guid, ...NOTHING });
      return;
    }
    const answered = known === "the gate" ? null : { uuid, status: "ASSIGNED" };
    expect(told).toEqual({
      guid: holder.guid,
      preferenceGate: { blocked: true, validUntil: null, outstanding: { totalCount: 1, nodes: [{ uuid: form.uuid }] } },
      enabledInvestorPreferenceForms: {
        totalCount: 1,
        edges: [
          {
            blocking: true,
            matchedClassifications: [{ id: label.id }],
            implementation: answered,
            node: { uuid: form.uuid },
          },
        ],
      },
    });
  });
});

test("in a list of users each is known or not for themselves: a lead knows their own gate alone", async () => {
  const { here, lead, holder, form } = await cast(server);
  await here.preferenceForm();
  const document = `{ users(first: 50) { nodes { ...Preferences } } } ${FRAGMENT}`;
  const { nodes } = (await lead.ask(document)).users as { nodes: Preferences[] };
  expect(nodes).toHaveLength(2);
  for (const one of nodes) {
    if (one.guid === holder.guid) expect(one).toMatchObject(NOTHING);
    else expect(one.preferenceGate).toMatchObject({ blocked: true, outstanding: { totalCount: 1 } });
  }
  expect(JSON.stringify(nodes)).not.toContain(form.uuid);
});

test("me is told the same as the user, and in an impersonated session the user's", async () => {
  const { here, holder } = await cast(server);
  const document = `{ me { ...Preferences } } ${FRAGMENT}`;
  const own = (await holder.ask(document)).me;
  expect(own).toEqual(await preferences(here.admin, holder));
  expect((await (await here.actingAs(here.admin, holder)).ask(document)).me).toEqual(own);
  expect(own.preferenceGate.blocked).toBe(true);
});

const OPEN = { blocked: false, validUntil: null, outstanding: { totalCount: 0, nodes: [] } };

test("entrepreneurs and staff are asked nothing and never blocked, whatever label they hold", async () => {
  const { here, entrepreneur, advisor, label, form } = await cast(server);
  await here.preferenceForm();
  for (const user of [entrepreneur, advisor, here.admin]) {
    await here.classify(user, label);
    await here.implementation(user, form);
    for (const caller of [user, here.admin]) {
      expect(await preferences(caller, user)).toMatchObject({ ...NOTHING, preferenceGate: OPEN });
    }
  }
});

test("investors are asked whatever the state of their account, but not once they are revoked", async () => {
  const { here, label } = await cast(server);
  for (const status of Object.values(UserStatus)) {
    const user = await here.user({ status });
    await here.classify(user, label);
    const revoked = status === UserStatus.REVOKED;
    expect(await preferences(here.admin, user)).toMatchObject({
      preferenceGate: { blocked: !revoked, outstanding: { totalCount: revoked ? 0 : 1 } },
      enabledInvestorPreferenceForms: { totalCount: revoked ? 0 : 1 },
    });
  }
});

test("a user's type and standing are what they are now", async () => {
  const { here, holder } = await cast(server);
  const { database } = server;
  expect((await gate(here, holder)).blocked).toBe(true);
  for (const [type, blocked] of [
    [UserType.ENTREPRENEUR, false],
    [UserType.INVESTOR, true],
  ] as const) {
    await database.sql("UPDATE users SET type = $1 WHERE tenant_id = $2 AND id = $3", [type, here.id, holder.guid]);
    expect((await gate(here, holder)).blocked).toBe(blocked);
  }
});

test("another tenant's user is not there to be asked about", async () => {
  const { holder } = await cast(server);
  const { here } = await cast(server);
  expect(await preferences(here.admin, holder)).toBeNull();
});

describe("pages", () => {
  const LIST = `query ($guid: UUID!, $first: Int, $after: String, $last: Int, $before: String) { user(guid: $guid) {
    enabledInvestorPreferenceForms(first: $first, after: $after, last: $last, before: $before) {
      totalCount edges { cursor blocking node { name uuid } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
  const PLAIN = LIST.replace("blocking ", "");
  const OUTSTANDING = `query ($guid: UUID!, $first: Int, $after: String, $last: Int, $before: String) { user(guid: $guid) {
    preferenceGate { outstanding(first: $first, after: $after, last: $last, before: $before) {
      totalCount edges { cursor node { name uuid } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }`;
  const list = (data: any) => data.user.enabledInvestorPreferenceForms;
  const outstanding = (data: any) => data.user.preferenceGate.outstanding;

  /** An investor with twelve forms, every third of them completed; some bear one name. */
  async function dozen() {
    const here = await server.tenant();
    const investor = await here.user();
    const forms: { name: string; uuid: string; done: boolean }[] = [];
    for (let i = 0; i < 12; i++) {
      const name = `${["Zeta", "alpha", "Éta", "beta"][i % 4]} ${i % 2}`;
      const form = await here.preferenceForm({ name });
      const done = i % 3 === 0;
      if (done) await here.implementation(investor, form, completed());
      forms.push({ name, uuid: form.uuid, done });
    }
    const plain = (text: string) => text.replace("É", "e").toLowerCase();
    const ordered = forms.toSorted((a, b) => {
      const [one, other] = [plain(a.name) + a.uuid, plain(b.name) + b.uuid];
      return one < other ? -1 : 1;
    });
    return { here, investor, forms: ordered };
  }

  test("of the forms and of what is outstanding are walked both ways, by name", async () => {
    const { here, investor, forms } = await dozen();
    for (const [document, connection, expected] of [
      [LIST, list, forms],
      [PLAIN, list, forms],
      [OUTSTANDING, outstanding, forms.filter(({ done }) => !done)],
    ] as const) {
      for (const caller of [investor, here.admin]) {
        for (const size of [1, 4, 5, 12]) {
          for (const backward of [false, true]) {
            const edges = await walk(caller, document, { guid: investor.guid }, connection, { size, backward });
            expect(edges.map(({ node }: any) => node.uuid)).toEqual(expected.map(({ uuid }) => uuid));
          }
        }
      }
    }
  });

  test("an empty one is told nothing by any cursor, and its count is none", async () => {
    const { here, lead, holder } = await cast(server);
    const document = LIST;
    const own = list(await holder.ask(document, { guid: holder.guid, first: 1 }));
    expect(own.totalCount).toBe(1);
    for (const paging of [{ first: 100 }, { last: 100 }, { last: 1, before: own.edges[0].cursor }]) {
      expect(list(await lead.ask(document, { guid: holder.guid, ...paging }))).toMatchObject({
        totalCount: 0,
        edges: [],
        pageInfo: { startCursor: null, endCursor: null },
      });
    }
    expect((await preferences(here.admin, holder)).enabledInvestorPreferenceForms.totalCount).toBe(1);
  });

  test("that cannot be are refused", async () => {
    const { holder } = await cast(server);
    for (const document of [LIST, PLAIN, OUTSTANDING]) {
      const of = async (variables: object) =>
        problems(await holder.send(document, { guid: holder.guid, ...variables }));
      for (const first of [0, 101]) expect(await of({ first })).toEqual(["BAD_USER_INPUT first"]);
      expect(await of({ first: 1, last: 1 })).toEqual(["BAD_USER_INPUT last"]);
      expect(await of({ after: "nonsense" })).toEqual(["BAD_USER_INPUT after"]);
    }
  });
});
