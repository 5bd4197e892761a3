import { toGlobalId } from "../../src/kit/index.js";
import { harness, operations, problems, type Caller, type Person, type TestTenant } from "../harness/index.js";
import { invitationLaws, invitationsOf, newEmail, type Sent } from "../harness/invitations.js";

const server = await harness();
const { tenant, database } = server;
const tools = invitationsOf(server);
const { invite } = tools;
const UNKNOWN = "00000000-0000-7000-8000-000000000000";

invitationLaws(server);

const list = async (caller: Caller, variables: object = {}): Promise<Record<string, any>> =>
  (await caller.ask(operations.Invitations!, variables)).invitations;

const guidsOf = ({ nodes }: Record<string, any>): string[] => nodes.map(({ guid }: { guid: string }) => guid);

/** Moves what an invitation says of its time. */
const set = (here: TestTenant, { guid }: { guid: string }, column: string, value: string): Promise<unknown> =>
  database.sql(`UPDATE invitations SET ${column} = $3 WHERE tenant_id = $1 AND id = $2`, [here.id, guid, value]);

/** One invitation of each status, made one after the other. */
async function oneOfEach() {
  const here = await tenant();
  const revoke = async (sent: Sent): Promise<void> =>
    expect(await here.refusals(here.admin, operations.RevokeInvitation!, { invitationId: sent.id })).toEqual([]);
  const invitations = {
    REVOKED: await invite(here),
    EXPIRED: await invite(here),
    DRAFT: await invite(here, { send: false }),
    COMPLETED: await invite(here),
    INVITED: await invite(here),
  };
  await revoke(invitations.REVOKED);
  await tools.expire(here, invitations.EXPIRED);
  expect(await tools.accepting(here, invitations.COMPLETED)).toEqual([]);
  return { here, invitations, made: Object.values(invitations).map(({ guid }) => guid) };
}

describe("invitation", () => {
  const BY_KEY = "query ($id: ID, $guid: UUID) { invitation(id: $id, guid: $guid) { guid } }";

  test("is found by its guid, by its global id, and by its guid in the place of the id", async () => {
    const here = await tenant();
    const { guid, id } = await invite(here);
    for (const key of [{ guid }, { guid: guid.toUpperCase() }, { id }, { id: guid }]) {
      expect(await here.admin.ask(BY_KEY, key)).toEqual({ invitation: { guid } });
    }
  });

  test("wants exactly one key, of its own type", async () => {
    const here = await tenant();
    const { guid, id } = await invite(here);
    for (const keys of [{}, { id: null, guid: null }, { id, guid }, { id: here.admin.id }, { id: "junk" }]) {
      expect(problems(await here.admin.send(BY_KEY, keys))).toEqual(["BAD_USER_INPUT id"]);
    }
  });

  test("is null when there is none, or it is another tenant's", async () => {
    const [here, there] = [await tenant(), await tenant()];
    const theirs = await invite(there);
    const answers = [{ guid: UNKNOWN }, { guid: theirs.guid }, { id: theirs.id }].map((keys) =>
      here.admin.send(BY_KEY, keys),
    );
    const bodies = (await Promise.all(answers)).map(({ body }) => body);
    expect(new Set(bodies)).toEqual(new Set(['{"data":{"invitation":null}}\n']));
  });

  test("shows its user, group, role, inviter, approver and mail as far as the caller sees them", async () => {
    const here = await tenant();
    const lead = await here.user();
    const [group, role] = [await here.group({ lead }), await here.role()];
    const { guid, user } = await invite(here, { groupId: group.id, roleId: role.id, send: false });
    const approver = await here.internal(["invitations.approve"]);
    expect(await here.refusals(approver, operations.ApproveInvitation!, { invitationId: guid })).toEqual([]);
    expect((await here.admin.ask(operations.Invitation!, { guid })).invitation).toMatchObject({
      user: { guid: user.guid },
      group: { id: group.id },
      role: { id: role.id },
      invitedBy: { id: here.admin.id },
      approvedBy: { id: approver.id },
      mail: { status: "QUEUED" },
    });
    expect((await lead.ask(operations.Invitation!, { guid })).invitation).toMatchObject({
      user: null,
      group: { id: group.id },
      role: { id: role.id },
      invitedBy: null,
      approvedBy: null,
      mail: { status: "QUEUED" },
    });
    const blind = await here.internal(["invitations.approve"]);
    expect((await blind.ask(operations.Invitation!, { guid })).invitation).toMatchObject({ user: null, group: null });
  });

  test("invitation, node and _entities tell the same", async () => {
    const here = await tenant();
    const { guid, id } = await invite(here, { message: "Welcome." });
    const fields =
      "... on Invitation { __typename id guid status message sendCount createdAt dateExpires user { guid } }";
    const data = await here.admin.ask(
      `query ($guid: UUID!, $id: ID!, $representations: [_Any!]!) {
        invitation(guid: $guid) { ${fields} } node(id: $id) { ${fields} } nodes(ids: [$id]) { ${fields} }
        _entities(representations: $representations) { ${fields} } }`,
      { guid, id, representations: [{ guid }, { id }].map((key) => ({ __typename: "Invitation", ...key })) },
    );
    expect(data.invitation.id).toBe(toGlobalId("Invitation", guid));
    const all = [data.node, data.nodes[0], ...data._entities];
    expect(all).toEqual(all.map(() => data.invitation));
  });
});

