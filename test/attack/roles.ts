import { ANONYMOUS, type Permission, PERMISSIONS } from "../../src/access/index.js";
import type { Viewer } from "../../src/kit/index.js";
import type { Caller, Harness } from "../harness/index.js";
import type { Scene } from "./scene.js";

/** Somebody who asks, as domain.md (section 5) tells them apart. */
export interface Role {
  name: string;
  /** What a guard is told of them. */
  viewer: Viewer;
  caller: Caller;
  /** Of the tenant's own people, who they are, or are acting as. */
  person?: keyof Scene;
  /** Their account is not active, or they have none: whatever they ask, they are nobody. */
  lockedOut?: true;
  /** What the roles of the member of staff whom clients are assigned to allow, while this one asks. */
  keeper?: readonly Permission[];
  foreign?: true;
}

const user = (viewer: Partial<Viewer> = {}): Viewer => ({ ...ANONYMOUS, kind: "USER", ...viewer });
const service = (permissions: readonly Permission[]): Viewer => ({
  ...ANONYMOUS,
  kind: "SERVICE",
  permissions: new Set(permissions),
  administrator: true,
});

export async function rolesOf({ sign, bearer, anonymous }: Harness, scene: Scene, others: Scene): Promise<Role[]> {
  const { here, admin, keeper, colleague, powerless, group } = scene;
  const all = new Set<string>(PERMISSIONS);
  const kinds = [...PERMISSIONS.map((one) => [one, [one]] as const), ["all", PERMISSIONS], ["none", []]] as const;
  const session = { actorId: admin.guid };
  const acting = async (person: "member" | "lead"): Promise<Role> => ({
    name: `a session as the ${person}`,
    viewer: user({ ...session, leads: person === "lead" }),
    caller: await here.actingAs(admin, scene[person], group),
    person,
  });
  const lockedOut = async (person: "invited" | "draft" | "suspended" | "revoked"): Promise<Role> => ({
    name: `a user who is ${person}`,
    viewer: user(),
    caller: bearer(await sign({ sub: scene[person].guid, tenant_id: here.id })),
    lockedOut: true,
  });
  return [
    {
      name: "administrator",
      viewer: user({ administrator: true, permissions: all }),
      caller: admin,
      person: "admin",
    },
    { name: "administrator without permissions", viewer: user({ administrator: true }), caller: powerless },
    ...kinds.map(([what, permissions]): Role => ({
      name: `staff, of their clients: ${what}`,
      viewer: user({ permissions: new Set(permissions) }),
      caller: keeper,
      person: "keeper",
      keeper: permissions,
    })),
    {
      name: "staff, of others' clients: all",
      viewer: user({ permissions: all }),
      caller: colleague,
      person: "colleague",
    },
    ...(await Promise.all(
      kinds.map(async ([what, permissions]): Promise<Role> => ({
        name: `service: ${what}`,
        viewer: service(permissions),
        caller: await here.service(...permissions),
      })),
    )),
    { name: "lead", viewer: user({ leads: true }), caller: scene.lead, person: "lead" },
    { name: "member, the user themselves", viewer: user(), caller: scene.member, person: "member" },
    { name: "another member", viewer: user(), caller: scene.mate, person: "mate" },
    { name: "a client without a group", viewer: user(), caller: scene.outsider, person: "outsider" },
    await acting("member"),
    await acting("lead"),
    await lockedOut("invited"),
    await lockedOut("draft"),
    await lockedOut("suspended"),
    await lockedOut("revoked"),
    { name: "nobody", viewer: ANONYMOUS, caller: anonymous, lockedOut: true },
    {
      name: "another tenant's administrator",
      viewer: user({ administrator: true, permissions: all }),
      caller: others.admin,
      foreign: true,
    },
  ];
}

type Test = (role: Role) => boolean;

const holds =
  (...permissions: Permission[]): Test =>
  ({ viewer }) =>
    permissions.some((one) => viewer.permissions.has(one));
const holdsAll =
  (...permissions: Permission[]): Test =>
  ({ viewer }) =>
    permissions.every((one) => viewer.permissions.has(one));
const is =
  (...people: (keyof Scene)[]): Test =>
  ({ person }) =>
    person !== undefined && people.includes(person);
const both =
  (...tests: Test[]): Test =>
  (role) =>
    tests.every((test) => test(role));
