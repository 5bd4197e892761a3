import { LRUCache } from "lru-cache";
import type { Sql } from "sql-template-tag";
import type { Context, Viewer } from "./context.js";
import { type Handling, type SqlRunner, TENANT, TenantDb } from "./tenant-db.js";

/** What a request brings to its statement. */
export interface Run {
  ctx: Context;
  variables: Record<string, unknown>;
  /** What all selections of the document agree to. */
  handling: Required<Handling>;
  /** What is built now is kept. */
  keeping: boolean;
}
/** Makes a part of a statement for a request. */
export type Build = (run: Run) => Sql;

/** In what is kept, these stand for what each request brings: as parameters alone, for whatever else reads them fails. */
const placeholder = <T extends object>(target: T, what: string): T =>
  new Proxy(target, {
    get() {
      throw new Error(`${what} is not known before the statement runs.`);
    },
  });
const NOW = placeholder(new Date(0), "The instant");
const VIEWER = placeholder({}, "Who asks");
const ACTOR = placeholder({}, "Who acts");

/** A statement's parameter, with what a request brings in place of what stands for it. */
export const broughtBy = ({ now, viewer }: Context, value: unknown): unknown =>
  value === NOW ? now : value === VIEWER ? viewer.id : value === ACTOR ? viewer.actorId : value;

/** A value that is the same for everybody, or a placeholder by itself. */
const isKeepable = (value: unknown): boolean =>
  value !== undefined &&
  !(Array.isArray(value) && value.some((item) => [NOW, VIEWER, ACTOR, TENANT].includes(item as object)));

/** What statements depend on beside their parameters: what the viewer is, not who. */
function kindOf({ kind, administrator, leads, actorId, permissions }: Viewer): string {
  return JSON.stringify([kind, administrator, leads, actorId !== null, ...[...permissions].toSorted()]);
}
const kinds = new WeakMap<Viewer, string>();

/** What selections agree to who ask for nothing of their own. */
export const ordinary = (): Required<Handling> => ({ prepare: true, scans: false });

/**
 * Planned anew for one part is planned anew for all; planned once for one, where the others leave it open. What one part
 * scans, the statement does.
 */
export function agree({ handling }: Run, { prepare = true, scans = false }: Handling): void {
  if (prepare !== true && handling.prepare !== false) handling.prepare = prepare;
  handling.scans ||= scans;
}

/** What is kept of all documents together, those asked for last; in characters. */
const statements = new LRUCache<string, { statement: Sql; handling: Handling }>({
  maxSize: 16_000_000,
  sizeCalculation: ({ statement }, key) => key.length + lengthOf(statement),
});
let builds = 0;

/** Of a statement's text, nearly: its parameters count nothing. */
export const lengthOf = ({ strings }: Pick<Sql, "strings">): number =>
  strings.reduce((sum, part) => sum + part.length, 0);

/**
 * Builds once for all viewers of a kind, for any tenant, instant and person; and for each of such variables. Parts of
 * what is kept are not kept again.
 */
export function kept(build: Build, variant: (run: Run) => string = () => ""): Build {
  const name = `${builds++}`;
  return (run) => {
    if (run.keeping) return build(run);
    const { viewer } = run.ctx;
    let kind = kinds.get(viewer);
    if (kind === undefined) kinds.set(viewer, (kind = kindOf(viewer)));
    const key = name + kind + variant(run);
    const known = statements.get(key);
    if (known) {
      agree(run, known.handling);
      return known.statement;
    }
    const { kind: type, permissions, administrator, leads, actorId } = viewer;
    const [id, tenantId] = [VIEWER, TENANT] as unknown[] as string[];
    const somebody = { kind: type, permissions, administrator, leads, id, tenantId, actorId: actorId && ACTOR };
    const asked = placeholder({}, "An answer") as SqlRunner;
    const ctx = { viewer: somebody, db: new TenantDb(tenantId!, asked), now: NOW } as unknown as Context;
    const building: Run = { ctx, variables: run.variables, handling: ordinary(), keeping: true };
    const statement = build(building);
    if (!statement.values.every(isKeepable)) throw new Error("A statement depends on more than is kept.");
    statements.set(key, { statement, handling: building.handling });
    agree(run, building.handling);
    return statement;
  };
}
