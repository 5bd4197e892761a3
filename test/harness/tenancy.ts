import { v7 as uuidv7 } from "uuid";
import { RoleScope } from "../../src/access/index.js";
import { FormFieldTypeName, FormState, ImplementationStatus } from "../../src/forms/index.js";
import { InviteStatus, UserStatus, UserType } from "../../src/users/index.js";
import { toGlobalId } from "../../src/kit/index.js";
import { operations, type Caller, type FormValues, type Harness, type TestForm, type TestTenant } from "./index.js";

/** Two tenants whose data have the same guids and e-mail addresses, and whose texts all carry their tenant's own mark. */
export interface Twin {
  here: TestTenant;
  mark: string;
  /** What both tenants' objects have. */
  guids: Guids;
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
  "form",
  "formRevision",
  "formStaged",
  "formImplementation",
  "formSpare",
  "formSpareRevision",
  "preference",
  "preferenceRevision",
  "preferenceStaged",
  "preferenceImplementation",
  "preferenceSpare",
  "preferenceSpareRevision",
  "userExport",
  "motto",
  "secret",
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
  await here.role({ scope: RoleScope.INTERNAL, name: `${mark} staff` });
  const group = { guid: guids.group, name: `${mark} group`, description: mark, defaultRoleId: roleId };
  await here.group({ ...group, lead, members: [member], roleId });
  await here.flag(FLAG, { guid: guids.flag, description: `${mark} flag` });
  const ticket = { groupId: guids.group, userId: guids.member, reason: mark };
  await here.admin.ask(operations.CreateLoginToken!, { input: ticket });
  const classification = await here.classification(`${mark} label`, mark, guids.classification);
  await here.classify(investor, classification);
  await here.admin.ask(operations.UpdateUser!, { input: { userId: investor.id, title: mark } });
  await rest(harness, here, guids);
  const { mail: mailId, invitation: guid, group: groupId } = guids;
  await here.invitation(investor, { guid, groupId, roleId, mailId, message: mark, storedStatus: InviteStatus.INVITED });
  await forms(harness, here, mark, investor, guids);
  await here.userExport({ guid: guids.userExport });
  // Whoever asked for the export is the tenant's own; by its name one tenant is told from the other.
  await harness.database.sql("UPDATE users SET title = $2 WHERE id = $1", [here.admin.guid, mark]);
  const service = await here.service(
    ...(["users.read", "users.export", "groups.read", "audit.read", "forms.read", "submissions.read"] as const),
  );
  return { here, mark, guids, callers: { administrator: here.admin, service, lead, member, investor } };
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

/** Forms of both kinds: one given to the investor, with a staged revision, and a draft that nobody was given. */
async function forms(
  { database }: Harness,
  here: TestTenant,
  mark: string,
  investor: { guid: string },
  guids: Guids,
): Promise<void> {
  const content: FormValues = {
    name: `${mark} form`,
    description: mark,
    formPages: [{ reference: "page", name: mark }],
    formFields: ["motto", "secret"].map((reference) => ({
      reference,
      label: `${mark} ${reference}`,
      formFieldType: FormFieldTypeName.TEXT,
      formPage: "page",
    })),
    formSettings: [{ name: "colour", value: mark }],
    classifications: [{ guid: guids.classification }],
  };
  /** What the builder has named by itself gets the ids that both tenants have. */
  const known = async (form: TestForm, revision: string, staged: string | null = null): Promise<TestForm> => {
    await database.sql(
      `WITH present AS (UPDATE form_revisions SET id = $3,
           form_fields = replace(replace(form_fields::text, $5, $6), $7, $8)::jsonb
         WHERE tenant_id = $1 AND form_id = $2 RETURNING *),
       further AS (INSERT INTO form_revisions (tenant_id, id, form_id, number, name, form_pages, form_fields, form_settings)
         SELECT tenant_id, $4, form_id, 2, name || ' again', form_pages, form_fields, form_settings FROM present
         WHERE $4::uuid IS NOT NULL)
       UPDATE forms SET revision_id = $3, staged_revision_id = $4 WHERE tenant_id = $1 AND id = $2`,
      [here.id, form.uuid, revision, staged, form.fields.motto, guids.motto, form.fields.secret, guids.secret],
    );
    return { ...form, revisionId: revision };
  };
  const form = await here.form({ ...content, classifications: [], uuid: guids.form });
  const preference = await here.preferenceForm({ ...content, uuid: guids.preference });
  const given = {
    answers: { [guids.motto]: mark },
    drafts: { [guids.secret]: `${mark} secret` },
    storedStatus: ImplementationStatus.IN_PROGRESS,
  };
  await here.implementation(investor, await known(form, guids.formRevision, guids.formStaged), {
    ...given,
    uuid: guids.formImplementation,
  });
  await here.implementation(investor, await known(preference, guids.preferenceRevision, guids.preferenceStaged), {
    ...given,
    uuid: guids.preferenceImplementation,
  });
  const spare = { ...content, state: FormState.DRAFT };
  await known(await here.form({ ...spare, classifications: [], uuid: guids.formSpare }), guids.formSpareRevision);
  await known(await here.preferenceForm({ ...spare, uuid: guids.preferenceSpare }), guids.preferenceSpareRevision);
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
  AskedFields: `
  fragment AskedFields on User { id
    formImplementations(first: 5) { totalCount nodes { ...ImplementationFields form { ...FormFields } } }
    enabledUserDataForms(first: 5) { totalCount edges { implementation { uuid formFieldAnswers { value } } node { ...FormFields } } }
    enabledInvestorPreferenceForms(first: 5) { totalCount edges { blocking matchedClassifications { id name }
      implementation { uuid formFieldAnswers { value } } node { ...PreferenceFields } } }
    preferenceGate { blocked validUntil outstanding(first: 5) { totalCount nodes { ...PreferenceFields } } } }`,
  FormFields: `
  fragment FormFields on UserForm { id uuid formName: name description version formType { name }
    formPages { name } formFields { uuid label formPage { name } } formSettings { name value }
    formRevision { uuid name formFields { label } } stagedRevision { uuid name formSettings { value } } }`,
  PreferenceFields: `
  fragment PreferenceFields on InvestorPreferenceForm { ...FormFields enforcementType
    classifications { totalCount nodes { id name } } }`,
  ImplementationFields: `
  fragment ImplementationFields on UserFormImplementation { id uuid implementationStatus: status version
    formFieldAnswers { value formField { uuid label } } hiddenFieldAnswers { value formField { uuid label } }
    formImplementationAssignments { uuid assigneeId } formRevision { uuid name } answeredBy: user { id name } }`,
  Any: `
  fragment Any on Node { id ...UserFields ...GroupFields ...InvitationFields ... on Classification { label: name }
    ... on UserRole { label: name } ... on UserGroupFeatureFlag { label: description }
    ...FormFields ...PreferenceFields ...ImplementationFields ... on UserFormImplementation { form { ...FormFields } }
    ... on UserExport { downloadUrl requestedBy { name } } }`,
};

/** Root field -> the documents that ask it for everything. A test sees to it that no root field is missing. */
export const QUESTIONS: Record<string, string[]> = {
  me: ["{ me { ...UserFields } }", "{ me { ...AskedFields } }"],
  user: [
    "query ($guid: UUID) { user(guid: $guid) { ...UserFields } }",
    "query ($id: ID) { user(id: $id) { ...UserFields } }",
    "query ($guid: UUID) { user(guid: $guid) { ...AskedFields } }",
    "query ($guid: UUID) { user(guid: $guid) { formImplementations { totalCount nodes { ...ImplementationFields } } } }",
  ],
  node: ["query ($id: ID!) { node(id: $id) { ...Any } }"],
  nodes: ["query ($ids: [ID!]!) { nodes(ids: $ids) { ...Any } }"],
  users: [
    "{ users(first: 50) { totalCount nodes { ...UserFields } } }",
    "{ users(last: 50, orderBy: { field: EMAIL }) { totalCount edges { cursor node { ...UserFields } } } }",
    "query ($search: String) { users(search: $search) { totalCount nodes { ...UserFields } } }",
    "query ($guid: String) { users(search: $guid) { totalCount nodes { ...UserFields } } }",
    "{ users(filter: { isUserGroupMember: true }) { totalCount nodes { ...UserFields } } }",
    "{ users(filter: { isUserGroupLead: false }) { totalCount nodes { ...UserFields } } }",
    "query ($labels: [ID!]) { users(filter: { classifications: $labels }) { totalCount nodes { ...UserFields } } }",
    "{ users { totalCount nodes { ...AskedFields } } }",
  ],
  userGroup: [
    "query ($group: UUID) { userGroup(guid: $group) { ...GroupFields } }",
    "query ($groupId: ID) { userGroup(id: $groupId) { ...GroupFields } }",
  ],
  userGroupByLeadUser: ["query ($lead: UUID!) { userGroupByLeadUser(userGuid: $lead) { ...GroupFields } }"],
  userGroups: [
    "{ userGroups(first: 50) { totalCount nodes { ...GroupFields } } }",
    "{ userGroups(last: 50, orderBy: { field: MEMBER_COUNT }) { totalCount edges { cursor node { ...GroupFields } } } }",
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
  userDataForm: [
    "query ($form: UUID) { userDataForm(uuid: $form) { ...FormFields } }",
    "query ($formId: ID) { userDataForm(id: $formId) { ...FormFields } }",
  ],
  userDataForms: [
    "{ userDataForms(first: 50) { totalCount nodes { ...FormFields } } }",
    "{ userDataForms(last: 50, orderBy: { field: CREATED_AT }) { totalCount edges { cursor node { ...FormFields } } } }",
    "query ($search: String) { userDataForms(filter: { name: $search, state: PUBLISHED }) { totalCount nodes { ...FormFields } } }",
  ],
  enabledUserDataForms: ["{ enabledUserDataForms { totalCount nodes { ...FormFields } } }"],
  userDataFormSubmissions: [
    "{ userDataFormSubmissions(first: 50) { totalCount nodes { ...ImplementationFields } } }",
    "{ userDataFormSubmissions(last: 50, orderBy: { field: COMPLETED_AT }) { totalCount nodes { form { ...FormFields } } } }",
    "query ($formId: ID, $id: ID) { userDataFormSubmissions(filter: { formId: $formId, userId: $id, status: [IN_PROGRESS] }) { totalCount nodes { ...ImplementationFields } } }",
  ],
  investorPreferenceForm: [
    "query ($preference: UUID) { investorPreferenceForm(uuid: $preference) { ...PreferenceFields } }",
    "query ($preferenceId: ID) { investorPreferenceForm(id: $preferenceId) { ...PreferenceFields } }",
  ],
  investorPreferenceForms: [
    "{ investorPreferenceForms(first: 50) { totalCount nodes { ...PreferenceFields } } }",
    "{ investorPreferenceForms(last: 50, orderBy: { field: CREATED_AT }) { totalCount edges { cursor node { ...PreferenceFields } } } }",
    "query ($label: ID) { investorPreferenceForms(filter: { classificationId: $label }) { totalCount nodes { ...PreferenceFields } } }",
  ],
  userExport: [
    "query ($export: UUID) { userExport(guid: $export) { id guid downloadUrl requestedBy { guid name } } }",
    "query ($exportId: ID) { userExport(id: $exportId) { id guid downloadUrl requestedBy { guid name } } }",
  ],
  auditEvents: ["{ auditEvents { totalCount nodes { operation targetId actorId changes } } }"],
  _entities: [
    "query ($representations: [_Any!]!) { _entities(representations: $representations) { ...UserFields ...GroupFields ...InvitationFields } }",
    "query ($representations: [_Any!]!) { _entities(representations: $representations) { ...AskedFields ...FormFields ...PreferenceFields ...ImplementationFields } }",
    "query ($formReferences: [_Any!]!) { _entities(representations: $formReferences) { ...FormFields } }",
    "query ($implementationReferences: [_Any!]!) { _entities(representations: $implementationReferences) { ...ImplementationFields } }",
  ],
};

/** Every question about the guids that both tenants have, with each answer that a caller of one tenant gets to it. */
async function answers(
  { mark, guids }: Twin,
  caller: Caller,
  other: string,
): Promise<{ question: string; body: string }[]> {
  const { investor, member, lead, group, classification, role, invitation, form, preference } = guids;
  const about = [investor, member, lead].map((guid) => ({ guid, id: toGlobalId("User", guid) }));
  const found: { question: string; body: string }[] = [];
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
            toGlobalId("UserGroup", group),
            toGlobalId("Classification", classification),
            toGlobalId("UserRole", role),
            toGlobalId("UserGroupFeatureFlag", guids.flag),
            toGlobalId("Invitation", invitation),
            toGlobalId("UserExport", guids.userExport),
            ...[form, guids.formSpare].map((uuid) => toGlobalId("UserDataForm", uuid)),
            ...[preference, guids.preferenceSpare].map((uuid) => toGlobalId("InvestorPreferenceForm", uuid)),
            toGlobalId("UserFormImplementation", guids.formImplementation),
          ],
          group,
          groupId: toGlobalId("UserGroup", group),
          lead,
          leadId: lead,
          member,
          role,
          invitation,
          export: guids.userExport,
          exportId: toGlobalId("UserExport", guids.userExport),
          form,
          formId: toGlobalId("UserDataForm", form),
          preference,
          preferenceId: toGlobalId("InvestorPreferenceForm", preference),
          labels: [toGlobalId("Classification", classification)],
          label: toGlobalId("Classification", classification),
          representations: [
            ...about.flatMap((one) => [
              { __typename: "User", guid: one.guid },
              { __typename: "User", id: one.id },
            ]),
            { __typename: "UserGroup", guid: group },
            { __typename: "Invitation", guid: invitation },
            { __typename: "UserDataForm", uuid: form },
            { __typename: "InvestorPreferenceForm", uuid: preference },
            { __typename: "UserFormImplementation", uuid: guids.preferenceImplementation },
          ],
          formReferences: [form, guids.formSpare].map((uuid) => ({ __typename: "UserDataForm", uuid })),
          implementationReferences: [guids.formImplementation, guids.preferenceImplementation].map((uuid) => ({
            __typename: "UserFormImplementation",
            uuid,
          })),
        });
        found.push({ question, body });
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

