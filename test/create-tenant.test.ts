import { decodeJwt } from "jose";
import { type Caller, harness, operations, testDatabase } from "./harness/index.js";
import { CREATE_TENANT, processes, TOKEN } from "./harness/process.js";

const { database, sign, bearer } = await harness();
const { start } = await processes();

const URLS = { DATABASE_URL: database.appUrl, DATABASE_OWNER_URL: database.ownerUrl };

const run = (args: string[], urls: Record<string, string> = URLS): Promise<{ code: number | null; output: string }> =>
  start(urls, CREATE_TENANT, ...args).ends();

let made = 0;

/** The options that a tenant needs at least, of a name of its own. */
const needed = (): string[] => ["--name", `Bank ${++made}`, "--admin", "ada@bank.example"];

interface Made {
  tenantId: string;
  administrators: { guid: string; email: string; caller: Caller }[];
}

async function create(...args: string[]): Promise<Made> {
  const { code, output } = await run(args);
  expect({ code, output }).toMatchObject({ code: 0 });
  const tenantId = /^tenant_id (\S+)$/m.exec(output)![1]!;
  const administrators = [...output.matchAll(/^sub (\S+) (\S+)$/gm)].map(async ([, sub, email]) => ({
    guid: sub!,
    email: email!,
    caller: bearer(await sign({ sub: sub!, tenant_id: tenantId })),
  }));
  return { tenantId, administrators: await Promise.all(administrators) };
}

/** How many rows of tenants there are, by table. */
async function counts(): Promise<Record<string, number>> {
  const tables = (await database.tenantTables()).map(async (table) => {
    const [row] = await database.sql<{ count: number }>(`SELECT count(*)::integer AS count FROM ${table}`);
    return [table, row!.count] as const;
  });
  return Object.fromEntries(await Promise.all(tables));
}

async function invite(caller: Caller, email: string): Promise<Record<string, any>> {
  const { availableRoles } = await caller.ask(operations.AvailableRoles!, { scope: "INTERNAL" });
  const roleIds = [availableRoles.nodes.find(({ name }: { name: string }) => name === "Read only").id];
  return (await caller.ask(operations.InviteInternalUser!, { input: { email, roleIds } })).inviteInternalUser;
}

test("the first administrator of an empty tenant gets in, finds its roles and flags, and invites", async () => {
  const names = ["--forename", "Ada", "--surname", "Admin"];
  const settings = ["--invitation-days", "3", "--internal-domains", "Bank.example, bank.co.uk"];
  const flags = ["--feature-flag", "co-investment=Members invest beside the lead.", "--feature-flag", "a.b=1 = 1"];
  const { tenantId, administrators } = await create(...needed(), ...names, ...settings, ...flags);
  const [{ caller, guid }] = administrators as [Made["administrators"][0]];

  const { me } = await caller.ask(operations.Me!);
  expect(me).toMatchObject({ guid, name: "Ada Admin", contactEmail: "ada@bank.example", status: "ACTIVE" });
  const roles = async (scope: string): Promise<string[]> => {
    const { availableRoles } = await caller.ask(operations.AvailableRoles!, { scope });
    return availableRoles.nodes.map(({ name, rank, administrator }: any) => `${name} ${rank} ${administrator}`);
  };
  expect(new Set(await roles("INTERNAL"))).toEqual(
    new Set(["Administrator 0 true", "Relationship manager 0 false", "Read only 0 false"]),
  );
  expect(new Set(await roles("GROUP"))).toEqual(new Set(["Lead 30 false", "Member 20 false", "Viewer 10 false"]));
  const { featureFlags } = await caller.ask(operations.FeatureFlags!);
  expect(featureFlags.nodes.map(({ key, description }: any) => [key, description]).toSorted()).toEqual([
    ["a.b", "1 = 1"],
    ["co-investment", "Members invest beside the lead."],
  ]);
  const { users } = await caller.ask(`{ users(search: "da adm") { nodes { guid } } }`);
  expect(users.nodes).toEqual([{ guid }]);

  const { errors, invitation } = await invite(caller, "bob@BANK.co.uk");
  expect(errors).toEqual([]);
  const lives = Date.parse(invitation.dateExpires) - Date.parse(invitation.dateInvited);
  expect([invitation.status, lives]).toEqual(["INVITED", 3 * 86_400_000]);
  const stranger = await invite(caller, "bob@elsewhere.example");
  expect(stranger.errors).toMatchObject([{ code: "EMAIL_DOMAIN_NOT_ALLOWED" }]);

  const { auditEvents } = await caller.ask(operations.AuditEvents!, { filter: { operations: ["createTenant"] } });
  expect(auditEvents.nodes).toMatchObject([
    { actorKind: "SYSTEM", actorId: null, targetType: "Tenant", targetId: tenantId, requestId: "create-tenant" },
  ]);
  const changes = auditEvents.nodes[0].changes.map(({ type }: { type: string }) => type);
  const six = Array.from({ length: 6 }, () => "Role");
  expect(changes).toEqual(["Tenant", ...six, "FeatureFlag", "FeatureFlag", "User", "UserRole"]);
});

