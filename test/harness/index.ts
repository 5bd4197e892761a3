import "reflect-metadata";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from "jose";
import pino from "pino";
import { v7 as uuidv7 } from "uuid";
import {
  PERMISSIONS,
  Role,
  RoleScope,
  SessionKeys,
  sessionSigner,
  UserRole,
  type Permission,
} from "../../src/access/index.js";
import { dataSource, poolOf } from "../../src/database/index.js";
import { UserExport, UserExportColumn, UserExportFormat } from "../../src/directory/index.js";
import { exampleOperations } from "../../src/explorer/index.js";
import {
  AssignmentType,
  type DefinitionInput,
  EnforcementType,
  Form,
  FormEnablement,
  FormFieldTypeName,
  FormImplementation,
  FormKind,
  FormRevision,
  FormState,
  FormTypeName,
  checkDefinition,
  TYPE_OF_KIND,
} from "../../src/forms/index.js";
import { FormClassification } from "../../src/investor-preference-forms/index.js";
import { Invitation } from "../../src/invitations/index.js";
import { Secrets, TenantDb, toGlobalId } from "../../src/kit/index.js";
import { type RunningServer, startServer, type ServerOptions } from "../../src/server.js";
import { entities } from "../../src/schema.js";
import { FeatureFlag, GroupMember, UserGroup } from "../../src/user-groups/index.js";
import {
  Classification,
  ClassificationSource,
  InviteStatus,
  User,
  UserClassification,
  UserStatus,
  UserType,
} from "../../src/users/index.js";
import { balance } from "./balancer.js";
import { testDatabase, type TestDatabase } from "./database.js";
import { type Pooler, transactionPooler } from "./pooler.js";

export { testDatabase } from "./database.js";
export type { TestDatabase } from "./database.js";

export const ISSUER = "https://issuer.test/";
export const AUDIENCE = "users-subgraph";
export const SESSION_ISSUER = "https://sessions.test/";
export const SECRET = "a secret of the tests: 32 characters and more";

/** What a server with that secret signs sessions with. */
export const sessionKeys = new SessionKeys(new Secrets([SECRET]));
const signSession = sessionSigner({ sessionIssuer: SESSION_ISSUER, audience: AUDIENCE }, sessionKeys);

/** The documents of schema/operations with the variables written above them. */
export const examples = exampleOperations("schema/operations");

/** The documents of schema/operations by operation name: tests run exactly what dashboards send. */
export const operations: Record<string, string> = Object.fromEntries(
  examples.map(({ name, document }) => [name, document]),
);

export interface Answer<Data = Record<string, any>> {
  status: number;
  data: Data;
  errors?: { message: string; path?: (string | number)[]; extensions: Record<string, any> }[];
  /** SQL statements that the server counted for the request. */
  statements: number;
  body: string;
  headers: Headers;
}

/** The top-level errors with the argument that each is about, e.g. ["BAD_USER_INPUT input.email"]. */
export const problems = ({ errors = [] }: Answer): string[] =>
  errors.map(({ extensions: { code, argument = [] } }) => [code, argument.join(".")].filter(Boolean).join(" "));

/** What a mutation answered to several who asked at once: refusal codes, "" for each that succeeded. */
export const outcomes = (answers: Record<string, any>[]): string[] =>
  answers.map((data) =>
    Object.values(data)[0]
      .errors.map((error: { code: string }) => error.code)
      .join(),
  );

/** Somebody with a token. `ask` fails the test on a top-level error, `send` gives the answer as it is. */
export interface Caller {
  token: string;
  ask: <Data = Record<string, any>>(document: string, variables?: object) => Promise<Data>;
  send: <Data = Record<string, any>>(document: string, variables?: object) => Promise<Answer<Data>>;
}

export interface Person extends Caller {
  guid: string;
  id: string;
  email: string;
}

/** What a form of a test is made of. */
export interface FormValues extends Partial<Omit<Form, keyof DefinitionInput>>, DefinitionInput {
  revalidateAfterMonths?: number | null;
  classifications?: { guid: string }[];
}

