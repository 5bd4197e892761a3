import { toGlobalId } from "../../src/kit/index.js";
import { harness } from "../harness/index.js";
import { fillDirectory, type Row, rowsOf, sorted, USERS, walk } from "./people.js";

const made = await harness();
const here = await made.tenant();
const { admin } = here;
const { staff, classifications } = await fillDirectory(here);
const rows = await rowsOf(made, here);
const [looks, after] = staff.map(({ guid }) => guid);
const [first, second, unheld] = classifications.map(({ guid }) => guid);

type Case = [filter: Record<string, unknown>, matches: (row: Row) => boolean];

const onDays =
  (from: string | null, to: string | null) =>
  (instant: string | null): boolean =>
    instant !== null && (from === null || instant.slice(0, 10) >= from) && (to === null || instant.slice(0, 10) <= to);

const ranges = (name: string, read: (row: Row) => string | null): Case[] =>
  [
    ["2024-03-10", null],
    [null, "2024-03-10"],
    ["2024-03-10", "2024-03-10"],
    ["2024-03-10", "2024-03-11"],
  ].map(([from, to]) => [
    { ...(from && { [`${name}From`]: from }), ...(to && { [`${name}To`]: to }) },
    (row) => onDays(from ?? null, to ?? null)(read(row)),
  ]);

const CASES: Case[] = [
  [{ status: ["ACTIVE"] }, (row) => row.status === "ACTIVE"],
  [{ status: ["DRAFT", "REVOKED", "DRAFT"] }, (row) => ["DRAFT", "REVOKED"].includes(row.status)],
  [{ classifications: [first] }, (row) => row.holds.includes(first!)],
  [
    { classifications: [toGlobalId("Classification", first!), second] },
    (row) => row.holds.includes(first!) || row.holds.includes(second!),
  ],
  [{ inviteStatus: ["INVITED"] }, (row) => row.inviteStatus === "INVITED"],
  [{ inviteStatus: ["EXPIRED"] }, (row) => row.inviteStatus === "EXPIRED"],
  [{ inviteStatus: ["DRAFT"] }, (row) => row.inviteStatus === "DRAFT"],
  [
    { inviteStatus: ["COMPLETED", "EXPIRED", "REVOKED"] },
    (row) => ["COMPLETED", "EXPIRED", "REVOKED"].includes(row.inviteStatus!),
  ],
  [{ tfaEnabled: true }, (row) => row.tfa],
  [{ tfaEnabled: false }, (row) => !row.tfa],
  [{ isUserGroupLead: true }, (row) => row.leads],
  [{ isUserGroupLead: false }, (row) => !row.leads],
  [{ isUserGroupMember: true }, (row) => row.member],
  [{ isUserGroupMember: false }, (row) => !row.member],
  [{ hasCompletedOnboarding: true }, (row) => row.onboarded !== null],
  [{ hasCompletedOnboarding: false }, (row) => row.onboarded === null],
  [{ assignedInternalUserGuids: [looks] }, (row) => row.assigned === looks],
  [{ assignedInternalUserGuids: [after!.toUpperCase(), looks] }, (row) => row.assigned !== null],
  ...ranges("inviteDateInvited", (row) => row.invited),
  ...ranges("inviteDateExpires", (row) => row.expires),
  ...ranges("onboardingDateCompleted", (row) => row.onboarded),
];
const FILTERS = [...new Set(CASES.flatMap(([filter]) => Object.keys(filter)))];

const shown = async (filter: object | null, type: string | null = null): Promise<string[]> =>
  walk(admin, { filter, type });
const refusal = async (variables: object): Promise<unknown> => (await admin.send(USERS, variables)).errors?.[0];
const refusedAt = (...argument: (string | number)[]): unknown =>
  expect.objectContaining({ extensions: { code: "BAD_USER_INPUT", argument } });

test("the cases name every filter that the schema has", async () => {
  const { __type } = await admin.ask(`{ __type(name: "UserFilter") { inputFields { name } } }`);
  expect(FILTERS.toSorted()).toEqual(__type.inputFields.map(({ name }: { name: string }) => name).toSorted());
});

test.each(CASES)("%j leaves whom it should, in order and counted", async (filter, matches) => {
  const expected = rows.filter(matches);
  expect(expected.length).toBeGreaterThan(0);
  expect(expected.length).toBeLessThan(rows.length);
  expect(await shown(filter)).toEqual(sorted(expected));
});

test("any two filters together leave whom both leave", async () => {
  for (const [index, [filter, matches]] of CASES.entries()) {
    for (const [other, both] of CASES.slice(index + 1)) {
      if (Object.keys(other).some((name) => name in filter)) continue;
      const { users } = await admin.ask(USERS, { filter: { ...filter, ...other }, first: 1 });
      const expected = sorted(rows.filter((row) => matches(row) && both(row)));
      expect([{ ...filter, ...other }, users.totalCount, users.edges[0]?.node.guid]).toEqual([
        { ...filter, ...other },
        expected.length,
        expected[0],
      ]);
    }
  }
});

