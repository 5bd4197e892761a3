import "reflect-metadata";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Logger } from "pino";
import { readPublicKeys, type TokenRules } from "./access/index.js";
import { ConfigError, type Config, naming, readServerConfig } from "./config.js";
import { databaseProblems, ensureDatabase, migrate, startEmbeddedPostgres } from "./database/index.js";
import {
  DEVELOPMENT_AUDIENCE,
  DEVELOPMENT_ISSUER,
  DEVELOPMENT_SESSION_ISSUER,
  type DemoTenant,
  type DevelopmentKey,
  developmentKey,
  developmentSecret,
  ensureDemoTenant,
  isDevelopmentKey,
} from "./demo/index.js";
import { exampleOperations } from "./explorer/index.js";
import { flushLog, logger } from "./log.js";
import { mailFolder, mailOptions } from "./mail/index.js";
import { stopOnSignals, tellProblems } from "./process.js";
import { startServer } from "./server.js";
import { tracing } from "./tracing.js";

const SHUTDOWN_DEADLINE = 10_000;

/** Everything that is to be undone at the end, last made first. */
const cleanups: (() => Promise<void>)[] = [];

async function main(): Promise<void> {
  const config = readServerConfig();
  const development = config.NODE_ENV !== "production";
  const host = config.HOST ?? (development ? "127.0.0.1" : "0.0.0.0");
  await refuseTakenPort(host, config.PORT);
  const log = logger(config);
  const key = config.TOKEN_JWKS_URL || config.TOKEN_PUBLIC_KEY ? null : await developmentKey(config.DATA_DIR);
  const issuer = key ? developmentTokens(key) : await productionTokens(config);
  const tokens: TokenRules = { ...issuer, sessionIssuer: config.SESSION_ISSUER ?? DEVELOPMENT_SESSION_ISSUER };
  const { appUrl, demo } = await database(config, log);
  const explorer =
    demo && key ? { token: await tokenOf(key, demo, "administrator"), operations: examples() } : undefined;
  const folder = development ? mailFolder(config) : null;
  const traces = await tracing(config, log);
  if (traces) cleanups.push(() => traces.stop());

  const server = await startServer({
    host,
    port: config.PORT,
    databaseUrl: appUrl,
    replicaUrls: config.DATABASE_REPLICA_URLS,
    poolMode: config.DB_POOL_MODE,
    poolMax: config.DB_POOL_MAX,
    poolQueue: config.DB_POOL_QUEUE,
    statementTimeout: config.DB_STATEMENT_TIMEOUT,
    tokens,
    deadlineMilliseconds: config.DEADLINE_MILLISECONDS,
    limits: {
      bodyBytes: config.MAX_BODY_BYTES,
      tokens: config.MAX_TOKENS,
      depth: config.MAX_DEPTH,
      fields: config.MAX_FIELDS,
      pairs: config.MAX_PAIRS,
      aliases: config.MAX_ALIASES,
      rootFields: config.MAX_ROOT_FIELDS,
      values: config.MAX_VALUES,
      references: config.MAX_REFERENCES,
    },
    routerSecrets: config.ROUTER_SECRET ?? [],
    ...(config.SAFELIST && { safelist: safelisted() }),
    secrets: config.SECRET_KEY ?? [await developmentSecret(config.DATA_DIR)],
    ...(config.PUBLIC_URL && { publicUrl: config.PUBLIC_URL }),
    exports: { concurrency: config.EXPORT_CONCURRENCY, maxRows: config.EXPORT_MAX_ROWS },
    nodeFields: config.NODE_FIELDS,
    compileQueries: config.COMPILE_QUERIES,
    development,
    ...(explorer && { explorer }),
    ...(config.MAIL_WORKER && { mail: mailOptions(config, log) }),
    ...(folder !== null && { mailFolder: folder }),
    ...(traces && { tracing: traces }),
    log,
  });
  cleanups.push(() => server.stop());
  if (!stopping) {
    // A balancer's probes see "not ready" for this long while requests are still served.
    const drain = config.DRAIN_MILLISECONDS ?? (development ? 0 : 5_000);
    beforeStop = async () => {
      server.drain();
      log.info({ milliseconds: drain }, "draining: not ready, and still serving");
      await new Promise((resolve) => setTimeout(resolve, drain));
    };
  }
  if (demo && key) await introduce(server.url, key, demo, folder !== null);
  else log.info({ url: server.url }, "serving");
}

/** A server that cannot listen is told so before a database is made for it. @throws ConfigError */
async function refuseTakenPort(host: string, port: number): Promise<void> {
  const probe = createServer().listen(port, host);
  try {
    await once(probe, "listening");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      code === "EADDRINUSE"
        ? `PORT: ${port} on ${host} is taken. Stop what listens there, or set another PORT.`
        : `HOST, PORT: ${message}`,
    ]);
  }
  probe.close();
  await once(probe, "close");
}

