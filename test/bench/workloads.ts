import { containsPattern, normalise, snakeCase, toGlobalId } from "../../src/kit/index.js";
import { exampleOperations } from "../../src/explorer/index.js";
import { User } from "../../src/users/index.js";

/** What the inputs are made of; picked by SQL before anything is measured, the same in every run. */
export interface Sample {
  tenantId: string;
  administrator: string;
  users: SampleUser[];
  /** Cursors deep in the list by name, and the keys that each stands for. */
  places: { cursor: string; sortName: string; guid: string }[];
}
export type SampleUser = Pick<User, "guid" | "title" | "forename" | "surname" | "username" | "contactEmail"> & {
  /** How many answers the user has given in forms. */
  answers: number;
};

/** One request: the variables for the subgraph, and the parameters of the limit's statement. */
export interface Input {
  variables: object;
  values: unknown[];
}

export interface Workload {
  title: string;
  /** The subgraph's throughput as a share of the limit's, from design/speed.md; without one it is no workload of that list. */
  goal?: number;
  /** Resident memory that it may take in MB, where that is not the usual. */
  memoryGoal?: number;
  document: string;
  inputs: (sample: Sample) => Input[];
  /** The whole answer by one statement: what PostgreSQL and this schema can do at all. */
  statement: string;
}

// The limit's statements are put together at the start from the same lists of fields as the documents. The rows' aliases:
// u the user, a the assigned internal user, h c the classification and its holding, m g the group and its membership,
// i the form's implementation.
const object = (fields: Record<string, string>): string =>
  `json_build_object(${Object.entries(fields)
    .map(([name, value]) => `'${name}', ${value}`)
    .join(", ")})`;
const base64url = (text: string): string => `translate(encode(convert_to(${text}, 'UTF8'), 'base64'), E'+/=\\n', '-_')`;
/** As the subgraph makes them: what of their base64 is padding follows from the length. */
const globalId = (type: string, row: string): string =>
  `left(replace(encode(convert_to('${type}:' || ${row}.id, 'UTF8'), 'base64'), E'\\n', ''), ${Math.ceil(((type.length + 37) * 4) / 3)})`;

const TYPES: Record<string, string> = { u: "User", a: "User", c: "Classification", g: "UserGroup" };