export interface TestForm {
  uuid: string;
  /** The same, for tests that go through the objects of all types. */
  guid: string;
  id: string;
  kind: FormKind;
  revisionId: string;
  /** Reference -> uuid. */
  fields: Record<string, string>;
}

export interface Harness {
  /** Where requests go: the server's, or with several of them the balancer's. */
  url: string;
  /** Where each of the servers is asked by itself. */
  servers: string[];
  pooler: Pooler | null;
  database: TestDatabase;
  /** A tenant of its own with one administrator. */
  tenant: () => Promise<TestTenant>;
  anonymous: Caller;
  /** A caller with that token, whatever it is. */
  bearer: (token: string) => Caller;
  sign: (claims: JWTPayload, header?: { typ?: string; kid?: string }) => Promise<string>;
  /** What signs the tokens, for tests that forge them. */
  keys: { publicKey: CryptoKey; privateKey: CryptoKey };
  statements: string[];
  /** Those of them that failed. */
  failed: string[];
}

export class TestTenant {
  readonly id = uuidv7();
  admin!: Person;
  private readonly db: TenantDb;
  private count = 0;

  constructor(
    private readonly server: Harness,
    ownerPool: ConstructorParameters<typeof TenantDb>[1],
  ) {
    this.db = new TenantDb(this.id, ownerPool);
  }

  /** An active investor unless told otherwise. */
  async user(values: Partial<User> = {}): Promise<Person> {
    const guid = values.guid ?? uuidv7();
    const email = values.contactEmail ?? `user-${++this.count}-${guid.slice(-6)}@example.com`;
    await this.db.insert(User, {
      guid,
      type: UserType.INVESTOR,
      status: UserStatus.ACTIVE,
      forename: "Ida",
      surname: `Sample ${this.count}`,
      contactEmail: email,
      ...values,
    });
    const token = await this.server.sign({ sub: guid, tenant_id: this.id });
    return { guid, id: toGlobalId("User", guid), email, ...this.server.bearer(token) };
  }

  /** A member of staff with these permissions. */
  async internal(
    permissions: readonly Permission[],
    { administrator = false, ...values }: Partial<User> & { administrator?: boolean } = {},
  ): Promise<Person> {
    const person = await this.user({ type: UserType.INTERNAL, ...values });
    const role = await this.role({ scope: RoleScope.INTERNAL, administrator, permissions: [...permissions] });
    await this.db.insert(UserRole, { userId: person.guid, roleId: role.guid });
    return person;
  }

  /** A role of groups unless told otherwise. */
  async role(values: Partial<Role> = {}): Promise<{ guid: string; id: string }> {
    const guid = values.guid ?? uuidv7();
    await this.db.insert(Role, { guid, scope: RoleScope.GROUP, name: `role ${guid}`, permissions: [], ...values });
    return { guid, id: toGlobalId("UserRole", guid) };
  }

  /** Takes all roles from a member of staff. */
  async dismiss(person: Person): Promise<void> {
    await this.db.transaction(async (db) => {
      for (const held of await db.findBy(UserRole, { userId: person.guid })) db.delete(UserRole, held);
    });
  }

  /** The session of an internal user who acts as somebody, in a group that is made for it unless given. */
  async actingAs(actor: Person, user: Person, group?: { guid: string }): Promise<Person> {
    const { guid: groupId } = group ?? (await this.group({ members: [user] }));
    const lockouts: [number, number] = [await this.lockouts(actor), await this.lockouts(user)];
    const session = { tenantId: this.id, userId: user.guid, actorId: actor.guid, groupId, lockouts };
    return { ...user, ...this.server.bearer((await signSession(session)).accessToken) };
  }

  private async lockouts({ guid }: Person): Promise<number> {
    return (await this.db.find(User, { guid }))?.lockouts ?? 0; // of another tenant: none here
  }

  async service(...scopes: Permission[]): Promise<Caller> {
    const sub = "a-service";
    return this.server.bearer(
      await this.server.sign({ sub, client_id: sub, scope: scopes.join(" "), tenant_id: this.id }),
    );
  }

  async classification(
    name = `Classification ${++this.count}`,
    reference = `reference ${++this.count}`,
    guid = uuidv7(),
  ): Promise<{ guid: string; id: string }> {
    await this.db.insert(Classification, { guid, name, reference });
    return { guid, id: toGlobalId("Classification", guid) };
  }

