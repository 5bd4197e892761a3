import { Writable } from "node:stream";
import { decodeJwt, decodeProtectedHeader } from "jose";
import pino from "pino";
import { v7 as uuidv7 } from "uuid";
import { PERMISSIONS, SESSION_SECONDS } from "../../src/access/index.js";
import { ticket } from "../../src/kit/index.js";
import { UserStatus, UserType } from "../../src/users/index.js";
import {
  AUDIENCE,
  harness,
  operations,
  outcomes,
  problems,
  SESSION_ISSUER,
  sessionKeys,
  type Caller,
  type Person,
  type TestTenant,
} from "../harness/index.js";

const logged: string[] = [];
const stream = new Writable({
  write: (chunk: Buffer, _encoding, done) => {
    logged.push(chunk.toString());
    done();
  },
});
const { tenant, anonymous, bearer, database } = await harness({ log: pino({ level: "trace" }, stream) });

const REASON = "Asked for help with the yearly statement";
const EVENTS = `{ auditEvents(first: 100) { nodes {
  operation actorKind actorId actorName subjectId subjectName targetType targetId changes } } }`;

interface Walk {
  here: TestTenant;
  user: Person;
  group: { guid: string; id: string };
}

/** A client in a group. */
async function client(values: Parameters<TestTenant["user"]>[0] = {}): Promise<Walk> {
  const here = await tenant();
  const user = await here.user({ title: "Ms", forename: "Ida", surname: "Client", ...values });
  return { here, user, group: await here.group({ members: [user] }) };
}

const inputOf = ({ user, group }: Omit<Walk, "here">, more: object = {}): object => ({
  groupId: group.id,
  userId: user.id,
  reason: REASON,
  ...more,
});

/** A ticket of the administrator, or of another actor. */
async function made(walk: Walk, by: Caller = walk.here.admin): Promise<string> {
  const { createLoginToken } = await by.ask(operations.CreateLoginToken!, { input: inputOf(walk) });
  expect(createLoginToken.errors).toEqual([]);
  return createLoginToken.loginToken;
}

const redeem = async (token: string, by: Caller = anonymous): Promise<Record<string, any>> =>
  (await by.ask(operations.RedeemLoginToken!, { input: { token } })).redeemLoginToken;

/** A session, as an administrator or another actor gets one. */
async function session(walk: Walk, by?: Caller): Promise<Caller> {
  const { accessToken, errors } = await redeem(await made(walk, by));
  expect(errors).toEqual([]);
  return bearer(accessToken);
}

const creating = (walk: Walk, more: object = {}, by: Caller = walk.here.admin): Promise<string[]> =>
  walk.here.refusals(by, operations.CreateLoginToken!, inputOf(walk, more));

const redeeming = ({ here }: { here: TestTenant }, token: string, by: Caller = anonymous): Promise<string[]> =>
  here.refusals(by, operations.RedeemLoginToken!, { token });

const events = async (caller: Caller): Promise<Record<string, any>[]> =>
  (await caller.ask(EVENTS)).auditEvents.nodes.toReversed();

const suspend = async ({ here }: Walk, user: Person): Promise<void> =>
  expect(await here.refusals(here.admin, operations.SuspendUser!, { userId: user.id })).toEqual([]);

const reactivate = async ({ here }: Walk, user: Person): Promise<void> =>
  expect(await here.refusals(here.admin, operations.ReactivateUser!, { userId: user.id })).toEqual([]);

/** An administrator besides the tenant's first. */
const colleague = (here: TestTenant): Promise<Person> =>
  here.internal(["users.impersonate", "users.read", "groups.read"], { administrator: true });

