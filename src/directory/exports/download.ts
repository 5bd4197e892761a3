import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { GraphQLError } from "graphql";
import { v7 as uuidv7 } from "uuid";
import { sightingOf } from "../../access/index.js";
import { writeEvent } from "../../audit/index.js";
import type { Snapshots } from "../../database/index.js";
import {
  type Change,
  type Context,
  listStatements,
  type Secrets,
  type Sighting,
  sql,
  type SqlRunner,
  TenantDb,
} from "../../kit/index.js";
import { userList, userSelection } from "../user-list.js";
import { exportColumn } from "./columns.js";
import { FILE_FORMATS, rowSql } from "./formats.js";
import { exportOfLink, LINK_PATH } from "./link.js";
import { exporters, isLive, UserExport, UserExportStatus } from "./user-export.js";
import { MOST_ROWS } from "./workbook.js";

export interface DownloadOptions {
  /** For the short statements around a download. */
  runner: SqlRunner;
  /** For the rows of the file. */
  snapshots: Snapshots;
  /** How many files are handed over at the same time in this process; to one tenant one less, if there are more. */
  concurrency: number;
  /** How long a client may leave the file unread. */
  idleMilliseconds: number;
  /** How long a download may take. */
  deadlineMilliseconds: number;
  secrets: Secrets;
  issuer: string;
  /** What operations are given, for whoever downloads. */
  context: (sighting: Sighting, request: FastifyRequest) => Context;
  observe: (download: { status: UserExportStatus; rows: number }) => void;
}

/** Rows at a time: few enough that other callers of this process hardly wait, and that memory does not count. */
const BATCH = 500;
const RETRY_SECONDS = 30;
/** A download goes on for so many milliseconds while it cannot be found out whether it may. */
const LONGEST_UNSURE = 5_000;

/**
 * `GET /exports/<token>`: makes the file that a link is for, and hands it over as it is made. All is asked again that was
 * asked when the export was requested, at the start and every second; whatever is wrong with a link looks alike. Any
 * number of downloads of a live link may be made, each of them audited.
 */
export function exportDownloads(app: FastifyInstance, options: DownloadOptions): { stop: () => Promise<void> } {
  const { runner, secrets, issuer, concurrency } = options;
  const running = new Map<AbortController, Promise<void>>();
  /** The tenants whose files are being handed over. */
  const places = new Map<AbortController, string>();
  /** One tenant leaves the last place to others, if there is more than one. */
  const isFull = (tenantId: string): boolean => {
    const own = [...places.values()].filter((other) => other === tenantId).length;
    return places.size >= concurrency || own >= Math.max(concurrency - 1, 1);
  };
  let stopping = false;

  app.route<{ Params: { "*": string } }>({
    method: ["GET", "HEAD"],
    url: `${LINK_PATH}*`,
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      // Others take the end of the connection for the end of the file: they would not see that one broke off.
      if (request.raw.httpVersion !== "1.1") return refuse(reply, 505, "BAD_REQUEST", "Use HTTP/1.1.");
      const link = await exportOfLink(request.params["*"], secrets, issuer);
      const permitted = link && (await permission(runner, link.tenantId, link.guid));
      if (!permitted || !isLive(permitted.userExport, new Date())) return refuseLink(reply);
      const ctx = options.context(permitted.sighting, request);
      if (request.method === "HEAD") return reply.headers(headersOf(permitted.userExport, ctx.now)).send();
      if (stopping || isFull(link.tenantId)) {
        return refuse(reply, 503, "UNAVAILABLE", "As many files are being downloaded as can be. Try again soon.");
      }
      const abort = new AbortController();
      places.set(abort, link.tenantId);
      const leave = (): unknown => places.delete(abort);
      const done = download(ctx, permitted.userExport, reply, abort, leave, options).finally(() => {
        leave();
        running.delete(abort);
      });
      running.set(abort, done);
      await done;
      return reply;
    },
  });

  return {
    stop: async () => {
      stopping = true;
      for (const abort of running.keys()) abort.abort(new Error("The server stops."));
      await Promise.allSettled(running.values());
    },
  };
}

/** One that was never valid, is not any more, or is somebody else's to follow: nobody is told which. */
const refuseLink = (reply: FastifyReply): FastifyReply =>
  refuse(reply, 404, "NOT_FOUND", "This link is not valid, or not any more. Ask for the file again.");

/** Answers in GraphQL's form instead of a file. */
function refuse(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  if (status === 503) reply.header("retry-after", RETRY_SECONDS);
  return reply
    .code(status)
    .type("application/json; charset=utf-8")
    .send({ errors: [{ message, extensions: { code } }] });
}

