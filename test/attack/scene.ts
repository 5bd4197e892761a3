import { PERMISSIONS, RoleScope, UserGroupKind } from "../../src/access/index.js";
import {
  FormConditionOperator,
  FormEnablement,
  FormFieldTypeName,
  FormState,
  ImplementationStatus,
} from "../../src/forms/index.js";
import { InviteStatus, UserStatus, UserType } from "../../src/users/index.js";
import {
  type Caller,
  type Harness,
  operations,
  type Person,
  type TestForm,
  type TestTenant,
} from "../harness/index.js";
import { inDays, invitationsOf } from "../harness/invitations.js";

export interface Made {
  guid: string;
  id: string;
}

/** A tenant in which every operation of the schema can be done once, and whose texts all carry its mark. */
export interface Scene {
  here: TestTenant;
  /** No text of another tenant, nor of any attack, holds it. */
  mark: string;
  admin: Person;
  /** Staff whom the clients are assigned to; what they may do is for a test to say. */
  keeper: Person;
  keeperRole: Made;
  /** Staff with every permission, whom nobody is assigned to; and an administrator without any. */
  colleague: Person;
  powerless: Person;
  lead: Person;
  /** Members of the group. The mate signs for it, too. */
  member: Person;
  mate: Person;
  /** Clients who belong to no group. */
  outsider: Person;
  stranger: Person;
  invited: Person;
  draft: Person;
  suspended: Person;
  revoked: Person;
  group: Made;
  shell: Made;
  groupRole: Made;
  staffRole: Made;
  flag: Made & { key: string };
  classification: Made;
  sent: Made & { user: Made };
  unsent: Made;
  userExport: Made;
  form: TestForm;
  /** Published and enabled as well; the member has completed the second, and was never given the third. */
  formSecond: TestForm;
  formThird: TestForm;
  formDraft: TestForm;
  formSpare: TestForm;
  preference: TestForm;
  preferenceDraft: TestForm;
  preferenceSpare: TestForm;
  /** The member's: open, with all answers given; and completed. */
  open: Made;
  completed: Made;
  /** What the mail and `createLoginToken` gave away. */
  invitationToken: string;
  loginToken: string;
}

