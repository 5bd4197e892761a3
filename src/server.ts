import { randomUUID } from "node:crypto";
import { ApolloServer, type ApolloServerPlugin, type BaseContext } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from "@apollo/server/plugin/disabled";
import { ApolloServerPluginInlineTrace } from "@apollo/server/plugin/inlineTrace";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from "fastify";
import { GraphQLError, type OperationDefinitionNode, OperationTypeNode } from "graphql";
import type { Logger } from "pino";
import {
  ANONYMOUS,
  lastSighting,
  SessionKeys,
  sessionSigner,
  sightingOf,
  tokenVerifier,
  type TokenRules,
} from "./access/index.js";
import {
  dataSource,
  DatabaseProbe,
  DeadlineExceeded,
  inTime,
  isGivenUp,
  type PoolMode,
  poolOf,
  replicaPoolsOf,
  Replicas,
  Snapshots,
  type Session,
  type StatementObserver,
} from "./database/index.js";
import { exportDownloads } from "./directory/index.js";
import { explorer, type ExplorerOptions, mailPages } from "./explorer/index.js";
import {
  answerErrorsAsGraphQL,
  type Asked,
  boundPipelines,
  boundUnread,
  closing,
  demandAddress,
  demandPlainBody,
  demandRouter,
  documents,
  health,
  logRequests,
  readBodiesAsUtf8,
  refusePath,
  safelist,
  statusByMediaType,
  type UnreadOptions,
} from "./http/index.js";
import {
  type Context,
  type Deployment,
  executorGateway,
  failure,
  failureCode,
  extentRule,
  isFault,
  isValueNode,
  type Limits,
  LIMITS,
  literalPath,
  Loaders,
  publicError,
  refuseLargeAnswer,
  refuseUnstorable,
  Secrets,
  type Sighting,
  StorableTextRule,
  stringifyResult,
  TenantDb,
  turn,
  unauthenticated,
} from "./kit/index.js";
import { addressFor, DEVELOPMENT_INVITATION_PATH, type MailOptions, startMailWorker } from "./mail/index.js";
import { Metrics } from "./metrics.js";
import { composers, entities, executable } from "./schema.js";
import type { Tracing } from "./tracing.js";

export interface ServerOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  /** The application's role, bound by row-level security. */
  databaseUrl: string;
  /** Streaming replicas of that database, which queries read. */
  replicaUrls?: readonly string[];
  /** Default: a connection is a session. */
  poolMode?: PoolMode;
  poolMax: number;
  /** Callers who may wait for a connection; any number unless given. */
  poolQueue?: number;
  statementTimeout: number;
  /** How long an operation may take until its last statement is sent; 10 seconds unless given. */
  deadlineMilliseconds?: number;
  /** How long a client may take to send its request; 30 seconds unless given. */
  requestMilliseconds?: number;
  /** Answers that wait for clients who do not read them: a hundred million characters, a minute, unless given. */
  unread?: UnreadOptions;
  limits?: Limits;
  tokens: TokenRules;
  /** Accepted values of the `x-router-secret` header; none: anybody may ask. */
  routerSecrets: string[];
  /** The only documents that are answered; absent: any. */
  safelist?: readonly string[];
  /** What only this deployment knows, the present one first. */
  secrets: readonly string[];
  /** Where browsers reach this server; absent: where it listens. */
  publicUrl?: string;
  exports: ExportOptions;
  nodeFields: boolean;
  /** Compile documents that come again; off: graphql-js runs everything. */
  compileQueries: boolean;
  /** What only a developer should see: introspection, statement counts in `server-timing`. */
  development: boolean;
  /** The pages for people; absent in production. */
  explorer?: Omit<ExplorerOptions, "endpoint">;
  /** How this server sends mails; absent: another process does. */
  mail?: MailOptions;
  /** Where mails are written in development, to be shown on `/mail`. */
  mailFolder?: string;
  log: Logger;
  /** Where traces go; absent: nowhere. */
  tracing?: Tracing;
  /** Sees every statement as it was run. */
  observe?: StatementObserver;
}

export interface ExportOptions {
  /** How many files are downloaded at the same time, each over a database connection of its own. */
  concurrency: number;
  /** How many rows a file may have. */
  maxRows: number;
  /** How long a client may leave its file unread; a minute unless given. */
  idleMilliseconds?: number;
  /** How long a download may take; 15 minutes unless given. */
  deadlineMilliseconds?: number;
}

