import { Form, maySeeFormsOf } from "../forms/index.js";
import { by, type Context, type ListOf, oneBy, pagesBy, type Selection, sql, type Sql } from "../kit/index.js";
import { Classification, classificationByGuid } from "../users/index.js";
import { FormClassification } from "./investor-preference-form.js";
import { applies, matched, preferenceFormVisible, satisfied } from "./rules.js";

export const preferenceFormByUuid = oneBy(Form, "uuid", preferenceFormVisible);

export const preferenceFormList: ListOf = {
  name: "investorPreferenceForms",
  node: Form,
  rule: preferenceFormVisible,
};

export const classificationsByForm = pagesBy(
  {
    name: "InvestorPreferenceForm.classifications",
    node: Classification,
    rule: () => null,
    edge: { entity: FormClassification, node: "classificationId" },
  },
  "formId",
  { sort: by("n.name_norm"), direction: "ASC" },
);

const byName: Selection = { sort: by("n.name_norm"), direction: "ASC" };

const asked = (user: Sql, { db, viewer, now }: Context, further: Sql = sql`true`): Sql =>
  sql`EXISTS (SELECT FROM users u WHERE ${db.tenantIs("u")} AND u.id = ${user} AND ${maySeeFormsOf(viewer, sql`u.id`)}
    AND ${applies("n", "u", now)} AND ${further})`;

/** The forms that apply to a user. What decides is the user's standing, so no rule of the caller's own is asked. */
export const formsByUser = pagesBy(
  { name: "User.enabledInvestorPreferenceForms", node: Form, rule: () => null },
  (user, ctx) => asked(user, ctx),
  byName,
);

/** Those of them that block the user from investing. */
export const outstandingByUser = pagesBy(
  { name: "InvestorPreferenceGate.outstanding", node: Form, rule: () => null },
  (user, ctx) => asked(user, ctx, sql`n.enforcement_type = 'REQUIRED' AND NOT EXISTS ${satisfied("n", "u", ctx.now)}`),
  byName,
);

/** Why a form is asked of a user. */
export interface Asked {
  blocking: boolean;
  matchedClassifications: object[];
}

const askedOf = {};

/** Why forms are asked of users; one statement per batch. */
export const whyAsked = (ctx: Context, { userId, formId }: { userId: string; formId: string }): Promise<Asked> =>
  ctx.loaders
    .of(askedOf, "", async (keys) => {
      const { db, now } = ctx;
      const pairs = keys.map((key) => key.split(" "));
      const rows = await db.query<{ key: string; blocking: boolean; matched: string[] }>(
        sql`SELECT u.id || ' ' || n.id AS key,
            n.enforcement_type = 'REQUIRED' AND NOT EXISTS ${satisfied("n", "u", now)} AS blocking,
            ARRAY${matched("n", "u", now)} AS matched
          FROM unnest(${pairs.map(([user]) => user)}::uuid[], ${pairs.map(([, form]) => form)}::uuid[]) k(user_id, form_id)
          JOIN users u ON ${db.tenantIs("u")} AND u.id = k.user_id
          JOIN forms n ON ${db.tenantIs("n")} AND n.id = k.form_id`,
        { prepare: true },
      );
      const byKey = new Map(rows.map((row) => [row.key, row]));
      // Not there: deleted meanwhile.
      return keys.map((key) => byKey.get(key) ?? { blocking: false, matched: [] });
    })
    .load(`${userId} ${formId}`)
    .then(async ({ blocking, matched: ids }) => ({
      blocking,
      matchedClassifications: (await Promise.all(ids.map((id) => classificationByGuid.load(ctx, id))))
        .filter((one) => one !== null)
        .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    }));

/** Whether a user may invest. */
export interface GateRow {
  userId: string;
  blocked: boolean;
  validUntil: string | null;
}

const gate = {};

/** The gates of users whom the caller may know them of; one statement per batch. */
export const gateOf = (ctx: Context, userId: string): Promise<GateRow | null> =>
  ctx.loaders
    .of(gate, "", async (keys) => {
      const { db, viewer, now } = ctx;
      const rows = await db.query<GateRow>(
        sql`SELECT u.id AS "userId", bool_or(n.id IS NOT NULL AND s.until IS NULL) AS blocked,
            CASE WHEN bool_and(s.until IS NOT NULL) THEN nullif(min(s.until), 'infinity') END AS "validUntil"
          FROM users u
          LEFT JOIN forms n ON ${db.tenantIs("n")} AND n.enforcement_type = 'REQUIRED' AND ${applies("n", "u", now)}
          LEFT JOIN LATERAL (SELECT max(s.until) AS until FROM ${satisfied("n", "u", now)} s) s ON n.id IS NOT NULL
          WHERE ${db.tenantIs("u")} AND u.id = ANY(${keys}::uuid[]) AND ${maySeeFormsOf(viewer, sql`u.id`)}
          GROUP BY u.id`,
        { prepare: true },
      );
      const byUser = new Map(rows.map((row) => [row.userId, row]));
      return keys.map((key) => byUser.get(key) ?? null);
    })
    .load(userId);
