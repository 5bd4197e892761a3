import { PERMISSIONS } from "../../src/access/index.js";
import { problems, type Caller, type Harness, type TestTenant } from "../harness/index.js";

const CALLERS: Record<string, (here: TestTenant) => Caller | Promise<Caller>> = {
  "an administrator with forms.write alone": (here) => here.internal(["forms.write"], { administrator: true }),
  "a service with forms.write alone": (here) => here.service("forms.write"),
  "a service with everything else": (here) => here.service(...PERMISSIONS.filter((one) => one !== "forms.write")),
  "an administrator without forms.write": (here) => here.internal(["forms.read"], { administrator: true }),
  "an internal member": (here) => here.internal(PERMISSIONS),
  "an investor": (here) => here.user(),
  "a group's lead": async (here) => {
    const lead = await here.user();
    await here.group({ lead });
    return lead;
  },
  "an administrator in an investor's session": async (here) => here.actingAs(here.admin, await here.user()),
};

/** Who may call a write to the tenant's forms: administrators, and services where it is open to them. */
export function forKeepersOfForms(
  { tenant, anonymous }: Harness,
  document: string,
  inputOf: (here: TestTenant) => Promise<object>,
  { services = true } = {},
): void {
  describe("is for administrators" + (services ? " and services" : "; closed to services"), () => {
    test.each(Object.entries(CALLERS))("%s", async (who, callerOf) => {
      const here = await tenant();
      const input = await inputOf(here);
      const caller = await callerOf(here);
      const open = who.startsWith(services ? "a service with forms" : "an administrator with forms");
      if (open || who.startsWith("an administrator with forms")) {
        expect(await here.refusals(caller, document, input)).toEqual([]);
        return;
      }
      const before = await here.contents();
      expect(problems(await caller.send(document, { input }))).toEqual(["FORBIDDEN"]);
      expect(await here.contents()).toEqual(before);
    });

    test("nobody without a token", async () => {
      const here = await tenant();
      const before = await here.contents();
      const answer = await anonymous.send(document, { input: await inputOf(here) });
      expect(problems(answer)).toEqual(["UNAUTHENTICATED"]);
      expect(Object.keys(before)).not.toHaveLength(0);
    });
  });
}
