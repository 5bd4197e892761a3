import type { Permission } from "../../src/access/index.js";
import { harness, operations, type Caller } from "../harness/index.js";
import { newEmail } from "../harness/invitations.js";
import { family, type Family } from "./family.js";

// Who may write finds what they write to: no permission to read has to come with it.
const server = await harness();

/** A write, the one permission for it, its input, and what it answers besides `errors: []`. */
const WRITES: [
  document: string,
  permission: Permission,
  input: (of: Family) => object,
  answer: (of: Family) => object,
][] = [
  [
    "UpdateUserGroup",
    "groups.write",
    ({ group }) => ({ groupId: group.id, name: "Changed", description: "New." }),
    ({ group }) => ({ userGroup: { id: group.id, name: "Changed" } }),
  ],
  [
    "UpdateUserGroupFeatureFlag",
    "groups.write",
    ({ group }) => ({ groupId: group.id, flag: "markets", enabled: true }),
    ({ group }) => ({ userGroup: { id: group.id, featureFlags: { nodes: [{ key: "markets" }] } } }),
  ],
  [
    "UpdateUser",
    "users.write",
    ({ client }) => ({ userId: client.id, forename: "Changed" }),
    ({ client }) => ({ user: { id: client.id, forename: "Changed" } }),
  ],
  [
    "InviteUser",
    "invitations.write",
    ({ group, roles }) => ({ groupId: group.id, roleId: roles.low.id, email: "new@example.com", type: "INVESTOR" }),
    () => ({ invitation: { status: "INVITED" }, user: { status: "INVITED" } }),
  ],
];

async function write(caller: Caller, document: string, input: object): Promise<unknown> {
  return Object.values(await caller.ask(operations[document]!, { input }))[0];
}

async function scene(): Promise<Family> {
  const of = await family(server);
  await of.here.flag("markets");
  return of;
}

test.each(WRITES)("%s is done by a service with %s alone", async (document, permission, input, answer) => {
  const of = await scene();
  const service = await of.here.service(permission);
  expect(await write(service, document, input(of))).toMatchObject({ errors: [], ...answer(of) });
});

test("whoever may do nothing but invite does so into any group, and sees the groups in the list", async () => {
  const of = await scene();
  const { here, group, otherGroup } = of;
  const document = "{ invitations { nodes { group { id } user { id } } } }";
  for (const inviter of [await here.internal(["invitations.write"]), await here.service("invitations.write")]) {
    for (const groupId of [group.id, otherGroup.id]) {
      const input = { groupId, email: newEmail(), type: "INVESTOR" };
      expect(await write(inviter, "InviteUser", input)).toMatchObject({ errors: [], user: { status: "INVITED" } });
      // Whom they invited they do not see as a user.
      expect((await inviter.ask(document)).invitations.nodes[0]).toEqual({ group: { id: groupId }, user: null });
    }
  }
});

test("another tenant's group stays unknown to them all", async () => {
  const [{ group }, { here }] = [await scene(), await scene()];
  const refusals = async (permission: Permission, document: string, input: object) =>
    here.refusals(await here.service(permission), operations[document]!, input);
  const groupId = group.id;
  expect(await refusals("groups.write", "UpdateUserGroup", { groupId, name: "X" })).toEqual([
    "NOT_FOUND input.groupId",
  ]);
  expect(
    await refusals("invitations.write", "InviteUser", { groupId, email: "new@example.com", type: "INVESTOR" }),
  ).toEqual(["NOT_FOUND input.groupId"]);
});
