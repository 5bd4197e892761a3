import { v7 as uuidv7 } from "uuid";
import { harness, type Person, type TestTenant } from "../harness/index.js";
import { client, compile, graphql } from "./relay.js";

await compile();
const here = await harness();

const PERSON = graphql`
  fragment relayTest_person on User {
    id
    name
    status
  }
`;

const LIST = graphql`
  fragment relayTest_list on Query
  @refetchable(queryName: "relayTestListPageQuery")
  @argumentDefinitions(
    type: { type: "UserType" }
    first: { type: "Int" }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
  ) {
    users(type: $type, first: $first, after: $after, last: $last, before: $before)
      @connection(key: "relayTest_users", filters: ["type"]) {
      edges {
        node {
          ...relayTest_person
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`;

const LIST_PAGE = graphql`
  query relayTestListQuery($type: UserType, $first: Int, $after: String, $last: Int) {
    ...relayTest_list @arguments(type: $type, first: $first, after: $after, last: $last)
  }
`;

const MEMBERS = graphql`
  fragment relayTest_members on UserGroup
  @refetchable(queryName: "relayTestMembersPageQuery")
  @argumentDefinitions(
    first: { type: "Int" }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
  ) {
    id
    name
    members(first: $first, after: $after, last: $last, before: $before) @connection(key: "relayTest_members") {
      __id
      edges {
        isLead
        node {
          ...relayTest_person
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`;

const GROUP_PAGE = graphql`
  query relayTestGroupQuery($guid: UUID!, $first: Int, $last: Int) {
    userGroup(guid: $guid) {
      ...relayTest_members @arguments(first: $first, last: $last)
    }
  }
`;

const ADD = graphql`
  mutation relayTestAddMutation($input: AddUserToGroupInput!, $connections: [ID!]!) {
    addUserToGroup(input: $input) {
      user @appendNode(connections: $connections, edgeTypeName: "UserGroupMemberEdge") {
        ...relayTest_person
      }
    }
  }
`;

const REMOVE = graphql`
  mutation relayTestRemoveMutation($input: RemoveUserFromGroupInput!, $connections: [ID!]!) {
    removeUserFromGroup(input: $input) {
      errors {
        code
        field
      }
      user {
        id @deleteEdge(connections: $connections)
      }
    }
  }
`;

const DELETE = graphql`
  mutation relayTestDeleteMutation($input: DeleteUserGroupInput!) {
    deleteUserGroup(input: $input) {
      deletedUserGroupId @deleteRecord
    }
  }
`;

const UPDATE = graphql`
  mutation relayTestUpdateMutation($input: UpdateUserInput!) {
    updateUser(input: $input) {
      user {
        ...relayTest_person
      }
    }
  }
`;

const names = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn"];
const people = async (tenant: TestTenant): Promise<Person[]> => {
  const made: Person[] = [];
  for (const forename of names) made.push(await tenant.user({ forename, surname: "Reader" }));
  return made;
};
const full = (...forenames: string[]): string[] => forenames.map((forename) => `${forename} Reader`);

