import { Foundation1763800000000 } from "./1763800000000-foundation.js";
import { GroupsInvitationsMail1763900000000 } from "./1763900000000-groups-invitations-mail.js";

/** All migrations, oldest first. */
export const migrations = [Foundation1763800000000, GroupsInvitationsMail1763900000000];
