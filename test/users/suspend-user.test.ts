import { UserStatus } from "../../src/users/index.js";
import { harness, operations, outcomes, type Person, type TestTenant } from "../harness/index.js";
import { lockoutRules } from "../harness/lockout.js";

const server = await harness();
const { tenant } = server;
const document = operations.SuspendUser!;
const suspend = (here: TestTenant, user: { id: string }, by = here.admin) =>
  here.refusals(by, document, { userId: user.id });

lockoutRules(server, { document, to: UserStatus.SUSPENDED, from: [UserStatus.ACTIVE] });

test("a suspended user can be reactivated, and then signs in with the same token", async () => {
  const here = await tenant();
  const user = await here.user();
  expect(await suspend(here, user)).toEqual([]);
  expect((await user.send(operations.Me!)).status).toBe(401);
  expect(await here.refusals(here.admin, operations.ReactivateUser!, { userId: user.id })).toEqual([]);
  expect((await user.ask(operations.Me!)).me).toMatchObject({ guid: user.guid, status: "ACTIVE" });
});

test("of the last two administrators who suspend each other at once, one remains", async () => {
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      const here = await tenant();
      const other = await here.internal(["users.read", "users.write"], { administrator: true });
      const suspends = async (by: Person, user: Person) => {
        const { status, data } = await by.send(document, { input: { userId: user.id } });
        // Either told that the other one would be the last, or locked out before having been heard.
        return status === 401 ? "LAST_ADMIN" : outcomes([data]).join();
      };
      const outcome = await Promise.all([suspends(here.admin, other), suspends(other, here.admin)]);
      expect(outcome.toSorted()).toEqual(["", "LAST_ADMIN"]);
      const [remaining] = outcome[0] === "" ? [here.admin] : [other];
      const { users } = await remaining.ask("{ users(filter: { status: [ACTIVE] }) { nodes { guid } } }");
      expect(users.nodes).toEqual([{ guid: remaining.guid }]);
    }),
  );
});
