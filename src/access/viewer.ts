import { raw, sql, type Sql, TenantDb, unauthenticated, type SqlRunner, type Viewer } from "../kit/index.js";
import type { Claims } from "./tokens.js";

export const ANONYMOUS: Viewer = {
  kind: "ANONYMOUS",
  tenantId: null,
  id: null,
  permissions: new Set(),
  administrator: false,
  leads: false,
  name: null,
  actorId: null,
  actorName: null,
};

interface ViewerRow {
  status: string;
  name: string | null;
  permissions: string[] | null;
  administrator: boolean | null;
  leads: boolean;
}

/** A user's name as printed: title, forename, surname, what there is of them. */
export const printedNameSql = (alias: string): Sql =>
  raw(
    `nullif(concat_ws(' ', nullif(${alias}.title, ''), nullif(${alias}.forename, ''), nullif(${alias}.surname, '')), '')`,
  );

/**
 * Who the verified claims stand for now. The user's row is read at every request: a suspended or revoked user, or one
 * who lost a role, is told so at once, however long the token lives.
 * @throws UNAUTHENTICATED when the user is not (or no longer) active.
 */
export async function viewerOf(claims: Claims, runner: SqlRunner): Promise<Viewer> {
  const { tenantId, subject, scopes, act } = claims;
  const db = new TenantDb(tenantId, runner);
  if (scopes) {
    const [tenant] = await db.query(sql`SELECT FROM tenants t WHERE ${db.tenantIs("t")}`, { prepare: true });
    if (!tenant) throw unauthenticated("The token's tenant is not known.");
    return { ...ANONYMOUS, kind: "SERVICE", tenantId, id: subject, permissions: scopes, administrator: true };
  }
  const reading = db.query<ViewerRow>(
    sql`SELECT u.status, ${printedNameSql("u")} AS name, r.permissions, r.administrator,
          EXISTS (SELECT FROM user_groups g WHERE ${db.tenantIs("g")} AND g.lead_user_id = u.id) AS leads
        FROM users u LEFT JOIN LATERAL (
          SELECT array_agg(p.permission) AS permissions, bool_or(r.administrator) AS administrator
          FROM user_roles ur JOIN roles r ON ${db.tenantIs("r")} AND r.id = ur.role_id AND r.scope = 'INTERNAL'
          LEFT JOIN LATERAL unnest(r.permissions) p(permission) ON true
          WHERE ${db.tenantIs("ur")} AND ur.user_id = u.id AND u.type = 'INTERNAL') r ON true
        WHERE ${db.tenantIs("u")} AND u.id = ${subject}`,
    { prepare: true },
  );
  const [[user], actor] = await Promise.all([reading, act && actorOf(act, subject, db)]);
  if (user?.status !== "ACTIVE" || (act && !actor)) throw unauthenticated("The token's user is not active.");
  return {
    kind: "USER",
    tenantId,
    id: subject,
    permissions: new Set(user.permissions),
    administrator: user.administrator ?? false,
    leads: user.leads,
    name: user.name,
    actorId: act?.sub ?? null,
    actorName: actor?.name ?? null,
  };
}

/** Whether the user of that row may act as others: an active administrator who holds `users.impersonate`. */
export const mayImpersonate = (db: TenantDb, alias: string): Sql => {
  const user = raw(alias);
  const held = (condition: Sql): Sql => sql`EXISTS (SELECT FROM user_roles ur
    JOIN roles r ON ${db.tenantIs("r")} AND r.id = ur.role_id AND r.scope = 'INTERNAL'
    WHERE ${db.tenantIs("ur")} AND ur.user_id = ${user}.id AND ${condition})`;
  return sql`(${user}.status = 'ACTIVE' AND ${user}.type = 'INTERNAL'
    AND ${held(sql`r.administrator`)} AND ${held(sql`'users.impersonate' = ANY(r.permissions)`)})`;
};

/**
 * The internal user behind an impersonated session, as long as they may do it, neither of the two was locked out since,
 * and the user is still a client in the group that the session was made for.
 */
async function actorOf(
  { sub, groupId, lockouts }: NonNullable<Claims["act"]>,
  subject: string,
  db: TenantDb,
): Promise<{ name: string | null } | null> {
  const [actor] = await db.query<{ name: string | null }>(
    sql`SELECT ${printedNameSql("a")} AS name FROM users a
        WHERE ${db.tenantIs("a")} AND a.id = ${sub} AND a.lockouts = ${lockouts[0]} AND ${mayImpersonate(db, "a")}
          AND EXISTS (SELECT FROM group_members m JOIN users u ON ${db.tenantIs("u")} AND u.id = m.user_id
            WHERE ${db.tenantIs("m")} AND m.group_id = ${groupId} AND m.user_id = ${subject}
              AND u.lockouts = ${lockouts[1]} AND u.type <> 'INTERNAL')`,
    { prepare: true },
  );
  return actor ?? null;
}
