import { UserRole } from "../access/index.js";
import { Invitation } from "../invitations/index.js";
import { GroupMember, UserGroup, UserGroupKind } from "../user-groups/index.js";
import { ClassificationSource, UserClassification } from "../users/index.js";
import { InviteStatus, User, UserStatus, UserType } from "../users/index.js";
import { GeneratedTenant } from "./generator.js";
import { rowsOf, type TableRows, tenantIdOf, writeTenant } from "./write-tenant.js";

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
const ownGuid = (number: number): string => `1e4a1ead-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
const LENA = ownGuid(1);
const GROUP = ownGuid(2);
const FAMILY =
  "Anna Müller, Łukasz Żółkowski, Øyvind Ødegård, Íñigo Ñuñez, Юрий О'Нил, 小明 王, Chloë Brontë, Søren Åström, İpek Şahin, Hélène Lefèvre".split(
    ", ",
  );

const JOINED = "2024-01-15T10:30:00.000Z";
const ACCEPTED = "2024-01-15T11:00:00.000Z";
const ONBOARDED = "2024-01-20T09:15:00.000Z";

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
      ownGuid(0x100 + index),
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

/** The reference's sample users and a group led by Lena, over the roles and classifications of a generated tenant. */
function sampleTables(tenant: GeneratedTenant): TableRows[] {
  const members = PEOPLE.slice(1);
  const group = { guid: GROUP, name: "Lead Family Office", description: "The group of Lena Lead.", leadUserId: LENA };
  const founded = { kind: UserGroupKind.STANDARD, createdAt: JOINED, updatedAt: JOINED, version: 1 };
  const invitation = { status: InviteStatus.COMPLETED, dateInvited: JOINED, dateExpires: null, dateModified: ACCEPTED };
  const holding = { source: ClassificationSource.MANUAL, assignedAt: ACCEPTED, validUntil: null };
  const classificationId = tenant.classificationId("123");
  return [
    rowsOf(User, PEOPLE.length, (index) => [PEOPLE[index]!]),
    rowsOf(UserRole, 1, () => [{ userId: JANE, roleId: tenant.roleId("Administrator") }]),
    rowsOf(UserGroup, 1, () => [{ ...group, ...founded }]),
    rowsOf(GroupMember, members.length, (index) => [
      {
        groupId: GROUP,
        userId: members[index]!.guid!,
        roleId: tenant.roleId(index === 0 ? "Lead" : index % 4 === 3 ? "Viewer" : "Member"),
        isSignatory: index % 3 === 0,
        joinedAt: ACCEPTED,
      },
    ]),
    rowsOf(Invitation, PEOPLE.length, (index) => [
      { guid: ownGuid(0x200 + index), userId: PEOPLE[index]!.guid!, ...invitation },
    ]),
    rowsOf(UserClassification, members.length, (index) => [
      { userId: members[index]!.guid!, classificationId, ...holding },
    ]),
  ];
}

async function ensure(ownerUrl: string, name: string, users: number, groups: number): Promise<DemoTenant> {
  const tenant = new GeneratedTenant({ name, users, groups, seed: 1, at: Date.now() });
  await writeTenant(ownerUrl, { name, createdAt: JOINED, tables: [...tenant.tables(), ...sampleTables(tenant)] });
  return { tenantId: tenantIdOf(name), administrator: ADMINISTRATOR, lead: LEAD, investor: INVESTOR };
}

/** The tenant to look around in: made once, however many servers start at the same time. */
export const ensureDemoTenant = (ownerUrl: string): Promise<DemoTenant> => ensure(ownerUrl, DEMO_TENANT, 1_000, 60);

/** The REST reference's sample users and a group of twelve alone, for tests, in a tenant of that name. */
export const createSampleTenant = (ownerUrl: string, name: string): Promise<DemoTenant> => ensure(ownerUrl, name, 0, 0);
