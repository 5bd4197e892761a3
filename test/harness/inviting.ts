import { UserStatus, UserType } from "../../src/users/index.js";
import { daysUntil, inDays, type Invitations, newEmail, type Shown } from "./invitations.js";
import { operations, outcomes, problems, type Harness, type TestTenant } from "./index.js";

/** What is said of the person and of the occasion, whatever the operation. */
export interface Invite {
  email: string;
  title?: string | null;
  forename?: string | null;
  surname?: string | null;
  message?: string | null;
  expiresAt?: string | null;
}

/** An operation that invites. */
export interface Inviting {
  document: string;
  type: UserType;
  /** The input that invites so; for each tenant what it needs besides is made once. */
  inputOf: (here: TestTenant) => Promise<(invite: Invite) => object>;
  /** Where the input names the person. */
  path?: string;
}

const TOO_LONG_LABEL = "d".repeat(60);
/** 254 characters, as many as an address has at most. */
const LONGEST = `${"l".repeat(64)}@${TOO_LONG_LABEL}.${TOO_LONG_LABEL}.${TOO_LONG_LABEL}.${"e".repeat(6)}`;

/** What every operation that invites has to hold. */
export function invitingRules({ tenant }: Harness, tools: Invitations, inviting: Inviting): void {
  const { document, type, path = "input." } = inviting;
  const person = (field: string): string => `${path}${field}`;

  async function scene() {
    const here = await tenant();
    const inputOf = await inviting.inputOf(here);
    const ask = (invite: Invite) => here.admin.ask(document, { input: inputOf(invite) });
    const refusals = (invite: Partial<Invite> = {}) =>
      here.refusals(here.admin, document, inputOf({ email: newEmail(), ...invite }));
    return { here, inputOf, ask, refusals, user: () => newestUser(here), invitation: () => newestInvitation(here) };
  }

  async function newestUser(here: TestTenant): Promise<Record<string, any>> {
    const { invitations } = await here.admin.ask("{ invitations(first: 1) { nodes { user { guid } } } }");
    return here.read(invitations.nodes[0].user);
  }

  async function newestInvitation(here: TestTenant): Promise<Shown> {
    const { invitations } = await here.admin.ask("{ invitations(first: 1) { nodes { guid } } }");
    return tools.read(here, invitations.nodes[0]);
  }

  test("makes an account and an invitation of what is said, and promises a mail", async () => {
    const { refusals, here, user, invitation } = await scene();
    const names = { title: "Ms", forename: "Nora", surname: "New" };
    expect(await refusals({ email: "Nora.New@Example.com", ...names, message: "Welcome!\n\tAda" })).toEqual([]);
    const read = await invitation();
    expect(read).toMatchObject({
      status: "INVITED",
      sendCount: 1,
      message: "Welcome!\n\tAda",
      user: { contactEmail: "Nora.New@Example.com", status: "INVITED" },
      invitedBy: { id: here.admin.id },
      approvedBy: null,
      dateInvited: read.lastSentAt,
      dateModified: read.lastSentAt,
      createdAt: read.lastSentAt,
      mail: { status: "QUEUED", attempts: 0, failure: null, sentAt: null },
    });
    expect(daysUntil(read.dateExpires)).toBeCloseTo(7, 2);
    expect(await user()).toMatchObject({
      ...names,
      type,
      status: "INVITED",
      inviteStatus: "INVITED",
      inviteDateInvited: read.dateInvited,
      inviteDateExpires: read.dateExpires,
      inviteDateModified: read.dateModified,
      version: 1,
    });
  });

  test("the mail's token opens the account, and the account its own token of access", async () => {
    const { refusals, here, invitation } = await scene();
    expect(await refusals()).toEqual([]);
    const invited = await invitation();
    expect(await tools.accepting(here, invited)).toEqual([]);
    expect(await here.read(invited.user)).toMatchObject({ status: "ACTIVE", inviteStatus: "COMPLETED" });
  });

  test("a name is trimmed and stored in NFC, a blank one is none", async () => {
    const { refusals, user } = await scene();
    expect(await refusals({ title: " ", forename: " Zoe\u0308 ", surname: null })).toEqual([]);
    expect(await user()).toMatchObject({ title: null, forename: "Zo\u00eb", surname: null });
  });

  test.each([
    ["title", 32],
    ["forename", 255],
    ["surname", 255],
  ] as const)("%s holds %d characters and not one more", async (field, limit) => {
    const { refusals, user } = await scene();
    const fits = "𝔘".repeat(limit);
    expect(await refusals({ [field]: `${fits}x` })).toEqual([`INVALID ${person(field)}`]);
    expect(await refusals({ [field]: fits })).toEqual([]);
    expect((await user())[field]).toBe(fits);
  });

  test.each(["title", "forename", "surname"])("%s takes no line breaks and control characters", async (field) => {
    const { refusals } = await scene();
    for (const injected of ["a\r\nBcc: b@example.com", "a\nb", "a\rb", "a\tb", "a\u0001b", "a\u007fb", "a\u0085b"]) {
      expect(await refusals({ [field]: injected })).toEqual([`INVALID ${person(field)}`]);
    }
  });

  test("a message holds 1000 characters, line breaks and tabs, and no other control characters", async () => {
    const { refusals, invitation } = await scene();
    for (const message of ["x".repeat(1001), "a\u0001b", "a\u001b[31mb", "a\u0085b"]) {
      expect(await refusals({ message })).toEqual(["INVALID input.message"]);
    }
    expect(await refusals({ message: `${"𝔘".repeat(997)}\r\n\tx` })).toEqual([]);
    expect((await invitation()).message).toBe(`${"𝔘".repeat(997)}\n\tx`);
    expect(await refusals({ message: " \n " })).toEqual([]);
    expect((await invitation()).message).toBeNull();
  });

  test("an e-mail address holds 254 characters", async () => {
    const { refusals, user } = await scene();
    expect(LONGEST).toHaveLength(254);
    expect(await refusals({ email: `${LONGEST}x` })).toEqual([`INVALID ${person("email")}`]);
    expect(await refusals({ email: LONGEST })).toEqual([]);
    expect((await user()).contactEmail).toBe(LONGEST);
  });

  test.each([
    "nobody",
    "a@b",
    "a b@example.com",
    "a@example.com\r\nBcc: b@example.com",
    "a\r\nBcc:b@example.com",
    "a@example.com\nb",
    "a\u0001b@example.com",
    "a@exam\u0085ple.com",
    "Nora <a@example.com>",
    "a@example.com,b@example.com",
    "a@b@example.com",
    ".a@example.com",
    "a@-example.com",
    `${"l".repeat(65)}@example.com`,
  ])("%j is no e-mail address", async (email) => {
    const { refusals } = await scene();
    expect(await refusals({ email })).toEqual([`INVALID ${person("email")}`]);
  });

  test("no e-mail address is REQUIRED", async () => {
    const { refusals } = await scene();
    for (const email of ["", "  ", "\u00a0"])
      expect(await refusals({ email })).toEqual([`REQUIRED ${person("email")}`]);
  });

  test("a text that cannot be stored, and an instant that is none, is BAD_USER_INPUT", async () => {
    const { here, inputOf } = await scene();
    const before = await here.contents();
    const email = newEmail();
    for (const [invite, field] of [
      [{ email: "a\u0000@example.com" }, person("email")],
      [{ email, surname: "\ud800" }, person("surname")],
      [{ email, message: "a\u0000b" }, "input.message"],
      [{ email, expiresAt: "tomorrow" }, "input.expiresAt"],
      [{ email, expiresAt: "2030-02-30T00:00:00Z" }, "input.expiresAt"],
    ] as const) {
      const answer = await here.admin.send(document, { input: inputOf(invite) });
      expect(problems(answer)).toEqual([`BAD_USER_INPUT ${field}`]);
    }
    expect(await here.contents()).toEqual(before);
  });

  test("it lives as long as the tenant says, or as the inviter does: not in the past, at most 30 days", async () => {
    const { here, refusals, invitation } = await scene();
    const lives = async (expiresAt?: string | null) => {
      expect(await refusals({ expiresAt: expiresAt ?? null })).toEqual([]);
      return (await invitation()).dateExpires;
    };
    await tools.settings(here, { days: 30 });
    expect(daysUntil(await lives())).toBeCloseTo(30, 2);
    await tools.settings(here, { days: 1 });
    expect(daysUntil(await lives())).toBeCloseTo(1, 2);
    for (const wanted of [inDays(29.999), inDays(0.001)]) expect(await lives(wanted)).toBe(wanted);
    for (const wanted of [inDays(0), inDays(-1), inDays(30.001), "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]) {
      expect(await refusals({ expiresAt: wanted })).toEqual(["INVALID input.expiresAt"]);
    }
  });

  const SPELLINGS = [
    ["the same", "jos\u00e9@example.com"],
    ["in other case", "JOS\u00c9@Example.COM"],
    ["decomposed", "jose\u0301@example.com"],
    ["decomposed, in other case, with blanks around", " JOSE\u0301@EXAMPLE.COM "],
  ] as const;

  test.each(SPELLINGS)("an e-mail address that is invited is ALREADY_INVITED: %s", async (_how, email) => {
    const { here, refusals, invitation } = await scene();
    expect(await refusals({ email: "jos\u00e9@example.com" })).toEqual([]);
    expect(await refusals({ email })).toEqual([`ALREADY_INVITED ${person("email")}`]);
    await tools.expire(here, await invitation());
    expect(await refusals({ email })).toEqual([`ALREADY_INVITED ${person("email")}`]);
    expect(await refusals({ email: "jose@example.com" })).toEqual([]);
  });

  test.each(SPELLINGS)("an e-mail address with an account is ALREADY_ACTIVE: %s", async (_how, email) => {
    const { here, refusals } = await scene();
    const user = await here.user({ contactEmail: "jos\u00e9@example.com" });
    expect(await refusals({ email })).toEqual([`ALREADY_ACTIVE ${person("email")}`]);
    expect(await here.refusals(here.admin, operations.SuspendUser!, { userId: user.id })).toEqual([]);
    expect(await refusals({ email })).toEqual([`ALREADY_ACTIVE ${person("email")}`]);
  });

  test("another tenant's accounts are no matter", async () => {
    const { refusals } = await scene();
    const there = await tenant();
    expect(await refusals({ email: there.admin.email })).toEqual([]);
  });

  test("a revoked account is taken up again: the same one, by the names that are said anew", async () => {
    const { here, refusals, invitation } = await scene();
    const email = newEmail();
    expect(await refusals({ email, title: "Mr", forename: "Old", surname: "Name" })).toEqual([]);
    const first = await invitation();
    const token = await tools.tokenOf(here, first);
    expect(await here.refusals(here.admin, operations.RevokeInvitation!, { invitationId: first.id })).toEqual([]);
    expect(await refusals({ email: email.toUpperCase(), forename: "New" })).toEqual([]);
    const second = await invitation();
    expect(second.guid).not.toBe(first.guid);
    expect(second.user).toMatchObject({ guid: first.user.guid, status: "INVITED" });
    expect(await here.read(second.user)).toMatchObject({
      contactEmail: email.toUpperCase(),
      title: "Mr",
      forename: "New",
      surname: "Name",
      version: 3,
    });
    expect((await tools.read(here, first)).status).toBe("REVOKED");
    // The old link stays void, the new one opens the old account.
    const refusing = here.refusals(here.admin, operations.AcceptInvitation!, { token });
    expect(await refusing).toEqual(["INVITATION_REVOKED input.token"]);
    expect(await tools.accepting(here, second)).toEqual([]);
    expect((await here.read(first.user)).status).toBe("ACTIVE");
  });

  test("a revoked account of another type is USER_TYPE_MISMATCH", async () => {
    const { here, refusals } = await scene();
    const other = type === UserType.INTERNAL ? UserType.INVESTOR : UserType.INTERNAL;
    const { email } = await here.user({ type: other, status: UserStatus.REVOKED });
    expect(await refusals({ email })).toEqual([`USER_TYPE_MISMATCH ${person("email")}`]);
  });

  test("leaves one audit event: who, what, and no secret", async () => {
    const { here, ask } = await scene();
    const email = newEmail();
    const [before] = [await tools.events(here)];
    await ask({ email, forename: "Nora" });
    const [event, ...more] = (await tools.events(here)).slice(before.length);
    expect(more).toEqual([]);
    const { user, guid } = await newestInvitation(here);
    expect(event).toMatchObject({
      actorKind: "USER",
      actorId: here.admin.guid,
      actorName: "Ada Admin",
      subjectId: null,
      targetType: "User",
      targetId: user.guid,
    });
    const of = (entity: string) => event!.changes.filter((change: { type: string }) => change.type === entity);
    expect(of("User")).toMatchObject([
      { id: user.guid, action: "CREATE", fields: { contactEmail: [null, email], status: [null, "INVITED"] } },
    ]);
    expect(of("Invitation")).toMatchObject([
      { id: guid, action: "CREATE", fields: { userId: [null, user.guid], tokenHash: ["***", "***"] } },
    ]);
  });

  test("of 20 who invite one new address at once, one does, and the others are told that it is invited", async () => {
    const { here, ask } = await scene();
    const email = newEmail();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => ask({ email: i % 2 ? email : email.toUpperCase() })),
    );
    expect(outcomes(answers).toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "ALREADY_INVITED")]);
    const { users, invitations, mail_deliveries } = await here.rows();
    expect(users!.filter((user) => user.email_norm === email)).toHaveLength(1);
    expect([invitations!.length, mail_deliveries!.length]).toEqual([1, 1]);
  });

  test("of 20 who invite one revoked account at once, one does", async () => {
    const { here, ask } = await scene();
    const { email, guid } = await here.user({ type, status: UserStatus.REVOKED });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask({ email })));
    expect(outcomes(answers).toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "ALREADY_INVITED")]);
    expect(await here.read({ guid })).toMatchObject({ status: "INVITED", version: 2 });
    const { invitations, mail_deliveries } = await here.rows();
    expect([invitations!.length, mail_deliveries!.length]).toEqual([1, 1]);
  });
}