export interface RunningServer {
  url: string;
  /** Stops taking requests, lets those under way finish, and closes the database connections. */
  stop(): Promise<void>;
  /** From now on not ready: a balancer looks elsewhere while requests are still served. */
  drain(): void;
}

const ENDPOINT = "/graphql";
const REQUEST_ID = /^[\w.:-]{1,64}$/;

interface RequestContext extends Context, BaseContext, Asked {
  session: Session;
  request: FastifyRequest;
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { log, development, limits = LIMITS } = options;
  const { deadlineMilliseconds = 10_000, requestMilliseconds = 30_000 } = options;
  const { unread = { most: 100_000_000, milliseconds: 60_000 } } = options;
  const source = dataSource({
    url: options.databaseUrl,
    replicaUrls: options.replicaUrls ?? [],
    entities,
    poolMax: options.poolMax,
    ...(options.poolQueue !== undefined && { poolQueue: options.poolQueue }),
    ...(options.poolMode && { poolMode: options.poolMode }),
    statementTimeout: options.statementTimeout,
  });
  await source.initialize();
  const pool = poolOf(source);
  if (options.observe) pool.observe = options.observe;
  const replicas = new Replicas(pool, replicaPoolsOf(source), (replica, serving, err) =>
    serving
      ? log.info({ replica }, "a replica is read")
      : log.warn({ replica, ...(err !== undefined && { err }) }, "a replica is away or lags, and is not read"),
  );
  const probe = new DatabaseProbe(options.databaseUrl);
  const metrics = new Metrics(pool, replicas, probe);
  const secrets = new Secrets(options.secrets);
  const sessionKeys = new SessionKeys(secrets);
  const verify = await tokenVerifier(options.tokens, sessionKeys, log);
  const signSession = sessionSigner(options.tokens, sessionKeys);
  // Only a router that has proved itself is told where the time went.
  const traced = options.routerSecrets.length > 0;
  const runs = executable({ nodeFields: options.nodeFields }, { compile: options.compileQueries, trace: traced });
  const known = options.safelist && safelist(options.safelist);
  const parsed = documents();

