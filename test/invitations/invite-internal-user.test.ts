import { UserStatus, UserType } from "../../src/users/index.js";
import { harness, operations, problems, type Caller, type Person, type TestTenant } from "../harness/index.js";
import { invitationLaws, invitationsOf, newEmail } from "../harness/invitations.js";
import { invitingRules } from "../harness/inviting.js";
import { RoleScope, type Permission } from "../../src/access/index.js";

const server = await harness();
const { tenant, sign, bearer } = server;
const tools = invitationsOf(server);
const document = operations.InviteInternalUser!;
const UNKNOWN = "00000000-0000-7000-8000-000000000000";

const staffRole = (here: TestTenant, permissions: Permission[] = ["users.read"]) =>
  here.role({ scope: RoleScope.INTERNAL, permissions });

invitationLaws(server);
invitingRules(server, tools, {
  document,
  type: UserType.INTERNAL,
  inputOf: async (here) => {
    const { id } = await staffRole(here);
    return (given) => ({ roleIds: [id], ...given });
  },
});

async function scene() {
  const here = await tenant();
  const role = await staffRole(here);
  const refusals = (input: object = {}, by: Caller = here.admin) =>
    here.refusals(by, document, { email: newEmail(), roleIds: [role.id], ...input });
  const invite = async (input: object = {}) =>
    (await here.admin.ask(document, { input: { email: newEmail(), roleIds: [role.id], ...input } })).inviteInternalUser;
  return { here, role, refusals, invite };
}

const signedIn = async (here: TestTenant, { guid }: { guid: string }): Promise<Caller> =>
  bearer(await sign({ sub: guid, tenant_id: here.id }));

test("the invitee holds the roles, and their permissions once they accept", async () => {
  const { here, role, invite } = await scene();
  const other = await staffRole(here, ["users.read", "groups.read"]);
  const { user, invitation } = await invite({ roleIds: [role.id, other.guid] });
  const held = user.internalRoles.nodes.map(({ id }: { id: string }) => id);
  expect(held.toSorted()).toEqual([role.id, other.id].toSorted());
  const colleague = await signedIn(here, user);
  expect((await colleague.send(operations.Users!)).status).toBe(401);
  expect(await tools.accepting(here, invitation)).toEqual([]);
  const { users } = await colleague.ask("{ users { nodes { guid } } }");
  expect(users.nodes).toHaveLength(2);
});

test("roles: at least one, at most 20, each of staff, each once, each known", async () => {
  const { here, role, refusals } = await scene();
  const there = await tenant();
  const [group, theirs] = [await here.role(), await staffRole(there)];
  for (const [roleIds, refusal] of [
    [[], "REQUIRED input.roleIds"],
    [Array.from({ length: 21 }, () => role.id), "LIMIT input.roleIds"],
    [[role.id, role.guid], "DUPLICATED_INPUT_ITEM input.roleIds.1"],
    [[group.id], "OUT_OF_SCOPE_ROLE input.roleIds.0"],
    [[role.id, UNKNOWN], "NOT_FOUND input.roleIds.1"],
    [[theirs.id], "NOT_FOUND input.roleIds.0"],
  ] as const) {
    expect(await refusals({ roleIds })).toEqual([refusal]);
  }
  const twenty = await Promise.all(Array.from({ length: 20 }, () => staffRole(here)));
  expect(await refusals({ roleIds: twenty.map(({ id }) => id) })).toEqual([]);
});

test("malformed ids, and ids of other types, are BAD_USER_INPUT", async () => {
  const { here, role } = await scene();
  for (const roleIds of [
    [role.id, "junk"],
    [role.id, here.admin.id],
  ]) {
    const answer = await here.admin.send(document, { input: { email: newEmail(), roleIds } });
    expect(problems(answer)).toEqual(["BAD_USER_INPUT input.roleIds.1"]);
  }
});

test("nobody gives a permission that they lack", async () => {
  const { here, refusals } = await scene();
  const limited = await here.internal(["invitations.write", "users.read"], { administrator: true });
  const [same, more] = [await staffRole(here, ["users.read"]), await staffRole(here, ["users.read", "users.export"])];
  expect(await refusals({ roleIds: [same.id] }, limited)).toEqual([]);
  expect(await refusals({ roleIds: [same.id, more.id] }, limited)).toEqual(["ROLE_NOT_ASSIGNABLE input.roleIds.1"]);
});

