import "reflect-metadata";
import { parseArgs } from "node:util";
import { v7 as uuidv7 } from "uuid";
import { Role, Tenant, UserRole } from "./access/index.js";
import { systemEvent } from "./audit/index.js";
import { command, wholeNumber, withDatabase } from "./command.js";
import { readConfig } from "./config.js";
import { TenantPool } from "./database/index.js";
import { columnOf, foldCase, isEmailAddress, join, refuse, sql, TenantDb, UsersErrorCode } from "./kit/index.js";
import { STARTING_ROLES } from "./starting-roles.js";
import { FeatureFlag } from "./user-groups/index.js";
import { optionalText, refuseForeignDomain, requiredText, User, UserStatus, UserType } from "./users/index.js";

const COMMAND = "create-tenant";
const MAX_TEXT = 255;
const USAGE = `npm run ${COMMAND} -- --name "Sample Bank" --admin ada@bank.example
  --name NAME              refused when a tenant has this name: run twice, the command makes one tenant
  --admin E-MAIL           an administrator, ACTIVE; may be repeated
  --forename, --surname    of the first administrator
  --invitation-days N      how long an invitation lives, 1 to 30 (default 7)
  --approval               invitations wait until somebody else approves them: needs two administrators
  --internal-domains A,B   where staff have their e-mail addresses (default: anywhere)
  --feature-flag KEY=TEXT  a part of the platform that groups are given, and what it gives; may be repeated
All of it or nothing, as the owner of the tables: DATABASE_OWNER_URL, or in development the embedded database.
Prints what access tokens have to carry: tenant_id, and for each administrator sub.
`;

interface Plan {
  tenant: Pick<Tenant, "name" | "invitationDays" | "invitationApproval" | "internalEmailDomains">;
  administrators: Pick<User, "guid" | "contactEmail" | "forename" | "surname">[];
  flags: Pick<FeatureFlag, "guid" | "key" | "description">[];
}

