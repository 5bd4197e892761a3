import { v7 as uuidv7 } from "uuid";
import { UserStatus, UserType } from "../../src/users/index.js";
import { toGlobalId } from "../../src/kit/index.js";
import { operations, type Caller, type Harness, type TestTenant } from "./index.js";

/** Two tenants whose data have the same guids and e-mail addresses, and whose texts all carry their tenant's own mark. */
export interface Twin {
  here: TestTenant;
  mark: string;
  /** Everybody who can ask, from the administrator to a plain investor. */
  callers: Record<string, Caller>;
}

type Guids = Record<"staff" | "lead" | "member" | "investor" | "group" | "classification", string>;

export async function twins(harness: Harness): Promise<[Twin, Twin]> {
  const guids: Guids = {
    staff: uuidv7(),
    lead: uuidv7(),
    member: uuidv7(),
    investor: uuidv7(),
    group: uuidv7(),
    classification: uuidv7(),
  };
  return [await twin(harness, "Alphamark", guids), await twin(harness, "Betamark", guids)];
}

async function twin(harness: Harness, mark: string, guids: Guids): Promise<Twin> {
  const here = await harness.tenant();
  const person = (name: "lead" | "member" | "investor") =>
    here.user({
      guid: guids[name],
      forename: mark,
      surname: name,
      contactEmail: `${name}@example.com`,
      assignedInternalUserId: guids.staff,
    });
  await here.user({
    guid: guids.staff,
    type: UserType.INTERNAL,
    status: UserStatus.ACTIVE,
    surname: mark,
    contactEmail: "staff@example.com",
  });
  const [lead, member, investor] = [await person("lead"), await person("member"), await person("investor")];
  await here.group({ guid: guids.group, name: `${mark} group`, lead, members: [member] });
  await here.classify(investor, await here.classification(`${mark} label`, mark, guids.classification));
  await here.admin.ask(operations.UpdateUser!, { input: { userId: investor.id, title: mark } });
  const service = await here.service("users.read", "groups.read", "audit.read");
  return { here, mark, callers: { administrator: here.admin, service, lead, member, investor } };
}

const FIELDS = `
  fragment UserFields on User { id guid name contactEmail version isUserGroupLead isUserGroupMember
    assignedInternalUser { id name }
    classifications { totalCount nodes { id name reference } }
    userGroups { totalCount edges { joinedAt node { id name leadUser { id name } } } } }
`;
const ANY = `
  fragment Any on Node { id ...UserFields ... on UserGroup { label: name leadUser { name } } ... on Classification { label: name } }`;

/** Root field -> the documents that ask it for everything. A test sees to it that no root field is missing. */
export const QUESTIONS: Record<string, string[]> = {
  me: ["{ me { ...UserFields } }"],
  user: [
    "query ($guid: UUID) { user(guid: $guid) { ...UserFields } }",
    "query ($id: ID) { user(id: $id) { ...UserFields } }",
  ],
  node: ["query ($id: ID!) { node(id: $id) { ...Any } }"],
  nodes: ["query ($ids: [ID!]!) { nodes(ids: $ids) { ...Any } }"],
  users: [
    "{ users(first: 100) { totalCount nodes { ...UserFields } } }",
    "{ users(last: 100, orderBy: { field: EMAIL }) { totalCount edges { cursor node { ...UserFields } } } }",
    "query ($search: String) { users(search: $search) { totalCount nodes { ...UserFields } } }",
    "query ($guid: String) { users(search: $guid) { totalCount nodes { ...UserFields } } }",
    "{ users(filter: { isUserGroupMember: true }) { totalCount nodes { ...UserFields } } }",
    "{ users(filter: { isUserGroupLead: false }) { totalCount nodes { ...UserFields } } }",
    "query ($labels: [ID!]) { users(filter: { classifications: $labels }) { totalCount nodes { ...UserFields } } }",
  ],
  classifications: ["{ classifications { totalCount nodes { id name reference } } }"],
  auditEvents: ["{ auditEvents { totalCount nodes { operation targetId actorId changes } } }"],
  _entities: [
    "query ($representations: [_Any!]!) { _entities(representations: $representations) { ...UserFields ... on UserGroup { id label: name leadUser { name } } } }",
  ],
};

