import "reflect-metadata";
import { readConfig } from "./config.js";
import { migrate } from "./database/index.js";

/** `npm run migrate`: brings the schema up to date as its owner and grants the application's role what it needs. */
const { DATABASE_OWNER_URL: ownerUrl, DATABASE_URL: appUrl } = readConfig();
if (ownerUrl && appUrl) {
  await migrate(ownerUrl, decodeURIComponent(new URL(appUrl).username));
} else {
  process.stderr.write("Set DATABASE_OWNER_URL and DATABASE_URL.\n");
  process.exitCode = 1;
}
