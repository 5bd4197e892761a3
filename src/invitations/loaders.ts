import { byInstant, type ListOf, oneBy, pagesBy } from "../kit/index.js";
import { MailDelivery } from "../mail/index.js";
import { Invitation } from "./invitation.js";
import { invitationVisible } from "./visible.js";

export const invitationByGuid = oneBy(Invitation, "guid", invitationVisible);

/** Reached from an invitation alone, and so by whoever sees that. */
export const mailByGuid = oneBy(MailDelivery, "guid", () => null);

export const invitationList: ListOf = { name: "invitations", node: Invitation, rule: invitationVisible };

/** A user's invitations, the newest first. */
export const invitationsByUser = pagesBy(
  { name: "User.invitations", node: Invitation, rule: invitationVisible },
  "userId",
  { sort: byInstant("n.created_at"), direction: "DESC" },
);
