import { harness, operations, outcomes, type Caller, type TestTenant } from "../harness/index.js";
import { invitationLaws, invitationsOf, newEmail } from "../harness/invitations.js";

const server = await harness();
const { tenant } = server;
const tools = invitationsOf(server);

invitationLaws(server);

/** The operations that take a key: what each is asked for, and another thing that it could be asked for. */
const OPERATIONS: Record<string, (here: TestTenant) => Promise<{ input: object; other: object }>> = {
  InviteUser: async () => {
    const input = { email: newEmail(), type: "INVESTOR" };
    return { input, other: { ...input, forename: "Other" } };
  },
  InviteInternalUser: async (here) => {
    const { id } = await here.role({ scope: "INTERNAL" as never });
    return { input: { email: newEmail(), roleIds: [id] }, other: { email: newEmail(), roleIds: [id] } };
  },
  InviteUserToShell: async (here) => {
    const { id } = await here.group({ kind: "SHELL" as never });
    const input = { email: newEmail(), type: "INVESTOR", shellId: id };
    return { input, other: { ...input, asLead: true } };
  },
  BulkInviteUsers: async () => {
    const rows = Array.from({ length: 3 }, () => ({ email: newEmail(), type: "INVESTOR" }));
    return { input: { rows }, other: { rows: rows.toReversed() } };
  },
  ResendInvitation: async (here) => {
    const { id } = await tools.invite(here);
    await tools.rest(here);
    return { input: { invitationId: id }, other: { invitationId: (await tools.invite(here)).id } };
  },
  ApproveInvitation: async (here) => {
    const [one, other] = [await tools.invite(here, { send: false }), await tools.invite(here, { send: false })];
    return { input: { invitationId: one.id }, other: { invitationId: other.id } };
  },
  RevokeInvitation: async (here) => {
    const [one, other] = [await tools.invite(here), await tools.invite(here)];
    return { input: { invitationId: one.id }, other: { invitationId: other.id } };
  },
};

/** What writes leave behind, besides the events that tell of them. */
const traces = async (here: TestTenant): Promise<object> => {
  const { audit_events: _, ...rest } = await here.contents();
  return rest;
};

describe.each(Object.entries(OPERATIONS))("%s", (name, inputs) => {
  const document = operations[name]!;

  test("asked again with its key it answers with the same objects, and does nothing", async () => {
    const here = await tenant();
    const { input } = await inputs(here);
    const first = await here.admin.ask(document, { input: { ...input, idempotencyKey: "mine" } });
    expect(outcomes([first])).toEqual([""]);
    const before = await traces(here);
    for (const more of [{}, { clientMutationId: "again" }]) {
      const again = await here.admin.ask(document, { input: { ...input, ...more, idempotencyKey: "mine" } });
      expect(again).toEqual(first);
    }
    expect(await traces(here)).toEqual(before);
    const told = (await tools.events(here)).filter(({ changes }) => changes.length > 0);
    expect(told.filter(({ operation }) => operation === name[0]!.toLowerCase() + name.slice(1)).length).toBeGreaterThan(
      0,
    );
  });

  test("with another input the key is IDEMPOTENCY_CONFLICT", async () => {
    const here = await tenant();
    const { input, other } = await inputs(here);
    const refusals = (given: object) => here.refusals(here.admin, document, { ...given, idempotencyKey: "mine" });
    expect(await refusals(input)).toEqual([]);
    expect(await refusals(other)).toEqual(["IDEMPOTENCY_CONFLICT input.idempotencyKey"]);
    expect(await refusals(input)).toEqual([]);
  });

  test("of 20 at once with one key, all are answered alike, and it is done once", async () => {
    const here = await tenant();
    const { input } = await inputs(here);
    const { invitations: before } = await here.rows();
    const asks = Array.from({ length: 20 }, () =>
      here.admin.send(document, { input: { ...input, idempotencyKey: "mine" } }),
    );
    const bodies = (await Promise.all(asks)).map(({ body }) => body);
    expect(outcomes([JSON.parse(bodies[0]!).data])).toEqual([""]);
    expect(new Set(bodies).size).toBe(1);
    const { invitations: after, mail_deliveries } = await here.rows();
    const made = name.startsWith("Bulk") ? 3 : name.startsWith("Invite") ? 1 : 0;
    expect(after!.length - before!.length).toBe(made);
    const sent = after!.reduce((sum, row) => sum + (row.send_count as number), 0);
    expect(mail_deliveries).toHaveLength(sent);
  });
});

const document = operations.InviteUser!;
const input = (values: object = {}) => ({ email: newEmail(), type: "INVESTOR", ...values });

test("the input may spell the same in another way", async () => {
  const here = await tenant();
  const given = input({ forename: null });
  const { forename: _, ...left } = given as Record<string, unknown>;
  const reordered = Object.fromEntries(Object.entries(left).toReversed());
  const first = await here.admin.ask(document, { input: { ...given, idempotencyKey: "mine" } });
  const again = await here.admin.ask(document, { input: { idempotencyKey: "mine", ...reordered } });
  expect(again).toEqual(first);
});