await command(async () => {
  const { values } = parseArgs({
    options: {
      name: { type: "string", default: "" },
      admin: { type: "string", multiple: true, default: [] },
      forename: { type: "string" },
      surname: { type: "string" },
      "invitation-days": { type: "string", default: "7" },
      approval: { type: "boolean", default: false },
      "internal-domains": { type: "string" },
      "feature-flag": { type: "string", multiple: true, default: [] },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const tenant = {
    name: requiredText(values.name, MAX_TEXT, "name"),
    invitationDays: wholeNumber("invitation-days", values["invitation-days"], 1, 30),
    invitationApproval: values.approval,
    internalEmailDomains: domainsOf(values["internal-domains"]),
  };
  const administrators = emailsOf(values.admin, tenant).map((contactEmail, index) => ({
    guid: uuidv7(),
    contactEmail,
    forename: index === 0 ? optionalText(values.forename, MAX_TEXT, "forename") : null,
    surname: index === 0 ? optionalText(values.surname, MAX_TEXT, "surname") : null,
  }));
  if (tenant.invitationApproval && administrators.length < 2) {
    refuse(UsersErrorCode.REQUIRED, "Nobody approves what they ask for themselves: give two administrators.", "admin");
  }
  const plan = { tenant, administrators, flags: flagsOf(values["feature-flag"]) };

  const tenantId = await withDatabase(readConfig(), async (ownerUrl) => {
    const pool = new TenantPool({ connectionString: ownerUrl, max: 1, application_name: `users-subgraph ${COMMAND}` });
    try {
      const db = new TenantDb(uuidv7(), pool);
      await db.transaction(
        (inside) => createTenant(inside, plan),
        (inside) => systemEvent(inside, "createTenant", COMMAND),
      );
      return db.tenantId;
    } finally {
      await pool.end();
    }
  });
  process.stderr.write("The tenant is there. Access tokens have to carry these guids as tenant_id and as sub.\n");
  const subs = administrators.map(({ guid, contactEmail }) => `sub ${guid} ${contactEmail}\n`);
  process.stdout.write(`tenant_id ${tenantId}\n${subs.join("")}`);
});

function domainsOf(list = ""): string[] {
  const domains = list
    .split(",")
    .map((domain) => foldCase(domain.trim()))
    .filter(Boolean);
  const wrong = domains.find((domain) => !isEmailAddress(`somebody@${domain}`));
  if (wrong !== undefined) refuse(UsersErrorCode.INVALID, `"${wrong}" is not a domain.`, "internal-domains");
  return [...new Set(domains)];
}

function emailsOf(given: string[], tenant: Pick<Tenant, "internalEmailDomains">): string[] {
  const emails = given.map((email) => email.normalize("NFC").trim());
  if (emails.length === 0) refuse(UsersErrorCode.REQUIRED, "A tenant needs an administrator.", "admin");
  for (const email of emails) {
    if (!isEmailAddress(email)) refuse(UsersErrorCode.INVALID, `"${email}" is not an e-mail address.`, "admin");
    refuseForeignDomain(tenant, email, "admin");
  }
  refuseTwins(emails.map(foldCase), "admin");
  return emails;
}

function flagsOf(given: string[]): Plan["flags"] {
  const flags = given.map((text) => {
    const [, key, description = ""] = /^([\w.-]+)=(.*)$/s.exec(text) ?? [];
    if (!key) refuse(UsersErrorCode.INVALID, `Write key=description, not "${text}".`, "feature-flag");
    return { guid: uuidv7(), key, description: requiredText(description, MAX_TEXT, "feature-flag") };
  });
  refuseTwins(
    flags.map(({ key }) => key),
    "feature-flag",
  );
  return flags;
}

function refuseTwins(texts: string[], option: string): void {
  const twin = texts.find((text, index) => texts.indexOf(text) !== index);
  if (twin !== undefined) refuse(UsersErrorCode.DUPLICATED_INPUT_ITEM, `${twin} is named twice.`, option);
}

/** Writes the tenant, its roles and flags, and its administrators with their role. */
async function createTenant(db: TenantDb, { tenant, administrators, flags }: Plan): Promise<void> {
  await refuseOthersThanOwner(db);
  await refuseTakenName(db, tenant.name);
  const columns = Object.keys(tenant).map((property) => columnOf(Tenant, property));
  await db.query(
    sql`INSERT INTO tenants (tenant_id, ${join(columns)}) VALUES (${db.tenantId}, ${join(Object.values(tenant))})`,
  );
  const fields = Object.entries(tenant).map(([property, value]) => [property, [null, value] as [unknown, unknown]]);
  db.changes.push({ type: "Tenant", id: db.tenantId, action: "CREATE", fields: Object.fromEntries(fields) });
  const roles = STARTING_ROLES.map((role) => ({ guid: uuidv7(), ...role }));
  const { guid: roleId } = roles.find(({ name }) => name === "Administrator")!;
  await db.insertAll(Role, roles);
  await db.insertAll(FeatureFlag, flags);
  await db.insertAll(
    User,
    administrators.map((person) => ({ ...person, type: UserType.INTERNAL, status: UserStatus.ACTIVE })),
  );
  await db.insertAll(
    UserRole,
    administrators.map(({ guid: userId }) => ({ userId, roleId })),
  );
}

/** Whom row-level security binds sees no other tenant, nor whether a name is taken. */
async function refuseOthersThanOwner(db: TenantDb): Promise<void> {
  const [tables] = await db.query<{ bound: boolean | null }>(
    sql`SELECT row_security_active(to_regclass('public.tenants')) AS bound`,
  );
  if (tables!.bound === null) throw new Error("The database has no tables yet: run `npm run migrate` first.");
  if (tables!.bound)
    throw new Error("DATABASE_OWNER_URL has to name the role that owns the tables, which writes tenants.");
}

/** The lock lasts until the end, so that of two runs at once the second one sees the first one's tenant. */
async function refuseTakenName(db: TenantDb, name: string): Promise<void> {
  await db.query(sql`LOCK TABLE tenants IN SHARE ROW EXCLUSIVE MODE`);
  const [other] = await db.query<{ guid: string }>(
    sql`SELECT tenant_id AS guid FROM tenants WHERE lower(name) = lower(${name})`,
  );
  if (other) refuse(UsersErrorCode.TAKEN, `The tenant ${other.guid} has this name.`, "name");
}