/** What the administrator is told of everybody in a file. */
async function exportOf(caller: Caller): Promise<string> {
  const columns = ["GUID", "NAME", "CONTACT_EMAIL", "CLASSIFICATIONS", "USER_GROUPS", "ASSIGNED_INTERNAL_USER"];
  const input = { format: "JSONL", columns };
  const { exportUsers } = await caller.ask(operations.ExportUsers!, { input });
  return (await fetch(exportUsers.userExport.downloadUrl as string)).text();
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
    const silent = new Set(Object.values(QUESTIONS).flat());
    for (const [who, caller] of Object.entries(mine.callers)) {
      const answered = await answers(mine, caller, theirs.mark);
      if (who === "administrator") answered.push({ question: "a file", body: await exportOf(caller) });
      const bodies = answered.map(({ body }) => body);
      // The control of every round: there was something to see.
      expect(bodies.join()).toContain(mine.mark);
      for (const { question, body } of answered) if (body.includes(mine.mark)) silent.delete(question);
      expect(bodies.filter((body) => /INTERNAL_SERVER_ERROR|GRAPHQL_|BAD_USER_INPUT/.test(body))).toEqual([]);
      for (const body of bodies) {
        const counts = [...body.matchAll(/"totalCount":(\d+)/g)].map(([, count]) => Number(count));
        if (body.includes(theirs.mark) || Math.max(0, ...counts) > most) found.push(`${who}: ${body}`);
      }
    }
    // And by every question, to somebody; with both walls down the other's row may stand in its place.
    if (found.length === 0) expect([...silent]).toEqual([]);
  }
  return found;
}

