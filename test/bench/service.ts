import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Session, type Profiler } from "node:inspector/promises";

export interface Usage {
  /** User and system time since the start, in milliseconds. */
  cpu: number;
  /** Resident memory in bytes. */
  rss: number;
}

interface Question {
  ask: "start" | "usage" | "profile" | "profiled";
  settings?: unknown;
}

/** A server in a process of its own, as the benchmark sees it. Questions are asked one at a time. */
export class Service {
  url!: string;

  private constructor(private readonly child: ChildProcess) {}

  /** Settings travel by message: the command line, which holds no secrets, is for everybody to read. */
  static async start(script: string, settings: object, runtime = process.execPath): Promise<Service> {
    const service = new Service(
      fork(new URL(script, import.meta.url), {
        execPath: runtime,
        env: { ...process.env, NODE_ENV: "production" },
        // Logs are written as in production, and read by nobody.
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      }),
    );
    service.url = await service.ask<string>({ ask: "start", settings });
    return service;
  }

  usage = (): Promise<Usage> => this.ask({ ask: "usage" });
  startProfile = (): Promise<void> => this.ask({ ask: "profile" });
  stopProfile = (): Promise<Profiler.Profile> => this.ask({ ask: "profiled" });

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, "exit");
    this.child.disconnect();
    await gone;
  }

  private async ask<Answer>(question: Question): Promise<Answer> {
    const [answer] = (await new Promise<unknown[]>((resolve, reject) => {
      once(this.child, "message").then(resolve, reject);
      this.child.once("exit", (code) => reject(new Error(`A server under test ended by itself (${code}).`)));
      this.child.send(question);
    })) as [Answer];
    this.child.removeAllListeners("exit");
    return answer;
  }
}

/** The child's side: starts when it is told to, and ends with its parent. */
export function serve(start: (settings: never) => Promise<string>): void {
  const inspector = new Session();
  const answers: Record<Question["ask"], (settings: never) => Promise<unknown>> = {
    start,
    usage: async () => {
      const { user, system } = process.cpuUsage();
      return { cpu: (user + system) / 1000, rss: process.memoryUsage.rss() } satisfies Usage;
    },
    profile: async () => {
      inspector.connect();
      await inspector.post("Profiler.enable");
      await inspector.post("Profiler.setSamplingInterval", { interval: 250 });
      await inspector.post("Profiler.start");
    },
    profiled: async () => {
      const { profile } = await inspector.post("Profiler.stop");
      inspector.disconnect();
      return profile;
    },
  };
  process.on("message", ({ ask, settings }: Question) => {
    answers[ask](settings as never).then(
      (answer) => process.send!(answer ?? null),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.on("disconnect", () => process.exit());
}
