import type { Caller, Harness, Person, TestTenant } from "../harness/index.js";
import { InviteStatus, UserStatus, UserType, type User } from "../../src/users/index.js";

/** One user as the tables hold it, for the slow oracle: what a page should show is worked out from these in JavaScript. */
export interface Row {
  guid: string;
  type: string;
  status: string;
  username: string | null;
  title: string | null;
  forename: string | null;
  surname: string | null;
  email: string;
  tfa: boolean;
  created: string | null;
  lastLogin: string | null;
  onboarded: string | null;
  assigned: string | null;
  inviteStatus: string | null;
  invited: string | null;
  expires: string | null;
  leads: boolean;
  member: boolean;
  /** Guids of the classifications that count now. */
  holds: string[];
}

export async function rowsOf({ database }: Harness, { id }: TestTenant): Promise<Row[]> {
  const table = <T>(columns: string, name: string): Promise<T[]> =>
    database.sql(`SELECT ${columns} FROM ${name} WHERE tenant_id = $1`, [id]) as Promise<T[]>;
  const users = await table<Row>(
    `id AS guid, type, status, username, title, forename, surname, contact_email AS email, tfa_enabled AS tfa,
     created_at AS created, last_login AS "lastLogin", onboarding_date_completed AS onboarded,
     assigned_internal_user_id AS assigned, invite_status AS "inviteStatus", invite_date_invited AS invited,
     invite_date_expires AS expires`,
    "users",
  );
  const leads = await table<{ user: string }>(`lead_user_id AS "user"`, "user_groups");
  const members = await table<{ user: string }>(`user_id AS "user"`, "group_members");
  const held = await table<{ user: string; guid: string; until: string | null }>(
    `user_id AS "user", classification_id AS guid, valid_until AS until`,
    "user_classifications",
  );
  const now = new Date().toISOString();
  return users.map((user) => ({
    ...user,
    inviteStatus:
      user.inviteStatus === "INVITED" && user.expires !== null && user.expires <= now ? "EXPIRED" : user.inviteStatus,
    leads: leads.some((group) => group.user === user.guid),
    member: members.some((membership) => membership.user === user.guid),
    holds: held
      .filter((one) => one.user === user.guid && (one.until === null || one.until > now))
      .map((one) => one.guid),
  }));
}

const plain = (text: string | null): string | null =>
  text === null
    ? null
    : text
        .normalize("NFD")
        .replace(/[\u0300-\u036f]/g, "")
        .toLowerCase();

/** What each sort compares, first things first; null goes last in ascending order. */
export const SORT_KEYS: Record<string, (row: Row) => (string | null)[]> = {
  NAME: ({ surname, forename }) => [plain(surname), plain(forename)],
  USERNAME: ({ username }) => [username?.toLowerCase() ?? null],
  EMAIL: ({ email }) => [email.toLowerCase()],
  CREATED_AT: ({ created }) => [created],
  LAST_LOGIN: ({ lastLogin }) => [lastLogin],
  STATUS: ({ status }) => [status],
  INVITE_STATUS: ({ inviteStatus }) => [inviteStatus],
  INVITE_DATE_INVITED: ({ invited }) => [invited],
  ONBOARDING_DATE_COMPLETED: ({ onboarded }) => [onboarded],
};

export const sorted = (rows: Row[], field = "NAME", direction = "ASC"): string[] => {
  const keys = (row: Row): (string | null)[] => [...SORT_KEYS[field]!(row), row.guid];
  const ascending = rows.toSorted((a, b) => {
    const others = keys(b);
    for (const [index, key] of keys(a).entries()) {
      const other = others[index] ?? null;
      if (key === other) continue;
      if (key === null || other === null) return key === null ? 1 : -1;
      return Buffer.compare(Buffer.from(key), Buffer.from(other));
    }
    return 0;
  });
  return (direction === "ASC" ? ascending : ascending.toReversed()).map(({ guid }) => guid);
};

