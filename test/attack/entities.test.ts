import { readFileSync } from "node:fs";
import { v7 as uuidv7 } from "uuid";
import { toGlobalId } from "../../src/kit/index.js";
import { rich } from "./request.js";
import { schema } from "./places.js";
import type { Scene } from "./scene.js";
import { stage } from "./stage.js";
import { noIds, noKeys, otherTypes } from "./values.js";

const here = await stage();
const { scene, others, faults, ours, theirs } = here;

/** Every key of every type that other subgraphs refer to, as the committed SDL has them. */
const KEYS = [...readFileSync("schema/users.graphql", "utf8").matchAll(/^extend type (\w+) (.*)$/gm)].flatMap(
  ([, type, keys]) => [...keys!.matchAll(/@key\(fields: "(\w+)"\)/g)].map(([, key]) => [type!, key!] as const),
);

const OBJECTS: Record<string, (of: Scene) => { guid: string }> = {
  User: ({ member }) => member,
  UserGroup: ({ group }) => group,
  Invitation: ({ sent }) => sent,
  UserDataForm: ({ form }) => form,
  InvestorPreferenceForm: ({ preference }) => preference,
  UserFormImplementation: ({ open }) => open,
};

test("each type has its object, and two keys", () => {
  expect([...new Set(KEYS.map(([type]) => type))].toSorted()).toEqual(Object.keys(OBJECTS).toSorted());
  expect(KEYS).toHaveLength(2 * Object.keys(OBJECTS).length);
});

describe.each(KEYS)("%s by %s", (type, key) => {
  const document = `query ($representations: [_Any!]!) { _entities(representations: $representations) {
    __typename ... on ${type} ${rich(schema.getType(type) as never)} } }`;
  const refer = (value: unknown): object => ({ __typename: type, [key]: value });
  const own = OBJECTS[type]!(scene).guid;
  const keyOf = (guid: string): string => (key === "id" ? toGlobalId(type, guid) : guid);
  const ask = (...representations: unknown[]) => scene.admin.send(document, { representations });

  test("another tenant's and what nobody has are answered with the same bytes", async () => {
    const nobodys = await ask(refer(keyOf(uuidv7())));
    const their = await ask(refer(keyOf(OBJECTS[type]!(others).guid)));
    expect(their.body).toBe(nobodys.body);
    expect(nobodys.body).toBe('{"data":{"_entities":[null]}}\n');
    // Of an object of another type there is nothing either.
    const another = type === "User" ? scene.group : scene.member;
    expect((await ask(refer(keyOf(another.guid)))).body).toBe(nobodys.body);
    const found = await ask(refer(keyOf(own)));
    expect(found.errors).toBeUndefined();
    expect(found.data._entities).toMatchObject([{ __typename: type, id: toGlobalId(type, own) }]);
  });

  test("a key that is none is refused at its place, and the references beside it are answered", async () => {
    const values = key === "id" ? [true, {}, ["a"], null, ...noIds(keyOf(own)), ...otherTypes(keyOf(own))] : noKeys;
    const representations = [...values.map(refer), refer(keyOf(own))];
    // A second time, because a document that comes again is compiled.
    for (let time = 1; time <= 2; time++) {
      const { status, errors = [], data, body } = await ask(...representations);
      expect(status).toBe(200);
      expect(body).not.toContain(others.mark);
      expect(errors.map((error) => [error.extensions.code, error.extensions.argument])).toEqual(
        values.map((_, index) => ["BAD_USER_INPUT", ["representations", index, key]]),
      );
      expect(data._entities.filter(Boolean)).toMatchObject([{ id: toGlobalId(type, own) }]);
    }
  });

  test("a text that cannot be stored is refused", async () => {
    for (const value of [`${keyOf(own)}\0`, "\ud800"]) {
      const { status, errors } = await ask(refer(value));
      expect([status, errors!.map(({ extensions }) => extensions)]).toEqual([
        400,
        [{ code: "BAD_USER_INPUT", argument: ["representations", 0, key] }],
      ]);
    }
  });
});

test.each([
  ["x", "__typename"],
  [7, "__typename"],
  [[], "__typename"],
  [{}, "__typename"],
  [{ id: "x" }, "__typename"],
  [{ __typename: null, id: "x" }, "__typename"],
  [{ __typename: "Nothing", id: "x" }, "__typename"],
  [{ __typename: "Classification", id: "x" }, "__typename"],
  [{ __typename: "constructor", id: "x" }, "__typename"],
  [{ __typename: "User" }, "id"],
  [{ __typename: "User", guid: null }, "id"],
])("the reference %j is refused at its %s", async (representation, place) => {
  const document = "query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }";
  const good = { __typename: "User", guid: scene.member.guid };
  const { status, data, errors } = await scene.admin.send(document, { of: [good, representation] });
  expect([status, errors!.map(({ extensions }) => extensions)]).toEqual([
    200,
    [{ code: "BAD_USER_INPUT", argument: ["representations", 1, place] }],
  ]);
  expect(data._entities).toEqual([{ __typename: "User" }, null]);
});

test("no reference, no list and too many are refused as a whole", async () => {
  const ask = (of: unknown) =>
    scene.admin.send("query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }", { of });
  const good = { __typename: "User", guid: scene.member.guid };
  for (const [of, argument] of [
    [null, ["of"]],
    [[null], ["of", 0]],
    [
      [good, null],
      ["of", 1],
    ],
    [Array.from({ length: 1001 }, () => good), ["representations"]],
  ] as const) {
    const { errors } = await ask(of);
    expect(errors!.map(({ extensions }) => extensions)).toEqual([{ code: "BAD_USER_INPUT", argument }]);
  }
  expect((await ask([])).data).toEqual({ _entities: [] });
  expect((await ask(Array.from({ length: 1000 }, () => good))).data._entities).toHaveLength(1000);
});

afterEach(async () => {
  expect(faults.splice(0)).toEqual([]);
  expect([await ours.changed(), await theirs.changed()]).toEqual([[], []]);
});