/** The file is data: a browser neither shows it as a page nor keeps it, and tells nobody the link. */
function headersOf({ format }: UserExport, now: Date): Record<string, string> {
  const { contentType, extension } = FILE_FORMATS[format];
  return {
    "content-type": contentType,
    "content-disposition": `attachment; filename="users-${now.toISOString().slice(0, 10)}.${extension}"`,
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; sandbox",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
}

/**
 * The export and who asked for it, as they are now; null when it was taken back, or they may not export any more. A
 * person's permissions are the present ones. A service's are those of the token with which it asked: it has no others,
 * and a link outlives such a token by minutes at most.
 */
async function permission(
  runner: SqlRunner,
  tenantId: string,
  guid: string,
): Promise<{ sighting: Sighting; userExport: UserExport } | null> {
  const userExport = await new TenantDb(tenantId, runner).find(UserExport, { guid });
  if (!userExport || userExport.storedStatus === UserExportStatus.REVOKED) return null;
  const { userId, serviceId, scopes } = userExport;
  const claims = {
    tenantId,
    subject: userId ?? serviceId!,
    scopes: scopes && new Set(scopes),
    act: null,
    expiresAt: 0,
  };
  try {
    const sighting = await sightingOf(claims, runner);
    return exporters.test(sighting.viewer) ? { sighting, userExport } : null;
  } catch (error) {
    if (error instanceof GraphQLError) return null;
    throw error;
  }
}

interface Progress {
  downloadId: string;
  rows: number;
}

/**
 * One download, from its first audit event to its last. What goes wrong is answered, logged and written down. It leaves
 * its place with the last byte: who has the file may ask for the next one before the end is written down.
 */
async function download(
  ctx: Context,
  userExport: UserExport,
  reply: FastifyReply,
  abort: AbortController,
  leave: () => unknown,
  { runner, snapshots, idleMilliseconds, deadlineMilliseconds, observe }: DownloadOptions,
): Promise<void> {
  const progress: Progress = { downloadId: uuidv7(), rows: 0 };
  if (!(await start(ctx, userExport.guid, progress))) {
    refuseLink(reply);
    return;
  }
  const deadline = setTimeout(() => abort.abort(new Error("It took too long.")), deadlineMilliseconds);
  let sure = performance.now();
  const stopBeating = everySecond(async () => {
    try {
      if (await stillMay(ctx, userExport.guid, progress, runner)) sure = performance.now();
      else abort.abort(new Error("The link was taken back, or whoever asked may not export any more."));
    } catch (error) {
      if (performance.now() - sure < LONGEST_UNSURE) return;
      abort.abort(new Error("Nobody could tell whether it may go on.", { cause: error }));
    }
  });
  const text = textOf(ctx, userExport, progress, snapshots, abort.signal);
  // An answer that waits behind another one of its connection hears nothing of the connection's end; this does.
  const { socket } = reply.request.raw;
  const hangUp = (): void => abort.abort(new Error("The client hung up."));
  socket.once("close", hangUp);
  const broken = new Promise<never>((_, reject) => {
    abort.signal.addEventListener("abort", () => reject(abort.signal.reason as Error), { once: true });
  });
  broken.catch(() => {});
  let file: Readable | null = null;
  let status = UserExportStatus.FAILED;
  try {
    if (socket.destroyed) hangUp();
    // Before a status line promises anything: the database answers.
    const first = await Promise.race([text.next(), broken]);
    reply.hijack();
    reply.raw.setTimeout(idleMilliseconds, () => abort.abort(new Error("The client stopped reading.")));
    reply.raw.writeHead(200, { ...reply.getHeaders(), ...headersOf(userExport, ctx.now) } as Record<string, string>);
    // Whatever breaks it off destroys the connection: chunks without an end tell the client.
    file = FILE_FORMATS[userExport.format].pack(resumed(first, text));
    await Promise.race([pipeline(file, reply.raw, { signal: abort.signal }), broken]);
    status = UserExportStatus.COMPLETED;
  } catch (error) {
    const reason: unknown = abort.signal.aborted ? abort.signal.reason : error;
    ctx.log.warn({ err: reason, exportId: userExport.guid, rows: progress.rows }, "a download broke off");
    if (!reply.sent) refuse(reply, 503, "UNAVAILABLE", "The file cannot be made now. Try again.");
  } finally {
    clearTimeout(deadline);
    socket.off("close", hangUp);
    // Whatever it was that broke it off, the snapshot ends here, also when nobody has begun to read.
    if (status !== UserExportStatus.COMPLETED) abort.abort(new Error("It broke off."));
    file?.destroy();
    await text.return();
    leave();
    await stopBeating();
    observe({ status, rows: progress.rows });
    await finish(ctx, userExport.guid, progress, status).catch((error: unknown) => {
      ctx.log.error({ err: error, exportId: userExport.guid, status, rows: progress.rows }, "an end was not kept");
    });
  }
}

/** Does the work about every second until it is stopped: one after another, for a database that is slow is not asked twice. */
function everySecond(work: () => Promise<void>): () => Promise<void> {
  let busy = false;
  let last = Promise.resolve();
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    last = work().finally(() => {
      busy = false;
    });
  }, 1_000);
  return async () => {
    clearInterval(timer);
    await last;
  };
}

