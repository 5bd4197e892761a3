import { v7 as uuidv7 } from "uuid";
import { InviteStatus, UserStatus } from "../../src/users/index.js";
import { toGlobalId } from "../../src/kit/index.js";
import { harness, operations, problems, type Caller, type Person, type TestTenant } from "../harness/index.js";

const { tenant, database } = await harness();

const LIST = `query ($filter: AuditEventFilter, $first: Int, $after: String, $last: Int, $before: String) {
  auditEvents(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes { id guid operation occurredAt actorKind actorId subjectId targetType targetId requestId changes } } }`;

const events = async (caller: Caller, filter: object | null = null): Promise<Record<string, any>[]> =>
  (await caller.ask(LIST, { filter, first: 100 })).auditEvents.nodes;

const update = (caller: Caller, user: Person, input: object) =>
  caller.send(operations.UpdateUser!, { input: { userId: user.id, ...input } });

describe("every write leaves one event that says who did what to whom", () => {
  type Write = [
    operation: string,
    document: string,
    prepare: (here: TestTenant) => Promise<{ input: object; targetId?: string; changes: object[] }>,
  ];

  const step = (from: UserStatus, to: UserStatus, more: object) => async (here: TestTenant) => {
    const user = await here.user({ status: from });
    const changes = [{ type: "User", id: user.guid, action: "UPDATE", fields: { status: [from, to], ...more } }];
    return { input: { userId: user.id }, targetId: user.guid, changes };
  };

  const LOCKED_OUT = { lockouts: [0, 1] };

  const WRITES: Write[] = [
    [
      "updateUser",
      operations.UpdateUser!,
      async (here) => {
        const user = await here.user({ forename: "Ida", surname: "Same", title: null });
        return {
          input: { userId: user.id, forename: "Eva", surname: "Same", title: "Ms" },
          targetId: user.guid,
          changes: [
            {
              type: "User",
              id: user.guid,
              action: "UPDATE",
              fields: { forename: ["Ida", "Eva"], title: [null, "Ms"] },
            },
          ],
        };
      },
    ],
    [
      "updateCurrentUser",
      operations.UpdateCurrentUser!,
      async ({ admin }) => ({
        input: { forename: "Eva" },
        targetId: admin.guid,
        changes: [{ type: "User", id: admin.guid, action: "UPDATE", fields: { forename: ["Ada", "Eva"] } }],
      }),
    ],
    ["suspendUser", operations.SuspendUser!, step(UserStatus.ACTIVE, UserStatus.SUSPENDED, LOCKED_OUT)],
    ["reactivateUser", operations.ReactivateUser!, step(UserStatus.SUSPENDED, UserStatus.ACTIVE, {})],
    ["revokeUser", operations.RevokeUser!, step(UserStatus.ACTIVE, UserStatus.REVOKED, LOCKED_OUT)],
    [
      "createClassification",
      operations.CreateClassification!,
      async () => ({
        input: { name: "A", reference: "a" },
        changes: [
          {
            type: "Classification",
            id: expect.any(String),
            action: "CREATE",
            fields: { guid: [null, expect.any(String)], name: [null, "A"], reference: [null, "a"] },
          },
        ],
      }),
    ],
    [
      "updateUserClassifications",
      operations.UpdateUserClassifications!,
      async (here) => {
        const user = await here.user();
        const [kept, added] = [await here.classification(), await here.classification()];
        await here.classify(user, kept);
        const validUntil = "2999-01-01T00:00:00.000Z";
        return {
          input: {
            userId: user.id,
            classifications: [{ classificationId: kept.id, validUntil }, { classificationId: added.id }],
          },
          targetId: user.guid,
          changes: [
            {
              type: "UserClassification",
              id: user.guid,
              action: "UPDATE",
              fields: { classificationId: [kept.guid, kept.guid], validUntil: [null, validUntil] },
            },
            {
              type: "UserClassification",
              id: user.guid,
              action: "CREATE",
              fields: {
                userId: [null, user.guid],
                classificationId: [null, added.guid],
                source: [null, "MANUAL"],
                validUntil: [null, null],
              },
            },
          ],
        };
      },
    ],
  ];

  test.each(WRITES)("%s", async (operation, document, prepare) => {
    const here = await tenant();
    const { input, targetId, changes } = await prepare(here);
    const answer = await here.admin.send(document, { input });
    expect(Object.values(answer.data)[0].errors).toEqual([]);
    expect(await events(here.admin)).toEqual([
      expect.objectContaining({
        operation,
        actorKind: "USER",
        actorId: here.admin.guid,
        subjectId: null,
        targetType: (changes[0] as { type: string }).type.replace("UserClassification", "User"),
        targetId: targetId ?? expect.any(String),
        requestId: answer.headers.get("x-request-id"),
        changes,
      }),
    ]);
  });
});

