import { may } from "../access/index.js";
import { raw, type RowRule, sql } from "../kit/index.js";

/** Who sees a group: holders of `groups.read` all, members (the lead among them) their own. */
export const groupVisible: RowRule = (viewer, alias) => {
  if (may(viewer, "groups.read")) return null;
  if (viewer.kind !== "USER") return sql`false`;
  const group = raw(alias);
  return sql`EXISTS (SELECT FROM group_members own
    WHERE own.tenant_id = ${group}.tenant_id AND own.group_id = ${group}.id AND own.user_id = ${viewer.id})`;
};
