import pg from "pg";
import { UserGroupKind } from "../../src/user-groups/index.js";
import { harness, operations, outcomes, problems, type TestTenant } from "../harness/index.js";
import { invitationLaws, invitationsOf, INVITER, newEmail, type Sent } from "../harness/invitations.js";

const server = await harness();
const { tenant, anonymous, database } = server;
const tools = invitationsOf(server);
const { invite, read, tokenOf } = tools;
const document = operations.DeleteUserGroup!;
const UNKNOWN = "00000000-0000-7000-8000-000000000000";

invitationLaws(server);

const deleting = (here: TestTenant, group: { id: string }, input: object = {}): Promise<string[]> =>
  here.refusals(here.admin, document, { groupId: group.id, ...input });

const groupsOf = async (here: TestTenant): Promise<number> => (await here.rows()).user_groups!.length;

/** Gives a group a feature flag. */
async function switchOn(here: TestTenant, group: { id: string }): Promise<void> {
  await here.flag("dark-mode");
  const input = { groupId: group.id, flag: "dark-mode", enabled: true };
  expect(await here.refusals(here.admin, operations.UpdateUserGroupFeatureFlag!, input)).toEqual([]);
}

test("removes an empty group with its flags, by its global id or guid", async () => {
  const here = await tenant();
  const [one, other] = [await here.group(), await here.group()];
  await switchOn(here, one);
  const { deleteUserGroup } = await here.admin.ask(document, { input: { groupId: one.id } });
  expect(deleteUserGroup).toEqual({ deletedUserGroupId: one.id, errors: [] });
  expect(await deleting(here, { id: other.guid })).toEqual([]);
  const { user_groups, group_feature_flags, feature_flags } = await here.rows();
  expect([user_groups, group_feature_flags, feature_flags!.length]).toEqual([[], [], 1]);
  expect(await deleting(here, one)).toEqual(["NOT_FOUND input.groupId"]);
});

test("a group with members is GROUP_NOT_EMPTY; by force they leave it, and keep their accounts", async () => {
  const here = await tenant();
  const [lead, signatory] = [await here.user(), await here.user()];
  const group = await here.group({ lead, signatories: [signatory] });
  for (const force of [undefined, null, false]) {
    expect(await deleting(here, group, { force })).toEqual(["GROUP_NOT_EMPTY input.groupId"]);
  }
  expect(await deleting(here, group, { force: true })).toEqual([]);
  for (const user of [lead, signatory]) {
    expect(await here.read(user)).toMatchObject({ status: "ACTIVE", isUserGroupMember: false, isUserGroupLead: false });
  }
});

test.each([
  ["sent", {}],
  ["a draft", { send: false }],
])(
  "a group that somebody is invited into is OPEN_INVITATIONS; by force the invitation is withdrawn: %s",
  async (_how, input) => {
    const here = await tenant();
    const group = await here.group();
    const sent = await invite(here, { groupId: group.id, ...input });
    expect(await deleting(here, group)).toEqual(["OPEN_INVITATIONS input.groupId"]);
    expect(await deleting(here, group, { force: true })).toEqual([]);
    expect(await read(here, sent)).toMatchObject({ status: "REVOKED", group: null, user: { status: "REVOKED" } });
  },
);

test("an expired invitation is open, too", async () => {
  const here = await tenant();
  const group = await here.group();
  const sent = await invite(here, { groupId: group.id });
  await tools.expire(here, sent);
  expect(await deleting(here, group)).toEqual(["OPEN_INVITATIONS input.groupId"]);
});

test("invitations that are over do not keep a group, and invitations elsewhere are left alone", async () => {
  const here = await tenant();
  const [group, other] = [await here.group(), await here.group()];
  const [over, elsewhere, nowhere] = [
    await invite(here, { groupId: group.id }),
    await invite(here, { groupId: other.id }),
    await invite(here),
  ];
  expect(await here.refusals(here.admin, operations.RevokeInvitation!, { invitationId: over.id })).toEqual([]);
  expect(await deleting(here, group)).toEqual([]);
  expect(await read(here, over)).toMatchObject({ status: "REVOKED", group: null });
  expect(await read(here, elsewhere)).toMatchObject({ status: "INVITED", group: { id: other.id } });
  expect(await read(here, nowhere)).toMatchObject({ status: "INVITED" });
});