  const apollo = new ApolloServer<RequestContext>({
    gateway: executorGateway(runs),
    introspection: development,
    hideSchemaDetailsFromClientErrors: !development,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    allowBatchedHttpRequests: false,
    parseOptions: { maxTokens: limits.tokens },
    validationRules: [StorableTextRule, extentRule(limits)],
    documentStore: parsed.store,
    // Without a store: Apollo Server's own, the texts asked for last, 30 MB of them at most.
    persistedQueries: known ? { cache: known.store } : {},
    logger: log,
    formatError: publicError,
    stringifyResult,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      traced
        ? ApolloServerPluginInlineTrace({ includeErrors: { masked: true } })
        : ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      requestPlugin(metrics, limits, development),
      ...(replicas.all.length > 0 ? [readReplicas(replicas)] : []),
    ],
  });
  await apollo.start();

  const loggerInstance: FastifyBaseLogger = log;
  const app: FastifyInstance = fastify({
    loggerInstance,
    // One line a request, written where its operation is known.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    bodyLimit: limits.bodyBytes,
    requestTimeout: requestMilliseconds,
    // Node gives the longer of the two to the body, and looks every 30 seconds only.
    http: { headersTimeout: requestMilliseconds, connectionsCheckingInterval: requestMilliseconds / 6 },
    forceCloseConnections: "idle",
    frameworkErrors: refusePath((route, status) => metrics.response(route, status)),
    genReqId: ({ headers: { "x-request-id": given } }) =>
      typeof given === "string" && REQUEST_ID.test(given) ? given : randomUUID(),
  });
  const { draining, drain, close } = closing(app);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  options.tracing?.requests(app);
  boundUnread(app, unread);
  boundPipelines(app);
  logRequests(app, (route, status) => metrics.response(route, status));
  health(app, { probe, draining, metrics, log });
  // For routers, and for anybody; an older copy serves too, for a key is published long before it signs.
  app.get("/.well-known/jwks.json", async (_request, reply) =>
    reply.header("cache-control", "public, max-age=300").send(sessionKeys.published),
  );
  answerErrorsAsGraphQL(app, ENDPOINT);
  readBodiesAsUtf8(app);

  const deployment: Deployment = {
    publicUrl: options.publicUrl ?? "",
    issuer: options.tokens.sessionIssuer,
    exportMaxRows: options.exports.maxRows,
  };
  /** Every field by its name: an object that is spread together costs more than all that is done with it. */
  const contextOf = (
    { viewer, still }: Sighting,
    { sure, look }: Pick<Context, "sure" | "look">,
    tenantId: string | null,
    session: Session,
    request: FastifyRequest,
  ): RequestContext => ({
    viewer,
    still,
    sure,
    look,
    db: new TenantDb(tenantId, session),
    loaders: new Loaders(tenantId),
    budget: null,
    now: new Date(),
    requestId: request.id,
    log: request.log as Logger,
    secrets,
    signSession,
    deployment,
    session,
    request,
  });
  const asking = async (request: FastifyRequest): Promise<RequestContext> => {
    const waiting = { isGone: () => isGone(request), trace: request.trace };
    const session = pool.session({ milliseconds: deadlineMilliseconds, ...waiting });
    const token = bearerToken(request);
    const claims = token === null ? null : await verify(token);
    const tenantId = claims?.tenantId ?? null;
    // To parse and validate takes milliseconds: who asks for what is known does not wait for all who ask for what is new.
    if (parsed.isNew(request)) {
      await inTime(turn(tenantId), session.deadline, () => {});
      if (isGone(request)) throw new DeadlineExceeded();
    }
    // A replica may not know yet that they are locked out: with replicas, who asks is read first, from the primary.
    const remembered = claims && replicas.all.length === 0 ? lastSighting(claims) : undefined;
    return contextOf(
      // Until it is settled who.
      remembered ?? { viewer: ANONYMOUS, still: null },
      { sure: claims === null, look: () => sightingOf(claims!, session) },
      tenantId,
      session,
      request,
    );
  };
  const context = (request: FastifyRequest): Promise<RequestContext> =>
    asking(request).catch((thrown: Error) => {
      const error = failure(thrown);
      if (isGone(request)) throw error;
      const { code = failureCode(error) ?? "INTERNAL_SERVER_ERROR", reason } = error.extensions as {
        code?: string;
        reason?: string;
      };
      if (code !== "UNAUTHENTICATED") error.extensions.requestId = request.id;
      if (code !== "UNAUTHENTICATED" && !isGivenUp(error.originalError)) {
        request.log.error({ err: error.originalError ?? error }, "a request failed before it began");
      }
      metrics.error(code);
      request.asked = { errors: [code], reason };
      throw error;
    });
  const handler = fastifyApolloHandler(apollo, { context });
  // On the route, and not by the request's spelling of its path, which has many.
  const onRequest = [
    ...(options.routerSecrets.length > 0 ? [demandRouter(options.routerSecrets)] : []),
    demandAddress,
    demandPlainBody,
  ];
  app.route({
    method: ["GET", "POST", "OPTIONS"],
    url: ENDPOINT,
    onRequest,
    preHandler: known ? [known.demand] : [],
    handler,
  });
  // Without the router's secret: a browser follows the link, whose token is all that it has.
  const {
    concurrency,
    idleMilliseconds = 60_000,
    deadlineMilliseconds: downloadDeadline = 15 * 60_000,
  } = options.exports;
  const snapshots = new Snapshots({
    url: options.databaseUrl,
    connections: concurrency,
    idleMilliseconds: idleMilliseconds + 30_000,
  });
  const downloads = exportDownloads(app, {
    runner: pool,
    snapshots,
    concurrency,
    idleMilliseconds,
    deadlineMilliseconds: downloadDeadline,
    secrets,
    issuer: deployment.issuer,
    context: (sighting, request) =>
      (request.asked = contextOf(
        sighting,
        { sure: true, look: async () => sighting },
        sighting.viewer.tenantId,
        pool.session({ trace: request.trace }),
        request,
      )),
    observe: (download) => metrics.download(download),
  });
  if (options.explorer) await explorer(app, { ...options.explorer, endpoint: ENDPOINT });
  if (options.mailFolder) mailPages(app, { folder: options.mailFolder, endpoint: ENDPOINT });

  const url = new URL(await app.listen({ host: options.host, port: options.port })).origin;
  deployment.publicUrl ||= url;
  const { mail } = options;
  const worker =
    mail &&
    startMailWorker({
      ...mail,
      runner: pool,
      composers,
      invitationUrl: addressFor(mail.invitationUrl ?? url + DEVELOPMENT_INVITATION_PATH),
      secrets,
      log,
      observe: (outcome, sent, start) => {
        metrics.mail(outcome);
        options.tracing?.mail(sent, outcome, start);
      },
    });
  return {
    url,
    drain,
    stop: async () => {
      await Promise.all([close(), worker?.stop(), downloads.stop()]);
      await Promise.all([snapshots.end(), probe.end()]);
      await apollo.stop();
      await replicas.stop();
      await source.destroy();
    },
  };
}

