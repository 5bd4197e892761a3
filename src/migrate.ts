import "reflect-metadata";
import { command } from "./command.js";
import { naming, readConfig } from "./config.js";
import { migrate } from "./database/index.js";

/** `npm run migrate`: brings the schema up to date as its owner and grants the application's role what it needs. */
await command(async () => {
  const { DATABASE_OWNER_URL: ownerUrl, DATABASE_URL: appUrl } = readConfig();
  if (!ownerUrl || !appUrl) throw new Error("Set DATABASE_OWNER_URL and DATABASE_URL.");
  const run = await migrate(ownerUrl, decodeURIComponent(new URL(appUrl).username)).catch(naming("DATABASE_OWNER_URL"));
  process.stdout.write(`The schema is up to date: ${run} migration(s) have run now.\n`);
});
