import { Foundation1763800000000 } from "./1763800000000-foundation.js";
import { GroupsInvitationsMail1763900000000 } from "./1763900000000-groups-invitations-mail.js";
import { FillGroupsAndInvitations1763900001000 } from "./1763900001000-fill-groups-and-invitations.js";
import { IndexGroupsAndInvitations1763900002000 } from "./1763900002000-index-groups-and-invitations.js";
import { Forms1764000000000 } from "./1764000000000-forms.js";
import { UserExports1765000000000 } from "./1765000000000-user-exports.js";
import { FailedMails1766000000000 } from "./1766000000000-failed-mails.js";

/** All migrations, oldest first. */
export const migrations = [
  Foundation1763800000000,
  GroupsInvitationsMail1763900000000,
  FillGroupsAndInvitations1763900001000,
  IndexGroupsAndInvitations1763900002000,
  Forms1764000000000,
  UserExports1765000000000,
  FailedMails1766000000000,
];
