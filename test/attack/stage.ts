import pino from "pino";
import { LIMITS } from "../../src/kit/index.js";
import { type Caller, harness, type Harness } from "../harness/index.js";
import { type Call, CALLS } from "./calls.js";
import { pages, type Target } from "./places.js";
import { send } from "./request.js";
import { callerOf, type Scene, sceneOf } from "./scene.js";
import { type Snapshot, snapshotOf } from "./snapshot.js";

/** No text that anybody sends holds these. */
const [OURS, THEIRS] = ["Habakuk", "Zebedee"];

/** Two tenants with the same things, the one that is attacked from and the other, and what the server logged meanwhile. */
export interface Stage {
  server: Harness;
  scene: Scene;
  others: Scene;
  /** The lines of the log that tell of a failure. */
  faults: string[];
  ours: Snapshot;
  theirs: Snapshot;
  callerFor: (target: Target) => Caller;
  /** Variables of calls that succeed, which together fill every place of the field. */
  callsOf: (target: Target) => Promise<Call[]>;
}

export async function stage(): Promise<Stage> {
  const faults: string[] = [];
  const log = pino({ level: "error" }, { write: (line: string) => void faults.push(line) });
  // Its documents select all that there is, of many at once.
  const server = await harness({ log, limits: { ...LIMITS, values: 1_000_000 } });
  const [scene, others] = [await sceneOf(server, OURS), await sceneOf(server, THEIRS)];
  const callerFor = ({ name }: Target): Caller => callerOf(scene, server.anonymous, name);
  return {
    server,
    scene,
    others,
    faults,
    ours: await snapshotOf(server, scene.here.id),
    theirs: await snapshotOf(server, others.here.id),
    callerFor,
    async callsOf(target) {
      const calls = CALLS[target.key] ?? [];
      if (!pages(target)) return calls;
      const { outcomes } = await send(callerFor(target), target, scene, [{ first: 1 }]);
      const [edge] = listed(outcomes[0]!.data);
      return [
        ...calls,
        () => ({ first: 5 }),
        () => ({ first: 5, after: edge.cursor }),
        () => ({ last: 5, before: edge.cursor }),
      ];
    },
  };
}

/** What an answer lists; of what lists nothing the answer itself, if there is one. */
export function listed(data: unknown): any[] {
  if (data === null || data === undefined) return [];
  if (typeof data !== "object") return [data];
  if (Array.isArray(data)) return data.filter((item) => item !== null);
  const { edges, ...rest } = data as { edges?: unknown[] };
  if (edges) return edges;
  // A field of an object stands in it alone.
  const [inner, ...others] = Object.values(rest);
  return others.length === 0 && typeof inner === "object" ? listed(inner) : [data];
}
