import { UserStatus, UserType } from "../../src/users/index.js";
import { harness, operations, outcomes, problems, type Caller, type TestTenant } from "../harness/index.js";
import { atOnce, countsHold, eventsOf, membersOf, readGroup, UNKNOWN, whoMay } from "./family.js";
import { nameRules } from "./names.js";

const server = await harness();
const { tenant } = server;
const document = operations.CreateUserGroup!;
const create = (here: TestTenant, input: object, by: Caller = here.admin) =>
  here.refusals(by, document, { name: "Made", ...input });
const made = async (here: TestTenant, input: object): Promise<Record<string, any>> => {
  const { createUserGroup } = await here.admin.ask(document, { input: { name: "Made", ...input } });
  expect(createUserGroup.errors).toEqual([]);
  return createUserGroup.userGroup;
};

countsHold(server);
nameRules(server, { document, of: async () => ({}) });

describe("is for administrators and services", () => {
  whoMay(server, document, () => ({ name: "Made" }), {
    "an administrator": [],
    "a service with the permission": [],
    "an internal member": "FORBIDDEN",
    "the group's lead": "FORBIDDEN",
    "an internal user in the lead's session": "FORBIDDEN",
    "another group's lead": "FORBIDDEN",
    "a member": "FORBIDDEN",
    "a client in no group": "FORBIDDEN",
  });
});

test("makes a group with its lead, members and flags, and answers with it as it is", async () => {
  const here = await tenant();
  const [lowest, highest] = [await here.role({ rank: 1 }), await here.role({ rank: 9 })];
  await here.role({ rank: 5 });
  await here.role({ rank: 99, scope: "INTERNAL" as never });
  await here.role({ rank: 50, groupKind: "SHELL" as never });
  const [lead, one, two] = [await here.user(), await here.user(), await here.user()];
  await here.flag("markets");
  await here.flag("other");
  const group = await made(here, {
    name: "  Sample Family Office ",
    description: "Invests together.",
    leadUserId: lead.id,
    memberIds: [one.id, lead.guid, two.guid.toUpperCase()],
    featureFlags: ["markets"],
  });
  expect(group).toMatchObject({
    name: "Sample Family Office",
    description: "Invests together.",
    kind: "STANDARD",
    memberCount: 3,
    version: 1,
    leadUser: { id: lead.id },
  });
  const members = await membersOf(here, group as never);
  const told = [...members].map(([guid, { isLead, isSignatory, role }]) => [guid, [isLead, isSignatory, role!.id]]);
  expect(Object.fromEntries(told)).toEqual({
    [lead.guid]: [true, false, highest.id],
    [one.guid]: [false, false, lowest.id],
    [two.guid]: [false, false, lowest.id],
  });
  const { featureFlags } = (await readGroup(here.admin, group as never))!;
  expect(featureFlags.edges.map((edge: any) => edge.node.key)).toEqual(["markets"]);
});

test("a shell is made for people who are yet to come", async () => {
  const here = await tenant();
  expect(await made(here, { kind: "SHELL" })).toMatchObject({ kind: "SHELL", memberCount: 0, leadUser: null });
});

test("members have the default role that is given, the lead the highest all the same", async () => {
  const here = await tenant();
  const [role, highest] = [await here.role({ rank: 5 }), await here.role({ rank: 9 })];
  await here.role({ rank: 1 });
  const [lead, member] = [await here.user(), await here.user()];
  const group = await made(here, { leadUserId: lead.id, memberIds: [member.id], defaultRoleId: role.guid });
  const members = await membersOf(here, group as never);
  expect([members.get(lead.guid)!.role!.id, members.get(member.guid)!.role!.id]).toEqual([highest.id, role.id]);
  expect((await readGroup(here.admin, group as never))!.defaultRole.id).toBe(role.id);
});

test("in a tenant without roles members have none", async () => {
  const here = await tenant();
  const lead = await here.user();
  const group = await made(here, { leadUserId: lead.id });
  expect((await membersOf(here, group as never)).get(lead.guid)!.role).toBeNull();
});

test("leaves one event that is about the group and says all", async () => {
  const here = await tenant();
  const [lead, member] = [await here.user(), await here.user()];
  await here.flag("markets");
  const { guid } = await made(here, { leadUserId: lead.id, memberIds: [member.id], featureFlags: ["markets"] });
  expect(await eventsOf(here)).toEqual([
    [
      "createUserGroup",
      guid,
      "CREATE UserGroup defaultRoleId,description,guid,kind,leadUserId,name",
      "CREATE GroupFeatureFlag flagId,groupId",
      "CREATE GroupMember groupId,joinedAt,roleId,userId",
      "CREATE GroupMember groupId,joinedAt,roleId,userId",
    ],
  ]);
});

