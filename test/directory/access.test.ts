import { harness, type Caller } from "../harness/index.js";
import { USERS, walk } from "./people.js";

const { tenant, anonymous, database } = await harness();
const here = await tenant();
const { admin } = here;
const reader = await here.internal(["users.read"]);
const writer = await here.internal(["users.write", "groups.read"]);
const lead = await here.user({ forename: "Lea" });
const member = await here.user({ forename: "Mia" });
const both = await here.user({ forename: "Bo" });
const colleague = await here.user({ forename: "Cy" });
const stranger = await here.user({ forename: "Stan" });
await here.group({ lead, members: [member, both] });
await here.group({ lead: colleague, members: [both, stranger, lead] });
const everybody = [admin, reader, writer, lead, member, both, colleague, stranger].map(({ guid }) => guid).toSorted();

const sees = async (caller: Caller, variables = {}): Promise<string[]> =>
  (await walk(caller, variables, { size: 2 })).toSorted();
const codes = async (caller: Caller): Promise<unknown> =>
  (await caller.send(USERS)).errors?.map(({ extensions }) => extensions.code);

test("an administrator sees everybody of the tenant and nobody else", async () => {
  await (await tenant()).user();
  expect(await sees(admin)).toEqual(everybody);
});

test("an internal member with users.read sees everybody", async () => {
  expect(await sees(reader)).toEqual(everybody);
});

test("an internal member without users.read may not ask", async () => {
  expect(await codes(writer)).toEqual(["FORBIDDEN"]);
});

test("a service sees everybody with the scope users.read, and may not ask without", async () => {
  expect(await sees(await here.service("users.read"))).toEqual(everybody);
  expect(await codes(await here.service("users.write", "groups.read"))).toEqual(["FORBIDDEN"]);
  expect(await codes(await here.service())).toEqual(["FORBIDDEN"]);
});

test("a lead sees the members of the group and themselves, each once, counted so", async () => {
  expect(await sees(lead)).toEqual([lead, member, both].map(({ guid }) => guid).toSorted());
  expect(await sees(colleague)).toEqual([colleague, both, stranger, lead].map(({ guid }) => guid).toSorted());
});

test("a lead's search, filter and order reach no further than the group", async () => {
  expect(await sees(lead, { search: stranger.guid })).toEqual([]);
  expect(await sees(lead, { search: stranger.email })).toEqual([]);
  expect(await sees(lead, { search: member.email })).toEqual([member.guid]);
  expect(await sees(lead, { filter: { isUserGroupLead: true } })).toEqual([lead.guid]);
  expect(await sees(lead, { filter: { isUserGroupLead: false }, orderBy: { field: "INVITE_STATUS" } })).toEqual(
    [member, both].map(({ guid }) => guid).toSorted(),
  );
});

test("a lead who is on no list of members sees themselves alone", async () => {
  const alone = await here.user();
  const { guid } = await here.group({ lead: alone });
  await database.sql("DELETE FROM group_members WHERE group_id = $1", [guid]);
  expect(await sees(alone)).toEqual([alone.guid]);
});

test("a plain investor may not ask, member of a group or not, and neither may anybody without a token", async () => {
  for (const caller of [member, await here.user()]) expect(await codes(caller)).toEqual(["FORBIDDEN"]);
  expect(await codes(anonymous)).toEqual(["UNAUTHENTICATED"]);
});

test("who stops leading may not ask from the next request on", async () => {
  const there = await tenant();
  const former = await there.user();
  const { guid } = await there.group({ lead: former });
  expect(await sees(former)).toEqual([former.guid]);
  await database.sql("UPDATE user_groups SET lead_user_id = NULL WHERE id = $1", [guid]);
  expect(await codes(former)).toEqual(["FORBIDDEN"]);
});
