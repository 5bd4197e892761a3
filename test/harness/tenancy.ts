import { v7 as uuidv7 } from "uuid";
import { InviteStatus, UserStatus, UserType } from "../../src/users/index.js";
import { toGlobalId } from "../../src/kit/index.js";
import { operations, type Caller, type Harness, type TestTenant } from "./index.js";

/** Two tenants whose data have the same guids and e-mail addresses, and whose texts all carry their tenant's own mark. */
export interface Twin {
  here: TestTenant;
  mark: string;
  /** Everybody who can ask, from the administrator to a plain investor. */
  callers: Record<string, Caller>;
}

const NAMES = [
  "staff",
  "lead",
  "member",
  "investor",
  "group",
  "role",
  "flag",
  "invitation",
  "mail",
  "classification",
] as const;
type Guids = Record<(typeof NAMES)[number], string>;

export async function twins(harness: Harness): Promise<[Twin, Twin]> {
  const guids = Object.fromEntries(NAMES.map((name) => [name, uuidv7()])) as Guids;
  return [await twin(harness, "Alphamark", guids), await twin(harness, "Betamark", guids)];
}

async function twin(harness: Harness, mark: string, guids: Guids): Promise<Twin> {
  const here = await harness.tenant();
  const person = (name: "lead" | "member" | "investor") =>
    here.user({
      guid: guids[name],
      forename: mark,
      surname: name,
      contactEmail: `${name}@example.com`,
      assignedInternalUserId: guids.staff,
    });
  await here.user({
    guid: guids.staff,
    type: UserType.INTERNAL,
    status: UserStatus.ACTIVE,
    surname: mark,
    contactEmail: "staff@example.com",
  });
  const [lead, member, investor] = [await person("lead"), await person("member"), await person("investor")];
  const { guid: roleId } = await here.role({ guid: guids.role, name: `${mark} role` });
  const group = { guid: guids.group, name: `${mark} group`, description: mark, defaultRoleId: roleId };
  await here.group({ ...group, lead, members: [member], roleId });
  await here.flag(FLAG, { guid: guids.flag, description: `${mark} flag` });
  const ticket = { groupId: guids.group, userId: guids.member, reason: mark };
  await here.admin.ask(operations.CreateLoginToken!, { input: ticket });
  await here.classify(investor, await here.classification(`${mark} label`, mark, guids.classification));
  await here.admin.ask(operations.UpdateUser!, { input: { userId: investor.id, title: mark } });
  await rest(harness, here, guids);
  const { mail: mailId, invitation: guid, group: groupId } = guids;
  await here.invitation(investor, { guid, groupId, roleId, mailId, message: mark, storedStatus: InviteStatus.INVITED });
  const service = await here.service("users.read", "groups.read", "audit.read");
  return { here, mark, callers: { administrator: here.admin, service, lead, member, investor } };
}

/** Rows that the platform makes by itself or on the way. */
async function rest(
  { database }: Harness,
  here: TestTenant,
  { mail, lead, member, group, flag }: Guids,
): Promise<void> {
  await database.sql("INSERT INTO group_feature_flags (tenant_id, group_id, flag_id) VALUES ($1, $2, $3)", [
    here.id,
    group,
    flag,
  ]);
  await database.sql(
    "INSERT INTO mail_deliveries (tenant_id, id, kind, subject_id, status) VALUES ($1, $2, 'test', $2, 'SENT')",
    [here.id, mail],
  );
  await database.sql(
    `INSERT INTO login_tokens (tenant_id, id, actor_id, user_id, group_id, reason, token_hash, actor_lockouts, user_lockouts, expires_at)
     VALUES ($1, $2, $3, $4, $5, 'test', 'hash', 0, 0, now())`,
    [here.id, mail, lead, member, group],
  );
  await database.sql(
    "INSERT INTO idempotency_keys (tenant_id, actor, operation, key, input_hash) VALUES ($1, 'test', 'test', 'test', 'hash')",
    [here.id],
  );
}

const FLAG = "twin";

const FRAGMENTS: Record<string, string> = {
  UserFields: `
  fragment UserFields on User { id guid name contactEmail version isUserGroupLead isUserGroupMember
    assignedInternalUser { id name }
    classifications { totalCount nodes { id name reference } }
    userGroups { totalCount edges { joinedAt isLead role { name } node { id name leadUser { id name } } } }
    internalRoles { totalCount nodes { name } } }`,
  GroupFields: `
  fragment GroupFields on UserGroup { id label: name description memberCount featureEnabled(key: "${FLAG}")
    leadUser { id name } defaultRole { id name }
    featureFlags { totalCount edges { enabledAt node { id key description } } }
    members(first: 100) { totalCount edges { name isLead joinedAt role { id name } node { id name contactEmail } } } }`,
  InvitationFields: `
  fragment InvitationFields on Invitation { id message sendCount user { id name } group { id name } role { id name } mail { attempts } }`,
  Any: `
  fragment Any on Node { id ...UserFields ...GroupFields ...InvitationFields ... on Classification { label: name }
    ... on UserRole { label: name } ... on UserGroupFeatureFlag { label: description } }`,
};