test("withdrawn links are void", async () => {
  const here = await tenant();
  const group = await here.group();
  const sent = await invite(here, { groupId: group.id });
  expect(await deleting(here, group, { force: true })).toEqual([]);
  expect(await tools.accepting(here, sent)).toEqual(["INVITATION_REVOKED input.token"]);
});

test("its name is free again", async () => {
  const here = await tenant();
  const group = await here.group({ name: "The Does" });
  expect(await deleting(here, group)).toEqual([]);
  expect(await here.refusals(here.admin, operations.CreateUserGroup!, { name: "The Does" })).toEqual([]);
});

test("ends sessions that were made for the group", async () => {
  const here = await tenant();
  const user = await here.user();
  const group = await here.group({ members: [user] });
  const session = await here.actingAs(here.admin, user, group);
  await session.ask(operations.Me!);
  expect(await deleting(here, group, { force: true })).toEqual([]);
  expect((await session.send(operations.Me!)).status).toBe(401);
});

test("an unknown group, and another tenant's, is NOT_FOUND; a malformed id is BAD_USER_INPUT", async () => {
  const [here, there] = [await tenant(), await tenant()];
  const theirs = await there.group();
  for (const id of [UNKNOWN, theirs.id, theirs.guid]) {
    expect(await deleting(here, { id }, { force: true })).toEqual(["NOT_FOUND input.groupId"]);
  }
  for (const groupId of ["junk", here.admin.id]) {
    expect(problems(await here.admin.send(document, { input: { groupId } }))).toEqual(["BAD_USER_INPUT input.groupId"]);
  }
});

test("is for administrators alone", async () => {
  const here = await tenant();
  const lead = await here.user();
  const group = await here.group({ lead });
  const callers = [
    lead,
    await here.actingAs(here.admin, lead, group),
    await here.internal([...INVITER, "groups.write"]),
    await here.internal(INVITER, { administrator: true }),
    await here.service("groups.read", "groups.write"),
  ];
  const before = await here.contents();
  for (const caller of callers) {
    expect(problems(await caller.send(document, { input: { groupId: group.id, force: true } }))).toEqual(["FORBIDDEN"]);
  }
  expect(await here.contents()).toEqual(before);
});

test("leaves one audit event that names the group, its members and its invitations", async () => {
  const here = await tenant();
  const member = await here.user();
  const group = await here.group({ name: "The Does", members: [member] });
  const sent = await invite(here, { groupId: group.id });
  await here.admin.ask(document, { input: { groupId: group.id, force: true } });
  const [, event, ...more] = await tools.events(here);
  expect(more).toEqual([]);
  expect(event).toMatchObject({ operation: "deleteUserGroup", targetType: "UserGroup", targetId: group.guid });
  expect(event!.changes).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ type: "UserGroup", id: group.guid, action: "DELETE" }),
      expect.objectContaining({ type: "GroupMember", id: group.guid, action: "DELETE" }),
      expect.objectContaining({ type: "User", id: sent.user.guid, action: "UPDATE" }),
      expect.objectContaining({ type: "Invitation", id: sent.guid, action: "UPDATE" }),
    ]),
  );
});