test("the objects of the first time are shown as they are by now", async () => {
  const here = await tenant();
  const given = input({ idempotencyKey: "mine" });
  const first = (await here.admin.ask(document, { input: given })).inviteUser;
  expect(await tools.accepting(here, first.invitation)).toEqual([]);
  const again = (await here.admin.ask(document, { input: given })).inviteUser;
  expect(again).toMatchObject({
    invitation: { guid: first.invitation.guid, status: "COMPLETED" },
    user: { guid: first.user.guid, status: "ACTIVE" },
    errors: [],
  });
});

test("who may not see the objects any more is told nothing that came since", async () => {
  const here = await tenant();
  const [lead, another] = [await here.user(), await here.user()];
  const group = await here.group({ lead });
  const given = input({ groupId: group.id, idempotencyKey: "mine" });
  const invites = async () => (await lead.ask(document, { input: given })).inviteUser;
  const first = await invites();
  // Not a member yet, and so not to be seen elsewhere.
  expect(await invites()).toEqual(first);
  expect(await tools.accepting(here, first.invitation)).toEqual([]);
  expect(await invites()).toMatchObject({ user: { guid: first.user.guid }, invitation: { status: "COMPLETED" } });
  const userId = first.user.guid;
  expect(await here.refusals(here.admin, operations.RemoveUserFromGroup!, { groupId: group.id, userId })).toEqual([]);
  expect(await here.refusals(here.admin, operations.UpdateUser!, { userId, email: newEmail() })).toEqual([]);
  expect(await invites()).toMatchObject({ user: null, invitation: { guid: first.invitation.guid }, errors: [] });
  // A lead still, of another group.
  await here.group({ lead: another, members: [lead] });
  await here.join(group, another);
  await server.database.sql("UPDATE user_groups SET lead_user_id = NULL WHERE lead_user_id = ANY($1)", [
    [lead.guid, another.guid],
  ]);
  await here.group({ lead });
  expect(await invites()).toMatchObject({ user: null, invitation: null, errors: [] });
});

test("a refused mutation leaves its key free, for the same input and for another", async () => {
  const here = await tenant();
  const sent = await tools.invite(here);
  const given = { ...input({ email: sent.user.email }), idempotencyKey: "mine" };
  const refusals = (one: object) => here.refusals(here.admin, document, one);
  expect(await refusals(given)).toEqual(["ALREADY_INVITED input.email"]);
  expect(await here.refusals(here.admin, operations.RevokeInvitation!, { invitationId: sent.id })).toEqual([]);
  expect(await refusals(given)).toEqual([]);
  expect(await refusals({ ...input(), email: "nobody", idempotencyKey: "other" })).toEqual(["INVALID input.email"]);
  expect(await refusals({ ...input(), idempotencyKey: "other" })).toEqual([]);
});

test("a key is one's own: for another user, service, session, operation and tenant it is another one", async () => {
  const [here, there] = [await tenant(), await tenant()];
  const lead = await here.user();
  const group = await here.group({ lead });
  const other = await here.internal(["invitations.write"]);
  const sign = (client: string) =>
    server.sign({ sub: client, client_id: client, scope: "invitations.write", tenant_id: here.id });
  const callers: Caller[] = [
    here.admin,
    other,
    lead,
    await here.actingAs(here.admin, lead, group),
    server.bearer(await sign("crm")),
    server.bearer(await sign("erp")),
  ];
  for (const caller of callers) {
    const groupId = [2, 3].includes(callers.indexOf(caller)) ? group.id : null;
    expect(await here.refusals(caller, document, input({ groupId, idempotencyKey: "mine" }))).toEqual([]);
  }
  expect((await here.rows()).invitations).toHaveLength(callers.length);
  expect(await there.refusals(there.admin, document, input({ idempotencyKey: "mine" }))).toEqual([]);
  const rows = [input()];
  expect(await here.refusals(here.admin, operations.BulkInviteUsers!, { rows, idempotencyKey: "mine" })).toEqual([]);
});

test("a key has 1 to 255 characters", async () => {
  const here = await tenant();
  const refusals = (idempotencyKey: string) => here.refusals(here.admin, document, input({ idempotencyKey }));
  for (const key of ["", "x".repeat(256)]) expect(await refusals(key)).toEqual(["INVALID input.idempotencyKey"]);
  for (const key of [" ", "😀".repeat(255), "x".repeat(255)]) expect(await refusals(key)).toEqual([]);
});

test("bulk invitations that were skipped in part are told the same again", async () => {
  const here = await tenant();
  const sent = await tools.invite(here);
  const rows = [input(), input({ email: sent.user.email }), input()];
  const given = { rows, errorPolicy: "SKIP_REFUSED", idempotencyKey: "mine" };
  const first = (await here.admin.ask(operations.BulkInviteUsers!, { input: given })).bulkInviteUsers;
  expect(first).toMatchObject({ invitedCount: 2, refusedCount: 1 });
  expect((await here.admin.ask(operations.BulkInviteUsers!, { input: given })).bulkInviteUsers).toEqual(first);
});
