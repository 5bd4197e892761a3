import type { Call } from "./calls.js";
import { type Path, type Place, placesIn, placesOf, replaced, type Target, valueAt } from "./places.js";
import { BATCH, type Judged, type Outcome, type Problem, send, type Variables, write } from "./request.js";
import type { Stage } from "./stage.js";
import { type Attack, attacksOn, UNSTORABLE } from "./values.js";

/** A call that succeeds but for one value, and what has to become of it. */
export interface Assault extends Attack {
  place: Place;
  call: Call;
  make: (n: number) => Variables;
}

/** All attacks on all places of a field, each place in the first of its calls that fills it; and the places. */
export function assaultsOn(target: Target, calls: readonly Call[], { scene }: Stage): Assault[] {
  const seen = new Set<string>();
  const assaults: Assault[] = [];
  for (const call of calls) {
    const good = call(scene, 0);
    for (const place of placesIn(target, good)) {
      const name = place.path.join(".");
      if (seen.has(name)) continue;
      seen.add(name);
      for (const attack of attacksOn(target.key, place, valueAt(good, place.path))) {
        const make = (n: number): Variables => replaced(call(scene, n), place.path, attack.value);
        assaults.push({ ...attack, place, call, make });
      }
    }
  }
  // Otherwise a new argument would be forgotten.
  expect([...seen].toSorted()).toEqual(placesOf(target).toSorted());
  return assaults;
}

export const of =
  (...verdicts: Attack["verdict"][]) =>
  ({ verdict }: Attack): boolean =>
    verdicts.includes(verdict);

/** Bytes of attack values in one request, below the limit of its body. */
const MOST_BYTES = 150_000;

