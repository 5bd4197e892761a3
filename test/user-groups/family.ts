import type { Caller, Harness, Person, TestTenant } from "../harness/index.js";
import { operations, problems } from "../harness/index.js";

export const UNKNOWN = "00000000-0000-7000-8000-000000000000";

/** A group of clients with everybody who may come near it, and another group next door. */
export interface Family {
  here: TestTenant;
  group: { guid: string; id: string };
  /** The lead and the members have the middle one. */
  roles: Record<"low" | "middle" | "high", { guid: string; id: string }>;
  lead: Person;
  member: Person;
  signatory: Person;
  otherGroup: { guid: string; id: string };
  otherLead: Person;
  otherMember: Person;
  /** A client in no group. */
  client: Person;
}

export async function family({ tenant }: Harness): Promise<Family> {
  const here = await tenant();
  const person = (surname: string): Promise<Person> => here.user({ surname });
  const [lead, member, signatory] = [await person("Lead"), await person("Member"), await person("Signatory")];
  const [otherLead, otherMember, client] = [await person("Other Lead"), await person("Other"), await person("Client")];
  const roles = {
    low: await here.role({ name: "Low", rank: 1 }),
    middle: await here.role({ name: "Middle", rank: 2 }),
    high: await here.role({ name: "High", rank: 3 }),
  };
  const roleId = roles.middle.guid;
  const group = await here.group({ name: "Family", lead, members: [member], signatories: [signatory], roleId });
  const otherGroup = await here.group({ name: "Neighbours", lead: otherLead, members: [otherMember], roleId });
  return { here, group, roles, lead, member, signatory, otherGroup, otherLead, otherMember, client };
}

const CALLERS = {
  "an administrator": ({ here }) => here.admin,
  "a service with the permission": ({ here }) => here.service("users.read", "groups.write"),
  "an internal member": ({ here }) => here.internal(["users.read", "groups.write"]),
  "the group's lead": ({ lead }) => lead,
  "an internal user in the lead's session": ({ here, lead, group }) => here.actingAs(here.admin, lead, group),
  "another group's lead": ({ otherLead }) => otherLead,
  "a member": ({ member }) => member,
  "a client in no group": ({ client }) => client,
} satisfies Record<string, (of: Family) => Caller | Promise<Caller>>;

/** Who asks -> what the write refuses them with; "FORBIDDEN" for those to whom it is closed altogether. */
export type Verdicts = Record<keyof typeof CALLERS, string[] | "FORBIDDEN">;

/** Who may call a write: each of these asks the same of a family of their own. */
export function whoMay(server: Harness, document: string, input: (of: Family) => object, verdicts: Verdicts): void {
  test.each(Object.entries(verdicts))("%s is answered %j", async (who, verdict) => {
    const of = await family(server);
    const caller = await CALLERS[who as keyof typeof CALLERS](of);
    if (verdict !== "FORBIDDEN") {
      expect(await of.here.refusals(caller, document, input(of))).toEqual(verdict);
      return;
    }
    const before = await of.here.contents();
    expect(problems(await caller.send(document, { input: input(of) }))).toEqual(["FORBIDDEN"]);
    expect(await of.here.contents()).toEqual(before);
  });
}

/** Whoever sees a member by name alone is told nothing else: all the rest is null. */
export interface Member {
  name: string;
  isLead: boolean;
  isSignatory: boolean;
  joinedAt: string;
  role: { id: string; name: string } | null;
  node: { guid: string; contactEmail: string } | null;
}

/** The group as a caller sees it, with its members by guid; null when they do not see it. */
export async function readGroup(caller: Caller, group: { guid: string }): Promise<Record<string, any> | null> {
  return (await caller.ask(operations.UserGroupWithMembers!, { guid: group.guid, first: 100 })).userGroup;
}

/** The members of a group, by guid, as the administrator sees them. */
export async function membersOf({ admin }: TestTenant, group: { guid: string }): Promise<Map<string, Member>> {
  const { members } = (await readGroup(admin, group))!;
  return new Map(members.edges.map((edge: Member) => [edge.node!.guid, edge]));
}

/** The tenant's audit events: operation, target, and each thing changed as "UPDATE UserGroup name,leadUserId". */
export async function eventsOf(here: TestTenant): Promise<[operation: string, target: string, ...changes: string[]][]> {
  const { audit_events } = await here.rows();
  return audit_events!.map(({ operation, target_id, changes }) => [
    operation as string,
    target_id as string,
    ...(changes as { type: string; action: string; fields: object }[]).map(
      ({ type, action, fields }) => `${action} ${type} ${Object.keys(fields).toSorted().join()}`,
    ),
  ]);
}

/** Whatever a test of this file did: every group's number of members is how many there are. */
export function countsHold({ database }: Harness): void {
  afterEach(async () => {
    const wrong = await database.sql(
      `SELECT g.name, g.member_count, m.count FROM user_groups g CROSS JOIN LATERAL (SELECT count(*)::int FROM group_members m
         WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id) m WHERE m.count <> g.member_count`,
    );
    expect(wrong).toEqual([]);
  });
}

/** As many asks at once as the name says. */
export const atOnce = <T>(count: number, ask: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => ask(index)));