  async classify(
    user: Person,
    classification: { guid: string },
    validUntil: string | null = null,
    source = ClassificationSource.MANUAL,
  ): Promise<void> {
    await this.db.insert(UserClassification, {
      userId: user.guid,
      classificationId: classification.guid,
      source,
      validUntil,
    });
  }

  /**
   * What a write refuses with, e.g. ["TAKEN input.email"]; [] when it succeeds. Fails when a refused write left
   * anything behind in any table of the tenant.
   */
  async refusals(caller: Caller, document: string, input: object): Promise<string[]> {
    const before = await this.contents();
    const [payload] = Object.values(await caller.ask(document, { input }));
    const refusals = payload.errors.map(
      (error: { code: string; field: string[] | null }) => `${error.code} ${error.field?.join(".") ?? "-"}`,
    );
    if (refusals.length > 0) expect(await this.contents()).toEqual(before);
    return refusals;
  }

  /** The user as the administrator sees it, with its graph. */
  async read(user: { guid: string }): Promise<Record<string, any>> {
    return (await this.admin.ask(operations.UserWithItsGraph!, { guid: user.guid })).user;
  }

  /** Every row of the tenant in every table, as text. */
  async contents(): Promise<Record<string, string[]>> {
    const tables = Object.entries(await this.rows());
    return Object.fromEntries(
      tables.map(([table, rows]) => [table, rows.map((row) => JSON.stringify(row)).toSorted()]),
    );
  }

  /** Every row of the tenant, by table. */
  async rows(): Promise<Record<string, Record<string, unknown>[]>> {
    const { database } = this.server;
    const tables = await database.tenantTables();
    const rows = tables.map(async (table) => [
      table,
      await database.sql<Record<string, unknown>>(`SELECT * FROM ${table} WHERE tenant_id = $1`, [this.id]),
    ]);
    return Object.fromEntries((await Promise.all(rows)) as [string, Record<string, unknown>[]][]);
  }

  /** An invitation of this user, sent unless told otherwise. */
  async invitation(user: { guid: string }, values: Partial<Invitation> = {}): Promise<{ guid: string; id: string }> {
    const guid = uuidv7();
    await this.db.insert(Invitation, { guid, userId: user.guid, storedStatus: InviteStatus.INVITED, ...values });
    return { guid, id: toGlobalId("Invitation", guid) };
  }

  async flag(
    key = `flag-${++this.count}`,
    { guid = uuidv7(), description = `What ${key} gives.` }: Partial<FeatureFlag> = {},
  ): Promise<{ guid: string; id: string }> {
    await this.db.insert(FeatureFlag, { guid, key, description });
    return { guid, id: toGlobalId("UserGroupFeatureFlag", guid) };
  }

  /** A group with its lead and its signatories among the members, who all hold that role if one is given. */
  async group(
    values: Partial<UserGroup> & { lead?: Person; members?: Person[]; signatories?: Person[]; roleId?: string } = {},
  ): Promise<{ guid: string; id: string }> {
    const { lead, members = [], signatories = [], roleId = null, ...rest } = values;
    const guid = rest.guid ?? uuidv7();
    const all = [...new Set([...(lead ? [lead] : []), ...members, ...signatories])];
    await this.db.insert(UserGroup, {
      guid,
      name: `Group ${++this.count}`,
      leadUserId: lead?.guid ?? null,
      memberCount: all.length,
      ...rest,
    });
    await this.db.insertAll(
      GroupMember,
      all.map((member) => ({
        groupId: guid,
        userId: member.guid,
        roleId,
        isSignatory: signatories.includes(member),
      })),
    );
    return { guid, id: toGlobalId("UserGroup", guid) };
  }

