import { harness, operations, outcomes, problems, type Caller, type TestTenant } from "../harness/index.js";
import {
  daysUntil,
  inDays,
  invitationLaws,
  invitationsOf,
  INVITER,
  newEmail,
  type Sent,
} from "../harness/invitations.js";

const server = await harness();
const { tenant, database, sign, bearer } = server;
const tools = invitationsOf(server);
const { invite, read, settings } = tools;
const document = operations.ApproveInvitation!;
const UNKNOWN = "00000000-0000-7000-8000-000000000000";

invitationLaws(server);

const approving = (here: TestTenant, { id }: { id: string }, by: Caller = here.admin): Promise<string[]> =>
  here.refusals(by, document, { invitationId: id });

/** A tenant whose invitations wait for approval. */
async function careful(): Promise<TestTenant> {
  const here = await tenant();
  await settings(here, { approval: true });
  return here;
}

/** A draft that somebody else than the administrator asked for. */
async function draft(here: TestTenant, input: object = {}): Promise<Sent> {
  return invite(here, input, await here.service("invitations.write", "groups.read"));
}

test("sends a draft: from now on it lives as long as any other", async () => {
  const here = await careful();
  const sent = await draft(here);
  await database.sql("UPDATE invitations SET created_at = created_at - interval '40 days' WHERE tenant_id = $1", [
    here.id,
  ]);
  const { approveInvitation } = await here.admin.ask(document, { input: { invitationId: sent.guid } });
  expect(approveInvitation).toMatchObject({
    invitation: { guid: sent.guid, status: "INVITED", sendCount: 1 },
    user: { id: sent.user.id, status: "INVITED" },
    errors: [],
  });
  const approved = await read(here, sent);
  expect(approved).toMatchObject({
    dateInvited: approved.lastSentAt,
    dateModified: approved.lastSentAt,
    approvedBy: { id: here.admin.id },
    invitedBy: null,
    mail: { status: "QUEUED" },
  });
  expect(daysUntil(approved.dateExpires)).toBeCloseTo(7, 2);
  expect(await here.read(sent.user)).toMatchObject({ inviteDateInvited: approved.dateInvited, version: 2 });
  expect(await tools.accepting(here, sent)).toEqual([]);
});

test("one approved after its wanted end lives as long as any other", async () => {
  const here = await careful();
  const sent = await draft(here, { expiresAt: inDays(20) });
  await database.sql("UPDATE invitations SET wanted_until = now() - interval '1 day' WHERE tenant_id = $1", [here.id]);
  expect(await approving(here, sent)).toEqual([]);
  expect(daysUntil((await read(here, sent)).dateExpires)).toBeCloseTo(7, 2);
});

describe("four eyes", () => {
  test("whoever asked does not approve, another one does", async () => {
    const here = await careful();
    const other = await here.internal(["invitations.approve"]);
    const sent = await invite(here);
    expect(await approving(here, sent)).toEqual(["SELF_ACTION input.invitationId"]);
    expect(await approving(here, sent, other)).toEqual([]);
    expect(await read(here, sent)).toMatchObject({ invitedBy: { id: here.admin.id }, approvedBy: { id: other.id } });
  });

  test("nor does whoever asked in another one's session", async () => {
    const here = await careful();
    const [lead, other] = [await here.user(), await here.internal(["invitations.approve"])];
    const group = await here.group({ lead });
    const session = await here.actingAs(here.admin, lead, group);
    const sent = await invite(here, { groupId: group.id }, session);
    expect(await approving(here, sent)).toEqual(["SELF_ACTION input.invitationId"]);
    expect(await approving(here, sent, other)).toEqual([]);
  });

  test("a lead's own invitation is approved by an administrator", async () => {
    const here = await careful();
    const lead = await here.user();
    const sent = await invite(here, { groupId: (await here.group({ lead })).id }, lead);
    expect(problems(await lead.send(document, { input: { invitationId: sent.id } }))).toEqual(["FORBIDDEN"]);
    expect(await approving(here, sent)).toEqual([]);
  });

  test("a service is known by its client id, whatever its token", async () => {
    const here = await careful();
    const service = async (client: string): Promise<Caller> =>
      bearer(
        await sign({
          sub: client,
          client_id: client,
          scope: "invitations.write invitations.approve",
          tenant_id: here.id,
          jti: newEmail(),
        }),
      );
    const sent = await invite(here, {}, await service("crm"));
    expect(await approving(here, sent, await service("crm"))).toEqual(["SELF_ACTION input.invitationId"]);
    expect(await approving(here, sent, await service("erp"))).toEqual([]);
    expect(await read(here, sent)).toMatchObject({ invitedBy: null, approvedBy: null });
  });

  test("also where the setting came after the draft, and not any more where it is gone", async () => {
    const here = await tenant();
    const [one, other] = [await invite(here, { send: false }), await invite(here, { send: false })];
    expect(await approving(here, one)).toEqual([]);
    await settings(here, { approval: true });
    expect(await approving(here, other)).toEqual(["SELF_ACTION input.invitationId"]);
    await settings(here, { approval: false });
    expect(await approving(here, other)).toEqual([]);
  });

  test("the draft of a colleague, with its roles", async () => {
    const here = await careful();
    const role = await here.role({ scope: "INTERNAL" as never, permissions: ["users.read"] });
    const other = await here.internal(["invitations.approve"]);
    const input = { email: newEmail(), roleIds: [role.id] };
    const { inviteInternalUser } = await here.admin.ask(operations.InviteInternalUser!, { input });
    expect(await approving(here, inviteInternalUser.invitation)).toEqual(["SELF_ACTION input.invitationId"]);
    expect(await approving(here, inviteInternalUser.invitation, other)).toEqual([]);
    expect(await tools.accepting(here, inviteInternalUser.invitation)).toEqual([]);
  });
});