export async function sceneOf(harness: Harness, mark: string): Promise<Scene> {
  const here = await harness.tenant();
  const { admin } = here;
  const { database } = harness;
  let count = 0;
  const staff = (values = {}): Promise<Person> =>
    here.user({ type: UserType.INTERNAL, forename: mark, surname: `Staff ${++count}`, ...values });
  const keeper = await staff();
  const keeperRole = await here.role({ scope: RoleScope.INTERNAL, name: `${mark} keeper` });
  await database.sql("INSERT INTO user_roles (tenant_id, user_id, role_id) VALUES ($1, $2, $3)", [
    here.id,
    keeper.guid,
    keeperRole.guid,
  ]);
  const colleague = await here.internal(PERMISSIONS, { forename: mark, surname: "Colleague" });
  const powerless = await here.internal([], { administrator: true, forename: mark, surname: "Powerless" });
  const client = (values = {}): Promise<Person> =>
    here.user({
      title: "Ms",
      forename: mark,
      surname: `Client ${++count}`,
      username: `${mark}-${count}`,
      assignedInternalUserId: keeper.guid,
      onboardingDateCompleted: "2024-03-10T10:00:00.000Z",
      ...values,
    });
  const lead = await client();
  // The one whom every condition of the list of users finds.
  const member = await client({
    storedInviteStatus: InviteStatus.COMPLETED,
    inviteDateInvited: "2024-03-01T10:00:00.000Z",
    inviteDateExpires: "2024-03-08T10:00:00.000Z",
    inviteDateModified: "2024-03-02T10:00:00.000Z",
  });
  const [mate, outsider, stranger] = [await client(), await client(), await client()];
  const [invited, draft] = [
    await client({ status: UserStatus.INVITED, storedInviteStatus: InviteStatus.INVITED }),
    await client({ status: UserStatus.DRAFT, storedInviteStatus: InviteStatus.DRAFT }),
  ];
  const [suspended, revoked] = [
    await client({ status: UserStatus.SUSPENDED }),
    await client({ status: UserStatus.REVOKED }),
  ];
  const groupRole = await here.role({ name: `${mark} partner`, rank: 1 });
  const headRole = await here.role({ name: `${mark} head`, rank: 2 });
  const staffRole = await here.role({ scope: RoleScope.INTERNAL, name: `${mark} clerk` });
  const group = await here.group({
    name: `${mark} group`,
    description: mark,
    defaultRoleId: groupRole.guid,
    roleId: groupRole.guid,
    lead,
    members: [member],
    signatories: [mate],
  });
  await database.sql("UPDATE group_members SET role_id = $3 WHERE tenant_id = $1 AND user_id = $2", [
    here.id,
    lead.guid,
    headRole.guid,
  ]);
  const shell = await here.group({ name: `${mark} shell`, kind: UserGroupKind.SHELL });
  const key = `${mark}-flag`;
  const flag = { ...(await here.flag(key, { description: mark })), key };
  await database.sql("INSERT INTO group_feature_flags (tenant_id, group_id, flag_id) VALUES ($1, $2, $3)", [
    here.id,
    group.guid,
    flag.guid,
  ]);
  const classification = await here.classification(`${mark} label`, mark);
  for (const one of [member, mate, outsider]) await here.classify(one, classification);

  const tools = invitationsOf(harness);
  const asked = { groupId: group.guid, message: mark, forename: mark };
  const sent = await tools.invite(here, { ...asked, email: `sent@${mark}.example` });
  const unsent = await tools.invite(here, { ...asked, email: `unsent@${mark}.example`, send: false });
  await tools.rest(here);
  await database.sql("UPDATE users SET assigned_internal_user_id = $2 WHERE id = $1", [sent.user.guid, keeper.guid]);
  const invitationToken = await tools.tokenOf(here, sent);
  const ticket = { groupId: group.guid, userId: member.guid, reason: mark };
  const { createLoginToken } = await admin.ask(operations.CreateLoginToken!, { input: ticket });
  // However long a test takes.
  await database.sql("UPDATE login_tokens SET expires_at = $2 WHERE tenant_id = $1", [here.id, inDays(1)]);
  const session = await here.actingAs(admin, member, group);
  await session.ask(operations.UpdateCurrentUser!, { input: { title: "Mx" } });
  const userExport = await here.userExport({ expiresAt: inDays(1) });
  await database.sql("UPDATE users SET title = $2 WHERE id = $1", [admin.guid, mark]);

  const content = {
    description: mark,
    formPages: [{ reference: "page", name: mark }],
    formFields: ["motto", "aim"].map((reference) => ({
      reference,
      label: `${mark} ${reference}`,
      formFieldType: FormFieldTypeName.TEXT,
      formPage: "page",
      ...(reference === "aim" && {
        formFieldConditions: [{ reference: "motto", operator: FormConditionOperator.ANSWERED }],
      }),
    })),
    formSettings: [{ name: "colour", value: mark }],
    revalidateAfterMonths: 12,
  };
  const named = (name: string): { name: string } => ({ name: `${mark} ${name}` });
  const offered = { ...content, classifications: [classification] };
  const disabled = { enablement: FormEnablement.DISABLED };
  const form = await here.form({ ...content, ...named("form") });
  const formSecond = await here.form({ ...content, ...named("second") });
  const formThird = await here.form({ ...content, ...named("third") });
  const formDraft = await here.form({ ...content, ...named("draft"), state: FormState.DRAFT });
  const formSpare = await here.form({ ...content, ...named("spare"), ...disabled });
  const preference = await here.preferenceForm({ ...offered, ...named("preference"), editable: true });
  const preferenceDraft = await here.preferenceForm({
    ...offered,
    ...named("preference draft"),
    state: FormState.DRAFT,
  });
  const preferenceSpare = await here.preferenceForm({ ...offered, ...named("preference spare"), ...disabled });
  const given = async (one: TestForm, values = {}): Promise<Made> =>
    here.implementation(member, one, {
      answers: { [one.fields.motto!]: `${mark} answer`, [one.fields.aim!]: mark },
      storedStatus: ImplementationStatus.IN_PROGRESS,
      ...values,
    });
  const open = await given(form);
  const completed = await given(formSecond, {
    storedStatus: ImplementationStatus.COMPLETED,
    completedAt: inDays(-1),
  });

  return {
    here,
    mark,
    admin,
    keeper,
    keeperRole,
    colleague,
    powerless,
    lead,
    member,
    mate,
    outsider,
    stranger,
    invited,
    draft,
    suspended,
    revoked,
    group,
    shell,
    groupRole,
    staffRole,
    flag,
    classification,
    sent,
    unsent,
    userExport,
    form,
    formSecond,
    formThird,
    formDraft,
    formSpare,
    preference,
    preferenceDraft,
    preferenceSpare,
    open,
    completed,
    invitationToken,
    loginToken: createLoginToken.loginToken,
  };
}

/** Who sends an operation unless a test says otherwise. */
export const callerOf = ({ admin }: Scene, anonymous: Caller, operation: string): Caller =>
  ["acceptInvitation", "redeemLoginToken"].includes(operation) ? anonymous : admin;