function column(row: string, field: string): string {
  const stored = `${row}.${snakeCase(field)}`;
  if (field === "id") return globalId(TYPES[row]!, row);
  if (field === "guid" || field === "uuid") return `${row}.id`;
  if (field === "status" && row === "i")
    return `CASE WHEN ${stored} = 'COMPLETED' AND i.valid_until <= now() THEN 'EXPIRED' ELSE ${stored} END`;
  if (field === "name" && TYPES[row] === "User")
    return `nullif(concat_ws(' ', ${row}.title, ${row}.forename, ${row}.surname), '')`;
  if (field === "inviteStatus")
    return `CASE WHEN ${stored} = 'INVITED' AND ${row}.invite_date_expires <= now() THEN 'EXPIRED' ELSE ${stored} END`;
  if (/At$|Date|Login|Until/.test(field))
    return `to_char(${stored} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  return stored;
}
const fields = (row: string, names: string): Record<string, string> =>
  Object.fromEntries(names.split(" ").map((name) => [name, column(row, name)]));

const connection = (edge: Record<string, string>, rows: string): string =>
  object({ edges: `coalesce((SELECT json_agg(e.edge) FROM (SELECT ${object(edge)} AS edge ${rows}) e), '[]')` });
const classifications = (edge: string, node: string, limit = 15): string =>
  connection(
    { ...fields("h", edge), node: object(fields("c", node)) },
    `FROM user_classifications h JOIN classifications c ON c.tenant_id = h.tenant_id AND c.id = h.classification_id
     WHERE h.tenant_id = $1 AND h.user_id = u.id AND (h.valid_until IS NULL OR h.valid_until > now())
     ORDER BY c.name_norm, c.id LIMIT ${limit}`,
  );
const groups = (limit: number, node: string, edge: Record<string, string> = {}): string =>
  connection(
    { ...edge, node: object(fields("g", node)) },
    `FROM group_members m JOIN user_groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
     WHERE m.tenant_id = $1 AND m.user_id = u.id ORDER BY g.name_norm, g.id LIMIT ${limit}`,
  );
/** The answers in the order of their fields, as the revision lists them. */
const formImplementations = (limit: number, names: string): string => {
  const formField = object({ reference: "f.field -> 'reference'", label: "f.field -> 'label'" });
  const answers = `(SELECT coalesce(json_agg(${object({ value: "i.answers -> (f.field ->> 'uuid')", formField })}), '[]')
    FROM form_revisions r, jsonb_array_elements(r.form_fields) f(field)
    WHERE r.tenant_id = $1 AND r.id = i.revision_id AND i.answers ? (f.field ->> 'uuid'))`;
  return connection(
    { node: object({ ...fields("i", names), formFieldAnswers: answers }) },
    `FROM form_implementations i WHERE i.tenant_id = $1 AND i.user_id = u.id
     ORDER BY i.created_at DESC, i.id DESC LIMIT ${limit}`,
  );
};
const assignedInternalUser = (names: string): string =>
  `(SELECT ${object(fields("a", names))} FROM users a WHERE a.tenant_id = $1 AND a.id = u.assigned_internal_user_id)`;
const answer = (data: Record<string, string>): string => `SELECT ${object({ data: object(data) })}::text AS answer`;

/** What is selected of a row's own. */
export const FIELDS = {
  wholeUser:
    "id guid name contactEmail type status username title forename surname tfaEnabled createdAt lastLogin onboardingDateCompleted inviteStatus inviteDateInvited inviteDateExpires inviteDateModified",
  implementation: "uuid status progress completedAt",
  listedUser: "id guid name type status contactEmail createdAt lastLogin inviteStatus",
  group: "id guid name description kind memberCount createdAt version",
  referencedUser: "id guid name type status contactEmail",
  updatedUser: "id guid name contactEmail title forename surname username version",
};

const W1: Workload = {
  title: "one user with its graph",
  goal: 0.25,
  document: `query ($guid: UUID!) {
    user(guid: $guid) {
      ${FIELDS.wholeUser}
      assignedInternalUser { id guid name contactEmail }
      classifications { edges { source validUntil node { id reference name } } }
      userGroups(first: 10) { edges { isSignatory joinedAt node { guid name kind } } }
      formImplementations(first: 10) {
        edges { node { ${FIELDS.implementation} formFieldAnswers { value formField { reference label } } } }
      }
    }
  }`,
  inputs: ({ tenantId, users }) =>
    users
      .filter(({ answers }) => answers === 10)
      .map(({ guid }) => ({ variables: { guid }, values: [tenantId, guid] })),
  statement: answer({
    user: `(SELECT ${object({
      ...fields("u", FIELDS.wholeUser),
      assignedInternalUser: assignedInternalUser("id guid name contactEmail"),
      classifications: classifications("source validUntil", "id reference name"),
      userGroups: groups(10, "guid name kind", fields("m", "isSignatory joinedAt")),
      formImplementations: formImplementations(10, FIELDS.implementation),
    })} FROM users u WHERE u.tenant_id = $1 AND u.id = $2)`,
  }),
};

export const PAGE = 20;

const HELD = "classifications { edges { validUntil node { id name } } }";
const RELATIONS = `${HELD} assignedInternalUser { id name } userGroups(first: 1) { edges { node { id name } } }`;

const listDocument = (variables = "", args = "", count = "", relations = RELATIONS): string =>
  `query ($first: Int!${variables}) {
    users(first: $first${args}) {
      ${count} edges { node { ${FIELDS.listedUser} ${relations} } }
      pageInfo { hasNextPage endCursor }
    }
  }`;

const held = { classifications: classifications("validUntil", "id name") };
const relations = { ...held, assignedInternalUser: assignedInternalUser("id name"), userGroups: groups(1, "id name") };

/** A page of 20 out of `page`, which has one row more when there are more. */
const listStatement = (
  page: string,
  count: Record<string, string> = {},
  related: Record<string, string> = relations,
): string =>
  `WITH ${page}, placed AS (SELECT *, row_number() OVER (ORDER BY sort_name, id) AS place FROM page)
  ${answer({
    users: object({
      ...count,
      edges: `(SELECT coalesce(json_agg(${object({ node: object({ ...fields("u", FIELDS.listedUser), ...related }) })} ORDER BY place), '[]') FROM placed u WHERE place <= ${PAGE})`,
      pageInfo: object({
        hasNextPage: `(SELECT count(*) > ${PAGE} FROM page)`,
        endCursor: `(SELECT ${base64url("json_build_array('users', (sort_name IS NULL)::int, sort_name, id, 0)::text")}
          FROM placed WHERE place <= ${PAGE} ORDER BY place DESC LIMIT 1)`,
      }),
    }),
  })}`;

const FIRST_PAGE = `page AS (SELECT * FROM users WHERE tenant_id = $1 ORDER BY sort_name, id LIMIT ${PAGE + 1})`;

const W2: Workload = {
  title: "20 users by name with relations",
  goal: 0.6,
  document: listDocument(),
  inputs: ({ tenantId }) => [{ variables: { first: PAGE }, values: [tenantId] }],
  statement: listStatement(FIRST_PAGE),
};

const W3: Workload = {
  title: "the same, deep in the list",
  goal: 0.61,
  document: listDocument(", $after: String", ", after: $after"),
  inputs: ({ tenantId, places }) =>
    places.map(({ cursor, sortName, guid }) => ({
      variables: { first: PAGE, after: cursor },
      values: [tenantId, sortName, guid],
    })),
  statement: listStatement(
    `page AS (SELECT * FROM users WHERE tenant_id = $1 AND (sort_name, id) > ($2, $3) ORDER BY sort_name, id LIMIT ${PAGE + 1})`,
  ),
};

const W4: Workload = {
  title: "searched, filtered, counted",
  // Within 1.1 of the limit.
  goal: 0.9,
  document: listDocument(", $search: String, $filter: UserFilter", ", search: $search, filter: $filter", "totalCount"),
  // What somebody has typed of a full name: the forename and the beginning of the surname.
  inputs: ({ tenantId, users }) =>
    users
      .filter(({ forename, surname }) => forename && surname)
      .slice(0, 500)
      .map(({ forename, surname }) => {
        const search = `${forename} ${surname!.slice(0, 3)}`.trim();
        return {
          variables: { first: PAGE, search, filter: { status: ["ACTIVE"], hasCompletedOnboarding: true } },
          values: [tenantId, containsPattern(normalise(search))],
        };
      }),
  statement: listStatement(
    `hit AS MATERIALIZED (SELECT id, sort_name FROM users WHERE tenant_id = $1 AND search_text LIKE $2
       AND status = 'ACTIVE' AND onboarding_date_completed IS NOT NULL),
     page AS (SELECT u.* FROM (SELECT id FROM hit ORDER BY sort_name, id LIMIT ${PAGE + 1}) h
       JOIN users u ON u.tenant_id = $1 AND u.id = h.id)`,
    { totalCount: "(SELECT count(*) FROM hit)" },
  ),
};

const groupsStatement = (members: Record<string, string>): string =>
  answer({
    userGroups: object({
      nodes: `(SELECT coalesce(json_agg(${object({ ...fields("g", FIELDS.group), ...members })} ORDER BY g.name_norm, g.id), '[]')
        FROM (SELECT * FROM user_groups WHERE tenant_id = $1 ORDER BY name_norm, id LIMIT 100) g)`,
    }),
  });
const members = (related: Record<string, string>): Record<string, string> => ({
  members: connection(
    {
      ...fields("m", "isSignatory joinedAt"),
      isLead: "g.lead_user_id IS NOT DISTINCT FROM u.id",
      node: object({ ...fields("u", "id name contactEmail"), ...related }),
    },
    `FROM group_members m JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id
     WHERE m.tenant_id = $1 AND m.group_id = g.id ORDER BY u.sort_name, u.id LIMIT 10`,
  ),
});

const W5: Workload = {
  title: "100 groups, 10 members each",
  goal: 0.59,
  memoryGoal: 300,
  document: exampleOperations("schema/operations").find(({ name }) => name === "GroupsWithMembers")!.document,
  inputs: ({ tenantId }) => [{ variables: { first: 100, members: 10 }, values: [tenantId] }],
  statement: groupsStatement(members({ classifications: classifications("validUntil", "id name", 10) })),
};

const REFERENCES = 100;

const W6: Workload = {
  title: "100 entity references",
  goal: 0.65,
  document: `query ($representations: [_Any!]!) {
    _entities(representations: $representations) {
      ... on User {
        ${FIELDS.referencedUser}
        classifications { edges { validUntil node { id name } } }
        assignedInternalUser { id name }
      }
    }
  }`,
  inputs: ({ tenantId, users }) =>
    Array.from({ length: Math.floor(users.length / REFERENCES) }, (_, index) => {
      const guids = users.slice(index * REFERENCES, (index + 1) * REFERENCES).map(({ guid }) => guid);
      const representations = guids.map((guid) => ({ __typename: "User", guid }));
      return { variables: { representations }, values: [tenantId, guids] };
    }),
  statement: answer({
    _entities: `(SELECT json_agg(${object({
      ...fields("u", FIELDS.referencedUser),
      classifications: classifications("validUntil", "id name"),
      assignedInternalUser: assignedInternalUser("id name"),
    })} ORDER BY k.place)
      FROM unnest($2::uuid[]) WITH ORDINALITY k(id, place) JOIN users u ON u.tenant_id = $1 AND u.id = k.id)`,
  }),
};

const W7: Workload = {
  title: "update a user's name",
  goal: 0.7,
  document: `mutation ($input: UpdateUserInput!) {
    updateUser(input: $input) { user { ${FIELDS.updatedUser} } errors { code message field } }
  }`,
  // First every user one name, then every user the other, and none that an earlier run has left: each request changes
  // something when they are sent in turn.
  inputs: ({ tenantId, administrator, users }) => {
    const run = Date.now().toString(36);
    return ["Alexandra Bench", "Dominik Probe"].flatMap((name) =>
      users.slice(0, 2000).map((user, index) => {
        const [forename, surname] = `${name}-${run}-${index}`.split(" ");
        const { sortName, searchText } = User.derive({ ...user, forename, surname });
        return {
          variables: { input: { userId: toGlobalId("User", user.guid), forename, surname } },
          values: [tenantId, user.guid, forename, surname, sortName, searchText, administrator],
        };
      }),
    );
  },
  statement: `WITH u AS (
      UPDATE users SET forename = $3, surname = $4, sort_name = $5, search_text = $6, version = version + 1, updated_at = now()
      WHERE tenant_id = $1 AND id = $2 RETURNING new.*, old.forename AS old_forename, old.surname AS old_surname),
    event AS (
      INSERT INTO audit_events (tenant_id, id, operation, actor_kind, actor_id, target_type, target_id, changes, request_id)
      SELECT $1, uuidv7(), 'updateUser', 'USER', $7, 'User', u.id, jsonb_build_array(jsonb_build_object(
        'type', 'User', 'id', u.id, 'action', 'UPDATE', 'fields', jsonb_build_object(
          'forename', jsonb_build_array(u.old_forename, u.forename), 'surname', jsonb_build_array(u.old_surname, u.surname)))),
        gen_random_uuid() FROM u)
    ${answer({ updateUser: object({ user: object(fields("u", FIELDS.updatedUser)), errors: "'[]'::json" }) })} FROM u`,
};

/** The steps to W2 and to W5, each a level of nesting. */
const N1: Workload = {
  title: "20 users",
  document: listDocument("", "", "", ""),
  inputs: W2.inputs,
  statement: listStatement(FIRST_PAGE, {}, {}),
};
const N2: Workload = {
  title: "20 users with classifications",
  document: listDocument("", "", "", HELD),
  inputs: W2.inputs,
  statement: listStatement(FIRST_PAGE, {}, held),
};
const groupsDocument = (related: string): string =>
  `query ($first: Int!) { userGroups(first: $first) { nodes { ${FIELDS.group} ${related} } } }`;
const N3: Workload = {
  title: "100 groups",
  document: groupsDocument(""),
  inputs: ({ tenantId }) => [{ variables: { first: 100 }, values: [tenantId] }],
  statement: groupsStatement({}),
};
const N4: Workload = {
  title: "100 groups with members only",
  document: groupsDocument(
    "members(first: 10) { edges { isSignatory joinedAt isLead node { id name contactEmail } } }",
  ),
  inputs: N3.inputs,
  statement: groupsStatement(members({})),
};

export const workloads = { W1, W2, W3, W4, W5, W6, W7, N1, N2, N3, N4 } as const satisfies Record<string, Workload>;
export type WorkloadName = keyof typeof workloads;
