import { outcomes, problems, type Caller, type Harness, type Person, type TestTenant } from "./index.js";

/** An operation that changes a user's profile, and who asks for it with what input. */
export interface ProfileWrite {
  document: string;
  /** Somebody who may change the user, and the input that names the user. */
  of: (here: TestTenant, user: Person) => { caller: Caller; target: object };
  /** Text fields with the most characters that they hold. */
  limits: Record<string, number>;
}

/** What every operation that changes a profile has to hold. */
export function profileRules({ tenant }: Harness, { document, of, limits }: ProfileWrite): void {
  const fields = Object.entries(limits);

  async function scene(values: Parameters<TestTenant["user"]>[0] = {}) {
    const here = await tenant();
    const user = await here.user(values);
    const { caller, target } = of(here, user);
    return {
      here,
      user,
      caller,
      target,
      refusals: (input: object) => here.refusals(caller, document, { ...target, ...input }),
      read: () => here.read(user),
    };
  }

  test("a field that is left out stays as it is", async () => {
    const { refusals, read } = await scene({ title: "Mr", forename: "Test", surname: "User" });
    expect(await refusals({ surname: "Other" })).toEqual([]);
    expect(await read()).toMatchObject({
      title: "Mr",
      forename: "Test",
      surname: "Other",
      name: "Mr Test Other",
      version: 2,
    });
  });

  test("an update with no change succeeds and keeps the version", async () => {
    const { refusals, read, user } = await scene({ forename: "Test" });
    const before = await read();
    expect(await refusals({})).toEqual([]);
    expect(await refusals({ forename: "Test", email: user.email })).toEqual([]);
    expect(await read()).toEqual(before);
  });

  test("every change adds one to the version", async () => {
    const { refusals, read } = await scene();
    expect(await refusals({ forename: "A", surname: "B" })).toEqual([]);
    expect(await refusals({ forename: "C" })).toEqual([]);
    expect((await read()).version).toBe(3);
  });

  test("the version that was read is accepted, another one is STALE_OBJECT", async () => {
    const { refusals, read } = await scene();
    expect(await refusals({ forename: "A", expectedVersion: 1 })).toEqual([]);
    expect(await refusals({ forename: "B", expectedVersion: 1 })).toEqual(["STALE_OBJECT input.expectedVersion"]);
    expect(await refusals({ forename: "B", expectedVersion: null })).toEqual([]);
    expect(await read()).toMatchObject({ forename: "B", version: 3 });
  });

  test("of 20 updates of one version at once, one wins and the others are stale", async () => {
    const { caller, target, read } = await scene();
    const racers = Array.from({ length: 20 }, (_, i) => `Racer ${i}`);
    const answers = await Promise.all(
      racers.map((forename) => caller.ask(document, { input: { ...target, forename, expectedVersion: 1 } })),
    );
    const codes = outcomes(answers);
    expect(codes.toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "STALE_OBJECT")]);
    expect(await read()).toMatchObject({ forename: racers[codes.indexOf("")], version: 2 });
  });

  test.each(fields)("%s holds %d characters and not one more", async (field, limit) => {
    const { refusals, read } = await scene();
    // Characters as people count them: each of these is two UTF-16 units and four bytes.
    const fits = "𝔘".repeat(limit);
    expect(await refusals({ [field]: fits })).toEqual([]);
    expect(await refusals({ [field]: `${fits}x` })).toEqual([`INVALID input.${field}`]);
    expect((await read())[field]).toBe(fits);
  });

  test.each(fields)("%s takes no control characters", async (field) => {
    const { refusals } = await scene();
    for (const control of ["\u0001", "\t", "\n", "\r", "\u001b", "\u007f", "\u0085"]) {
      expect(await refusals({ [field]: `a${control}b` })).toEqual([`INVALID input.${field}`]);
    }
  });

  test.each(fields)("%s is cleared by null and by blanks, and trimmed", async (field) => {
    const { refusals, read } = await scene();
    const given = [
      ["  x  ", "x"],
      [null, null],
      ["y", "y"],
      [" \u00a0 ", null],
    ];
    for (const [value, stored] of given) {
      expect(await refusals({ [field]: value })).toEqual([]);
      expect((await read())[field]).toBe(stored);
    }
  });

  test.each(fields)("%s is stored in NFC: another spelling of the same text is no change", async (field) => {
    const { refusals, read } = await scene();
    expect(await refusals({ [field]: "Zoe\u0308" })).toEqual([]);
    expect(await refusals({ [field]: "Zo\u00eb" })).toEqual([]);
    expect(await read()).toMatchObject({ [field]: "Zo\u00eb", version: 2 });
  });

  test("all broken rules are told at once", async () => {
    const { refusals } = await scene();
    expect(await refusals({ title: "x".repeat(33), surname: "a\u0007b", email: null })).toEqual([
      "INVALID input.title",
      "INVALID input.surname",
      "REQUIRED input.email",
    ]);
  });

  test("the e-mail address can be changed and not be cleared", async () => {
    const { refusals, read } = await scene();
    expect(await refusals({ email: "Other.Address@Example.com" })).toEqual([]);
    expect(await refusals({ email: null })).toEqual(["REQUIRED input.email"]);
    expect((await read()).contactEmail).toBe("Other.Address@Example.com");
  });

  test("a malformed e-mail address, and one of 255 characters, is BAD_USER_INPUT", async () => {
    const { here, caller, target } = await scene();
    const before = await here.contents();
    const label = "d".repeat(60);
    const long = `${"l".repeat(64)}@${label}.${label}.${label}.${"e".repeat(6)}`;
    for (const email of ["", "nobody", "a@b", "a b@example.com", "a@example.com\n", `${long}x`]) {
      expect(problems(await caller.send(document, { input: { ...target, email } }))).toEqual([
        "BAD_USER_INPUT input.email",
      ]);
    }
    expect(await here.contents()).toEqual(before);
    expect(long).toHaveLength(254);
    expect(await here.refusals(caller, document, { ...target, email: long })).toEqual([]);
  });

  test.each([
    ["the same", "josé@example.com"],
    ["in other case", "JOSÉ@Example.COM"],
    ["decomposed", "jose\u0301@example.com"],
    ["decomposed and in other case", "JOSE\u0301@EXAMPLE.COM"],
  ])("an e-mail address that another user has is TAKEN: %s", async (_how, email) => {
    const { here, refusals } = await scene();
    await here.user({ contactEmail: "jos\u00e9@example.com" });
    expect(await refusals({ email })).toEqual(["TAKEN input.email"]);
  });

  test("an e-mail address that differs in an accent is another address", async () => {
    const { here, refusals } = await scene();
    await here.user({ contactEmail: "jos\u00e9@example.com" });
    expect(await refusals({ email: "jose@example.com" })).toEqual([]);
  });

  test("one's own e-mail address in other case is not taken, and another tenant's neither", async () => {
    const { refusals, read, user } = await scene();
    const elsewhere = await tenant();
    const stranger = await elsewhere.user();
    expect(await refusals({ email: user.email.toUpperCase() })).toEqual([]);
    expect(await refusals({ email: stranger.email })).toEqual([]);
    expect((await read()).contactEmail).toBe(stranger.email);
  });

  test("of ten users who take one address at once, one gets it", async () => {
    const here = await tenant();
    const users = await Promise.all(Array.from({ length: 10 }, () => here.user()));
    const answers = await Promise.all(
      users.map((user) => {
        const { caller, target } = of(here, user);
        return caller.ask(document, { input: { ...target, email: "wanted@example.com" } });
      }),
    );
    const codes = outcomes(answers);
    expect(codes.toSorted()).toEqual(["", ...Array.from({ length: 9 }, () => "TAKEN")]);
  });
}
