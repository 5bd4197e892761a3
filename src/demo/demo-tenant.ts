import { UserRole } from "../access/index.js";
import { USUAL_COLUMNS, UserExport, UserExportFormat, UserExportStatus } from "../directory/index.js";
import {
  AssignmentType,
  EnforcementType,
  Form,
  FormEnablement,
  FormFieldTypeName,
  FormImplementation,
  FormKind,
  FormRevision,
  FormState,
} from "../forms/index.js";
import { Invitation } from "../invitations/index.js";
import { GroupFeatureFlag, GroupMember, UserGroup, UserGroupKind } from "../user-groups/index.js";
import { ClassificationSource, UserClassification } from "../users/index.js";
import { InviteStatus, User, UserStatus, UserType } from "../users/index.js";
import { Chance } from "./chance.js";
import { INVESTOR_PROFILE, meansAnswers, personAnswers, SECTOR_PREFERENCES, WEALTH_DECLARATION } from "./forms.js";
import { GeneratedTenant } from "./generator.js";
import { assignedTo, formRow, implementationRow, revisionRow, type SampleForm, sampleForm } from "./sample-form.js";
import { rowsOf, sampleId, type TableRows, tenantIdOf, writeTenant } from "./write-tenant.js";

export const DEMO_TENANT = "Demo";

export interface KnownUser {
  guid: string;
  email: string;
}

/** A tenant with people to sign in as. */
export interface DemoTenant {
  tenantId: string;
  administrator: KnownUser;
  lead: KnownUser;
  investor: KnownUser;
}

// Jane and John are those of the REST reference, under its guids.
const JANE = "8c63ce30-bb74-4910-9c2e-510fb3792d5e";
const JOHN = "501a4c57-acb8-40d6-b867-b833854a96b9";
const LENA = sampleId(1);
const GROUP = sampleId(2);
const SHELL = sampleId(3);
const FORMER = sampleId(4);
const IVAN = sampleId(5);
const DORA = sampleId(6);
const IVANS_INVITATION = sampleId(0x301);
const DORAS_INVITATION = sampleId(0x302);
const DEAL = sampleId(7);
const FAMILY =
  "Anna Müller, Łukasz Żółkowski, Øyvind Ødegård, Íñigo Ñuñez, Юрий О'Нил, 小明 王, Chloë Brontë, Søren Åström, İpek Şahin, Hélène Lefèvre".split(
    ", ",
  );

const JOINED = "2024-01-15T10:30:00.000Z";
const ACCEPTED = "2024-01-15T11:00:00.000Z";
const ONBOARDED = "2024-01-20T09:15:00.000Z";
const DAY = 86_400_000;

function sampleUser(
  guid: string,
  title: string,
  forename: string,
  surname: string,
  email: string,
  rest: Partial<User> = {},
): Partial<User> {
  return {
    guid,
    type: UserType.INVESTOR,
    status: UserStatus.ACTIVE,
    username: email,
    title,
    forename,
    surname,
    contactEmail: email,
    tfaEnabled: true,
    createdAt: JOINED,
    updatedAt: ONBOARDED,
    lastLogin: "2024-10-01T14:22:00.000Z",
    onboardingDateCompleted: ONBOARDED,
    assignedInternalUserId: JANE,
    storedInviteStatus: InviteStatus.COMPLETED,
    inviteDateInvited: JOINED,
    inviteDateExpires: null,
    inviteDateModified: ACCEPTED,
    version: 1,
    ...rest,
  };
}

const ADMINISTRATOR = { guid: JANE, email: "jane.admin@example.com" };
const LEAD = { guid: LENA, email: "lena.lead@example.com" };
const INVESTOR = { guid: JOHN, email: "investor@example.com" };

const PEOPLE: Partial<User>[] = [
  sampleUser(JANE, "Ms", "Jane", "Admin", ADMINISTRATOR.email, {
    type: UserType.INTERNAL,
    assignedInternalUserId: null,
  }),
  sampleUser(LENA, "Ms", "Lena", "Lead", LEAD.email),
  sampleUser(JOHN, "Mr", "John", "Smith", INVESTOR.email),
  ...FAMILY.map((name, index) => {
    const [forename, surname] = name.split(" ") as [string, string];
    return sampleUser(
      sampleId(0x100 + index),
      index % 2 ? "Mr" : "Ms",
      forename,
      surname,
      `member-${index + 1}@example.com`,
      {
        username: null,
        lastLogin: index % 4 ? ACCEPTED : null,
      },
    );
  }),
];

