import { Role, UserRole } from "../access/index.js";
import { Form, FormImplementation, FormRevision } from "../forms/index.js";
import { FormClassification } from "../investor-preference-forms/index.js";
import { Invitation } from "../invitations/index.js";
import { STARTING_ROLES, type StartingRole } from "../starting-roles.js";
import { FeatureFlag, GroupFeatureFlag, GroupMember, UserGroup, UserGroupKind } from "../user-groups/index.js";
import { Classification, ClassificationSource, UserClassification } from "../users/index.js";
import { InviteStatus, User, UserStatus, UserType } from "../users/index.js";
import { Chance, type Shares } from "./chance.js";
import { FORMS, INVESTOR_PROFILE, meansAnswers, personAnswers, WEALTH_DECLARATION } from "./forms.js";
import { emailAddress, firmName, houseName, personName } from "./people.js";
import { assignedTo, formRow, implementationRow, revisionRow } from "./sample-form.js";
import { rowsOf, type TableRows, tenantIdOf } from "./write-tenant.js";

export interface TenantPlan {
  name: string;
  users: number;
  groups: number;
  seed: number;
  /** All dates are told from this instant, in milliseconds. */
  at: number;
}

/** The first generated user, who is an administrator. */
export const ADMINISTRATOR_EMAIL = "administrator@example.com";

/** Each kind of row draws from a source of its own: a number more for one changes no other. */
enum Stream {
  ACCOUNT,
  USER_ID,
  USER_ROLES,
  GROUP,
  GROUP_ID,
  MEMBER,
  CLASSIFICATION_ID,
  HOLDING,
  ROLE_ID,
  FLAG_ID,
  GROUP_FLAGS,
  INVITATION,
  IMPLEMENTATION,
}

const DAY = 86_400_000;
const WEEK = 7 * DAY;
const YEARS = 6 * 365 * DAY;

const FIRST_REFERENCE = 123;
/** Of a High Net Worth Individual. */
const WEALTHY = "123";
const CLASSIFICATIONS =
  "High Net Worth Individual, Sophisticated Investor, Self-certified Sophisticated Investor, Investment Professional, Professional Client, Retail Client, Eligible Counterparty, Restricted Investor, Advised Investor, Accredited Investor, Qualified Purchaser, Überprüfter Anleger".split(
    ", ",
  );

const FLAGS = [
  { key: "secondary-market", description: "Members buy and sell holdings among each other." },
  { key: "co-investment", description: "Members invest beside the lead, on the same terms." },
  { key: "auto-invest", description: "Orders follow a standing instruction." },
  { key: "tax-reports", description: "Yearly statements for the tax office." },
  { key: "early-access", description: "New deals a day before everybody else." },
] as const;
type FlagKey = (typeof FLAGS)[number]["key"];

const MESSAGES = [
  "Welcome to the group.",
  "As discussed on the phone: here is your access.",
  "Bitte bestätigen Sie Ihr Konto bis Ende der Woche.",
];

const STATUSES: Shares<UserStatus> = [
  [86, UserStatus.ACTIVE],
  [6, UserStatus.INVITED],
  [2, UserStatus.DRAFT],
  [3, UserStatus.SUSPENDED],
  [3, UserStatus.REVOKED],
];
const GROUP_SIZES: Shares<(chance: Chance) => number> = [
  [3, () => 0],
  [91.6, (chance) => 1 + Math.floor(10 * chance.next() ** 1.5)],
  [5, (chance) => chance.between(11, 40)],
  [0.4, (chance) => chance.between(100, 500)],
];

/** An invitation's part that the user's own row shows, too. */
type Invited = Pick<Invitation, "guid" | "userId" | "storedStatus" | "dateInvited" | "dateExpires" | "dateModified">;

/** What the other tables need to know of a user. */
interface Account {
  guid: string;
  type: UserType;
  status: UserStatus;
  began: number;
  /** When an earlier system's accounts were loaded, for one that came from there. */
  loaded: number | null;
  /** Oldest first; who was loaded may have none. */
  invitations: Invited[];
  /** Where the draws for the rest of the row go on. */
  chance: Chance;
}

const instant = (milliseconds: number): string => new Date(milliseconds).toISOString();

