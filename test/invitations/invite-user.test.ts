import { UserGroupKind } from "../../src/access/index.js";
import { UserStatus, UserType } from "../../src/users/index.js";
import { harness, operations, problems, type Caller, type Person, type TestTenant } from "../harness/index.js";
import {
  daysUntil,
  inDays,
  invitationLaws,
  invitationsOf,
  INVITER,
  newEmail,
  type Sent,
} from "../harness/invitations.js";
import { invitingRules } from "../harness/inviting.js";

const server = await harness();
const { tenant } = server;
const tools = invitationsOf(server);
const { invite, settings, read, accepting } = tools;
const document = operations.InviteUser!;
const UNKNOWN = "00000000-0000-7000-8000-000000000000";

invitationLaws(server);
invitingRules(server, tools, {
  document,
  type: UserType.INVESTOR,
  inputOf: async () => (given) => ({ type: "INVESTOR", ...given }),
});

const inviting = (here: TestTenant, input: object = {}, by: Caller = here.admin): Promise<string[]> =>
  here.refusals(by, document, { email: newEmail(), type: "INVESTOR", ...input });

/** A group with its lead, who holds a role of that rank in it. */
async function led(here: TestTenant, rank = 5): Promise<{ lead: Person; group: { guid: string; id: string } }> {
  const [lead, role] = [await here.user(), await here.role({ rank })];
  return { lead, group: await here.group({ lead, roleId: role.guid }) };
}

test("invites investors and entrepreneurs, and no staff", async () => {
  const here = await tenant();
  for (const type of ["INVESTOR", "ENTREPRENEUR"]) {
    const { user } = await invite(here, { type });
    expect((await here.read(user)).type).toBe(type);
  }
  expect(await inviting(here, { type: "INTERNAL" })).toEqual(["USER_TYPE_MISMATCH input.type"]);
});

test("invites into a group, by its global id or guid, with a role or without", async () => {
  const here = await tenant();
  const [group, role] = [await here.group(), await here.role({ name: "Viewer" })];
  const plain = await read(here, await invite(here, { groupId: group.guid }));
  expect(plain).toMatchObject({ group: { id: group.id }, role: null, asLead: null });
  const given = await read(here, await invite(here, { groupId: group.id, roleId: role.id }));
  expect(given).toMatchObject({ group: { id: group.id }, role: { name: "Viewer" } });
  expect((await here.rows()).group_members).toEqual([]);
});

test("refuses an unknown group and role, and another tenant's", async () => {
  const [here, there] = [await tenant(), await tenant()];
  const group = await here.group();
  const theirs = { group: await there.group(), role: await there.role() };
  for (const groupId of [UNKNOWN, theirs.group.id, theirs.group.guid]) {
    expect(await inviting(here, { groupId })).toEqual(["NOT_FOUND input.groupId"]);
  }
  for (const roleId of [UNKNOWN, theirs.role.id, theirs.role.guid]) {
    expect(await inviting(here, { groupId: group.id, roleId })).toEqual(["NOT_FOUND input.roleId"]);
  }
});

test("refuses a role of staff, of another kind of group, and one without a group", async () => {
  const here = await tenant();
  const group = await here.group();
  const staff = await here.role({ scope: "INTERNAL" as never });
  const shells = await here.role({ groupKind: "SHELL" as never });
  const refusals = (roleId: string) => inviting(here, { groupId: group.id, roleId });
  expect(await refusals(staff.id)).toEqual(["OUT_OF_SCOPE_ROLE input.roleId"]);
  expect(await refusals(shells.id)).toEqual(["ROLE_NOT_ASSIGNABLE input.roleId"]);
  expect(await inviting(here, { roleId: (await here.role()).id })).toEqual(["REQUIRED input.groupId"]);
});

test("malformed ids, and ids of other types, are BAD_USER_INPUT", async () => {
  const here = await tenant();
  const [group, role] = [await here.group(), await here.role()];
  for (const [ids, field] of [
    [{ groupId: "junk" }, "groupId"],
    [{ groupId: role.id }, "groupId"],
    [{ groupId: group.id, roleId: "" }, "roleId"],
    [{ groupId: group.id, roleId: group.id }, "roleId"],
  ] as const) {
    const input = { email: newEmail(), type: "INVESTOR", ...ids };
    expect(problems(await here.admin.send(document, { input }))).toEqual([`BAD_USER_INPUT input.${field}`]);
  }
});

