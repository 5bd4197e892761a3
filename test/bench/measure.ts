import { check, checkAudit } from "./check.js";
import { ask, type Bench, type Contestant } from "./contestants.js";
import { load, type Requests } from "./load.js";
import type { Figures } from "./report.js";
import { databaseCpu } from "./tenant.js";
import { type Input, type WorkloadName, workloads } from "./workloads.js";

const ROUNDS = 3;
const WARM_UP = 2;

/** One workload of one bench: checked, warmed up, and then measured as often as wanted. */
export class Race {
  /** One turn for all: W7's writes change something whoever makes them. */
  private readonly turn = { next: 0 };
  private readonly lanes: { contestant: Contestant; to: Requests }[];

  constructor(
    private readonly bench: Bench,
    private readonly name: WorkloadName,
    private readonly inputs: Input[] = workloads[name].inputs(bench.sample),
  ) {
    this.lanes = bench.contestants.map((contestant) => ({ contestant, to: contestant.requests(name, inputs) }));
  }

  async check(): Promise<void> {
    const asks = this.lanes.map(({ contestant, to }) => {
      const answer = ask(to);
      return async (turn: number) => contestant.read(this.name, await answer(turn));
    });
    await check(this.name, this.inputs.length, asks);
    if (this.name === "W7") await checkAudit(this.bench.tenant, this.inputs.length, asks);
  }

  async warmUp(callers: number, seconds: number): Promise<void> {
    for (const { to } of this.lanes) await load(to, this.turn, callers, Math.min(seconds, WARM_UP));
  }

  /** Of each figure its median: the contestants take turns, so that what else the machine does hits all. */
  async run(callers: number, seconds: number): Promise<Partial<Record<Contestant["name"], Figures>>> {
    const rounds = this.lanes.map((): Figures[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, lane] of this.lanes.entries())
        rounds[index]!.push(await this.measured(lane, callers, seconds));
    }
    return Object.fromEntries(this.lanes.map(({ contestant }, index) => [contestant.name, median(rounds[index]!)]));
  }

  /** This server under the profiler. */
  async profile(callers: number, seconds: number) {
    const { contestant, to } = this.lanes[0]!;
    await contestant.service.startProfile();
    await load(to, this.turn, callers, seconds);
    return contestant.service.stopProfile();
  }

  private async measured(
    { contestant, to }: { contestant: Contestant; to: Requests },
    callers: number,
    seconds: number,
  ): Promise<Figures> {
    const { service, counts } = contestant;
    const look = async () => ({
      usage: await service.usage(),
      counts: await counts(),
      database: await databaseCpu(this.bench.tenant),
    });
    const before = await look();
    const { requests, ...round } = await load(to, this.turn, callers, seconds);
    const after = await look();
    const database = [...after.database].reduce((sum, [pid, cpu]) => sum + cpu - (before.database.get(pid) ?? 0), 0);
    return {
      ...round,
      cpuPerRequest: (after.usage.cpu - before.usage.cpu) / requests,
      databaseCpuPerRequest: after.database.size > 0 ? database / requests : NaN,
      statements:
        (after.counts.statements - before.counts.statements) / (after.counts.operations - before.counts.operations),
      megabytes: after.usage.rss / 2 ** 20,
    };
  }
}

const median = (rounds: Figures[]): Figures =>
  Object.fromEntries(
    Object.keys(rounds[0]!).map((key) => {
      const sorted = rounds.map((round) => round[key as keyof Figures]).toSorted((a, b) => a - b);
      return [key, sorted[Math.floor(sorted.length / 2)]!];
    }),
  ) as unknown as Figures;