/** Root field -> the documents that ask it for everything. A test sees to it that no root field is missing. */
export const QUESTIONS: Record<string, string[]> = {
  me: ["{ me { ...UserFields } }"],
  user: [
    "query ($guid: UUID) { user(guid: $guid) { ...UserFields } }",
    "query ($id: ID) { user(id: $id) { ...UserFields } }",
  ],
  node: ["query ($id: ID!) { node(id: $id) { ...Any } }"],
  nodes: ["query ($ids: [ID!]!) { nodes(ids: $ids) { ...Any } }"],
  users: [
    "{ users(first: 100) { totalCount nodes { ...UserFields } } }",
    "{ users(last: 100, orderBy: { field: EMAIL }) { totalCount edges { cursor node { ...UserFields } } } }",
    "query ($search: String) { users(search: $search) { totalCount nodes { ...UserFields } } }",
    "query ($guid: String) { users(search: $guid) { totalCount nodes { ...UserFields } } }",
    "{ users(filter: { isUserGroupMember: true }) { totalCount nodes { ...UserFields } } }",
    "{ users(filter: { isUserGroupLead: false }) { totalCount nodes { ...UserFields } } }",
    "query ($labels: [ID!]) { users(filter: { classifications: $labels }) { totalCount nodes { ...UserFields } } }",
  ],
  userGroup: [
    "query ($group: UUID) { userGroup(guid: $group) { ...GroupFields } }",
    "query ($groupId: ID) { userGroup(id: $groupId) { ...GroupFields } }",
  ],
  userGroupByLeadUser: ["query ($lead: UUID!) { userGroupByLeadUser(userGuid: $lead) { ...GroupFields } }"],
  userGroups: [
    "{ userGroups(first: 100) { totalCount nodes { ...GroupFields } } }",
    "{ userGroups(last: 100, orderBy: { field: MEMBER_COUNT }) { totalCount edges { cursor node { ...GroupFields } } } }",
    "query ($search: String) { userGroups(search: $search) { totalCount nodes { ...GroupFields } } }",
    "query ($member: ID) { userGroups(filter: { memberId: $member }) { totalCount nodes { ...GroupFields } } }",
    "query ($leadId: ID) { userGroups(filter: { leadUserId: $leadId }) { totalCount nodes { ...GroupFields } } }",
    `{ userGroups(filter: { featureFlag: "${FLAG}" }) { totalCount nodes { ...GroupFields } } }`,
    `query ($group: UUID, $search: String) { userGroup(guid: $group) { members(search: $search) { totalCount edges { name } } } }`,
    `query ($group: UUID, $role: ID!) { userGroup(guid: $group) { members(filter: { roleIds: [$role], isLead: false }) { totalCount edges { name } } } }`,
  ],
  availableRoles: [
    "{ availableRoles { totalCount nodes { id name } } }",
    "{ availableRoles(scope: INTERNAL) { totalCount nodes { id name } } }",
  ],
  featureFlags: ["{ featureFlags { totalCount nodes { id key description } } }"],
  invitation: [
    "query ($invitation: UUID) { invitation(guid: $invitation) { ...InvitationFields } }",
    "query ($invitation: ID) { invitation(id: $invitation) { ...InvitationFields } }",
  ],
  invitations: ["{ invitations { totalCount nodes { ...InvitationFields } } }"],
  classifications: ["{ classifications { totalCount nodes { id name reference } } }"],
  auditEvents: ["{ auditEvents { totalCount nodes { operation targetId actorId changes } } }"],
  _entities: [
    "query ($representations: [_Any!]!) { _entities(representations: $representations) { ...UserFields ...GroupFields ...InvitationFields } }",
  ],
};

