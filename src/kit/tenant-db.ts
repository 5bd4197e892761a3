import { isDeepStrictEqual } from "node:util";
import sql, { empty, join, raw, type Sql } from "sql-template-tag";
import type { Viewer } from "./context.js";
import { refuse, unauthenticated, UsersErrorCode } from "./errors.js";
import { columnOf, selectList, tableOf, type Entity } from "./table.js";

/**
 * Whether a statement is prepared: parsed once per connection, and planned once where PostgreSQL finds that values make
 * no difference; "once" where that is known beforehand, and planning anew would cost as much as the answer.
 */
export type Prepare = boolean | "once";

/** How a statement is run. */
export interface Handling {
  /** Prepare what is hot and of few shapes. */
  prepare?: Prepare;
  /** It may have to look at every row of the tenant: not many such run at a time. */
  scans?: boolean;
}

/** One statement as it goes to PostgreSQL. */
export interface Statement extends Handling {
  text: string;
  values: unknown[];
  prepare: Prepare;
}

/** What the tenant door stands on: statements run with that tenant's marker, alone or in one transaction. */
export interface SqlRunner {
  run(tenantId: string, statement: Statement): Promise<object[]>;
  /**
   * `last` makes the statement that leaves together with COMMIT; nothing is kept when making it throws. `scans` names one
   * that may have to look at every row of the tenant.
   */
  transaction<T>(
    tenantId: string,
    work: (run: SqlRunner["run"]) => Promise<T>,
    last?: () => Statement,
    scans?: string,
  ): Promise<T>;
}

/** One thing that a transaction changed, for its audit event. Fields hold [before, after]. */
export interface Change {
  type: string;
  id: string;
  action: "CREATE" | "UPDATE" | "DELETE";
  fields: Record<string, [unknown, unknown]>;
}

/** Stands in a statement for its tenant, which the door fills in. */
export const TENANT: object = { tenant: "of the door that runs the statement" };

let doorOpen = false;

/** For the test that shows row-level security to hold alone: the door stops adding its predicate. */
export function openTenantDoor(): void {
  doorOpen = true;
}

/** The predicate that every statement carries for every table it reads. */
const tenantIs = (alias: string): Sql =>
  doorOpen ? sql`${TENANT}::uuid IS NOT NULL` : sql`${raw(alias)}.tenant_id = ${TENANT}`;

/**
 * Numbers a statement's parameters. The tenant and the request's instant are one each, however often they stand in it:
 * fewer to send, and PostgreSQL sees by itself that what it joins is of one tenant.
 */
function numbered(
  { strings, values }: Pick<Sql, "strings" | "values">,
  tenantId: string,
): Pick<Statement, "text" | "values"> {
  const given: unknown[] = [];
  const places = new Map<unknown, number>();
  const placeOf = (value: unknown): number => {
    const shared = value === TENANT || value instanceof Date;
    const known = shared ? places.get(value) : undefined;
    if (known !== undefined) return known;
    const place = given.push(value === TENANT ? tenantId : value);
    if (shared) places.set(value, place);
    return place;
  };
  let text = strings[0]!;
  for (const [index, value] of values.entries()) text += `$${placeOf(value)}${strings[index + 1]!}`;
  return { text, values: given };
}

/**
 * The tenant door: the only way from a room to the database. Every method adds the tenant; none takes one.
 * Rows are plain objects of an entity's visible properties; instants are RFC 3339 texts.
 */
export class TenantDb {
  /** What this transaction has changed so far; empty outside one. */
  readonly changes: Change[] = [];
  /** The first row that was asked for by `get`: what a write is about, whatever it changes. */
  subject: Pick<Change, "type" | "id"> | null = null;

  /** Who acted as whom, where a write itself establishes that: a ticket that is redeemed names both. */
  behalf: Pick<Viewer, "id" | "name" | "actorId" | "actorName"> | null = null;

  constructor(
    private readonly tenant: string | null,
    private readonly runner: SqlRunner,
    /** Inside a transaction: the statements that nobody has waited for yet. */
    private readonly sent: Promise<unknown>[] | null = null,
  ) {}

  /** @throws UNAUTHENTICATED for an anonymous caller, who has no tenant. */
  get tenantId(): string {
    if (this.tenant === null) throw unauthenticated();
    return this.tenant;
  }

  /** The same way to the database, in the tenant that a token names; for callers who have none of their own. */
  inTenant(tenantId: string): TenantDb {
    return new TenantDb(tenantId, this.runner);
  }

  /** The same tenant, by another way to the database. */
  by(runner: SqlRunner): TenantDb {
    return new TenantDb(this.tenant, runner);
  }

  /** `alias.tenant_id = this tenant`, for statements written by hand. */
  tenantIs(alias: string): Sql {
    if (this.tenant === null) throw unauthenticated();
    return tenantIs(alias);
  }

