import { toGlobalId } from "../../src/kit/index.js";
import { type Input, PAGE, FIELDS, type WorkloadName } from "./workloads.js";

/** A workload as PostGraphile is asked for it, and its data as the subgraph gives them. */
interface Translation {
  document: string;
  /** From the parameters of the limit's statement; `cursor` makes one of PostGraphile's. */
  variables: (values: any[], cursor: (...place: unknown[]) => string) => object;
  data: (data: any) => object;
}

type Row = Record<string, any>;

/** Its rows have one id, a guid. */
const own = (names: string): string => names.replace(/\b(id|guid|uuid)\b/g, "$1: rowId");

const listed = (field: string, orderBy: string, limit: number | string, selection: string): string =>
  `${field}: ${field}List(first: ${limit}, orderBy: [${orderBy}]) { ${selection} }`;
const classifications = (selection: string, limit = 15): string =>
  listed("classifications", "NAME_NORM_ASC, CLASSIFICATION_ID_ASC", limit, `id: classificationId ${selection}`);
const userGroups = (limit: number, selection: string): string =>
  listed("userGroups", "NAME_NORM_ASC, GROUP_ID_ASC", limit, selection);

const node = (type: string, row: Row | null): Row | null =>
  row && (row.id === undefined ? row : { ...row, id: toGlobalId(type, row.id) });

/** Splits flat rows into what belongs to the edge and the node. */
const connection = (edge: string[], rows: Row[], nodeOf: (row: Row) => Row | null): Row => ({
  edges: rows.map((row) => {
    const names = Object.keys(row);
    const part = (inEdge: boolean): Row =>
      Object.fromEntries(names.filter((name) => edge.includes(name) === inEdge).map((name) => [name, row[name]]));
    return { ...part(true), node: nodeOf(part(false)) };
  }),
});

const answerOf = ({ value, reference, label }: Row): Row => ({ value, formField: { reference, label } });
const formOf = (row: Row): Row => ({ ...row, formFieldAnswers: row.formFieldAnswers.map(answerOf) });

/** A row of users or members with what is selected of its relations. */
function userOf(row: Row): Row {
  const user = node("User", row)!;
  const { assignedInternalUser, classifications: held, userGroups: groups, formImplementations: forms } = row;
  if (assignedInternalUser) user.assignedInternalUser = node("User", assignedInternalUser);
  if (held) user.classifications = connection(["source", "validUntil"], held, (one) => node("Classification", one));
  if (groups) user.userGroups = connection(["isSignatory", "joinedAt"], groups, (one) => node("UserGroup", one));
  if (forms) user.formImplementations = connection([], forms, formOf);
  return user;
}

const groupOf = (row: Row): Row => ({
  ...node("UserGroup", row),
  ...(row.members && { members: connection(["isSignatory", "isLead", "joinedAt"], row.members, userOf) }),
});

/** The place that a cursor of PostGraphile's stands for, in a cursor like the subgraph's. */
function endCursor(cursor: string | null): string | null {
  if (cursor === null) return null;
  const [, sortName, guid] = JSON.parse(Buffer.from(cursor, "base64").toString()) as unknown[];
  return Buffer.from(JSON.stringify(["users", Number(sortName === null), sortName, guid, 0])).toString("base64url");
}

const usersOf = ({ users: { nodes, pageInfo, ...rest } }: Row): Row => ({
  users: {
    ...rest,
    edges: nodes.map((row: Row) => ({ node: userOf(row) })),
    pageInfo: { ...pageInfo, endCursor: endCursor(pageInfo.endCursor) },
  },
});
const usersDocument = (variables: string, args: string, selection: string, count = "", order = "SORT_NAME"): string =>
  `query ($first: Int!${variables}) {
    users(first: $first, orderBy: [${order}_ASC, ROW_ID_ASC]${args}) {
      ${count} nodes { ${selection} } pageInfo { hasNextPage endCursor }
    }
  }`;
const HELD = classifications("validUntil name");
const LISTED = `${own(FIELDS.listedUser)} ${HELD} assignedInternalUser { id: rowId name }
  ${userGroups(1, "id: groupId name")}`;

