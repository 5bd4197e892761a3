import { may } from "../access/index.js";
import { raw, type RowRule, shownAgain, sql } from "../kit/index.js";
import { Invitation } from "./invitation.js";

/** Who sees an invitation: staff who see users or invite them all, leads those into their group, anybody their own. */
export const invitationVisible: RowRule = (viewer, alias) => {
  if (may(viewer, "users.read") || may(viewer, "invitations.write") || may(viewer, "invitations.approve")) return null;
  if (viewer.kind !== "USER") return sql`false`;
  const own = sql`${raw(alias)}.user_id = ${viewer.id}`;
  if (!viewer.leads) return own;
  // As an array, so that both sides are conditions of an index.
  return sql`(${own} OR ${raw(alias)}.group_id = ANY(ARRAY(SELECT g.id FROM user_groups g
    WHERE g.tenant_id = ${viewer.tenantId} AND g.lead_user_id = ${viewer.id})))`;
};

shownAgain(Invitation, invitationVisible);
