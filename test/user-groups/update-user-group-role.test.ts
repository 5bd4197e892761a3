import { harness, operations, outcomes, type Caller } from "../harness/index.js";
import { atOnce, countsHold, eventsOf, family, membersOf, UNKNOWN, whoMay, type Family } from "./family.js";

const server = await harness();
const document = operations.UpdateUserGroupRole!;
const give = (
  { here, group }: Family,
  user: { id: string },
  role: { id: string },
  by: Caller = here.admin,
): Promise<string[]> => here.refusals(by, document, { groupId: group.id, userId: user.id, roleId: role.id });
const roleOf = async ({ here, group }: Family, user: { guid: string }) =>
  (await membersOf(here, group)).get(user.guid)!.role?.id;

countsHold(server);

describe("is for administrators and the group's lead", () => {
  whoMay(
    server,
    document,
    ({ group, member, roles }) => ({ groupId: group.id, userId: member.id, roleId: roles.low.id }),
    {
      "an administrator": [],
      "a service with the permission": "FORBIDDEN",
      "an internal member": "FORBIDDEN",
      "the group's lead": [],
      "an internal user in the lead's session": [],
      "another group's lead": ["NOT_FOUND input.userId"],
      "a member": "FORBIDDEN",
      "a client in no group": "FORBIDDEN",
    },
  );
});

test("gives a member another role, and answers with group and user", async () => {
  const of = await family(server);
  const { here, group, member, roles } = of;
  const input = { groupId: group.guid, userId: member.guid, roleId: roles.high.guid };
  const { updateUserGroupRole } = await here.admin.ask(document, { input });
  expect(updateUserGroupRole).toMatchObject({
    errors: [],
    userGroup: { id: group.id, memberCount: 3, version: 1 },
    user: { id: member.id },
  });
  expect(await roleOf(of, member)).toBe(roles.high.id);
});

test("leaves one event about the membership", async () => {
  const of = await family(server);
  expect(await give(of, of.member, of.roles.high)).toEqual([]);
  expect(await eventsOf(of.here)).toEqual([["updateUserGroupRole", of.group.guid, "UPDATE GroupMember roleId,userId"]]);
});

test("giving the role that the member has succeeds and changes nothing", async () => {
  const of = await family(server);
  const { group_members: before } = await of.here.contents();
  expect(await give(of, of.member, of.roles.middle)).toEqual([]);
  expect((await of.here.contents()).group_members).toEqual(before);
});

test("an administrator gives the lead a role, too", async () => {
  const of = await family(server);
  expect(await give(of, of.lead, of.roles.high)).toEqual([]);
  expect(await roleOf(of, of.lead)).toBe(of.roles.high.id);
});

test("a lead gives their own role and lower ones, never a higher one", async () => {
  const of = await family(server);
  const { lead, member, roles } = of;
  expect(await give(of, member, roles.low, lead)).toEqual([]);
  expect(await give(of, member, roles.middle, lead)).toEqual([]);
  expect(await give(of, member, roles.high, lead)).toEqual(["ROLE_NOT_ASSIGNABLE input.roleId"]);
});

test("a lead takes no role away that stands above their own", async () => {
  const of = await family(server);
  const { lead, member, roles } = of;
  expect(await give(of, member, roles.high)).toEqual([]);
  expect(await give(of, member, roles.low, lead)).toEqual(["ROLE_NOT_ASSIGNABLE input.userId"]);
});

test("a lead without a role stands at the bottom", async () => {
  const of = await family(server);
  const { here, client, member, roles } = of;
  const bottom = await here.role({ rank: 0 });
  const group = await here.group({ lead: client, members: [member] });
  expect(await give({ ...of, group }, member, bottom, client)).toEqual([]);
  expect(await give({ ...of, group }, member, roles.low, client)).toEqual(["ROLE_NOT_ASSIGNABLE input.roleId"]);
});

test("the rank that a lead has elsewhere does not count here", async () => {
  const of = await family(server);
  const { here, lead, member, roles, otherGroup } = of;
  await here.join(otherGroup, lead, { roleId: roles.high.guid });
  expect(await give(of, member, roles.high, lead)).toEqual(["ROLE_NOT_ASSIGNABLE input.roleId"]);
});

test("nobody changes their own role", async () => {
  const of = await family(server);
  const session = await of.here.actingAs(of.here.admin, of.lead, of.group);
  for (const caller of [of.lead, session]) {
    expect(await give(of, of.lead, of.roles.low, caller)).toEqual(["SELF_ACTION input.userId"]);
  }
});

test("a lead writes to no other group, not even to one they belong to", async () => {
  const of = await family(server);
  const { here, otherGroup, member, lead, roles } = of;
  await here.join(otherGroup, lead);
  await here.join(otherGroup, member);
  expect(await give({ ...of, group: otherGroup }, member, roles.low, lead)).toEqual([
    "NOT_ASSIGNED_TO_YOU input.groupId",
  ]);
});

test("refuses whoever is no member", async () => {
  const of = await family(server);
  for (const user of [of.client, of.otherMember]) {
    expect(await give(of, user, of.roles.low)).toEqual(["NOT_A_MEMBER input.userId"]);
  }
});

test("refuses a role of staff, one of the other kind of group, and one that is not there", async () => {
  const of = await family(server);
  const { here, member, lead, client } = of;
  const staff = await here.role({ scope: "INTERNAL" as never });
  const shells = await here.role({ groupKind: "SHELL" as never });
  const standard = await here.role({ groupKind: "STANDARD" as never });
  expect(await give(of, member, staff)).toEqual(["OUT_OF_SCOPE_ROLE input.roleId"]);
  expect(await give(of, member, shells)).toEqual(["ROLE_NOT_ASSIGNABLE input.roleId"]);
  expect(await give(of, member, { id: UNKNOWN })).toEqual(["NOT_FOUND input.roleId"]);
  expect(await give(of, member, standard)).toEqual([]);
  // Roles of staff are not for clients to know of.
  expect(await give(of, member, staff, lead)).toEqual(["NOT_FOUND input.roleId"]);
  const shell = await here.group({ kind: "SHELL" as never, members: [client] });
  expect(await give({ ...of, group: shell }, client, standard)).toEqual(["ROLE_NOT_ASSIGNABLE input.roleId"]);
  expect(await give({ ...of, group: shell }, client, shells)).toEqual([]);
});

test("of roles that are given at once the last one stands, and nobody sees a deadlock", async () => {
  const of = await family(server);
  const { here, group, otherGroup, member, otherMember, roles } = of;
  await here.join(group, otherMember);
  await here.join(otherGroup, member);
  const ids = Object.values(roles).map(({ id }) => id);
  const answers = await atOnce(20, (i) =>
    here.admin.ask(document, {
      input: {
        groupId: (i % 2 ? group : otherGroup).id,
        userId: (i % 4 < 2 ? member : otherMember).id,
        roleId: ids[i % 3],
      },
    }),
  );
  expect(outcomes(answers).join("")).toBe("");
  expect(ids).toContain(await roleOf(of, member));
});