/** The file's text. Rows count as handed over once more is asked for. */
async function* textOf(
  ctx: Context,
  { choice, columns: names, format: name, byteOrderMark }: UserExport,
  progress: Progress,
  snapshots: Snapshots,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  const format = FILE_FORMATS[name];
  const columns = names.map(exportColumn);
  const statements = listStatements(ctx, userList, userSelection(choice, ctx), rowSql(columns, format, ctx));
  const lines = statements.map((rows) => ctx.db.numbered(sql`SELECT ${format.line(columns)} AS line FROM (${rows}) r`));
  // Not before there are rows, or none: until then it can be said that there is no file.
  let text = format.opening(columns, byteOrderMark);
  for await (const batch of snapshots.read<{ line: string }>(ctx.db.tenantId, lines, BATCH, signal)) {
    if (progress.rows + batch.length > MOST_ROWS) throw new Error("The list has grown beyond what a sheet can hold.");
    for (const { line } of batch) text += line;
    yield text;
    text = "";
    progress.rows += batch.length;
  }
  text += format.closing;
  if (text) yield text;
}

/** A generator from whose beginning one step was taken. */
async function* resumed<T>(first: IteratorResult<T, void>, rest: AsyncGenerator<T, void, void>): AsyncGenerator<T> {
  if (!first.done) yield first.value;
  yield* rest;
}

/** The link has died since it was looked at. */
class Gone extends Error {}

/** Writes down that a download begins, before a byte of it leaves. False: it may not. */
async function start(ctx: Context, guid: string, { downloadId }: Progress): Promise<boolean> {
  const begin = async (db: TenantDb): Promise<boolean> => {
    const userExport = await db.find(UserExport, { guid });
    if (!userExport || !isLive(userExport, ctx.now)) throw new Gone();
    db.subject = { type: "UserExport", id: guid };
    const running = { storedStatus: UserExportStatus.RUNNING, rowsWritten: 0, finishedAt: null };
    db.update(UserExport, userExport, { ...running, downloadId, heardOfAt: new Date().toISOString() });
    return true;
  };
  try {
    return await ctx.db.transaction(begin, (db) => writeEvent({ ...ctx, db }, "startUserExportDownload"));
  } catch (error) {
    if (error instanceof Gone) return false;
    throw error;
  }
}

/** Keeps the row up to date; false: the download has to end. Of two downloads the row tells of the later one. */
async function stillMay(
  { db }: Context,
  guid: string,
  { downloadId, rows }: Progress,
  runner: SqlRunner,
): Promise<boolean> {
  if (!(await permission(runner, db.tenantId, guid))) return false;
  await db.query(sql`UPDATE user_exports n SET rows_written = ${rows}, heard_of_at = ${new Date()}
    WHERE ${db.tenantIs("n")} AND n.id = ${guid} AND n.download_id = ${downloadId} AND n.status = 'RUNNING'`);
  return true;
}

/** Writes down what became of a download. One that was taken back stays so. */
async function finish(ctx: Context, guid: string, { downloadId, rows }: Progress, status: string): Promise<void> {
  const end = async (db: TenantDb): Promise<void> => {
    await db.query(sql`UPDATE user_exports n
      SET status = CASE n.status WHEN 'RUNNING' THEN ${status} ELSE n.status END,
        rows_written = ${rows}, finished_at = ${new Date()}
      WHERE ${db.tenantIs("n")} AND n.id = ${guid} AND n.download_id = ${downloadId}`);
    db.subject = { type: "UserExport", id: guid };
    // Also of a download that another one has overtaken.
    const fields: Change["fields"] = {
      downloadId: [downloadId, null],
      status: ["RUNNING", status],
      rowsWritten: [0, rows],
    };
    db.changes.push({ type: "UserExport", id: guid, action: "UPDATE", fields });
  };
  await ctx.db.transaction(end, (db) => writeEvent({ ...ctx, db }, "downloadUserExport"));
}