/** Whether nobody waits for the answer any more. */
const isGone = ({ raw }: FastifyRequest): boolean => raw.socket.destroyed;

/** The bearer token of a request, or null without one. @throws UNAUTHENTICATED for another scheme. */
function bearerToken({ headers: { authorization } }: FastifyRequest): string | null {
  if (authorization === undefined) return null;
  const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1];
  if (token === undefined)
    throw unauthenticated("The Authorization header has to be a bearer token.", "not a bearer token");
  return token;
}

/** Validation lets subscriptions pass where a schema has none. */
const noSuchOperations = (node: OperationDefinitionNode): GraphQLError =>
  new GraphQLError(`There are no ${node.operation}s here.`, {
    nodes: node,
    extensions: { code: "OPERATION_RESOLUTION_FAILURE", http: { status: 400 } },
  });

/** What happens around every operation: texts that cannot be stored are refused, errors get their place, all is measured. */
function requestPlugin(metrics: Metrics, limits: Limits, development: boolean): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: async () => {
      const start = performance.now();
      return {
        didResolveOperation: async ({ request, document, operation, schema, contextValue }) => {
          if (operation && !schema.getRootType(operation.operation)) throw noSuchOperations(operation);
          refuseUnstorable(request.variables);
          contextValue.budget = refuseLargeAnswer(limits, schema, document, operation, request.variables);
        },
        didEncounterErrors: async ({ errors, document, contextValue }) => {
          for (const error of errors) {
            const { code, http } = error.extensions as { code?: string; http?: { status?: number } };
            contextValue.reason ??= error.extensions.reason as string | undefined;
            // Apollo Server's own, of a request that no code was thought of for.
            if (code === undefined && http?.status === 400) error.extensions.code = "BAD_REQUEST";
            const [node] = error.nodes ?? [];
            if (document && node && isValueNode(node) && error.extensions.code === "GRAPHQL_VALIDATION_FAILED") {
              Object.assign(error.extensions, { code: "BAD_USER_INPUT", argument: literalPath(document, node) });
            }
            if (!isFault(error)) continue;
            error.extensions.requestId = contextValue.requestId;
            // The request's own line says so, or that its client was gone; its stack would be one more load.
            if (isGivenUp(error.originalError)) continue;
            contextValue.log.error({ err: error, path: error.path }, "a request failed");
          }
        },
        willSendResponse: async ({ contextValue, operation, request, response, source }) => {
          if (source !== undefined) statusByMediaType(request, response.http);
          const { statements, milliseconds } = contextValue.session;
          const errors = response.body.kind === "single" ? response.body.singleResult.errors : undefined;
          contextValue.operation = operation;
          if (!isGone(contextValue.request))
            contextValue.errors = errors?.map(({ extensions }) => String(extensions?.code));
          contextValue.request.asked = contextValue;
          metrics.observe(operation, {
            milliseconds: performance.now() - start,
            statements,
            errors: contextValue.errors,
            stranger: contextValue.viewer.kind === "ANONYMOUS",
          });
          if (development) {
            response.http.headers.set(
              "server-timing",
              `db;desc="${statements} statements";dur=${milliseconds.toFixed(1)}`,
            );
          }
        },
      };
    },
  };
}

/**
 * A query reads a replica. Who asks is read from the primary all the same: whoever is suspended is so at once, and what
 * others see is of a few seconds ago at most.
 */
const readReplicas = (replicas: Replicas): ApolloServerPlugin<RequestContext> => ({
  requestDidStart: async () => ({
    didResolveOperation: async ({ operation, contextValue }) => {
      if (operation?.operation !== OperationTypeNode.QUERY) return;
      contextValue.db = contextValue.db.by(replicas.readerFor(contextValue.session));
    },
  }),
});
