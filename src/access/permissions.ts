import { forbidden, refuse, UsersErrorCode, type Allow, type Context, type Viewer } from "../kit/index.js";

/** The words of authorization: what INTERNAL roles grant and service tokens carry as scopes. */
export const PERMISSIONS = [
  "users.read",
  "users.write",
  "users.export",
  "users.impersonate",
  "invitations.write",
  "invitations.approve",
  "groups.read",
  "groups.write",
  "forms.read",
  "forms.write",
  "submissions.read",
  "audit.read",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const may = (viewer: Viewer, permission: Permission): boolean => viewer.permissions.has(permission);

/** Holders of the permission: internal users by role, services by scope. */
export const holders = (permission: Permission): Allow => ({
  sentence: `Requires \`${permission}\`.`,
  test: (viewer) => may(viewer, permission),
});

/** Holders of the permission who are administrators, and services. */
export const administrators = (permission: Permission): Allow => ({
  sentence: `Requires \`${permission}\` and to be an administrator or a service.`,
  test: (viewer) => viewer.administrator && may(viewer, permission),
});

/** Holders of the permission who are administrators: people, not services. */
export const administratorsAlone = (permission: Permission): Allow => ({
  sentence: `Requires \`${permission}\` and to be an administrator; closed to services.`,
  test: (viewer) => viewer.kind === "USER" && viewer.administrator && may(viewer, permission),
});

/** The same people, and whoever leads a group: what is written keeps a lead to the group they lead. */
export const administratorsAndLeads = (permission: Permission): Allow => ({
  sentence: `Requires \`${permission}\` and to be an administrator, or to lead the group.`,
  test: (viewer) => viewer.leads || administratorsAlone(permission).test(viewer),
});

/** As `administratorsAndLeads`, and services. */
export const administratorsServicesAndLeads = (permission: Permission): Allow => ({
  sentence: `Requires \`${permission}\` and to be an administrator or a service, or to lead the group.`,
  test: (viewer) => viewer.leads || administrators(permission).test(viewer),
});

/** Whoever holds the token that the input carries: the token says which tenant, and a token of access is not needed. */
export const bearers: Allow = {
  sentence: "Open to whoever holds the token.",
  test: () => true,
  anonymous: true,
};

/** Holders of the permission, and whoever leads a group: the row rules keep a lead to their groups' members. */
export const holdersAndLeads = (permission: Permission): Allow => ({
  sentence: `Requires \`${permission}\`, or to lead a group.`,
  test: (viewer) => viewer.leads || may(viewer, permission),
});

export const signedIn: Allow = {
  sentence: "Any signed-in caller; shows what the caller may see.",
  test: (viewer) => viewer.kind !== "ANONYMOUS",
};

/** Users, not services: the operation is about the caller's own account. */
export const users: Allow = {
  sentence: "Any signed-in user.",
  test: (viewer) => viewer.kind === "USER",
};

/** Users, for what is theirs, and services that hold the permission. */
export const usersAndHolders = (permission: Permission, otherwise = ""): Allow => ({
  sentence: `Any signed-in user for themselves; for others requires \`${permission}\`${otherwise}.`,
  test: (viewer) => viewer.kind === "USER" || may(viewer, permission),
});

/** The caller's own guid. @throws FORBIDDEN for a service, which has none. */
export function ownGuid({ viewer }: Context): string {
  if (viewer.kind !== "USER") throw forbidden(users.sentence);
  return viewer.id!;
}

/** Refuses what an impersonated session may not do. */
export function refuseImpersonated({ viewer }: Context, what: string, field?: string): void {
  if (viewer.actorId !== null) {
    refuse(UsersErrorCode.IMPERSONATION_FORBIDDEN, `An impersonated session may not ${what}.`, field);
  }
}