describe("EXPIRED follows from the clock, everywhere alike", () => {
  const STATUSES = ["COMPLETED", "DRAFT", "EXPIRED", "INVITED", "REVOKED"] as const;

  test.each(STATUSES)("%s", async (status) => {
    const { here, invitations } = await oneOfEach();
    const { guid, user } = invitations[status];
    expect((await tools.read(here, { guid })).status).toBe(status);
    const found = await list(here.admin, { filter: { status: [status] } });
    expect(found).toMatchObject({ totalCount: 1, nodes: [{ guid, status }] });
    const document =
      "query ($guid: UUID!, $status: [InviteStatus!]) { user(guid: $guid) { inviteStatus } users(filter: { inviteStatus: $status }) { totalCount nodes { guid } } }";
    const { user: read, users } = await here.admin.ask(document, { guid: user.guid, status: [status] });
    expect(read.inviteStatus).toBe(status);
    expect(users).toEqual({ totalCount: 1, nodes: [{ guid: user.guid }] });
  });

  test("the moment it ends is past it, and one without an end is not", async () => {
    const here = await tenant();
    const [ends, endless] = [await invite(here), await invite(here)];
    await tools.expire(here, ends);
    await database.sql(
      `WITH endless AS (UPDATE invitations SET date_expires = NULL WHERE id = $1) UPDATE users SET invite_date_expires = NULL WHERE id = $2`,
      [endless.guid, endless.user.guid],
    );
    const statuses = (await list(here.admin)).nodes.map(({ status }: { status: string }) => status);
    expect(statuses).toEqual(["INVITED", "EXPIRED"]);
    expect((await list(here.admin, { filter: { status: ["EXPIRED"] } })).totalCount).toBe(1);
    expect((await list(here.admin, { filter: { status: ["INVITED"] } })).totalCount).toBe(1);
  });

  test("a cursor keeps the instant of its list: what ends in between stays where it was", async () => {
    const here = await tenant();
    const sent = [await invite(here), await invite(here), await invite(here)];
    const walk = { orderBy: { field: "STATUS" }, first: 1 };
    await invite(here, { send: false });
    const first = await list(here.admin, walk);
    // It ends after the first page, and so goes before INVITED for whoever asks anew.
    await database.sql(
      `WITH ended AS (UPDATE invitations SET date_expires = now() WHERE tenant_id = $1 AND id = $2 RETURNING date_expires)
        UPDATE users SET invite_date_expires = (SELECT date_expires FROM ended) WHERE tenant_id = $1 AND id = $3`,
      [here.id, sent[2]!.guid, sent[2]!.user.guid],
    );
    expect((await list(here.admin, { filter: { status: ["EXPIRED"] } })).totalCount).toBe(1);
    const rest = await list(here.admin, { ...walk, first: 5, after: first.pageInfo.endCursor });
    expect(guidsOf(rest)).toEqual(sent.map(({ guid }) => guid));
    expect(guidsOf(await list(here.admin, { orderBy: { field: "STATUS" } })).slice(1)).toEqual(
      [sent[2]!, sent[0]!, sent[1]!].map(({ guid }) => guid),
    );
  });
});

