import { harness } from "../harness/index.js";
import { fillDirectory, rowsOf, SORT_KEYS, sorted, USERS, type UsersPage, walk } from "./people.js";

const made = await harness();
const here = await made.tenant();
const { admin } = here;
await fillDirectory(here);
const rows = await rowsOf(made, here);

const DIRECTIONS = ["ASC", "DESC"] as const;
const SORTS = Object.keys(SORT_KEYS).flatMap((field) => DIRECTIONS.map((direction) => [field, direction] as const));

test("the sorts are those of the schema", async () => {
  const { __type } = await admin.ask(`{ __type(name: "UserOrderField") { enumValues { name } } }`);
  expect(Object.keys(SORT_KEYS).toSorted()).toEqual(
    __type.enumValues.map((one: { name: string }) => one.name).toSorted(),
  );
});

test("the users have ties and, where a value may be missing, nulls: the order is not easy", () => {
  for (const [field, keys] of Object.entries(SORT_KEYS)) {
    const texts = rows.map((row) => JSON.stringify(keys(row)));
    if (!["EMAIL", "USERNAME"].includes(field)) expect(new Set(texts).size).toBeLessThan(rows.length - 20);
    if (!["EMAIL", "STATUS"].includes(field)) expect(rows.some((row) => keys(row).includes(null))).toBe(true);
  }
});

describe.each(SORTS)("by %s %s", (field, direction) => {
  const orderBy = { field, direction };
  const ofType = rows.filter(({ type }) => type === "ENTREPRENEUR");

  test.each([
    [100, null, rows],
    [7, null, rows],
    [1, "ENTREPRENEUR", ofType],
  ])("pages of %i show each once in order, forward and backward", async (size, type, among) => {
    const expected = sorted(among, field, direction);
    expect(await walk(admin, { orderBy, type }, { size })).toEqual(expected);
    expect(await walk(admin, { orderBy, type }, { size, backward: true })).toEqual(expected.toReversed());
  });
});

test("by NAME ascending is the default, of each half and of the whole", async () => {
  const expected = sorted(rows).slice(0, 15);
  for (const orderBy of [undefined, null, {}, { field: "NAME" }, { direction: "ASC" }]) {
    const { users } = await admin.ask<{ users: UsersPage }>(USERS, { orderBy });
    expect(users.edges.map(({ node }) => node.guid)).toEqual(expected);
  }
});

test("a step forward from any row and a step back lead to the row again", async () => {
  const orderBy = { field: "LAST_LOGIN", direction: "DESC" };
  const all = await admin.ask<{ users: UsersPage }>(USERS, { orderBy, first: 40 });
  for (const [index, { cursor }] of all.users.edges.slice(0, -1).entries()) {
    const next = all.users.edges[index + 1]!;
    const forward = await admin.ask<{ users: UsersPage }>(USERS, { orderBy, first: 1, after: cursor });
    expect(forward.users.edges[0]!.node).toEqual(next.node);
    const back = await admin.ask<{ users: UsersPage }>(USERS, { orderBy, last: 1, before: next.cursor });
    expect(back.users.edges[0]!.node).toEqual(all.users.edges[index]!.node);
  }
});

