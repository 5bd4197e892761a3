import { ApolloClient, CombinedGraphQLErrors, type DocumentNode, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { filter, firstValueFrom } from "rxjs";
import { type Caller, harness, operations, type TestTenant } from "../harness/index.js";

const here = await harness();

/** The client as a dashboard sets it up; counts what it asks. */
function clientOf({ token }: Caller) {
  const asked: string[] = [];
  const client = new ApolloClient({
    cache: new InMemoryCache({
      typePolicies: {
        Query: { fields: { users: relayStylePagination(["type", "filter", "search", "orderBy"]) } },
        UserGroup: { fields: { members: relayStylePagination(["filter", "search", "orderBy"]) } },
      },
    }),
    link: new HttpLink({
      uri: `${here.url}/graphql`,
      headers: { authorization: `Bearer ${token}` },
      fetch: (url, init) => {
        asked.push(JSON.parse(init!.body as string).operationName);
        return fetch(url, init);
      },
    }),
  });
  return Object.assign(client, { asked });
}

/** A query that somebody looks at: what it shows, and the button for the page behind it. */
async function watch(client: ApolloClient, query: DocumentNode, variables: Record<string, unknown>) {
  const watched = client.watchQuery<any>({ query, variables });
  watched.subscribe({});
  const shown = () => firstValueFrom(watched.pipe(filter(({ loading }) => !loading)));
  await shown();
  return {
    shown: async () => (await shown()).data,
    more: async (after: string) => {
      await watched.fetchMore({ variables: { after } });
      return (await shown()).data;
    },
  };
}

const USERS = gql`
  query Users($type: UserType, $first: Int, $after: String) {
    users(type: $type, first: $first, after: $after) {
      edges {
        node {
          id
          name
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`;

const MEMBERS = gql`
  query Members($guid: UUID!, $after: String) {
    userGroup(guid: $guid) {
      id
      members(first: 2, after: $after) {
        edges {
          isLead
          node {
            id
            name
          }
        }
        pageInfo {
          endCursor
          hasNextPage
        }
      }
    }
  }
`;

const names = (connection: any): string[] => connection.edges.map(({ node }: any) => node.name);
const full = (...forenames: string[]): string[] => forenames.map((forename) => `${forename} Reader`);

/** A tenant with five investors. */
async function tenantWith() {
  const tenant: TestTenant = await here.tenant();
  const people = [];
  for (const forename of ["Ada", "Ben", "Cleo", "Dan", "Eve"]) {
    people.push(await tenant.user({ forename, surname: "Reader" }));
  }
  return { tenant, admin: tenant.admin, people };
}

test("fetchMore adds the pages of a list, and keeps lists apart by what they list", async () => {
  const { admin } = await tenantWith();
  const client = clientOf(admin);
  const list = await watch(client, USERS, { type: "INVESTOR", first: 2 });
  let { users } = await list.shown();
  expect(names(users)).toEqual(full("Ada", "Ben"));

  await client.query({ query: USERS, variables: { type: "INTERNAL", first: 1 } });
  while (users.pageInfo.hasNextPage) ({ users } = await list.more(users.pageInfo.endCursor));

  expect(names(users)).toEqual(full("Ada", "Ben", "Cleo", "Dan", "Eve"));
  // Two more pages, and from now on none: all of it is in the cache.
  const asked = ["Users", "Users", "Users", "Users"];
  expect(client.asked).toEqual(asked);
  const again = await client.query<any>({ query: USERS, variables: { type: "INVESTOR", first: 2 } });
  expect(names(again.data.users)).toEqual(full("Ada", "Ben", "Cleo", "Dan", "Eve"));
  expect(client.asked).toEqual(asked);
});

test("a list inside an object is paged, too", async () => {
  const { tenant, admin, people } = await tenantWith();
  const { guid } = await tenant.group({ members: people, lead: people[4]! });
  const list = await watch(clientOf(admin), MEMBERS, { guid });
  let { members } = (await list.shown()).userGroup;

  while (members.pageInfo.hasNextPage) ({ members } = (await list.more(members.pageInfo.endCursor)).userGroup);

  expect(names(members)).toEqual(full("Ada", "Ben", "Cleo", "Dan", "Eve"));
  expect(members.edges.map(({ isLead }: any) => isLead)).toEqual([false, false, false, false, true]);
});

test("the cache knows a user by its id: a mutation's answer shows in the list", async () => {
  const { admin, people } = await tenantWith();
  const client = clientOf(admin);
  const list = await watch(client, USERS, { type: "INVESTOR", first: 2 });

  await client.mutate({
    mutation: gql(operations.UpdateUser!),
    variables: { input: { userId: people[1]!.id, forename: "Benedict" } },
  });

  expect(names((await list.shown()).users)).toEqual(full("Ada", "Benedict"));
  expect(client.asked).toEqual(["Users", "UpdateUser"]);
  expect(client.cache.identify({ __typename: "User", id: people[1]!.id })).toBe(`User:${people[1]!.id}`);
  expect(client.cache.extract()).toHaveProperty([`User:${people[1]!.id}`, "name"], "Benedict Reader");
});

test("a refused mutation's errors are data, with code and field", async () => {
  const { tenant, admin } = await tenantWith();
  await tenant.group({ name: "The Family" });

  const { data } = await clientOf(admin).mutate<any>({
    mutation: gql(operations.CreateUserGroup!),
    variables: { input: { name: "the family" } },
  });

  expect(data.createUserGroup).toMatchObject({
    userGroup: null,
    errors: [{ code: "TAKEN", field: ["input", "name"] }],
  });
});

test.each([
  ["while it is answered", { first: 0 }, ["users"], ["first"]],
  ["before it begins", { type: "NOBODY" }, undefined, ["type"]],
])("an error found %s arrives with code, path and argument", async (_when, variables, path, argument) => {
  const { admin } = await tenantWith();

  const refused: unknown = await clientOf(admin)
    .query({ query: USERS, variables })
    .catch((error: unknown) => error);

  expect(refused).toBeInstanceOf(CombinedGraphQLErrors);
  expect((refused as CombinedGraphQLErrors).errors).toEqual([
    expect.objectContaining({ ...(path && { path }), extensions: { code: "BAD_USER_INPUT", argument } }),
  ]);
});