  /** A statement with its parameters, for whoever else runs it in this tenant. */
  numbered(statement: Pick<Sql, "strings" | "values">): Pick<Statement, "text" | "values"> {
    return numbered(statement, this.tenantId);
  }

  /** Runs a statement that states `tenantIs` for each of its tables. */
  query<Row extends object>(
    statement: Pick<Sql, "strings" | "values">,
    { prepare = false, scans = false }: Handling = {},
  ): Promise<Row[]> {
    return this.runner.run(this.tenantId, { ...this.numbered(statement), prepare, scans }) as Promise<Row[]>;
  }

  /** The row with these values under that row rule (over `n`), or null. In a transaction it is locked until the end. */
  async find<T extends object>(entity: Entity<T>, key: Partial<T>, rule?: Sql): Promise<T | null> {
    const [row] = await this.findBy(entity, key, rule);
    return row ?? null;
  }

  /** As `find`, but refuses with NOT_FOUND at that input field. */
  async get<T extends object>(entity: Entity<T>, key: Partial<T>, field: string, rule?: Sql): Promise<T> {
    const row = await this.find(entity, key, rule);
    if (!row) refuse(UsersErrorCode.NOT_FOUND, `${entity.name} not found.`, field);
    this.subject ??= { type: entity.name, id: row[tableOf(entity).primary[0] as keyof T] as string };
    return row;
  }

  /** All rows with these values, in no stated order. In a transaction the rows are locked until its end. */
  findBy<T extends object>(entity: Entity<T>, key: Partial<T>, rule: Sql = empty): Promise<T[]> {
    return this.query<T>(
      sql`SELECT ${selectList(entity, "n")} FROM ${tableOf(entity).name} n WHERE ${this.tenantIs("n")} AND ${matches(entity, "n", key)}${rule}${
        this.sent ? sql` FOR NO KEY UPDATE` : empty
      }`,
      { prepare: true },
    );
  }

  async insert<T extends object>(entity: Entity<T>, values: Partial<T>): Promise<T> {
    const [inserted] = await this.insertAll(entity, [values]);
    return inserted!;
  }

  /**
   * Adds rows that name the same properties, in one statement; in the order given. A row whose unique values are taken
   * fails the transaction, or is left out where `unlessTaken` names the unique constraint's columns.
   */
  async insertAll<T extends object>(
    entity: Entity<T>,
    rows: Partial<T>[],
    { unlessTaken = empty }: { unlessTaken?: Sql } = {},
  ): Promise<T[]> {
    if (rows.length === 0) return [];
    const table = tableOf(entity);
    const full = rows.map((values) => ({ ...values, ...table.derive?.(values) }));
    const properties = Object.keys(full[0]!);
    const tuples = full.map(
      (row) =>
        sql`(${join([this.tenantId, ...properties.map((property) => stored(entity, property, row[property as keyof typeof row]))])})`,
    );
    const conflict = unlessTaken === empty ? empty : sql` ON CONFLICT (tenant_id, ${unlessTaken}) DO NOTHING`;
    const inserted = await this.query<T>(
      sql`INSERT INTO ${table.name} AS n (tenant_id, ${join(properties.map((property) => columnOf(entity, property)))})
        VALUES ${join(tuples)}${conflict} RETURNING ${selectList(entity, "n")}`,
      { prepare: rows.length === 1 },
    );
    const given = new Map(rows.map((values) => [keyText(entity, values), values]));
    for (const row of inserted) {
      const values = Object.entries(given.get(keyText(entity, row))!).map(([k, v]) => [k, [null, v]]);
      this.note(entity, "CREATE", row, Object.fromEntries(values) as Change["fields"]);
    }
    return inserted;
  }

  /**
   * Writes what differs from the row as it was read and locked, adds one to its version, and returns the new row.
   * Nothing differs: nothing is written, and the row comes back as it is. A failure shows at the transaction's end.
   */
  update<T extends object>(entity: Entity<T>, row: T, changes: Partial<T>): T {
    const table = tableOf(entity);
    const differing = Object.entries(changes).filter(
      ([property, value]) => !isDeepStrictEqual(row[property as keyof T], value),
    );
    if (differing.length === 0) return row;
    const stamp = table.versioned && {
      version: (row as unknown as { version: number }).version + 1,
      updatedAt: new Date().toISOString(),
    };
    const changed = { ...Object.fromEntries(differing), ...stamp } as Partial<T>;
    const updated = { ...row, ...changed };
    const written = Object.entries({ ...changed, ...table.derive?.(updated) });
    const set = join(
      written.map(([property, value]) => sql`${columnOf(entity, property)} = ${stored(entity, property, value)}`),
      ", ",
    );
    this.send(sql`UPDATE ${table.name} AS n SET ${set} WHERE ${this.tenantIs("n")} AND ${isRow(entity, row)}`);
    const fields = differing.map(([property, value]) => [property, [row[property as keyof T], value]]);
    this.note(entity, "UPDATE", row, Object.fromEntries(fields) as Change["fields"]);
    return updated;
  }

