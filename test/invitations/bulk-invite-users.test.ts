import { UserStatus, UserType } from "../../src/users/index.js";
import { harness, operations, outcomes, type Caller, type TestTenant } from "../harness/index.js";
import { daysUntil, inDays, invitationLaws, invitationsOf, INVITER, newEmail } from "../harness/invitations.js";
import { invitingRules } from "../harness/inviting.js";

const server = await harness();
const { tenant } = server;
const tools = invitationsOf(server);
const document = operations.BulkInviteUsers!;
const UNKNOWN = "00000000-0000-7000-8000-000000000000";

invitationLaws(server);
invitingRules(server, tools, {
  document,
  type: UserType.INVESTOR,
  path: "input.rows.0.",
  inputOf:
    async () =>
    ({ message, expiresAt, ...person }) => ({ message, expiresAt, rows: [{ type: "INVESTOR", ...person }] }),
});

const row = (values: object = {}) => ({ email: newEmail(), type: "INVESTOR", ...values });
const rowsOf = (count: number) => Array.from({ length: count }, () => row());

const bulk = async (here: TestTenant, input: object, by: Caller = here.admin): Promise<Record<string, any>> =>
  (await by.ask(document, { input })).bulkInviteUsers;
const refusals = (here: TestTenant, input: object): Promise<string[]> => here.refusals(here.admin, document, input);

/** What each row was refused for, "" for those that were not. */
const reasons = ({ results }: Record<string, any>): string[] =>
  results.map(({ errors }: { errors: { code: string; field: string[] }[] }) =>
    errors.map(({ code, field }) => `${code} ${field.join(".")}`).join(),
  );

test("invites every row, and tells of each in their order", async () => {
  const here = await tenant();
  const [group, role] = [await here.group(), await here.role()];
  const rows = [
    row({ title: "Ms", forename: "Nora", surname: "New", groupId: group.id, roleId: role.id }),
    row({ type: "ENTREPRENEUR" }),
    row({ groupId: group.guid }),
  ];
  const done = await bulk(here, { rows, message: "Welcome.", expiresAt: inDays(3) });
  expect(done).toMatchObject({ invitedCount: 3, refusedCount: 0, errors: [] });
  expect(done.results.map(({ row: place }: { row: number }) => place)).toEqual([0, 1, 2]);
  expect(done.results.map(({ user }: Record<string, any>) => user.contactEmail)).toEqual(
    rows.map(({ email }) => email),
  );
  const invitations = await Promise.all(
    done.results.map(({ invitation }: Record<string, any>) => tools.read(here, invitation)),
  );
  expect(invitations).toMatchObject([
    { group: { id: group.id }, role: { id: role.id }, message: "Welcome.", sendCount: 1 },
    { group: null, role: null, message: "Welcome." },
    { group: { id: group.id }, role: null },
  ]);
  for (const { dateExpires } of invitations) expect(daysUntil(dateExpires)).toBeCloseTo(3, 2);
  expect(await here.read(invitations[0].user)).toMatchObject({ name: "Ms Nora New", type: "INVESTOR" });
  expect(await here.read(invitations[1].user)).toMatchObject({ type: "ENTREPRENEUR" });
  for (const invitation of invitations) expect(await tools.accepting(here, invitation)).toEqual([]);
});

test("makes drafts when it is told to, or the tenant wants approval", async () => {
  const here = await tenant();
  const statuses = ({ results }: Record<string, any>) =>
    results.map(({ invitation }: Record<string, any>) => invitation.status);
  expect(statuses(await bulk(here, { rows: rowsOf(2), send: false }))).toEqual(["DRAFT", "DRAFT"]);
  await tools.settings(here, { approval: true });
  expect(statuses(await bulk(here, { rows: rowsOf(2) }))).toEqual(["DRAFT", "DRAFT"]);
  expect((await here.rows()).mail_deliveries).toEqual([]);
});

/** Rows with every kind of mistake, and what is told of each. */
async function faulty(here: TestTenant): Promise<{ rows: object[]; expected: string[] }> {
  const there = await tenant();
  const [open, active] = [await tools.invite(here), await here.user()];
  const [twice, group, staff] = [newEmail(), await here.group(), await here.role({ scope: "INTERNAL" as never })];
  const cases: [object, string][] = [
    [row(), ""],
    [row({ email: "nobody" }), "INVALID email"],
    [row({ email: "a@example.com\r\nBcc: b@example.com" }), "INVALID email"],
    [row({ email: " " }), "REQUIRED email"],
    [row({ email: open.user.email }), "ALREADY_INVITED email"],
    [row({ email: active.email.toUpperCase() }), "ALREADY_ACTIVE email"],
    [row({ email: twice }), ""],
    [row({ email: twice.toUpperCase() }), "DUPLICATED_INPUT_ITEM email"],
    [row({ type: "INTERNAL" }), "USER_TYPE_MISMATCH type"],
    [row({ surname: "a\nb" }), "INVALID surname"],
    [row({ forename: "x".repeat(256) }), "INVALID forename"],
    [row({ groupId: "junk" }), "INVALID groupId"],
    [row({ groupId: staff.id }), "INVALID groupId"],
    [row({ groupId: UNKNOWN }), "NOT_FOUND groupId"],
    [row({ groupId: (await there.group()).id }), "NOT_FOUND groupId"],
    [row({ groupId: group.id, roleId: "junk" }), "INVALID roleId"],
    [row({ groupId: group.id, roleId: staff.id }), "OUT_OF_SCOPE_ROLE roleId"],
    [row({ groupId: group.id, roleId: (await there.role()).id }), "NOT_FOUND roleId"],
    [row({ roleId: staff.id }), "REQUIRED groupId"],
    [row({ groupId: group.id }), ""],
  ];
  return {
    rows: cases.map(([one]) => one),
    expected: cases.map(([, reason], index) => reason.replace(/(\w+)$/, `input.rows.${index}.$1`)),
  };
}

