import { toGlobalId } from "../../src/kit/index.js";
import type { User } from "../../src/users/index.js";
import { harness } from "../harness/index.js";
import { fillDirectory, rowsOf, sorted, USERS, type UsersPage, walk } from "./people.js";

const made = await harness();
const { tenant } = made;
const here = await tenant();
const { admin } = here;

const PEOPLE = {
  john: { title: "Mr", forename: "John", surname: "Smith", contactEmail: "j.smith@example.com", username: "JSmith_1" },
  zoe: { title: "Ms", forename: "Zoë", surname: "Müller-Lüdenscheidt", contactEmail: "zoe@müller.example" },
  nguyen: { forename: "Ánh", surname: "Nguyễn", contactEmail: "anh@example.org" },
  istanbul: { forename: "İpek", surname: "Çelik", contactEmail: "ipek@example.org" },
  anna: { forename: "Анна", surname: "Королёва", contactEmail: "anna@example.org" },
  vasilis: { forename: "Βασίλης", surname: "Παπαδόπουλος", contactEmail: "vasilis@example.org" },
  taro: { forename: "太郎", surname: "山田", contactEmail: "taro@example.org" },
  muhammad: { forename: "محمد", surname: "علي", contactEmail: "muhammad@example.org" },
  emoji: { surname: "Firm 😀 & Sons", contactEmail: "firm@example.org" },
  wide: { surname: "ＦＵＬＬ ﬁrm Ⅳ", contactEmail: "wide@example.org" },
  percent: { surname: "100% Fund", contactEmail: "percent@example.org" },
  hundred: { surname: "1000 Fund", contactEmail: "hundred@example.org" },
  underscore: { surname: "a_b", contactEmail: "underscore@example.org" },
  letter: { surname: "axb", contactEmail: "letter@example.org" },
  backslash: { surname: "c\\d", contactEmail: "backslash@example.org" },
  quote: { surname: `O'Brien "x" ; DROP TABLE users --`, contactEmail: "quote@example.org" },
  empty: { contactEmail: "nobody@example.org", forename: null, surname: null },
} satisfies Record<string, Partial<User>>;
type Name = keyof typeof PEOPLE;

const nameOf = new Map<string, string>([[admin.guid, "admin"]]);
const guids = {} as Record<Name, string>;
for (const [name, values] of Object.entries(PEOPLE)) {
  const { guid } = await here.user({ forename: null, ...values });
  nameOf.set(guid, name);
  guids[name as Name] = guid;
}
const found = async (search: string): Promise<string[]> =>
  (await walk(admin, { search })).map((guid) => nameOf.get(guid)!).toSorted();

const CASES: [what: string, search: string, ...names: Name[]][] = [
  ["part of a surname", "mit", "john"],
  ["the printed name as it is printed", "Mr John Smith", "john"],
  ["the title", "mr j", "john"],
  ["forename and surname", "john smith", "john"],
  ["the middle of a printed name", "hn sm", "john"],
  ["an e-mail address", "j.smith@example.com", "john"],
  ["part of an e-mail address in capitals", "SMITH@EXAMPLE.C", "john"],
  ["a username, without regard to case", "jsmith_1", "john"],
  ["case either way", "SMITH", "john"],
  ["without accents what has some", "muller-ludenscheidt", "zoe"],
  ["with accents what has them, in another case", "MÜLLER", "zoe"],
  ["with accents what has none", "jöhn", "john"],
  ["accents in decomposed form", "Zoe\u0308", "zoe"],
  ["several accents on a letter", "nguyen", "nguyen"],
  ["a dotted capital I", "ipek", "istanbul"],
  ["Cyrillic, with е for ё", "КОРОЛЕВА", "anna"],
  ["Greek without tonos", "ΠΑΠΑΔΟΠ", "vasilis"],
  ["two ideographs", "山田", "taro"],
  ["one ideograph", "郎", "taro"],
  ["Arabic", "محمد", "muhammad"],
  ["an emoji", "😀", "emoji"],
  ["compatibility forms as plain letters", "full firm iv", "wide"],
  ["spaces around and doubled", "  john \t smith ", "john"],
  ["% as itself", "%", "percent"],
  ["% within", "0% f", "percent"],
  ["_ as itself", "a_b", "underscore"],
  ["\\ as itself", "c\\d", "backslash"],
  ["\\ alone", "\\", "backslash"],
  ["quotes", `o'brien "x"`, "quote"],
  ["what looks like SQL", "; drop table users --", "quote"],
  ["a pattern of another language", ".*"],
  ["what nobody has", "qqqqqq"],
  ["never across name and e-mail", "smith j.smith"],
];