describe("invitations", () => {
  test("are the newest first", async () => {
    const { here, made } = await oneOfEach();
    expect(guidsOf(await list(here.admin))).toEqual(made.toReversed());
  });

  test.each([
    [{ field: "CREATED_AT" }, ["REVOKED", "EXPIRED", "DRAFT", "COMPLETED", "INVITED"]],
    [{ direction: "ASC" }, ["REVOKED", "EXPIRED", "DRAFT", "COMPLETED", "INVITED"]],
    [{ field: "CREATED_AT", direction: "DESC" }, ["INVITED", "COMPLETED", "DRAFT", "EXPIRED", "REVOKED"]],
    [{ field: "STATUS" }, ["COMPLETED", "DRAFT", "EXPIRED", "INVITED", "REVOKED"]],
    [{ field: "STATUS", direction: "DESC" }, ["REVOKED", "INVITED", "EXPIRED", "DRAFT", "COMPLETED"]],
  ])("by %j, whole, page by page, and backwards", async (orderBy, expected) => {
    const { here } = await oneOfEach();
    const statuses = ({ nodes }: Record<string, any>): string[] =>
      nodes.map(({ status }: { status: string }) => status);
    const whole = await list(here.admin, { orderBy });
    expect(statuses(whole)).toEqual(expected);
    expect(whole.totalCount).toBe(5);
    const forward: string[] = [];
    const backward: string[] = [];
    let [after, before]: (string | null)[] = [null, null];
    for (let page = 0; page < 3; page++) {
      const next = await list(here.admin, { orderBy, first: 2, after });
      forward.push(...statuses(next));
      after = next.pageInfo.endCursor;
      expect(next.pageInfo.hasNextPage).toBe(page < 2);
      const previous = await list(here.admin, { orderBy, last: 2, before });
      backward.unshift(...statuses(previous));
      before = previous.pageInfo.startCursor;
      expect(previous.pageInfo.hasPreviousPage).toBe(page < 2);
    }
    expect([forward, backward]).toEqual([expected, expected]);
  });

  test("of one instant are ordered by guid, each seen once", async () => {
    const here = await tenant();
    const sent = await Promise.all(Array.from({ length: 5 }, () => invite(here)));
    for (const one of sent) await set(here, one, "created_at", "2024-01-01T00:00:00.000Z");
    const guids = sent.map(({ guid }) => guid).toSorted();
    const seen: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 3; page++) {
      const found = await list(here.admin, { orderBy: { field: "CREATED_AT" }, first: 2, after });
      seen.push(...guidsOf(found));
      after = found.pageInfo.endCursor;
    }
    expect(seen).toEqual(guids);
  });

  test("a cursor of another order or filter is refused", async () => {
    const { here } = await oneOfEach();
    const { pageInfo } = await list(here.admin, { first: 2 });
    for (const other of [{ orderBy: { field: "STATUS" } }, { filter: { status: ["DRAFT"] } }, { orderBy: {} }]) {
      const variables = { ...other, first: 2, after: pageInfo.endCursor };
      expect(problems(await here.admin.send(operations.Invitations!, variables))).toEqual(["BAD_USER_INPUT after"]);
    }
  });

  describe("filtered", () => {
    const found = async (here: TestTenant, filter: object): Promise<string[]> => {
      const page = await list(here.admin, { filter });
      expect(page.totalCount).toBe(page.nodes.length);
      return guidsOf(page).toSorted();
    };
    const those = (...sent: { guid: string }[]): string[] => sent.map(({ guid }) => guid).toSorted();

    test("by status: any of several, none of none", async () => {
      const { here, invitations, made } = await oneOfEach();
      const { EXPIRED, INVITED, DRAFT } = invitations;
      expect(await found(here, { status: ["EXPIRED", "INVITED"] })).toEqual(those(EXPIRED, INVITED));
      expect(await found(here, { status: ["DRAFT", "DRAFT"] })).toEqual(those(DRAFT));
      expect(await found(here, { status: [] })).toEqual([]);
      expect(await found(here, { status: null })).toEqual(made.toSorted());
      expect(await found(here, {})).toEqual(made.toSorted());
    });

    test("by user, group and inviter, by global id or guid", async () => {
      const here = await tenant();
      const advisor = await here.internal(["invitations.write", "groups.read"]);
      const group = await here.group();
      const [one, other] = [await invite(here, { groupId: group.id }), await invite(here, {}, advisor)];
      for (const key of ["id", "guid"] as const) {
        expect(await found(here, { userId: one.user[key] })).toEqual(those(one));
        expect(await found(here, { groupId: group[key] })).toEqual(those(one));
        expect(await found(here, { invitedById: advisor[key] })).toEqual(those(other));
      }
      expect(await found(here, { invitedById: advisor.id, groupId: group.id })).toEqual([]);
      for (const name of ["userId", "groupId", "invitedById"])
        expect(await found(here, { [name]: UNKNOWN })).toEqual([]);
    });

    test("by days of UTC, both ends included", async () => {
      const here = await tenant();
      const instants = [
        "2024-01-09T23:59:59.999Z",
        "2024-01-10T00:00:00.000Z",
        "2024-01-11T23:59:59.999Z",
        "2024-01-12T00:00:00Z",
      ];
      const sent: Sent[] = [];
      for (const instant of instants) {
        const one = await invite(here);
        await set(here, one, "created_at", instant);
        sent.push(one);
      }
      const [before, first, last, after] = sent as [Sent, Sent, Sent, Sent];
      expect(await found(here, { createdAtFrom: "2024-01-10", createdAtTo: "2024-01-11" })).toEqual(those(first, last));
      expect(await found(here, { createdAtFrom: "2024-01-11" })).toEqual(those(last, after));
      expect(await found(here, { createdAtTo: "2024-01-09" })).toEqual(those(before));
    });

    test("by what cannot be is BAD_USER_INPUT", async () => {
      const { admin } = await tenant();
      for (const [filter, argument] of [
        [{ createdAtFrom: "2024-01-11", createdAtTo: "2024-01-10" }, "filter.createdAtFrom"],
        [{ userId: "junk" }, "filter.userId"],
        [{ groupId: admin.id }, "filter.groupId"],
        [{ invitedById: "" }, "filter.invitedById"],
        [{ status: ["GONE"] }, "filter.status.0"],
      ] as const) {
        expect(problems(await admin.send(operations.Invitations!, { filter }))).toEqual([`BAD_USER_INPUT ${argument}`]);
      }
    });
  });

  test("20 with their users, groups and mails cost as many statements as one", async () => {
    const here = await tenant();
    const group = await here.group();
    const statements = async (): Promise<number> =>
      (await here.admin.send(operations.Invitations!, { first: 20 })).statements;
    await invite(here, { groupId: group.id });
    for (let warm = 0; warm < 3; warm++) await statements();
    const one = await statements();
    await Promise.all(Array.from({ length: 19 }, () => invite(here, { groupId: group.id })));
    expect(await statements()).toBe(one);
  });
});

