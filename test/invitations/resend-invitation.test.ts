import { UserGroupKind } from "../../src/user-groups/index.js";
import { harness, operations, outcomes, problems, type Caller, type TestTenant } from "../harness/index.js";
import { daysUntil, inDays, invitationLaws, invitationsOf, INVITER, type Sent } from "../harness/invitations.js";

const server = await harness();
const { tenant, database } = server;
const tools = invitationsOf(server);
const { invite, read, rest, expire, tokenOf, accepting } = tools;
const document = operations.ResendInvitation!;
const UNKNOWN = "00000000-0000-7000-8000-000000000000";

invitationLaws(server);

const resending = (here: TestTenant, input: object, by: Caller = here.admin): Promise<string[]> =>
  here.refusals(by, document, input);

/** An invitation whose last mail is two minutes old. */
async function rested(input: object = {}): Promise<{ here: TestTenant; sent: Sent }> {
  const here = await tenant();
  const sent = await invite(here, input);
  await rest(here);
  return { here, sent };
}

const acceptingBy = (here: TestTenant, token: string): Promise<string[]> =>
  here.refusals(server.anonymous, operations.AcceptInvitation!, { token });

test("sends a new link; the old one is void", async () => {
  const { here, sent } = await rested();
  const old = await tokenOf(here, sent);
  expect(await resending(here, { invitationId: sent.id })).toEqual([]);
  expect(await acceptingBy(here, old)).toEqual(["NOT_FOUND input.token"]);
  expect(await accepting(here, sent)).toEqual([]);
});

test("its life begins anew, and the first mail is remembered", async () => {
  const here = await tenant();
  await tools.settings(here, { days: 2 });
  const sent = await invite(here);
  await rest(here);
  const before = await read(here, sent);
  await tools.settings(here, { days: 10 });
  const { resendInvitation } = await here.admin.ask(document, { input: { invitationId: sent.guid } });
  const after = await read(here, sent);
  expect(after).toMatchObject({
    status: "INVITED",
    sendCount: 2,
    createdAt: before.createdAt,
    dateInvited: before.dateInvited,
    lastSentAt: after.dateModified,
    mail: { status: "QUEUED" },
  });
  expect(daysUntil(after.dateExpires)).toBeCloseTo(10, 2);
  expect(Date.parse(after.lastSentAt)).toBeGreaterThan(Date.parse(before.dateInvited));
  expect(resendInvitation).toMatchObject({
    invitation: { guid: sent.guid, sendCount: 2, dateExpires: after.dateExpires },
    user: { id: sent.user.id, inviteStatus: "INVITED", inviteDateExpires: after.dateExpires },
  });
  expect((await here.rows()).mail_deliveries).toHaveLength(2);
});

test("revives an expired one", async () => {
  const { here, sent } = await rested();
  await expire(here, sent);
  expect((await read(here, sent)).status).toBe("EXPIRED");
  expect(await resending(here, { invitationId: sent.id })).toEqual([]);
  expect(daysUntil((await read(here, sent)).dateExpires)).toBeCloseTo(7, 2);
  expect(await accepting(here, sent)).toEqual([]);
});

test.each([
  [2, 7],
  [20, 20],
])("one that was wanted for %i days lives for %i more: its usual time at least", async (wanted, lives) => {
  const { here, sent } = await rested({ expiresAt: inDays(wanted) });
  expect(await resending(here, { invitationId: sent.id })).toEqual([]);
  expect(daysUntil((await read(here, sent)).dateExpires)).toBeCloseTo(lives, 2);
});

test("one whose wanted end has passed lives as long as any other", async () => {
  const { here, sent } = await rested({ expiresAt: inDays(20) });
  await database.sql("UPDATE invitations SET wanted_until = now() - interval '1 day' WHERE tenant_id = $1", [here.id]);
  await expire(here, sent);
  expect(await resending(here, { invitationId: sent.id })).toEqual([]);
  expect(daysUntil((await read(here, sent)).dateExpires)).toBeCloseTo(7, 2);
});

