import { PERMISSIONS } from "../../src/access/index.js";
import { UserStatus } from "../../src/users/index.js";
import { harness, operations, outcomes, problems, type Caller } from "../harness/index.js";
import { atOnce, countsHold, eventsOf, family, membersOf, readGroup, UNKNOWN, whoMay, type Family } from "./family.js";

const server = await harness();
const document = operations.RemoveUserFromGroup!;
const remove = ({ here, group }: Family, user: { id: string }, by: Caller = here.admin) =>
  here.refusals(by, document, { groupId: group.id, userId: user.id });

countsHold(server);

describe("a member is removed by administrators, services, the group's lead, and by themselves", () => {
  whoMay(server, document, ({ group, member }) => ({ groupId: group.id, userId: member.id }), {
    "an administrator": [],
    "a service with the permission": [],
    "an internal member": ["NOT_ASSIGNED_TO_YOU input.groupId"],
    "the group's lead": [],
    "an internal user in the lead's session": [],
    "another group's lead": ["NOT_FOUND input.userId"],
    "a member": [],
    "a client in no group": ["NOT_FOUND input.userId"],
  });
});

test("a service without groups.write may not ask, whatever else it holds", async () => {
  const of = await family(server);
  const { here, group, member } = of;
  const others = PERMISSIONS.filter((permission) => permission !== "groups.write");
  for (const service of [await here.service(), await here.service(...others)]) {
    const answer = await service.send(document, { input: { groupId: group.id, userId: member.id } });
    expect(problems(answer)).toEqual(["FORBIDDEN"]);
  }
  expect((await membersOf(here, group)).has(member.guid)).toBe(true);
});

test("takes a member out, and answers with the group's new number of members", async () => {
  const { here, group, member } = await family(server);
  const { removeUserFromGroup } = await here.admin.ask(document, { input: { groupId: group.id, userId: member.guid } });
  expect(removeUserFromGroup).toMatchObject({
    errors: [],
    userGroup: { id: group.id, memberCount: 2, version: 1 },
    user: { id: member.id },
  });
  expect((await membersOf(here, group)).has(member.guid)).toBe(false);
});

test("leaves one event that says what the membership was", async () => {
  const of = await family(server);
  expect(await remove(of, of.member)).toEqual([]);
  expect(await eventsOf(of.here)).toEqual([
    ["removeUserFromGroup", of.group.guid, "DELETE GroupMember groupId,isSignatory,joinedAt,roleId,userId"],
  ]);
});

test("whoever leaves sees the group no longer, nor is seen by its lead", async () => {
  const of = await family(server);
  const { group, member, lead } = of;
  expect(await readGroup(member, group)).not.toBeNull();
  expect(await remove(of, member, member)).toEqual([]);
  expect(await readGroup(member, group)).toBeNull();
  expect(await lead.ask(operations.UserWithItsGraph!, { guid: member.guid })).toEqual({ user: null });
});

test("a member takes nobody else out, and learns nothing of them", async () => {
  const of = await family(server);
  for (const user of [of.signatory, of.lead, of.client, { id: UNKNOWN }]) {
    expect(await remove(of, user, of.member)).toEqual(["NOT_FOUND input.userId"]);
  }
});

test("whoever is no member cannot leave: a group they see, or do not see", async () => {
  const of = await family(server);
  const { here, client, otherGroup } = of;
  expect(await remove(of, client)).toEqual(["NOT_A_MEMBER input.userId"]);
  expect(await remove(of, client, client)).toEqual(["NOT_FOUND input.groupId"]);
  expect(await remove({ ...of, group: otherGroup }, of.lead, of.lead)).toEqual(["NOT_FOUND input.groupId"]);
  expect(await remove(of, here.admin)).toEqual(["NOT_A_MEMBER input.userId"]);
});

test("the lead stays, whoever asks, until there is another one", async () => {
  const of = await family(server);
  const { here, lead, member, group } = of;
  for (const caller of [here.admin, lead]) {
    expect(await remove(of, lead, caller)).toEqual(["LEAD_CANNOT_BE_REMOVED input.userId"]);
  }
  const input = { groupId: group.id, leadUserId: member.id };
  expect(await here.refusals(here.admin, operations.UpdateUserGroup!, input)).toEqual([]);
  expect(await remove(of, lead, lead)).toEqual([]);
});

test("the last signatory stays, whoever asks, until somebody else may sign", async () => {
  const of = await family(server);
  const { here, lead, signatory, member, group } = of;
  for (const caller of [here.admin, lead, signatory]) {
    expect(await remove(of, signatory, caller)).toEqual(["LAST_SIGNATORY input.userId"]);
  }
  const input = { groupId: group.id, userId: member.id };
  expect(await here.refusals(here.admin, operations.MarkUserAsSignatory!, input)).toEqual([]);
  expect(await remove(of, signatory, signatory)).toEqual([]);
  expect(await remove(of, member)).toEqual(["LAST_SIGNATORY input.userId"]);
});