  /** Removes a row that was read and locked. A failure shows at the transaction's end. */
  delete<T extends object>(entity: Entity<T>, row: T): void {
    this.send(sql`DELETE FROM ${tableOf(entity).name} AS n WHERE ${this.tenantIs("n")} AND ${isRow(entity, row)}`);
    this.note(entity, "DELETE", row, Object.fromEntries(Object.entries(row).map(([k, v]) => [k, [v, null]])));
  }

  /**
   * Runs the work in one transaction: all of it is kept, or nothing. The statement that `last` makes travels with
   * COMMIT, which keeps nothing when it, or one sent before, has failed.
   */
  async transaction<T>(work: (db: TenantDb) => Promise<T>, last?: (db: TenantDb) => Sql, scans?: string): Promise<T> {
    const nested = (): never => {
      throw new Error("A transaction is open already.");
    };
    const sent: Promise<unknown>[] = [];
    let db: TenantDb;
    try {
      return await this.runner.transaction(
        this.tenantId,
        (run) => work((db = new TenantDb(this.tenant, { run, transaction: nested }, sent))),
        last && (() => ({ ...numbered(last(db), this.tenantId), prepare: true })),
        scans,
      );
    } catch (error) {
      // What failed first is why the rest did.
      await Promise.all(sent);
      throw error;
    }
  }

  /** A statement of this transaction whose answer nobody waits for: it leaves with the next one, or with COMMIT. */
  private send(statement: Sql): void {
    if (!this.sent) throw new Error("Rows are changed in a transaction only.");
    const sending = this.query(statement, { prepare: true });
    sending.catch(() => {}); // heard at the end
    this.sent.push(sending);
  }

  /** A row that joins others is known by the first of them, and names the rest: a user's classification, by the user. */
  private note(entity: Entity, action: Change["action"], row: object, fields: Change["fields"]): void {
    const { type, primary, visible, documents } = tableOf(entity);
    const [id, ...others] = primary.map((property): [string, unknown] => [property, row[property as keyof object]]);
    const named = Object.fromEntries(others.map(([property, value]) => [property, [value, value]]));
    // What reads do not return is a secret, or follows from what they do: that it changed is all there is to say.
    const told = Object.entries(fields).flatMap(([property, change]) => {
      if (documents.has(property)) return documentChanges(property, change);
      return [[property, visible.includes(property) ? change : [MASK, MASK]]];
    });
    this.changes.push({
      type,
      id: id![1] as string,
      action,
      fields: { ...(named as Change["fields"]), ...(Object.fromEntries(told) as Change["fields"]) },
    });
  }
}

const MASK = "***";

/**
 * What changed in a document: the names of its parts and no values, for they may be long, and personal data. Parts of a
 * list are known by their reference, name or type, where they have one.
 */
function documentChanges(property: string, [before, after]: [unknown, unknown]): [string, [unknown, unknown]][] {
  const [old, current] = [partsOf(before), partsOf(after)];
  return [...new Set([...old.keys(), ...current.keys()])]
    .filter((name) => !isDeepStrictEqual(old.get(name), current.get(name)))
    .map((name) => [`${property}.${name}`, [old.has(name) ? MASK : null, current.has(name) ? MASK : null]]);
}

const partsOf = (document: unknown): Map<string, unknown> =>
  new Map(
    Object.entries(document ?? {}).map(([key, part]) => {
      const { reference, name, type } = Object(part) as Record<string, string | undefined>;
      return [reference ?? name ?? type ?? key, part];
    }),
  );

/** A value as its column takes it. pg would make an array of PostgreSQL's out of a list. */
const stored = (entity: Entity, property: string, value: unknown): unknown =>
  value !== null && tableOf(entity).documents.has(property) ? JSON.stringify(value) : value;

/** A row's primary key as one text. */
const keyText = (entity: Entity, row: object): string =>
  tableOf(entity)
    .primary.map((property) => row[property as keyof object] as string)
    .join();

/** `n.id = $1 AND ...`. An empty key would be every row of the tenant: refused. */
function matches<T extends object>(entity: Entity<T>, alias: string, key: Partial<T>): Sql {
  const conditions = Object.entries(key).map(([property, value]) => {
    if (value === undefined) throw new Error(`${entity.name}.${property} is undefined in a key.`);
    return sql`${raw(alias)}.${columnOf(entity, property)} = ${value}`;
  });
  if (conditions.length === 0) throw new Error(`A key of ${entity.name} is empty.`);
  return join(conditions, " AND ");
}

const isRow = <T extends object>(entity: Entity<T>, row: T): Sql =>
  matches(
    entity,
    "n",
    Object.fromEntries(
      tableOf(entity).primary.map((property) => [property, row[property as keyof T]]),
    ) as unknown as Partial<T>,
  );
