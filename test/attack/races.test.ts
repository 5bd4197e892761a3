import { isDeepStrictEqual } from "node:util";
import { operations } from "../harness/index.js";
import { CALLS } from "./calls.js";
import { callerOf, type Scene } from "./scene.js";
import { stage } from "./stage.js";

const { scene, server, faults, ours } = await stage();
const tables = await server.database.tenantTables();

/** The scene with one client, one invitation, one group and one form of a kind: all writes are about the same. */
const narrow: Scene = {
  ...scene,
  outsider: scene.member,
  mate: scene.member,
  unsent: scene.sent,
  shell: scene.group,
  formThird: scene.form,
  formSpare: scene.form,
  preferenceSpare: scene.preference,
  preferenceDraft: scene.preference,
};

const writes = Object.keys(CALLS)
  .filter((key) => key.startsWith("Mutation."))
  .map((key) => key.slice("Mutation.".length));

/** A write to be sent, and the codes of what was wrong with it. */
type Write = () => Promise<string>;

function write(name: string, n: number): Write {
  const document = operations[name[0]!.toUpperCase() + name.slice(1)]!;
  const variables = CALLS[`Mutation.${name}`]![0]!(narrow, n);
  return async () => {
    const { errors, data } = await callerOf(scene, server.anonymous, name).send(document, variables);
    const codes = errors
      ? errors.map(({ extensions }) => extensions.code)
      : data[name].errors.map(({ code }: { code: string }) => code);
    // Whoever finds a group gone under way does not look at what else is wrong.
    return [...new Set(codes)].join() || "done";
  };
}

interface Row {
  name: string;
  row: Record<string, any>;
}
const everything = tables
  .map((name) => `SELECT '${name}' AS name, to_jsonb(t) AS row FROM ${name} t WHERE tenant_id = '${scene.here.id}'`)
  .join(" UNION ALL ");
const rowsOf = (): Promise<Row[]> => server.database.sql<Row>(everything);

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const INSTANT = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.]*(\+00(:00)?|Z)?/g;
/** Digests and sealed tokens. */
const RANDOM = /"[\w-]{43,}"|"(\\\\)?\\\\x[0-9a-f]{32,}"/g;
const known = new Set(JSON.stringify(await rowsOf()).match(UUID));

/** What the tenant holds now, without what no two writes have in common: new ids, instants, random values. */
async function state(): Promise<string[]> {
  const texts = (await rowsOf()).map(({ name, row }) => {
    // As the request found its caller, which may change meanwhile; and in which order the rows of a list were changed.
    delete row.actor_name;
    if (name === "audit_events") row.changes = row.changes.map((one: object) => JSON.stringify(one)).toSorted();
    const text = `${name} ${JSON.stringify(row)}`.replaceAll(UUID, (one) => (known.has(one) ? one : "new"));
    return text.replaceAll(INSTANT, "then").replaceAll(RANDOM, "random");
  });
  return texts.toSorted();
}

/** What came of two writes, and what the tenant holds then; after that it is as it was. */
async function outcome(both: () => Promise<string[]>): Promise<object> {
  const codes = await both();
  const rows = await state();
  await ours.restore();
  return { codes, rows };
}

test.each(writes)("%s and each other write at once come to what they come to one after the other", async (name) => {
  for (const other of writes.slice(writes.indexOf(name))) {
    const [one, two] = [write(name, 1), write(other, 2)];
    const first = await outcome(async () => [await one(), await two()]);
    const last = await outcome(async () => [await two(), await one()].toReversed());
    const together = await outcome(() => Promise.all([one(), two()]));
    const as = [first, last].find((order) => isDeepStrictEqual(together, order)) ?? first;
    expect({ other, ...together }).toEqual({ other, ...as });
  }
  expect(faults.splice(0)).toEqual([]);
});
