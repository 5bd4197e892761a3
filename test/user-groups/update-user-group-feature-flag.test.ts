import { harness, operations, outcomes } from "../harness/index.js";
import { atOnce, eventsOf, family, readGroup, UNKNOWN, whoMay, type Family } from "./family.js";

const server = await harness();
const document = operations.UpdateUserGroupFeatureFlag!;
const flagged = async () => {
  const of = await family(server);
  await of.here.flag("markets");
  return of;
};
const set = ({ here, group }: Family, enabled: boolean, flag = "markets") =>
  here.refusals(here.admin, document, { groupId: group.id, flag, enabled });
const ON =
  'query ($guid: UUID!) { userGroup(guid: $guid) { on: featureEnabled(key: "markets") featureFlags { totalCount } } }';
const isOn = async ({ here, group }: Family): Promise<boolean> =>
  (await here.admin.ask(ON, { guid: group.guid })).userGroup.on;

describe("is for administrators and services", () => {
  const input = ({ group }: Family) => ({ groupId: group.id, flag: "markets", enabled: true });
  whoMay(server, document, input, {
    // In a tenant without flags.
    "an administrator": ["UNKNOWN_FEATURE_FLAG input.flag"],
    "a service with the permission": ["UNKNOWN_FEATURE_FLAG input.flag"],
    "an internal member": "FORBIDDEN",
    "the group's lead": "FORBIDDEN",
    "an internal user in the lead's session": "FORBIDDEN",
    "another group's lead": "FORBIDDEN",
    "a member": "FORBIDDEN",
    "a client in no group": "FORBIDDEN",
  });
});

test("turns a flag on and off, for that group alone, and answers with the flags as they are", async () => {
  const of = await flagged();
  const { here, group, otherGroup } = of;
  for (const enabled of [true, false]) {
    const input = { groupId: group.guid, flag: "markets", enabled };
    const { updateUserGroupFeatureFlag } = await here.admin.ask(document, { input });
    expect(updateUserGroupFeatureFlag).toMatchObject({
      errors: [],
      userGroup: { id: group.id, version: 1, featureFlags: { nodes: enabled ? [{ key: "markets" }] : [] } },
    });
    expect([await isOn(of), await isOn({ ...of, group: otherGroup })]).toEqual([enabled, false]);
  }
});

test("setting it to what it is succeeds and changes nothing", async () => {
  const of = await flagged();
  expect(await set(of, false)).toEqual([]);
  expect(await set(of, true)).toEqual([]);
  const { group_feature_flags: before } = await of.here.contents();
  expect(await set(of, true)).toEqual([]);
  expect((await of.here.contents()).group_feature_flags).toEqual(before);
  expect(before).toHaveLength(1);
});

test("each leaves one event about the group", async () => {
  const of = await flagged();
  for (const enabled of [true, true, false]) expect(await set(of, enabled)).toEqual([]);
  expect(await eventsOf(of.here)).toEqual([
    ["updateUserGroupFeatureFlag", of.group.guid, "CREATE GroupFeatureFlag flagId,groupId"],
    ["updateUserGroupFeatureFlag", of.group.guid],
    ["updateUserGroupFeatureFlag", of.group.guid, expect.stringMatching("^DELETE GroupFeatureFlag")],
  ]);
});

test("refuses a flag that the tenant does not know", async () => {
  const of = await flagged();
  await (await server.tenant()).flag("elsewhere");
  for (const flag of ["elsewhere", "MARKETS", "", "market%", "x".repeat(10_000)]) {
    expect(await set(of, true, flag)).toEqual(["UNKNOWN_FEATURE_FLAG input.flag"]);
    expect(await set(of, false, flag)).toEqual(["UNKNOWN_FEATURE_FLAG input.flag"]);
  }
});

test("refuses a group that is not there", async () => {
  const of = await flagged();
  expect(await set({ ...of, group: { id: UNKNOWN, guid: UNKNOWN } }, true)).toEqual(["NOT_FOUND input.groupId"]);
});

test("the flags of a group are listed by key with the time since when, for whoever sees the group", async () => {
  const of = await flagged();
  await of.here.flag("alpha");
  await of.here.flag("off");
  const from = new Date().toISOString();
  for (const flag of ["markets", "alpha"]) expect(await set(of, true, flag)).toEqual([]);
  for (const caller of [of.here.admin, of.lead, of.member]) {
    const { edges } = (await readGroup(caller, of.group))!.featureFlags;
    expect(edges.map(({ node }: any) => node.key)).toEqual(["alpha", "markets"]);
    for (const { enabledAt } of edges) expect(enabledAt >= from).toBe(true);
  }
});

test("of 20 who turn it on and off at once, all succeed", async () => {
  const of = await flagged();
  const answers = await atOnce(20, (i) =>
    of.here.admin.ask(document, { input: { groupId: of.group.id, flag: "markets", enabled: i % 2 === 0 } }),
  );
  expect(outcomes(answers).join("")).toBe("");
  expect((await of.here.contents()).group_feature_flags!.length).toBe((await isOn(of)) ? 1 : 0);
});