/** Two groups with their leads, an invitation into each and one into none, an accepted one, and everybody else. */
async function everybody() {
  const here = await tenant();
  const [lead, otherLead, member] = [await here.user(), await here.user(), await here.user()];
  const group = await here.group({ lead, members: [member] });
  const otherGroup = await here.group({ lead: otherLead, members: [lead] });
  const { person, ...accepted } = await tools.accepted(here);
  const invitations = {
    into: await invite(here, { groupId: group.id }),
    elsewhere: await invite(here, { groupId: otherGroup.id }),
    nowhere: await invite(here, { send: false }),
    accepted,
  };
  return { here, lead, member, group, person, invitations };
}

type Scene = Awaited<ReturnType<typeof everybody>>;
type Name = keyof Scene["invitations"];
const ALL: Name[] = ["into", "elsewhere", "nowhere", "accepted"];

const VIEWERS: [who: string, sees: Name[], caller: (scene: Scene) => Promise<Caller> | Caller][] = [
  ["the administrator", ALL, ({ here }) => here.admin],
  ["staff who read users", ALL, ({ here }) => here.internal(["users.read"])],
  ["staff who invite", ALL, ({ here }) => here.internal(["invitations.write"])],
  ["staff who approve", ALL, ({ here }) => here.internal(["invitations.approve"])],
  ["staff without any of these", [], ({ here }) => here.internal(["groups.read", "audit.read"])],
  ["a service with users.read", ALL, ({ here }) => here.service("users.read")],
  ["a service without", [], ({ here }) => here.service("groups.read", "audit.read")],
  ["a group's lead", ["into"], ({ lead }) => lead],
  [
    "the administrator in a lead's session",
    ["into"],
    ({ here, lead, group }) => here.actingAs(here.admin, lead, group),
  ],
  ["a group's member", [], ({ member }) => member],
  ["who was invited", ["accepted"], ({ person }) => person],
  ["another tenant's administrator", [], async () => (await tenant()).admin],
];

const representations = (sent: Sent[]): object[] => sent.map(({ guid }) => ({ __typename: "Invitation", guid }));