/**
 * A tenant that follows from its name, the seed and `at`: the same three give the same rows. Nothing is kept between
 * rows, so a million users take no more memory than a hundred.
 */
export class GeneratedTenant {
  private readonly words: number;
  private readonly internals: number;
  private readonly clients: number;
  private readonly leadStep: number;
  private readonly leadStepBack: number;
  private readonly memberStep: number;
  /** When invitations went out that nobody answered: half of them are still alive. */
  private readonly sent: Shares<[from: number, to: number]>;

  constructor(private readonly plan: TenantPlan) {
    // Ids are told apart between tenants, as they are on the platform.
    this.words = Number.parseInt(tenantIdOf(plan.name).slice(0, 8), 16) ^ plan.seed;
    this.internals = Math.min(plan.users, Math.max(20, Math.round(plan.users * 0.002)));
    this.clients = plan.users - this.internals;
    const { at } = plan;
    this.sent = [
      [1, [at - WEEK + 1, at]],
      [1, [at - YEARS, at - 8 * DAY]],
    ];
    [this.leadStep, this.memberStep] = [0.618, 0.2137].map((share) =>
      coprime(this.clients, Math.ceil(this.clients * share)),
    ) as [number, number];
    this.leadStepBack = inverse(this.leadStep, this.clients);
  }

  /** Every table, in the order of their foreign keys. */
  tables(): TableRows[] {
    const { users, groups, at } = this.plan;
    const createdAt = instant(at - YEARS);
    return [
      rowsOf(Role, STARTING_ROLES.length, (index) => [
        { guid: this.id(Stream.ROLE_ID, index), ...STARTING_ROLES[index]! },
      ]),
      rowsOf(Classification, CLASSIFICATIONS.length, (index) => [
        {
          guid: this.id(Stream.CLASSIFICATION_ID, index),
          reference: String(FIRST_REFERENCE + index),
          name: CLASSIFICATIONS[index]!,
          createdAt,
        },
      ]),
      rowsOf(FeatureFlag, FLAGS.length, (index) => [{ guid: this.id(Stream.FLAG_ID, index), ...FLAGS[index]! }]),
      rowsOf(User, users, (index) => [this.user(index)]),
      rowsOf(UserRole, this.internals, (index) => this.userRoles(index)),
      rowsOf(UserGroup, groups, (index) => [this.group(index).row]),
      rowsOf(GroupMember, groups, (index) => this.members(index)),
      rowsOf(GroupFeatureFlag, groups, (index) => this.groupFlags(index)),
      rowsOf(Invitation, users, (index) => this.invitations(index)),
      rowsOf(UserClassification, users, (index) => this.holdings(index)),
      rowsOf(Form, FORMS.length, (index) => [formRow(FORMS[index]!, createdAt)]),
      rowsOf(FormRevision, FORMS.length, (index) => [revisionRow(FORMS[index]!, createdAt)]),
      rowsOf(FormClassification, 1, () => [
        { formId: WEALTH_DECLARATION.form.uuid, classificationId: this.classificationId(WEALTHY) },
      ]),
      rowsOf(FormImplementation, users, (index) => this.implementations(index)),
    ];
  }

  roleId(name: StartingRole): string {
    const index = STARTING_ROLES.findIndex((role) => role.name === name);
    return this.id(Stream.ROLE_ID, index);
  }

  classificationId(reference: string): string {
    return this.id(Stream.CLASSIFICATION_ID, Number(reference) - FIRST_REFERENCE);
  }

  flagId(key: FlagKey): string {
    const index = FLAGS.findIndex((flag) => flag.key === key);
    return this.id(Stream.FLAG_ID, index);
  }

  private chance(stream: Stream, index: number): Chance {
    return new Chance(this.words, stream, index);
  }

  private id(stream: Stream, index: number): string {
    return this.chance(stream, index).uuid();
  }