  /** A published and enabled user data form that asks one line of text, unless told otherwise. */
  async form({
    formFields = [{ reference: "motto", label: "Your motto?", formFieldType: FormFieldTypeName.TEXT }],
    formPages,
    formSettings,
    revalidateAfterMonths = null,
    classifications = [],
    ...values
  }: FormValues = {}): Promise<TestForm> {
    const [uuid, revisionId] = [values.uuid ?? uuidv7(), uuidv7()];
    const { kind = FormKind.USER_DATA, name = `Form ${++this.count}`, state = FormState.PUBLISHED } = values;
    const definition = checkDefinition({ formFields, formPages, formSettings }, null);
    const publishedAt = state === FormState.DRAFT ? null : new Date().toISOString();
    await this.db.transaction(async (db) => {
      await db.insert(Form, {
        formTypeName: FormTypeName.STANDARD,
        enablement: state === FormState.PUBLISHED ? FormEnablement.ENABLED : FormEnablement.DISABLED,
        editorValidator: { canDelete: true, canEdit: true, protectedFields: [] },
        enforcementType: kind === FormKind.INVESTOR_PREFERENCE ? EnforcementType.REQUIRED : null,
        ...values,
        uuid,
        kind,
        name,
        state,
        revisionId,
      });
      const revision = { uuid: revisionId, formId: uuid, number: 1, name, publishedAt, revalidateAfterMonths };
      await db.insert(FormRevision, { ...revision, ...definition });
      const formClassifications = classifications.map(({ guid }) => ({ formId: uuid, classificationId: guid }));
      await db.insertAll(FormClassification, formClassifications);
    });
    const fields = Object.fromEntries(definition.formFields.map((field) => [field.reference, field.uuid]));
    return { guid: uuid, uuid, id: toGlobalId(TYPE_OF_KIND[kind], uuid), kind, revisionId, fields };
  }

  /** An investor preference form that is REQUIRED of all investors, unless told otherwise. */
  preferenceForm(values: FormValues = {}): Promise<TestForm> {
    return this.form({ kind: FormKind.INVESTOR_PREFERENCE, ...values });
  }

  /** The form given to somebody, nothing answered unless told otherwise. */
  async implementation(
    user: { guid: string },
    form: TestForm,
    values: Partial<FormImplementation> = {},
  ): Promise<{ guid: string; uuid: string; id: string }> {
    const uuid = values.uuid ?? uuidv7();
    await this.db.insert(FormImplementation, {
      formId: form.uuid,
      formKind: form.kind,
      revisionId: form.revisionId,
      userId: user.guid,
      formImplementationAssignments: [{ uuid: uuidv7(), type: AssignmentType.USER, assigneeId: user.guid }],
      ...values,
      uuid,
    });
    return { guid: uuid, uuid, id: toGlobalId("UserFormImplementation", uuid) };
  }

  /** What the administrator has asked to export, unless told otherwise: everybody, as CSV, ready to be downloaded. */
  async userExport(values: Partial<UserExport> = {}): Promise<{ guid: string; id: string }> {
    const guid = values.guid ?? uuidv7();
    const now = Date.now();
    await this.db.insert(UserExport, {
      guid,
      userId: this.admin.guid,
      choice: {},
      columns: [UserExportColumn.GUID, UserExportColumn.NAME],
      format: UserExportFormat.CSV,
      byteOrderMark: false,
      rowCount: 1,
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + 60_000).toISOString(),
      ...values,
    });
    return { guid, id: toGlobalId("UserExport", guid) };
  }

  /** Adds somebody to a group as told. */
  async join(group: { guid: string }, user: { guid: string }, values: Partial<GroupMember> = {}): Promise<void> {
    await this.db.insert(GroupMember, { groupId: group.guid, userId: user.guid, ...values });
    await this.server.database.sql(
      "UPDATE user_groups SET member_count = member_count + 1 WHERE tenant_id = $1 AND id = $2",
      [this.id, group.guid],
    );
  }
}

/** A server over a database of its own for one test file. Call it once, at the top level of the file. */
export interface HarnessOptions extends Partial<ServerOptions> {
  /** What is tested is a process itself: its connections, its memory, its log. Others may be several, behind a pooler. */
  alone?: boolean;
  /** Connections of a pooler in transaction mode that stands before the database. */
  pooled?: number;
  /** The address of the same database on a replica. */
  replica?: (databaseUrl: string) => string;
  asOwner?: boolean;
}