/** Who has no account yet: one waits for approval, the other one's mail was sent the day before. */
function guests(at: number): Partial<User>[] {
  const [yesterday, expires] = [at - DAY, at + 6 * DAY].map((instant) => new Date(instant).toISOString()) as [
    string,
    string,
  ];
  const unseen: Partial<User> = {
    username: null,
    tfaEnabled: false,
    createdAt: yesterday,
    updatedAt: yesterday,
    lastLogin: null,
    onboardingDateCompleted: null,
    inviteDateModified: yesterday,
  };
  return [
    sampleUser(DORA, "Ms", "Dora", "Draft", "dora.draft@example.com", {
      ...unseen,
      status: UserStatus.DRAFT,
      storedInviteStatus: InviteStatus.DRAFT,
      inviteDateInvited: null,
    }),
    sampleUser(IVAN, "Mr", "Ivan", "Invited", "ivan.invited@example.com", {
      ...unseen,
      status: UserStatus.INVITED,
      storedInviteStatus: InviteStatus.INVITED,
      inviteDateInvited: yesterday,
      inviteDateExpires: expires,
    }),
  ];
}

/** The latest invitation of a user, as the user's own row tells it. */
const invitationOf = (user: Partial<User>, guid: string, rest: Partial<Invitation> = {}): Partial<Invitation> => ({
  guid,
  userId: user.guid!,
  storedStatus: user.storedInviteStatus!,
  dateInvited: user.inviteDateInvited!,
  dateExpires: user.inviteDateExpires!,
  dateModified: user.inviteDateModified!,
  createdAt: user.createdAt!,
  lastSentAt: user.inviteDateInvited!,
  sendCount: user.inviteDateInvited === null ? 0 : 1,
  invitedByUserId: null,
  requestedBy: null,
  groupId: null,
  roleId: null,
  message: null,
  ...rest,
});

/** The REST reference's form, under its ids. */
const TEST_FORM = sampleForm(
  0x400,
  {
    name: "test form",
    description: "this is a test form",
    formFields: [{ reference: "checkbox", label: "checkbox", formFieldType: FormFieldTypeName.CHECKBOX }],
  },
  {
    form: "64df4f2d-5d84-424c-ba9e-838d58b92049",
    fields: { checkbox: "7bc2153f-a9b6-46b4-bde3-e3bd7c4f3ad5" },
  },
);
const draft = {
  description: "Nobody has been given it.",
  state: FormState.DRAFT,
  enablement: FormEnablement.DISABLED,
  formFields: [{ reference: "question", label: "What shall we ask?", formFieldType: FormFieldTypeName.TEXT }],
};
const SAMPLE_FORMS = [
  TEST_FORM,
  sampleForm(0x406, { ...draft, name: "Unfinished data form" }),
  sampleForm(0x407, {
    ...draft,
    name: "Unfinished preference form",
    kind: FormKind.INVESTOR_PREFERENCE,
    enforcementType: EnforcementType.OPTIONAL,
  }),
];

/** The reference's implementation, and one of each standing of the generated tenants' forms. */
function sampleImplementations(at: number): Partial<FormImplementation>[] {
  const profile = ({ guid, ...user }: Partial<User>, pages: 1 | 2) => {
    const chance = new Chance(
      1,
      0,
      PEOPLE.findIndex((one) => one.guid === guid),
    );
    return { ...personAnswers(chance, user), ...(pages === 2 && meansAnswers(chance)) };
  };
  const given = (
    number: number,
    form: SampleForm,
    { guid }: Partial<User>,
    rest: Pick<Parameters<typeof implementationRow>[1], "answers" | "completedAt">,
  ) =>
    implementationRow(form, {
      uuid: sampleId(number),
      userId: guid!,
      assignments: assignedTo(guid!, sampleId(number + 0x10)),
      createdAt: ACCEPTED,
      ...rest,
    });
  const [, lena, john, anna, łukasz, øyvind] = PEOPLE as [User, User, User, User, User, User];
  const lately = new Date(at - 30 * DAY).toISOString();
  return [
    implementationRow(TEST_FORM, {
      uuid: "b4fb32a2-4f88-42bc-af0a-4d2fa67ae818",
      userId: JOHN,
      createdAt: "2024-10-09T14:03:05.000Z",
      assignments: [
        ...assignedTo(JOHN, "775922a0-cff8-11ee-8f8c-35cdaa30f76b"),
        { uuid: "5bb470e9-9f31-48db-9dab-db79af1c3664", type: AssignmentType.DEAL, assigneeId: DEAL },
      ],
    }),
    given(0x421, INVESTOR_PROFILE, john, { answers: profile(john, 2), completedAt: ONBOARDED }),
    given(0x422, INVESTOR_PROFILE, lena, { answers: profile(lena, 2), completedAt: ONBOARDED }),
    given(0x423, INVESTOR_PROFILE, anna, { answers: profile(anna, 1) }),
    given(0x424, INVESTOR_PROFILE, łukasz, { answers: profile(łukasz, 2) }),
    given(0x425, WEALTH_DECLARATION, øyvind, { answers: { declaration: true }, completedAt: lately }),
    given(0x426, SECTOR_PREFERENCES, john, {
      answers: { sectors: ["HEALTH", "ENERGY"], leastTicket: 25_000 },
      completedAt: ONBOARDED,
    }),
  ];
}

