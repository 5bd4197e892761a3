import { isDeepStrictEqual } from "node:util";
import {
  EnforcementType,
  Form,
  FormEnablement,
  FormKind,
  formVisible,
  inForce,
  refuseArchived,
  refuseUnpublished,
} from "../forms/index.js";
import { type Context, DryRun, keyOf, raw, refuse, sql, type Sql, UsersErrorCode } from "../kit/index.js";
import { FormClassification, type InvestorPreferenceForm } from "./investor-preference-form.js";

const MAX_CLASSIFICATIONS = 50;

/** A classification of a user, `uc`, counts. */
const counts = (now: Date): Sql => sql`(uc.valid_until IS NULL OR uc.valid_until > ${now})`;

/** Investors who can be asked at all. */
const isAsked = (user: string): Sql => raw(`${user}.type = 'INVESTOR' AND ${user}.status <> 'REVOKED'`);

/** The ids of the form's classifications that a user holds now. */
export const matched = (form: string, user: string, now: Date): Sql => sql`(SELECT fc.classification_id
  FROM form_classifications fc JOIN user_classifications uc ON uc.tenant_id = fc.tenant_id
    AND uc.classification_id = fc.classification_id AND ${counts(now)}
  WHERE fc.tenant_id = ${raw(form)}.tenant_id AND fc.form_id = ${raw(form)}.id AND uc.user_id = ${raw(user)}.id)`;

/** The form is for investors of no classification in particular, or the user holds one of its. */
export const matches = (
  form: string,
  user: string,
  now: Date,
): Sql => sql`(NOT EXISTS (SELECT FROM form_classifications fc
  WHERE fc.tenant_id = ${raw(form)}.tenant_id AND fc.form_id = ${raw(form)}.id) OR EXISTS ${matched(form, user, now)})`;

/** The form of one alias applies to the user of the other: it is offered, and for investors such as they are. */
export const applies = (form: string, user: string, now: Date): Sql =>
  sql`(${raw(`${form}.kind = 'INVESTOR_PREFERENCE' AND ${form}.enablement = 'ENABLED'`)}
    AND ${isAsked(user)} AND ${matches(form, user, now)})`;

/** When the user's answers to a form cease to count; no row: they do not. */
export const satisfied = (
  form: string,
  user: string,
  now: Date,
): Sql => sql`(SELECT coalesce(i.valid_until, 'infinity') AS until
  FROM form_implementations i WHERE i.tenant_id = ${raw(form)}.tenant_id AND i.form_id = ${raw(form)}.id
    AND i.user_id = ${raw(user)}.id AND ${inForce("i", now)})`;

/** Who sees a preference form: who works with forms all, an investor those that apply and those they were given. */
export const preferenceFormVisible = formVisible(
  FormKind.INVESTOR_PREFERENCE,
  (viewer, form, now) => sql`EXISTS (SELECT FROM users u
    WHERE u.tenant_id = ${raw(form)}.tenant_id AND u.id = ${viewer.id} AND ${applies(form, "u", now)})`,
);

/** The classifications that an input names, each known, and once. */
export async function classificationsOf({ db }: Context, ids: readonly string[]): Promise<string[]> {
  if (ids.length > MAX_CLASSIFICATIONS) {
    refuse(UsersErrorCode.LIMIT, `At most ${MAX_CLASSIFICATIONS} classifications.`, "classificationIds");
  }
  const guids = ids.map((id, index) => keyOf("Classification", id, ["input", "classificationIds", index]));
  const known = await db.query<{ guid: string }>(
    sql`SELECT n.id AS guid FROM classifications n WHERE ${db.tenantIs("n")} AND n.id = ANY(${guids}::uuid[])`,
  );
  for (const [index, guid] of guids.entries()) {
    const field = `classificationIds.${index}`;
    if (guids.indexOf(guid) !== index) refuse(UsersErrorCode.DUPLICATED_INPUT_ITEM, "Named twice.", field);
    if (!known.some((row) => row.guid === guid)) {
      refuse(UsersErrorCode.UNKNOWN_CLASSIFICATION, "No such classification.", field);
    }
  }
  return guids;
}

