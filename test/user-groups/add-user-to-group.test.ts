import { UserStatus, UserType } from "../../src/users/index.js";
import { harness, operations, outcomes, type Caller } from "../harness/index.js";
import { atOnce, countsHold, eventsOf, family, membersOf, readGroup, UNKNOWN, whoMay, type Family } from "./family.js";

const server = await harness();
const document = operations.AddUserToGroup!;
const add = ({ here, group }: Family, user: { id: string }, input: object = {}, by: Caller = here.admin) =>
  here.refusals(by, document, { groupId: group.id, userId: user.id, ...input });

countsHold(server);

describe("is for administrators and services; a lead knows nobody whom to add", () => {
  whoMay(server, document, ({ group, client }) => ({ groupId: group.id, userId: client.id }), {
    "an administrator": [],
    "a service with the permission": [],
    "an internal member": "FORBIDDEN",
    "the group's lead": ["NOT_FOUND input.userId"],
    "an internal user in the lead's session": ["NOT_FOUND input.userId"],
    "another group's lead": ["NOT_FOUND input.userId"],
    "a member": "FORBIDDEN",
    "a client in no group": "FORBIDDEN",
  });
});

test("adds a client, and answers with the group's new number of members", async () => {
  const of = await family(server);
  const { here, group, client, roles } = of;
  const from = new Date().toISOString();
  const { addUserToGroup } = await here.admin.ask(document, { input: { groupId: group.guid, userId: client.guid } });
  expect(addUserToGroup).toMatchObject({
    errors: [],
    userGroup: { id: group.id, memberCount: 4, version: 1 },
    user: { id: client.id },
  });
  const member = (await membersOf(here, group)).get(client.guid)!;
  expect(member).toMatchObject({ isLead: false, isSignatory: false, role: { id: roles.low.id } });
  expect(member.joinedAt >= from).toBe(true);
  expect((await readGroup(client, group))!.memberCount).toBe(4);
});

test("leaves one event about the membership", async () => {
  const of = await family(server);
  expect(await add(of, of.client)).toEqual([]);
  expect(await eventsOf(of.here)).toEqual([
    ["addUserToGroup", of.group.guid, "CREATE GroupMember groupId,joinedAt,roleId,userId"],
  ]);
});

test("the role is the one given, else the group's default, else the lowest for its kind", async () => {
  const of = await family(server);
  const { here, roles } = of;
  await here.role({ rank: -1, groupKind: "SHELL" as never });
  const withDefault = { ...of, group: await here.group({ defaultRoleId: roles.middle.guid }) };
  const [one, two, three] = [await here.user(), await here.user(), await here.user()];
  expect(await add(withDefault, one, { roleId: roles.high.id })).toEqual([]);
  expect(await add(withDefault, two)).toEqual([]);
  expect(await add(of, three, { roleId: null })).toEqual([]);
  const inDefault = await membersOf(here, withDefault.group);
  expect([one, two].map(({ guid }) => inDefault.get(guid)!.role!.id)).toEqual([roles.high.id, roles.middle.id]);
  expect((await membersOf(here, of.group)).get(three.guid)!.role!.id).toBe(roles.low.id);
});

test("who belongs to it already stays as they are", async () => {
  const of = await family(server);
  const { group_members: before } = await of.here.contents();
  for (const user of [of.signatory, of.lead]) expect(await add(of, user, { roleId: of.roles.low.id })).toEqual([]);
  expect((await of.here.contents()).group_members).toEqual(before);
  expect(await add(of, of.member, {}, of.lead)).toEqual([]);
});

test("one client belongs to several groups", async () => {
  const of = await family(server);
  expect(await add(of, of.otherLead)).toEqual([]);
  const { user } = await of.here.admin.ask(
    "query ($guid: UUID!) { user(guid: $guid) { userGroups { totalCount edges { isLead node { name } } } } }",
    { guid: of.otherLead.guid },
  );
  expect(user.userGroups).toEqual({
    totalCount: 2,
    edges: [
      { isLead: false, node: { name: "Family" } },
      { isLead: true, node: { name: "Neighbours" } },
    ],
  });
});

test.each([UserStatus.DRAFT, UserStatus.INVITED, UserStatus.SUSPENDED])(
  "whoever is %s can be added",
  async (status) => {
    const of = await family(server);
    expect(await add(of, await of.here.user({ status, type: UserType.ENTREPRENEUR }))).toEqual([]);
  },
);

test("refuses staff, the revoked, and whoever is not there", async () => {
  const of = await family(server);
  const { here } = of;
  expect(await add(of, await here.internal([]))).toEqual(["USER_TYPE_MISMATCH input.userId"]);
  expect(await add(of, await here.user({ status: UserStatus.REVOKED }))).toEqual(["USER_NOT_ACTIVE input.userId"]);
  expect(await add(of, { id: UNKNOWN })).toEqual(["NOT_FOUND input.userId"]);
  expect(await add({ ...of, group: { id: UNKNOWN, guid: UNKNOWN } }, of.client)).toEqual(["NOT_FOUND input.groupId"]);
});

test("refuses a role of staff, one of the other kind of group, and one that is not there", async () => {
  const of = await family(server);
  const { here, client } = of;
  const staff = await here.role({ scope: "INTERNAL" as never });
  const shells = await here.role({ groupKind: "SHELL" as never });
  expect(await add(of, client, { roleId: staff.id })).toEqual(["OUT_OF_SCOPE_ROLE input.roleId"]);
  expect(await add(of, client, { roleId: shells.id })).toEqual(["ROLE_NOT_ASSIGNABLE input.roleId"]);
  expect(await add(of, client, { roleId: UNKNOWN })).toEqual(["NOT_FOUND input.roleId"]);
});

test("a lead gives nobody a role above their own", async () => {
  const of = await family(server);
  expect(await add(of, of.member, { roleId: of.roles.high.id }, of.lead)).toEqual(["ROLE_NOT_ASSIGNABLE input.roleId"]);
});

test("of 20 who add the same client at once all succeed, and there is one membership", async () => {
  const { here, group, client } = await family(server);
  const answers = await atOnce(20, () => here.admin.ask(document, { input: { groupId: group.id, userId: client.id } }));
  expect(outcomes(answers).join("")).toBe("");
  expect(answers.map(({ addUserToGroup }) => addUserToGroup.userGroup.memberCount)).toEqual(
    Array.from({ length: 20 }, () => 4),
  );
  expect((await membersOf(here, group)).size).toBe(4);
});

test("of 20 who are added to one group at once each is, and is counted", async () => {
  const { here, group } = await family(server);
  const users = await atOnce(20, () => here.user());
  const answers = await atOnce(20, (i) =>
    here.admin.ask(document, { input: { groupId: group.id, userId: users[i]!.id } }),
  );
  expect(outcomes(answers).join("")).toBe("");
  const counts = answers.map(({ addUserToGroup }) => addUserToGroup.userGroup.memberCount);
  expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => 4 + i));
});

test("whoever is added and revoked at once is not added after", async () => {
  for (let round = 0; round < 10; round++) {
    const { here, group, client } = await family(server);
    const answers = await Promise.all([
      here.admin.ask(document, { input: { groupId: group.id, userId: client.id } }),
      here.admin.ask(operations.RevokeUser!, { input: { userId: client.id } }),
    ]);
    expect([
      ["", ""],
      ["USER_NOT_ACTIVE", ""],
    ]).toContainEqual(outcomes(answers));
  }
});