test("is for holders of invitations.approve", async () => {
  const here = await careful();
  const [first, second] = [await draft(here), await draft(here)];
  const lead = await here.user();
  await here.group({ lead });
  const before = await here.contents();
  for (const caller of [lead, await here.user(), await here.service("invitations.write")]) {
    expect(problems(await caller.send(document, { input: { invitationId: first.id } }))).toEqual(["FORBIDDEN"]);
  }
  expect((await here.contents()).invitations).toEqual(before.invitations);
  const inviter = await here.internal(INVITER);
  expect(problems(await inviter.send(document, { input: { invitationId: first.id } }))).toEqual(["FORBIDDEN"]);
  expect(await approving(here, first, await here.internal(["invitations.approve"]))).toEqual([]);
  const erp = { sub: "erp", client_id: "erp", scope: "invitations.approve", tenant_id: here.id };
  expect(await approving(here, second, bearer(await sign(erp)))).toEqual([]);
});

test("an unknown invitation, and another tenant's, is NOT_FOUND", async () => {
  const [here, there] = [await careful(), await careful()];
  const theirs = await draft(there);
  for (const id of [UNKNOWN, theirs.id, theirs.guid]) {
    expect(await approving(here, { id })).toEqual(["NOT_FOUND input.invitationId"]);
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

test("leaves one audit event: who approved, and no secret", async () => {
  const here = await careful();
  const sent = await draft(here);
  await here.admin.ask(document, { input: { invitationId: sent.id } });
  const [asked, event, ...more] = await tools.events(here);
  expect(more).toEqual([]);
  expect(asked).toMatchObject({ operation: "inviteUser", actorKind: "SERVICE", actorId: "a-service" });
  expect(event).toMatchObject({ operation: "approveInvitation", actorKind: "USER", actorId: here.admin.guid });
  const change = event!.changes.find(({ type }: { type: string }) => type === "Invitation");
  expect(change.fields).toMatchObject({
    storedStatus: ["DRAFT", "INVITED"],
    approvedByUserId: [null, here.admin.guid],
    tokenHash: ["***", "***"],
  });
});

test("of 20 who approve at once, one does, and one mail goes out", async () => {
  const here = await careful();
  const sent = await draft(here);
  const asks = Array.from({ length: 20 }, () => here.admin.ask(document, { input: { invitationId: sent.id } }));
  const codes = outcomes(await Promise.all(asks));
  expect(codes.toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "INVALID_TRANSITION")]);
  expect((await here.rows()).mail_deliveries).toHaveLength(1);
});

test("of approving and revoking at once one comes first, and the end is REVOKED either way", async () => {
  for (let round = 0; round < 10; round++) {
    const here = await careful();
    const sent = await draft(here);
    const ask = (operation: string) => here.admin.ask(operation, { input: { invitationId: sent.id } });
    const both =
      round % 2
        ? [ask(document), ask(operations.RevokeInvitation!)]
        : [ask(operations.RevokeInvitation!), ask(document)];
    const codes = outcomes(await Promise.all(both));
    const [approved, revoked] = round % 2 ? codes : codes.toReversed();
    expect(revoked).toBe("");
    expect(["", "INVITATION_REVOKED"]).toContain(approved);
    expect((await read(here, sent)).status).toBe("REVOKED");
  }
});

test("the address that was asked for stays until the invitation is over", async () => {
  const here = await careful();
  const sent = await draft(here);
  const correct = (email: string): Promise<string[]> =>
    here.refusals(here.admin, operations.UpdateUser!, { userId: sent.user.id, email });
  expect(await correct(newEmail())).toEqual(["INVALID_TRANSITION input.email"]);
  expect(await approving(here, sent)).toEqual([]);
  expect(await correct(newEmail())).toEqual(["INVALID_TRANSITION input.email"]);
  // Only its case: the same address.
  expect(await correct(sent.user.email.toUpperCase())).toEqual([]);
  expect(await tools.accepting(here, sent)).toEqual([]);
  expect(await correct(newEmail())).toEqual([]);
});
