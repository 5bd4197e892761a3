import { UserStatus } from "../../src/users/index.js";
import { createSampleTenant } from "../../src/demo/index.js";
import { harness, operations, problems } from "../harness/index.js";

const { tenant, database, sign, bearer } = await harness();

type Row = [rest: string, graphql: string, value: unknown];

/** GET /users: one entry of its sample response. `id` of a classification is its `reference`. */
const LIST: Row[] = [
  ["guid", "guid", "501a4c57-acb8-40d6-b867-b833854a96b9"],
  ["username", "username", "investor@example.com"],
  ["status", "status", "Active"],
  ["name", "name", "Mr John Smith"],
  ["contact_email", "contactEmail", "investor@example.com"],
  ["date_created", "createdAt", "2024-01-15T10:30:00.000000Z"],
  ["last_login", "lastLogin", "2024-10-01T14:22:00.000000Z"],
  ["tfa_enabled", "tfaEnabled", true],
  ["is_user_group_lead", "isUserGroupLead", false],
  ["is_user_group_member", "isUserGroupMember", true],
  ["onboarding_date_completed", "onboardingDateCompleted", "2024-01-20T09:15:00.000000Z"],
  ["assigned_internal_user.guid", "assignedInternalUser.guid", "8c63ce30-bb74-4910-9c2e-510fb3792d5e"],
  ["assigned_internal_user.name", "assignedInternalUser.name", "Ms Jane Admin"],
  ["classifications.length", "classifications.edges.length", 1],
  ["classifications.0.id", "classifications.edges.0.node.reference", "123"],
  ["classifications.0.name", "classifications.edges.0.node.name", "High Net Worth Individual"],
  ["invite_status", "inviteStatus", "Completed"],
  ["invite_date_invited", "inviteDateInvited", "2024-01-15T10:30:00.000000Z"],
  ["invite_date_expires", "inviteDateExpires", null],
  ["invite_date_modified", "inviteDateModified", "2024-01-15T11:00:00.000000Z"],
];

/** GET /users/user/:userId: its sample response. `pivot` and `data` are gone: domain.md, section 2. */
const DETAIL: Row[] = [
  ["guid", "guid", "501a4c57-acb8-40d6-b867-b833854a96b9"],
  ["status", "status", "Active"],
  ["username", "username", "testuser"],
  ["contact.title", "title", "Mr"],
  ["contact.forename", "forename", "Test"],
  ["contact.surname", "surname", "User"],
  ["contact.fullName", "name", "Mr Test User"],
  ["contact.contactEmail.email", "contactEmail", "test@user.com"],
  ["contact.dateCreated", "createdAt", null],
];

/** PATCH /users/:userId: its sample body, for the user 8c63ce30-bb74-4910-9c2e-510fb3792d5e. */
const PATCH: Row[] = [
  ["title", "title", "Mr"],
  ["forename", "forename", "John"],
  ["surname", "surname", "Doe"],
  ["email", "contactEmail", "john.doe@example.com"],
];

const at = (value: any, path: string): unknown => path.split(".").reduce((part, key) => part?.[key], value);
const WORDS = new Set(["status", "inviteStatus"]);

/** A sample's value as GraphQL says it: words in upper case, instants as instants. */
function expected(path: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (WORDS.has(path)) return value.toUpperCase();
  return /^\d{4}-\d{2}-\d{2}T/.test(value) ? new Date(value).toISOString() : value;
}

const GUID = DETAIL[0]![2] as string;

async function listSample() {
  const name = `Sample ${crypto.randomUUID()}`;
  const { tenantId, administrator } = await createSampleTenant(database.ownerUrl, name);
  return bearer(await sign({ sub: administrator.guid, tenant_id: tenantId }));
}

describe("GET /users", () => {
  test.each(LIST)("%s is %s: %j", async (_rest, path, value) => {
    const admin = await listSample();
    const { user } = await admin.ask(operations.UserWithItsGraph!, { guid: GUID });
    expect(at(user, path)).toEqual(expected(path, value));
  });

  test("the list finds the sample by its parameters, with the same values", async () => {
    const admin = await listSample();
    const { users } = await admin.ask(operations.Users!, {
      first: 20,
      type: "INVESTOR",
      search: "john",
      filter: { status: ["ACTIVE"], hasCompletedOnboarding: true },
      orderBy: { field: "CREATED_AT", direction: "DESC" },
    });
    const [{ node }] = users.edges;
    expect(users).toMatchObject({ totalCount: 1, pageInfo: { hasNextPage: false } });
    for (const [, path, value] of LIST)
      if (path in node) expect([path, node[path]]).toEqual([path, expected(path, value)]);
  });
});

test.each(DETAIL)("GET /users/user/:userId: %s is %s: %j", async (_rest, path, value) => {
  const here = await tenant();
  await here.user({
    guid: GUID,
    status: UserStatus.ACTIVE,
    username: "testuser",
    title: "Mr",
    forename: "Test",
    surname: "User",
    contactEmail: "test@user.com",
    createdAt: null,
  });
  expect(at(await here.read({ guid: GUID }), path)).toEqual(expected(path, value));
});

test.each(PATCH)("PATCH /users/:userId: %s becomes %s: %j", async (_rest, path, value) => {
  const here = await tenant();
  const user = await here.user({ guid: "8c63ce30-bb74-4910-9c2e-510fb3792d5e" });
  const body = Object.fromEntries(PATCH.map(([rest, , given]) => [rest, given]));
  const answer = await here.admin.send(operations.UpdateUser!, { input: { userId: user.guid, ...body } });
  expect([problems(answer), answer.data.updateUser.errors]).toEqual([[], []]);
  expect(at(await here.read(user), path)).toBe(value);
});
