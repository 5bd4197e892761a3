import { byInstant, type Context, oneBy, pagesBy, ruled, selectList, sql } from "../kit/index.js";
import { Form } from "./form.js";
import { FormImplementation } from "./implementation.js";
import { FormRevision } from "./revision.js";
import { givenFormVisible, implementationVisible, stagedVisible } from "./visible.js";

/** The form of an implementation that the caller sees. */
export const givenFormByUuid = oneBy(Form, "uuid", givenFormVisible);

export const stagedRevision = oneBy(FormRevision, "uuid", stagedVisible);

/** A user's implementations of forms of both kinds, the newest first. */
export const implementationsByUser = pagesBy(
  { name: "User.formImplementations", node: FormImplementation, rule: implementationVisible },
  "userId",
  { sort: byInstant("n.created_at"), direction: "DESC" },
);

const latest = {};

/** A user's latest implementation of a form that the caller sees; one statement per batch. */
export const latestImplementation = (
  ctx: Context,
  { userId, formId }: { userId: string; formId: string },
): Promise<FormImplementation | null> =>
  ctx.loaders
    .of(latest, "", async (keys) => {
      const pairs = keys.map((key) => key.split(" "));
      const rows = await ctx.db.query<FormImplementation>(
        sql`SELECT DISTINCT ON (n.user_id, n.form_id) ${selectList(FormImplementation, "n")}
          FROM unnest(${pairs.map(([user]) => user)}::uuid[], ${pairs.map(([, form]) => form)}::uuid[]) k(user_id, form_id)
          JOIN form_implementations n ON n.user_id = k.user_id AND n.form_id = k.form_id
          WHERE ${ctx.db.tenantIs("n")}${ruled(implementationVisible, ctx, "n")}
          ORDER BY n.user_id, n.form_id, n.created_at DESC, n.id DESC`,
        { prepare: true },
      );
      const byPair = new Map(rows.map((row) => [`${row.userId} ${row.formId}`, row]));
      return keys.map((key) => byPair.get(key) ?? null);
    })
    .load(`${userId} ${formId}`);
