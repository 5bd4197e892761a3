import { openTenantDoor } from "../src/kit/index.js";
import { harness } from "./harness/index.js";
import { leaks, strayWrites } from "./harness/tenancy.js";

const server = await harness();
openTenantDoor();

test("with the tenant door open, row-level security alone leaks nothing", async () => {
  expect(await leaks(server)).toEqual([]);
});

test("with the tenant door open, row-level security alone keeps writes in their tenant", async () => {
  expect(await strayWrites(server)).toEqual([]);
});