/** What of a form decides whom it asks, and how. */
interface Offer {
  enablement: FormEnablement;
  enforcementType: EnforcementType;
  editable: boolean;
  /** In their order. */
  classificationIds: readonly string[];
}

interface OfferAnswer {
  investorPreferenceForm: InvestorPreferenceForm;
  affectedUserCount: number;
}

/** Changes a form's offer and tells how many feel it; of a dry run nothing is kept, and the form is as it was. */
export async function changeOffer(
  ctx: Context,
  form: Form,
  change: Partial<Offer>,
  { dryRun }: { dryRun?: boolean | null },
): Promise<OfferAnswer> {
  const { db, now } = ctx;
  const held = await db.findBy(FormClassification, { formId: form.uuid });
  const { enablement, enforcementType, editable } = form;
  const classificationIds = held.map((row) => row.classificationId).toSorted();
  const before: Offer = { enablement, enforcementType: enforcementType!, editable, classificationIds };
  const after = { ...before, ...change };
  const same = isDeepStrictEqual(before, after);
  if (!same) refuseOffer(form, before, after);
  const affectedUserCount = same ? 0 : await affectedUsers(ctx, form, before, after);
  const answer = (one: Form): OfferAnswer => ({
    investorPreferenceForm: one as InvestorPreferenceForm,
    affectedUserCount,
  });
  if (dryRun) throw new DryRun(answer(form));
  const { classificationIds: ids, ...own } = after;
  const removed = held.filter((row) => !ids.includes(row.classificationId));
  const added = ids.filter((id) => !classificationIds.includes(id));
  for (const row of removed) db.delete(FormClassification, row);
  await db.insertAll(
    FormClassification,
    added.map((classificationId) => ({ formId: form.uuid, classificationId })),
  );
  // The classifications are not in the form's own row, whose version tells of them all the same.
  const touched = removed.length + added.length > 0 && { updatedAt: now.toISOString() };
  return answer(db.update(Form, form, { ...own, ...touched }));
}

/** Only a published form can be offered or insisted on, and an archived one is changed no more. */
function refuseOffer(form: Form, before: Offer, after: Offer): void {
  if (after.enablement !== before.enablement) refuseUnpublished(form, "formId");
  refuseArchived(form);
  const insists = after.enforcementType === EnforcementType.REQUIRED;
  if (insists && after.enforcementType !== before.enforcementType) refuseUnpublished(form, "formId");
}

/**
 * How many investors a change is felt by: who gain or lose the form, of whom it asks more or less than before because
 * they have not completed it, or who have, and may now change their answers or no longer.
 */
async function affectedUsers({ db, now }: Context, form: Form, before: Offer, after: Offer): Promise<number> {
  if (before.enablement === FormEnablement.DISABLED && after.enablement === FormEnablement.DISABLED) return 0;
  const holders = (name: string, { classificationIds }: Offer): Sql => sql`LEFT JOIN (
    SELECT DISTINCT uc.user_id FROM user_classifications uc WHERE ${db.tenantIs("uc")}
      AND uc.classification_id = ANY(${classificationIds}::uuid[]) AND ${counts(now)}) ${raw(name)} ON ${raw(name)}.user_id = u.id`;
  const standing = (name: string, { enablement, enforcementType, editable, classificationIds }: Offer): Sql => {
    if (enablement === FormEnablement.DISABLED) return sql`NULL::text`;
    const state = sql`CASE WHEN d.user_id IS NULL THEN ${enforcementType}::text ELSE ${`done ${editable}`}::text END`;
    return classificationIds.length === 0 ? state : sql`CASE WHEN ${raw(name)}.user_id IS NOT NULL THEN ${state} END`;
  };
  const [row] = await db.query<{ count: string }>(
    sql`SELECT count(*) FROM users u
      LEFT JOIN (SELECT DISTINCT i.user_id FROM form_implementations i
        WHERE ${db.tenantIs("i")} AND i.form_id = ${form.uuid} AND ${inForce("i", now)}) d ON d.user_id = u.id
      ${holders("b", before)} ${holders("a", after)}
      WHERE ${db.tenantIs("u")} AND ${isAsked("u")}
        AND (${standing("b", before)}) IS DISTINCT FROM (${standing("a", after)})`,
  );
  return Number(row!.count);
}