describe("a draft", () => {
  const DRAFT = { status: "DRAFT", sendCount: 0, dateInvited: null, dateExpires: null, lastSentAt: null, mail: null };

  test("is what is not to be sent yet", async () => {
    const here = await tenant();
    const sent = await invite(here, { send: false });
    expect(await read(here, sent)).toMatchObject(DRAFT);
    expect(await here.read(sent.user)).toMatchObject({ status: "DRAFT", inviteStatus: "DRAFT" });
    expect((await here.rows()).mail_deliveries).toEqual([]);
    expect(await inviting(here, { email: sent.user.email })).toEqual(["ALREADY_INVITED input.email"]);
  });

  test("is every invitation of a tenant that wants them approved, whatever the inviter says", async () => {
    const here = await tenant();
    await settings(here, { approval: true });
    for (const send of [undefined, null, true, false])
      expect(await read(here, await invite(here, { send }))).toMatchObject(DRAFT);
    expect((await here.rows()).mail_deliveries).toEqual([]);
  });

  test("remembers until when it is to live, which is not yet its end", async () => {
    const here = await tenant();
    const sent = await invite(here, { send: false, expiresAt: inDays(20) });
    expect((await read(here, sent)).dateExpires).toBeNull();
    expect(await here.refusals(here.admin, operations.ApproveInvitation!, { invitationId: sent.id })).toEqual([]);
    expect(daysUntil((await read(here, sent)).dateExpires)).toBeCloseTo(20, 2);
  });
});

describe("who may", () => {
  test("a member of staff, whose client the invitee becomes", async () => {
    const here = await tenant();
    const advisor = await here.internal(INVITER);
    const group = await here.group();
    const sent = await invite(here, { groupId: group.id }, advisor);
    expect(await here.read(sent.user)).toMatchObject({ assignedInternalUser: { guid: advisor.guid } });
    expect(await read(here, sent)).toMatchObject({ invitedBy: { id: advisor.id } });
    const byAdmin = await invite(here);
    expect(await here.read(byAdmin.user)).toMatchObject({ assignedInternalUser: null });
  });

  test("who may invite finds the groups to invite into", async () => {
    const here = await tenant();
    const group = await here.group();
    for (const inviter of [await here.internal(["invitations.write"]), await here.service("invitations.write")]) {
      expect(await inviting(here, { groupId: group.id }, inviter)).toEqual([]);
      expect(await inviting(here, {}, inviter)).toEqual([]);
    }
  });

  test("a lead invites again whom they withdrew, unless they were somebody else's or had come", async () => {
    const here = await tenant();
    const lead = await here.user();
    const group = await here.group({ lead });
    const again = async (sent: Sent): Promise<string[]> => {
      await here.admin.ask(operations.RevokeInvitation!, { input: { invitationId: sent.id } });
      return inviting(here, { email: sent.user.email, groupId: group.id }, lead);
    };
    expect(await again(await invite(here, { groupId: group.id }, lead))).toEqual([]);
    expect(await again(await invite(here, { groupId: (await here.group()).id }))).toEqual([
      "NOT_ASSIGNED_TO_YOU input.email",
    ]);
    const come = await invite(here, { groupId: group.id }, lead);
    expect(await tools.accepting(here, come)).toEqual([]);
    await here.admin.ask(operations.RevokeUser!, { input: { userId: come.user.id } });
    expect(await inviting(here, { email: come.user.email, groupId: group.id }, lead)).toEqual([
      "NOT_ASSIGNED_TO_YOU input.email",
    ]);
  });

  test("whoever comes back takes the new invitation's role, and signs only when somebody says so", async () => {
    const here = await tenant();
    const user = await here.user({ status: UserStatus.REVOKED });
    const [high, low] = [await here.role({ rank: 9 }), await here.role({ rank: 1 })];
    const group = await here.group();
    await here.join(group, user, { roleId: high.guid, isSignatory: true });
    const sent = await invite(here, { email: user.email, groupId: group.id, roleId: low.id });
    expect(await tools.accepting(here, sent)).toEqual([]);
    const [member] = (await here.rows()).group_members!;
    expect(member).toMatchObject({ user_id: user.guid, role_id: low.guid, is_signatory: false });
  });

  test("a service with the scope", async () => {
    const here = await tenant();
    const sent = await invite(here, {}, await here.service("invitations.write"));
    expect(await read(here, sent)).toMatchObject({ invitedBy: null });
    const [event] = await tools.events(here);
    expect(event).toMatchObject({ actorKind: "SERVICE", actorId: "a-service", actorName: null });
    expect(
      problems(
        await (await here.service("users.write")).send(document, { input: { email: newEmail(), type: "INVESTOR" } }),
      ),
    ).toEqual(["FORBIDDEN"]);
  });

  test("a lead, into the group that they lead and nowhere else", async () => {
    const here = await tenant();
    const { lead, group } = await led(here);
    const member = await here.user();
    const joined = await here.group({ lead: member, members: [lead] });
    const foreign = await here.group();
    expect(await inviting(here, { groupId: group.id }, lead)).toEqual([]);
    expect(await inviting(here, {}, lead)).toEqual(["REQUIRED input.groupId"]);
    expect(await inviting(here, { groupId: joined.id }, lead)).toEqual(["NOT_ASSIGNED_TO_YOU input.groupId"]);
    expect(await inviting(here, { groupId: foreign.id }, lead)).toEqual(["NOT_FOUND input.groupId"]);
  });

  test("a lead, to roles up to their own", async () => {
    const here = await tenant();
    const { lead, group } = await led(here, 5);
    const [lower, same, higher] = [
      await here.role({ rank: 1 }),
      await here.role({ rank: 5 }),
      await here.role({ rank: 6 }),
    ];
    const refusals = (roleId: string) => inviting(here, { groupId: group.id, roleId }, lead);
    expect(await refusals(lower.id)).toEqual([]);
    expect(await refusals(same.id)).toEqual([]);
    expect(await refusals(higher.id)).toEqual(["ROLE_NOT_ASSIGNABLE input.roleId"]);
    expect(await inviting(here, { groupId: group.id, roleId: higher.id })).toEqual([]);
  });

  test("an impersonated session of a lead, with both names in the audit", async () => {
    const here = await tenant();
    const { lead, group } = await led(here);
    const session = await here.actingAs(here.admin, lead, group);
    const sent = await invite(here, { groupId: group.id }, session);
    expect(await read(here, sent)).toMatchObject({ invitedBy: { id: lead.id } });
    const [event] = await tools.events(here);
    expect(event).toMatchObject({ actorId: here.admin.guid, actorName: "Ada Admin", subjectId: lead.guid });
    expect(await inviting(here, {}, session)).toEqual(["REQUIRED input.groupId"]);
  });

  test("no member who does not lead, no investor, no staff without invitations.write", async () => {
    const here = await tenant();
    const member = await here.user();
    const group = await here.group({ members: [member] });
    const before = await here.contents();
    for (const caller of [
      member,
      await here.actingAs(here.admin, member, group),
      await here.internal(["users.write"]),
    ]) {
      const answer = await caller.send(document, { input: { email: newEmail(), type: "INVESTOR", groupId: group.id } });
      expect(problems(answer)).toEqual(["FORBIDDEN"]);
    }
    const after = await here.contents();
    expect([after.invitations, after.audit_events]).toEqual([before.invitations, before.audit_events]);
  });
});