export const USERS = `query ($type: UserType, $filter: UserFilter, $search: String, $orderBy: UserOrder,
    $first: Int, $after: String, $last: Int, $before: String) {
  users(type: $type, filter: $filter, search: $search, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount
    edges { cursor node { guid } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

export interface UsersPage {
  totalCount: number;
  edges: { cursor: string; node: { guid: string } }[];
  pageInfo: Record<"hasNextPage" | "hasPreviousPage", boolean> & Record<"startCursor" | "endCursor", string | null>;
}

/** Every guid of the list in the order of the pages, each page checked as it comes; backward the last row comes first. */
export async function walk(
  caller: Caller,
  variables: object,
  { size = 100, backward = false, between }: { size?: number; backward?: boolean; between?: () => Promise<void> } = {},
): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | null = null;
  for (;;) {
    const paging: object = backward ? { last: size, before: cursor } : { first: size, after: cursor };
    const { users }: { users: UsersPage } = await caller.ask(USERS, { ...variables, ...paging });
    const { edges, pageInfo } = users;
    expect(pageInfo.startCursor).toBe(edges.at(0)?.cursor ?? null);
    expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null);
    expect(backward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage).toBe(cursor !== null);
    const guids = edges.map(({ node }) => node.guid);
    seen.push(...(backward ? guids.toReversed() : guids));
    if (!between)
      expect(users.totalCount - seen.length > 0).toBe(backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage);
    if (!(backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage)) return seen;
    expect(guids).toHaveLength(size);
    cursor = backward ? pageInfo.startCursor : pageInfo.endCursor;
    await between?.();
  }
}

const NAMES: [title: string | null, forename: string | null, surname: string | null][] = [
  ["Mr", "John", "Smith"],
  ["Ms", "Zoë", "Müller"],
  [null, "zoe", "muller"],
  ["Dr", "Ana", "MÜLLER"],
  [null, null, "Muller"],
  [null, "Wei", "Li"],
  [null, "An", "Lim"],
  [null, "Wei", "Li Ming"],
  [null, "Åsa", "Öberg"],
  [null, "Élodie", "d'Été"],
  [null, "Nguyễn", "Ánh"],
  [null, "Анна", "Королёва"],
  [null, "Βασίλης", "Παπαδόπουλος"],
  [null, "太郎", "山田"],
  [null, "محمد", "علي"],
  [null, "𝒜da", "😀"],
  ["Mrs", "Only", null],
  [null, null, null],
  ["Prof", null, null],
];

// Around the days 2024-03-10 and 2024-03-11 in UTC, to the millisecond.
export const INSTANTS = [
  "2024-03-09T23:59:59.999Z",
  "2024-03-10T00:00:00.000Z",
  "2024-03-10T12:30:00.120Z",
  "2024-03-10T23:59:59.999Z",
  "2024-03-11T00:00:00.000Z",
  "2024-03-11T23:59:59.999Z",
  "2024-03-12T00:00:00.000Z",
  null,
];

const turn = <T>(values: readonly T[], index: number): T => values[index % values.length]!;

export interface Directory {
  staff: Person[];
  classifications: { guid: string; id: string }[];
}

/** Some 150 users unlike each other: every state, accents, ties, nulls, both sides of now and of midnight. */
export async function fillDirectory(here: TestTenant, count = 150): Promise<Directory> {
  const day = 86_400_000;
  const [past, future] = [-day, 30 * day].map((offset) => new Date(Date.now() + offset).toISOString());
  const staff = [await here.internal([], { surname: "Looks" }), await here.internal([], { surname: "After" })];
  const invitations: Partial<User>[] = [
    { storedInviteStatus: null },
    { storedInviteStatus: InviteStatus.DRAFT },
    { storedInviteStatus: InviteStatus.INVITED, inviteDateExpires: past! },
    { storedInviteStatus: InviteStatus.INVITED, inviteDateExpires: future! },
    { storedInviteStatus: InviteStatus.INVITED },
    { storedInviteStatus: InviteStatus.COMPLETED },
    { storedInviteStatus: InviteStatus.REVOKED, inviteDateExpires: past! },
  ];
  const people: Person[] = [];
  for (let index = 0; index < count; index++) {
    const [title, forename, surname] = turn(NAMES, index);
    const type = turn([UserType.INVESTOR, UserType.INVESTOR, UserType.ENTREPRENEUR, UserType.INTERNAL], index);
    people.push(
      await here.user({
        title,
        forename,
        surname,
        type,
        status: turn(Object.values(UserStatus), index + 2),
        contactEmail: `${turn(["a", "Z", "é", "E", "m_"], index)}${index * 7919}@example.com`,
        username: turn([null, `User%${index}`, `élan\\${index}`, null, `ELAN_${index}`], index + 1),
        tfaEnabled: index % 3 === 0,
        createdAt: turn(INSTANTS, index * 3),
        lastLogin: turn(INSTANTS, index * 5 + 1),
        onboardingDateCompleted: turn(INSTANTS, index + Math.floor(index / 8)),
        assignedInternalUserId: turn([null, ...staff.map(({ guid }) => guid)], index),
        inviteDateInvited: turn(INSTANTS, index + Math.floor(index / 5)),
        inviteDateExpires: turn(INSTANTS, index * 3 + Math.floor(index / 7)),
        ...turn(invitations, index),
      }),
    );
  }
  for (let index = 0; index < 10; index++) {
    const members = people.slice(index * 5, index * 5 + 8);
    await here.group({ members, ...(index % 2 ? { lead: members[0]! } : {}) });
  }
  const classifications = [await here.classification(), await here.classification(), await here.classification()];
  for (const [index, person] of people.entries()) {
    if (index % 4 > 1) continue; // Only investors are classified.
    if (index % 3) await here.classify(person, classifications[0]!, turn([null, past!, future!], index));
    if (index % 5 === 0) await here.classify(person, classifications[1]!, turn([past!, null], index));
  }
  return { staff, classifications };
}
