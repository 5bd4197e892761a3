import { assaultsOn, Attacker, batches, of } from "./attack.js";
import { isNullable, TARGETS, type Target } from "./places.js";
import { BATCH, rich, send } from "./request.js";
import { listed, stage } from "./stage.js";

const here = await stage();
const { scene, faults, theirs } = here;
const queries = TARGETS.filter((target) => !target.write).map((target): [string, Target] => [target.key, target]);

test.each(queries)("%s", async (_key, target) => {
  const calls = await here.callsOf(target);
  const caller = here.callerFor(target);

  async function control(): Promise<void> {
    for (const call of calls) {
      const { answer, outcomes } = await send(caller, target, scene, [call(scene, 0)], rich(target.field.type));
      expect([answer.status, answer.errors]).toEqual([200, undefined]);
      // Behind the last of a list there is nothing.
      const { after, before } = call(scene, 0);
      if (after === undefined && before === undefined) expect(listed(outcomes[0]!.data)).not.toEqual([]);
    }
  }

  await control();
  const attacker = new Attacker(target, here);
  const assaults = assaultsOn(target, calls, here);
  await attacker.malformed(assaults.filter(of("MALFORMED")));
  await attacker.unstorable(assaults);
  // An error in a field of the root that cannot be null takes the place of all others.
  const together = isNullable(target) || target.parent !== "Query" ? BATCH : 1;
  for (const batch of batches(assaults.filter(of("REFUSED", "FREE")), together)) {
    attacker.judge(batch, await attacker.send(batch));
  }
  await control();
  expect(attacker.wrong).toEqual([]);
  expect(faults.splice(0)).toEqual([]);
});

test("nothing of the other tenant has changed", async () => {
  expect(await theirs.changed()).toEqual([]);
});