/** The reference's sample users, groups led by Lena and by nobody, over the roles and flags of a generated tenant. */
function sampleTables(tenant: GeneratedTenant, at: number): TableRows[] {
  const members = PEOPLE.slice(1);
  const [dora, ivan] = guests(at) as [Partial<User>, Partial<User>];
  const users = [...PEOPLE, dora, ivan];
  const member = tenant.roleId("Member");
  const founded = { createdAt: JOINED, updatedAt: JOINED, version: 1, defaultRoleId: member };
  const groups: Partial<UserGroup>[] = [
    {
      guid: GROUP,
      name: "Lead Family Office",
      description: "The group of Lena Lead.",
      kind: UserGroupKind.STANDARD,
      leadUserId: LENA,
      memberCount: members.length,
      ...founded,
    },
    {
      guid: SHELL,
      name: "Draft Family Office",
      description: "Waits for its people.",
      kind: UserGroupKind.SHELL,
      leadUserId: null,
      memberCount: 0,
      ...founded,
    },
    {
      guid: FORMER,
      name: "Former Family Office",
      description: "Everybody has left.",
      kind: UserGroupKind.STANDARD,
      leadUserId: null,
      memberCount: 0,
      ...founded,
    },
  ];
  const holding = { source: ClassificationSource.MANUAL, assignedAt: ACCEPTED, validUntil: null };
  const invitations = [
    ...PEOPLE.map((user, index) => invitationOf(user, sampleId(0x200 + index))),
    // Asked for by another system, so that every administrator may approve it.
    invitationOf(dora, DORAS_INVITATION, { requestedBy: "crm", groupId: SHELL }),
    invitationOf(ivan, IVANS_INVITATION, {
      invitedByUserId: JANE,
      requestedBy: JANE,
      groupId: GROUP,
      roleId: member,
      message: "Lena told us to expect you.",
    }),
  ];
  const classificationId = tenant.classificationId("123");
  const implementations = sampleImplementations(at);
  return [
    rowsOf(User, users.length, (index) => [users[index]!]),
    rowsOf(UserRole, 1, () => [{ userId: JANE, roleId: tenant.roleId("Administrator") }]),
    rowsOf(UserGroup, groups.length, (index) => [groups[index]!]),
    rowsOf(GroupMember, members.length, (index) => [
      {
        groupId: GROUP,
        userId: members[index]!.guid!,
        roleId: tenant.roleId(index === 0 ? "Lead" : index % 4 === 3 ? "Viewer" : "Member"),
        isSignatory: index % 3 === 0,
        joinedAt: ACCEPTED,
      },
    ]),
    rowsOf(GroupFeatureFlag, 1, () => [
      { groupId: GROUP, flagId: tenant.flagId("secondary-market"), enabledAt: ACCEPTED },
    ]),
    rowsOf(Invitation, invitations.length, (index) => [invitations[index]!]),
    rowsOf(UserClassification, members.length, (index) => [
      { userId: members[index]!.guid!, classificationId, ...holding },
    ]),
    rowsOf(Form, SAMPLE_FORMS.length, (index) => [formRow(SAMPLE_FORMS[index]!, JOINED)]),
    rowsOf(FormRevision, SAMPLE_FORMS.length, (index) => [revisionRow(SAMPLE_FORMS[index]!, JOINED)]),
    rowsOf(FormImplementation, implementations.length, (index) => [implementations[index]!]),
    rowsOf(UserExport, 1, () => [exportOf(JANE, at)]),
  ];
}

/** Downloaded an hour ago: what is left of it is the row. */
function exportOf(userId: string, at: number): Partial<UserExport> {
  const minute = (number: number): string => new Date(at + (number - 60) * 60_000).toISOString();
  return {
    guid: sampleId(0x501),
    userId,
    choice: { type: UserType.INVESTOR },
    columns: USUAL_COLUMNS,
    format: UserExportFormat.CSV,
    byteOrderMark: false,
    storedStatus: UserExportStatus.COMPLETED,
    rowCount: 12,
    rowsWritten: 12,
    createdAt: minute(0),
    finishedAt: minute(1),
    expiresAt: minute(15),
  };
}

async function ensure(ownerUrl: string, name: string, users: number, groups: number): Promise<DemoTenant> {
  const at = Date.now();
  const tenant = new GeneratedTenant({ name, users, groups, seed: 1, at });
  await writeTenant(ownerUrl, { name, createdAt: JOINED, tables: [...tenant.tables(), ...sampleTables(tenant, at)] });
  return { tenantId: tenantIdOf(name), administrator: ADMINISTRATOR, lead: LEAD, investor: INVESTOR };
}

/** The tenant to look around in: made once, however many servers start at the same time. */
export const ensureDemoTenant = (ownerUrl: string): Promise<DemoTenant> => ensure(ownerUrl, DEMO_TENANT, 1_000, 60);

/** The REST reference's sample users and what is around them alone, for tests, in a tenant of that name. */
export const createSampleTenant = (ownerUrl: string, name: string): Promise<DemoTenant> => ensure(ownerUrl, name, 0, 0);
