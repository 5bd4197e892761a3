import { raw, type Sql } from "sql-template-tag";
import { getMetadataArgsStorage } from "typeorm";

export type Entity<T = object> = new (...args: never[]) => T;

/** An entity class may state columns that follow from others (normalised copies); they are written with every change. */
export interface Deriving<T> {
  derive(row: Partial<T>): Partial<T>;
}

export const snakeCase = (property: string): string =>
  property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What SQL needs to know of an entity class, read once from TypeORM's decorators. */
export interface Table {
  name: Sql;
  /** The GraphQL type that the rows are, e.g. "User". */
  type: string;
  /** Property -> column, as raw SQL. */
  columns: ReadonlyMap<string, Sql>;
  /** Properties that reads return; normalised copies and the tenant are not among them. */
  visible: readonly string[];
  /** The properties of the primary key, the tenant left out. */
  primary: readonly string[];
  /** Properties whose columns are JSON documents. */
  documents: ReadonlySet<string>;
  versioned: boolean;
  derive?: (row: object) => object;
}

const tables = new WeakMap<Entity, Table>();

/** Whether a class is a table at all. */
export const isEntity = (type: Entity): boolean =>
  getMetadataArgsStorage().tables.some(({ target }) => target === type);

export function tableOf(entity: Entity): Table {
  let table = tables.get(entity);
  if (!table) tables.set(entity, (table = readTable(entity)));
  return table;
}

function readTable(entity: Entity): Table {
  const storage = getMetadataArgsStorage();
  const name = storage.tables.find((args) => args.target === entity)?.name;
  if (!name) throw new Error(`${entity.name} is not an entity.`);
  const args = storage.columns.filter((column) => column.target === entity);
  const { derive } = entity as Partial<Deriving<object>>;
  return {
    name: raw(name),
    type: entity.name,
    columns: new Map(
      args.map((column) => [column.propertyName, raw(column.options.name ?? snakeCase(column.propertyName))]),
    ),
    visible: args.filter((column) => column.options.select !== false).map((column) => column.propertyName),
    primary: args
      .filter((column) => column.options.primary && column.propertyName !== "tenantId")
      .map((column) => column.propertyName),
    documents: new Set(args.filter((column) => column.options.type === "jsonb").map((column) => column.propertyName)),
    versioned: args.some((column) => column.propertyName === "version"),
    ...(derive && { derive: derive.bind(entity) }),
  };
}

const selectLists = new Map<string, Sql>();

/** `n.id AS "guid", n.status AS "status", ...`: the columns of a row as its properties. */
export function selectList(entity: Entity, alias: string, prefix = ""): Sql {
  const key = `${entity.name} ${alias} ${prefix}`;
  let list = selectLists.get(key);
  if (!list) {
    const { columns, visible } = tableOf(entity);
    list = raw(
      visible.map((property) => `${alias}.${columns.get(property)!.text} AS "${prefix}${property}"`).join(", "),
    );
    selectLists.set(key, list);
  }
  return list;
}

/** The column of a property. @throws when there is none: a programmer's error, never a caller's. */
export function columnOf(entity: Entity, property: string): Sql {
  const column = tableOf(entity).columns.get(property);
  if (!column) throw new Error(`${entity.name} has no column ${property}.`);
  return column;
}