test.each(CASES)("finds %s: %j", async (_what, search, ...names) => {
  expect(await found(search)).toEqual(names.toSorted());
});

test.each([null, "", " ", "\t\n\u00a0 "])("%j is no search", async (search) => {
  const { users } = await admin.ask<{ users: UsersPage }>(USERS, { search, first: 100 });
  expect(users.totalCount).toBe(nameOf.size);
});

test("a whole guid finds its user, in any case and with spaces around; part of one does not", async () => {
  expect(await found(guids.zoe)).toEqual(["zoe"]);
  expect(await found(`  ${guids.zoe.toUpperCase()}\n`)).toEqual(["zoe"]);
  expect(await found(guids.zoe.slice(0, -1))).toEqual([]);
  expect(await found("00000000-0000-0000-0000-000000000000")).toEqual([]);
  expect(await found(toGlobalId("User", guids.zoe))).toEqual([]);
});

test("a guid that stands in somebody's username or e-mail address is found there too", async () => {
  const there = await tenant();
  const one = await there.user();
  const two = await there.user({ username: `imported-${one.guid}` });
  const three = await there.user({ contactEmail: `${one.guid}@example.org` });
  const expected = [one, two, three].map(({ guid }) => guid).toSorted();
  expect((await walk(there.admin, { search: one.guid })).toSorted()).toEqual(expected);
});

test("another tenant's guid finds nobody", async () => {
  expect(await found((await tenant()).admin.guid)).toEqual([]);
});

test("a search has 200 characters at most, counted as people count", async () => {
  const send = (search: string): ReturnType<typeof admin.send> => admin.send(USERS, { search });
  for (const letter of ["a", "é", "😀", "ﷺ"]) {
    expect([letter, (await send(letter.repeat(200))).errors]).toEqual([letter, undefined]);
    expect([letter, (await send(letter.repeat(201))).errors?.[0]?.extensions]).toEqual([
      letter,
      { code: "BAD_USER_INPUT", argument: ["search"] },
    ]);
  }
  expect((await send("a".repeat(10_000))).errors?.[0]?.extensions.code).toBe("BAD_USER_INPUT");
});

test.each(["a\0b", "\ud800", "x\udc00y"])("%j cannot stand in a text and is refused", async (search) => {
  const { errors } = await admin.send(USERS, { search });
  expect(errors?.[0]?.extensions).toEqual({ code: "BAD_USER_INPUT", argument: ["search"] });
});

test("what was changed is found as it is now, and no longer as it was", async () => {
  const there = await tenant();
  const user = await there.user({ surname: "Before" });
  const rename = "mutation ($input: UpdateUserInput!) { updateUser(input: $input) { errors { code } } }";
  const input = { userId: user.id, surname: "Après", title: "Dame", username: "new.name" };
  expect((await there.admin.ask(rename, { input })).updateUser.errors).toEqual([]);
  for (const search of ["apres", "dame ida", "NEW.NAME"])
    expect(await walk(there.admin, { search })).toEqual([user.guid]);
  expect(await walk(there.admin, { search: "before" })).toEqual([]);
});

test("search, type, filter, order and paging work together", async () => {
  const there = await tenant();
  await fillDirectory(there);
  const rows = await rowsOf(made, there);
  const matches = rows.filter(
    ({ type, tfa, status, forename, surname }) =>
      type === "INVESTOR" &&
      !tfa &&
      status !== "REVOKED" &&
      /muller|zo[eë]/i.test(`${forename} ${surname}`.normalize("NFD").replace(/[\u0300-\u036f]/g, "")),
  );
  expect(matches.length).toBeGreaterThan(8);
  const variables = {
    type: "INVESTOR",
    search: "MÜLLER",
    filter: { tfaEnabled: false, status: ["DRAFT", "INVITED", "ACTIVE", "SUSPENDED"] },
    orderBy: { field: "LAST_LOGIN", direction: "DESC" },
  };
  const expected = sorted(matches, "LAST_LOGIN", "DESC");
  expect(await walk(there.admin, variables, { size: 3 })).toEqual(expected);
  expect(await walk(there.admin, variables, { size: 3, backward: true })).toEqual(expected.toReversed());
});
