import { InviteStatus, UserStatus } from "../../src/users/index.js";
import { harness, operations } from "../harness/index.js";
import { lockoutRules } from "../harness/lockout.js";

const server = await harness();
const { tenant, database } = server;
const document = operations.RevokeUser!;

lockoutRules(server, {
  document,
  to: UserStatus.REVOKED,
  from: [UserStatus.DRAFT, UserStatus.INVITED, UserStatus.ACTIVE, UserStatus.SUSPENDED],
});

test.each([InviteStatus.DRAFT, InviteStatus.INVITED] as const)("withdraws an open invitation: %s", async (status) => {
  const here = await tenant();
  const user = await here.user({ status: UserStatus.INVITED, storedInviteStatus: status });
  await here.invitation(user, { storedStatus: status });
  expect(await here.refusals(here.admin, document, { userId: user.id })).toEqual([]);
  const read = await here.read(user);
  expect(read).toMatchObject({ status: "REVOKED", inviteStatus: "REVOKED", version: 2 });
  const invitations = await database.sql<{ status: string; date_modified: string }>(
    "SELECT status, date_modified FROM invitations WHERE user_id = $1",
    [user.guid],
  );
  expect(invitations).toEqual([{ status: "REVOKED", date_modified: read.inviteDateModified }]);
});

test("leaves an invitation that was accepted as it is", async () => {
  const here = await tenant();
  const user = await here.user({ storedInviteStatus: InviteStatus.COMPLETED });
  await here.invitation(user, { storedStatus: InviteStatus.COMPLETED });
  expect(await here.refusals(here.admin, document, { userId: user.id })).toEqual([]);
  expect(await here.read(user)).toMatchObject({ status: "REVOKED", inviteStatus: "COMPLETED" });
});

test("a revoked user is not reactivated", async () => {
  const here = await tenant();
  const user = await here.user({ status: UserStatus.REVOKED });
  expect(await here.refusals(here.admin, operations.ReactivateUser!, { userId: user.id })).toEqual([
    "INVALID_TRANSITION input.userId",
  ]);
});