const groupsDocument = (related: string): string => `query ($first: Int!) {
  userGroups: userGroupsList(first: $first, orderBy: [NAME_NORM_ASC, ROW_ID_ASC]) { ${own(FIELDS.group)} ${related} }
}`;
const members = (related: string): string =>
  listed(
    "members",
    "SORT_NAME_ASC, USER_ID_ASC",
    10,
    `isSignatory joinedAt isLead id: userId name contactEmail ${related}`,
  );
const groupsOf = ({ userGroups: groups }: Row): Row => ({ userGroups: { nodes: groups.map(groupOf) } });

export const translations: Record<WorkloadName, Translation> = {
  W1: {
    document: `query ($guid: UUID!) {
      user(rowId: $guid) {
        ${own(FIELDS.wholeUser)}
        assignedInternalUser { id: rowId guid: rowId name contactEmail }
        ${classifications("source validUntil reference name")}
        ${userGroups(10, "isSignatory joinedAt guid: groupId name kind")}
        ${listed(
          "formImplementations",
          "CREATED_AT_DESC, ROW_ID_DESC",
          10,
          `${own(FIELDS.implementation)} formFieldAnswers: answersList(orderBy: [PLACE_ASC]) { value reference label }`,
        )}
      }
    }`,
    variables: ([, guid]) => ({ guid }),
    data: ({ user }) => ({ user: userOf(user) }),
  },
  W2: {
    document: usersDocument("", "", LISTED),
    variables: () => ({ first: PAGE }),
    data: usersOf,
  },
  W3: {
    document: usersDocument(", $after: Cursor", ", after: $after", LISTED),
    variables: ([, sortName, guid], cursor) => ({ first: PAGE, after: cursor(sortName, guid) }),
    data: usersOf,
  },
  W4: {
    document: usersDocument(
      ", $pattern: String",
      `, condition: { search: $pattern, status: "ACTIVE", hasCompletedOnboarding: true }`,
      LISTED,
      "totalCount",
      "FOUND_NAME",
    ),
    variables: ([, pattern]) => ({ first: PAGE, pattern }),
    data: usersOf,
  },
  W5: {
    // The function sorts.
    document: groupsDocument(
      members("classifications: classificationsList(first: 10) { validUntil id: classificationId name }"),
    ),
    variables: () => ({ first: 100 }),
    data: groupsOf,
  },
  // It is no subgraph: the same users by a list of their guids, in its order.
  W6: {
    document: `query ($ids: [UUID]) {
      users: usersByIdsList(ids: $ids) {
        ${own(FIELDS.referencedUser)} ${HELD} assignedInternalUser { id: rowId name }
      }
    }`,
    variables: ([, ids]) => ({ ids }),
    data: ({ users }) => ({ _entities: users.map(userOf) }),
  },
  W7: {
    document: `mutation ($input: UpdateUserNameInput!) {
      updateUserName(input: $input) { result { ${own(FIELDS.updatedUser)} } }
    }`,
    variables: ([, id, forename, surname, sortName, searchText, actorId]) => ({
      input: { id, forename, surname, sortName, searchText, actorId },
    }),
    data: ({ updateUserName: { result } }) => ({ updateUser: { user: userOf(result), errors: [] } }),
  },
  N1: { document: usersDocument("", "", own(FIELDS.listedUser)), variables: () => ({ first: PAGE }), data: usersOf },
  N2: {
    document: usersDocument("", "", `${own(FIELDS.listedUser)} ${HELD}`),
    variables: () => ({ first: PAGE }),
    data: usersOf,
  },
  N3: { document: groupsDocument(""), variables: () => ({ first: 100 }), data: groupsOf },
  N4: { document: groupsDocument(members("")), variables: () => ({ first: 100 }), data: groupsOf },
};

/** Instants are the same in another print. */
export const shaped = (name: WorkloadName, { data }: { data: object }): unknown =>
  JSON.parse(JSON.stringify({ data: translations[name].data(data) }), (key, value: unknown) =>
    typeof value === "string" && /At$|Date|Login|Until/.test(key) ? new Date(value).toISOString() : value,
  );

export const variablesOf = (name: WorkloadName, { values }: Input, givenCursor: string): object => {
  const [order] = JSON.parse(Buffer.from(givenCursor, "base64").toString()) as unknown[];
  const cursor = (...place: unknown[]): string => Buffer.from(JSON.stringify([order, ...place])).toString("base64");
  return translations[name].variables(values, cursor);
};
