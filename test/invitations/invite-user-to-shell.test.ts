import { UserGroupKind } from "../../src/user-groups/index.js";
import { UserType } from "../../src/users/index.js";
import { harness, operations, problems, type TestTenant } from "../harness/index.js";
import { invitationLaws, invitationsOf, INVITER, newEmail } from "../harness/invitations.js";
import { invitingRules } from "../harness/inviting.js";

const server = await harness();
const { tenant } = server;
const tools = invitationsOf(server);
const document = operations.InviteUserToShell!;
const UNKNOWN = "00000000-0000-7000-8000-000000000000";

const shellOf = (here: TestTenant, values: Parameters<TestTenant["group"]>[0] = {}) =>
  here.group({ kind: UserGroupKind.SHELL, ...values });

invitationLaws(server);
invitingRules(server, tools, {
  document,
  type: UserType.ENTREPRENEUR,
  inputOf: async (here) => {
    const { id } = await shellOf(here);
    return (given) => ({ shellId: id, type: "ENTREPRENEUR", ...given });
  },
});

async function scene(values: Parameters<TestTenant["group"]>[0] = {}) {
  const here = await tenant();
  const shell = await shellOf(here, values);
  const inputOf = (input: object) => ({ shellId: shell.id, email: newEmail(), type: "INVESTOR", ...input });
  const refusals = (input: object = {}, by = here.admin) => here.refusals(by, document, inputOf(input));
  const invite = async (input: object = {}) => {
    const { inviteUserToShell } = await here.admin.ask(document, { input: inputOf(input) });
    expect(inviteUserToShell.errors).toEqual([]);
    return inviteUserToShell.invitation;
  };
  return { here, shell, refusals, invite };
}

test("is sent at once where every other invitation waits for approval", async () => {
  const { here, shell, invite } = await scene();
  await tools.settings(here, { approval: true });
  const sent = await invite();
  expect(await tools.read(here, sent)).toMatchObject({ status: "INVITED", sendCount: 1, group: { id: shell.id } });
  expect(await tools.accepting(here, sent)).toEqual([]);
});

test("says whether the invitee is to lead", async () => {
  const { here, invite } = await scene();
  for (const asLead of [true, false, null])
    expect(await tools.read(here, await invite({ asLead }))).toMatchObject({ asLead });
});

test("a group that is no shell is NOT_A_SHELL", async () => {
  const { here, refusals } = await scene();
  const group = await here.group();
  expect(await refusals({ shellId: group.id })).toEqual(["NOT_A_SHELL input.shellId"]);
});

test("to lead a shell that has a lead is LEAD_EXISTS, to join it is not", async () => {
  const here = await tenant();
  const shell = await shellOf(here, { lead: await here.user() });
  const refusals = (asLead?: boolean | null) =>
    here.refusals(here.admin, document, { shellId: shell.guid, email: newEmail(), type: "INVESTOR", asLead });
  expect(await refusals(true)).toEqual(["LEAD_EXISTS input.asLead"]);
  for (const asLead of [false, null, undefined]) expect(await refusals(asLead)).toEqual([]);
});

test("an unknown shell, and another tenant's, is NOT_FOUND", async () => {
  const [{ refusals }, there] = [await scene(), await scene()];
  for (const shellId of [UNKNOWN, there.shell.id, there.shell.guid]) {
    expect(await refusals({ shellId })).toEqual(["NOT_FOUND input.shellId"]);
  }
});

test("takes roles of shells, and refuses others", async () => {
  const { here, refusals } = await scene();
  const roles = {
    any: await here.role(),
    shells: await here.role({ groupKind: UserGroupKind.SHELL }),
    standard: await here.role({ groupKind: UserGroupKind.STANDARD }),
    staff: await here.role({ scope: "INTERNAL" as never }),
    foreign: await (await tenant()).role(),
  };
  expect(await refusals({ roleId: roles.any.id })).toEqual([]);
  expect(await refusals({ roleId: roles.shells.id })).toEqual([]);
  expect(await refusals({ roleId: roles.standard.id })).toEqual(["ROLE_NOT_ASSIGNABLE input.roleId"]);
  expect(await refusals({ roleId: roles.staff.id })).toEqual(["OUT_OF_SCOPE_ROLE input.roleId"]);
  expect(await refusals({ roleId: roles.foreign.id })).toEqual(["NOT_FOUND input.roleId"]);
});

test("staff do not belong to shells", async () => {
  const { refusals } = await scene();
  expect(await refusals({ type: "INTERNAL" })).toEqual(["USER_TYPE_MISMATCH input.type"]);
});

test("malformed ids, and ids of other types, are BAD_USER_INPUT", async () => {
  const { here, shell } = await scene();
  for (const [ids, field] of [
    [{ shellId: "junk" }, "shellId"],
    [{ shellId: here.admin.id }, "shellId"],
    [{ shellId: shell.id, roleId: shell.id }, "roleId"],
  ] as const) {
    const input = { email: newEmail(), type: "INVESTOR", ...ids };
    expect(problems(await here.admin.send(document, { input }))).toEqual([`BAD_USER_INPUT input.${field}`]);
  }
});

test("is for administrators and services, not for staff and leads", async () => {
  const here = await tenant();
  const lead = await here.user();
  const shell = await shellOf(here, { lead });
  const input = { shellId: shell.id, email: newEmail(), type: "INVESTOR" };
  const callers = [
    lead,
    await here.actingAs(here.admin, lead, shell),
    await here.internal(INVITER),
    await here.internal(["groups.read"], { administrator: true }),
    await here.service("users.write", "groups.read"),
  ];
  const before = await here.contents();
  for (const caller of callers) expect(problems(await caller.send(document, { input }))).toEqual(["FORBIDDEN"]);
  expect(await here.contents()).toEqual(before);
  expect(await here.refusals(await here.service("invitations.write", "groups.read"), document, input)).toEqual([]);
});
