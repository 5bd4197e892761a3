import { may } from "../access/index.js";
import { raw, type RowRule, sql, type Sql, type Viewer } from "../kit/index.js";
import type { FormKind } from "./form.js";

/** Staff and services who work with forms see all of them. */
export const worksWithForms = (viewer: Viewer): boolean =>
  (["forms.read", "forms.write", "submissions.read"] as const).some((permission) => may(viewer, permission));

/** The caller was given the form of that alias. */
const wasGiven = (viewer: Viewer, form: Sql): Sql => sql`EXISTS (SELECT FROM form_implementations own
  WHERE own.tenant_id = ${form}.tenant_id AND own.form_id = ${form}.id AND own.user_id = ${viewer.id})`;

/** Who sees a form of a kind: who works with forms all, anybody those they were given, and those that are `offered`. */
export const formVisible =
  (kind: FormKind, offered: (viewer: Viewer, form: string, now: Date) => Sql): RowRule =>
  (viewer, alias, now) => {
    const form = raw(alias);
    const ofKind = sql`${form}.kind = ${kind}`;
    if (worksWithForms(viewer)) return ofKind;
    if (viewer.kind !== "USER") return sql`false`;
    return sql`${ofKind} AND (${offered(viewer, alias, now)} OR ${wasGiven(viewer, form)})`;
  };

/** Whether the caller may know which forms the user of that guid is asked: their own, or as who works with forms. */
export const maySeeFormsOf = (viewer: Viewer, user: Sql): Sql =>
  worksWithForms(viewer) ? sql`true` : sql`${user} = ${viewer.kind === "USER" ? viewer.id : null}`;

/** The form of an implementation: whoever sees that sees it. */
export const givenFormVisible: RowRule = (viewer, alias) => {
  if (worksWithForms(viewer)) return null;
  return viewer.kind === "USER" ? wasGiven(viewer, raw(alias)) : sql`false`;
};

/** What is staged is nobody's business but theirs. */
export const stagedVisible: RowRule = (viewer) => (worksWithForms(viewer) ? null : sql`false`);

/** Who sees an implementation: with `submissions.read` administrators and services all, internal members their assigned clients'; anybody their own. */
export const implementationVisible: RowRule = (viewer, alias) => {
  const reads = may(viewer, "submissions.read");
  if (reads && viewer.administrator) return null;
  if (viewer.kind !== "USER") return sql`false`;
  const user = sql`${raw(alias)}.user_id`;
  if (!reads) return sql`${user} = ${viewer.id}`;
  // As an array, so that the few clients' rows are found by the index.
  return sql`${user} = ANY(ARRAY(SELECT ${viewer.id}::uuid UNION ALL SELECT u.id FROM users u
    WHERE u.tenant_id = ${viewer.tenantId} AND u.assigned_internal_user_id = ${viewer.id}))`;
};