/** Every write to forms and their implementations, in an order in which each is allowed. */
const formWrites = (guids: Guids): [field: string, input: object][] => [
  ["updateUserDataForm", { formId: guids.form, name: "Written" }],
  ["createUserDataForm", { name: "Written" }],
  ["createUserDataFormImplementation", { formId: guids.form, userId: guids.member }],
  ["updateUserDataFormState", { formId: guids.form, enablement: "DISABLED" }],
  ["archiveForm", { formId: guids.form }],
  ["deleteUserDataForm", { formId: guids.formSpare }],
  [
    "saveFormAnswers",
    { implementationId: guids.formImplementation, answers: [{ fieldUuid: guids.motto, value: "Written" }] },
  ],
  ["completeFormImplementation", { implementationId: guids.preferenceImplementation }],
  ["reopenFormImplementation", { implementationId: guids.preferenceImplementation }],
  ["completeFormImplementation", { implementationId: guids.formImplementation }],
  ["updateInvestorPreferenceForm", { formId: guids.preference, name: "Written" }],
  ["publishForm", { formId: guids.preference }],
  ["createInvestorPreferenceForm", { name: "Written", classificationIds: [guids.classification] }],
  ["updateInvestorPreferenceFormClassifications", { formId: guids.preference, classificationIds: [] }],
  ["createInvestorPreferenceFormImplementation", { formId: guids.preference, userId: guids.member }],
  ["updateInvestorPreferenceFormEditable", { formId: guids.preference, editable: true }],
  ["updateInvestorPreferenceFormEnforcementType", { formId: guids.preference, enforcementType: "OPTIONAL" }],
  ["updateInvestorPreferenceFormState", { formId: guids.preference, enablement: "DISABLED" }],
  ["deleteInvestorPreferenceForm", { formId: guids.preferenceSpare }],
];

/** What a write in one tenant changes in the other, by guids that both have; nothing, when the walls hold. */
export async function strayWrites(harness: Harness): Promise<string[]> {
  const [{ here, guids }, { here: there }] = await twins(harness);
  const { investor, member, lead, group, role, classification } = guids;
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
  await write(operations.RevokeUserExport!, { exportId: guids.userExport });
  await write(operations.ExportUsers!, {});
  for (const [field, input] of formWrites(guids)) {
    const document = `mutation ($input: ${field[0]!.toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $input) { errors { code field } } }`;
    expect([field, await here.admin.ask(document, { input })]).toEqual([field, { [field]: { errors: [] } }]);
  }
  expect(await here.read({ guid: investor })).toMatchObject({ forename: "Written", status: "REVOKED" });
  expect((await here.rows()).user_groups).toMatchObject([{ name: "Written", member_count: 2, lead_user_id: null }]);
  const after = await there.contents();
  return Object.keys(before).filter((table) => before[table]!.join() !== after[table]!.join());
}