test("of two administrators one approves what the other one asks for", async () => {
  const { administrators } = await create(...needed(), "--approval", "--admin", "bob@bank.example");
  const [ada, bob] = administrators as [Made["administrators"][0], Made["administrators"][0]];
  const { invitation } = await invite(ada.caller, "new@bank.example");
  expect(invitation.status).toBe("DRAFT");
  const approve = (caller: Caller): Promise<Record<string, any>> =>
    caller.ask(operations.ApproveInvitation!, { input: { invitationId: invitation.id } });
  expect((await approve(ada.caller)).approveInvitation.errors).toMatchObject([{ code: "SELF_ACTION" }]);
  expect((await approve(bob.caller)).approveInvitation).toMatchObject({
    errors: [],
    invitation: { status: "INVITED" },
  });
});

test("a development token finds the tenant by its name, for its administrator and for a service", async () => {
  const name = `Bank ${++made}`;
  const { tenantId, administrators } = await create("--name", name, "--admin", "ada@bank.example");
  const claims = async (...args: string[]): Promise<object> => {
    const { code, output } = await start(URLS, TOKEN, "--tenant", name, ...args).ends();
    expect({ code, output }).toMatchObject({ code: 0 });
    return decodeJwt(output.trim());
  };
  const user = await claims("--user", "ada@bank.example");
  expect(user).toMatchObject({ tenant_id: tenantId, sub: administrators[0]!.guid });
  const service = await claims("--service", "reports", "--scope", "users.read");
  expect(service).toMatchObject({ tenant_id: tenantId, sub: "reports" });

  const nobody = ["--tenant", "Nobody's bank", "--service", "reports", "--scope", "users.read"];
  const { code, output } = await start(URLS, TOKEN, ...nobody).ends();
  expect([code, output]).toEqual([1, expect.stringMatching(/^No tenant "Nobody's bank" .* tenant_id/)]);
});

test("a name makes one tenant, however often and however many at once run", async () => {
  const args = needed();
  const runs = await Promise.all([run(args), run(args), run(args)]);
  expect(runs.filter(({ code }) => code === 0)).toHaveLength(1);
  const before = await counts();
  const { code, output } = await run(args.map((arg) => arg.replace("Bank", "bank")));
  expect([code, output]).toEqual([1, expect.stringMatching(/^--name: The tenant \S{36} has this name\.\n$/)]);
  expect(await counts()).toEqual(before);
});

describe("is refused in one line, and nothing is written:", () => {
  const ada = ["--admin", "ada@bank.example"];
  const name = ["--name", "Refused"];

  test.each<[string, string[]]>([
    ["--name: Cannot be blank.", ada],
    ["--name: Control characters and line breaks are not allowed.", ["--name", "Two\nlines", ...ada]],
    ["--admin: A tenant needs an administrator.", name],
    ['--admin: "ada" is not an e-mail address.', [...name, "--admin", "ada"]],
    ["--admin: ada@bank.example is named twice.", [...name, ...ada, "--admin", "Ada@bank.example"]],
    ["--admin: Staff have addresses at bank.co.uk.", [...name, ...ada, "--internal-domains", "bank.co.uk"]],
    [
      "--admin: Nobody approves what they ask for themselves: give two administrators.",
      [...name, ...ada, "--approval"],
    ],
    ["--surname: At most 255 characters.", [...name, ...ada, "--surname", "s".repeat(256)]],
    ['--internal-domains: "@bank" is not a domain.', [...name, ...ada, "--internal-domains", "bank.example,@bank"]],
    [
      '--invitation-days has to be a whole number from 1 to 30, not "31".',
      [...name, ...ada, "--invitation-days", "31"],
    ],
    ['--feature-flag: Write key=description, not "key".', [...name, ...ada, "--feature-flag", "key"]],
    ["--feature-flag: Cannot be blank.", [...name, ...ada, "--feature-flag", "key= "]],
    ["--feature-flag: key is named twice.", [...name, ...ada, "--feature-flag", "key=1", "--feature-flag", "key=2"]],
    ["Unknown option '--nmae'", [...name, ...ada, "--nmae", "x"]],
  ])("%s", async (line, args) => {
    const before = await counts();
    const { code, output } = await run(args);
    expect([code, output.trim().split("\n")]).toEqual([1, [expect.stringContaining(line)]]);
    expect(await counts()).toEqual(before);
  });

  test("as another role than the tables' owner", async () => {
    const before = await counts();
    for (const urls of [{ DATABASE_URL: database.appUrl }, { ...URLS, DATABASE_OWNER_URL: database.appUrl }]) {
      const line = "DATABASE_OWNER_URL has to name the role that owns the tables, which writes tenants.\n";
      expect(await run(needed(), urls)).toEqual({ code: 1, output: line });
    }
    expect(await counts()).toEqual(before);
  });

  test("on a database without its tables", async () => {
    const empty = await testDatabase({ empty: true });
    const { code, output } = await run(needed(), { DATABASE_OWNER_URL: empty.ownerUrl });
    expect([code, output]).toEqual([1, "The database has no tables yet: run `npm run migrate` first.\n"]);
    await empty.drop();
  });
});

test("--help says what it does, and does nothing", async () => {
  const { code, output } = await run(["--help"], {});
  expect([code, output]).toEqual([0, expect.stringContaining("refused when a tenant has this name")]);
});

test("in production it wants to know the database, and nothing else that a server has to know", async () => {
  const { code, output } = await run(needed(), { NODE_ENV: "production" });
  expect([code, output]).toEqual([1, "Set DATABASE_OWNER_URL: the embedded database is for development.\n"]);
  expect((await run(needed(), { ...URLS, NODE_ENV: "production" })).code).toBe(0);
});