async function database(config: Config, log: Logger): Promise<{ appUrl: string; demo: DemoTenant | null }> {
  const { DATABASE_URL: appUrl, DATABASE_OWNER_URL: ownerUrl } = config;
  if (!appUrl) {
    const dataDir = `${config.DATA_DIR}/postgres`;
    const cluster = await startEmbeddedPostgres({ dataDir, durable: true, notice: (line) => log.info(line) });
    cleanups.push(() => cluster.stop());
    const urls = await ensureDatabase((name) => cluster.url(name), "users");
    await migrate(urls.ownerUrl, new URL(urls.appUrl).username);
    return { appUrl: urls.appUrl, demo: await ensureDemoTenant(urls.ownerUrl) };
  }
  if (ownerUrl)
    await migrate(ownerUrl, decodeURIComponent(new URL(appUrl).username)).catch(naming("DATABASE_OWNER_URL"));
  const problems = await databaseProblems(appUrl, config.DB_POOL_MODE).catch(naming("DATABASE_URL"));
  if (problems.length > 0) throw new ConfigError(problems);
  return { appUrl, demo: null };
}

type PlatformIssuer = Omit<TokenRules, "sessionIssuer">;

async function productionTokens(config: Config): Promise<PlatformIssuer> {
  const {
    TOKEN_ISSUER: issuer,
    TOKEN_AUDIENCE: audience,
    TOKEN_JWKS_URL: jwksUrl,
    TOKEN_PUBLIC_KEY: publicKey,
  } = config;
  if (jwksUrl) return { issuer: issuer!, audience: audience!, keys: { jwksUrl } };
  const jwks = await readPublicKeys(publicKey!).catch((error: Error) => {
    throw new ConfigError([`TOKEN_PUBLIC_KEY: ${error.message}`]);
  });
  const development = await Promise.all(jwks.map((jwk) => isDevelopmentKey(jwk, config.DATA_DIR)));
  if (config.NODE_ENV === "production" && development.includes(true)) {
    throw new ConfigError([
      "TOKEN_PUBLIC_KEY: this is a development key; anybody who has the repository's data folder can sign with it.",
    ]);
  }
  return { issuer: issuer!, audience: audience!, keys: { jwks } };
}

const developmentTokens = ({ jwks }: DevelopmentKey): PlatformIssuer => ({
  issuer: DEVELOPMENT_ISSUER,
  audience: DEVELOPMENT_AUDIENCE,
  keys: { jwks },
});

type DemoPerson = "administrator" | "lead" | "investor";
const tokenOf = (key: DevelopmentKey, demo: DemoTenant, person: DemoPerson): Promise<string> =>
  key.sign({ tenantId: demo.tenantId, subject: demo[person].guid });

const OPERATIONS = join(import.meta.dirname, "../../schema/operations");

/** Who am I comes first: it works with every token. */
const examples = (): ReturnType<typeof exampleOperations> =>
  exampleOperations(OPERATIONS).toSorted((a, b) => Number(b.name === "Me") - Number(a.name === "Me"));

function safelisted(): string[] {
  if (!existsSync(OPERATIONS)) throw new ConfigError([`SAFELIST: ${OPERATIONS} with the known documents is missing.`]);
  return examples().map(({ document }) => document);
}

/** What a newcomer needs: where it is, three tokens to paste, and one line that works. */
async function introduce(url: string, key: DevelopmentKey, demo: DemoTenant, showsMail: boolean): Promise<void> {
  const people: [DemoPerson, string][] = [
    ["administrator", "sees and does everything"],
    ["lead", "a group's lead: sees the members of their group"],
    ["investor", "sees themselves"],
  ];
  const tokens = await Promise.all(
    people.map(
      async ([person, what]) => `  ${person} (${demo[person].email}; ${what})\n  ${await tokenOf(key, demo, person)}\n`,
    ),
  );
  const token = await tokenOf(key, demo, "administrator");
  const curl = `curl -s ${url}/graphql -H 'content-type: application/json' -H 'authorization: Bearer ${token}' -d '{"query":"{ me { name } users(first: 3) { totalCount nodes { name contactEmail status } } }"}'`;
  process.stdout.write(`
Users subgraph   ${url}/graphql
Apollo Sandbox   ${url}/
Explorer         ${url}/graphiql   (works without internet)${showsMail ? `\nMail             ${url}/mail   (nothing is sent: mails are shown here)` : ""}

Tokens for the demo tenant, good for 12 hours:

${tokens.join("\n")}
Try it:

  ${curl}

Ctrl-C stops everything.
`);
}

let stopping = false;
let beforeStop: () => Promise<void> = async () => {};

async function stop(code: number): Promise<void> {
  if (stopping) process.exit(1);
  stopping = true;
  await beforeStop();
  setTimeout(() => process.exit(1), SHUTDOWN_DEADLINE).unref();
  while (cleanups.length > 0) await cleanups.pop()!();
  await flushLog();
  process.exit(code);
}

stopOnSignals(() => void stop(0));

main().catch(async (error: unknown) => {
  // The start breaks off because what it has made so far is being undone.
  if (stopping) return;
  tellProblems(error, "users-subgraph: ");
  await stop(1);
});
