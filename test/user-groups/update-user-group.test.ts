import { UserStatus } from "../../src/users/index.js";
import { harness, operations, outcomes, problems, type Caller } from "../harness/index.js";
import { atOnce, countsHold, eventsOf, family, membersOf, readGroup, UNKNOWN, whoMay, type Family } from "./family.js";
import { nameRules } from "./names.js";

const server = await harness();
const document = operations.UpdateUserGroup!;
const update = ({ here, group }: Family, input: object, by: Caller = here.admin) =>
  here.refusals(by, document, { groupId: group.id, ...input });
const read = async ({ here, group }: Family) => (await readGroup(here.admin, group))!;

countsHold(server);
nameRules(server, { document, of: async (here) => ({ groupId: (await here.group()).id }) });

describe("name and description are for administrators, services and the group's lead", () => {
  whoMay(server, document, ({ group }) => ({ groupId: group.id, name: "Changed", description: null }), {
    "an administrator": [],
    "a service with the permission": [],
    "an internal member": "FORBIDDEN",
    "the group's lead": [],
    "an internal user in the lead's session": [],
    "another group's lead": ["NOT_FOUND input.groupId"],
    "a member": "FORBIDDEN",
    "a client in no group": "FORBIDDEN",
  });
});

describe("who leads, and the default role, is for administrators and services alone", () => {
  const closed = ["NOT_ASSIGNED_TO_YOU input.leadUserId"];
  whoMay(server, document, ({ group, member }) => ({ groupId: group.id, leadUserId: member.id }), {
    "an administrator": [],
    "a service with the permission": [],
    "an internal member": "FORBIDDEN",
    "the group's lead": closed,
    "an internal user in the lead's session": closed,
    "another group's lead": closed,
    "a member": "FORBIDDEN",
    "a client in no group": "FORBIDDEN",
  });

  test("a lead can neither clear them nor set them to what they are", async () => {
    const of = await family(server);
    const { lead, roles } = of;
    for (const leadUserId of [null, lead.id]) {
      expect(await update(of, { leadUserId }, lead)).toEqual(["NOT_ASSIGNED_TO_YOU input.leadUserId"]);
    }
    for (const defaultRoleId of [null, roles.low.id]) {
      expect(await update(of, { defaultRoleId }, lead)).toEqual(["NOT_ASSIGNED_TO_YOU input.defaultRoleId"]);
    }
  });
});

test("a member who leads another group sees this one and does not write to it", async () => {
  const of = await family(server);
  await of.here.join(of.group, of.otherLead);
  expect(await update(of, { name: "Changed" }, of.otherLead)).toEqual(["NOT_ASSIGNED_TO_YOU input.groupId"]);
});

test("changes what is named and leaves the rest, one version further", async () => {
  const of = await family(server);
  const { here, group, member, roles } = of;
  const input = { groupId: group.guid, description: "New.", leadUserId: member.guid, defaultRoleId: roles.low.id };
  const { updateUserGroup } = await here.admin.ask(document, { input });
  expect(updateUserGroup).toMatchObject({
    errors: [],
    userGroup: { name: "Family", description: "New.", version: 2, memberCount: 3, leadUser: { id: member.id } },
  });
  expect(await read(of)).toMatchObject({ ...updateUserGroup.userGroup, defaultRole: { id: roles.low.id } });
  expect(await update(of, { description: null, leadUserId: null, defaultRoleId: null })).toEqual([]);
  expect(await read(of)).toMatchObject({ description: null, leadUser: null, defaultRole: null, version: 3 });
});

test("whoever leads no longer stays a member, and may no longer write", async () => {
  const of = await family(server);
  const { here, group, lead, member } = of;
  expect(await update(of, { leadUserId: member.id })).toEqual([]);
  const members = await membersOf(here, group);
  expect([members.get(lead.guid)!.isLead, members.get(member.guid)!.isLead]).toEqual([false, true]);
  expect(problems(await lead.send(document, { input: { groupId: group.id, name: "Mine" } }))).toEqual(["FORBIDDEN"]);
  expect(await update(of, { name: "Mine" }, member)).toEqual([]);
});

test("an update with no change succeeds, keeps the version, and leaves an event that says so", async () => {
  const of = await family(server);
  const { user_groups: before } = await of.here.contents();
  expect(await update(of, {})).toEqual([]);
  expect(await update(of, { name: "Family", description: null, leadUserId: of.lead.id })).toEqual([]);
  expect((await of.here.contents()).user_groups).toEqual(before);
  const nothing = ["updateUserGroup", of.group.guid];
  expect(await eventsOf(of.here)).toEqual([nothing, nothing]);
});

test("leaves one event that tells old and new", async () => {
  const of = await family(server);
  expect(await update(of, { name: "Changed", leadUserId: of.member.id })).toEqual([]);
  expect(await eventsOf(of.here)).toEqual([
    ["updateUserGroup", of.group.guid, "UPDATE GroupMember roleId,userId", "UPDATE UserGroup leadUserId,name"],
  ]);
});

test("a new lead has the highest role, and the one before keeps theirs", async () => {
  const of = await family(server);
  const highest = await of.here.role({ rank: 1_000 });
  const before = await membersOf(of.here, of.group);
  expect(await update(of, { leadUserId: of.member.id })).toEqual([]);
  const after = await membersOf(of.here, of.group);
  expect(after.get(of.member.guid)).toMatchObject({ isLead: true, role: { id: highest.id } });
  expect(after.get(of.lead.guid)!.role).toEqual(before.get(of.lead.guid)!.role);
});