  private account(index: number): Account {
    const { at } = this.plan;
    const chance = this.chance(Stream.ACCOUNT, index);
    const guid = this.id(Stream.USER_ID, index);
    const internal = index < this.internals;
    const type = internal ? UserType.INTERNAL : chance.happens(0.882) ? UserType.INVESTOR : UserType.ENTREPRENEUR;
    const status = index === 0 ? UserStatus.ACTIVE : chance.of(STATUSES);
    // One of twenty loads: thousands of accounts share their instants.
    const loaded = chance.happens(0.12) ? at - YEARS + chance.between(0, 19) * 90 * DAY : null;
    const account = { guid, type, status, loaded, chance };
    const neverInvited = loaded !== null && (status === UserStatus.ACTIVE || status === UserStatus.SUSPENDED);
    if (neverInvited) return { ...account, began: loaded, invitations: [] };

    const [earliest, latest] = status === UserStatus.INVITED ? chance.of(this.sent) : [at - YEARS, at];
    const invited = chance.between(Math.max(earliest, loaded ?? 0), latest);
    const again = chance.happens(0.08);
    const began = loaded ?? (again ? chance.between(at - YEARS, invited) : invited);
    const last = { guid: chance.uuid(), userId: guid, ...invitationOf(chance, status, invited, at) };
    if (!again) return { ...account, began, invitations: [last] };
    const first = {
      guid: chance.uuid(),
      userId: guid,
      storedStatus: InviteStatus.REVOKED,
      dateInvited: instant(began),
      dateExpires: instant(began + WEEK),
      dateModified: instant(chance.between(began, Math.min(began + WEEK, invited))),
    };
    return { ...account, began, invitations: [first, last] };
  }

  private user(index: number): Partial<User> {
    const { at } = this.plan;
    const { guid, type, status, began, loaded, invitations, chance } = this.account(index);
    const invitation = invitations.at(-1);
    const internal = type === UserType.INTERNAL;
    const joined = !invitation || invitation.storedStatus === InviteStatus.COMPLETED;
    const since = invitation ? Date.parse(invitation.dateModified) : began;
    const firm = !internal && chance.happens(0.07);
    const name = firm ? firmName(chance) : personName(chance, internal ? 0 : joined ? 0.01 : 0.15);
    const tag = index.toString(36);
    const contactEmail = index === 0 ? ADMINISTRATOR_EMAIL : emailAddress(chance, name, tag);
    const username = chance.of([
      [55, contactEmail],
      [15, `${name.forename ?? "user"}.${tag}`],
      [30, null],
    ]);
    // Mostly recent; some are known only by the quarter of a year.
    const login = chance.between(Math.max(since, at - YEARS * chance.next() ** 4), at);
    const lastLogin = chance.happens(0.05) ? Math.max(since, login - (login % (90 * DAY))) : login;
    const onboarded = loaded ?? chance.between(since, Math.min(since + 30 * DAY, at));
    const assigned = !internal && chance.happens(0.7) ? Math.floor(this.internals * chance.next() ** 2) : null;
    return {
      guid,
      type,
      status,
      ...name,
      username,
      contactEmail,
      tfaEnabled: joined && chance.happens(0.55),
      createdAt: chance.happens(0.02) ? null : instant(began),
      updatedAt: instant(chance.between(since, at)),
      lastLogin: joined && chance.happens(0.93) ? instant(lastLogin) : null,
      onboardingDateCompleted: joined && chance.happens(0.8) ? instant(onboarded) : null,
      assignedInternalUserId: assigned === null ? null : this.id(Stream.USER_ID, assigned),
      storedInviteStatus: invitation?.storedStatus ?? null,
      inviteDateInvited: invitation?.dateInvited ?? null,
      inviteDateExpires: invitation?.dateExpires ?? null,
      inviteDateModified: invitation?.dateModified ?? null,
      version: 1,
    };
  }

  private userRoles(index: number): Partial<UserRole>[] {
    const other = this.chance(Stream.USER_ROLES, index).of<StartingRole[]>([
      [80, ["Relationship manager"]],
      [5, ["Relationship manager", "Read only"]],
      [15, ["Read only"]],
    ]);
    const names = index % 10 === 0 ? ["Administrator" as const] : other;
    const userId = this.id(Stream.USER_ID, index);
    return names.map((name) => ({ userId, roleId: this.roleId(name) }));
  }

  /** What is told of a group before its people are known. */
  private foundation(index: number): { guid: string; size: number; began: number; chance: Chance } {
    const { at } = this.plan;
    const chance = this.chance(Stream.GROUP, index);
    const size = Math.min(this.clients, chance.of(GROUP_SIZES)(chance));
    const began = chance.between(at - YEARS, at);
    return { guid: this.id(Stream.GROUP_ID, index), size, began, chance };
  }