describe("signing in as a user", () => {
  test("from the ticket to what the user can see of it afterwards", async () => {
    const walk = await client();
    const { here, user, group } = walk;
    const { createLoginToken } = await here.admin.ask(operations.CreateLoginToken!, { input: inputOf(walk) });
    expect(Buffer.from(createLoginToken.loginToken, "base64url")).toHaveLength(16 + 32);
    const minutes = (Date.parse(createLoginToken.expiresAt) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(4.5);
    expect(minutes).toBeLessThanOrEqual(5);

    const signedIn = await redeem(createLoginToken.loginToken);
    expect(signedIn).toMatchObject({
      errors: [],
      user: { guid: user.guid, name: "Ms Ida Client" },
      userGroup: { guid: group.guid },
    });
    const claims = decodeJwt(signedIn.accessToken);
    expect(claims).toEqual({
      iss: SESSION_ISSUER,
      aud: AUDIENCE,
      sub: user.guid,
      tenant_id: here.id,
      act: { sub: here.admin.guid },
      group_id: group.guid,
      lockouts: [0, 0],
      iat: expect.any(Number),
      exp: claims.iat! + SESSION_SECONDS,
      jti: expect.any(String),
    });
    expect(Date.parse(signedIn.expiresAt)).toBe(claims.exp! * 1000);
    const { kid } = sessionKeys.signing;
    expect(decodeProtectedHeader(signedIn.accessToken)).toEqual({ alg: "EdDSA", typ: "at+jwt", kid });

    const acting = bearer(signedIn.accessToken);
    expect((await acting.ask(operations.Me!)).me).toMatchObject({ guid: user.guid, name: "Ms Ida Client" });
    expect(await here.refusals(acting, operations.UpdateCurrentUser!, { forename: "Eva" })).toEqual([]);
    expect(await here.refusals(acting, operations.UpdateCurrentUser!, { email: "mine@example.com" })).toEqual([
      "IMPERSONATION_FORBIDDEN input.email",
    ]);
    expect(await here.refusals(acting, operations.CreateLoginToken!, inputOf(walk))).toEqual(["CHAINED -"]);
    expect(problems(await acting.send(operations.Users!))).toEqual(["FORBIDDEN"]);

    const actor = { actorKind: "USER", actorId: here.admin.guid, actorName: "Ada Admin" };
    const asUser = { ...actor, subjectId: user.guid, subjectName: "Ms Ida Client" };
    const created = { operation: "createLoginToken", ...actor, subjectId: null, subjectName: null };
    const redeemed = { operation: "redeemLoginToken", ...asUser };
    const updated = { operation: "updateCurrentUser", ...asUser, targetType: "User", targetId: user.guid };
    const all = await events(here.admin);
    expect(all).toMatchObject([created, redeemed, updated]);
    expect(all[0]!.changes[0]).toMatchObject({
      type: "LoginToken",
      action: "CREATE",
      fields: {
        actorId: [null, here.admin.guid],
        userId: [null, user.guid],
        groupId: [null, group.guid],
        reason: [null, REASON],
        tokenHash: ["***", "***"],
      },
    });
    expect(all[1]!.changes).toEqual([
      {
        type: "LoginToken",
        id: all[0]!.changes[0].id,
        action: "UPDATE",
        fields: { redeemedAt: [null, expect.any(String)] },
      },
    ]);
    // With the user's own token: who acted as them, by name, and why.
    expect(await events(user)).toEqual(all.slice(1));
  });

  test("a client of either kind, for whom the group's lead is no matter", async () => {
    const walk = await client({ type: UserType.ENTREPRENEUR });
    const led = await walk.here.group({ lead: walk.user });
    expect(await creating(walk)).toEqual([]);
    expect(await creating(walk, { groupId: led.guid, userId: walk.user.guid })).toEqual([]);
  });

  test("leaves the caller's own session as it is, when they have one", async () => {
    const walk = await client();
    const { accessToken } = await redeem(await made(walk), walk.here.admin);
    expect((await bearer(accessToken).ask(operations.Me!)).me.guid).toBe(walk.user.guid);
    expect((await walk.here.admin.ask(operations.Me!)).me.guid).toBe(walk.here.admin.guid);
  });

  test("two tickets are two sessions", async () => {
    const walk = await client();
    const [one, other] = [await made(walk), await made(walk)];
    const tokens = [(await redeem(one)).accessToken, (await redeem(other)).accessToken];
    for (const token of tokens) await bearer(token).ask(operations.Me!);
    expect(new Set([one, other, ...tokens]).size).toBe(4);
  });
});

describe("making a ticket refuses", () => {
  test("whom the tenant does not know, and a group that it does not know", async () => {
    const [walk, there] = [await client(), await client()];
    for (const userId of [uuidv7(), there.user.guid, there.user.id]) {
      expect(await creating(walk, { userId })).toEqual(["NOT_FOUND input.userId"]);
    }
    for (const groupId of [uuidv7(), there.group.guid, there.group.id]) {
      expect(await creating(walk, { groupId })).toEqual(["NOT_FOUND input.groupId"]);
    }
  });

  test("whom, and a group that, the caller does not see", async () => {
    const walk = await client();
    const blind = await walk.here.internal(["users.impersonate"], { administrator: true });
    expect(await creating(walk, {}, blind)).toEqual(["NOT_FOUND input.userId"]);
    const seeing = await walk.here.internal(["users.impersonate", "users.read"], { administrator: true });
    expect(await creating(walk, {}, seeing)).toEqual(["NOT_FOUND input.groupId"]);
  });

  test("who is not in that group", async () => {
    const walk = await client();
    const other = await walk.here.user();
    expect(await creating(walk, { userId: other.id })).toEqual(["NOT_A_MEMBER input.userId"]);
    const elsewhere = await walk.here.group({ members: [other] });
    expect(await creating(walk, { groupId: elsewhere.id })).toEqual(["NOT_A_MEMBER input.userId"]);
  });

  test("the staff, oneself among them, in a group or not", async () => {
    const walk = await client();
    const { here } = walk;
    const [member, stranger] = [await here.internal([]), await here.internal([])];
    const group = await here.group({ members: [here.admin, member] });
    for (const user of [here.admin, member, stranger]) {
      const more = { userId: user.id, groupId: group.id };
      expect(await creating(walk, more)).toEqual(["IMPERSONATION_FORBIDDEN input.userId"]);
    }
  });

  test.each([UserStatus.DRAFT, UserStatus.INVITED, UserStatus.SUSPENDED, UserStatus.REVOKED])(
    "a user who is %s",
    async (status) => {
      expect(await creating(await client({ status }))).toEqual(["USER_NOT_ACTIVE input.userId"]);
    },
  );

  test("no reason, or one that is no line of 1 to 500 characters", async () => {
    const walk = await client();
    for (const reason of ["", " ", "\t\n"]) {
      expect(await creating(walk, { reason })).toEqual(["REQUIRED input.reason"]);
    }
    for (const reason of ["x".repeat(501), "two\nlines", "a\u0007b"]) {
      expect(await creating(walk, { reason })).toEqual(["INVALID input.reason"]);
    }
    for (const reason of ["x", "x".repeat(500), "😀".repeat(500)]) expect(await creating(walk, { reason })).toEqual([]);
  });

  test("malformed ids", async () => {
    const walk = await client();
    for (const [field, id] of [
      ["userId", "junk"],
      ["groupId", ""],
      ["userId", walk.group.id],
      ["groupId", walk.user.id],
    ] as const) {
      const answer = await walk.here.admin.send(operations.CreateLoginToken!, {
        input: inputOf(walk, { [field]: id }),
      });
      expect(problems(answer)).toEqual([`BAD_USER_INPUT input.${field}`]);
    }
  });

  test("everybody but administrators who may impersonate", async () => {
    const walk = await client();
    const { here, user } = walk;
    const callers = [
      user,
      await here.user(),
      await here.internal(["users.impersonate", "users.read", "groups.read"]),
      await here.internal(["users.read", "groups.read"], { administrator: true }),
      await here.service("users.impersonate", "users.read", "groups.read"),
    ];
    const before = await here.contents();
    for (const caller of callers) {
      expect(problems(await caller.send(operations.CreateLoginToken!, { input: inputOf(walk) }))).toEqual([
        "FORBIDDEN",
      ]);
    }
    expect(await here.contents()).toEqual(before);
  });
});

test("an impersonated session makes no ticket: CHAINED", async () => {
  const walk = await client();
  const { here } = walk;
  expect(await here.refusals(await session(walk), operations.CreateLoginToken!, inputOf(walk))).toEqual(["CHAINED -"]);
});

test("somebody else who is signed in is told of no ticket, and it stays good", async () => {
  const walk = await client();
  const { here } = walk;
  const token = await made(walk);
  const others = [await here.user(), walk.user, await here.internal([], { administrator: true }), await here.service()];
  for (const caller of others) expect(await redeeming(walk, token, caller)).toEqual(["NOT_FOUND input.token"]);
  expect(await redeeming(walk, token, here.admin)).toEqual([]);
});

test.each(["user", "actor"] as const)("a session is over for good once its %s was locked out", async (who) => {
  const walk = await client();
  const { here } = walk;
  const other = await here.internal(PERMISSIONS, { administrator: true });
  const acting = await here.actingAs(other, walk.user, walk.group);
  await acting.ask(operations.Me!);
  const locked = { user: walk.user, actor: other }[who];
  expect(await here.refusals(here.admin, operations.SuspendUser!, { userId: locked.id })).toEqual([]);
  await reactivate(walk, locked);
  expect((await acting.send(operations.Me!)).status).toBe(401);
  await (await here.actingAs(other, walk.user, walk.group)).ask(operations.Me!);
});

describe("a ticket is good", () => {
  test("once, for one of 20 who redeem it at once", async () => {
    const walk = await client();
    const input = { token: await made(walk) };
    const asks = Array.from({ length: 20 }, () => anonymous.ask(operations.RedeemLoginToken!, { input }));
    const answers = await Promise.all(asks);
    expect(outcomes(answers).toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "LOGIN_TOKEN_REDEEMED")]);
    expect(answers.filter(({ redeemLoginToken }) => redeemLoginToken.accessToken !== null)).toHaveLength(1);
    expect(await redeeming(walk, input.token)).toEqual(["LOGIN_TOKEN_REDEEMED input.token"]);
    expect((await events(walk.here.admin)).filter(({ operation }) => operation === "redeemLoginToken")).toHaveLength(1);
  });

  test("for five minutes", async () => {
    const walk = await client();
    const [kept, late] = [await made(walk), await made(walk)];
    const age = (by: string): Promise<unknown> =>
      database.sql("UPDATE login_tokens SET expires_at = expires_at - $2::interval WHERE tenant_id = $1", [
        walk.here.id,
        by,
      ]);
    await age("4 minutes 50 seconds");
    expect(await redeeming(walk, kept)).toEqual([]);
    await age("10 seconds");
    expect(await redeeming(walk, late)).toEqual(["LOGIN_TOKEN_EXPIRED input.token"]);
    expect(await redeeming(walk, kept)).toEqual(["LOGIN_TOKEN_REDEEMED input.token"]);
  });

  test("until its user or its maker is locked out, and never again", async () => {
    const walk = await client();
    const { here, user } = walk;
    const actor = await colleague(here);
    for (const locked of [user, actor]) {
      const token = await made(walk, actor);
      await suspend(walk, locked);
      expect(await redeeming(walk, token)).toEqual(["LOGIN_TOKEN_EXPIRED input.token"]);
      await reactivate(walk, locked);
      expect(await redeeming(walk, token)).toEqual(["LOGIN_TOKEN_EXPIRED input.token"]);
      expect(await redeeming(walk, await made(walk, actor))).toEqual([]);
    }
    const token = await made(walk, actor);
    expect(await here.refusals(here.admin, operations.RevokeUser!, { userId: user.id })).toEqual([]);
    await database.sql("UPDATE users SET status = 'ACTIVE' WHERE tenant_id = $1 AND id = $2", [here.id, user.guid]);
    expect(await redeeming(walk, token)).toEqual(["LOGIN_TOKEN_EXPIRED input.token"]);
  });

  test.each([
    [
      "the user is not active",
      "USER_NOT_ACTIVE",
      "UPDATE users SET status = 'INVITED' WHERE tenant_id = $1 AND id = $2",
      "user",
    ],
    [
      "its maker is not active",
      "USER_NOT_ACTIVE",
      "UPDATE users SET status = 'INVITED' WHERE tenant_id = $1 AND id = $2",
      "actor",
    ],
    [
      "the user is of the staff now",
      "IMPERSONATION_FORBIDDEN",
      "UPDATE users SET type = 'INTERNAL' WHERE tenant_id = $1 AND id = $2",
      "user",
    ],
    [
      "its maker is no administrator any more",
      "IMPERSONATION_FORBIDDEN",
      "DELETE FROM user_roles WHERE tenant_id = $1 AND user_id = $2",
      "actor",
    ],
    [
      "the user left the group",
      "NOT_A_MEMBER",
      "DELETE FROM group_members WHERE tenant_id = $1 AND user_id = $2",
      "user",
    ],
  ] as const)("only as long as its maker may act: %s", async (_what, code, statement, who) => {
    const walk = await client();
    const actor = await colleague(walk.here);
    const token = await made(walk, actor);
    await database.sql(statement, [walk.here.id, { user: walk.user, actor }[who].guid]);
    expect(await redeeming(walk, token)).toEqual([`${code} input.token`]);
  });

  test("until its group is gone", async () => {
    const walk = await client();
    const token = await made(walk);
    await database.sql("DELETE FROM group_members WHERE tenant_id = $1", [walk.here.id]);
    await database.sql("DELETE FROM user_groups WHERE tenant_id = $1", [walk.here.id]);
    expect(await redeeming(walk, token)).toEqual(["NOT_A_MEMBER input.token"]);
  });

  test("not for whoever acts as somebody already", async () => {
    const walk = await client();
    const acting = await session(walk);
    const token = await made(walk);
    expect(await redeeming(walk, token, acting)).toEqual(["CHAINED -"]);
    expect(await redeeming(walk, token)).toEqual([]);
  });

  test("only as it was shown: anything else is answered with the same bytes", async () => {
    const walk = await client();
    const there = await tenant();
    const token = await made(walk);
    const bytes = Buffer.from(token, "base64url");
    const flipped = Buffer.from(bytes);
    flipped[47]! ^= 1;
    const moved = Buffer.concat([Buffer.from(there.id.replaceAll("-", ""), "hex"), bytes.subarray(16)]);
    const wrong = [
      ticket(walk.here.id),
      ticket(there.id),
      ticket(uuidv7()),
      flipped.toString("base64url"),
      moved.toString("base64url"),
      bytes.subarray(0, 47).toString("base64url"),
      bytes.toString("base64"),
      bytes.toString("hex"),
      `${token} `,
      ` ${token}`,
      `${token}=`,
      `${token}A`,
      token.toLowerCase(),
      token.slice(1),
      "",
      "junk",
      "💶",
      "x".repeat(10_000),
      "../../etc/passwd",
      "' OR true --",
      // By chance a token is the same text in two of these spellings.
    ].filter((text) => text !== token);
    const before = [await walk.here.contents(), await there.contents()];
    const answers = new Set<string>();
    for (const text of wrong) {
      for (const caller of [anonymous, walk.here.admin]) {
        const { status, body } = await caller.send(operations.RedeemLoginToken!, { input: { token: text } });
        answers.add(`${status} ${body}`);
      }
    }
    expect([...answers]).toEqual([expect.stringMatching(/^200 .*"NOT_FOUND".*\["input","token"\]/)]);
    // Another tenant's own people do not find it either, though the text is right.
    const foreign = await there.admin.send(operations.RedeemLoginToken!, { input: { token } });
    expect([...answers]).toEqual([`${foreign.status} ${foreign.body}`]);
    expect([await walk.here.contents(), await there.contents()]).toEqual(before);
    expect(await redeeming(walk, token)).toEqual([]);
  });

  test("text that cannot be stored is refused as everywhere", async () => {
    for (const token of ["a\u0000b", "\ud800"]) {
      const answer = await anonymous.send(operations.RedeemLoginToken!, { input: { token } });
      expect(problems(answer)).toEqual(["BAD_USER_INPUT input.token"]);
    }
  });
});

