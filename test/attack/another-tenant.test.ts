import { getNamedType } from "graphql";
import { v7 as uuidv7 } from "uuid";
import { fromGlobalId, toGlobalId } from "../../src/kit/index.js";
import type { Call } from "./calls.js";
import { type Place, placesIn, replaced, TARGETS, type Target, valueAt } from "./places.js";
import { rich, send } from "./request.js";
import { stage } from "./stage.js";
import { takesAnyType } from "./values.js";

const here = await stage();
const { scene, others, faults, ours, theirs } = here;

/** Holders of these may use them, wherever they are from. */
const TICKETS = ["input.token"];

interface Reference {
  place: Place;
  call: Call;
}

/** The places whose good value names something of a tenant: it is another one in the other tenant. */
async function referencesOf(target: Target): Promise<Reference[]> {
  const found = new Map<string, Reference>();
  for (const call of await here.callsOf(target)) {
    for (const place of placesIn(target, call(scene, 0))) {
      const [mine, other] = [scene, others].map((one) => valueAt(call(one, 0), place.path));
      const name = place.path.join(".");
      if (typeof mine !== "string" || mine === other || TICKETS.includes(name) || found.has(name)) continue;
      // An instant from now on is another one every time.
      if (getNamedType(place.type).name !== "DateTime") found.set(name, { place, call });
    }
  }
  return [...found.values()];
}

/** The same as the given value, but for what it names: nothing that there is. */
function unknown(type: string, value: string): string {
  if (type === "UUID") return uuidv7();
  return type === "ID" ? toGlobalId(fromGlobalId(value, []).type, uuidv7()) : `nobody ${uuidv7()}`;
}

const references = (
  await Promise.all(TARGETS.map(async (target) => (await referencesOf(target)).map((one) => ({ target, ...one }))))
)
  .flat()
  .map((one): [string, string, Reference & { target: Target }] => [one.target.key, one.place.path.join("."), one]);

test("every type of id is named somewhere", () => {
  const named = references.flatMap(([, , { place, call }]) => {
    const value = valueAt(call(scene, 0), place.path) as string;
    return getNamedType(place.type).name === "ID" ? [fromGlobalId(value, []).type] : [];
  });
  expect([...new Set(named)].toSorted()).toEqual([
    "Classification",
    "InvestorPreferenceForm",
    "Invitation",
    "User",
    "UserDataForm",
    "UserExport",
    "UserFormImplementation",
    "UserGroup",
    "UserRole",
  ]);
});

describe.each(references)("%s(%s)", (key, _place, { target, place, call }) => {
  const { name: type } = getNamedType(place.type);
  const caller = here.callerFor(target);
  const own = valueAt(call(scene, 0), place.path) as string;
  const their = valueAt(call(others, 0), place.path) as string;

  // An export is made of whatever its filter finds, also of nobody, and each has a name of its own.
  const isExport = target.name === "exportUsers";

  /** All that is told, with that value at the place; and what of the caller's tenant it changed. */
  async function ask(value: string): Promise<{ told: string; changed: string[] }> {
    const variables = replaced(call(scene, 0), place.path, value);
    const { answer } = await send(caller, target, scene, [variables], rich(target.field.type));
    expect([answer.status, answer.body.includes(others.mark)]).toEqual([200, false]);
    const told = isExport ? JSON.stringify(answer.data.a0.userExport?.rowCount ?? answer.data) : answer.body;
    return { told, changed: await ours.restore() };
  }

  test("another tenant's and what nobody has are answered with the same bytes", async () => {
    const nobodys = await ask(unknown(type, own));
    if (!isExport) expect(nobodys.changed).toEqual([]);
    expect(await ask(their)).toEqual(nobodys);
    // Ids may be written as the platform's own keys.
    if (type === "ID" && !takesAnyType(key, place.path)) {
      for (const value of [uuidv7(), fromGlobalId(their, []).key]) expect(await ask(value)).toEqual(nobodys);
      // So may be those of other things, which they are not.
      const { key: group } = fromGlobalId(scene.group.id, []);
      const { key: person } = fromGlobalId(scene.member.id, []);
      expect(await ask(fromGlobalId(own, []).type === "UserGroup" ? person : group)).toEqual(nobodys);
    }
    expect(await theirs.changed()).toEqual([]);
    expect(faults.splice(0)).toEqual([]);
    // The control: one's own is found.
    const found = await ask(own);
    expect(found.told).not.toBe(nobodys.told);
    expect(found.told).not.toContain('"extensions"');
    if (target.write) expect(found.changed).not.toEqual([]);
  });
});
