import {
  raw,
  type Sighting,
  sql,
  type Sql,
  TenantDb,
  unauthenticated,
  type SqlRunner,
  type Viewer,
} from "../kit/index.js";
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

/** Of a user their row and roles, with who acts as them; of a service that its tenant is known. */
interface ViewerRow {
  status: string;
  name: string | null;
  /** Of each role. */
  permissions: string[][] | null;
  administrator: boolean | null;
  leads: boolean;
  actor: { name: string | null } | null;
}

/** A user's name as printed: title, forename, surname, what there is of them. */
export const printedNameSql = (alias: string): Sql =>
  raw(
    `nullif(concat_ws(' ', nullif(${alias}.title, ''), nullif(${alias}.forename, ''), nullif(${alias}.surname, '')), '')`,
  );

const notActive = (reason: string): Error => unauthenticated("The token's user is not active.", reason);

const sightings = new WeakMap<Claims, Sighting>();

/** What these claims were last seen to stand for, while the verifier remembers them. */
export const lastSighting = (claims: Claims): Sighting | undefined => sightings.get(claims);

/**
 * Who the verified claims stand for now. The user's row is read at every request, here or by `still`: a suspended or
 * revoked user, or one who lost a role, is told so at once, however long the token lives.
 * @throws UNAUTHENTICATED when the user is not (or no longer) active.
 */
export async function sightingOf(claims: Claims, runner: SqlRunner): Promise<Sighting> {
  sightings.delete(claims);
  const sighting = await look(claims, runner);
  sightings.set(claims, sighting);
  return sighting;
}

async function look(claims: Claims, runner: SqlRunner): Promise<Sighting> {
  const { tenantId, subject, scopes, act } = claims;
  const db = new TenantDb(tenantId, runner);
  const query = scopes ? tenantQuery(db) : userQuery(claims, db);
  const [row] = await db.query<{ seen: string }>(sql`SELECT row_to_json(v)::text AS seen FROM (${query}) v`, {
    prepare: true,
  });
  if (!row)
    throw scopes ? unauthenticated("The token's tenant is not known.", "tenant_id") : notActive("tenant_id or sub");
  const still = sql`SELECT FROM (${query}) v WHERE row_to_json(v)::text = ${row.seen}`;
  if (scopes) {
    const viewer: Viewer = {
      ...ANONYMOUS,
      kind: "SERVICE",
      tenantId,
      id: subject,
      permissions: scopes,
      administrator: true,
    };
    return { viewer, still };
  }
  const user = JSON.parse(row.seen) as ViewerRow;
  if (user.status !== "ACTIVE") throw notActive("not active");
  if (act && !user.actor) throw notActive("act");
  const viewer: Viewer = {
    kind: "USER",
    tenantId,
    id: subject,
    permissions: new Set(user.permissions?.flat()),
    administrator: user.administrator ?? false,
    leads: user.leads,
    name: user.name,
    actorId: act?.sub ?? null,
    actorName: user.actor?.name ?? null,
  };
  return { viewer, still };
}

const tenantQuery = (db: TenantDb): Sql => sql`SELECT true AS known FROM tenants t WHERE ${db.tenantIs("t")}`;

const userQuery = ({ subject, act }: Claims, db: TenantDb): Sql =>
  sql`SELECT u.status, ${printedNameSql("u")} AS name, r.permissions, r.administrator,
        EXISTS (SELECT FROM user_groups g WHERE ${db.tenantIs("g")} AND g.lead_user_id = u.id) AS leads,
        ${act ? actorQuery(act, subject, db) : sql`NULL`} AS actor
      FROM users u LEFT JOIN LATERAL (
        SELECT json_agg(r.permissions ORDER BY r.id) AS permissions, bool_or(r.administrator) AS administrator
        FROM user_roles ur JOIN roles r ON ${db.tenantIs("r")} AND r.id = ur.role_id AND r.scope = 'INTERNAL'
        WHERE ${db.tenantIs("ur")} AND ur.user_id = u.id AND u.type = 'INTERNAL') r ON true
      WHERE ${db.tenantIs("u")} AND u.id = ${subject}`;

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
const actorQuery = ({ sub, groupId, lockouts }: NonNullable<Claims["act"]>, subject: string, db: TenantDb): Sql =>
  sql`(SELECT json_build_object('name', ${printedNameSql("a")}) FROM users a
      WHERE ${db.tenantIs("a")} AND a.id = ${sub} AND a.lockouts = ${lockouts[0]} AND ${mayImpersonate(db, "a")}
        AND EXISTS (SELECT FROM group_members m JOIN users u ON ${db.tenantIs("u")} AND u.id = m.user_id
          WHERE ${db.tenantIs("m")} AND m.group_id = ${groupId} AND m.user_id = ${subject}
            AND u.lockouts = ${lockouts[1]} AND u.type <> 'INTERNAL'))`;
