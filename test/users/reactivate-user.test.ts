import { UserStatus } from "../../src/users/index.js";
import { harness, operations } from "../harness/index.js";

const { tenant } = await harness();
const document = operations.ReactivateUser!;

test("lets a suspended user in again", async () => {
  const here = await tenant();
  const user = await here.user({ status: UserStatus.SUSPENDED });
  expect((await user.send(operations.Me!)).status).toBe(401);
  expect(await here.refusals(here.admin, document, { userId: user.guid })).toEqual([]);
  expect((await user.ask(operations.Me!)).me).toMatchObject({ guid: user.guid, status: "ACTIVE" });
  expect(await here.read(user)).toMatchObject({ status: "ACTIVE", version: 2 });
});

test.each([UserStatus.DRAFT, UserStatus.INVITED, UserStatus.ACTIVE, UserStatus.REVOKED])(
  "is INVALID_TRANSITION from %s",
  async (status) => {
    const here = await tenant();
    const user = await here.user({ status });
    expect(await here.refusals(here.admin, document, { userId: user.id })).toEqual(["INVALID_TRANSITION input.userId"]);
  },
);

test("an internal member does it to their own clients only", async () => {
  const here = await tenant();
  const member = await here.internal(["users.read", "users.write"]);
  const status = UserStatus.SUSPENDED;
  const client = await here.user({ status, assignedInternalUserId: member.guid });
  const other = await here.user({ status });
  expect(await here.refusals(member, document, { userId: client.id })).toEqual([]);
  expect(await here.refusals(member, document, { userId: other.id })).toEqual(["NOT_ASSIGNED_TO_YOU input.userId"]);
});

test("an unknown user is not found", async () => {
  const here = await tenant();
  const userId = "00000000-0000-7000-8000-000000000000";
  expect(await here.refusals(here.admin, document, { userId })).toEqual(["NOT_FOUND input.userId"]);
});