const told = (expected: string[]): string[] => expected.filter(Boolean);

test("one refused row refuses all, and every reason is told with its row", async () => {
  const here = await tenant();
  const { rows, expected } = await faulty(here);
  expect(await refusals(here, { rows })).toEqual(told(expected));
  expect(await refusals(here, { rows, errorPolicy: "ALL_OR_NOTHING" })).toEqual(told(expected));
  expect(await bulk(here, { rows })).toMatchObject({ results: null, invitedCount: null, refusedCount: null });
});

test("or the refused rows are skipped, and the others done", async () => {
  const here = await tenant();
  const { rows, expected } = await faulty(here);
  const before = (await here.rows()).invitations!.length;
  const done = await bulk(here, { rows, errorPolicy: "SKIP_REFUSED" });
  expect(reasons(done)).toEqual(expected);
  expect(done).toMatchObject({ invitedCount: 3, refusedCount: rows.length - 3, errors: [] });
  expect((await here.rows()).invitations).toHaveLength(before + 3);
  for (const { invitation, user, errors } of done.results) {
    expect([invitation === null, user === null]).toEqual([errors.length > 0, errors.length > 0]);
  }
});

test("a malformed value of another kind is BAD_USER_INPUT with its row", async () => {
  const here = await tenant();
  const before = await here.contents();
  const answer = await here.admin.send(document, {
    input: { rows: [row(), row({ type: "NOBODY" }), row({ email: 1 })] },
  });
  expect(answer.errors!.map(({ extensions }) => extensions.argument)).toEqual([
    ["input", "rows", 1, "type"],
    ["input", "rows", 2, "email"],
  ]);
  expect(await here.contents()).toEqual(before);
});

describe("a dry run", () => {
  test.each(["ALL_OR_NOTHING", "SKIP_REFUSED"])(
    "tells what would become of each row, and does nothing: %s",
    async (errorPolicy) => {
      const here = await tenant();
      const { rows, expected } = await faulty(here);
      const before = await here.contents();
      const tried = await bulk(here, { rows, dryRun: true, errorPolicy, clientMutationId: "mine" });
      expect(await here.contents()).toEqual(before);
      expect(reasons(tried)).toEqual(expected);
      expect(tried).toMatchObject({ invitedCount: 3, refusedCount: rows.length - 3, errors: [] });
      for (const { invitation, user } of tried.results) expect([invitation, user]).toEqual([null, null]);
      expect(reasons(await bulk(here, { rows, errorPolicy: "SKIP_REFUSED" }))).toEqual(expected);
    },
  );

  test("does nothing to a revoked account, and leaves its key free", async () => {
    const here = await tenant();
    const { email } = await here.user({ status: UserStatus.REVOKED });
    const before = await here.contents();
    const input = { rows: [row({ email })], idempotencyKey: "mine" };
    expect(await bulk(here, { ...input, dryRun: true })).toMatchObject({ invitedCount: 1 });
    expect(await here.contents()).toEqual(before);
    expect(await bulk(here, input)).toMatchObject({ invitedCount: 1, errors: [] });
  });

  test("refuses what is refused of the whole", async () => {
    const here = await tenant();
    expect(await refusals(here, { rows: [row()], message: "x".repeat(1001), dryRun: true })).toEqual([
      "INVALID input.message",
    ]);
    expect(await refusals(here, { rows: [], dryRun: true })).toEqual(["REQUIRED input.rows"]);
  });
});

test("takes 1 to 1000 rows", async () => {
  const here = await tenant();
  expect(await refusals(here, { rows: [] })).toEqual(["REQUIRED input.rows"]);
  expect(await refusals(here, { rows: rowsOf(1001) })).toEqual(["LIMIT input.rows"]);
  expect(await bulk(here, { rows: rowsOf(1000) })).toMatchObject({ invitedCount: 1000, refusedCount: 0, errors: [] });
  const { invitations, mail_deliveries, audit_events } = await here.rows();
  expect([invitations, mail_deliveries, audit_events].map((rows) => rows!.length)).toEqual([1000, 1000, 1]);
});