/** Those that fit into one document: with the same arguments, and not too large together. */
export function* batches(assaults: readonly Assault[], most = BATCH): Generator<Assault[]> {
  let batch: Assault[] = [];
  let [bytes, names] = [0, ""];
  for (const assault of assaults) {
    const own = JSON.stringify(assault.value).length;
    const given = Object.keys(assault.make(0)).join();
    if (batch.length > 0 && (batch.length === most || bytes + own > MOST_BYTES || given !== names)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(assault);
    [bytes, names] = [bytes + own, given];
  }
  if (batch.length > 0) yield batch;
}

const variablesOf = (batch: readonly Assault[]): Variables[] => batch.map(({ make }, index) => make(index));

/** What attacks on one field have found. */
export class Attacker {
  /** What should not have been, each told with its place and value. */
  readonly wrong: string[] = [];

  constructor(
    readonly target: Target,
    private readonly stage: Stage,
  ) {}

  report(assault: Assault, what: string): void {
    const { place, value, verdict } = assault;
    this.wrong.push(`${place.path.join(".")} = ${JSON.stringify(value).slice(0, 60)} (${verdict}): ${what}`);
  }

  /** Sends them as variables. What no answer may be or hold is looked for; whether each is right, `judge` asks. */
  async send(batch: readonly Assault[]): Promise<Judged> {
    const { target, stage } = this;
    return this.looked(batch, await send(stage.callerFor(target), target, stage.scene, variablesOf(batch)));
  }

  judge(batch: readonly Assault[], { outcomes }: Judged): void {
    for (const [index, assault] of batch.entries()) {
      const what = breach(assault, outcomes[index]!);
      if (what) this.report(assault, what);
    }
  }

  /** Sends what is malformed as variables, and a third of it written into the document: each has an error of its own. */
  async malformed(assaults: readonly Assault[]): Promise<void> {
    const { target, stage } = this;
    for (const batch of batches(assaults)) this.judge(batch, await this.send(batch));
    // An unknown field in a document is unknown to the schema, and has no place among the values.
    // And documents have a limit of tokens, variables none.
    const written = assaults.filter(({ unknown }, index) => !unknown && index % 3 === 0);
    for (const batch of batches(written, BATCH / 2)) {
      const judged = await write(stage.callerFor(target), target, stage.scene, variablesOf(batch));
      this.judge(batch, this.looked(batch, judged));
    }
  }

  /** Puts a text that cannot be stored wherever a value stands; the places take them in turn. */
  async unstorable(assaults: readonly Assault[]): Promise<void> {
    const places = [...new Map(assaults.map((assault) => [assault.place, assault.call]))];
    for (const [index, [place, call]] of places.entries()) {
      const value = UNSTORABLE[index % UNSTORABLE.length];
      const make = (n: number): Variables => replaced(call(this.stage.scene, n), place.path, value);
      const batch: Assault[] = [{ place, call, make, value, verdict: "MALFORMED", below: [] }];
      this.judge(batch, await this.send(batch));
    }
  }

  private looked(batch: readonly Assault[], judged: Judged): Judged {
    const { status, body } = judged.answer;
    if (status >= 500 || body.includes("INTERNAL_SERVER_ERROR")) this.report(batch[0]!, `${status} ${body}`);
    if (body.includes(this.stage.others.mark)) this.report(batch[0]!, `another tenant's data: ${body}`);
    return judged;
  }
}

const starts = (path: Path, other: Path): boolean => other.every((step, index) => step === path[index]);

/** Whether a refusal names the place, something in it, or what it is a part of. */
const isAbout = (named: Path, place: Path): boolean =>
  starts(named, place) || (starts(place, named) && named.length > 1);

/** What is wrong with an outcome, by the verdict on the value; null when nothing is. */
function breach({ verdict, place, below }: Assault, { problems }: Outcome): string | null {
  const found = problems.map((problem) => `${problem.code} ${problem.place.join(".")}`).join(", ");
  if (verdict === "FREE") {
    const fits = problems.every((problem) => isAbout(problem.place, place.path) || isRelated(problem, place.path));
    return fits ? null : found;
  }
  if (problems.length === 0) return "taken";
  const exact = [...place.path, ...below].join(".");
  const named = problems.every(
    ({ code, place: at }) => at.join(".") === exact && (verdict === "REFUSED" || code === "BAD_USER_INPUT"),
  );
  return named ? null : found;
}

/**
 * Where a value does not go with another, that one is named: [the place that was attacked, the refusals that may be].
 * Whoever sent a good value there would not have been refused.
 */
const RELATED: [RegExp, RegExp][] = [
  // A range that ends before it begins names its beginning.
  [/^(input\.)?filter\.(\w+)To$/, /^\w+ (input\.)?filter\.\w+From$/],
  [/^filter\.to$/, / filter\.from$/],
  [/\.validator\.max\w+$/, /\.validator\.min\w+$/],
  // Exactly one key, and none was left.
  [/^(guid|uuid)$/, / id$/],
  [/^input\.userId$/, / input\.(invitationId|userGroupId)$/],
  [/^(input\.)?type$/, /filter\.classifications$/],
  [/^input\.format$/, / input\.byteOrderMark$/],
  [/^input\.force$/, /^GROUP_NOT_EMPTY input\.groupId$/],
  // What a form asks hangs together, and has 100 kB as a whole.
  [/^input\.form(Pages|Fields|Settings)/, /^LIMIT $/],
  [/^input\.formFields(\.0)?$/, / input\.editorValidator\.protectedFields\.0$/],
  [/^input\.formPages(\.0(\.reference)?)?$/, / input\.formFields\.\d\.formPage$/],
  [/^input\.formFields\.0\.formFieldType$/, / input\.formFields\.0\.(options|prePopulationKey|validator\.\w+)$/],
  [/^input\.formFields\.0\.options$/, / input\.formFields\.0\.validator\.minSelections$/],
  [/\.formFieldConditions\.0\.operator$/, /\.formFieldConditions\.0\.value$/],
];

const isRelated = ({ code, place }: Problem, attacked: Path): boolean =>
  RELATED.some(([at, refusal]) => at.test(attacked.join(".")) && refusal.test(`${code} ${place.join(".")}`));
