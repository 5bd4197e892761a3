import { harness, operations, outcomes, problems, type Caller, type TestTenant } from "../harness/index.js";
import { invitationLaws, invitationsOf, INVITER } from "../harness/invitations.js";

const server = await harness();
const { tenant, anonymous } = server;
const tools = invitationsOf(server);
const { invite, read, tokenOf } = tools;
const document = operations.RevokeInvitation!;
const UNKNOWN = "00000000-0000-7000-8000-000000000000";

invitationLaws(server);

const revoking = (here: TestTenant, { id }: { id: string }, by: Caller = here.admin): Promise<string[]> =>
  here.refusals(by, document, { invitationId: id });

test.each([
  ["sent", {}],
  ["a draft", { send: false }],
])("withdraws one that is %s, and its account", async (_how, input) => {
  const here = await tenant();
  const sent = await invite(here, input);
  const before = await read(here, sent);
  const { revokeInvitation } = await here.admin.ask(document, { input: { invitationId: sent.guid } });
  expect(revokeInvitation).toMatchObject({
    invitation: { guid: sent.guid, status: "REVOKED" },
    user: { id: sent.user.id, status: "REVOKED" },
    errors: [],
  });
  const { dateInvited, dateExpires, sendCount } = before;
  expect(await read(here, sent)).toMatchObject({ status: "REVOKED", dateInvited, dateExpires, sendCount });
  expect(await here.read(sent.user)).toMatchObject({ status: "REVOKED", inviteStatus: "REVOKED", version: 2 });
});

test("withdraws an expired one", async () => {
  const here = await tenant();
  const sent = await invite(here);
  await tools.expire(here, sent);
  expect(await revoking(here, sent)).toEqual([]);
  expect((await read(here, sent)).status).toBe("REVOKED");
});

test("its link is void from now on", async () => {
  const here = await tenant();
  const sent = await invite(here);
  expect(await revoking(here, sent)).toEqual([]);
  expect(await tools.accepting(here, sent)).toEqual(["INVITATION_REVOKED input.token"]);
});

test("goes with the account that is revoked", async () => {
  const here = await tenant();
  for (const input of [{}, { send: false }]) {
    const sent = await invite(here, input);
    expect(await here.refusals(here.admin, operations.RevokeUser!, { userId: sent.user.id })).toEqual([]);
    expect((await read(here, sent)).status).toBe("REVOKED");
    expect(await revoking(here, sent)).toEqual(["INVITATION_REVOKED input.invitationId"]);
  }
});

test("an unknown invitation, and another tenant's, is NOT_FOUND", async () => {
  const [here, there] = [await tenant(), await tenant()];
  const theirs = await invite(there);
  for (const id of [UNKNOWN, theirs.id, theirs.guid]) {
    expect(await revoking(here, { id })).toEqual(["NOT_FOUND input.invitationId"]);
  }
});

test("a malformed id, and one of another type, is BAD_USER_INPUT", async () => {
  const { admin } = await tenant();
  for (const invitationId of ["junk", "", admin.id]) {
    expect(problems(await admin.send(document, { input: { invitationId } }))).toEqual([
      "BAD_USER_INPUT input.invitationId",
    ]);
  }
});

describe("who may", () => {
  test("administrators, services, and staff for their own clients", async () => {
    const here = await tenant();
    const [advisor, service] = [await here.internal(INVITER), await here.service("invitations.write")];
    const [own, first, second] = [await invite(here, {}, advisor), await invite(here), await invite(here)];
    expect(await revoking(here, first, advisor)).toEqual(["NOT_ASSIGNED_TO_YOU input.invitationId"]);
    expect(await revoking(here, own, advisor)).toEqual([]);
    expect(await revoking(here, first, service)).toEqual([]);
    expect(await revoking(here, second)).toEqual([]);
  });

  test("a lead, for those invited into their group", async () => {
    const here = await tenant();
    const lead = await here.user();
    const [group, other] = [await here.group({ lead }), await here.group({ members: [lead] })];
    const [own, elsewhere] = [await invite(here, { groupId: group.id }), await invite(here, { groupId: other.id })];
    expect(await revoking(here, elsewhere, lead)).toEqual(["NOT_FOUND input.invitationId"]);
    expect(await revoking(here, own, lead)).toEqual([]);
  });

  test("no investor, and no staff who only see it or approve it", async () => {
    const here = await tenant();
    const sent = await invite(here);
    const before = await here.contents();
    const callers = [
      await here.internal(["users.read", "invitations.approve"]),
      await here.service("invitations.approve"),
    ];
    for (const caller of callers) {
      expect(problems(await caller.send(document, { input: { invitationId: sent.id } }))).toEqual(["FORBIDDEN"]);
    }
    expect((await here.contents()).invitations).toEqual(before.invitations);
  });
});

test("leaves one audit event", async () => {
  const here = await tenant();
  const sent = await invite(here);
  await here.admin.ask(document, { input: { invitationId: sent.id } });
  const [, event, ...more] = await tools.events(here);
  expect(more).toEqual([]);
  expect(event).toMatchObject({
    operation: "revokeInvitation",
    actorId: here.admin.guid,
    targetType: "User",
    targetId: sent.user.guid,
    changes: [
      { type: "User", fields: { status: ["INVITED", "REVOKED"] } },
      { type: "Invitation", id: sent.guid, fields: { storedStatus: ["INVITED", "REVOKED"] } },
    ],
  });
});

test("of 20 at once, one does it", async () => {
  const here = await tenant();
  const sent = await invite(here);
  const asks = Array.from({ length: 20 }, () => here.admin.ask(document, { input: { invitationId: sent.id } }));
  const codes = outcomes(await Promise.all(asks));
  expect(codes.toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "INVITATION_REVOKED")]);
});

test.each([
  ["revokeInvitation", ({ id }: { id: string }) => ({ document, input: { invitationId: id } })],
  [
    "revokeUser",
    ({ user }: { user: { id: string } }) => ({ document: operations.RevokeUser!, input: { userId: user.id } }),
  ],
])("%s against an acceptance: one comes first, and the end is legal either way", async (operation, asked) => {
  for (let round = 0; round < 10; round++) {
    const here = await tenant();
    const group = await here.group();
    const sent = await invite(here, { groupId: group.id });
    const token = await tokenOf(here, sent);
    const one = asked(sent);
    const revoke = () => here.admin.ask(one.document, { input: one.input });
    const accept = () => anonymous.ask(operations.AcceptInvitation!, { input: { token } });
    const codes = outcomes(await Promise.all(round % 2 ? [revoke(), accept()] : [accept(), revoke()]));
    const [revoked, accepted] = round % 2 ? codes : codes.toReversed();
    const { status } = await read(here, sent);
    const user = await here.read(sent.user);
    const members = (await here.rows()).group_members!.length;
    if (accepted === "") {
      // A user who has joined may still be revoked; an invitation that is accepted may not.
      expect(revoked).toBe(operation === "revokeUser" ? "" : "INVITATION_COMPLETED");
      expect([status, user.status, members]).toEqual([
        "COMPLETED",
        operation === "revokeUser" ? "REVOKED" : "ACTIVE",
        1,
      ]);
    } else {
      expect([revoked, accepted]).toEqual(["", "INVITATION_REVOKED"]);
      expect([status, user.status, members]).toEqual(["REVOKED", "REVOKED", 0]);
    }
  }
});
