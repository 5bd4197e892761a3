import { randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { operations } from "../harness/index.js";
import type { Tenant } from "./place.js";
import { ROUTER_SECRET } from "./servers.js";

/** How one request ended for its caller: null when it was answered as asked, else the error's code. */
export interface Seen {
  started: number;
  ended: number;
  error: string | null;
}

export type Kind = "group" | "form" | "invitation" | "rename" | "membership";

/** Something that a caller wants done. All but renames are asked for again and again until they are acknowledged. */
export interface Write {
  kind: Kind;
  /** Nobody else writes this value: a name, an e-mail address, a surname. */
  value: string;
  /** What it is done to, for those that make nothing new. */
  about: { user: string; group?: string; joins?: boolean } | null;
  attempts: { requestId: string; outcome: "acknowledged" | "refused" | "unknown" }[];
  /** Why it was refused, which nothing here should be. */
  refusals: string[];
  /** The platform id that the acknowledgement named. */
  guid: string | null;
}

export interface Load {
  seen: Seen[];
  writes: Write[];
  /** Sends so many reads at the same time. */
  burst: (count: number) => Promise<void>;
  /** Waits until for that long, since that moment, nothing has failed or is waited for; false if that does not come to pass. */
  calm: (since: number, milliseconds: number) => Promise<boolean>;
  /** Lets everybody finish what they are at. */
  stop: () => Promise<void>;
}

/** Longer than every limit of the server's: who waits that long hangs. */
const HUNG_MILLISECONDS = 25_000;
const GIVE_UP_MILLISECONDS = 20_000;
const PAUSE = 15;
const RETRY_PAUSE = 100;

type Data = Record<string, Record<string, any>>;
interface Asked {
  error: string | null;
  data: Data | null;
}

/** Callers who read and write, one request after the other each, as fast as people at most. */
export function load(url: string, tenant: Tenant, callers: number): Load {
  const seen: Seen[] = [];
  /** When those were sent that are not answered yet. */
  const open = new Set<{ since: number }>();
  const writes: Write[] = [];
  const agent = new Agent({ keepAlive: true });
  let stopped = Number.POSITIVE_INFINITY;

  async function ask(document: string, variables: object, requestId: string): Promise<Asked> {
    const started = performance.now();
    const one = { since: started };
    open.add(one);
    const asked = await post(url, agent, tenant.token, requestId, { query: document, variables });
    open.delete(one);
    seen.push({ started, ended: performance.now(), error: asked.error });
    return asked;
  }

  async function attempt(write: Write, document: string, input: object): Promise<boolean> {
    const requestId = randomUUID();
    const { error, data } = await ask(document, { input }, requestId);
    const payload = data && Object.values(data)[0];
    if (error !== null || !payload) {
      write.attempts.push({ requestId, outcome: "unknown" });
      return false;
    }
    const refusals = payload.errors.map(({ code }: { code: string }) => code) as string[];
    write.attempts.push({ requestId, outcome: refusals.length > 0 ? "refused" : "acknowledged" });
    write.refusals.push(...refusals);
    const made = payload.userGroup ?? payload.userDataForm ?? payload.user;
    write.guid = made?.guid ?? made?.uuid ?? null;
    return true;
  }

  async function untilKnown(write: Write, document: string, input: object): Promise<void> {
    writes.push(write);
    while (!(await attempt(write, document, input))) {
      if (performance.now() > stopped + GIVE_UP_MILLISECONDS) return;
      await sleep(RETRY_PAUSE);
    }
  }

  const write = (kind: Kind, value: string, about: Write["about"] = null): Write => ({
    kind,
    value,
    about,
    attempts: [],
    refusals: [],
    guid: null,
  });

  async function call(caller: number): Promise<void> {
    const { clients, groups } = tenant;
    const mine = { user: clients[caller % clients.length]!, group: groups[Math.trunc(caller / clients.length)]! };
    let joined = false;
    const turns: (() => Promise<unknown>)[] = [
      () => ask(operations.Users!, { first: 10 }, randomUUID()),
      () => {
        const name = `Group ${randomUUID()}`;
        const input = { name, memberIds: clients.slice(0, 2), idempotencyKey: name };
        return untilKnown(write("group", name), operations.CreateUserGroup!, input);
      },
      () => rename(),
      () => {
        const email = `${randomUUID()}@people.example`;
        const input = { email, type: "INVESTOR", idempotencyKey: email };
        return untilKnown(write("invitation", email), operations.InviteUser!, input);
      },
      () => ask(operations.Me!, {}, randomUUID()),
      () => {
        const name = `Form ${randomUUID()}`;
        const formFields = [{ reference: "motto", label: "Your motto?", formFieldType: "TEXT" }];
        const input = { name, formFields, idempotencyKey: name };
        return untilKnown(write("form", name), operations.CreateUserDataForm!, input);
      },
      () => rename(),
      () => {
        joined = !joined;
        const input = { groupId: mine.group, userId: mine.user };
        const document = joined ? operations.AddUserToGroup! : operations.RemoveUserFromGroup!;
        return untilKnown(write("membership", "", { ...mine, joins: joined }), document, input);
      },
    ];
    // A few users whom everybody renames: nobody's change may be lost.
    const rename = async (): Promise<void> => {
      const surname = `Name ${randomUUID()}`;
      const user = clients[Math.trunc(Math.random() * 4)]!;
      const made = write("rename", surname, { user });
      writes.push(made);
      await attempt(made, operations.UpdateUser!, { userId: user, surname });
    };
    for (let turn = caller; performance.now() < stopped; turn++) {
      await turns[turn % turns.length]!();
      await sleep(PAUSE);
    }
  }

  const calling = Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return {
    seen,
    writes,
    burst: async (count) => {
      await Promise.all(Array.from({ length: count }, () => ask(operations.Me!, {}, randomUUID())));
    },
    calm: async (since, milliseconds) => {
      for (const patience = performance.now() + 40_000; performance.now() < patience; await sleep(50)) {
        const later = seen.filter(({ started }) => started >= since);
        const failed = Math.max(since, ...later.filter(({ error }) => error).map(({ ended }) => ended));
        const enough = performance.now() - milliseconds;
        const waited = [...open].some(({ since: started }) => started < enough);
        if (later.some(({ error }) => !error) && failed < enough && !waited) return true;
      }
      return false;
    },
    stop: async () => {
      stopped = performance.now();
      await calling;
      agent.destroy();
    },
  };
}

/** Sends a document once. An error is the answer's code, the HTTP status of an answer that is not ours, or the socket's. */
export function post(
  url: string,
  agent: Agent,
  token: string,
  requestId: string,
  body: { query: string; variables: object },
): Promise<Asked> {
  const headers = {
    "content-type": "application/json",
    authorization: `Bearer ${token}`,
    "x-request-id": requestId,
    "x-router-secret": ROUTER_SECRET,
  };
  return new Promise((resolve) => {
    const failed = (error: string): void => resolve({ error, data: null });
    const asked = request(`${url}/graphql`, { method: "POST", agent, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (text += chunk));
      answer.on("error", (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
      answer.on("end", () => resolve(meaningOf(answer.statusCode!, text)));
    });
    const timer = setTimeout(() => asked.destroy(new Error("HUNG")), HUNG_MILLISECONDS);
    asked.on("error", (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
    asked.on("close", () => clearTimeout(timer));
    asked.end(JSON.stringify(body));
  });
}

function meaningOf(status: number, text: string): Asked {
  try {
    const { data, errors } = JSON.parse(text) as { data?: Data; errors?: { extensions: { code: string } }[] };
    return { error: errors?.[0]?.extensions.code ?? null, data: data ?? null };
  } catch {
    return { error: `HTTP ${status}`, data: null };
  }
}