describe("a session ends at the next request when", () => {
  const ends: [string, (walk: Walk & { actor: Person }) => Promise<unknown>][] = [
    ["the user is suspended", (walk) => suspend(walk, walk.user)],
    ["whoever acts as them is suspended", (walk) => suspend(walk, walk.actor)],
    ["whoever acts as them loses their roles", ({ here, actor }) => here.dismiss(actor)],
    [
      "whoever acts as them may not impersonate any more",
      ({ here, actor }) =>
        database.sql(
          `UPDATE roles SET permissions = array_remove(permissions, 'users.impersonate')
           WHERE tenant_id = $1 AND id IN (SELECT role_id FROM user_roles WHERE tenant_id = $1 AND user_id = $2)`,
          [here.id, actor.guid],
        ),
    ],
    [
      "the user leaves the group",
      ({ here, user, group }) =>
        here.refusals(here.admin, operations.RemoveUserFromGroup!, { groupId: group.id, userId: user.id }),
    ],
  ];

  test.each(ends)("%s", async (_when, end) => {
    const walk = await client();
    const actor = await colleague(walk.here);
    // Who stays in the group is nobody's lead and signs for nothing: the user may go.
    const acting = await session(walk, actor);
    const untouched = await session(await client());
    expect((await acting.ask(operations.Me!)).me.guid).toBe(walk.user.guid);
    await end({ ...walk, actor });
    const answer = await acting.send(operations.Me!);
    expect([answer.status, problems(answer)]).toEqual([401, ["UNAUTHENTICATED"]]);
    await untouched.ask(operations.Me!);
  });
});