test("one's own name in another spelling is not taken", async () => {
  const of = await family(server);
  expect(await update(of, { name: "FAMÍLY" })).toEqual([]);
  expect(await read(of)).toMatchObject({ name: "FAMÍLY", version: 2 });
});

test("refuses to clear the name", async () => {
  expect(await update(await family(server), { name: null })).toEqual(["REQUIRED input.name"]);
});

test("refuses a version that is not the present one", async () => {
  const of = await family(server);
  expect(await update(of, { name: "A", expectedVersion: 1 })).toEqual([]);
  expect(await update(of, { name: "B", expectedVersion: 1 })).toEqual(["STALE_OBJECT input.expectedVersion"]);
  expect(await update(of, { name: "B", expectedVersion: 2 })).toEqual([]);
});

test("members who come and go are no new version of the group's own data", async () => {
  const of = await family(server);
  const { here, group, client } = of;
  const input = { groupId: group.id, userId: client.id };
  expect(await here.refusals(here.admin, operations.AddUserToGroup!, input)).toEqual([]);
  expect(await update(of, { name: "A", expectedVersion: 1 })).toEqual([]);
});

describe("refuses as lead", () => {
  test("whoever is no member, or is not there at all", async () => {
    const of = await family(server);
    expect(await update(of, { leadUserId: of.client.id })).toEqual(["NOT_A_MEMBER input.leadUserId"]);
    expect(await update(of, { leadUserId: of.otherLead.id })).toEqual(["NOT_A_MEMBER input.leadUserId"]);
    expect(await update(of, { leadUserId: UNKNOWN })).toEqual(["NOT_FOUND input.leadUserId"]);
  });

  test("whoever leads another group", async () => {
    const of = await family(server);
    await of.here.join(of.group, of.otherLead);
    expect(await update(of, { leadUserId: of.otherLead.id })).toEqual(["LEAD_ELSEWHERE input.leadUserId"]);
  });

  test.each([UserStatus.DRAFT, UserStatus.INVITED, UserStatus.SUSPENDED, UserStatus.REVOKED])(
    "whoever is %s",
    async (status) => {
      const of = await family(server);
      const user = await of.here.user({ status });
      await of.here.join(of.group, user);
      expect(await update(of, { leadUserId: user.id })).toEqual(["USER_NOT_ACTIVE input.leadUserId"]);
    },
  );

  test("staff, even those who were taken over as members", async () => {
    const of = await family(server);
    const staff = await of.here.internal([]);
    await of.here.join(of.group, staff);
    expect(await update(of, { leadUserId: staff.id })).toEqual(["USER_TYPE_MISMATCH input.leadUserId"]);
  });
});

test("refuses a default role of staff, of the other kind of group, or unknown", async () => {
  const of = await family(server);
  const staff = await of.here.role({ scope: "INTERNAL" as never });
  const shells = await of.here.role({ groupKind: "SHELL" as never });
  expect(await update(of, { defaultRoleId: staff.id })).toEqual(["OUT_OF_SCOPE_ROLE input.defaultRoleId"]);
  expect(await update(of, { defaultRoleId: shells.id })).toEqual(["ROLE_NOT_ASSIGNABLE input.defaultRoleId"]);
  expect(await update(of, { defaultRoleId: UNKNOWN })).toEqual(["NOT_FOUND input.defaultRoleId"]);
});

test("of two who are made lead of one group at once, one leads it in the end", async () => {
  const of = await family(server);
  const { here, group, member, signatory } = of;
  const answers = await atOnce(20, (i) =>
    here.admin.ask(document, { input: { groupId: group.id, leadUserId: (i % 2 ? member : signatory).id } }),
  );
  expect(outcomes(answers).join("")).toBe("");
  const leads = [...(await membersOf(here, group))].filter(([, { isLead }]) => isLead);
  expect(leads).toHaveLength(1);
  expect([member.guid, signatory.guid]).toContain(leads[0]![0]);
});

test("of 20 groups that are given one lead at once, one has them", async () => {
  const { here, client } = await family(server);
  const groups = await atOnce(20, () => here.group({ members: [client] }));
  const answers = await atOnce(20, (i) =>
    here.admin.ask(document, { input: { groupId: groups[i]!.id, leadUserId: client.id } }),
  );
  expect(outcomes(answers).toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "LEAD_ELSEWHERE")]);
});

test("whoever becomes lead and is suspended at once ends as one of the two", async () => {
  for (let round = 0; round < 10; round++) {
    const of = await family(server);
    const { here, group, member } = of;
    const answers = await Promise.all([
      here.admin.ask(document, { input: { groupId: group.id, leadUserId: member.id } }),
      here.admin.ask(operations.SuspendUser!, { input: { userId: member.id } }),
    ]);
    expect([
      ["", "LEAD_CANNOT_BE_REMOVED"],
      ["USER_NOT_ACTIVE", ""],
    ]).toContainEqual(outcomes(answers));
  }
});

test("leads who change places between two groups at once see no deadlock", async () => {
  const { here, client, otherMember } = await family(server);
  const [one, two] = await atOnce(2, () => here.group({ members: [client, otherMember] }));
  const answers = await atOnce(20, (i) =>
    here.admin.ask(document, {
      input: {
        groupId: (i % 2 ? one : two)!.id,
        leadUserId: [client.id, otherMember.id, null][i % 3],
      },
    }),
  );
  expect(outcomes(answers).filter((code) => code !== "" && code !== "LEAD_ELSEWHERE")).toEqual([]);
});
