import { Secrets, ticket } from "../../src/kit/index.js";
import { invitationTokens } from "../../src/invitations/rules.js";
import { UserGroupKind } from "../../src/user-groups/index.js";
import { harness, operations, outcomes, problems, SECRET, type TestTenant } from "../harness/index.js";
import { invitationLaws, invitationsOf, newEmail, type Sent } from "../harness/invitations.js";

const server = await harness();
const { tenant, anonymous } = server;
const tools = invitationsOf(server);
const { invite, read, accepting, tokenOf } = tools;
const document = operations.AcceptInvitation!;

invitationLaws(server);

const accept = async (token: string, names: object = {}): Promise<Record<string, any>> =>
  (await anonymous.ask(document, { input: { token, ...names } })).acceptInvitation;

const refusals = (here: TestTenant, token: string): Promise<string[]> => here.refusals(anonymous, document, { token });

/** The members of a group, as "who: role": L leads. */
async function members(here: TestTenant, { guid }: { guid: string }): Promise<Record<string, any>> {
  const { userGroup } = await here.admin.ask(
    "query ($guid: UUID!) { userGroup(guid: $guid) { memberCount leadUser { guid } members { edges { isLead isSignatory role { name } node { guid } } } } }",
    { guid },
  );
  return {
    count: userGroup.memberCount,
    lead: userGroup.leadUser?.guid ?? null,
    roles: Object.fromEntries(
      userGroup.members.edges.map(({ node, role }: Record<string, any>) => [node.guid, role?.name ?? null]),
    ),
  };
}

const shellOf = (here: TestTenant, values: Parameters<TestTenant["group"]>[0] = {}) =>
  here.group({ kind: UserGroupKind.SHELL, ...values });

async function inviteToShell(here: TestTenant, shell: { id: string }, input: object = {}): Promise<Sent> {
  const given = { shellId: shell.id, email: newEmail(), type: "INVESTOR", ...input };
  const { inviteUserToShell } = await here.admin.ask(operations.InviteUserToShell!, { input: given });
  expect(inviteUserToShell.errors).toEqual([]);
  return { ...inviteUserToShell.invitation, user: inviteUserToShell.user };
}

test("opens the account, whose own token is good at once", async () => {
  const here = await tenant();
  const { guid, user } = await invite(here);
  const before = await read(here, { guid });
  const own = server.bearer(await server.sign({ sub: user.guid, tenant_id: here.id }));
  expect((await own.send(operations.Me!)).status).toBe(401);
  const accepted = await accept(await tokenOf(here, { guid }));
  expect(accepted).toMatchObject({
    invitation: { guid, status: "COMPLETED", dateExpires: null, sendCount: 1 },
    user: { guid: user.guid, contactEmail: user.email, status: "ACTIVE" },
    errors: [],
  });
  expect((await own.ask(operations.Me!)).me).toMatchObject({ guid: user.guid, status: "ACTIVE" });
  const after = await read(here, { guid });
  const { dateInvited, createdAt, lastSentAt } = before;
  expect(after).toMatchObject({ status: "COMPLETED", dateInvited, createdAt, lastSentAt, dateExpires: null });
  expect(Date.parse(after.dateModified)).toBeGreaterThan(Date.parse(before.dateModified));
  expect(await here.read(user)).toMatchObject({
    inviteStatus: "COMPLETED",
    inviteDateInvited: dateInvited,
    inviteDateExpires: null,
    inviteDateModified: after.dateModified,
    version: 2,
  });
});

test("once", async () => {
  const here = await tenant();
  const { guid } = await invite(here);
  expect(await accepting(here, { guid })).toEqual([]);
  expect(await accepting(here, { guid })).toEqual(["INVITATION_COMPLETED input.token"]);
});

test("not past its date", async () => {
  const here = await tenant();
  const sent = await invite(here);
  await tools.expire(here, sent);
  expect(await accepting(here, sent)).toEqual(["INVITATION_EXPIRED input.token"]);
  expect((await here.read(sent.user)).status).toBe("INVITED");
});