describe("refuses", () => {
  test.each([
    ["leadUserId", (id: string) => ({ leadUserId: id }), "leadUserId"],
    ["memberIds", (id: string) => ({ memberIds: [id] }), "memberIds.0"],
  ])("in %s staff, the revoked, and whom nobody knows", async (_field, naming, path) => {
    const here = await tenant();
    const staff = await here.internal([]);
    const revoked = await here.user({ status: UserStatus.REVOKED });
    expect(await create(here, naming(staff.id))).toEqual([`USER_TYPE_MISMATCH input.${path}`]);
    expect(await create(here, naming(revoked.id))).toEqual([`USER_NOT_ACTIVE input.${path}`]);
    expect(await create(here, naming(UNKNOWN))).toEqual([`NOT_FOUND input.${path}`]);
  });

  test.each([UserStatus.DRAFT, UserStatus.INVITED, UserStatus.SUSPENDED])(
    "a lead who is %s, not a member",
    async (status) => {
      const here = await tenant();
      const user = await here.user({ status, type: UserType.ENTREPRENEUR });
      expect(await create(here, { leadUserId: user.id })).toEqual(["USER_NOT_ACTIVE input.leadUserId"]);
      expect(await create(here, { memberIds: [user.id] })).toEqual([]);
    },
  );

  test("a lead who leads another group", async () => {
    const here = await tenant();
    const lead = await here.user();
    await here.group({ lead });
    expect(await create(here, { leadUserId: lead.id })).toEqual(["LEAD_ELSEWHERE input.leadUserId"]);
    expect(await create(here, { memberIds: [lead.id] })).toEqual([]);
  });

  test("a member named twice, in whatever spelling, at the second place", async () => {
    const here = await tenant();
    const [one, two] = [await here.user(), await here.user()];
    for (const again of [one.id, one.guid, one.guid.toUpperCase()]) {
      expect(await create(here, { memberIds: [one.id, two.id, again] })).toEqual([
        "DUPLICATED_INPUT_ITEM input.memberIds.2",
      ]);
    }
  });

  test("more than 500 members", async () => {
    const here = await tenant();
    expect(await create(here, { memberIds: Array.from({ length: 501 }, () => UNKNOWN) })).toEqual([
      "LIMIT input.memberIds",
    ]);
  });

  test("a flag that the tenant does not know, or one named twice, at its place", async () => {
    const here = await tenant();
    await here.flag("markets");
    await (await tenant()).flag("elsewhere");
    for (const unknown of ["elsewhere", "MARKETS", "", "market%"]) {
      expect(await create(here, { featureFlags: ["markets", unknown] })).toEqual([
        "UNKNOWN_FEATURE_FLAG input.featureFlags.1",
      ]);
    }
    expect(await create(here, { featureFlags: ["markets", "markets"] })).toEqual([
      "DUPLICATED_INPUT_ITEM input.featureFlags.1",
    ]);
    expect(await create(here, { featureFlags: Array.from({ length: 101 }, () => "markets") })).toEqual([
      "LIMIT input.featureFlags",
    ]);
  });

  test("a default role of staff, of the other kind of group, or unknown", async () => {
    const here = await tenant();
    const staff = await here.role({ scope: "INTERNAL" as never });
    const shells = await here.role({ groupKind: "SHELL" as never });
    expect(await create(here, { defaultRoleId: staff.id })).toEqual(["OUT_OF_SCOPE_ROLE input.defaultRoleId"]);
    expect(await create(here, { defaultRoleId: shells.id })).toEqual(["ROLE_NOT_ASSIGNABLE input.defaultRoleId"]);
    expect(await create(here, { defaultRoleId: UNKNOWN })).toEqual(["NOT_FOUND input.defaultRoleId"]);
    expect(await create(here, { defaultRoleId: shells.id, kind: "SHELL" })).toEqual([]);
  });

  test("another tenant's people as if they did not exist", async () => {
    const [here, there] = [await tenant(), await tenant()];
    const stranger = await there.user();
    expect(await create(here, { leadUserId: stranger.id })).toEqual(["NOT_FOUND input.leadUserId"]);
    expect(await create(here, { memberIds: [stranger.id] })).toEqual(["NOT_FOUND input.memberIds.0"]);
  });

  test("a malformed id as BAD_USER_INPUT at its place", async () => {
    const here = await tenant();
    const before = await here.contents();
    const ask = async (input: object) => problems(await here.admin.send(document, { input: { name: "A", ...input } }));
    const group = await here.group();
    expect(await ask({ memberIds: [UNKNOWN, "x"] })).toEqual(["BAD_USER_INPUT input.memberIds.1"]);
    expect(await ask({ leadUserId: group.id })).toEqual(["BAD_USER_INPUT input.leadUserId"]);
    expect(await ask({ defaultRoleId: group.id })).toEqual(["BAD_USER_INPUT input.defaultRoleId"]);
    expect((await here.contents()).users).toEqual(before.users);
  });
});

