import { setTimeout as sleep } from "node:timers/promises";
import type { TestSmtp } from "../harness/smtp.js";
import { examine } from "./ledger.js";
import { load, type Load } from "./load.js";
import type { Place, Signer } from "./place.js";
import type { Postgres } from "./postgres.js";
import type { Server, Servers } from "./servers.js";

/** What every fault of a run has around it. */
export interface Stage {
  /** A folder of the run's own, where a fault may keep what it needs. */
  folder: string;
  postgres: Postgres;
  place: Place;
  signer: Signer;
  smtp: TestSmtp;
  servers: Servers;
}

export interface Fault {
  /** For `--only`. */
  name: string;
  title: string;
  repeats: number;
  run: (stage: Stage, repeats: number) => Promise<Outcome>;
}

/** What a fault led to, all repeats together. */
export interface Outcome {
  repeats: number;
  requests: number;
  acknowledged: number;
  lost: number;
  duplicated: number;
  /** Requests by the code of their error. */
  errors: Map<string, number>;
  longestSeconds: number;
  /** Of each repeat: from the fault's end to the answer after which all went well. */
  normalSeconds: number[];
  /** What else was measured, each time. */
  figures: Map<string, number[]>;
  /** Whatever breaks a promise, a line each. */
  problems: string[];
}

export const outcomeOf = (repeats: number): Outcome => ({
  repeats,
  requests: 0,
  acknowledged: 0,
  lost: 0,
  duplicated: 0,
  errors: new Map(),
  longestSeconds: 0,
  normalSeconds: [],
  figures: new Map(),
  problems: [],
});

/** What a fault strikes: who is asked, and what is done to them. */
export interface Scene {
  url: string;
  /** Where the rows are; the stage's place unless it is another one. */
  place?: Place;
  /** The codes of errors that callers may be answered with meanwhile. */
  errors: RegExp;
  /** Servers that have to be alive at the end. */
  servers: Server[];
  /** Does it once; the moment from which on all should be normal again. */
  strike: (notes: Notes, load: Load) => Promise<number>;
  close?: () => Promise<void>;
}

/** Where a strike tells what it sees. */
export interface Notes {
  figure: (what: string, value: number) => void;
  problem: (what: string) => void;
}

const CALLERS = 16;
/** How long callers work before it strikes, and how long nothing may fail until it counts as over. */
const BEFORE_MILLISECONDS = 1_000;
const CALM_MILLISECONDS = 1_500;
/** What is promised. */
const NORMAL_SECONDS = 1;

/** A fault that strikes while callers read and write, each time in a tenant of its own, which is then examined. */
export async function underLoad(stage: Stage, repeats: number, scene: Scene): Promise<Outcome> {
  const outcome = outcomeOf(repeats);
  const { place = stage.place } = scene;
  const notes: Notes = {
    figure: (what, value) => outcome.figures.set(what, [...(outcome.figures.get(what) ?? []), value]),
    problem: (what) => outcome.problems.push(what),
  };
  try {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const tenant = await place.tenant();
      const callers = load(scene.url, tenant, CALLERS);
      const { seen, writes, calm, stop } = callers;
      await sleep(BEFORE_MILLISECONDS);
      if (seen.some(({ error }) => error)) notes.problem("something failed before the fault");
      let over: number;
      try {
        over = await scene.strike(notes, callers);
        if (!(await calm(over, CALM_MILLISECONDS))) notes.problem("it did not become normal again");
      } finally {
        await stop();
      }
      const later = seen.filter(({ started }) => started >= over);
      const failed = later.filter(({ error }) => error).map(({ ended }) => ended);
      const first = Math.min(...later.filter(({ error }) => !error).map(({ ended }) => ended));
      const normal = (Math.max(first, ...failed) - over) / 1_000;
      outcome.normalSeconds.push(normal);
      if (normal > NORMAL_SECONDS) notes.problem(`normal only after ${normal.toFixed(1)} s`);
      outcome.requests += seen.length;
      for (const { error, started, ended } of seen) {
        outcome.longestSeconds = Math.max(outcome.longestSeconds, (ended - started) / 1_000);
        if (error) outcome.errors.set(error, (outcome.errors.get(error) ?? 0) + 1);
      }
      const found = await examine(place, tenant, writes, stage.smtp);
      outcome.acknowledged += found.acknowledged;
      outcome.lost += found.lost;
      outcome.duplicated += found.duplicated;
      outcome.problems.push(...found.problems);
    }
    for (const [code, count] of outcome.errors) {
      if (!scene.errors.test(code)) notes.problem(`${count} requests were answered with ${code}`);
    }
    for (const server of scene.servers) {
      if (!server.runs()) notes.problem("a server ended by itself");
    }
  } finally {
    await scene.close?.();
    await Promise.all(scene.servers.map((server) => server.kill()));
  }
  const logged = new Set(scene.servers.flatMap((server) => server.faults()));
  if (outcome.problems.length > 0) process.stderr.write(`  the servers logged: ${[...logged].join(" | ")}\n`);
  return outcome;
}

/** Waits until it holds; false if it does not within that time. */
export async function comesTrue(holds: () => boolean | Promise<boolean>, milliseconds: number): Promise<boolean> {
  for (const end = performance.now() + milliseconds; performance.now() < end; await sleep(20)) {
    if (await holds()) return true;
  }
  return false;
}