  private group(index: number): { row: Partial<UserGroup>; members: Account[]; began: number } {
    const { at } = this.plan;
    const { guid, size, began, chance } = this.foundation(index);
    const people = Array.from({ length: size }, (_, place) => this.account(this.member(index, place)));
    const members = people.filter(({ status }) => status !== UserStatus.DRAFT && status !== UserStatus.INVITED);
    const [first] = people;
    const row = {
      guid,
      name: `${houseName(chance)} ${index + 1}`,
      description: chance.happens(0.4) ? `Invests together since ${instant(began).slice(0, 4)}.` : null,
      kind: size > 0 ? UserGroupKind.STANDARD : UserGroupKind.SHELL,
      leadUserId: first?.status === UserStatus.ACTIVE ? first.guid : null,
      createdAt: instant(began),
      updatedAt: instant(chance.between(began, at)),
      version: 1,
      defaultRoleId: chance.happens(0.8) ? this.roleId("Member") : null,
      memberCount: members.length,
    };
    return { row, members, began };
  }

  private members(index: number): Partial<GroupMember>[] {
    const { row: group, members, began } = this.group(index);
    const chance = this.chance(Stream.MEMBER, index);
    return members.map((account) => {
      const leads = account.guid === group.leadUserId;
      return {
        groupId: group.guid!,
        userId: account.guid,
        roleId: this.roleId(leads ? "Lead" : chance.happens(0.8) ? "Member" : "Viewer"),
        isSignatory: account.status === UserStatus.ACTIVE && chance.happens(leads ? 0.8 : 0.25),
        joinedAt: instant(chance.between(Math.max(began, account.began), this.plan.at)),
      };
    });
  }

  /** Up to three flags, those at the head of the list more often. */
  private groupFlags(index: number): Partial<GroupFeatureFlag>[] {
    const { guid, began } = this.foundation(index);
    const chance = this.chance(Stream.GROUP_FLAGS, index);
    const count = chance.between(0, 3);
    const flags = new Set(Array.from({ length: count }, () => chance.pick(FLAGS, 1.5).key));
    return [...flags].map((key) => ({
      groupId: guid,
      flagId: this.flagId(key),
      enabledAt: instant(chance.between(began, this.plan.at)),
    }));
  }

  /** The first of a group came by invitation into it where the group was there by then. */
  private invitations(index: number): Partial<Invitation>[] {
    const chance = this.chance(Stream.INVITATION, index);
    const group = this.groupBegunBy(index);
    return this.account(index).invitations.map((invitation) => {
      const { storedStatus, dateInvited, dateModified } = invitation;
      const createdAt = dateInvited ?? dateModified;
      const inviter = Math.floor(this.internals * chance.next() ** 2);
      const invitedBy = inviter !== index && chance.happens(0.9) ? this.id(Stream.USER_ID, inviter) : null;
      const into =
        group && storedStatus !== InviteStatus.REVOKED && group.began <= Date.parse(createdAt) ? group.guid : null;
      const again = dateInvited !== null && storedStatus !== InviteStatus.INVITED && chance.happens(0.1);
      const sent = again ? instant(chance.between(Date.parse(dateInvited), Date.parse(dateModified))) : dateInvited;
      return {
        ...invitation,
        groupId: into,
        roleId: into && chance.happens(0.8) ? this.roleId("Member") : null,
        message: chance.happens(0.03) ? chance.pick(MESSAGES) : null,
        invitedByUserId: invitedBy,
        requestedBy: invitedBy,
        createdAt,
        lastSentAt: sent,
        sendCount: dateInvited === null ? 0 : again ? chance.between(2, 4) : 1,
      };
    });
  }

  /**
   * Who holds that place in a group: the clients in turn, in steps that share no divisor with their number. So the
   * members of a group differ, and so do the first ones of all groups, who lead them.
   */
  private member(group: number, place: number): number {
    return this.internals + ((group * this.leadStep + place * this.memberStep) % this.clients);
  }

  /** The group whose first place a client holds, if there is one. */
  private groupBegunBy(user: number): { guid: string; began: number } | null {
    if (user < this.internals) return null;
    const group = ((user - this.internals) * this.leadStepBack) % this.clients;
    const foundation = group < this.plan.groups ? this.foundation(group) : null;
    return foundation && foundation.size > 0 ? foundation : null;
  }