test("a text that is no token of an invitation is NOT_FOUND, whatever it is", async () => {
  const [here, there] = [await tenant(), await tenant()];
  const sent = await invite(here);
  const token = await tokenOf(here, sent);
  const bytes = Buffer.from(token, "base64url");
  const { mail_id } = (await here.rows()).invitations![0] as { mail_id: string };
  const foreign = Buffer.concat([Buffer.from(there.id.replaceAll("-", ""), "hex"), bytes.subarray(16)]);
  const forged = [
    "",
    " ",
    "x",
    "x".repeat(64),
    "x".repeat(100_000),
    `${token} `,
    `${token}=`,
    token.slice(1),
    token.toLowerCase(),
    bytes.toString("base64"),
    bytes.toString("hex"),
    foreign.toString("base64url"),
    ticket(here.id),
    ticket("00000000-0000-7000-8000-000000000000"),
    sent.guid,
    sent.id,
    mail_id,
    here.admin.token,
    invitationTokens(new Secrets(["another secret of the tests, as long"]), here.id, mail_id)[0]!,
    new Secrets([SECRET]).derive("invitation", mail_id)[0]!.toString("base64url"),
  ].filter((text) => text !== token);
  for (const text of forged) expect(await refusals(here, text)).toEqual(["NOT_FOUND input.token"]);
  expect(await accepting(here, sent)).toEqual([]);
});

test("a text that cannot be stored is BAD_USER_INPUT", async () => {
  expect(problems(await anonymous.send(document, { input: { token: "a\u0000b" } }))).toEqual([
    "BAD_USER_INPUT input.token",
  ]);
});

test("whoever is signed in may accept it all the same, and nothing of them is remembered", async () => {
  const [here, there] = [await tenant(), await tenant()];
  const callers = [here.admin, await here.user(), there.admin, await there.service("users.read")];
  for (const caller of callers) {
    const sent = await invite(here);
    expect(await here.refusals(caller, document, { token: await tokenOf(here, sent) })).toEqual([]);
    expect((await tools.events(here)).at(-1)).toMatchObject({
      operation: "acceptInvitation",
      actorKind: "ANONYMOUS",
      actorId: null,
      actorName: null,
      subjectId: null,
      targetType: "User",
      targetId: sent.user.guid,
    });
  }
  expect(await tools.events(there)).toEqual([]);
});

test("the payload shows no relations to whoever has no token of access", async () => {
  const here = await tenant();
  const input = { token: await tokenOf(here, await invite(here)) };
  const asking =
    "mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { user { guid assignedInternalUser { guid } } errors { code } } }";
  const answer = await anonymous.send(asking, { input });
  expect(problems(answer)).toEqual(["UNAUTHENTICATED"]);
  expect(answer.data.acceptInvitation).toMatchObject({ user: { assignedInternalUser: null }, errors: [] });
});

describe("names", () => {
  const invited = { title: "Ms", forename: "Nora", surname: "New" };

  test("are those of the invitation, unless others are given", async () => {
    const here = await tenant();
    for (const [given, expected] of [
      [{}, invited],
      [{ surname: " Zoe\u0308 " }, { ...invited, surname: "Zo\u00eb" }],
      [
        { title: null, forename: " " },
        { ...invited, title: null, forename: null },
      ],
      [
        { title: "Dr", forename: "N.", surname: "Other" },
        { title: "Dr", forename: "N.", surname: "Other" },
      ],
    ] as const) {
      const sent = await invite(here, invited);
      expect(await accepting(here, sent, given)).toEqual([]);
      expect(await here.read(sent.user)).toMatchObject(expected);
    }
  });

  test.each([
    ["title", 32],
    ["forename", 255],
    ["surname", 255],
  ] as const)("%s holds %d characters of one line", async (field, limit) => {
    const here = await tenant();
    const sent = await invite(here);
    for (const text of ["x".repeat(limit + 1), "a\r\nb", "a\u0001b"]) {
      expect(await accepting(here, sent, { [field]: text })).toEqual([`INVALID input.${field}`]);
    }
    expect(await accepting(here, sent, { [field]: "𝔘".repeat(limit) })).toEqual([]);
  });
});

