import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import type pg from "pg";
import { v7 as uuidv7 } from "uuid";
import { PERMISSIONS, Role, RoleScope, UserRole } from "../../src/access/index.js";
import { type DatabaseUrls, ensureDatabase, migrate, TenantPool } from "../../src/database/index.js";
import { TenantDb } from "../../src/kit/index.js";
import { UserGroup } from "../../src/user-groups/index.js";
import { User, UserStatus, UserType } from "../../src/users/index.js";
import { AUDIENCE, ISSUER } from "../harness/index.js";
import { type Postgres, superusers } from "./postgres.js";

/** Signs the access tokens that the servers of the run accept. */
export interface Signer {
  /** What the servers are given as TOKEN_PUBLIC_KEY. */
  publicKey: string;
  /** Good for an hour unless its claims say otherwise. */
  sign: (claims: JWTPayload) => Promise<string>;
}

export async function signer(): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const header = { alg: "ES256", kid: "faults", typ: "at+jwt" };
  return {
    publicKey: JSON.stringify({ ...(await exportJWK(publicKey)), alg: "ES256", kid: "faults" }),
    sign: ({ exp = Math.floor(Date.now() / 1000) + 3_600, ...claims }) =>
      new SignJWT({ iss: ISSUER, aud: AUDIENCE, exp, ...claims }).setProtectedHeader(header).sign(privateKey),
  };
}

/** Whom callers write about: everything that was there before them. */
export interface Tenant {
  id: string;
  administrator: string;
  /** Its token. */
  token: string;
  clients: string[];
  groups: string[];
}

/** A migrated database of the run. */
export interface Place extends DatabaseUrls {
  /** As the superuser, past every rule and around every fault. */
  sql: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;
  /** For a session that holds on to something. */
  connect: () => Promise<pg.PoolClient>;
  /** A tenant with an administrator, some clients and some groups that nobody belongs to. */
  tenant: () => Promise<Tenant>;
  close: () => Promise<void>;
}

const CLIENTS = 24;
const GROUPS = 24;

export async function place(postgres: Postgres, database: string, { sign }: Signer): Promise<Place> {
  const urls = await ensureDatabase(postgres.url, database);
  await migrate(urls.ownerUrl, "users_app");
  const pool = superusers(postgres.url(database));
  return {
    ...urls,
    sql: async (text, values) => (await pool.query(text, values)).rows as never,
    connect: () => pool.connect(),
    tenant: async () => {
      const owner = new TenantPool({ connectionString: urls.ownerUrl, max: 1 });
      try {
        const tenant = await newTenant(new TenantDb(uuidv7(), owner), owner);
        return { ...tenant, token: await sign({ sub: tenant.administrator, tenant_id: tenant.id }) };
      } finally {
        await owner.end();
      }
    },
    close: () => pool.end(),
  };
}

async function newTenant(db: TenantDb, owner: TenantPool): Promise<Omit<Tenant, "token">> {
  const insert = { text: "INSERT INTO tenants (tenant_id, name) VALUES ($1, 'Faults')", values: [db.tenantId] };
  await owner.run(db.tenantId, { ...insert, prepare: false });
  const active = (type: UserType, surname: string): Partial<User> & { guid: string } => {
    const guid = uuidv7();
    return { guid, type, status: UserStatus.ACTIVE, surname, contactEmail: `${guid}@before.example` };
  };
  const administrator = active(UserType.INTERNAL, "Admin");
  const clients = Array.from({ length: CLIENTS }, (_, index) => active(UserType.INVESTOR, `Client ${index}`));
  const groups = Array.from({ length: GROUPS }, (_, index) => ({ guid: uuidv7(), name: `Before ${index}` }));
  const role = { guid: uuidv7(), scope: RoleScope.INTERNAL, name: "All", administrator: true };
  await db.insertAll(User, [administrator, ...clients]);
  await db.insert(Role, { ...role, permissions: [...PERMISSIONS] });
  await db.insert(UserRole, { userId: administrator.guid, roleId: role.guid });
  await db.insertAll(UserGroup, groups);
  return {
    id: db.tenantId,
    administrator: administrator.guid,
    clients: clients.map(({ guid }) => guid),
    groups: groups.map(({ guid }) => guid),
  };
}