describe("with an idempotency key", () => {
  const keyed = (here: TestTenant, input: object, by: Caller = here.admin) =>
    by.ask(document, { input: { name: "Made", idempotencyKey: "mine", ...input } });

  test("the same again answers with the same group and makes no other", async () => {
    const here = await tenant();
    const member = await here.user();
    const first = (await keyed(here, { memberIds: [member.id], clientMutationId: "one" })).createUserGroup;
    expect(first.errors).toEqual([]);
    const again = (await keyed(here, { memberIds: [member.id], clientMutationId: "two", description: null }))
      .createUserGroup;
    expect(again).toEqual(first);
    expect((await here.contents()).user_groups).toHaveLength(1);
  });

  test("the group comes back as it is by then", async () => {
    const here = await tenant();
    const { userGroup } = (await keyed(here, {})).createUserGroup;
    expect(
      await here.refusals(here.admin, operations.UpdateUserGroup!, { groupId: userGroup.id, name: "Since" }),
    ).toEqual([]);
    expect((await keyed(here, {})).createUserGroup).toMatchObject({
      errors: [],
      userGroup: { name: "Since", version: 2 },
    });
  });

  test("another input under the same key is IDEMPOTENCY_CONFLICT", async () => {
    const here = await tenant();
    await keyed(here, {});
    expect(await create(here, { idempotencyKey: "mine", kind: "SHELL" })).toEqual([
      "IDEMPOTENCY_CONFLICT input.idempotencyKey",
    ]);
  });

  test("a key is its caller's own", async () => {
    const here = await tenant();
    await keyed(here, {});
    expect(await create(here, { idempotencyKey: "mine" }, await here.service("groups.write"))).toEqual([
      "TAKEN input.name",
    ]);
    expect(await create(await tenant(), { idempotencyKey: "mine" })).toEqual([]);
  });

  test("a refused one leaves its key free", async () => {
    const here = await tenant();
    const group = await here.group({ name: "Made" });
    expect(await create(here, { idempotencyKey: "mine" })).toEqual(["TAKEN input.name"]);
    const { guid: groupId } = group;
    expect(await here.refusals(here.admin, operations.UpdateUserGroup!, { groupId, name: "Other" })).toEqual([]);
    expect(await create(here, { idempotencyKey: "mine" })).toEqual([]);
  });

  test("a key holds 1 to 255 characters", async () => {
    const here = await tenant();
    for (const idempotencyKey of ["", "𝔘".repeat(256)]) {
      expect(await create(here, { idempotencyKey })).toEqual(["INVALID input.idempotencyKey"]);
    }
    expect(await create(here, { idempotencyKey: "𝔘".repeat(255) })).toEqual([]);
  });

  test("of 20 who send the same at once, one makes the group and all are answered with it", async () => {
    const here = await tenant();
    const answers = await atOnce(20, () => keyed(here, {}));
    expect(outcomes(answers).join("")).toBe("");
    expect(new Set(answers.map(({ createUserGroup }) => createUserGroup.userGroup.guid)).size).toBe(1);
    expect((await here.contents()).user_groups).toHaveLength(1);
  });
});

test("of 20 groups made at once for one lead, one is made", async () => {
  const here = await tenant();
  const lead = await here.user();
  const answers = await atOnce(20, (i) => here.admin.ask(document, { input: { name: `${i}`, leadUserId: lead.id } }));
  expect(outcomes(answers).toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "LEAD_ELSEWHERE")]);
});

test("groups made at once of the same people in any order get in nobody's way", async () => {
  const here = await tenant();
  const people = await atOnce(8, () => here.user());
  const answers = await atOnce(20, (i) => {
    const ids = people.map(({ id }) => id);
    const memberIds = i % 2 ? ids.toReversed() : [...ids.slice(i % 8), ...ids.slice(0, i % 8)];
    return here.admin.ask(document, { input: { name: `${i}`, memberIds } });
  });
  expect(outcomes(answers).join("")).toBe("");
});