/** The answers that a caller of one tenant gets to every question about the guids that both tenants have. */
async function answers({ here, mark }: Twin, caller: Caller, other: string): Promise<string[]> {
  const { investor, member, lead, group, classification } = await guidsOf(here);
  const about = [investor, member, lead].map((guid) => ({ guid, id: toGlobalId("User", guid!) }));
  const found: string[] = [];
  for (const question of Object.values(QUESTIONS).flat()) {
    const document = question + fragmentsOf(question);
    for (const { guid, id } of question.includes("$guid") || question.includes("$id:") ? about : [about[0]!]) {
      for (const search of question.includes("$search") ? [mark, other] : [mark]) {
        const { body } = await caller.send(document, {
          guid,
          id,
          search,
          ids: [
            ...about.map((one) => one.id),
            toGlobalId("UserGroup", group!),
            toGlobalId("Classification", classification!),
          ],
          labels: [toGlobalId("Classification", classification!)],
          representations: [
            ...about.flatMap((one) => [
              { __typename: "User", guid: one.guid },
              { __typename: "User", id: one.id },
            ]),
            { __typename: "UserGroup", guid: group },
          ],
        });
        found.push(body);
      }
    }
  }
  return found;
}

const fragmentsOf = (question: string): string =>
  question.includes("...Any") ? FIELDS + ANY : question.includes("...UserFields") ? FIELDS : "";

async function guidsOf(here: TestTenant): Promise<Record<string, string>> {
  const { users, group_members, classifications } = await here.rows();
  const guid = (email: string) => users!.find((user) => user.contact_email === `${email}@example.com`)!.id as string;
  return {
    investor: guid("investor"),
    member: guid("member"),
    lead: guid("lead"),
    group: group_members![0]!.group_id as string,
    classification: classifications![0]!.id as string,
  };
}

/** What anybody in one tenant learns of the other, as "who: answer"; nothing, when the walls hold. */
export async function leaks(harness: Harness): Promise<string[]> {
  const [one, two] = await twins(harness);
  const found: string[] = [];
  for (const [mine, theirs] of [
    [one, two],
    [two, one],
  ] as const) {
    const { users, classifications, audit_events } = await mine.here.rows();
    const most = Math.max(users!.length, classifications!.length, audit_events!.length);
    for (const [who, caller] of Object.entries(mine.callers)) {
      const bodies = await answers(mine, caller, theirs.mark);
      // The control of every round: there was something to see.
      expect(bodies.join()).toContain(mine.mark);
      expect(bodies.filter((body) => /INTERNAL_SERVER_ERROR|GRAPHQL_|BAD_USER_INPUT/.test(body))).toEqual([]);
      for (const body of bodies) {
        const counts = [...body.matchAll(/"totalCount":(\d+)/g)].map(([, count]) => Number(count));
        if (body.includes(theirs.mark) || Math.max(0, ...counts) > most) found.push(`${who}: ${body}`);
      }
    }
  }
  return found;
}

/** What a write in one tenant changes in the other, by guids that both have; nothing, when the walls hold. */
export async function strayWrites(harness: Harness): Promise<string[]> {
  const [{ here }, { here: there }] = await twins(harness);
  const { investor, classification } = await guidsOf(here);
  const before = await there.contents();
  const write = (document: string, input: object): Promise<unknown> => here.admin.ask(document, { input });
  await write(operations.UpdateUser!, { userId: investor, forename: "Written" });
  await write(operations.UpdateUserClassifications!, { userId: investor, classifications: [] });
  await write(operations.UpdateUserClassifications!, {
    userId: investor,
    classifications: [{ classificationId: classification }],
  });
  await write(operations.SuspendUser!, { userId: investor });
  await write(operations.ReactivateUser!, { userId: investor });
  await write(operations.RevokeUser!, { userId: investor });
  expect(await here.read({ guid: investor! })).toMatchObject({ forename: "Written", status: "REVOKED" });
  const after = await there.contents();
  return Object.keys(before).filter((table) => before[table]!.join() !== after[table]!.join());
}