describe("into a group", () => {
  test("the user belongs to it, with the role of the invitation", async () => {
    const here = await tenant();
    const [group, role] = [await here.group({ members: [await here.user()] }), await here.role({ name: "Viewer" })];
    const sent = await invite(here, { groupId: group.id, roleId: role.id });
    expect(await accepting(here, sent)).toEqual([]);
    const found = await members(here, group);
    expect(found).toMatchObject({ count: 2, lead: null, roles: { [sent.user.guid]: "Viewer" } });
    expect((await here.read(sent.user)).userGroups).toMatchObject({ totalCount: 1, edges: [{ isSignatory: false }] });
  });

  test("or with the group's, or with the lowest there is", async () => {
    const here = await tenant();
    const [group, empty] = [await here.group(), await here.group()];
    const role = async (name: string, rank: number) => here.role({ name, rank });
    const [, high] = [await role("Lowest", 1), await role("Default", 5)];
    await server.database.sql("UPDATE user_groups SET default_role_id = $2 WHERE id = $1", [group.guid, high.guid]);
    for (const [into, expected] of [
      [group, "Default"],
      [empty, "Lowest"],
    ] as const) {
      const sent = await invite(here, { groupId: into.id });
      expect(await accepting(here, sent)).toEqual([]);
      expect((await members(here, into)).roles[sent.user.guid]).toBe(expected);
    }
  });

  test("or without a role where there is none", async () => {
    const here = await tenant();
    const group = await here.group();
    const sent = await invite(here, { groupId: group.id });
    expect(await accepting(here, sent)).toEqual([]);
    expect((await members(here, group)).roles).toEqual({ [sent.user.guid]: null });
  });

  test("nobody leads a standard group by accepting", async () => {
    const here = await tenant();
    const group = await here.group();
    expect(await accepting(here, await invite(here, { groupId: group.id }))).toEqual([]);
    expect((await members(here, group)).lead).toBeNull();
  });

  test("who belongs to it already stays as they are", async () => {
    const here = await tenant();
    const [group, role] = [await here.group(), await here.role({ name: "Given" })];
    const sent = await invite(here, { groupId: group.id, roleId: role.id });
    expect(
      await here.refusals(here.admin, operations.AddUserToGroup!, { groupId: group.id, userId: sent.user.id }),
    ).toEqual([]);
    const before = await members(here, group);
    expect(await accepting(here, sent)).toEqual([]);
    expect(await members(here, group)).toEqual(before);
  });
});

