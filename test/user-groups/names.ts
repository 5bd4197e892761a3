import { outcomes, type Harness, type TestTenant } from "../harness/index.js";

/** A write that names a group, and the rest of an input for it. */
interface NamingWrite {
  document: string;
  of: (here: TestTenant) => Promise<object>;
}

/** What every write that names or describes a group has to hold. */
export function nameRules({ tenant }: Harness, { document, of }: NamingWrite): void {
  async function scene() {
    const here = await tenant();
    const rest = await of(here);
    const groups = async () =>
      (await here.admin.ask("{ userGroups(first: 100) { nodes { guid name description } } }")).userGroups.nodes;
    return {
      here,
      /** Each time of another group, so that the name is not its own. */
      naming: async (input: object) => here.refusals(here.admin, document, { ...(await of(here)), ...input }),
      again: (input: object) => here.refusals(here.admin, document, { ...rest, ...input }),
      names: async () => (await groups()).map(({ name }: { name: string }) => name),
      descriptions: async () => (await groups()).map(({ description }: { description: string }) => description),
    };
  }

  test("a name holds 255 characters and not one more, whatever they are", async () => {
    const { naming, names } = await scene();
    // Each of the last is eighteen letters when it is compared.
    const letters = ["x", "é", "𝔘", "ﷺ", "😀"];
    for (const letter of letters) {
      expect(await naming({ name: letter.repeat(256) })).toEqual(["INVALID input.name"]);
      expect(await naming({ name: ` ${letter.repeat(255)} ` })).toEqual([]);
    }
    expect(await names()).toEqual(expect.arrayContaining(letters.map((letter) => letter.repeat(255))));
  });

  test("a name of 255 characters that grow when they are compared is a name like any other", async () => {
    const { naming, again } = await scene();
    // Japanese words in a square, some five letters each, by chance so that nothing can be compressed.
    let chance = 1;
    const word = (): string => String.fromCodePoint(0x3300 + ((chance = (chance * 48_271) % 2_147_483_647) % 88));
    const name = Array.from({ length: 255 }, word).join("");
    expect(await naming({ name })).toEqual([]);
    expect(await again({ name })).toEqual(["TAKEN input.name"]);
  });

  test.each(["", " ", "\u00a0\t"])("a name cannot be blank: %j", async (name) => {
    const { naming } = await scene();
    expect(await naming({ name })).toEqual(["REQUIRED input.name"]);
  });

  test("a name takes no control characters, a description line breaks and tabs alone", async () => {
    const { naming, descriptions } = await scene();
    for (const control of ["\u0001", "\n", "\r", "\u001b", "\u007f", "\u0085"]) {
      expect(await naming({ name: `a${control}b` })).toEqual(["INVALID input.name"]);
    }
    for (const control of ["\u0001", "\u001b", "\u007f", "\u0085"]) {
      expect(await naming({ name: "A", description: `a${control}b` })).toEqual(["INVALID input.description"]);
    }
    expect(await naming({ name: "A", description: " one\r\ntwo\n\tthree " })).toEqual([]);
    expect(await descriptions()).toContain("one\ntwo\n\tthree");
  });

  test("a description holds 2000 characters and not one more; blank it is none", async () => {
    const { naming, descriptions } = await scene();
    expect(await naming({ name: "A", description: "𝔘".repeat(2_001) })).toEqual(["INVALID input.description"]);
    expect(await naming({ name: "A", description: "𝔘".repeat(2_000) })).toEqual([]);
    expect(await naming({ name: "B", description: " \n " })).toEqual([]);
    const described = (await descriptions()).filter((text: string | null) => text !== null);
    expect(described).toEqual(["𝔘".repeat(2_000)]);
  });

  test("a name is unique in the tenant without regard to case, accents, spaces and Unicode form", async () => {
    const { here, naming, names } = await scene();
    await here.group({ name: "Müller & Söhne" });
    for (const name of [
      "Müller & Söhne",
      "MÜLLER & SÖHNE",
      "muller & sohne",
      "Mu\u0308ller & So\u0308hne",
      " Müller  &  Söhne ",
    ]) {
      expect(await naming({ name })).toEqual(["TAKEN input.name"]);
    }
    expect(await naming({ name: "Müller & Sohn" })).toEqual([]);
    expect(await names()).toContain("Müller & Sohn");
  });

  test("another tenant's name is free", async () => {
    await (await tenant()).group({ name: "Everywhere" });
    const { naming } = await scene();
    expect(await naming({ name: "Everywhere" })).toEqual([]);
  });

  test("of 20 who want one name at once, one gets it", async () => {
    const { here } = await scene();
    const inputs = [];
    for (let i = 0; i < 20; i++) inputs.push({ ...(await of(here)), name: i % 2 ? "Wanted" : "WANTED" });
    const codes = outcomes(await Promise.all(inputs.map((input) => here.admin.ask(document, { input }))));
    expect(codes.toSorted()).toEqual(["", ...Array.from({ length: 19 }, () => "TAKEN")]);
  });
}