describe("a revoked account is invited again", () => {
  const revoked = (here: TestTenant, values: object = {}) => here.user({ status: UserStatus.REVOKED, ...values });

  test("by administrators and services", async () => {
    const here = await tenant();
    for (const caller of [here.admin, await here.service("invitations.write")]) {
      const { email } = await revoked(here);
      expect(await inviting(here, { email }, caller)).toEqual([]);
    }
  });

  test("by the member of staff whose client it was, and stays their client", async () => {
    const here = await tenant();
    const [advisor, other] = [await here.internal(INVITER), await here.internal(INVITER)];
    const { email, guid } = await revoked(here, { assignedInternalUserId: advisor.guid });
    expect(await inviting(here, { email }, other)).toEqual(["NOT_ASSIGNED_TO_YOU input.email"]);
    expect(await inviting(here, { email }, advisor)).toEqual([]);
    expect(await here.read({ guid })).toMatchObject({
      status: "INVITED",
      assignedInternalUser: { guid: advisor.guid },
    });
  });

  test("not by a lead, whose member it may have been", async () => {
    const here = await tenant();
    const { lead, group } = await led(here);
    // Not even its type is told.
    for (const type of Object.values(UserType)) {
      const { email } = await revoked(here, { type });
      expect(await inviting(here, { email, groupId: group.id }, lead)).toEqual(["NOT_ASSIGNED_TO_YOU input.email"]);
    }
  });

  test("not as a client of the other type", async () => {
    const here = await tenant();
    const { email } = await revoked(here, { type: UserType.ENTREPRENEUR });
    expect(await inviting(here, { email })).toEqual(["USER_TYPE_MISMATCH input.email"]);
  });

  test("after it was used, and its old access token is good again when it accepts", async () => {
    const here = await tenant();
    const { person, user } = await tools.accepted(here);
    expect(await here.refusals(here.admin, operations.RevokeUser!, { userId: user.id })).toEqual([]);
    expect((await person.send(operations.Me!)).status).toBe(401);
    const again = await invite(here, { email: user.email });
    expect((await person.send(operations.Me!)).status).toBe(401);
    expect(again.user.guid).toBe(user.guid);
    expect(await accepting(here, again)).toEqual([]);
    expect((await person.ask(operations.Me!)).me).toMatchObject({ guid: user.guid, status: "ACTIVE" });
  });

  test("once while it is open", async () => {
    const here = await tenant();
    const { email } = await revoked(here);
    expect(await inviting(here, { email })).toEqual([]);
    expect(await inviting(here, { email })).toEqual(["ALREADY_INVITED input.email"]);
  });
});

test("who leads a shell is not for `inviteUser` to say: whoever accepts is a member", async () => {
  const here = await tenant();
  const shell = await here.group({ kind: UserGroupKind.SHELL });
  const sent = await invite(here, { groupId: shell.id });
  expect((await read(here, sent)).asLead).toBe(false);
  expect(await tools.accepting(here, sent)).toEqual([]);
  const { user_groups, group_members } = await here.rows();
  expect([user_groups![0]!.lead_user_id, group_members!.length]).toEqual([null, 1]);
});
