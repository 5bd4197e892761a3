import { type Assault, assaultsOn, Attacker, batches, of } from "./attack.js";
import type { Call } from "./calls.js";
import { TARGETS, type Target } from "./places.js";
import { BATCH, send } from "./request.js";
import { stage } from "./stage.js";

const here = await stage();
const { scene, faults, ours, theirs } = here;
const mutations = TARGETS.filter((target) => target.write).map((target): [string, Target] => [target.key, target]);

test.each(mutations)("%s", async (_key, target) => {
  const calls = await here.callsOf(target);
  const caller = here.callerFor(target);

  /** Whether it succeeds so many times, one after the other; nothing of it stays. */
  async function succeeds(call: Call, times: number): Promise<boolean> {
    const variables = Array.from({ length: times }, (_, n) => call(scene, n));
    const { answer, outcomes } = await send(caller, target, scene, variables);
    await ours.restore();
    return !answer.errors && outcomes.every(({ problems }) => problems.length === 0);
  }
  async function control(): Promise<void> {
    for (const call of calls) expect(await succeeds(call, 1)).toBe(true);
  }

  /** Values of which any may be taken. Sent anew until all that are left are refused, and then nothing has changed. */
  async function free(assaults: readonly Assault[], together: number): Promise<void> {
    for (let left = assaults; left.length > 0;) {
      const refused: Assault[] = [];
      for (const batch of batches(left, together)) {
        const judged = await attacker.send(batch);
        const some = batch.filter((_, index) => judged.outcomes[index]!.problems.length > 0);
        if (some.length < batch.length) {
          await ours.restore();
          refused.push(...some);
        } else {
          attacker.judge(batch, judged);
          await unchanged(batch);
        }
      }
      left = refused;
    }
  }
  async function unchanged(batch: readonly Assault[]): Promise<void> {
    const tables = await ours.restore();
    if (tables.length > 0) attacker.report(batch[0]!, `refused, and changed ${tables.join()}`);
  }

  await control();
  const attacker = new Attacker(target, here);
  const assaults = assaultsOn(target, calls, here);
  const malformed = assaults.filter(of("MALFORMED"));
  await attacker.malformed(malformed);
  await attacker.unstorable(assaults);
  // An error at the top is the last of its document.
  const refused = assaults.filter(of("REFUSED"));
  for (const batch of batches(refused, 1)) attacker.judge(batch, await attacker.send(batch));
  await unchanged([...malformed, ...refused]);
  for (const call of calls) {
    const own = assaults.filter((assault) => assault.call === call && assault.verdict === "FREE");
    await free(own, (await succeeds(call, 2)) ? BATCH : 1);
  }
  await control();
  expect(attacker.wrong).toEqual([]);
  expect(faults.splice(0)).toEqual([]);
  expect(await theirs.changed()).toEqual([]);
});