const either =
  (...tests: Test[]): Test =>
  (role) =>
    tests.some((test) => test(role));

const anybody: Test = () => true;
const people: Test = ({ viewer }) => viewer.kind === "USER";
const services: Test = ({ viewer }) => viewer.kind === "SERVICE";
const leads: Test = ({ viewer }) => viewer.leads;
const sessions: Test = ({ viewer }) => viewer.actorId !== null;
/** Administrators and services; and of them people alone. */
const administrators: Test = ({ viewer }) => viewer.administrator;
const administratorsAlone = both(administrators, people);
const groupMembers = is("lead", "member", "mate");
/** Staff who write for others' clients. */
const colleague = is("colleague");
const worksWithForms = holds("forms.read", "forms.write", "submissions.read");
const seesUsers = holds("users.read", "users.write");
const seesGroups = holds("groups.read", "groups.write", "invitations.write");

const seesMember = either(seesUsers, is("lead", "member"));
/** Which forms the member is asked is for them to know, and for who works with forms. */
const mayKnowForms = either(worksWithForms, is("member"));

/** "ok", or of a list how much of it: "all", "some" or "none"; otherwise the code of the refusal. */
export type Fate =
  | "ok"
  | "all"
  | "some"
  | "none"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "NOT_ASSIGNED_TO_YOU"
  | "ANSWERS_LOCKED"
  | "IMPERSONATION_FORBIDDEN"
  | "CHAINED"
  | "UNKNOWN_CLASSIFICATION";

export interface Row {
  /** Who may call it at all: domain.md, section 3, column "Who". Others are FORBIDDEN. */
  who: Test;
  /** What becomes of those who may, the first that fits. */
  fates: [Test, Fate][];
  /** What another tenant's administrator is told. */
  foreign: Fate;
  /** Needs no token. */
  anonymous?: true;
}

const query = (who: Test, ...fates: [Test, Fate][]): Row => ({ who, fates, foreign: "none" });
const mutation = (who: Test, ...fates: [Test, Fate][]): Row => ({
  who,
  fates: [...fates, [anybody, "ok"]],
  foreign: "NOT_FOUND",
});
/** Names nothing that a tenant has: another's administrator does it in their own. */
const anywhere = (row: Row): Row => ({ ...row, foreign: "ok" });

const formKeepers = both(administrators, holds("forms.write"));
const formDeleters = both(administratorsAlone, holds("forms.write"));
const groupKeepers = both(administrators, holds("groups.write"));
const groupAdministrators = both(administratorsAlone, holds("groups.write"));
const exporters = both(administrators, holdsAll("users.export", "users.read"));
const clientWriters = (permission: Permission): Row => mutation(holds(permission), [colleague, "NOT_ASSIGNED_TO_YOU"]);
/** Giving a form to the member: one has to find them, to look after them, and to write forms. */
const givers = mutation(
  either(people, holds("forms.write")),
  [is("member"), "ok"],
  [either(colleague, is("lead")), "NOT_ASSIGNED_TO_YOU"],
  [both(seesUsers, holds("forms.write")), "ok"],
  [seesUsers, "FORBIDDEN"],
  [anybody, "NOT_FOUND"],
);
/** Answering for the member: one has to see their implementation, and to write forms. */
const answerers = (own: Fate): Row =>
  mutation(
    either(people, holds("forms.write")),
    [is("member"), own],
    [colleague, "NOT_FOUND"],
    [both(holds("submissions.read"), holds("forms.write")), "ok"],
    [holds("submissions.read"), "FORBIDDEN"],
    [anybody, "NOT_FOUND"],
  );