test("within 60 seconds of the last mail it is RESEND_TOO_SOON", async () => {
  const here = await tenant();
  const sent = await invite(here);
  const age = (seconds: number): Promise<unknown> =>
    database.sql("UPDATE invitations SET last_sent_at = $2 WHERE tenant_id = $1", [
      here.id,
      new Date(Date.now() - seconds * 1000).toISOString(),
    ]);
  expect(await resending(here, { invitationId: sent.id })).toEqual(["RESEND_TOO_SOON input.invitationId"]);
  await age(55);
  expect(await resending(here, { userId: sent.user.id })).toEqual(["RESEND_TOO_SOON input.userId"]);
  await age(60);
  expect(await resending(here, { invitationId: sent.id })).toEqual([]);
  expect(await resending(here, { invitationId: sent.id })).toEqual(["RESEND_TOO_SOON input.invitationId"]);
});

test("ten mails are sent at most", async () => {
  const { here, sent } = await rested();
  for (let mails = 2; mails <= 10; mails++) {
    expect(await resending(here, { invitationId: sent.id })).toEqual([]);
    await rest(here);
  }
  expect((await read(here, sent)).sendCount).toBe(10);
  expect(await resending(here, { invitationId: sent.id })).toEqual(["RESEND_LIMIT input.invitationId"]);
  expect(await accepting(here, sent)).toEqual([]);
});

test("names the invitation, or the user whose latest it is", async () => {
  const { here, sent } = await rested();
  const { id, email } = sent.user;
  expect(await here.refusals(here.admin, operations.RevokeInvitation!, { invitationId: sent.id })).toEqual([]);
  expect(await resending(here, { userId: id })).toEqual(["INVITATION_REVOKED input.userId"]);
  const second = await invite(here, { email });
  await rest(here);
  expect(await resending(here, { userId: sent.user.guid })).toEqual([]);
  expect([(await read(here, sent)).sendCount, (await read(here, second)).sendCount]).toEqual([1, 2]);
});

test("wants exactly one of both, well formed", async () => {
  const { here, sent } = await rested();
  for (const [input, field] of [
    [{}, "invitationId"],
    [{ invitationId: null, userId: null }, "invitationId"],
    [{ invitationId: sent.id, userId: sent.user.id }, "invitationId"],
    [{ invitationId: "junk" }, "invitationId"],
    [{ invitationId: sent.user.id }, "invitationId"],
    [{ userId: "" }, "userId"],
    [{ userId: sent.id }, "userId"],
  ] as const) {
    expect(problems(await here.admin.send(document, { input }))).toEqual([`BAD_USER_INPUT input.${field}`]);
  }
});

test("an unknown invitation or user, another tenant's, and a user who was never invited, is NOT_FOUND", async () => {
  const [{ here }, there] = [await rested(), await rested()];
  for (const invitationId of [UNKNOWN, there.sent.id, there.sent.guid]) {
    expect(await resending(here, { invitationId })).toEqual(["NOT_FOUND input.invitationId"]);
  }
  for (const userId of [UNKNOWN, there.sent.user.id, (await here.user()).id]) {
    expect(await resending(here, { userId })).toEqual(["NOT_FOUND input.userId"]);
  }
});