test("the event of a revoked user is about the user, also when an invitation goes with the account", async () => {
  const here = await tenant();
  const user = await here.user({ status: UserStatus.INVITED, storedInviteStatus: InviteStatus.INVITED });
  await here.invitation(user, { storedStatus: InviteStatus.INVITED });
  expect(await here.refusals(here.admin, operations.RevokeUser!, { userId: user.id })).toEqual([]);
  const { auditEvents } = await here.admin.ask(operations.AuditEventsOfUser!, { guid: user.guid });
  expect(auditEvents.nodes).toMatchObject([{ operation: "revokeUser", targetType: "User", targetId: user.guid }]);
  const types = auditEvents.nodes[0].changes.map((change: { type: string }) => change.type);
  expect(types).toEqual(["User", "Invitation"]);
});

test("a refused write leaves none", async () => {
  const here = await tenant();
  const user = await here.user({ status: UserStatus.REVOKED });
  await update(here.admin, user, { forename: "X" });
  await update(here.admin, user, { email: "no address" });
  await update(user, here.admin, { forename: "X" });
  expect(await events(here.admin)).toEqual([]);
});

test("a write whose event cannot be kept is not kept either", async () => {
  const here = await tenant();
  const user = await here.user();
  const before = await here.contents();
  await database.sql("REVOKE INSERT ON audit_events FROM users_app");
  try {
    expect(problems(await update(here.admin, user, { forename: "Unseen" }))).toEqual(["INTERNAL_SERVER_ERROR"]);
  } finally {
    await database.sql("GRANT INSERT ON audit_events TO users_app");
  }
  expect(await here.contents()).toEqual(before);
  expect((await update(here.admin, user, { forename: "Seen" })).data.updateUser.errors).toEqual([]);
});

test("of 20 updates of one version at once only the one that won has left an event", async () => {
  const here = await tenant();
  const user = await here.user();
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => update(here.admin, user, { forename: `${i}`, expectedVersion: 1 })),
  );
  expect(await events(here.admin)).toHaveLength(1);
});

test("a service is named by its client id", async () => {
  const here = await tenant();
  const user = await here.user();
  await update(await here.service("users.read", "users.write"), user, { forename: "X" });
  expect(await events(here.admin)).toMatchObject([{ actorKind: "SERVICE", actorId: "a-service", subjectId: null }]);
});

describe("in an impersonated session", () => {
  async function session() {
    const here = await tenant();
    const user = await here.user({ forename: "Ida" });
    const acting = await here.actingAs(here.admin, user);
    const input = { forename: "Changed" };
    expect(await here.refusals(acting, operations.UpdateCurrentUser!, input)).toEqual([]);
    return { here, user };
  }

  test("the event names the internal user and whom they acted as", async () => {
    const { here, user } = await session();
    expect(await events(here.admin)).toMatchObject([
      {
        operation: "updateCurrentUser",
        actorKind: "USER",
        actorId: here.admin.guid,
        subjectId: user.guid,
        targetId: user.guid,
      },
    ]);
  });

  test("the user sees what was done as them, and nothing else", async () => {
    const { here, user } = await session();
    const other = await here.user();
    await update(here.admin, user, { surname: "Changed" });
    await update(here.admin, other, { surname: "Changed" });
    expect(await here.refusals(user, operations.UpdateCurrentUser!, { title: "Ms" })).toEqual([]);
    expect(await events(user)).toMatchObject([
      { operation: "updateCurrentUser", actorId: here.admin.guid, subjectId: user.guid },
    ]);
    expect(await events(other)).toEqual([]);
    expect(await events(here.admin)).toHaveLength(4);
  });
});

test("who may read: holders of audit.read all events, by the list and by node, others only those of sessions as them", async () => {
  const here = await tenant();
  const user = await here.user();
  await update(here.admin, user, { forename: "X" });
  const [event] = await events(here.admin);
  const node = async (caller: Caller) =>
    (await caller.ask("query ($id: ID!) { node(id: $id) { id } }", { id: event!.id })).node?.id ?? null;
  expect(event!.id).toBe(toGlobalId("AuditEvent", event!.guid));
  const readers = [here.admin, await here.internal(["audit.read"]), await here.service("audit.read")];
  for (const reader of readers) expect([(await events(reader)).length, await node(reader)]).toEqual([1, event!.id]);
  const lead = await here.user();
  await here.group({ lead, members: [user] });
  for (const other of [
    user,
    lead,
    await here.internal(["users.read", "users.write"]),
    await here.service("users.read"),
  ]) {
    expect([(await events(other)).length, await node(other)]).toEqual([0, null]);
  }
});