test("an empty list has no cursors and no further page either way", async () => {
  for (const paging of [{ first: 5 }, { last: 5 }]) {
    const { users } = await admin.ask<{ users: UsersPage }>(USERS, { ...paging, filter: { status: [] } });
    expect(users).toEqual({
      totalCount: 0,
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  }
});

test.each(SORTS)(
  "by %s %s: whoever is not touched is seen once while others come, change and go",
  async (field, direction) => {
    for (const backward of [false, true]) {
      const there = await made.tenant();
      await fillDirectory(there, 40);
      const before = await rowsOf(made, there);
      const others = before.map(({ guid }) => guid).filter((guid) => guid !== there.admin.guid);
      const touched = new Set<string>();
      const change = async (): Promise<void> => {
        await there.user({
          surname: "Li",
          lastLogin: "2024-03-10T12:30:00.120Z",
          storedInviteStatus: "INVITED" as never,
        });
        const [moved, gone] = others.splice((touched.size * 7) % (others.length - 1), 2);
        touched.add(moved!).add(gone!);
        await made.database.sql(
          `UPDATE users SET sort_name = 'm', created_at = now(), last_login = NULL, status = 'DRAFT', invite_status = 'DRAFT',
           email_norm = 'n' || id, username_norm = 'e' || id, invite_date_invited = NULL, onboarding_date_completed = now() WHERE id = $1`,
          [moved],
        );
        for (const statement of [
          "UPDATE user_groups SET lead_user_id = NULL WHERE lead_user_id",
          "DELETE FROM group_members WHERE user_id",
          "DELETE FROM user_classifications WHERE user_id",
          "DELETE FROM users WHERE type <> 'INTERNAL' AND id",
        ]) {
          await made.database.sql(`${statement} = $1`, [gone]);
        }
      };
      const seen = await walk(there.admin, { orderBy: { field, direction } }, { size: 7, backward, between: change });
      expect(touched.size).toBeGreaterThan(8);
      const untouched = before.filter(({ guid }) => !touched.has(guid));
      const expected = sorted(untouched, field, direction);
      const known = new Set(expected);
      expect(seen.filter((guid) => known.has(guid))).toEqual(backward ? expected.toReversed() : expected);
    }
  },
);

test("a cursor of another list is refused with its argument: other sort, direction, filter, search, type or field", async () => {
  const base = {
    orderBy: { field: "STATUS", direction: "ASC" },
    filter: { tfaEnabled: true },
    search: "example",
    type: "INVESTOR",
  };
  const { users } = await admin.ask<{ users: UsersPage }>(USERS, { ...base, first: 2 });
  const cursor = users.pageInfo.endCursor!;
  expect((await admin.send(USERS, { ...base, first: 2, after: cursor })).errors).toBeUndefined();
  expect((await admin.send(USERS, { ...base, first: 50, after: cursor })).errors).toBeUndefined();
  const others = [
    { orderBy: { field: "EMAIL", direction: "ASC" } },
    { orderBy: { field: "STATUS", direction: "DESC" } },
    { orderBy: null },
    { filter: { tfaEnabled: false } },
    { filter: null },
    { search: "example.com" },
    { search: null },
    { type: "ENTREPRENEUR" },
    { type: null },
  ];
  for (const other of others) {
    for (const [size, argument] of [
      ["first", "after"],
      ["last", "before"],
    ] as const) {
      const { errors } = await admin.send(USERS, { ...base, ...other, [size]: 2, [argument]: cursor });
      expect(errors?.[0]?.extensions).toEqual({ code: "BAD_USER_INPUT", argument: [argument] });
    }
  }
  const { errors } = await admin.send("query ($after: String) { classifications(after: $after) { nodes { id } } }", {
    after: cursor,
  });
  expect(errors?.[0]?.extensions).toEqual({ code: "BAD_USER_INPUT", argument: ["after"] });
});

test("a text that is no cursor is refused, whatever is wrong with it", async () => {
  const { users } = await admin.ask<{ users: UsersPage }>(USERS, { first: 1 });
  const parts = JSON.parse(Buffer.from(users.pageInfo.endCursor!, "base64url").toString()) as unknown[];
  const forged = (index: number, value: unknown): string =>
    Buffer.from(JSON.stringify(parts.with(index, value))).toString("base64url");
  const broken = [
    "",
    "x",
    "W10",
    forged(0, "list"),
    forged(1, 7),
    forged(1, "0"),
    forged(1, -1),
    forged(2, null),
    forged(2, 1),
  ];
  broken.push(forged(2, "a\0b"), forged(3, "x"), forged(3, null), forged(4, "now"), forged(4, 1e20));
  for (const after of broken) {
    const { errors } = await admin.send(USERS, { after });
    expect([after, errors?.[0]?.extensions.code]).toEqual([after, "BAD_USER_INPUT"]);
  }
  const dates = await admin.ask<{ users: UsersPage }>(USERS, { orderBy: { field: "CREATED_AT" }, first: 1 });
  const cursor = JSON.parse(Buffer.from(dates.users.pageInfo.endCursor!, "base64url").toString()) as unknown[];
  for (const value of ["", "soon", "2024-99-01", "99999999-01-01"]) {
    const after = Buffer.from(JSON.stringify(cursor.with(2, value))).toString("base64url");
    const { errors } = await admin.send(USERS, { orderBy: { field: "CREATED_AT" }, after });
    expect([value, errors?.[0]?.extensions.code]).toEqual([value, "BAD_USER_INPUT"]);
  }
});

test("page sizes out of range and both directions at once are refused, never clamped", async () => {
  const refused: [object, string][] = [
    [{ first: 0 }, "first"],
    [{ first: -1 }, "first"],
    [{ first: 101 }, "first"],
    [{ last: 0 }, "last"],
    [{ last: 101 }, "last"],
    [{ first: 1, last: 1 }, "last"],
    [{ before: "x" }, "last"],
    [{ after: "x", last: 1 }, "last"],
    [{ first: 1, before: "x" }, "before"],
  ];
  for (const [paging, argument] of refused) {
    const { errors } = await admin.send(USERS, paging);
    expect([paging, errors?.[0]?.extensions]).toEqual([paging, { code: "BAD_USER_INPUT", argument: [argument] }]);
  }
});

test("totalCount is the exact length on every page, and is counted only when selected", async () => {
  const { users } = await admin.ask<{ users: UsersPage }>(USERS, { first: 3 });
  const later = await admin.ask<{ users: UsersPage }>(USERS, { first: 3, after: users.pageInfo.endCursor });
  expect([users.totalCount, later.users.totalCount]).toEqual([rows.length, rows.length]);
  const counted = await admin.send("{ users { totalCount nodes { guid } } }");
  const uncounted = await admin.send("{ users { nodes { guid } edges { cursor } pageInfo { hasNextPage } } }");
  const skipped = await admin.send("query ($no: Boolean!) { users { totalCount @include(if: $no) nodes { guid } } }", {
    no: false,
  });
  // The viewer, the page, and the count.
  expect([counted.statements, uncounted.statements, skipped.statements]).toEqual([3, 2, 2]);
});
