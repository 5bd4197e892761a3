import { inDays } from "../harness/invitations.js";
import type { Scene } from "./scene.js";

type Variables = Record<string, unknown>;

/** The same each time that a call is made. */
const [SOON, LATER] = [inDays(5), inDays(30)];

/**
 * Variables with which an operation succeeds in its scene. `n` tells those apart that are sent one after another: names
 * that have to be unique hold it.
 */
export type Call = (scene: Scene, n: number) => Variables;

const input =
  (make: (scene: Scene, n: number) => Variables): Call =>
  (scene, n) => ({ input: { clientMutationId: `call ${n}`, ...make(scene, n) } });

/** A condition of each kind, which the scene's member alone meets. */
const userFilter = ({ classification, keeper }: Scene): Variables => ({
  status: ["ACTIVE"],
  classifications: [classification.id],
  inviteStatus: ["COMPLETED"],
  tfaEnabled: false,
  isUserGroupLead: false,
  isUserGroupMember: true,
  hasCompletedOnboarding: true,
  assignedInternalUserGuids: [keeper.guid],
  inviteDateInvitedFrom: "2024-03-01",
  inviteDateInvitedTo: "2024-03-02",
  inviteDateExpiresFrom: "2024-03-07",
  inviteDateExpiresTo: "2024-03-08",
  onboardingDateCompletedFrom: "2024-03-09",
  onboardingDateCompletedTo: "2024-03-10",
});

const formFilter = ({ mark }: Scene): Variables => ({
  enablement: "ENABLED",
  formType: "STANDARD",
  name: mark.slice(1, 5),
  state: "PUBLISHED",
});
const byName = { field: "NAME", direction: "DESC" };

/** What belongs to every field of a definition, and to none in particular. */
const anyField = {
  name: "Short",
  label: "A question?",
  description: "In more words.\nOf two lines.",
  placeholder: "Here",
  formPage: "page",
  conditionEffect: "SHOW",
  conditionMatch: "ALL",
  formFieldConditions: [{ reference: "other", operator: "EQUALS", value: true }],
};
const other = { reference: "other", label: "Another?", formFieldType: "CHECKBOX", formPage: "page" };

/** Definitions that together hold every rule that a field can have: one type of field has not all. */
const definitions = (first: Variables[]): Variables[] =>
  first.map((field) => ({
    formPages: [{ reference: "page", name: "Page" }],
    formFields: [{ ...anyField, ...field }, other],
    formSettings: [{ name: "colour", value: { a: [1, null, "x"] } }],
    revalidateAfterMonths: 12,
  }));
const DEFINITIONS = definitions([
  {
    reference: "motto",
    formFieldType: "TEXT",
    prePopulationKey: "user.forename",
    validator: { required: true, minLength: 1, maxLength: 50, pattern: "[a-z]+", message: "In small letters." },
    uuid: null,
  },
  { reference: "sum", formFieldType: "NUMBER", validator: { minValue: -1.5, maxValue: 1e6 } },
  { reference: "day", formFieldType: "DATE", validator: { minDate: "2024-01-01", maxDate: "2030-12-31" } },
  {
    reference: "choice",
    formFieldType: "MULTI_SELECT",
    options: [{ value: "A", label: "The letter A" }, { value: "B" }],
    validator: { minSelections: 1, maxSelections: 2 },
  },
]);

const newForms = (own: (scene: Scene) => Variables): Call[] =>
  DEFINITIONS.map((definition) =>
    input((scene, n) => ({
      name: `Form ${n}`,
      description: "What for.",
      formType: "COMPLIANCE",
      editorValidator: { canDelete: true, canEdit: true, protectedFields: ["other"] },
      idempotencyKey: `key ${n}`,
      ...definition,
      ...own(scene),
    })),
  );

const changedForms = (draft: (scene: Scene) => Scene["form"]): Call[] => [
  ...DEFINITIONS.map((definition, index) =>
    input((scene, n) => {
      const [field, ...others] = definition.formFields as Variables[];
      const uuid = index === 0 ? draft(scene).fields.motto : null;
      return {
        ...definition,
        formFields: [{ ...field, uuid }, ...others],
        formId: draft(scene).id,
        name: `Form ${n}`,
        description: "What for.",
      };
    }),
  ),
  input((scene) => ({ formId: draft(scene).id, description: "Other.", expectedVersion: 1 })),
];

/** A write about one object: as it is, and by its version. */
const versioned = (make: (scene: Scene) => Variables): Call[] => [
  input(make),
  input((scene) => ({ ...make(scene), expectedVersion: 1 })),
];