describe("the list", () => {
  /** Events of known times, written as the platform would not: past the API, for times that are told apart or equal. */
  async function history(count: number) {
    const here = await tenant();
    const subject = uuidv7();
    for (let i = 0; i < count; i++) {
      await database.sql(
        `INSERT INTO audit_events (tenant_id, id, occurred_at, operation, actor_kind, actor_id, subject_id, target_type, target_id, changes, request_id)
         VALUES ($1, $2, $3, $4, 'USER', $5, $6, 'User', $7, '[]', $8)`,
        [
          here.id,
          uuidv7(),
          // Three events to each day, all at one instant.
          `2024-03-${String(1 + Math.floor(i / 3)).padStart(2, "0")}T23:59:59.999Z`,
          i % 2 ? "updateUser" : "suspendUser",
          i % 3 ? here.admin.guid : "a-service",
          i % 4 ? null : subject,
          i % 5 ? null : here.admin.guid,
          `request ${i}`,
        ],
      );
    }
    const requests = async (filter: object | null): Promise<number[]> =>
      (await events(here.admin, filter))
        .map(({ requestId }) => Number(requestId.split(" ")[1]))
        .toSorted((a, b) => a - b);
    return { here, subject, requests };
  }

  const upTo = (count: number, test: (i: number) => boolean = () => true): number[] =>
    Array.from({ length: count }, (_, i) => i).filter(test);

  test("is filtered by operation, target, actor, subject and day", async () => {
    const { here, subject, requests } = await history(12);
    expect(await requests(null)).toEqual(upTo(12));
    expect(await requests({})).toEqual(upTo(12));
    expect(await requests({ operations: ["updateUser"] })).toEqual(upTo(12, (i) => i % 2 === 1));
    expect(await requests({ operations: ["updateUser", "suspendUser"] })).toEqual(upTo(12));
    expect(await requests({ operations: [] })).toEqual([]);
    expect(await requests({ operations: ["unknown"] })).toEqual([]);
    expect(await requests({ targetId: here.admin.guid })).toEqual(upTo(12, (i) => i % 5 === 0));
    expect(await requests({ actorId: here.admin.guid })).toEqual(upTo(12, (i) => i % 3 !== 0));
    expect(await requests({ actorId: "a-service" })).toEqual(upTo(12, (i) => i % 3 === 0));
    expect(await requests({ actorId: "' OR true --" })).toEqual([]);
    expect(await requests({ subjectId: subject })).toEqual(upTo(12, (i) => i % 4 === 0));
    expect(await requests({ from: "2024-03-02", to: "2024-03-03" })).toEqual([3, 4, 5, 6, 7, 8]);
    expect(await requests({ from: "2024-03-04" })).toEqual([9, 10, 11]);
    expect(await requests({ to: "2024-03-01" })).toEqual([0, 1, 2]);
    expect(await requests({ operations: ["updateUser"], actorId: "a-service", to: "2024-03-02" })).toEqual([3]);
  });

  test("a range that ends before it begins is BAD_USER_INPUT", async () => {
    const { admin } = await tenant();
    const filter = { from: "2024-03-02", to: "2024-03-01" };
    expect(problems(await admin.send(LIST, { filter }))).toEqual(["BAD_USER_INPUT filter.from"]);
  });

  test("shows the newest first, and each event once on a walk in either direction", async () => {
    const { here } = await history(20);
    const all = (await events(here.admin)).map(({ guid }) => guid as string);
    const times = (await events(here.admin)).map(({ occurredAt }) => occurredAt as string);
    expect(times).toEqual(times.toSorted().toReversed());

    async function walk(size: string, cursor: string, next: string, end: string): Promise<string[][]> {
      const pages: string[][] = [];
      for (let place: string | null = null, more = true; more;) {
        const { auditEvents }: Record<string, any> = await here.admin.ask(LIST, { [size]: 3, [cursor]: place });
        expect(auditEvents.totalCount).toBe(20);
        pages.push(auditEvents.nodes.map((node: { guid: string }) => node.guid));
        ({ [next]: more, [end]: place } = auditEvents.pageInfo);
      }
      return pages;
    }
    const forward = await walk("first", "after", "hasNextPage", "endCursor");
    const backward = await walk("last", "before", "hasPreviousPage", "startCursor");
    expect(forward.flat()).toEqual(all);
    expect(backward.toReversed().flat()).toEqual(all);
    expect(forward.map((page) => page.length)).toEqual([3, 3, 3, 3, 3, 3, 2]);
  });

  test("a cursor belongs to its filter", async () => {
    const { here } = await history(4);
    const { auditEvents } = await here.admin.ask(LIST, { first: 1 });
    const answer = await here.admin.send(LIST, {
      after: auditEvents.pageInfo.endCursor,
      filter: { operations: ["updateUser"] },
    });
    expect(problems(answer)).toEqual(["BAD_USER_INPUT after"]);
  });
});