test("a domain that is not the tenant's is EMAIL_DOMAIN_NOT_ALLOWED, without regard to case", async () => {
  const { here, refusals } = await scene();
  await tools.settings(here, { domains: ["bank.example", "b\u00fccher.example"] });
  for (const email of ["a@bank.example", "b@BANK.Example", "c@B\u00dcCHER.example", "d@bu\u0308cher.example"]) {
    expect(await refusals({ email })).toEqual([]);
  }
  for (const email of ["a@example.com", "a@sub.bank.example", "a@notbank.example", "a@bank.example.com"]) {
    expect(await refusals({ email })).toEqual(["EMAIL_DOMAIN_NOT_ALLOWED input.email"]);
  }
  const client = { email: newEmail(), type: "INVESTOR" };
  expect(await here.refusals(here.admin, operations.InviteUser!, client)).toEqual([]);
});

test("is a draft when it is not to be sent, or the tenant wants it approved", async () => {
  const { here, invite } = await scene();
  expect((await invite({ send: false })).user.status).toBe("DRAFT");
  await tools.settings(here, { approval: true });
  const { invitation, user } = await invite({ send: true });
  expect([invitation.status, user.status]).toEqual(["DRAFT", "DRAFT"]);
});

test("a revoked colleague comes back with the roles of the new invitation alone", async () => {
  const { here, role, invite } = await scene();
  const colleague = await here.internal(["users.export"], { administrator: true });
  expect(await here.refusals(here.admin, operations.RevokeUser!, { userId: colleague.id })).toEqual([]);
  const { user, invitation } = await invite({ email: colleague.email });
  expect(user).toMatchObject({ guid: colleague.guid, internalRoles: { nodes: [{ id: role.id }] } });
  expect(await tools.accepting(here, invitation)).toEqual([]);
  expect((await here.rows()).user_roles!.filter(({ user_id }) => user_id === colleague.guid)).toHaveLength(1);
  expect(problems(await colleague.send(operations.SuspendUser!, { input: { userId: here.admin.id } }))).toEqual([
    "FORBIDDEN",
  ]);
});

test("a revoked colleague may keep the roles that they had", async () => {
  const { here, role, invite } = await scene();
  const { user } = await invite();
  expect(await here.refusals(here.admin, operations.RevokeUser!, { userId: user.id })).toEqual([]);
  expect((await invite({ email: user.contactEmail })).user.internalRoles.nodes).toMatchObject([{ id: role.id }]);
});

test("a revoked client does not become staff", async () => {
  const { here, refusals } = await scene();
  const { email } = await here.user({ status: UserStatus.REVOKED });
  expect(await refusals({ email })).toEqual(["USER_TYPE_MISMATCH input.email"]);
});

test("is for administrators alone", async () => {
  const { here, role } = await scene();
  const lead = await here.user();
  const group = await here.group({ lead });
  const callers: [string, Person | Caller][] = [
    ["a member of staff", await here.internal(["invitations.write", "users.read"])],
    ["an administrator without the permission", await here.internal(["users.read"], { administrator: true })],
    ["a service", await here.service("invitations.write", "users.read")],
    ["a lead", lead],
    ["an administrator in a lead's session", await here.actingAs(here.admin, lead, group)],
  ];
  const before = await here.contents();
  for (const [who, caller] of callers) {
    const answer = await caller.send(document, { input: { email: newEmail(), roleIds: [role.id] } });
    expect([who, problems(answer)]).toEqual([who, ["FORBIDDEN"]]);
  }
  expect(await here.contents()).toEqual(before);
});

test("whoever is staff stays at the tenant's own domains", async () => {
  const here = await tenant();
  const member = await here.internal(["users.read"]);
  await tools.settings(here, { domains: ["bank.example"] });
  const move = (email: string): Promise<string[]> =>
    here.refusals(here.admin, operations.UpdateUser!, { userId: member.id, email });
  expect(await move("staff@evil.example")).toEqual(["EMAIL_DOMAIN_NOT_ALLOWED input.email"]);
  expect(await here.refusals(member, operations.UpdateCurrentUser!, { email: "staff@evil.example" })).toEqual([
    "EMAIL_DOMAIN_NOT_ALLOWED input.email",
  ]);
  expect(await move("staff@BANK.example")).toEqual([]);
});