  /** Two classifications of every investor. */
  private holdings(index: number): Partial<UserClassification>[] {
    const { at } = this.plan;
    const { guid, type, began } = this.account(index);
    if (type !== UserType.INVESTOR) return [];
    const chance = this.chance(Stream.HOLDING, index);
    const one = Math.floor(CLASSIFICATIONS.length * chance.next() ** 2);
    const other = (one + chance.between(1, CLASSIFICATIONS.length - 1)) % CLASSIFICATIONS.length;
    return [one, other].map((classification) => {
      const assigned = chance.between(began, at);
      const validUntil = chance.of([
        [20, chance.between(assigned, at)],
        [55, at + chance.between(1, 3 * 365) * DAY],
        [25, null],
      ]);
      return {
        userId: guid,
        classificationId: this.id(Stream.CLASSIFICATION_ID, classification),
        source: chance.happens(0.7) ? ClassificationSource.MANUAL : ClassificationSource.AUTOMATIC,
        assignedAt: instant(assigned),
        validUntil: validUntil === null ? null : instant(validUntil),
      };
    });
  }

  /**
   * The investor profile of those who were onboarded, and of some who have stopped in its middle; the declaration of most
   * who are classified as wealthy.
   */
  private implementations(index: number): Partial<FormImplementation>[] {
    const { guid, type, status, createdAt, updatedAt, onboardingDateCompleted: onboarded, ...user } = this.user(index);
    if (type !== UserType.INVESTOR) return [];
    const chance = this.chance(Stream.IMPLEMENTATION, index);
    const given = () => ({ uuid: chance.uuid(), userId: guid!, assignments: assignedTo(guid!, chance.uuid()) });
    const person = personAnswers(chance, user);
    if (!onboarded) {
      if (status !== UserStatus.ACTIVE || chance.happens(0.5)) return [];
      return [implementationRow(INVESTOR_PROFILE, { ...given(), answers: person, createdAt: updatedAt! })];
    }
    const profile = implementationRow(INVESTOR_PROFILE, {
      ...given(),
      answers: { ...person, ...meansAnswers(chance) },
      createdAt: createdAt ?? onboarded,
      completedAt: onboarded,
    });
    const wealthy = this.holdings(index).find((held) => held.classificationId === this.classificationId(WEALTHY));
    if (!wealthy || chance.happens(0.3)) return [profile];
    const asked = Math.max(Date.parse(wealthy.assignedAt!), Date.parse(onboarded));
    const declaration = implementationRow(WEALTH_DECLARATION, {
      ...given(),
      answers: { declaration: true },
      createdAt: instant(asked),
      completedAt: instant(chance.between(asked, Math.min(asked + 30 * DAY, this.plan.at))),
    });
    return [profile, declaration];
  }
}

/** An invitation first sent at that instant, as it stands for a user of that status. */
function invitationOf(
  chance: Chance,
  status: UserStatus,
  invited: number,
  at: number,
): Omit<Invited, "guid" | "userId"> {
  const dateInvited = instant(invited);
  if (status === UserStatus.DRAFT) {
    return { storedStatus: InviteStatus.DRAFT, dateInvited: null, dateExpires: null, dateModified: dateInvited };
  }
  const expires = invited + (chance.happens(0.1) ? 30 * DAY : WEEK);
  const dateExpires = instant(expires);
  if (status === UserStatus.INVITED) {
    return { storedStatus: InviteStatus.INVITED, dateInvited, dateExpires, dateModified: dateInvited };
  }
  const dateModified = instant(chance.between(invited, Math.min(expires, at)));
  return status === UserStatus.REVOKED && chance.happens(0.6)
    ? { storedStatus: InviteStatus.REVOKED, dateInvited, dateExpires, dateModified }
    : { storedStatus: InviteStatus.COMPLETED, dateInvited, dateExpires: null, dateModified };
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** The smallest number from there on that shares no divisor with `n`. */
const coprime = (n: number, from: number): number => (divisor(n, from) === 1 ? from : coprime(n, from + 1));

/** What undoes a step among `n` places: step and inverse multiplied leave 1. */
const inverse = (step: number, n: number): number =>
  step === 1 ? 1 : (1 + n * (step - inverse(n % step, step))) / step;