describe("the list of users", () => {
  /** The list as a page shows it, begun with these arguments. */
  async function list(variables: Record<string, unknown>) {
    const tenant = await here.tenant();
    await people(tenant);
    const { query, read, more, mutate } = client(here.url, tenant.admin);
    const page = await query(LIST_PAGE, variables);
    const users = (): any => read(LIST, page).users;
    return {
      tenant,
      mutate,
      shown: (): string[] => users().edges.map(({ node }: any) => read(PERSON, node).name),
      info: () => users().pageInfo,
      more: (direction: "forward" | "backward", count: number) => more(LIST, page, direction, count),
    };
  }

  test("pages forward", async () => {
    const { shown, info, more } = await list({ type: "INVESTOR", first: 2 });
    expect(shown()).toEqual(full("Ada", "Ben"));
    expect(info()).toMatchObject({ hasNextPage: true, hasPreviousPage: false });

    await more("forward", 3);
    expect(shown()).toEqual(full("Ada", "Ben", "Cleo", "Dan", "Eve"));
    expect(info()).toMatchObject({ hasNextPage: true, hasPreviousPage: false });

    await more("forward", 3);
    expect(shown()).toEqual(full(...names));
    expect(info()).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
  });

  test("pages backward", async () => {
    const { shown, info, more } = await list({ type: "INVESTOR", last: 2 });
    expect(shown()).toEqual(full("Eve", "Finn"));
    expect(info()).toMatchObject({ hasNextPage: false, hasPreviousPage: true });

    await more("backward", 3);
    expect(shown()).toEqual(full("Ben", "Cleo", "Dan", "Eve", "Finn"));

    await more("backward", 3);
    expect(shown()).toEqual(full(...names));
    expect(info()).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
  });

  test("pages both ways from the middle", async () => {
    const { tenant, info } = await list({ type: "INVESTOR", first: 2 });
    const { query, read, more } = client(here.url, tenant.admin);
    const page = await query(LIST_PAGE, { type: "INVESTOR", first: 2, after: info().endCursor });
    const shown = (): string[] => read(LIST, page).users.edges.map(({ node }: any) => read(PERSON, node).name);
    expect(shown()).toEqual(full("Cleo", "Dan"));

    await more(LIST, page, "backward", 5);
    await more(LIST, page, "forward", 5);
    expect(shown()).toEqual(full(...names));
    expect(read(LIST, page).users.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
  });

  test("shows what a mutation answers with, by its id", async () => {
    const { tenant, mutate, shown } = await list({ type: "INVESTOR", first: 1 });
    const [ada] = (await tenant.admin.ask('{ users(search: "Ada Reader") { nodes { id } } }')).users.nodes;

    await mutate(UPDATE, { input: { userId: ada.id, forename: "Adelheid" } });

    expect(shown()).toEqual(full("Adelheid"));
  });
});

describe("the members of a group", () => {
  /** The group as a page shows it, and who is not in it. */
  async function family(begin: { first: number } | { last: number } = { first: 2 }) {
    const tenant = await here.tenant();
    const [outsider, ...members] = (await people(tenant)).toReversed();
    const group = await tenant.group({ name: "The Family", members, lead: members[0]! });
    const relay = client(here.url, tenant.admin);
    const page = (await relay.query(GROUP_PAGE, { guid: group.guid, ...begin })).userGroup;
    const list = (): any => relay.read(MEMBERS, page).members;
    return {
      ...relay,
      group,
      page,
      outsider: outsider!,
      members,
      list,
      shown: (): string[] => list().edges.map(({ node }: any) => relay.read(PERSON, node).name),
    };
  }

  test("page forward by the group's id", async () => {
    const { page, more, shown, list } = await family();
    expect(shown()).toHaveLength(2);

    await more(MEMBERS, page, "forward", 2);
    await more(MEMBERS, page, "forward", 2);

    expect(shown()).toEqual(full("Ada", "Ben", "Cleo", "Dan", "Eve"));
    expect(list().edges.map(({ isLead }: any) => isLead)).toEqual([false, false, false, false, true]);
    expect(list().pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
  });

  test("page backward", async () => {
    const { page, more, shown, list } = await family({ last: 1 });
    expect(shown()).toEqual(full("Eve"));

    await more(MEMBERS, page, "backward", 2);
    await more(MEMBERS, page, "backward", 2);

    expect(shown()).toEqual(full("Ada", "Ben", "Cleo", "Dan", "Eve"));
    expect(list().pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
  });

  test("gain and lose one by mutations that name the connection", async () => {
    const { list, shown, mutate, group, outsider, members } = await family();
    const connections = [list().__id];

    await mutate(ADD, { input: { groupId: group.id, userId: outsider.id }, connections });
    expect(shown()).toEqual(full("Ada", "Ben", "Finn"));

    await mutate(REMOVE, { input: { groupId: group.id, userId: members.at(-1)!.id }, connections });
    expect(shown()).toEqual(full("Ben", "Finn"));

    const refused = await mutate(REMOVE, { input: { groupId: group.id, userId: uuidv7() }, connections });
    expect(refused.removeUserFromGroup.errors).toEqual([{ code: "NOT_FOUND", field: ["input", "userId"] }]);
    expect(shown()).toEqual(full("Ben", "Finn"));
  });

  test("are gone with their group", async () => {
    const { environment, mutate, group } = await family();
    const records = environment.getStore().getSource();
    expect(records.getStatus(group.id)).toBe("EXISTENT");

    await mutate(DELETE, { input: { groupId: group.id, force: true } });

    expect(records.getStatus(group.id)).toBe("NONEXISTENT");
  });
});
