import { openTenantDoor } from "../src/kit/index.js";
import { harness } from "./harness/index.js";
import { leaks, strayWrites } from "./harness/tenancy.js";

const server = await harness({ asOwner: true });

describe("past row-level security", () => {
  test("the tenant door alone leaks nothing", async () => {
    expect(await leaks(server)).toEqual([]);
  });

  test("the tenant door alone keeps writes in their tenant", async () => {
    expect(await strayWrites(server)).toEqual([]);
  });

  describe("with the door open too, the same assertions fail: the control", () => {
    beforeAll(openTenantDoor);

    test("everybody reads what is the other tenant's", async () => {
      const found = await leaks(server);
      const readers = new Set(found.map((leak) => leak.slice(0, leak.indexOf(":"))));
      expect([...readers].toSorted()).toEqual(["administrator", "investor", "lead", "member", "service"]);
    });

    test("a write lands in the other tenant", async () => {
      expect(await strayWrites(server)).toContain("users");
    });
  });
});