/** The answers that a caller of one tenant gets to every question about the guids that both tenants have. */
async function answers({ here, mark }: Twin, caller: Caller, other: string): Promise<string[]> {
  const { investor, member, lead, group, classification, role, flag, invitation } = await guidsOf(here);
  const about = [investor, member, lead].map((guid) => ({ guid, id: toGlobalId("User", guid!) }));
  const found: string[] = [];
  for (const question of Object.values(QUESTIONS).flat()) {
    const document = withFragments(question);
    for (const { guid, id } of question.includes("$guid") || question.includes("$id:") ? about : [about[0]!]) {
      for (const search of question.includes("$search") ? [mark, other] : [mark]) {
        const { body } = await caller.send(document, {
          guid,
          id,
          search,
          ids: [
            ...about.map((one) => one.id),
            toGlobalId("UserGroup", group!),
            toGlobalId("Classification", classification!),
            toGlobalId("UserRole", role!),
            toGlobalId("UserGroupFeatureFlag", flag!),
            toGlobalId("Invitation", invitation!),
          ],
          group,
          groupId: toGlobalId("UserGroup", group!),
          lead,
          leadId: lead,
          member,
          role,
          invitation,
          labels: [toGlobalId("Classification", classification!)],
          representations: [
            ...about.flatMap((one) => [
              { __typename: "User", guid: one.guid },
              { __typename: "User", id: one.id },
            ]),
            { __typename: "UserGroup", guid: group },
            { __typename: "Invitation", guid: invitation },
          ],
        });
        found.push(body);
      }
    }
  }
  return found;
}

/** The document with the fragments that it spreads, and those that they spread. */
function withFragments(document: string): string {
  const missing = Object.keys(FRAGMENTS).find(
    (name) => document.includes(`...${name}`) && !document.includes(`fragment ${name} `),
  );
  return missing === undefined ? document : withFragments(document + FRAGMENTS[missing]!);
}

async function guidsOf(here: TestTenant): Promise<Record<string, string>> {
  const { users, group_members, classifications, feature_flags, invitations } = await here.rows();
  const guid = (email: string) => users!.find((user) => user.contact_email === `${email}@example.com`)!.id as string;
  return {
    investor: guid("investor"),
    member: guid("member"),
    lead: guid("lead"),
    group: group_members![0]!.group_id as string,
    role: group_members![0]!.role_id as string,
    flag: feature_flags![0]!.id as string,
    invitation: invitations![0]!.id as string,
    classification: classifications![0]!.id as string,
  };
}

/** What anybody in one tenant learns of the other, as "who: answer"; nothing, when the walls hold. */
export async function leaks(harness: Harness): Promise<string[]> {
  const [one, two] = await twins(harness);
  const found: string[] = [];
  for (const [mine, theirs] of [
    [one, two],
    [two, one],
  ] as const) {
    const { users, classifications, audit_events } = await mine.here.rows();
    const most = Math.max(users!.length, classifications!.length, audit_events!.length);
    for (const [who, caller] of Object.entries(mine.callers)) {
      const bodies = await answers(mine, caller, theirs.mark);
      // The control of every round: there was something to see.
      expect(bodies.join()).toContain(mine.mark);
      expect(bodies.filter((body) => /INTERNAL_SERVER_ERROR|GRAPHQL_|BAD_USER_INPUT/.test(body))).toEqual([]);
      for (const body of bodies) {
        const counts = [...body.matchAll(/"totalCount":(\d+)/g)].map(([, count]) => Number(count));
        if (body.includes(theirs.mark) || Math.max(0, ...counts) > most) found.push(`${who}: ${body}`);
      }
    }
  }
  return found;
}

/** What a write in one tenant changes in the other, by guids that both have; nothing, when the walls hold. */
export async function strayWrites(harness: Harness): Promise<string[]> {
  const [{ here }, { here: there }] = await twins(harness);
  const { investor, member, lead, group, role, classification } = await guidsOf(here);
  const before = await there.contents();
  const write = (document: string, input: object): Promise<unknown> => here.admin.ask(document, { input });
  await write(operations.UpdateUser!, { userId: investor, forename: "Written" });
  await write(operations.UpdateUserClassifications!, { userId: investor, classifications: [] });
  await write(operations.UpdateUserClassifications!, {
    userId: investor,
    classifications: [{ classificationId: classification }],
  });
  await write(operations.UpdateUserGroupFeatureFlag!, { groupId: group, flag: FLAG, enabled: false });
  await write(operations.MarkUserAsSignatory!, { groupId: group, userId: lead });
  await write(operations.UpdateUserGroupRole!, { groupId: group, userId: member, roleId: role });
  await write(operations.RemoveUserFromGroup!, { groupId: group, userId: member });
  await write(operations.AddUserToGroup!, { groupId: group, userId: investor });
  await write(operations.UpdateUserGroup!, { groupId: group, name: "Written", leadUserId: null });
  await write(operations.SuspendUser!, { userId: investor });
  await write(operations.ReactivateUser!, { userId: investor });
  await write(operations.RevokeUser!, { userId: investor });
  expect(await here.read({ guid: investor! })).toMatchObject({ forename: "Written", status: "REVOKED" });
  expect((await here.rows()).user_groups).toMatchObject([{ name: "Written", member_count: 2, lead_user_id: null }]);
  const after = await there.contents();
  return Object.keys(before).filter((table) => before[table]!.join() !== after[table]!.join());
}
