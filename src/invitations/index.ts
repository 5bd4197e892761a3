import { constraintMeans, UsersErrorCode } from "../kit/index.js";
import { Invitation } from "./invitation.js";
import { invitationByGuid } from "./loaders.js";
import { AcceptInvitation } from "./mutations/accept-invitation.js";
import { ApproveInvitation } from "./mutations/approve-invitation.js";
import { BulkInviteUsers, FieldsOfBulkInviteResult } from "./mutations/bulk-invite-users.js";
import { DeleteUserGroup } from "./mutations/delete-user-group.js";
import { InviteInternalUser } from "./mutations/invite-internal-user.js";
import { InviteUserToShell } from "./mutations/invite-user-to-shell.js";
import { InviteUser } from "./mutations/invite-user.js";
import { ResendInvitation } from "./mutations/resend-invitation.js";
import { RevokeInvitation } from "./mutations/revoke-invitation.js";
import { RevokeUser } from "./mutations/revoke-user.js";
import { composeInvitation } from "./invitation-mail.js";
import { FieldsOfInvitation, InvitationQueries, InvitationsOfUser } from "./queries.js";
import { INVITATION_MAIL } from "./rules.js";

// Between reading a group and inviting into it, it was deleted.
constraintMeans("invitations_group", UsersErrorCode.NOT_FOUND, "UserGroup not found.", "groupId");

export const invitations = {
  resolvers: [
    InvitationQueries,
    InvitationsOfUser,
    FieldsOfInvitation,
    FieldsOfBulkInviteResult,
    InviteUser,
    InviteInternalUser,
    InviteUserToShell,
    BulkInviteUsers,
    ResendInvitation,
    ApproveInvitation,
    RevokeInvitation,
    AcceptInvitation,
    RevokeUser,
    DeleteUserGroup,
  ],
  tables: [Invitation],
  nodes: { Invitation: invitationByGuid },
  entities: { Invitation: { key: "guid", by: invitationByGuid } },
  /** Who writes the mails that this room promises. */
  composers: { [INVITATION_MAIL]: composeInvitation },
} as const;

export { Invitation } from "./invitation.js";