const given = (form: (scene: Scene) => Scene["form"]): Call[] => [
  input((scene, n) => ({
    formId: form(scene).id,
    userId: scene.member.id,
    dealId: "1e4a1ead-0000-4000-8000-000000000007",
    dueOn: "2099-12-31",
    userGroupId: scene.group.id,
    idempotencyKey: `key ${n}`,
  })),
];

const person = (n: number): Variables => ({
  email: `guest-${n}@guests.example`,
  title: "Ms",
  forename: "Nora",
  surname: `New ${n}`,
  message: "Welcome.\nBe our guest.",
  expiresAt: SOON,
  idempotencyKey: `key ${n}`,
});

/** Every field with arguments, by type and name. Pages of connections are asked for by `pages`, not here. */
export const CALLS: Record<string, Call[]> = {
  "Query.auditEvents": [
    ({ admin }) => ({
      filter: {
        actorId: admin.guid,
        operations: ["createLoginToken", "inviteUser"],
        from: "2020-01-01",
        to: "9999-01-01",
      },
    }),
    ({ member }) => ({ filter: { targetId: member.guid } }),
    ({ member }) => ({ filter: { subjectId: member.guid } }),
  ],
  "Query.availableRoles": [() => ({ groupKind: "STANDARD", scope: "GROUP" })],
  "Query.classifications": [],
  "Query.enabledUserDataForms": [],
  "Query.featureFlags": [],
  "Query.investorPreferenceForm": [({ preference: { id } }) => ({ id }), ({ preference: { uuid } }) => ({ uuid })],
  "Query.investorPreferenceForms": [
    (scene) => ({
      filter: { ...formFilter(scene), classificationId: scene.classification.id, enforcementType: "REQUIRED" },
      orderBy: byName,
    }),
  ],
  "Query.invitation": [({ sent: { id } }) => ({ id }), ({ sent: { guid } }) => ({ guid })],
  "Query.invitations": [
    ({ group, admin }) => ({
      filter: {
        createdAtFrom: "2020-01-01",
        createdAtTo: "9999-01-01",
        groupId: group.id,
        invitedById: admin.id,
        status: ["INVITED", "DRAFT"],
      },
      orderBy: { field: "CREATED_AT", direction: "ASC" },
    }),
    ({ sent }) => ({ filter: { userId: sent.user.id } }),
  ],
  "Query.node": [({ member: { id } }) => ({ id })],
  "Query.nodes": [({ member }) => ({ ids: [member.id] })],
  "Query.user": [({ member: { id } }) => ({ id }), ({ member: { guid } }) => ({ guid })],
  "Query.userDataForm": [({ form: { id } }) => ({ id }), ({ form: { uuid } }) => ({ uuid })],
  "Query.userDataForms": [(scene) => ({ filter: formFilter(scene), orderBy: byName })],
  "Query.userDataFormSubmissions": [
    ({ formSecond, member }) => ({
      filter: {
        completedOnFrom: "2024-01-01",
        completedOnTo: "9999-01-01",
        formId: formSecond.id,
        status: ["COMPLETED"],
        userId: member.id,
      },
      orderBy: { field: "COMPLETED_AT", direction: "DESC" },
    }),
  ],
  "Query.userExport": [({ userExport: { id } }) => ({ id }), ({ userExport: { guid } }) => ({ guid })],
  "Query.userGroup": [({ group: { id } }) => ({ id }), ({ group: { guid } }) => ({ guid })],
  "Query.userGroupByLeadUser": [({ lead }) => ({ userGuid: lead.guid })],
  "Query.userGroups": [
    ({ group, lead, member, flag, mark }) => ({
      filter: {
        name: `${mark} group`,
        kind: "STANDARD",
        leadUserId: lead.id,
        memberId: member.id,
        featureFlag: flag.key,
        createdAtFrom: "2020-01-01",
        createdAtTo: "9999-01-01",
      },
      search: group.guid,
      orderBy: { field: "MEMBER_COUNT", direction: "DESC" },
    }),
  ],
  "Query.users": [(scene) => ({ type: "INVESTOR", search: scene.mark, filter: userFilter(scene), orderBy: byName })],
  "User.classifications": [],
  "User.enabledInvestorPreferenceForms": [],
  "User.enabledUserDataForms": [],
  "User.formImplementations": [],
  "User.internalRoles": [],
  "User.invitations": [],
  "User.userGroups": [],
  "UserGroup.featureEnabled": [({ flag }) => ({ key: flag.key })],
  "UserGroup.featureFlags": [],
  "UserGroup.members": [
    ({ groupRole, mark }) => ({
      filter: { isLead: false, isSignatory: true, roleIds: [groupRole.id], status: ["ACTIVE"] },
      search: mark,
      orderBy: { field: "JOINED_AT", direction: "ASC" },
    }),
  ],
  "InvestorPreferenceForm.classifications": [],
  "InvestorPreferenceGate.outstanding": [],

  "Mutation.acceptInvitation": [
    input(({ invitationToken: token }) => ({ token, title: "Ms", forename: "Nora", surname: "New" })),
  ],
  "Mutation.addUserToGroup": [
    input(({ group, outsider, groupRole }) => ({ groupId: group.id, userId: outsider.id, roleId: groupRole.id })),
  ],
  "Mutation.approveInvitation": [input(({ unsent }, n) => ({ invitationId: unsent.id, idempotencyKey: `key ${n}` }))],
  "Mutation.archiveForm": versioned(({ form }) => ({ formId: form.id })),
  "Mutation.bulkInviteUsers": [
    input(({ group, groupRole }, n) => {
      const { message, expiresAt, idempotencyKey, ...row } = person(n);
      return {
        rows: [
          { ...row, type: "INVESTOR", groupId: group.id, roleId: groupRole.id },
          { email: `other-${n}@guests.example`, type: "ENTREPRENEUR", groupId: group.id },
        ],
        message,
        expiresAt,
        idempotencyKey,
        send: true,
        dryRun: false,
        errorPolicy: "ALL_OR_NOTHING",
      };
    }),
  ],
  "Mutation.completeFormImplementation": versioned(({ open }) => ({ implementationId: open.id })),
  "Mutation.createClassification": [input((_, n) => ({ name: `Label ${n}`, reference: `ref-${n}` }))],
  "Mutation.createInvestorPreferenceForm": newForms(({ classification }) => ({
    classificationIds: [classification.id],
    editable: true,
    enforcementType: "RECOMMENDED",
  })),
  "Mutation.createInvestorPreferenceFormImplementation": given(({ preference }) => preference),
  "Mutation.createLoginToken": [
    input(({ group, member }) => ({ groupId: group.id, userId: member.id, reason: "Asked for help." })),
  ],
  "Mutation.createUserDataForm": newForms(() => ({})),
  "Mutation.createUserDataFormImplementation": given(({ formThird }) => formThird),
  "Mutation.createUserGroup": [
    input(({ outsider, stranger, flag, groupRole }, n) => ({
      name: `Group ${n}`,
      description: "What for.\nIn two lines.",
      kind: "STANDARD",
      memberIds: [outsider.id, stranger.id],
      featureFlags: [flag.key],
      defaultRoleId: groupRole.id,
      idempotencyKey: `key ${n}`,
    })),
    input(({ outsider }, n) => ({ name: `Group ${n}`, leadUserId: outsider.id })),
  ],
  "Mutation.deleteInvestorPreferenceForm": versioned(({ preferenceSpare }) => ({ formId: preferenceSpare.id })),
  "Mutation.deleteUserDataForm": versioned(({ formSpare }) => ({ formId: formSpare.id })),
  "Mutation.deleteUserGroup": [input(({ group }) => ({ groupId: group.id, force: true }))],
  "Mutation.exportUsers": [
    input((scene) => ({
      type: "INVESTOR",
      search: scene.mark,
      filter: userFilter(scene),
      orderBy: byName,
      columns: ["NAME", "GUID"],
      format: "CSV",
      byteOrderMark: true,
    })),
  ],
  "Mutation.inviteInternalUser": [input(({ staffRole }, n) => ({ ...person(n), roleIds: [staffRole.id], send: true }))],
  "Mutation.inviteUser": [
    input(({ group, groupRole }, n) => ({
      ...person(n),
      type: "INVESTOR",
      groupId: group.id,
      roleId: groupRole.id,
      send: true,
    })),
  ],
  "Mutation.inviteUserToShell": [
    input(({ shell, groupRole }, n) => ({
      ...person(n),
      type: "INVESTOR",
      shellId: shell.id,
      roleId: groupRole.id,
      asLead: true,
    })),
  ],
  "Mutation.markUserAsSignatory": [input(({ group, member }) => ({ groupId: group.id, userId: member.id }))],
  "Mutation.publishForm": versioned(({ formDraft }) => ({ formId: formDraft.id })),
  "Mutation.reactivateUser": [input(({ suspended }) => ({ userId: suspended.id }))],
  "Mutation.redeemLoginToken": [input(({ loginToken: token }) => ({ token }))],
  "Mutation.removeUserFromGroup": [input(({ group, member }) => ({ groupId: group.id, userId: member.id }))],
  "Mutation.reopenFormImplementation": versioned(({ completed }) => ({ implementationId: completed.id })),
  "Mutation.resendInvitation": [
    input(({ sent }, n) => ({ invitationId: sent.id, idempotencyKey: `key ${n}` })),
    input(({ sent }) => ({ userId: sent.user.id })),
  ],
  "Mutation.revokeInvitation": [input(({ sent }, n) => ({ invitationId: sent.id, idempotencyKey: `key ${n}` }))],
  "Mutation.revokeUser": [input(({ outsider }) => ({ userId: outsider.id }))],
  "Mutation.revokeUserExport": [input(({ userExport }) => ({ exportId: userExport.id }))],
  "Mutation.saveFormAnswers": versioned(({ open, form }) => ({
    implementationId: open.id,
    answers: [
      { fieldUuid: form.fields.motto, value: "An answer" },
      { fieldUuid: form.fields.aim, value: "Another" },
    ],
  })),
  "Mutation.suspendUser": [input(({ outsider }) => ({ userId: outsider.id }))],
  "Mutation.unmarkUserAsSignatory": [input(({ group, mate }) => ({ groupId: group.id, userId: mate.id }))],
  "Mutation.updateCurrentUser": [
    input((_, n) => ({ title: "Dr", forename: "Ada", surname: "Admin", email: `ada-${n}@admins.example` })),
    input(() => ({ title: "Dr", expectedVersion: 1 })),
  ],
  "Mutation.updateInvestorPreferenceForm": changedForms(({ preferenceDraft }) => preferenceDraft),
  "Mutation.updateInvestorPreferenceFormClassifications": versioned(({ preference, classification }) => ({
    formId: preference.id,
    classificationIds: [classification.id],
    dryRun: false,
  })),
  "Mutation.updateInvestorPreferenceFormEditable": versioned(({ preference }) => ({
    formId: preference.id,
    editable: false,
    dryRun: false,
  })),
  "Mutation.updateInvestorPreferenceFormEnforcementType": versioned(({ preference }) => ({
    formId: preference.id,
    enforcementType: "OPTIONAL",
    dryRun: false,
  })),
  "Mutation.updateInvestorPreferenceFormState": versioned(({ preference }) => ({
    formId: preference.id,
    enablement: "DISABLED",
    dryRun: false,
  })),
  "Mutation.updateUser": [
    input(({ outsider, keeper }, n) => ({
      userId: outsider.id,
      title: "Dr",
      forename: "Olga",
      surname: "Other",
      email: `olga-${n}@others.example`,
      username: `olga-${n}`,
      assignedInternalUserId: keeper.id,
    })),
    input(({ outsider }) => ({ userId: outsider.id, title: "Dr", expectedVersion: 1 })),
  ],
  "Mutation.updateUserClassifications": [
    input(({ outsider, classification }) => ({
      userId: outsider.id,
      classifications: [{ classificationId: classification.id, validUntil: LATER }],
    })),
  ],
  "Mutation.updateUserDataForm": changedForms(({ formDraft }) => formDraft),
  "Mutation.updateUserDataFormState": versioned(({ form }) => ({ formId: form.id, enablement: "DISABLED" })),
  "Mutation.updateUserGroup": [
    input(({ group, member, groupRole }, n) => ({
      groupId: group.id,
      name: `Group ${n}`,
      description: "Other.",
      leadUserId: member.id,
      defaultRoleId: groupRole.id,
    })),
    input(({ group }) => ({ groupId: group.id, description: "Other.", expectedVersion: 1 })),
  ],
  "Mutation.updateUserGroupFeatureFlag": [
    input(({ group, flag }) => ({ groupId: group.id, flag: flag.key, enabled: false })),
  ],
  "Mutation.updateUserGroupRole": [
    input(({ group, member, groupRole }) => ({ groupId: group.id, userId: member.id, roleId: groupRole.id })),
  ],
};

/** From where a field of an object is asked, by the object's type. */
export const BELOW: Record<string, (scene: Scene, field: string) => string[]> = {
  User: ({ member, keeper, sent }, field) => {
    const { guid } = field === "internalRoles" ? keeper : member;
    const whose = field === "invitations" ? sent.user.guid : guid;
    return [`user(guid: "${whose}")`];
  },
  UserGroup: ({ group }) => [`userGroup(guid: "${group.guid}")`],
  InvestorPreferenceForm: ({ preference }) => [`investorPreferenceForm(uuid: "${preference.uuid}")`],
  InvestorPreferenceGate: ({ member }) => [`user(guid: "${member.guid}")`, "preferenceGate"],
};
