import "reflect-metadata";
import { ConfigError, readServerConfig } from "./config.js";
import { databaseProblems, dataSource, poolOf } from "./database/index.js";
import { developmentSecret } from "./demo/index.js";
import { Secrets } from "./kit/index.js";
import { flushLog, logger } from "./log.js";
import { addressFor, DEVELOPMENT_INVITATION_PATH, mailOptions, startMailWorker } from "./mail/index.js";
import { stopOnSignals, tellProblems } from "./process.js";
import { composers, entities } from "./schema.js";
import { tracing } from "./tracing.js";

const SHUTDOWN_DEADLINE = 10_000;

/** `npm run mail-worker`: sends mails and serves nothing, beside servers that run with MAIL_WORKER=false. */
async function main(): Promise<void> {
  const config = readServerConfig();
  const { DATABASE_URL: url } = config;
  if (!url)
    throw new ConfigError(["DATABASE_URL is missing: the embedded database belongs to its server, which sends mails."]);
  const problems = await databaseProblems(url, config.DB_POOL_MODE);
  if (problems.length > 0) throw new ConfigError(problems);
  const source = dataSource({
    url,
    entities,
    poolMode: config.DB_POOL_MODE,
    poolMax: config.DB_POOL_MAX,
    statementTimeout: config.DB_STATEMENT_TIMEOUT,
  });
  await source.initialize();

  const log = logger(config);
  const { invitationUrl, ...mail } = mailOptions(config, log);
  const traces = await tracing(config, log);
  const worker = startMailWorker({
    ...mail,
    runner: poolOf(source),
    composers,
    invitationUrl: addressFor(invitationUrl ?? `http://localhost:${config.PORT}${DEVELOPMENT_INVITATION_PATH}`),
    secrets: new Secrets(config.SECRET_KEY ?? [await developmentSecret(config.DATA_DIR)]),
    log,
    ...(traces && { observe: (outcome, sent, start) => traces.mail(sent, outcome, start) }),
  });

  const stop = async (): Promise<void> => {
    setTimeout(() => process.exit(1), SHUTDOWN_DEADLINE).unref();
    await worker.stop();
    await source.destroy();
    await traces?.stop();
    await flushLog();
    process.exit();
  };
  stopOnSignals(() => void stop());
  log.info("sending mails");
}

main().catch((error: unknown) => {
  tellProblems(error, "users-subgraph: ");
  process.exitCode = 1;
});