/** Every operation, by domain.md. */
export const TABLE: Record<string, Row> = {
  "Query.auditEvents": query(anybody, [holds("audit.read"), "all"], [is("member"), "some"], [anybody, "none"]),
  "Query.availableRoles": query(either(holds("groups.read"), leads), [anybody, "all"]),
  "Query.classifications": query(anybody, [anybody, "all"]),
  "Query.enabledUserDataForms": query(anybody, [either(people, worksWithForms), "all"], [anybody, "none"]),
  "Query.featureFlags": query(anybody, [anybody, "all"]),
  "Query.investorPreferenceForm": query(
    anybody,
    [either(worksWithForms, is("member", "mate", "outsider")), "ok"],
    [anybody, "none"],
  ),
  "Query.investorPreferenceForms": query(holds("forms.read"), [anybody, "all"]),
  "Query.invitation": query(
    anybody,
    [either(holds("users.read", "invitations.write", "invitations.approve"), leads), "ok"],
    [anybody, "none"],
  ),
  "Query.invitations": query(
    anybody,
    [either(holds("users.read", "invitations.write", "invitations.approve"), leads), "all"],
    [anybody, "none"],
  ),
  "Query.me": { ...query(anybody, [people, "ok"], [anybody, "none"]), foreign: "ok" },
  "Query.node": query(anybody, [either(seesUsers, is("lead", "member")), "ok"], [anybody, "none"]),
  "Query.nodes": query(anybody, [either(seesUsers, is("lead", "member")), "ok"], [anybody, "none"]),
  "Query.user": query(anybody, [either(seesUsers, is("lead", "member")), "ok"], [anybody, "none"]),
  "Query.userDataForm": query(anybody, [either(people, worksWithForms), "ok"], [anybody, "none"]),
  "Query.userDataFormSubmissions": query(holds("submissions.read"), [colleague, "none"], [anybody, "all"]),
  "Query.userDataForms": query(holds("forms.read"), [anybody, "all"]),
  "Query.userExport": query(exporters, [services, "none"], [anybody, "ok"]),
  "Query.userGroup": query(anybody, [either(seesGroups, groupMembers), "ok"], [anybody, "none"]),
  "Query.userGroupByLeadUser": query(anybody, [either(seesGroups, groupMembers), "ok"], [anybody, "none"]),
  "Query.userGroups": query(anybody, [seesGroups, "all"], [groupMembers, "some"], [anybody, "none"]),
  "Query.users": query(either(holds("users.read"), leads), [holds("users.read"), "all"], [leads, "some"]),
  "Query._entities": query(anybody, [either(seesUsers, is("lead", "member")), "ok"], [anybody, "none"]),

  "Mutation.acceptInvitation": { ...anywhere(mutation(anybody)), anonymous: true },
  "Mutation.addUserToGroup": mutation(
    either(groupKeepers, leads),
    // A lead sees nobody outside the group.
    [either(leads, (role) => !seesUsers(role)), "NOT_FOUND"],
  ),
  "Mutation.approveInvitation": mutation(holds("invitations.approve")),
  "Mutation.archiveForm": mutation(formKeepers),
  "Mutation.bulkInviteUsers": mutation(either(holds("invitations.write"), leads)),
  "Mutation.completeFormImplementation": answerers("ok"),
  "Mutation.createClassification": anywhere(mutation(both(administrators, holds("users.write")))),
  "Mutation.createInvestorPreferenceForm": { ...mutation(formKeepers), foreign: "UNKNOWN_CLASSIFICATION" },
  "Mutation.createInvestorPreferenceFormImplementation": givers,
  "Mutation.createLoginToken": mutation(either(sessions, both(administratorsAlone, holds("users.impersonate"))), [
    sessions,
    "CHAINED",
  ]),
  "Mutation.createUserDataForm": anywhere(mutation(formKeepers)),
  "Mutation.createUserDataFormImplementation": givers,
  "Mutation.createUserGroup": mutation(groupKeepers, [(role) => !seesUsers(role), "NOT_FOUND"]),
  "Mutation.deleteInvestorPreferenceForm": mutation(formDeleters),
  "Mutation.deleteUserDataForm": mutation(formDeleters),
  "Mutation.deleteUserGroup": mutation(groupAdministrators),
  "Mutation.exportUsers": anywhere(mutation(exporters)),
  "Mutation.inviteInternalUser": mutation(both(administratorsAlone, holds("invitations.write"))),
  "Mutation.inviteUser": mutation(either(holds("invitations.write"), leads)),
  "Mutation.inviteUserToShell": mutation(both(administrators, holds("invitations.write"))),
  "Mutation.markUserAsSignatory": mutation(either(groupAdministrators, leads)),
  "Mutation.publishForm": mutation(formKeepers),
  "Mutation.reactivateUser": clientWriters("users.write"),
  "Mutation.redeemLoginToken": {
    // Whoever made it, and who has no account: it is what makes them somebody.
    ...mutation(anybody, [is("admin"), "ok"], [sessions, "CHAINED"], [anybody, "NOT_FOUND"]),
    anonymous: true,
  },
  "Mutation.removeUserFromGroup": mutation(
    either(people, holds("groups.write")),
    [is("lead", "member"), "ok"],
    [(role) => !(seesUsers(role) && seesGroups(role)), "NOT_FOUND"],
    [both(administrators, holds("groups.write")), "ok"],
    [anybody, "NOT_ASSIGNED_TO_YOU"],
  ),
  "Mutation.reopenFormImplementation": answerers("ANSWERS_LOCKED"),
  "Mutation.resendInvitation": mutation(either(holds("invitations.write"), leads), [colleague, "NOT_ASSIGNED_TO_YOU"]),
  "Mutation.revokeInvitation": mutation(either(holds("invitations.write"), leads), [colleague, "NOT_ASSIGNED_TO_YOU"]),
  "Mutation.revokeUser": clientWriters("users.write"),
  "Mutation.revokeUserExport": mutation(exporters, [services, "NOT_FOUND"]),
  "Mutation.saveFormAnswers": answerers("ok"),
  "Mutation.suspendUser": clientWriters("users.write"),
  "Mutation.unmarkUserAsSignatory": mutation(either(groupAdministrators, leads)),
  "Mutation.updateCurrentUser": anywhere(mutation(people, [sessions, "IMPERSONATION_FORBIDDEN"])),
  "Mutation.updateInvestorPreferenceForm": mutation(formKeepers),
  "Mutation.updateInvestorPreferenceFormClassifications": mutation(formKeepers),
  "Mutation.updateInvestorPreferenceFormEditable": mutation(formKeepers),
  "Mutation.updateInvestorPreferenceFormEnforcementType": mutation(formKeepers),
  "Mutation.updateInvestorPreferenceFormState": mutation(formKeepers),
  "Mutation.updateUser": clientWriters("users.write"),
  "Mutation.updateUserClassifications": clientWriters("users.write"),
  "Mutation.updateUserDataForm": mutation(formKeepers),
  "Mutation.updateUserDataFormState": mutation(formKeepers),
  "Mutation.updateUserGroup": mutation(
    either(groupKeepers, leads),
    // Its call names another lead, which leads do not.
    [leads, "NOT_ASSIGNED_TO_YOU"],
    [(role) => !seesUsers(role), "NOT_FOUND"],
  ),
  "Mutation.updateUserGroupFeatureFlag": mutation(groupKeepers),
  "Mutation.updateUserGroupRole": mutation(either(groupAdministrators, leads)),

  // What hangs on the member, the group and the preference form.
  "User.classifications": query(anybody, [seesMember, "all"], [anybody, "none"]),
  "User.enabledInvestorPreferenceForms": query(anybody, [both(seesMember, mayKnowForms), "all"], [anybody, "none"]),
  "User.enabledUserDataForms": query(anybody, [both(seesMember, mayKnowForms), "all"], [anybody, "none"]),
  "User.preferenceGate": query(anybody, [both(seesMember, mayKnowForms), "ok"], [anybody, "none"]),
  "InvestorPreferenceGate.outstanding": query(anybody, [both(seesMember, mayKnowForms), "all"], [anybody, "none"]),
  "User.formImplementations": query(
    anybody,
    [colleague, "none"],
    [either(is("member"), both(seesMember, holds("submissions.read"))), "all"],
    [anybody, "none"],
  ),
  // Of the member of staff.
  "User.internalRoles": query(anybody, [holds("users.read"), "all"], [anybody, "none"]),
  // Of somebody whom only staff see, because they have not come yet.
  "User.invitations": query(anybody, [holds("users.read"), "all"], [anybody, "none"]),
  "User.userGroups": query(
    anybody,
    [both(seesMember, either(seesGroups, is("lead", "member"))), "all"],
    [anybody, "none"],
  ),
  // By more than their names: plain members themselves alone.
  "UserGroup.members": query(
    anybody,
    [is("lead"), "all"],
    [is("member", "mate"), "some"],
    [both(seesGroups, seesUsers), "all"],
    [anybody, "none"],
  ),
  "UserGroup.featureFlags": query(anybody, [either(seesGroups, groupMembers), "all"], [anybody, "none"]),
  "UserGroup.featureEnabled": query(anybody, [either(seesGroups, groupMembers), "ok"], [anybody, "none"]),
  "InvestorPreferenceForm.classifications": query(
    anybody,
    [either(worksWithForms, is("member", "mate", "outsider")), "all"],
    [anybody, "none"],
  ),
};