/** `npm run test:machines` runs the suite against several servers, behind a balancer and PgBouncer. */
const { TEST_SERVERS = "1" } = process.env;

export async function harness(options: HarnessOptions = {}): Promise<Harness> {
  const { alone = false, pooled, replica, asOwner, ...rest } = options;
  const { TEST_POOLER } = process.env;
  const count = alone ? 1 : Number(TEST_SERVERS);
  const database = await testDatabase();
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), alg: "ES256", kid: "test" };
  const statements: string[] = [];
  const failed: string[] = [];
  const directUrl = asOwner ? database.superUrl : database.appUrl;
  const pooler = pooled === undefined ? null : await transactionPooler(directUrl, pooled);
  const behind =
    pooler?.url(directUrl) ?? (!alone && TEST_POOLER && Object.assign(new URL(directUrl), { host: TEST_POOLER }).href);
  const settings: ServerOptions = {
    host: "127.0.0.1",
    port: 0,
    databaseUrl: behind || directUrl,
    replicaUrls: replica ? [replica(directUrl)] : [],
    poolMode: behind ? "transaction" : "session",
    poolMax: 10,
    statementTimeout: 5_000,
    tokens: { issuer: ISSUER, audience: AUDIENCE, keys: { jwks: [jwk] }, sessionIssuer: SESSION_ISSUER },
    routerSecrets: [],
    secrets: [SECRET],
    exports: { concurrency: 2, maxRows: 1_000 },
    nodeFields: true,
    compileQueries: true,
    development: true,
    log: pino({ level: process.env.TEST_LOG ?? "silent" }),
    observe: (statement) => {
      statements.push(statement.text);
      if (statement.failed) failed.push(statement.text);
    },
    ...rest,
  };
  const servers: RunningServer[] = [];
  // One after the other: what a start computes would keep another's statements waiting.
  while (servers.length < count) servers.push(await startServer(settings));
  const balancer = await balance(servers.map((server) => server.url));
  const owner = dataSource({ url: database.superUrl, entities, poolMax: 2 });
  await owner.initialize();

  afterAll(async () => {
    await balancer.stop();
    await Promise.all(servers.map((server) => server.stop()));
    await pooler?.stop();
    await owner.destroy();
    await database.drop();
  });

  const bearer = (token: string | null): Caller => {
    const send = async (document: string, variables: object = {}): Promise<Answer> => {
      const response = await fetch(`${balancer.url}/graphql`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/graphql-response+json",
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ query: document, variables }),
      });
      const body = await response.text();
      const timing = /desc="(\d+) statements"/.exec(response.headers.get("server-timing") ?? "");
      const { status, headers } = response;
      return {
        status,
        headers,
        body,
        statements: Number(timing?.[1] ?? 0),
        ...(JSON.parse(body) as Pick<Answer, "data" | "errors">),
      };
    };
    const ask = async (document: string, variables: object = {}): Promise<any> => {
      const from = statements.length;
      const answer = await send(document, variables);
      if (!answer.errors) return answer.data;
      const sql = statements.slice(from).join("\n\n");
      throw new Error(
        `The document was refused.\n\n${document}\n\n${JSON.stringify(variables, null, 2)}\n\n${answer.body}\n\n${sql}`,
      );
    };
    return { token: token ?? "", send: send as Caller["send"], ask };
  };

  const made: Harness = {
    url: balancer.url,
    servers: servers.map((server) => server.url),
    pooler,
    database,
    statements,
    failed,
    anonymous: bearer(null),
    bearer,
    keys: { publicKey, privateKey },
    sign: (claims, header = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256", kid: "test", typ: "at+jwt", ...header })
        .setIssuer(claims.iss ?? ISSUER)
        .setAudience(claims.aud ?? AUDIENCE)
        .setExpirationTime(claims.exp ?? "1h")
        .sign(privateKey),
    tenant: async () => {
      const tenant = new TestTenant(made, poolOf(owner));
      await database.sql("INSERT INTO tenants (tenant_id, name) VALUES ($1, 'Test')", [tenant.id]);
      tenant.admin = await tenant.internal(PERMISSIONS, { administrator: true, surname: "Admin", forename: "Ada" });
      return tenant;
    },
  };
  return made;
}