describe("into a shell", () => {
  test("the first to accept leads it, with the highest role; the others join", async () => {
    const here = await tenant();
    await here.role({ name: "Member", rank: 1 });
    await here.role({ name: "Head", rank: 9 });
    const shell = await shellOf(here);
    const [first, second] = [await inviteToShell(here, shell), await inviteToShell(here, shell, { asLead: true })];
    expect(await accepting(here, first)).toEqual([]);
    expect(await accepting(here, second)).toEqual([]);
    expect(await members(here, shell)).toEqual({
      count: 2,
      lead: first.user.guid,
      roles: { [first.user.guid]: "Head", [second.user.guid]: "Member" },
    });
    expect(await here.read(first.user)).toMatchObject({ isUserGroupLead: true, isUserGroupMember: true });
    expect(await here.read(second.user)).toMatchObject({ isUserGroupLead: false, isUserGroupMember: true });
  });

  test("who was invited as a member only does not lead it, though nobody does", async () => {
    const here = await tenant();
    const shell = await shellOf(here);
    const [member, lead] = [await inviteToShell(here, shell, { asLead: false }), await inviteToShell(here, shell)];
    expect(await accepting(here, member)).toEqual([]);
    expect((await members(here, shell)).lead).toBeNull();
    expect(await accepting(here, lead)).toEqual([]);
    expect(await members(here, shell)).toMatchObject({ count: 2, lead: lead.user.guid });
  });

  test("a role of the invitation is the lead's, too", async () => {
    const here = await tenant();
    await here.role({ name: "Head", rank: 9 });
    const [shell, role] = [await shellOf(here), await here.role({ name: "Given", rank: 2 })];
    const sent = await inviteToShell(here, shell, { roleId: role.id });
    expect(await accepting(here, sent)).toEqual([]);
    expect(await members(here, shell)).toMatchObject({ lead: sent.user.guid, roles: { [sent.user.guid]: "Given" } });
  });

  test("an invitation by inviteUser makes a member, also when it is the first", async () => {
    const here = await tenant();
    const shell = await shellOf(here);
    const sent = await invite(here, { groupId: shell.id });
    expect(await accepting(here, sent)).toEqual([]);
    expect(await members(here, shell)).toMatchObject({ lead: null, count: 1 });
  });

  test("of 20 who accept at once, one leads, and all belong to it", async () => {
    const here = await tenant();
    const shell = await shellOf(here);
    const sent = await Promise.all(Array.from({ length: 20 }, () => inviteToShell(here, shell)));
    const tokens = await Promise.all(sent.map((one) => tokenOf(here, one)));
    const answers = await Promise.all(tokens.map((token) => anonymous.ask(document, { input: { token } })));
    expect(outcomes(answers).join("")).toBe("");
    const found = await members(here, shell);
    expect(found.count).toBe(20);
    expect(sent.map(({ user }) => user.guid)).toContain(found.lead);
    const rows = (await here.rows()).group_members!;
    expect(rows).toHaveLength(20);
  });
});

test("leaves one audit event, without the token; a refused one leaves none", async () => {
  const here = await tenant();
  const shell = await shellOf(here);
  const sent = await inviteToShell(here, shell);
  expect(await accepting(here, sent, { forename: "Nora" })).toEqual([]);
  expect(await accepting(here, sent)).toEqual(["INVITATION_COMPLETED input.token"]);
  const [, event, ...more] = await tools.events(here);
  expect(more).toEqual([]);
  const changes = event!.changes.map(({ type, action }: Record<string, string>) => `${action} ${type}`);
  expect(changes.toSorted()).toEqual(["CREATE GroupMember", "UPDATE Invitation", "UPDATE User", "UPDATE UserGroup"]);
  expect(event!.changes[0].fields).toMatchObject({ status: ["INVITED", "ACTIVE"], forename: [null, "Nora"] });
});

test("of 20 who accept one invitation at once, one does, and one membership is made", async () => {
  const here = await tenant();
  const group = await here.group();
  const token = await tokenOf(here, await invite(here, { groupId: group.id }));
  const asks = Array.from({ length: 20 }, () => anonymous.ask(document, { input: { token } }));
  const codes = outcomes(await Promise.all(asks));
  expect(codes.toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "INVITATION_COMPLETED")]);
  expect((await members(here, group)).count).toBe(1);
  expect(await tools.events(here)).toHaveLength(2);
});

describe("a link that was sent to an address that is corrected later", () => {
  const correct = (here: TestTenant, { user }: Sent, email: string): Promise<string[]> =>
    here.refusals(here.admin, operations.UpdateUser!, { userId: user.id, email });

  test("is void, and the corrected address gets another one", async () => {
    const here = await tenant();
    const sent = await invite(here);
    const misled = await tokenOf(here, sent);
    expect(await correct(here, sent, newEmail())).toEqual([]);
    expect(await refusals(here, misled)).toEqual(["NOT_FOUND input.token"]);
    await tools.rest(here);
    await here.admin.ask(operations.ResendInvitation!, { input: { invitationId: sent.id } });
    expect(await refusals(here, misled)).toEqual(["NOT_FOUND input.token"]);
    expect(await accepting(here, sent)).toEqual([]);
  });

  test("stays good where only its case was corrected", async () => {
    const here = await tenant();
    const sent = await invite(here);
    expect(await correct(here, sent, sent.user.email.toUpperCase())).toEqual([]);
    expect(await accepting(here, sent)).toEqual([]);
  });
});
