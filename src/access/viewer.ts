import sql from "sql-template-tag";
import { TenantDb, unauthenticated, type SqlRunner, type Viewer } from "../kit/index.js";
import type { Claims } from "./tokens.js";

export const ANONYMOUS: Viewer = {
  kind: "ANONYMOUS",
  tenantId: null,
  id: null,
  permissions: new Set(),
  administrator: false,
  leads: false,
  actorId: null,
};

interface ViewerRow {
  status: string;
  type: string;
  permissions: string[] | null;
  administrator: boolean | null;
  leads: boolean;
  impersonable: boolean;
}

/**
 * Who the verified claims stand for now. The user's row is read at every request: a suspended or revoked user, or one
 * who lost a role, is told so at once, however long the token lives. In an impersonated session that goes for the
 * internal user behind it, too; and nobody acts as one of the staff.
 * @throws UNAUTHENTICATED when the user is not (or no longer) active.
 */
export async function viewerOf(claims: Claims, runner: SqlRunner): Promise<Viewer> {
  const { tenantId, subject, scopes, actorId } = claims;
  if (scopes) return { ...ANONYMOUS, kind: "SERVICE", tenantId, id: subject, permissions: scopes, administrator: true };
  const db = new TenantDb(tenantId, runner);
  const [user] = await db.query<ViewerRow>(
    sql`SELECT u.status, u.type, r.permissions, r.administrator,
          EXISTS (SELECT FROM user_groups g WHERE ${db.tenantIs("g")} AND g.lead_user_id = u.id) AS leads,
          u.type <> 'INTERNAL' AND EXISTS (SELECT FROM users a WHERE ${db.tenantIs("a")} AND a.id = ${actorId}
            AND a.status = 'ACTIVE' AND a.type = 'INTERNAL') AS impersonable
        FROM users u LEFT JOIN LATERAL (
          SELECT array_agg(p.permission) AS permissions, bool_or(r.administrator) AS administrator
          FROM user_roles ur JOIN roles r ON ${db.tenantIs("r")} AND r.id = ur.role_id AND r.scope = 'INTERNAL'
          LEFT JOIN LATERAL unnest(r.permissions) p(permission) ON true
          WHERE ${db.tenantIs("ur")} AND ur.user_id = u.id AND u.type = 'INTERNAL') r ON true
        WHERE ${db.tenantIs("u")} AND u.id = ${subject}`,
    { prepare: true },
  );
  if (user?.status !== "ACTIVE" || (actorId !== null && !user.impersonable)) {
    throw unauthenticated("The token's user is not active.");
  }
  return {
    kind: "USER",
    tenantId,
    id: subject,
    permissions: new Set(user.permissions),
    administrator: user.administrator ?? false,
    leads: user.leads,
    actorId,
  };
}