test("neither the ticket nor the session's token stands in the database, the audit, the errors or the log", async () => {
  const walk = await client();
  const { here } = walk;
  const token = await made(walk);
  const { accessToken } = await redeem(token);
  await bearer(accessToken).ask(operations.Me!);
  const again = await anonymous.send(operations.RedeemLoginToken!, { input: { token } });
  const late = await made(walk);
  await suspend(walk, walk.user);
  const refused = [
    await anonymous.send(operations.RedeemLoginToken!, { input: { token: late } }),
    await bearer(accessToken).send(operations.Me!),
    // Faults of the document, with the ticket in it.
    await anonymous.send(`mutation { redeemLoginToken(input: { token: "${late}", other: 1 }) { expiresAt } }`),
    await anonymous.send(
      `mutation { redeemLoginToken(input: { token: "${late}" }) { user { classifications { totalCount } } } }`,
    ),
  ];
  // A fault of ours, while the ticket is being used.
  const other = await made(await client());
  await database.sql("REVOKE INSERT ON audit_events FROM users_app");
  const fault = await anonymous.send(operations.RedeemLoginToken!, { input: { token: other } });
  await database.sql("GRANT INSERT ON audit_events TO users_app");
  expect(problems(fault)).toEqual(["INTERNAL_SERVER_ERROR"]);
  const kept = [
    JSON.stringify(await here.contents()),
    JSON.stringify(await events(here.admin)),
    logged.join("\n"),
    again.body,
    fault.body,
    ...refused.map(({ body }) => body),
  ];
  const secrets = [token, late, other, accessToken, accessToken.split(".")[2]!];
  const halves = [token, late, other].map((text) => Buffer.from(text, "base64url").subarray(16));
  const spellings = halves.flatMap((half) => [
    half.toString("hex"),
    half.toString("base64"),
    half.toString("base64url"),
  ]);
  for (const text of kept) for (const secret of [...secrets, ...spellings]) expect(text).not.toContain(secret);
  // The controls: these are the places where something is kept.
  expect(kept[0]).toContain("login_tokens");
  expect(kept[1]).toContain(REASON);
  expect(kept[2]).toContain("a request failed");
});
