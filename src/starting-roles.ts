import { PERMISSIONS, type Role, RoleScope } from "./access/index.js";

export type StartingRole = "Administrator" | "Relationship manager" | "Read only" | "Lead" | "Member" | "Viewer";

const ofStaff = { scope: RoleScope.INTERNAL, rank: 0, administrator: false };
const ofGroups = { scope: RoleScope.GROUP, administrator: false, permissions: [] };

/** The roles that every tenant begins with. */
export const STARTING_ROLES: (Pick<Role, "scope" | "rank" | "administrator" | "permissions"> & {
  name: StartingRole;
})[] = [
  { ...ofStaff, name: "Administrator", administrator: true, permissions: [...PERMISSIONS] },
  {
    ...ofStaff,
    name: "Relationship manager",
    permissions: [
      "users.read",
      "users.write",
      "groups.read",
      "invitations.write",
      "forms.read",
      "forms.write",
      "submissions.read",
    ],
  },
  { ...ofStaff, name: "Read only", permissions: ["users.read", "groups.read", "forms.read"] },
  { ...ofGroups, name: "Lead", rank: 30 },
  { ...ofGroups, name: "Member", rank: 20 },
  { ...ofGroups, name: "Viewer", rank: 10 },
];
