import { UserStatus } from "../../src/users/index.js";
import { operations, outcomes, type Harness, type TestTenant } from "./index.js";
import { until } from "./smtp.js";

/** An operation that locks a user out, with the statuses that it leads from and to. */
export interface Lockout {
  document: string;
  from: UserStatus[];
  to: UserStatus;
}

const INTERNAL = ["users.read", "users.write"] as const;
const UNKNOWN = { id: "00000000-0000-7000-8000-000000000000" };

/** What every operation that locks somebody out has to hold. */
export function lockoutRules({ tenant, database, failed }: Harness, { document, from, to }: Lockout): void {
  const lockOut = (here: TestTenant, user: { id: string }, by: Parameters<TestTenant["refusals"]>[0] = here.admin) =>
    here.refusals(by, document, { userId: user.id });

  test.each(from)(`leads from %s to ${to}`, async (status) => {
    const here = await tenant();
    const user = await here.user({ status });
    expect(await lockOut(here, user)).toEqual([]);
    expect(await here.read(user)).toMatchObject({ status: to, version: 2 });
  });

  const closed = Object.values(UserStatus).filter((status) => !from.includes(status));
  test.each(closed)("is INVALID_TRANSITION from %s", async (status) => {
    const here = await tenant();
    const user = await here.user({ status });
    expect(await lockOut(here, user)).toEqual(["INVALID_TRANSITION input.userId"]);
  });

  test("locks the user out from their very next request on", async () => {
    const here = await tenant();
    const user = await here.user();
    expect((await user.ask(operations.Me!)).me).toMatchObject({ guid: user.guid });
    expect(await lockOut(here, user)).toEqual([]);
    expect((await user.send(operations.Me!)).status).toBe(401);
  });

  test("locks out whoever acts as the user, too", async () => {
    const here = await tenant();
    const user = await here.user();
    const session = await here.actingAs(here.admin, user);
    await session.ask(operations.Me!);
    expect(await lockOut(here, user)).toEqual([]);
    expect((await session.send(operations.Me!)).status).toBe(401);
  });

  test("ends the sessions in which an internal user acts as others", async () => {
    const here = await tenant();
    const actor = await here.internal(["users.impersonate"], { administrator: true });
    const session = await here.actingAs(actor, await here.user());
    await session.ask(operations.Me!);
    expect(await lockOut(here, actor)).toEqual([]);
    expect((await session.send(operations.Me!)).status).toBe(401);
  });

  test("nobody does it to themselves", async () => {
    const here = await tenant();
    const other = await here.internal(INTERNAL, { administrator: true });
    expect(await lockOut(here, other, other)).toEqual(["SELF_ACTION input.userId"]);
    expect(await lockOut(here, here.admin)).toEqual(["SELF_ACTION input.userId"]);
  });

  test("the last active administrator stays, whoever asks", async () => {
    const here = await tenant();
    const service = await here.service(...INTERNAL);
    await here.internal(INTERNAL, { administrator: true, status: UserStatus.SUSPENDED });
    await here.internal(INTERNAL);
    expect(await lockOut(here, here.admin, service)).toEqual(["LAST_ADMIN input.userId"]);
  });

  test("of two administrators one may go", async () => {
    const here = await tenant();
    const service = await here.service(...INTERNAL);
    const other = await here.internal(INTERNAL, { administrator: true });
    expect(await lockOut(here, other, service)).toEqual([]);
    expect(await lockOut(here, here.admin, service)).toEqual(["LAST_ADMIN input.userId"]);
  });

  test("nobody waits in a circle who locks an administrator and one who is suspended", async () => {
    const before = failed.length;
    const here = await tenant();
    const suspended = await here.internal(INTERNAL, { administrator: true, status: UserStatus.SUSPENDED });
    const actor = await here.internal(["users.impersonate", "users.read"], { administrator: true });
    const { guid: groupId } = await here.group({});
    const held = await database.hold(`SELECT FROM users WHERE id = '${suspended.guid}' FOR UPDATE`);
    const input = { groupId, userId: suspended.guid, reason: "To help" };
    const acting = actor.ask(operations.CreateLoginToken!, { input });
    await until(async () => (await database.blocked()) === 1);
    const locking = here.admin.ask(document, { input: { userId: suspended.id } });
    await until(async () => (await database.blocked()) === 2);
    await held.release();
    await Promise.all([acting, locking]);
    expect(failed.slice(before)).toEqual([]);
  });

  test("nor who gives an administrator a client to look after", async () => {
    const before = failed.length;
    const here = await tenant();
    const staff = await here.internal(INTERNAL, { administrator: true });
    const client = await here.user();
    const held = await database.hold(`SELECT FROM users WHERE id = '${client.guid}' FOR UPDATE`);
    const input = { userId: client.guid, assignedInternalUserId: staff.guid };
    const giving = here.admin.ask(operations.UpdateUser!, { input });
    await until(async () => (await database.blocked()) === 1);
    const locking = here.admin.ask(document, { input: { userId: client.id } });
    await until(async () => (await database.blocked()) === 2);
    await held.release();
    expect(outcomes(await Promise.all([giving, locking]))).toEqual(["", ""]);
    expect(failed.slice(before)).toEqual([]);
  });

  test("a group's lead stays until the group has another one", async () => {
    const here = await tenant();
    const [lead, member] = [await here.user(), await here.user()];
    await here.group({ lead, members: [member] });
    expect(await lockOut(here, lead)).toEqual(["LEAD_CANNOT_BE_REMOVED input.userId"]);
    expect(await lockOut(here, member)).toEqual([]);
  });

  test("an internal member does it to their own clients only", async () => {
    const here = await tenant();
    const member = await here.internal(INTERNAL);
    const [client, other] = [await here.user({ assignedInternalUserId: member.guid }), await here.user()];
    expect(await lockOut(here, other, member)).toEqual(["NOT_ASSIGNED_TO_YOU input.userId"]);
    expect(await lockOut(here, client, member)).toEqual([]);
  });

  test("an unknown user is not found", async () => {
    const here = await tenant();
    expect(await lockOut(here, UNKNOWN)).toEqual(["NOT_FOUND input.userId"]);
  });

  test("of ten who ask at once, one does it", async () => {
    const here = await tenant();
    const user = await here.user();
    const asks = Array.from({ length: 10 }, () => here.admin.ask(document, { input: { userId: user.id } }));
    const codes = outcomes(await Promise.all(asks));
    expect(codes.toSorted()).toEqual(["", ...Array.from({ length: 9 }, () => "INVALID_TRANSITION")]);
    expect(await here.read(user)).toMatchObject({ status: to, version: 2 });
  });
}