test.each([UserStatus.SUSPENDED, UserStatus.REVOKED])(
  "the last signatory is the last one who can sign: others who are %s do not count",
  async (status) => {
    const of = await family(server);
    const { here, group, signatory, lead } = of;
    const other = await here.user({ status });
    await here.join(group, other, { isSignatory: true });
    for (const caller of [here.admin, lead, signatory]) {
      expect(await remove(of, signatory, caller)).toEqual(["LAST_SIGNATORY input.userId"]);
    }
    // They themselves can go, as long as one is left who can sign.
    expect(await remove(of, other)).toEqual([]);
  },
);

test("whoever is suspended and then reactivated counts again", async () => {
  const of = await family(server);
  const { here, group, signatory, client } = of;
  await here.join(group, client, { isSignatory: true });
  const step = (name: string) => here.refusals(here.admin, operations[name]!, { userId: client.id });
  expect(await step("SuspendUser")).toEqual([]);
  expect(await remove(of, signatory)).toEqual(["LAST_SIGNATORY input.userId"]);
  expect(await step("ReactivateUser")).toEqual([]);
  expect(await remove(of, signatory)).toEqual([]);
});

test("a signatory of another group does not count here", async () => {
  const of = await family(server);
  const { here, otherGroup, signatory } = of;
  await here.join(otherGroup, signatory, { isSignatory: true });
  expect(await remove(of, signatory)).toEqual(["LAST_SIGNATORY input.userId"]);
});

test.each([UserStatus.DRAFT, UserStatus.SUSPENDED, UserStatus.REVOKED])(
  "a member who is %s can be removed",
  async (status) => {
    const of = await family(server);
    const user = await of.here.user({ status });
    await of.here.join(of.group, user);
    expect(await remove(of, user, of.lead)).toEqual([]);
  },
);

test("somebody who acts as a member leaves the group for them, and is then somebody else", async () => {
  const of = await family(server);
  const { here, member, group } = of;
  const session = await here.actingAs(here.admin, member, group);
  expect(await remove(of, member, session)).toEqual([]);
  expect((await session.send(operations.Me!)).status).toBe(401);
});

test("of the last two signatories who are removed at once, one stays", async () => {
  for (let round = 0; round < 10; round++) {
    const of = await family(server);
    const { here, group, signatory, client } = of;
    await here.join(group, client, { isSignatory: true });
    const answers = await Promise.all(
      [signatory, client].map((user) => here.admin.ask(document, { input: { groupId: group.id, userId: user.id } })),
    );
    expect(outcomes(answers).toSorted()).toEqual(["", "LAST_SIGNATORY"]);
  }
});

test("of 20 signatories who are removed at once, one stays", async () => {
  const { here } = await family(server);
  const signatories = await atOnce(20, () => here.user());
  const group = await here.group({ signatories });
  const answers = await atOnce(20, (i) =>
    here.admin.ask(document, { input: { groupId: group.id, userId: signatories[i]!.id } }),
  );
  expect(outcomes(answers).toSorted()).toEqual([...Array.from({ length: 19 }, () => ""), "LAST_SIGNATORY"]);
  expect((await membersOf(here, group)).size).toBe(1);
});

test("of 20 who remove one member at once, one does it", async () => {
  const { here, group, member } = await family(server);
  const answers = await atOnce(20, () => here.admin.ask(document, { input: { groupId: group.id, userId: member.id } }));
  expect(outcomes(answers).toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "NOT_A_MEMBER")]);
});

test("of one who is removed and made lead at once, nobody leads a group that they left", async () => {
  for (let round = 0; round < 10; round++) {
    const { here, group, member } = await family(server);
    const answers = await Promise.all([
      here.admin.ask(document, { input: { groupId: group.id, userId: member.id } }),
      here.admin.ask(operations.UpdateUserGroup!, { input: { groupId: group.id, leadUserId: member.id } }),
    ]);
    expect([
      ["", "NOT_A_MEMBER"],
      ["LEAD_CANNOT_BE_REMOVED", ""],
    ]).toContainEqual(outcomes(answers));
  }
});

test("members who are added to and removed from two groups crosswise see no deadlock", async () => {
  const { here, group, otherGroup, client, member } = await family(server);
  const answers = await atOnce(40, (i) =>
    here.admin.ask([document, operations.AddUserToGroup!][i % 2]!, {
      input: { groupId: (i % 4 < 2 ? group : otherGroup).id, userId: (i % 8 < 4 ? client : member).id },
    }),
  );
  expect(outcomes(answers).filter((code) => code !== "" && code !== "NOT_A_MEMBER")).toEqual([]);
});
