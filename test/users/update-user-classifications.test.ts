import { ClassificationSource, UserStatus, UserType } from "../../src/users/index.js";
import { harness, operations, problems, type Person } from "../harness/index.js";

const { tenant } = await harness();
const document = operations.UpdateUserClassifications!;
const FUTURE = "2999-01-01T00:00:00.000Z";
const PAST = "2020-01-01T00:00:00.000Z";
const UNKNOWN = "00000000-0000-7000-8000-000000000000";

/** An investor, three classifications, and what the investor holds as [name, source, validUntil]. */
async function scene(values: Parameters<Awaited<ReturnType<typeof tenant>>["user"]>[0] = {}) {
  const here = await tenant();
  const user = await here.user(values);
  const [a, b, c] = [await here.classification("A"), await here.classification("B"), await here.classification("C")];
  return {
    here,
    user,
    a,
    b,
    c,
    give: (classifications: object[], by: Person = here.admin) =>
      here.refusals(by, document, { userId: user.id, classifications }),
    held: async () => {
      const { edges } = (await here.read(user)).classifications;
      return edges.map((edge: Record<string, any>) => [edge.node.name, edge.source, edge.validUntil]);
    },
  };
}

test("sets the whole set: adds, keeps, changes and takes away", async () => {
  const { give, held, a, b, c } = await scene();
  expect(await give([{ classificationId: a.id }, { classificationId: b.id, validUntil: FUTURE }])).toEqual([]);
  expect(await held()).toEqual([
    ["A", "MANUAL", null],
    ["B", "MANUAL", FUTURE],
  ]);
  expect(await give([{ classificationId: b.id, validUntil: null }, { classificationId: c.guid }])).toEqual([]);
  expect(await held()).toEqual([
    ["B", "MANUAL", null],
    ["C", "MANUAL", null],
  ]);
  expect(await give([])).toEqual([]);
  expect(await held()).toEqual([]);
});

test("giving the same set again changes nothing", async () => {
  const { here, user, give, a } = await scene();
  expect(await give([{ classificationId: a.id, validUntil: FUTURE }])).toEqual([]);
  const { user_classifications: before } = await here.contents();
  expect(await give([{ classificationId: a.id, validUntil: "2999-01-01T01:00:00+01:00" }])).toEqual([]);
  const { user_classifications: after } = await here.contents();
  expect(after).toEqual(before);
  expect(after).toHaveLength(1);
  expect((await here.read(user)).version).toBe(1);
});

test("automatic ones stay, and become manual when they are named", async () => {
  const { here, user, give, held, a, b } = await scene();
  await here.classify(user, a, null, ClassificationSource.AUTOMATIC);
  await here.classify(user, b, null, ClassificationSource.AUTOMATIC);
  expect(await give([{ classificationId: b.id, validUntil: FUTURE }])).toEqual([]);
  expect(await held()).toEqual([
    ["A", "AUTOMATIC", null],
    ["B", "MANUAL", FUTURE],
  ]);
  expect(await give([])).toEqual([]);
  expect(await held()).toEqual([["A", "AUTOMATIC", null]]);
});

test("an expired one is given anew", async () => {
  const { here, user, give, held, a } = await scene();
  await here.classify(user, a, PAST);
  expect(await held()).toEqual([]);
  expect(await give([{ classificationId: a.id, validUntil: FUTURE }])).toEqual([]);
  expect(await held()).toEqual([["A", "MANUAL", FUTURE]]);
});

test("refuses a classification named twice, unknown, or already past, at its place in the list", async () => {
  const { give, a, b } = await scene();
  expect(await give([{ classificationId: a.id }, { classificationId: b.id }, { classificationId: a.guid }])).toEqual([
    "DUPLICATED_INPUT_ITEM input.classifications.2.classificationId",
  ]);
  expect(await give([{ classificationId: a.id }, { classificationId: UNKNOWN }])).toEqual([
    "UNKNOWN_CLASSIFICATION input.classifications.1.classificationId",
  ]);
  expect(await give([{ classificationId: a.id, validUntil: PAST }])).toEqual([
    "INVALID input.classifications.0.validUntil",
  ]);
});

test("holds 50 and not one more", async () => {
  const { here, give, held } = await scene();
  const all = [];
  for (let i = 0; i < 51; i++) all.push({ classificationId: (await here.classification(`Many ${i}`, `m${i}`)).id });
  expect(await give(all)).toEqual(["INVALID input.classifications"]);
  expect(await give(all.slice(1))).toEqual([]);
  expect(await held()).toHaveLength(15);
});

test.each([UserType.ENTREPRENEUR, UserType.INTERNAL])("only investors are classified, not %s", async (type) => {
  const { give, a } = await scene({ type });
  expect(await give([{ classificationId: a.id }])).toEqual(["USER_TYPE_MISMATCH input.userId"]);
});

test("a revoked account cannot be changed", async () => {
  const { give, a } = await scene({ status: UserStatus.REVOKED });
  expect(await give([{ classificationId: a.id }])).toEqual(["INVALID_TRANSITION input.userId"]);
});

test("an internal member classifies their own clients only", async () => {
  const { here, give, a } = await scene();
  const member = await here.internal(["users.read", "users.write"]);
  const client = await here.user({ assignedInternalUserId: member.guid });
  const classifications = [{ classificationId: a.id }];
  expect(await here.refusals(member, document, { userId: client.id, classifications })).toEqual([]);
  expect(await give(classifications, member)).toEqual(["NOT_ASSIGNED_TO_YOU input.userId"]);
});

test("an unknown user is not found", async () => {
  const here = await tenant();
  expect(await here.refusals(here.admin, document, { userId: UNKNOWN, classifications: [] })).toEqual([
    "NOT_FOUND input.userId",
  ]);
});

test("a malformed id or date is BAD_USER_INPUT at its place", async () => {
  const { here, user, a } = await scene();
  const before = await here.contents();
  const ask = async (item: object) =>
    problems(await here.admin.send(document, { input: { userId: user.id, classifications: [item] } }));
  const id = "BAD_USER_INPUT input.classifications.0.classificationId";
  expect(await ask({ classificationId: "no id" })).toEqual([id]);
  expect(await ask({ classificationId: user.id })).toEqual([id]);
  const date = "BAD_USER_INPUT input.classifications.0.validUntil";
  for (const validUntil of [
    "tomorrow",
    "2999-02-30T00:00:00Z",
    "2999-01-01",
    "2999-01-01T24:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
  ]) {
    expect(await ask({ classificationId: a.id, validUntil })).toEqual([date]);
  }
  expect(await here.contents()).toEqual(before);
});

test("of sets that are given at once, one stands whole", async () => {
  const { here, user, held, a, b, c } = await scene();
  const sets = [[a, b], [b, c], [c]].map((set) => set.map(({ id }) => ({ classificationId: id })));
  const asks = [...sets, ...sets].map((classifications) =>
    here.admin.ask(document, { input: { userId: user.id, classifications } }),
  );
  for (const { updateUserClassifications } of await Promise.all(asks)) {
    expect(updateUserClassifications.errors).toEqual([]);
  }
  const names = (await held()).map(([name]: [string]) => name).join("");
  expect(["AB", "BC", "C"]).toContain(names);
});