/** Every way to come upon invitations. */
const WAYS: Record<string, (caller: Caller, sent: Sent[]) => Promise<(string | undefined)[]>> = {
  invitation: (caller, sent) =>
    Promise.all(sent.map(async ({ guid }) => (await caller.ask(operations.Invitation!, { guid })).invitation?.guid)),
  node: async (caller, sent) => {
    const { nodes } = await caller.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Invitation { guid } } }", {
      ids: sent.map(({ id }) => id),
    });
    return nodes.map((node: { guid: string } | null) => node?.guid);
  },
  _entities: async (caller, sent) => {
    const { _entities } = await caller.ask(
      "query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Invitation { guid } } }",
      { representations: representations(sent) },
    );
    return _entities.map((node: { guid: string } | null) => node?.guid);
  },
  invitations: async (caller) => {
    const page = await list(caller);
    expect(page.totalCount).toBe(page.nodes.length);
    return guidsOf(page);
  },
  "invitations filtered": async (caller, sent) => {
    const pages = sent.map(({ user }) => list(caller, { filter: { userId: user.id } }));
    return (await Promise.all(pages)).flatMap(guidsOf);
  },
  "invitations by status": async (caller) => guidsOf(await list(caller, { orderBy: { field: "STATUS" } })),
};

test.each(VIEWERS)("%s sees %j, by every way", async (_who, sees, callerOf) => {
  const scene = await everybody();
  const caller = await callerOf(scene);
  const expected = sees.map((name) => scene.invitations[name].guid).toSorted();
  for (const [way, see] of Object.entries(WAYS)) {
    // Twice: the first time by loaders, then compiled.
    for (let time = 0; time < 2; time++) {
      const found = await see(caller, Object.values(scene.invitations));
      expect([way, found.filter((guid) => guid != null).toSorted()]).toEqual([way, expected]);
    }
  }
});

describe("User.invitations", () => {
  const PAGES =
    "query ($guid: UUID!, $first: Int, $after: String) { user(guid: $guid) { invitations(first: $first, after: $after) { totalCount pageInfo { endCursor hasNextPage } nodes { guid } } } }";

  async function often(times: number): Promise<{ here: TestTenant; user: Person; sent: Sent[] }> {
    const here = await tenant();
    const user = await here.user({ status: "REVOKED" as never });
    const sent: Sent[] = [];
    for (let time = 0; time < times; time++) {
      const one = await invite(here, { email: user.email });
      sent.push(one);
      if (time < times - 1) {
        expect(await here.refusals(here.admin, operations.RevokeInvitation!, { invitationId: one.id })).toEqual([]);
      }
    }
    return { here, user, sent };
  }

  test("are the user's own, the newest first, page by page", async () => {
    const { here, user, sent } = await often(3);
    await invite(here);
    const expected = sent.map(({ guid }) => guid).toReversed();
    const { invitations } = (await here.admin.ask(PAGES, { guid: user.guid })).user;
    expect([invitations.totalCount, guidsOf(invitations)]).toEqual([3, expected]);
    const seen: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 3; page++) {
      const read: Record<string, any> = (await here.admin.ask(PAGES, { guid: user.guid, first: 1, after })).user;
      seen.push(...guidsOf(read.invitations));
      after = read.invitations.pageInfo.endCursor;
    }
    expect(seen).toEqual(expected);
  });

  test("a user sees their own, a lead of a member's those into their group", async () => {
    const { here, user, sent } = await often(2);
    const last = sent.at(-1)!;
    expect(await tools.accepting(here, last)).toEqual([]);
    const own = (await user.ask(PAGES, { guid: user.guid })).user.invitations;
    expect(own.totalCount).toBe(2);
    const lead = await here.user();
    const group = await here.group({ lead, members: [user] });
    expect((await lead.ask(PAGES, { guid: user.guid })).user.invitations.totalCount).toBe(0);
    const joining = await tools.accepted(here, { groupId: group.id });
    expect((await lead.ask(PAGES, { guid: joining.user.guid })).user.invitations).toMatchObject({
      totalCount: 1,
      nodes: [{ guid: joining.guid }],
    });
  });
});

test("an e-mail address that was never invited has no invitation", async () => {
  const here = await tenant();
  const user = await here.user({ contactEmail: newEmail() });
  expect((await here.admin.ask(operations.InvitationsOfUser!, { guid: user.guid })).user.invitations).toEqual({
    totalCount: 0,
    nodes: [],
  });
});
