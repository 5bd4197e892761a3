import { v7 as uuidv7 } from "uuid";
import { startRouter } from "../federation/router.js";
import { compose, type Subgraph, subgraphs } from "../federation/supergraph.js";
import { type Answer, type Caller, harness, operations } from "../harness/index.js";
import { startHive } from "./hive.js";
import { DESK, type Meeting, MEETINGS, SEEN_AT_THE_DESK, startDesk, startMeetings } from "./neighbours.js";

const here = await harness();
const calendar: Meeting[] = [];
const meetings = await startMeetings(calendar);
const desk = await startDesk();
afterAll(() => Promise.all([meetings.stop(), desk.stop()]));

const users: Subgraph = { ...subgraphs()[0]!, url: `${here.url}/graphql` };
const supergraphWith = (deskUrl: string): string =>
  compose(users, { name: "meetings", url: meetings.url, sdl: MEETINGS }, { name: "desk", url: deskUrl, sdl: DESK });
const supergraph = supergraphWith(desk.url);

/** What is said of an error to whoever asked the router. */
const places = ({ errors = [] }: Pick<Answer, "errors">): unknown[] =>
  errors.map(({ path, extensions: { code } }) => [code, path]);

const codes = ({ errors = [] }: Pick<Answer, "errors">): string[] => errors.map(({ extensions: { code } }) => code);

test("neighbours compose: a reference, an extension, @requires, @override and a shared type", () => {
  expect(supergraph).toMatch(/lastLogin: DateTime @join__field\(graph: DESK, override: "users"\)/);
  expect(supergraph).toMatch(/salutation: String @join__field\(graph: DESK, requires: "title surname"\)/);
  expect(supergraph).toMatch(/type PageInfo\s+@join__type\(graph: MEETINGS\)\s+@join__type\(graph: USERS\)/);
});

