import { harness, operations, outcomes, type TestTenant } from "../harness/index.js";

const { tenant } = await harness();
const document = operations.CreateClassification!;
const create = (here: TestTenant, name: string, reference: string) =>
  here.refusals(here.admin, document, { name, reference });
const list = async (here: TestTenant): Promise<string[][]> => {
  const { classifications } = await here.admin.ask(operations.Classifications!);
  return classifications.nodes.map((node: Record<string, string>) => [node.reference, node.name]);
};

test("adds a classification that users can be given", async () => {
  const here = await tenant();
  const user = await here.user();
  const input = { name: " High Net Worth Individual ", reference: "123" };
  const { createClassification } = await here.admin.ask(document, { input });
  expect(createClassification).toMatchObject({ classification: { name: "High Net Worth Individual" }, errors: [] });
  expect(await list(here)).toEqual([["123", "High Net Worth Individual"]]);
  const classifications = [{ classificationId: createClassification.classification.id }];
  expect(
    await here.refusals(here.admin, operations.UpdateUserClassifications!, { userId: user.id, classifications }),
  ).toEqual([]);
});

test("the name is unique without regard to case and Unicode form, the reference as it is", async () => {
  const here = await tenant();
  expect(await create(here, "Érudit", "a")).toEqual([]);
  for (const name of ["Érudit", "éRUDIT", "E\u0301rudit", "e\u0301RUDIT"]) {
    expect(await create(here, name, "b")).toEqual(["TAKEN input.name"]);
  }
  expect(await create(here, "Other", "a")).toEqual(["TAKEN input.reference"]);
  expect(await create(here, "Other", "A")).toEqual([]);
});

test("another tenant has its own", async () => {
  for (const here of [await tenant(), await tenant()]) {
    expect(await create(here, "Professional", "1")).toEqual([]);
  }
});

test("name and reference cannot be blank", async () => {
  const here = await tenant();
  expect(await create(here, " ", "a")).toEqual(["REQUIRED input.name"]);
  expect(await create(here, "A", "\u00a0")).toEqual(["REQUIRED input.reference"]);
});

test("a name holds 255 characters, a reference 64", async () => {
  const here = await tenant();
  expect(await create(here, "𝔘".repeat(256), "a")).toEqual(["INVALID input.name"]);
  expect(await create(here, "A", "𝔘".repeat(65))).toEqual(["INVALID input.reference"]);
  expect(await create(here, "𝔘".repeat(255), "𝔘".repeat(64))).toEqual([]);
});

test("takes no control characters", async () => {
  const here = await tenant();
  for (const control of ["\u0001", "\n", "\u007f", "\u0085"]) {
    expect(await create(here, `a${control}b`, "a")).toEqual(["INVALID input.name"]);
    expect(await create(here, "A", `a${control}b`)).toEqual(["INVALID input.reference"]);
  }
});

test("is for administrators and services, not for internal members", async () => {
  const here = await tenant();
  const input = { name: "A", reference: "a" };
  const member = await here.internal(["users.read", "users.write"]);
  const before = await here.contents();
  expect((await member.send(document, { input })).errors?.[0]?.extensions.code).toBe("FORBIDDEN");
  expect(await here.contents()).toEqual(before);
  expect(await here.refusals(await here.service("users.write"), document, input)).toEqual([]);
});

test("of ten who add the same name at once, one does it", async () => {
  const here = await tenant();
  const asks = Array.from({ length: 10 }, (_, i) =>
    here.admin.ask(document, { input: { name: "Wanted", reference: `${i}` } }),
  );
  const codes = outcomes(await Promise.all(asks));
  expect(codes.toSorted()).toEqual(["", ...Array.from({ length: 9 }, () => "TAKEN")]);
  expect(await list(here)).toHaveLength(1);
});