test("1000 rows of whom half have a revoked account", async () => {
  const here = await tenant();
  const rows = rowsOf(1000);
  expect(await bulk(here, { rows: rows.slice(0, 500) })).toMatchObject({ invitedCount: 500 });
  await server.database.sql(
    `WITH revoked AS (UPDATE users SET status = 'REVOKED', invite_status = 'REVOKED' WHERE tenant_id = $1 AND status = 'INVITED')
      UPDATE invitations SET status = 'REVOKED' WHERE tenant_id = $1`,
    [here.id],
  );
  expect(await bulk(here, { rows })).toMatchObject({ invitedCount: 1000, refusedCount: 0, errors: [] });
});

test("50 rows cost as many statements as 5", async () => {
  const here = await tenant();
  const [group, role] = [await here.group(), await here.role()];
  const statements = async (count: number, rowOf: () => object): Promise<number> => {
    const rows = Array.from({ length: count }, rowOf);
    const answer = await here.admin.send(document, { input: { rows } });
    expect(answer.data.bulkInviteUsers.invitedCount).toBe(count);
    return answer.statements;
  };
  for (const rowOf of [row, () => row({ groupId: group.id, roleId: role.id })]) {
    await statements(1, rowOf);
    expect(await statements(50, rowOf)).toBe(await statements(5, rowOf));
  }
});

describe("who may", () => {
  test("a member of staff, whose clients the invitees become, and a service", async () => {
    const here = await tenant();
    const advisor = await here.internal(INVITER);
    const { results } = await bulk(here, { rows: rowsOf(2) }, advisor);
    for (const { invitation } of results) {
      const { user } = await tools.read(here, invitation);
      expect(await here.read(user)).toMatchObject({ assignedInternalUser: { guid: advisor.guid } });
    }
    expect(await bulk(here, { rows: rowsOf(2) }, await here.service("invitations.write"))).toMatchObject({
      invitedCount: 2,
    });
  });

  test("a lead, into the group that they lead; the invitees are not theirs to see yet", async () => {
    const here = await tenant();
    const lead = await here.user();
    const [group, other] = [await here.group({ lead }), await here.group({ members: [lead] })];
    const rows = [row({ groupId: group.id }), row(), row({ groupId: other.id })];
    const done = await bulk(here, { rows, errorPolicy: "SKIP_REFUSED" }, lead);
    expect(reasons(done)).toEqual(["", "REQUIRED input.rows.1.groupId", "NOT_ASSIGNED_TO_YOU input.rows.2.groupId"]);
    expect(done.results[0]).toMatchObject({ invitation: { status: "INVITED" }, user: null });
  });
});

test("leaves one audit event with all that was done", async () => {
  const here = await tenant();
  await bulk(here, { rows: rowsOf(3) });
  const [event, ...more] = await tools.events(here);
  expect(more).toEqual([]);
  expect(event).toMatchObject({ operation: "bulkInviteUsers", actorId: here.admin.guid });
  const kinds = event!.changes.map(({ type, action }: Record<string, string>) => `${action} ${type}`);
  expect(kinds.filter((kind: string) => kind === "CREATE User")).toHaveLength(3);
  expect(kinds.filter((kind: string) => kind === "CREATE Invitation")).toHaveLength(3);
});

test("lists that overlap in opposite orders are invited at once, and nobody sees a deadlock", async () => {
  const here = await tenant();
  const rows = rowsOf(40);
  const revoked = await Promise.all(
    rows.slice(10, 20).map(({ email }) => here.user({ contactEmail: email, status: UserStatus.REVOKED })),
  );
  const asks = Array.from({ length: 20 }, (_, i) =>
    here.admin.ask(document, { input: { rows: i % 2 ? rows : rows.toReversed(), errorPolicy: "SKIP_REFUSED" } }),
  );
  const answers = await Promise.all(asks);
  expect(outcomes(answers).join("")).toBe("");
  const invited = answers.map(({ bulkInviteUsers }) => bulkInviteUsers.invitedCount);
  expect(invited.reduce((sum: number, count: number) => sum + count)).toBe(40);
  const { invitations, users } = await here.rows();
  expect([invitations!.length, users!.length]).toEqual([40, 41]);
  for (const { guid } of revoked) expect((await here.read({ guid })).status).toBe("INVITED");
});

test("all-or-nothing lists that overlap by one are one done and the others refused", async () => {
  const here = await tenant();
  const shared = row();
  const asks = Array.from({ length: 20 }, (_, i) => {
    const rows = [row(), shared, row()];
    return here.admin.ask(document, { input: { rows: i % 2 ? rows : rows.toReversed() } });
  });
  const codes = outcomes(await Promise.all(asks));
  expect(codes.toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "ALREADY_INVITED")]);
  expect((await here.rows()).invitations).toHaveLength(3);
});
