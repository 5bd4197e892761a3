import { parseArgs } from "node:util";
import pg from "pg";
import { PERMISSIONS } from "../access/index.js";
import { command, wholeNumber, withDatabase } from "../command.js";
import { readConfig } from "../config.js";
import { isUuid, foldCase } from "../kit/index.js";
import { DEMO_TENANT } from "./demo-tenant.js";
import { developmentKey } from "./development-key.js";
import { tenantIdOf } from "./write-tenant.js";

const USAGE = `npm run --silent token -- --user jane.admin@example.com
  --user E-MAIL        whose token; or
  --service ID         a service's, with --scope "users.read users.write"
  --tenant NAME|UUID   (default ${DEMO_TENANT})
  --minutes N          how long it lives (default 720)
`;

await command(async () => {
  const { values } = parseArgs({
    options: {
      user: { type: "string" },
      service: { type: "string" },
      scope: { type: "string" },
      tenant: { type: "string", default: DEMO_TENANT },
      minutes: { type: "string", default: "720" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const config = readConfig();
  if (config.NODE_ENV === "production") throw new Error("Development tokens are not made in production.");
  const { user, service, scope, tenant } = values;
  if ((user === undefined) === (service === undefined))
    throw new Error("Give --user <e-mail> or --service <client-id>.");
  if ((service === undefined) !== (scope === undefined)) throw new Error("--service and --scope go together.");
  const scopes = scope?.split(/\s+/).filter(Boolean);
  const unknown = scopes?.find((word) => !(PERMISSIONS as readonly string[]).includes(word));
  if (unknown !== undefined) throw new Error(`"${unknown}" is no scope; these are: ${PERMISSIONS.join(" ")}.`);
  const minutes = wholeNumber("minutes", values.minutes, 1, 525_600);

  const known = isUuid(tenant) ? tenant.toLowerCase() : tenant === DEMO_TENANT ? tenantIdOf(tenant) : null;
  const tenantId = known ?? (await withDatabase(config, (url) => tenantNamed(url, tenant)));
  const subject = service ?? (await withDatabase(config, (url) => guidOf(url, { tenant, tenantId, email: user! })));
  const key = await developmentKey(config.DATA_DIR);
  process.stdout.write(`${await key.sign({ tenantId, subject, minutes, ...(scopes && { scopes }) })}\n`);
});

/** The owner passes row-level security; the application's role needs the tenant's marker. */
async function within<T>(url: string, tenantId: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("SELECT set_config('app.tenant', $1, false)", [tenantId]);
    return await work(client);
  } finally {
    await client.end();
  }
}

/** By its name, as `create-tenant` compares it. The application's role sees none but one whose id follows from its name. */
function tenantNamed(url: string, name: string): Promise<string> {
  return within(url, tenantIdOf(name), async (client) => {
    const { rows } = await client.query<{ id: string }>(
      "SELECT tenant_id AS id FROM tenants WHERE lower(name) = lower($1) ORDER BY tenant_id <> $2 LIMIT 1",
      [name, tenantIdOf(name)],
    );
    const [tenant] = rows;
    if (!tenant)
      throw new Error(
        `No tenant "${name}" is to be seen here: give its tenant_id, or DATABASE_OWNER_URL to look it up.`,
      );
    return tenant.id;
  });
}

function guidOf(
  url: string,
  { tenant, tenantId, email }: Record<"tenant" | "tenantId" | "email", string>,
): Promise<string> {
  return within(url, tenantId, async (client) => {
    const { rows } = await client.query<{ id: string; status: string }>(
      "SELECT id, status FROM users WHERE tenant_id = $1 AND email_norm = $2",
      [tenantId, foldCase(email)],
    );
    const [user] = rows;
    if (!user) throw new Error(`No user ${email} in the tenant "${tenant}": --tenant names another.`);
    if (user.status !== "ACTIVE")
      process.stderr.write(`${email} is ${user.status}: the server will refuse the token.\n`);
    return user.id;
  });
}