test.each(FILTERS)("%s: null is no condition", async (name) => {
  expect(await shown({ [name]: null })).toEqual(sorted(rows));
});

test.each(["status", "classifications", "inviteStatus", "assignedInternalUserGuids"])(
  "%s: an empty list matches nothing",
  async (name) => expect(await shown({ [name]: [] })).toEqual([]),
);

test("no filter, a null filter and an empty filter show everybody", async () => {
  for (const filter of [undefined, null, {}]) expect(await walk(admin, { filter })).toEqual(sorted(rows));
});

test.each(["INVESTOR", "ENTREPRENEUR", "INTERNAL"])("type %s alone, and with a filter", async (type) => {
  const ofType = rows.filter((row) => row.type === type);
  expect(await shown(null, type)).toEqual(sorted(ofType));
  expect(await shown({ tfaEnabled: true }, type)).toEqual(sorted(ofType.filter(({ tfa }) => tfa)));
});

test("classifications are for investors: refused with another type, right with INVESTOR and with none", async () => {
  const filter = { classifications: [first] };
  const holders = sorted(rows.filter(({ holds }) => holds.includes(first!)));
  expect(await shown(filter, "INVESTOR")).toEqual(holders);
  for (const type of ["ENTREPRENEUR", "INTERNAL"]) {
    expect(await refusal({ filter, type })).toEqual(refusedAt("filter", "classifications"));
    expect(await refusal({ filter: { classifications: [] }, type })).toEqual(refusedAt("filter", "classifications"));
  }
});

test("an expired classification does not count, one of the future does, one nobody holds finds nobody", async () => {
  const late = await here.classification();
  const holder = await here.user();
  await here.classify(holder, late, new Date(Date.now() + 3_600_000).toISOString());
  const lapsed = await here.user();
  await here.classify(lapsed, late, new Date(Date.now() - 1).toISOString());
  expect(await shown({ classifications: [late.guid] })).toEqual([holder.guid]);
  expect(await shown({ classifications: [unheld] })).toEqual([]);
  await made.database.sql("DELETE FROM user_classifications WHERE classification_id = $1", [late.guid]);
  await made.database.sql("DELETE FROM users WHERE id = ANY($1)", [[holder.guid, lapsed.guid]]);
});

test("an invitation is EXPIRED by its date alone, and then not INVITED", async () => {
  const expired = rows.filter(({ inviteStatus }) => inviteStatus === "EXPIRED").map(({ guid }) => guid);
  const stored = await made.database.sql("SELECT DISTINCT invite_status FROM users WHERE id = ANY($1)", [expired]);
  expect(stored).toEqual([{ invite_status: "INVITED" }]);
  expect(await shown({ inviteStatus: ["INVITED"] })).not.toEqual(expect.arrayContaining(expired.slice(0, 1)));
});

test.each(["inviteDateInvited", "inviteDateExpires", "onboardingDateCompleted"])(
  "%s: a range that ends before it begins is refused, one day is a range",
  async (name) => {
    const range = (from: string, to: string): object => ({ filter: { [`${name}From`]: from, [`${name}To`]: to } });
    expect(await refusal(range("2024-03-11", "2024-03-10"))).toEqual(refusedAt("filter", `${name}From`));
    expect(await refusal(range("2024-03-10", "2024-03-10"))).toBeUndefined();
    expect(await refusal(range("0001-01-01", "9999-12-31"))).toBeUndefined();
    for (const malformed of ["2024-02-30", "2024-3-1", "0000-01-01", "2024-03-10T00:00:00Z", ""]) {
      expect(await refusal({ filter: { [`${name}From`]: malformed } })).toEqual(refusedAt("filter", `${name}From`));
    }
  },
);

test("malformed values are refused with their path", async () => {
  expect(await refusal({ filter: { status: ["active"] } })).toEqual(refusedAt("filter", "status", 0));
  expect(await refusal({ filter: { inviteStatus: "NO" } })).toEqual(refusedAt("filter", "inviteStatus"));
  expect(await refusal({ filter: { assignedInternalUserGuids: [looks, "x"] } })).toEqual(
    refusedAt("filter", "assignedInternalUserGuids", 1),
  );
  for (const id of ["x", admin.id, ""]) {
    expect(await refusal({ filter: { classifications: [first, id] } })).toEqual(
      refusedAt("filter", "classifications", 1),
    );
  }
});

test("a list of a filter holds 100 values at most", async () => {
  const guids = (count: number): object => ({
    filter: { assignedInternalUserGuids: Array.from({ length: count }, () => looks) },
  });
  expect(await refusal(guids(100))).toBeUndefined();
  expect(await refusal(guids(101))).toEqual(refusedAt("filter", "assignedInternalUserGuids"));
});