describe("who may", () => {
  test("administrators, services, and staff for their own clients", async () => {
    const { here, sent } = await rested();
    const [advisor, other] = [await here.internal(INVITER), await here.internal(["invitations.write"])];
    const own = await invite(here, {}, advisor);
    await rest(here);
    expect(await resending(here, { invitationId: own.id }, other)).toEqual(["NOT_ASSIGNED_TO_YOU input.invitationId"]);
    expect(await resending(here, { invitationId: sent.id }, advisor)).toEqual([
      "NOT_ASSIGNED_TO_YOU input.invitationId",
    ]);
    expect(await resending(here, { invitationId: own.id }, advisor)).toEqual([]);
    expect(await resending(here, { invitationId: sent.id }, await here.service("invitations.write"))).toEqual([]);
  });

  test("a lead, for those invited into their group, also in an impersonated session", async () => {
    const here = await tenant();
    const lead = await here.user();
    const [group, other] = [await here.group({ lead }), await here.group({ members: [lead] })];
    const [own, elsewhere, nowhere] = [
      await invite(here, { groupId: group.id }),
      await invite(here, { groupId: other.id }),
      await invite(here),
    ];
    await rest(here);
    for (const { id, user } of [elsewhere, nowhere]) {
      expect(await resending(here, { invitationId: id }, lead)).toEqual(["NOT_FOUND input.invitationId"]);
      expect(await resending(here, { userId: user.id }, lead)).toEqual(["NOT_FOUND input.userId"]);
    }
    expect(await resending(here, { userId: own.user.id }, lead)).toEqual([]);
    await rest(here);
    const session = await here.actingAs(here.admin, lead, group);
    expect(await resending(here, { invitationId: own.id }, session)).toEqual([]);
    const event = (await tools.events(here)).at(-1);
    expect(event).toMatchObject({ operation: "resendInvitation", actorId: here.admin.guid, subjectId: lead.guid });
  });

  test("nobody for their own invitation, though they see it, and no staff who only see it", async () => {
    const here = await tenant();
    const { person, id } = await tools.accepted(here);
    await here.group({ lead: person });
    expect(await resending(here, { invitationId: id }, person)).toEqual(["NOT_ASSIGNED_TO_YOU input.invitationId"]);
    const reader = await here.internal(["users.read", "invitations.approve"]);
    expect(problems(await reader.send(document, { input: { invitationId: id } }))).toEqual(["FORBIDDEN"]);
  });
});

test("leaves one audit event, without the token", async () => {
  const { here, sent } = await rested();
  await here.admin.ask(document, { input: { invitationId: sent.id } });
  const [, event, ...more] = await tools.events(here);
  expect(more).toEqual([]);
  expect(event).toMatchObject({ operation: "resendInvitation", actorId: here.admin.guid });
  const change = event!.changes.find(({ type }: { type: string }) => type === "Invitation");
  expect(change).toMatchObject({ id: sent.guid, fields: { sendCount: [1, 2], tokenHash: ["***", "***"] } });
});

test("of 20 at once one sends a mail, and the others are too soon", async () => {
  const { here, sent } = await rested();
  const asks = Array.from({ length: 20 }, (_, i) =>
    here.admin.ask(document, { input: i % 2 ? { invitationId: sent.id } : { userId: sent.user.id } }),
  );
  const codes = outcomes(await Promise.all(asks));
  expect(codes.toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "RESEND_TOO_SOON")]);
  expect((await here.rows()).mail_deliveries).toHaveLength(2);
  expect((await read(here, sent)).sendCount).toBe(2);
});

test("against an acceptance: it was accepted, or its link is void and another mail goes out", async () => {
  for (let round = 0; round < 10; round++) {
    const here = await tenant();
    const sent = await invite(here, { groupId: (await here.group({ kind: UserGroupKind.SHELL })).id });
    await rest(here);
    const token = await tokenOf(here, sent);
    const resend = here.admin.ask(document, { input: { invitationId: sent.id } });
    const accept = server.anonymous.ask(operations.AcceptInvitation!, { input: { token } });
    const codes = outcomes(await Promise.all(round % 2 ? [resend, accept] : [accept, resend]));
    const [resent, accepted] = round % 2 ? codes : codes.toReversed();
    expect([
      ["INVITATION_COMPLETED", ""],
      ["", "NOT_FOUND"],
    ]).toContainEqual([resent, accepted]);
    expect((await read(here, sent)).status).toBe(accepted === "" ? "COMPLETED" : "INVITED");
  }
});

test("shows the user to whoever may see them, and to a lead the invitation alone", async () => {
  const here = await tenant();
  const lead = await here.user();
  const group = await here.group({ lead });
  const sent = await invite(here, { groupId: group.id });
  await rest(here);
  const input = { invitationId: sent.id };
  const { resendInvitation } = await lead.ask(document, { input });
  expect(resendInvitation).toMatchObject({ invitation: { guid: sent.guid, sendCount: 2 }, user: null, errors: [] });
  const { revokeInvitation } = await lead.ask(operations.RevokeInvitation!, { input });
  expect(revokeInvitation).toMatchObject({ invitation: { status: "REVOKED" }, user: null, errors: [] });
});
