import { Invitation } from "./invitation.js";
import { RevokeUser } from "./mutations/revoke-user.js";

export const invitations = {
  resolvers: [RevokeUser],
  tables: [Invitation],
} as const;

export { Invitation } from "./invitation.js";
