import type { Logger } from "pino";
import type { Sql } from "sql-template-tag";
import type { Budget } from "./answer-size.js";
import type { Loaders } from "./loader.js";
import type { Secrets } from "./secrets.js";
import type { TenantDb } from "./tenant-db.js";

/** Who is asking. Made once per request from the verified token and the viewer's own row; never from an argument. */
export interface Viewer {
  kind: "USER" | "SERVICE" | "ANONYMOUS";
  /** The only tenant this request can see; null for an anonymous caller, who sees none. */
  tenantId: string | null;
  /** The user's guid, or the service's client id. */
  id: string | null;
  /** Permissions of the user's INTERNAL roles, or the service token's scopes. */
  permissions: ReadonlySet<string>;
  /** Holds a role of administrators: writes to every user, not only to assigned clients. */
  administrator: boolean;
  /** Leads at least one group. */
  leads: boolean;
  /** The user's printed name, for the audit. */
  name: string | null;
  /** The internal user who acts as this one, in an impersonated session. */
  actorId: string | null;
  actorName: string | null;
}

/** What was read of a caller, and the query that has a row for as long as all of it still holds. */
export interface Sighting {
  viewer: Viewer;
  still: Sql | null;
}

/** An internal user acts as somebody, for a group. */
export interface Impersonation {
  tenantId: string;
  userId: string;
  actorId: string;
  groupId: string;
  /** How often the actor and the user had been locked out: once more, and the session is over. */
  lockouts: [actor: number, user: number];
}

/** Makes the access token of such a session, and says until when it is good. Given by the access room, which kit does not know. */
export type SessionSigner = (session: Impersonation) => Promise<{ accessToken: string; expiresAt: string }>;

/** What an operator of this deployment has set, and operations have to know. */
export interface Deployment {
  /** Where browsers reach this server: an origin, perhaps with a path, without a slash at the end. */
  publicUrl: string;
  /** Who this service is in tokens that it signs for itself. */
  issuer: string;
  /** How many rows a file may have. */
  exportMaxRows: number;
}

/** What every resolver is given. A write gets a copy whose `db` is its transaction's. */
export interface Context extends Sighting {
  /** The viewer was read by this request itself, and not only remembered from another. */
  sure: boolean;
  /** Reads who asks now. @throws UNAUTHENTICATED when they are not active any more. */
  look: () => Promise<Sighting>;
  db: TenantDb;
  loaders: Loaders;
  /** Where the answer could grow larger than one may. */
  budget: Budget | null;
  /** The instant that derived states (EXPIRED, a lapsed classification) are judged by: one per request. */
  now: Date;
  requestId: string;
  /** What this deployment alone knows. */
  secrets: Secrets;
  signSession: SessionSigner;
  deployment: Deployment;
  log: Logger;
}

/**
 * Makes sure of a viewer who is only remembered. Whatever does not carry `still` in its own statement or transaction
 * waits for this first. @throws UNAUTHENTICATED when they are not active any more.
 */
export async function settle(ctx: Context): Promise<void> {
  if (ctx.sure) return;
  Object.assign(ctx, await ctx.look());
  ctx.sure = true;
}
