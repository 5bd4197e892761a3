import { parseArgs } from "node:util";
import { command, wholeNumber, withDatabase } from "../command.js";
import { readConfig } from "../config.js";
import { ADMINISTRATOR_EMAIL, GeneratedTenant } from "./generator.js";
import { tenantIdOf, writeTenant } from "./write-tenant.js";

const HOUR = 3_600_000;
const USAGE = `npm run seed -- --users 1000000 --tenant bench
  --users N            how many, 20 to 10,000,000; a tenth as many groups
  --tenant NAME        its id follows from the name
  --seed N             another seed, other people (default 1)
  --at INSTANT         the "now" of all dates, e.g. 2025-06-01T00:00:00Z (default: this hour)
  --replace            delete what the tenant holds first
  --database-url URL   as the tables' owner (default: DATABASE_OWNER_URL, or the embedded database)
`;

/** Tells how far each table is, on a terminal in one line. */
function progressOn(stream: NodeJS.WriteStream) {
  const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  let [current, begun, told] = ["", 0, 0];
  return (table: string, done: number, count: number, rows: number): void => {
    const now = performance.now();
    if (table !== current) [current, begun, told] = [table, now, now];
    const finished = done === count;
    if (!finished && now - told < (stream.isTTY ? 250 : 5_000)) return;
    told = now;
    const perSecond = (rows / Math.max(now - begun, 1)) * 1000;
    const line = `${table.padEnd(22)}${`${Math.floor((100 * done) / count)} %`.padStart(6)}${number.format(rows).padStart(12)} rows${number.format(perSecond).padStart(10)} rows/s`;
    stream.write(stream.isTTY ? `\r${line}${finished ? "\n" : ""}` : `${line}\n`);
  };
}

await command(async () => {
  const { values } = parseArgs({
    options: {
      users: { type: "string" },
      tenant: { type: "string" },
      seed: { type: "string", default: "1" },
      at: { type: "string" },
      replace: { type: "boolean", default: false },
      "database-url": { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const name = values.tenant?.trim();
  if (!name || values.users === undefined)
    throw new Error("Give --users and --tenant, e.g. --users 1000000 --tenant bench.");
  const users = wholeNumber("users", values.users, 20, 10_000_000);
  const seed = wholeNumber("seed", values.seed, 0, 2 ** 32 - 1);
  const at = values.at === undefined ? Math.floor(Date.now() / HOUR) * HOUR : Date.parse(values.at);
  if (Number.isNaN(at)) throw new Error(`--at has to be an instant such as 2025-06-01T00:00:00Z, not "${values.at}".`);
  const url = values["database-url"];
  if (url !== undefined && !/^postgres(ql)?:/.test(url)) throw new Error("--database-url has to be a postgres:// URL.");

  const begun = performance.now();
  const tenant = new GeneratedTenant({ name, users, groups: Math.floor(users / 10), seed, at });
  const config = readConfig();
  const written = await withDatabase(url === undefined ? config : { ...config, DATABASE_OWNER_URL: url }, (ownerUrl) =>
    writeTenant(ownerUrl, {
      name,
      createdAt: new Date(at).toISOString(),
      tables: tenant.tables(),
      replace: values.replace,
      progress: progressOn(process.stderr),
    }),
  );
  if (!written) throw new Error(`The tenant "${name}" (${tenantIdOf(name)}) exists: give --replace to write it anew.`);
  process.stderr.write(
    `${users} users in ${Math.round((performance.now() - begun) / 1000)} s, dates as of ${new Date(at).toISOString()}\n`,
  );
  process.stdout.write(`tenant ${tenantIdOf(name)}\nadministrator ${ADMINISTRATOR_EMAIL}\n`);
});