describe("at once with others", () => {
  const RACERS = 20;

  async function full(): Promise<{
    here: TestTenant;
    group: { id: string; guid: string };
    sent: Sent[];
    tokens: string[];
  }> {
    const here = await tenant();
    const group = await here.group({ kind: UserGroupKind.SHELL });
    const sent = await Promise.all(Array.from({ length: RACERS }, () => invite(here, { groupId: group.id })));
    return { here, group, sent, tokens: await Promise.all(sent.map((one) => tokenOf(here, one))) };
  }

  const acceptAll = (tokens: string[]) =>
    tokens.map((token) => anonymous.ask(operations.AcceptInvitation!, { input: { token } }));

  test("acceptances come before or after it, and nobody sees a deadlock", async () => {
    for (const early of [0, 5, RACERS]) {
      const { here, group, tokens } = await full();
      const remove = () => here.admin.ask(document, { input: { groupId: group.id, force: true } });
      const answers = await Promise.all([
        ...acceptAll(tokens.slice(0, early)),
        remove(),
        ...acceptAll(tokens.slice(early)),
      ]);
      const codes = outcomes(answers);
      expect(codes.splice(early, 1)).toEqual([""]);
      expect(codes.filter((code) => code !== "" && code !== "INVITATION_REVOKED")).toEqual([]);
      const { users, invitations, group_members } = await here.rows();
      expect([await groupsOf(here), group_members]).toEqual([0, []]);
      const accepted = codes.filter((code) => code === "").length;
      expect(invitations!.filter(({ status }) => status === "COMPLETED")).toHaveLength(accepted);
      expect(invitations!.filter(({ status }) => status === "REVOKED")).toHaveLength(RACERS - accepted);
      expect(users!.filter(({ status }) => status === "ACTIVE")).toHaveLength(1 + accepted);
    }
  });

  test("without force it is refused, or nobody has got in", async () => {
    for (let round = 0; round < 5; round++) {
      const here = await tenant();
      const group = await here.group();
      const remove = () => here.admin.ask(document, { input: { groupId: group.id } });
      const input = () => ({ input: { email: newEmail(), type: "INVESTOR", groupId: group.id } });
      const inviting = Array.from({ length: RACERS - 1 }, () => here.admin.ask(operations.InviteUser!, input()));
      const answers = await Promise.all(
        round % 2 ? [remove(), ...inviting] : [...inviting.slice(0, 5), remove(), ...inviting.slice(5)],
      );
      const codes = outcomes(answers);
      const [removed] = codes.splice(round % 2 ? 0 : 5, 1);
      expect(codes.filter((code) => code !== "" && code !== "NOT_FOUND")).toEqual([]);
      const invited = codes.filter((code) => code === "").length;
      expect([removed, invited === 0, await groupsOf(here)]).toEqual(
        removed === "" ? ["", true, 0] : ["OPEN_INVITATIONS", false, 1],
      );
      expect((await here.rows()).invitations).toHaveLength(invited);
    }
  });

  test("by force whoever has been invited is withdrawn, and nobody is left in a group that is gone", async () => {
    for (let round = 0; round < 3; round++) {
      const here = await tenant();
      const group = await here.group();
      const input = () => ({ input: { email: newEmail(), type: "INVESTOR", groupId: group.id } });
      const inviting = Array.from({ length: RACERS - 1 }, () => here.admin.ask(operations.InviteUser!, input()));
      const remove = here.admin.ask(document, { input: { groupId: group.id, force: true } });
      const codes = outcomes(await Promise.all([remove, ...inviting]));
      expect(codes.shift()).toBe("");
      expect(codes.filter((code) => code !== "" && code !== "NOT_FOUND")).toEqual([]);
      const { invitations, users } = await here.rows();
      expect(invitations!.filter(({ status }) => status !== "REVOKED")).toEqual([]);
      expect(users!.filter(({ status }) => status === "INVITED")).toEqual([]);
      expect(await groupsOf(here)).toBe(0);
    }
  });

  test("of 20 who delete it, one does", async () => {
    const here = await tenant();
    const group = await here.group();
    const asks = Array.from({ length: RACERS }, () => here.admin.ask(document, { input: { groupId: group.id } }));
    const codes = outcomes(await Promise.all(asks));
    expect(codes.toSorted()).toEqual(["", ...Array.from({ length: RACERS - 1 }, () => "NOT_FOUND")]);
  });

  test("revoking and resending its invitations comes before or after it", async () => {
    const { here, group, sent } = await full();
    await tools.rest(here);
    const answers = await Promise.all([
      ...sent
        .slice(0, 10)
        .map(({ id }) => here.admin.ask(operations.RevokeInvitation!, { input: { invitationId: id } })),
      here.admin.ask(document, { input: { groupId: group.id, force: true } }),
      ...sent.slice(10).map(({ id }) => here.admin.ask(operations.ResendInvitation!, { input: { invitationId: id } })),
    ]);
    const codes = outcomes(answers);
    expect(codes.splice(10, 1)).toEqual([""]);
    expect(codes.filter((code) => code !== "" && code !== "INVITATION_REVOKED")).toEqual([]);
    expect((await here.rows()).invitations!.filter(({ status }) => status !== "REVOKED")).toEqual([]);
  });

  const GROUP = "SELECT FROM user_groups WHERE id = $1 FOR UPDATE";
  const FLAGS = "SELECT FROM group_feature_flags WHERE group_id = $1 FOR UPDATE";

  /** Asks one after the other, each when the one before waits for what is locked meanwhile; then lets them all go on. */
  async function inOrder(
    lock: string,
    group: { guid: string },
    ...asks: (() => Promise<Record<string, any>>)[]
  ): Promise<string[]> {
    const gate = new pg.Client({ connectionString: database.superUrl });
    await gate.connect();
    try {
      await gate.query("BEGIN");
      await gate.query(lock, [group.guid]);
      const answers: Promise<Record<string, any>>[] = [];
      for (const ask of asks) {
        answers.push(ask());
        await waiting(answers.length);
      }
      await gate.query("COMMIT");
      return outcomes(await Promise.all(answers));
    } finally {
      await gate.end();
    }
  }

  /** Until so many statements wait for a lock. */
  async function waiting(count: number): Promise<void> {
    const waiters = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while ((await database.sql(waiters)).length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  describe.each([true, false])("in a known order, by force: %j", (force) => {
    async function scene() {
      const here = await tenant();
      const group = await here.group();
      const input = { input: { email: newEmail(), type: "INVESTOR", groupId: group.id } };
      return {
        here,
        group,
        remove: () => here.admin.ask(document, { input: { groupId: group.id, force } }),
        inviteOne: () => here.admin.ask(operations.InviteUser!, input),
      };
    }

    async function invited() {
      const { here, group, remove } = await scene();
      const sent = await invite(here, { groupId: group.id });
      const token = await tokenOf(here, sent);
      const accept = () => anonymous.ask(operations.AcceptInvitation!, { input: { token } });
      const status = async () => (await here.read(sent.user)).status as string;
      return { here, group, remove, accept, status };
    }

    test("an acceptance comes first", async () => {
      const { here, group, remove, accept, status } = await invited();
      expect(await inOrder(GROUP, group, accept, remove)).toEqual(["", force ? "" : "GROUP_NOT_EMPTY"]);
      expect([await status(), await groupsOf(here)]).toEqual(["ACTIVE", force ? 0 : 1]);
    });

    test("an acceptance comes late", async () => {
      const { here, group, remove, accept, status } = await invited();
      expect(await inOrder(GROUP, group, remove, accept)).toEqual(
        force ? ["", "INVITATION_REVOKED"] : ["OPEN_INVITATIONS", ""],
      );
      expect([await status(), await groupsOf(here)]).toEqual(force ? ["REVOKED", 0] : ["ACTIVE", 1]);
    });

    test("an invitation comes first, or is told that the group is gone", async () => {
      const { here, group, remove, inviteOne } = await scene();
      // Both may hold the group at once until it is removed: which of them goes on first is PostgreSQL's choice.
      const [invitation, removal] = await inOrder(GROUP, group, inviteOne, remove);
      const { invitations } = await here.rows();
      const end = [invitation, removal, await groupsOf(here), invitations!.map(({ status }) => status)];
      expect([
        ["NOT_FOUND", "", 0, []],
        force ? ["", "", 0, ["REVOKED"]] : ["", "OPEN_INVITATIONS", 1, ["INVITED"]],
      ]).toContainEqual(end);
    });

    test("an invitation comes late", async () => {
      const { here, group, remove, inviteOne } = await scene();
      await switchOn(here, group);
      expect(await inOrder(FLAGS, group, remove, inviteOne)).toEqual(["", "NOT_FOUND"]);
      const { invitations, users } = await here.rows();
      expect([await groupsOf(here), invitations, users!.length]).toEqual([0, [], 1]);
    });
  });
});
