import { Kind, type OperationDefinitionNode, parse } from "graphql";
import type { OperationExtension } from "../../src/kit/index.js";
import { apiSchema } from "../../src/schema.js";
import { type Answer, examples } from "../harness/index.js";
import { CALLS } from "./calls.js";
import { pages, TARGETS } from "./places.js";
import { requestOf } from "./request.js";
import { type Fate, type Role, rolesOf, TABLE } from "./roles.js";
import { snapshotOf } from "./snapshot.js";
import { listed, stage } from "./stage.js";

const here = await stage();
const { scene, others, server, faults, theirs } = here;
const roles = await rolesOf(server, scene, others);
const schema = apiSchema({ nodeFields: true });

/** One request, whoever sends it. */
interface Request {
  key: string;
  document: string;
  variables: object;
  /** What is answered to it. */
  within: (data: any) => unknown;
}

const fields = [schema.getQueryType()!, schema.getMutationType()!].flatMap((type) =>
  Object.values(type.getFields()).map((field) => ({ ...field, key: `${type.name}.${field.name}` })),
);

/** Each field of the root, in the first document of schema/operations that can be sent with one of its calls. */
const atTheRoot = fields.map(({ key, name, args }): Request => {
  const paged = args.some((one) => one.name === "after");
  const calls = paged ? [() => ({ first: 50 }), () => ({})] : (CALLS[key] ?? [() => ({})]);
  for (const { document } of examples) {
    const { selectionSet, variableDefinitions = [] } = parse(document).definitions.find(
      (one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION,
    )!;
    if (!selectionSet.selections.some((one) => one.kind === Kind.FIELD && one.name.value === name)) continue;
    const known = variableDefinitions.map(({ variable }) => variable.name.value);
    const variables = calls
      .map((call): Record<string, unknown> => call(scene, 0))
      .find((one) => Object.keys(one).every((given) => known.includes(given)));
    if (variables) return { key, document, variables, within: (data) => data[name] };
  }
  throw new Error(`No document of schema/operations can be sent with a call of ${key}.`);
});

/** What a field of an object answers, without the objects around it. */
function innermost(data: unknown): unknown {
  const values = typeof data === "object" && data !== null && !("edges" in data) ? Object.values(data) : [];
  return values.length === 1 ? innermost(values[0]) : data;
}

/** The fields of objects that have arguments. */
const below = TARGETS.filter(({ parent }) => !["Query", "Mutation"].includes(parent)).map((target): Request => {
  const call = pages(target) ? { first: 50 } : CALLS[target.key]![0]!(scene, 0);
  return { key: target.key, ...requestOf(target, scene, [call]), within: ({ a0 }) => innermost(a0) };
});

const requests: Request[] = [
  ...atTheRoot,
  ...below,
  {
    key: "Query._entities",
    document: "query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { name } } }",
    variables: { of: [{ __typename: "User", guid: scene.member.guid }] },
    within: (data) => data._entities,
  },
  {
    key: "User.preferenceGate",
    document: "query ($guid: UUID!) { user(guid: $guid) { preferenceGate { blocked } } }",
    variables: { guid: scene.member.guid },
    within: ({ user }) => user?.preferenceGate,
  },
];

test("the table has every operation, and every field with arguments", () => {
  expect(requests.map(({ key }) => key).toSorted()).toEqual(Object.keys(TABLE).toSorted());
});

test.each(fields.map((field) => [field.key, field] as const))(
  "%s is open to whom domain.md says",
  (key, { extensions }) => {
    const { allow } = extensions.operation as OperationExtension;
    const { who, anonymous } = TABLE[key]!;
    expect(Boolean(allow.anonymous)).toBe(Boolean(anonymous));
    const known = roles.filter(({ lockedOut }) => !lockedOut);
    const open = (test: (role: Role) => boolean): string[] => known.filter(test).map(({ name }) => name);
    expect(open(({ viewer }) => allow.test(viewer))).toEqual(open(who));
  },
);

/** What the table says. */
function expected({ key }: Request, role: Role): Fate | "UNAUTHENTICATED" {
  const { who, fates, foreign, anonymous } = TABLE[key]!;
  if (role.viewer.kind === "ANONYMOUS" && anonymous) return "ok";
  if (role.lockedOut) return "UNAUTHENTICATED";
  if (role.foreign) return foreign;
  return who(role) ? fates.find(([test]) => test(role))![1] : "FORBIDDEN";
}

const isWrite = ({ key }: Request): boolean => key.startsWith("Mutation.");

/** How many of a list are told in full; null when it is no list. */
function count({ within }: Request, { data }: Answer): number | null {
  const answered = within(data) as { edges?: { node: unknown }[]; nodes?: unknown[] } | null;
  const list = answered?.edges?.map(({ node }) => node) ?? answered?.nodes;
  return list ? list.filter((one) => one !== null).length : null;
}

/** How many there are: what the administrator sees, who holds all permissions. */
const most = new Map<string, number | null>();
for (const request of requests.filter((one) => !isWrite(one))) {
  most.set(request.key, count(request, await scene.admin.send(request.document, request.variables)));
}

/** What it came to. */
function fateOf(request: Request, { foreign }: Role, answer: Answer): string {
  const { key, within } = request;
  const codes = (errors: string[]): string => [...new Set(errors)].join();
  if (answer.errors) return codes(answer.errors.map(({ extensions }) => extensions.code));
  if (isWrite(request)) return codes((within(answer.data) as any).errors.map(({ code }: any) => code)) || "ok";
  const all = most.get(key)!;
  if (all === null) return listed(within(answer.data)).length > 0 ? "ok" : "none";
  // A list of one's own tenant is none of this one's.
  const known = foreign && !answer.body.includes(scene.mark) ? 0 : (count(request, answer) ?? 0);
  return known === 0 ? "none" : known === all ? "all" : "some";
}

test.each(roles.map((role) => [role.name, role] as const))("%s", async (_name, role) => {
  const { keeper, caller, foreign } = role;
  if (keeper) await permit(keeper);
  const ours = await snapshotOf(server, scene.here.id);
  const wrong: string[] = [];
  const ask = async (request: Request): Promise<string> => {
    const answer = await caller.send(request.document, request.variables);
    const fate = fateOf(request, role, answer);
    const due = expected(request, role);
    if (fate !== due) wrong.push(`${request.key}: ${fate} instead of ${due}`);
    // Whoever holds an invitation's token is told whom it invites.
    const told = !TABLE[request.key]!.anonymous && answer.body.includes((foreign ? scene : others).mark);
    if (answer.status >= 500 || told) wrong.push(`${request.key}: ${answer.body}`);
    return fate;
  };
  const succeeds = (request: Request): boolean => isWrite(request) && expected(request, role) === "ok";
  for (const request of requests.filter((one) => !succeeds(one))) await ask(request);
  expect([await ours.changed(), await theirs.changed()]).toEqual([[], []]);
  for (const request of requests.filter(succeeds)) {
    await ask(request);
    const changed = [...(await ours.restore()), ...(foreign ? await theirs.restore() : [])];
    if (changed.length === 0) wrong.push(`${request.key}: changed nothing`);
  }
  expect(wrong).toEqual([]);
  expect(faults.splice(0)).toEqual([]);
  expect(await theirs.changed()).toEqual([]);
});

/** What the member of staff may do from now on. */
const permit = (permissions: readonly string[]): Promise<unknown> =>
  server.database.sql("UPDATE roles SET permissions = $3 WHERE tenant_id = $1 AND id = $2", [
    scene.here.id,
    scene.keeperRole.guid,
    permissions,
  ]);