/** Each router, and what it says of an object that is null because a field of it that cannot be null is. */
describe.each([
  ["@apollo/gateway", startRouter, []],
  ["@graphql-hive/gateway-runtime", startHive, ["INTERNAL_SERVER_ERROR"]],
])("through %s", (_name, start, completion) => {
  let router: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    router = await start(supergraph);
  });
  afterAll(() => router.stop());

  /** Asks the router as this caller. */
  async function ask(caller: Caller, query: string, variables: object = {}, { url } = router) {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(caller.token && { authorization: `Bearer ${caller.token}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as Pick<Answer, "data" | "errors">;
  }
  const meet = (...planned: Omit<Meeting, "topic">[]): unknown =>
    calendar.splice(0, Infinity, ...planned.map((meeting, index) => ({ topic: `Topic ${index}`, ...meeting })));

  test("a reference: a meeting knows its guest by guid and its group by global id", async () => {
    const { admin, ...tenant } = await family();
    meet({ guest: { guid: tenant.ida.guid }, group: { id: tenant.group.id } });

    const answer = await ask(admin, "{ meetings { nodes { topic guest { name type } group { name memberCount } } } }");

    expect(answer).toEqual({
      data: {
        meetings: {
          nodes: [
            {
              topic: "Topic 0",
              guest: { name: "Dr Ida Investor", type: "INVESTOR" },
              group: { name: "The Family", memberCount: 1 },
            },
          ],
        },
      },
    });
  });

  test("an extension, with a field made of ours and one taken over from us", async () => {
    const { admin, ida } = await family();

    const answer = await ask(admin, '{ users(search: "Ida") { nodes { notes salutation lastLogin guid } } }');

    expect(answer).toEqual({
      data: {
        users: {
          nodes: [
            {
              notes: [`A note on ${ida.guid}`],
              salutation: "Dear Dr Investor",
              lastLogin: SEEN_AT_THE_DESK,
              guid: ida.guid,
            },
          ],
        },
      },
    });
  });

  test("by way of a reference, too", async () => {
    const { admin, ida } = await family();
    meet({ guest: { guid: ida.guid } });

    const answer = await ask(admin, "{ meetings { nodes { guest { salutation lastLogin } } } }");

    expect(answer).toEqual({
      data: { meetings: { nodes: [{ guest: { salutation: "Dear Dr Investor", lastLogin: SEEN_AT_THE_DESK } }] } },
    });
  });

  test("each list has the PageInfo of its own subgraph", async () => {
    const { admin, ida } = await family();
    meet({ guest: { guid: ida.guid } }, { guest: { guid: ida.guid } });
    const page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

    const { data } = await ask(admin, `{ meetings(first: 1) { ${page} } users(first: 100) { ${page} } }`);

    expect(data).toEqual({
      meetings: { pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: "1", endCursor: "2" } },
      users: {
        pageInfo: {
          hasNextPage: false,
          hasPreviousPage: false,
          startCursor: expect.stringMatching(/^[\w-]{10,}$/),
          endCursor: expect.stringMatching(/^[\w-]{10,}$/),
        },
      },
    });
  });

  test("whom the caller may not see, who is gone and who never was is null, and no error of ours", async () => {
    const { admin, ida, group } = await family();
    const stranger = await (await here.tenant()).user();
    await admin.ask(operations.DeleteUserGroup!, { input: { groupId: group.id, force: true } });
    meet(
      { guest: { guid: admin.guid } },
      { guest: { guid: stranger.guid } },
      { guest: { guid: uuidv7() } },
      { group: { id: group.id } },
      { guest: { guid: ida.guid } },
    );

    const nullable = await ask(ida, "{ meetings { nodes { guest { name surname } group { description } } } }");
    const keys = await ask(ida, "{ meetings { nodes { guest { id name notes } group { id name } } } }");

    // All that is known of them is that somebody named them.
    const [nobody, nothing] = [{ name: null, surname: null }, { description: null }];
    expect(nullable).toEqual({
      data: {
        meetings: {
          nodes: [
            { guest: nobody, group: null },
            { guest: nobody, group: null },
            { guest: nobody, group: null },
            { guest: null, group: nothing },
            { guest: { name: "Dr Ida Investor", surname: "Investor" }, group: null },
          ],
        },
      },
    });
    expect(keys.data).toEqual({
      meetings: {
        nodes: [
          ...Array.from({ length: 4 }, () => ({ guest: null, group: null })),
          { guest: { id: ida.id, name: "Dr Ida Investor", notes: [`A note on ${ida.guid}`] }, group: null },
        ],
      },
    });
    expect([...new Set(codes(keys))]).toEqual(completion);
  });

  test("a refusal of ours arrives with its code and its path, and spoils nothing else", async () => {
    const { admin, ida } = await family();
    meet({ guest: { guid: ida.guid } });
    const lists = "users(first: $first) { nodes { name } } meetings { nodes { guest { name } } }";
    const document = `query ($first: Int) { ${lists} }`;

    const malformed = await ask(admin, document, { first: 0 });
    const forbidden = await ask(ida, document, { first: 1 });

    expect(places(malformed)).toEqual([["BAD_USER_INPUT", ["users"]]]);
    expect(places(forbidden)).toEqual([["FORBIDDEN", ["users"]]]);
  });

  test("so does one from before we began", async () => {
    const { admin } = await family();
    const document = "query ($guid: UUID!) { user(guid: $guid) { name } }";

    const answer = await ask(admin, document, { guid: "junk" });

    expect(codes(answer)).toEqual(["BAD_USER_INPUT"]);
    expect(answer.data).toEqual({ user: null });
  });

  test("a reference that is malformed is told at its place, and the others are answered", async () => {
    const { admin, ida } = await family();
    meet({ guest: { guid: ida.guid } }, { guest: { guid: "junk" } });

    const answer = await ask(admin, "{ meetings { nodes { guest { name } } } }");

    expect(answer.data).toEqual({
      meetings: { nodes: [{ guest: { name: "Dr Ida Investor" } }, { guest: { name: null } }] },
    });
    expect(codes(answer)).toEqual(["BAD_USER_INPUT"]);
    expect(answer.errors![0]!.path!.slice(0, 4)).toEqual(["meetings", "nodes", 1, "guest"]);
  });

  test("without a token the neighbours answer, and we say UNAUTHENTICATED", async () => {
    const { ida } = await family();
    meet({ guest: { guid: ida.guid } });

    const answer = await ask(here.anonymous, "{ meetings { nodes { topic guest { name } } } }");

    expect(answer.data).toEqual({ meetings: { nodes: [{ topic: "Topic 0", guest: { name: null } }] } });
    expect(codes(answer)).toEqual(["UNAUTHENTICATED"]);
  });

  test("a mutation's refusal is data", async () => {
    const { admin } = await family();
    const document = `mutation ($id: ID!) { updateUser(input: { userId: $id }) { user { notes } errors { code field } } }`;

    const answer = await ask(admin, document, { id: uuidv7() });

    expect(answer).toEqual({
      data: { updateUser: { user: null, errors: [{ code: "NOT_FOUND", field: ["input", "userId"] }] } },
    });
  });

  test("with a neighbour down our fields are answered, its own are null with an error", async () => {
    const { admin } = await family();
    const fleeting = await startDesk();
    const other = await start(supergraphWith(fleeting.url));
    try {
      const document = '{ users(search: "Ida") { nodes { name notes } } }';
      const up = await ask(admin, document, {}, other);
      await fleeting.stop();
      const down = await ask(admin, document, {}, other);

      expect(up).toEqual({ data: { users: { nodes: [{ name: "Dr Ida Investor", notes: [expect.any(String)] }] } } });
      expect(down.data).toEqual({ users: { nodes: [{ name: "Dr Ida Investor", notes: null }] } });
      expect(down.errors).not.toHaveLength(0);
    } finally {
      await other.stop();
    }
  });
});

/** A tenant with an administrator, and one investor who is alone in a group. */
async function family() {
  const tenant = await here.tenant();
  const ida = await tenant.user({
    title: "Dr",
    forename: "Ida",
    surname: "Investor",
    lastLogin: "2024-10-01T14:22:00.000Z",
  });
  const group = await tenant.group({ name: "The Family", members: [ida] });
  return { admin: tenant.admin, ida, group };
}
