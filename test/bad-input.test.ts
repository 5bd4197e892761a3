import { FormFieldTypeName, FormState } from "../src/forms/index.js";
import { toGlobalId } from "../src/kit/index.js";
import { type Answer, harness, problems, type Caller } from "./harness/index.js";

const { tenant, url, statements, anonymous } = await harness();

/** An enum value, which a literal writes without quotes. */
class Word {
  constructor(readonly name: string) {}
  toJSON(): string {
    return this.name;
  }
}
const word = (name: string): Word => new Word(name);

/** A value as it stands in a document. */
function literal(value: unknown): string {
  if (value instanceof Word) return value.name;
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, item]) => `${key}: ${literal(item)}`);
  return `{${fields.join(", ")}}`;
}

const FIELDS: Record<string, string> = {
  user: "{ id }",
  node: "{ id }",
  nodes: "{ id }",
  users: "{ nodes { id name } }",
  classifications: "{ nodes { id } }",
  auditEvents: "{ nodes { id } }",
  invitations: "{ nodes { id } }",
  updateUser: "{ user { id } errors { code field } }",
  updateCurrentUser: "{ user { id } errors { code field } }",
  suspendUser: "{ errors { code } }",
  createClassification: "{ errors { code } }",
  userGroup: "{ id }",
  userGroups: "{ nodes { id } }",
  userGroupByLeadUser: "{ id }",
  availableRoles: "{ nodes { id } }",
  createUserGroup: "{ errors { code } }",
  updateUserGroup: "{ errors { code } }",
  updateUserGroupRole: "{ errors { code } }",
  updateUserGroupFeatureFlag: "{ errors { code } }",
  addUserToGroup: "{ errors { code } }",
  removeUserFromGroup: "{ errors { code } }",
  markUserAsSignatory: "{ errors { code } }",
  unmarkUserAsSignatory: "{ errors { code } }",
  userDataForm: "{ id }",
  userDataForms: "{ nodes { id } }",
  enabledUserDataForms: "{ nodes { id } }",
  userDataFormSubmissions: "{ nodes { id } }",
  investorPreferenceForm: "{ id }",
  investorPreferenceForms: "{ nodes { id } }",
  createUserDataForm: "{ errors { code } }",
  updateUserDataForm: "{ errors { code } }",
  updateUserDataFormState: "{ errors { code } }",
  deleteUserDataForm: "{ errors { code } }",
  createUserDataFormImplementation: "{ errors { code } }",
  createInvestorPreferenceForm: "{ errors { code } }",
  updateInvestorPreferenceFormClassifications: "{ errors { code } }",
  updateInvestorPreferenceFormEnforcementType: "{ errors { code } }",
  createInvestorPreferenceFormImplementation: "{ errors { code } }",
  publishForm: "{ errors { code } }",
  archiveForm: "{ errors { code } }",
  saveFormAnswers: "{ errors { code } }",
  completeFormImplementation: "{ errors { code } }",
  reopenFormImplementation: "{ errors { code } }",
};
const FILTERS: Record<string, string> = {
  users: "UserFilter",
  userGroups: "UserGroupFilter",
  invitations: "InvitationFilter",
  auditEvents: "AuditEventFilter",
  userDataForms: "UserDataFormFilter",
  investorPreferenceForms: "InvestorPreferenceFormFilter",
  userDataFormSubmissions: "UserDataFormSubmissionFilter",
};
const ORDERS: Record<string, string> = {
  userGroups: "UserGroupOrder",
  userDataForms: "UserFormOrder",
  investorPreferenceForms: "UserFormOrder",
  userDataFormSubmissions: "UserDataFormSubmissionOrder",
};
const TYPES: Record<string, string> = {
  guid: "UUID",
  uuid: "UUID",
  id: "ID",
  ids: "[ID!]!",
  first: "Int",
  last: "Int",
  after: "String",
  before: "String",
  search: "String",
  type: "UserType",
  orderBy: "UserOrder",
  userGuid: "UUID!",
  groupKind: "UserGroupKind",
  scope: "UserRoleScope",
};

const kindOf = (field: string): string =>
  /^(update|suspend|create|add|remove|delete|publish|archive|save|complete|reopen|(un)?mark)/.test(field)
    ? "mutation"
    : "query";

function typeOf(field: string, argument: string): string {
  if (argument === "input") return `${field[0]!.toUpperCase()}${field.slice(1)}Input!`;
  if (argument === "filter") return FILTERS[field]!;
  if (argument === "orderBy" && ORDERS[field]) return ORDERS[field];
  if (argument === "id" && field === "node") return "ID!";
  return TYPES[argument]!;
}

/** The same call twice: its values as variables, and as literals of the document. */
const asVariables = (caller: Caller, field: string, args: Record<string, unknown>) => {
  const names = Object.keys(args);
  const head = names.map((name) => `$${name}: ${typeOf(field, name)}`).join(", ");
  const call = names.map((name) => `${name}: $${name}`).join(", ");
  return caller.send(`${kindOf(field)} (${head}) { ${field}(${call}) ${FIELDS[field]} }`, args);
};
const asLiterals = (caller: Caller, field: string, args: Record<string, unknown>) => {
  const call = Object.entries(args).map(([name, value]) => `${name}: ${literal(value)}`);
  return caller.send(`${kindOf(field)} { ${field}(${call.join(", ")}) ${FIELDS[field]} }`);
};

const GUID = "00000000-0000-7000-8000-000000000000";
const MALFORMED_IDS = [
  "",
  "x",
  "VXNlcjox",
  "VXNlcjo",
  "VXNlcg",
  "%",
  " ",
  `${GUID}x`,
  "VXNlcjo1MDFhNGM1Ny1hY2I4LTQwZDYtYjg2Ny1iODMzODU0YTk2Yjk=",
];
const MALFORMED_UUIDS = ["", "x", `{${GUID}}`, GUID.replaceAll("-", ""), `${GUID}0`, ` ${GUID}`, "g".repeat(36)];
const MALFORMED_DATES = [
  "",
  "today",
  "2024-13-01",
  "2024-02-30",
  "2023-02-29",
  "0000-01-01",
  "2024-1-1",
  "2024-01-01T00:00:00Z",
  "+12024-01-01",
  "10000-01-01",
];
const MALFORMED_EMAILS = [
  "",
  "a",
  "a@",
  "@b.c",
  "a@b",
  "a b@c.de",
  "a@b..c",
  "a@-b.c",
  "<a@b.cd>",
  "a@b.cd, e@f.gh",
  "a@b.c\n",
];

/** A field of a form's definition, with these values in it. */
const fieldWith = (values: object): object => ({ reference: "a", label: "A", formFieldType: word("TEXT"), ...values });

type Case = [field: string, args: Record<string, unknown>, path: string];

const CASES: Case[] = [
  ...MALFORMED_IDS.flatMap((id): Case[] => [
    ["user", { id }, "id"],
    ["node", { id }, "id"],
    ["nodes", { ids: [id] }, "ids.0"],
    ["updateUser", { input: { userId: id } }, "input.userId"],
    ["users", { filter: { classifications: [GUID, id] } }, "filter.classifications.1"],
    ["userGroup", { id }, "id"],
    ["userGroups", { filter: { leadUserId: id } }, "filter.leadUserId"],
    ["userGroups", { filter: { memberId: id } }, "filter.memberId"],
    ["createUserGroup", { input: { name: "A", memberIds: [GUID, id] } }, "input.memberIds.1"],
    ["createUserGroup", { input: { name: "A", leadUserId: id } }, "input.leadUserId"],
    ...["addUserToGroup", "removeUserFromGroup", "markUserAsSignatory", "unmarkUserAsSignatory"].map((field): Case => [
      field,
      { input: { groupId: GUID, userId: id } },
      "input.userId",
    ]),
    ["updateUserGroup", { input: { groupId: id } }, "input.groupId"],
    ["updateUserGroupRole", { input: { groupId: GUID, userId: id, roleId: GUID } }, "input.userId"],
    ["updateUserGroupFeatureFlag", { input: { groupId: id, flag: "a", enabled: true } }, "input.groupId"],
    ["userDataForm", { id }, "id"],
    ["investorPreferenceForm", { id }, "id"],
    ["userDataFormSubmissions", { filter: { formId: id } }, "filter.formId"],
    ["userDataFormSubmissions", { filter: { userId: id } }, "filter.userId"],
    ["investorPreferenceForms", { filter: { classificationId: id } }, "filter.classificationId"],
    ...["publishForm", "archiveForm", "updateUserDataForm", "deleteUserDataForm"].map((field): Case => [
      field,
      { input: { formId: id } },
      "input.formId",
    ]),
    ["createUserDataFormImplementation", { input: { formId: GUID, userId: id } }, "input.userId"],
    [
      "createInvestorPreferenceForm",
      { input: { name: "A", classificationIds: [GUID, id] } },
      "input.classificationIds.1",
    ],
    ["updateInvestorPreferenceFormClassifications", { input: { formId: id, classificationIds: [] } }, "input.formId"],
    ...["completeFormImplementation", "reopenFormImplementation"].map((field): Case => [
      field,
      { input: { implementationId: id } },
      "input.implementationId",
    ]),
    ["saveFormAnswers", { input: { implementationId: id, answers: [] } }, "input.implementationId"],
  ]),
  ...["UserDataForm", "InvestorPreferenceForm", "UserFormImplementation", "User"].flatMap((type): Case[] => {
    const id = toGlobalId(type, GUID);
    const cases: [of: string[], field: string, args: Record<string, unknown>, path: string][] = [
      [["UserDataForm"], "userDataForm", { id }, "id"],
      [["InvestorPreferenceForm"], "investorPreferenceForm", { id }, "id"],
      [["UserDataForm"], "userDataFormSubmissions", { filter: { formId: id } }, "filter.formId"],
      [["UserDataForm", "InvestorPreferenceForm"], "publishForm", { input: { formId: id } }, "input.formId"],
      [["UserDataForm"], "deleteUserDataForm", { input: { formId: id } }, "input.formId"],
      [
        ["UserFormImplementation"],
        "completeFormImplementation",
        { input: { implementationId: id } },
        "input.implementationId",
      ],
    ];
    return cases.filter(([of]) => !of.includes(type)).map(([, ...one]) => one);
  }),
  ["node", { id: GUID }, "id"],
  [
    "nodes",
    { ids: Array.from({ length: 101 }, () => "VXNlcjo1MDFhNGM1Ny1hY2I4LTQwZDYtYjg2Ny1iODMzODU0YTk2Yjk") },
    "ids",
  ],
  ...MALFORMED_UUIDS.flatMap((guid): Case[] => [
    ["user", { guid }, "guid"],
    ["users", { filter: { assignedInternalUserGuids: [GUID, guid] } }, "filter.assignedInternalUserGuids.1"],
    ["userGroup", { guid }, "guid"],
    ["userGroupByLeadUser", { userGuid: guid }, "userGuid"],
    ["auditEvents", { filter: { targetId: guid } }, "filter.targetId"],
    ["auditEvents", { filter: { subjectId: guid } }, "filter.subjectId"],
    ["userDataForm", { uuid: guid }, "uuid"],
    ["investorPreferenceForm", { uuid: guid }, "uuid"],
    [
      "saveFormAnswers",
      { input: { implementationId: GUID, answers: [{ fieldUuid: GUID }, { fieldUuid: guid, value: 1 }] } },
      "input.answers.1.fieldUuid",
    ],
    ["createUserDataFormImplementation", { input: { formId: GUID, dealId: guid } }, "input.dealId"],
    [
      "updateUserDataForm",
      { input: { formId: GUID, formFields: [fieldWith({ uuid: guid })] } },
      "input.formFields.0.uuid",
    ],
  ]),
  ...[0, -1, 101, 2147483647, -2147483648].flatMap((size): Case[] => [
    ["users", { first: size }, "first"],
    ["users", { last: size }, "last"],
    ["classifications", { first: size }, "first"],
    ["userGroups", { first: size }, "first"],
    ["availableRoles", { last: size }, "last"],
    ["userDataForms", { first: size }, "first"],
    ["enabledUserDataForms", { last: size }, "last"],
    ["userDataFormSubmissions", { first: size }, "first"],
    ["investorPreferenceForms", { last: size }, "last"],
    ["auditEvents", { last: size }, "last"],
  ]),
  ...[2147483648, 1e21, 1.5, "15", true].map((first): Case => ["users", { first }, "first"]),
  ["users", { first: 1, last: 1 }, "last"],
  ["users", { first: 1, before: "x" }, "before"],
  ["users", { after: "x", last: 1 }, "last"],
  ["users", { before: "x" }, "last"],
  ...["", "x", "e30", "bnVsbA", "W10", "%00", "é", "a".repeat(10_000)].flatMap((cursor): Case[] => [
    ["users", { after: cursor }, "after"],
    ["users", { before: cursor, last: 1 }, "before"],
    ["auditEvents", { after: cursor }, "after"],
    ["userGroups", { after: cursor, orderBy: { field: word("MEMBER_COUNT") } }, "after"],
    ["availableRoles", { after: cursor }, "after"],
    ["userDataForms", { after: cursor }, "after"],
    ["userDataFormSubmissions", { after: cursor, orderBy: { field: word("COMPLETED_AT") } }, "after"],
  ]),
  ...MALFORMED_DATES.flatMap((date): Case[] => [
    ["users", { filter: { inviteDateInvitedFrom: date } }, "filter.inviteDateInvitedFrom"],
    ["auditEvents", { filter: { to: date } }, "filter.to"],
    ["userGroups", { filter: { createdAtTo: date } }, "filter.createdAtTo"],
    ["userDataFormSubmissions", { filter: { completedOnFrom: date } }, "filter.completedOnFrom"],
    ["createUserDataFormImplementation", { input: { formId: GUID, dueOn: date } }, "input.dueOn"],
    [
      "createUserDataForm",
      { input: { name: "A", formFields: [fieldWith({ validator: { minDate: date } })] } },
      "input.formFields.0.validator.minDate",
    ],
  ]),
  [
    "userDataFormSubmissions",
    { filter: { completedOnFrom: "2024-01-02", completedOnTo: "2024-01-01" } },
    "filter.completedOnFrom",
  ],
  ["userDataFormSubmissions", { filter: { status: [word("COMPLETED"), word("DONE")] } }, "filter.status.1"],
  ["userDataFormSubmissions", { orderBy: { field: word("STATUS") } }, "orderBy.field"],
  ["userDataForms", { filter: { state: word("GONE") } }, "filter.state"],
  ["userDataForms", { filter: { enablement: word("ON") } }, "filter.enablement"],
  ["userDataForms", { filter: { name: "\0" } }, "filter.name"],
  ["userDataForms", { orderBy: { field: word("VERSION") } }, "orderBy.field"],
  ["investorPreferenceForms", { filter: { enforcementType: word("FORCED") } }, "filter.enforcementType"],
  ["updateUserDataFormState", { input: { formId: GUID, enablement: word("ON") } }, "input.enablement"],
  [
    "updateInvestorPreferenceFormEnforcementType",
    { input: { formId: GUID, enforcementType: null } },
    "input.enforcementType",
  ],
  ["createUserDataForm", { input: { name: "a\0" } }, "input.name"],
  ["createUserDataForm", { input: { name: "A", idempotencyKey: "\0" } }, "input.idempotencyKey"],
  [
    "createUserDataForm",
    { input: { name: "A", formFields: [fieldWith({ label: "a\0" })] } },
    "input.formFields.0.label",
  ],
  [
    "createUserDataForm",
    { input: { name: "A", formFields: [fieldWith({ formFieldType: word("COLOUR") })] } },
    "input.formFields.0.formFieldType",
  ],
  [
    "createUserDataForm",
    { input: { name: "A", formFields: [fieldWith({ validator: { pattern: "\0" } })] } },
    "input.formFields.0.validator.pattern",
  ],
  ...[2147483648, 1.5, "1"].map((minLength): Case => [
    "createUserDataForm",
    { input: { name: "A", formFields: [fieldWith({ validator: { minLength } })] } },
    "input.formFields.0.validator.minLength",
  ]),
  [
    "createUserDataForm",
    {
      input: {
        name: "A",
        formFields: [fieldWith({ formFieldConditions: [{ reference: "b", operator: word("LIKE"), value: 1 }] })],
      },
    },
    "input.formFields.0.formFieldConditions.0.operator",
  ],
  ["createUserDataForm", { input: { name: "A", revalidateAfterMonths: 1.5 } }, "input.revalidateAfterMonths"],
  [
    "completeFormImplementation",
    { input: { implementationId: GUID, expectedVersion: 2147483648 } },
    "input.expectedVersion",
  ],
  ["saveFormAnswers", { input: { implementationId: GUID, answers: null } }, "input.answers"],
  ["saveFormAnswers", { input: { implementationId: GUID, answers: [null] } }, "input.answers.0"],
  ...["inviteDateInvited", "inviteDateExpires", "onboardingDateCompleted"].map((range): Case => [
    "users",
    { filter: { [`${range}From`]: "2024-01-02", [`${range}To`]: "2024-01-01" } },
    `filter.${range}From`,
  ]),
  ["auditEvents", { filter: { from: "2024-01-02", to: "2024-01-01" } }, "filter.from"],
  ["users", { type: word("CUSTOMER") }, "type"],
  ["users", { type: word("investor") }, "type"],
  ["users", { orderBy: { field: word("PASSWORD") } }, "orderBy.field"],
  ["users", { orderBy: { direction: word("SIDEWAYS") } }, "orderBy.direction"],
  ["users", { filter: { status: [word("ACTIVE"), word("GONE")] } }, "filter.status.1"],
  ["users", { filter: { inviteStatus: [word("LOST")] } }, "filter.inviteStatus.0"],
  ["users", { type: word("INTERNAL"), filter: { classifications: [GUID] } }, "filter.classifications"],
  ["users", { filter: { classifications: Array.from({ length: 101 }, () => GUID) } }, "filter.classifications"],
  ["auditEvents", { filter: { operations: Array.from({ length: 101 }, () => "updateUser") } }, "filter.operations"],
  ["invitations", { filter: { status: Array.from({ length: 101 }, () => word("INVITED")) } }, "filter.status"],
  [
    "userDataFormSubmissions",
    { filter: { status: Array.from({ length: 101 }, () => word("COMPLETED")) } },
    "filter.status",
  ],
  ["users", { filter: { tfaEnabled: "true" } }, "filter.tfaEnabled"],
  ["users", { search: "x".repeat(201) }, "search"],
  ["users", { search: "x".repeat(10_000) }, "search"],
  ["users", { search: 7 }, "search"],
  ["users", { search: "a\0b" }, "search"],
  ["auditEvents", { filter: { actorId: "\0" } }, "filter.actorId"],
  ["auditEvents", { filter: { operations: ["a", "\0"] } }, "filter.operations.1"],
  ...MALFORMED_EMAILS.flatMap((email): Case[] => [
    ["updateUser", { input: { userId: GUID, email } }, "input.email"],
    ["updateCurrentUser", { input: { email } }, "input.email"],
  ]),
  ["updateUser", { input: { userId: GUID, forename: "a\0b" } }, "input.forename"],
  ["updateUser", { input: { userId: GUID, expectedVersion: 2147483648 } }, "input.expectedVersion"],
  ["updateUser", { input: { userId: GUID, forename: 7 } }, "input.forename"],
  ["updateUser", { input: { userId: GUID, clientMutationId: "\0" } }, "input.clientMutationId"],
  ["updateCurrentUser", { input: "x" }, "input"],
  ["suspendUser", { input: { userId: "x" } }, "input.userId"],
  ["createClassification", { input: { name: "a\0", reference: "a" } }, "input.name"],
  ["userGroups", { filter: { createdAtFrom: "2024-01-02", createdAtTo: "2024-01-01" } }, "filter.createdAtFrom"],
  ["userGroups", { orderBy: { field: word("SIZE") } }, "orderBy.field"],
  ["userGroups", { filter: { kind: word("CLUB") } }, "filter.kind"],
  ["userGroups", { filter: { name: "\0" } }, "filter.name"],
  ["userGroups", { filter: { featureFlag: "\0" } }, "filter.featureFlag"],
  ["userGroups", { search: "x".repeat(201) }, "search"],
  ["userGroups", { search: "a\0b" }, "search"],
  ["availableRoles", { groupKind: word("CLUB") }, "groupKind"],
  ["availableRoles", { scope: word("ALL") }, "scope"],
  ["createUserGroup", { input: { name: "a\0" } }, "input.name"],
  ["createUserGroup", { input: { name: "A", kind: word("CLUB") } }, "input.kind"],
  ["createUserGroup", { input: { name: "A", featureFlags: ["a", "\0"] } }, "input.featureFlags.1"],
  ["createUserGroup", { input: { name: "A", idempotencyKey: "\0" } }, "input.idempotencyKey"],
  ["createUserGroup", { input: {} }, "input"],
  ["updateUserGroup", { input: { groupId: GUID, expectedVersion: 1.5 } }, "input.expectedVersion"],
  ["updateUserGroupFeatureFlag", { input: { groupId: GUID, flag: "a\0", enabled: true } }, "input.flag"],
];
const shown = CASES.map(([field, args, path]): [string, string, Case] => [
  field,
  JSON.stringify(args).slice(0, 100),
  [field, args, path],
]);

let admin: Caller;
beforeAll(async () => {
  ({ admin } = await tenant());
});

test.each(shown)("%s(%s) is BAD_USER_INPUT with the argument's path", async (_field, _args, [field, args, path]) => {
  // Twice, because a document that comes again is compiled, and has to answer alike.
  for (const call of [asVariables, asVariables, asLiterals, asLiterals]) {
    const answer = await call(admin, field, args);
    expect([call.name, problems(answer)]).toEqual([call.name, [`BAD_USER_INPUT ${path}`]]);
    expect(answer.status).toBeLessThan(500);
  }
});

describe("lone surrogates", () => {
  test.each(["\ud800", "a\udc00b", "\udc00\ud800"])("%j are refused", async (text) => {
    const before = statements.length;
    expect(problems(await asVariables(admin, "users", { search: text }))).toEqual(["BAD_USER_INPUT search"]);
    expect(problems(await asVariables(admin, "updateCurrentUser", { input: { forename: text } }))).toEqual([
      "BAD_USER_INPUT input.forename",
    ]);
    // In a document they are no text of GraphQL at all.
    expect(problems(await asLiterals(admin, "users", { search: text }))).toEqual(["GRAPHQL_PARSE_FAILED"]);
    expect(statements.slice(before).join()).not.toContain("UPDATE");
  });

  test("whole pairs are characters like any other", async () => {
    expect(problems(await asVariables(admin, "users", { search: "😀" }))).toEqual([]);
    expect(problems(await asLiterals(admin, "users", { search: "😀" }))).toEqual([]);
  });
});

describe("a cursor", () => {
  const LIST =
    "query ($first: Int, $after: String, $orderBy: UserOrder, $filter: UserFilter, $search: String, $type: UserType) { users(first: $first, after: $after, orderBy: $orderBy, filter: $filter, search: $search, type: $type) { nodes { id } pageInfo { endCursor } } }";
  const cursorOf = async (variables: object): Promise<string> =>
    (await admin.ask(LIST, { first: 1, ...variables })).users.pageInfo.endCursor;
  const decoded = (cursor: string): unknown[] => JSON.parse(Buffer.from(cursor, "base64url").toString());
  const encoded = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString("base64url");

  test.each([
    ["order", { orderBy: { field: "EMAIL" } }],
    ["direction", { orderBy: { field: "NAME", direction: "DESC" } }],
    ["filter", { filter: { status: ["ACTIVE"] } }],
    ["search", { search: "a" }],
    ["type", { type: "INTERNAL" }],
  ])("of a list with another %s is refused", async (_what, variables) => {
    const after = await cursorOf({});
    expect(problems(await admin.send(LIST, { after }))).toEqual([]);
    expect(problems(await admin.send(LIST, { after, ...variables }))).toEqual(["BAD_USER_INPUT after"]);
  });

  test("of another list is refused", async () => {
    const after = await cursorOf({});
    for (const field of ["auditEvents", "classifications"]) {
      expect(problems(await asVariables(admin, field, { after }))).toEqual(["BAD_USER_INPUT after"]);
    }
  });

  test("that was cut or changed is refused, or is another place of the list, and never a fault", async () => {
    for (const field of ["NAME", "EMAIL", "CREATED_AT", "LAST_LOGIN", "STATUS", "INVITE_STATUS"]) {
      const orderBy = { field };
      const cursor = await cursorOf({ orderBy });
      const [list, segment, value, id, now] = decoded(cursor);
      const changed = [
        [list, segment, value, id],
        [list, segment, value, id, now, 1],
        [list, 7, value, id, now],
        [list, -1, value, id, now],
        [list, 0.5, value, id, now],
        [list, "0", value, id, now],
        [list, null, value, id, now],
        [list, "length", value, id, now],
        [list, segment, "x\0", id, now],
        [list, segment, 7, id, now],
        [list, segment, { a: 1 }, id, now],
        [list, segment, ["a"], id, now],
        [list, segment, value, "x", now],
        [list, segment, value, `${GUID}\0`, now],
        [list, segment, value, null, now],
        [list, segment, value, id, "now"],
        [list, segment, value, id, null],
        [list, segment, value, id, 1e300],
        ["x", segment, value, id, now],
        { list },
      ];
      for (const parts of changed) {
        expect(problems(await admin.send(LIST, { orderBy, after: encoded(parts) }))).toEqual(["BAD_USER_INPUT after"]);
      }
      for (const parts of [
        [list, segment, typeof value === "string" ? "no such value" : value, id, now],
        [list, segment, typeof value === "string" ? "\ud800" : value, id, now],
        [list, segment, value, id, 8.64e15],
        [list, segment, value, id, -8.64e15],
        [list, segment, value, id, 0],
      ]) {
        const answer = await admin.send(LIST, { orderBy, after: encoded(parts) });
        expect(problems(answer).filter((problem) => !problem.startsWith("BAD_USER_INPUT"))).toEqual([]);
      }
      if (/_AT$|LOGIN$/.test(field)) {
        for (const instant of ["2024-01-01T00:00:00+99:99", "2024-01-01 Nowhere/Town", "now", "2024-02-30T00:00:00Z"]) {
          const after = encoded([list, 0, instant, id, now]);
          expect(problems(await admin.send(LIST, { orderBy, after }))).toEqual(["BAD_USER_INPUT after"]);
        }
      }
      for (const after of [cursor.slice(0, -3), cursor.slice(3), `${cursor}\0`, cursor.repeat(2)]) {
        expect(problems(await admin.send(LIST, { orderBy, after }))).toEqual(["BAD_USER_INPUT after"]);
      }
    }
  });
});

describe("_entities", () => {
  const ENTITIES =
    "query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { id } } }";
  test.each([
    [{}],
    [{ __typename: "User" }],
    [{ __typename: "User", guid: null }],
    [{ __typename: "User", guid: "x" }],
    [{ __typename: "User", guid: 7 }],
    [{ __typename: "User", guid: [GUID] }],
    [{ __typename: "User", guid: `${GUID}\0` }],
    [{ __typename: "User", id: "x" }],
    [{ __typename: "User", id: {} }],
    [{ __typename: "Unknown", id: "x" }],
    [{ __typename: "String", id: "x" }],
    [{ __typename: 7 }],
    ["x"],
    [7],
    [[]],
  ])("of %j is BAD_USER_INPUT", async (representation) => {
    const answer = await admin.send(ENTITIES, { representations: [representation] });
    expect(problems(answer).map((problem) => problem.split(" ")[0])).toEqual(["BAD_USER_INPUT"]);
  });
});

describe("a search", () => {
  test.each([
    ["%", ["100% sure"]],
    ["_", ["under_score"]],
    ["\\", ["back\\slash"]],
    ["0%", ["100% sure"]],
    ["r_s", ["under_score"]],
    ["k\\s", ["back\\slash"]],
    ["%%", []],
    ["'", ["O'Neill"]],
    ["' OR '1'='1", []],
    ["${1}", []],
    ["$1", []],
    [":tenant", []],
    ["; DROP TABLE users --", []],
    ["  UNDER_SCORE ", ["under_score"]],
  ])("for %j takes it literally", async (search, expected) => {
    const here = await tenant();
    for (const surname of ["100% sure", "under_score", "back\\slash", "O'Neill", "plain"]) {
      await here.user({ title: null, forename: null, surname });
    }
    for (const answer of [
      await asVariables(here.admin, "users", { search }),
      await asLiterals(here.admin, "users", { search }),
    ]) {
      expect(answer.data.users.nodes.map(({ name }: { name: string }) => name)).toEqual(expected);
    }
  });

  test.each(["", " ", "\t\n", "\u00a0"])("for blanks (%j) is none", async (search) => {
    const here = await tenant();
    expect((await asVariables(here.admin, "users", { search })).data.users.nodes).toHaveLength(1);
  });
});

describe("the shape of a request", () => {
  /** Status and codes for a body as it stands. */
  async function post(body: string, contentType = "application/json"): Promise<[number, string[]]> {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": contentType,
        accept: "application/graphql-response+json",
        authorization: `Bearer ${admin.token}`,
      },
      body,
    });
    const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
    return [response.status, errors.map((error) => error.extensions.code)];
  }
  const query = (document: string): string => JSON.stringify({ query: document });

  test.each([
    ["malformed JSON", "{", 400, "BAD_REQUEST"],
    ["no JSON at all", "query { me { id } }", 400, "BAD_REQUEST"],
    ["nothing", "", 400, "BAD_REQUEST"],
    ["an array", "[]", 400, "BAD_REQUEST"],
    ["a batch", '[{"query":"{ me { id } }"}]', 400, "BAD_REQUEST"],
    ["a string", '"x"', 400, "BAD_REQUEST"],
    ["null", "null", 400, "BAD_REQUEST"],
    ["no query", "{}", 400, "BAD_REQUEST"],
    ["a query that is no text", '{"query":7}', 400, "BAD_REQUEST"],
    ["variables that are no object", '{"query":"{ me { id } }","variables":"x"}', 400, "BAD_REQUEST"],
    ["a poisoned prototype", '{"query":"{ me { id } }","variables":{"__proto__":{"a":1}}}', 400, "BAD_REQUEST"],
    ["a syntax error", query("{ me { id }"), 400, "GRAPHQL_PARSE_FAILED"],
    ["an empty document", query(" "), 400, "GRAPHQL_PARSE_FAILED"],
    ["an unknown field", query("{ me { password } }"), 400, "GRAPHQL_VALIDATION_FAILED"],
    ["an unknown argument", query("{ me(id: 1) { id } }"), 400, "GRAPHQL_VALIDATION_FAILED"],
    [
      "an unknown input field",
      query('mutation { updateCurrentUser(input: { role: "x" }) { errors { code } } }'),
      400,
      "GRAPHQL_VALIDATION_FAILED",
    ],
    ["a document of 6000 tokens", query(`{ ${"__typename ".repeat(6_000)} }`), 400, "GRAPHQL_PARSE_FAILED"],
    ["a subscription", query("subscription { me { id } }"), 400, "OPERATION_RESOLUTION_FAILURE"],
    ["a body too large", query(`# ${"x".repeat(600_000)}\n{ me { id } }`), 413, "BAD_USER_INPUT"],
  ])("%s is refused", async (_what, body, status, code) => {
    expect(await post(body)).toEqual([status, [code]]);
  });

  test("another content type is refused", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const [status] = await post(query("{ me { id } }"), type);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
  });

  test.each([100, 3_000, 100_000])("variables %d deep are refused, and are no fault", async (depth) => {
    const deep = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    for (const body of [
      `{"query":"query ($filter: UserFilter) { users(filter: $filter) { totalCount } }","variables":{"filter":${deep}}}`,
      `{"query":"query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }","variables":{"r":${deep}}}`,
      `{"query":"query ($ids: [ID!]!) { nodes(ids: $ids) { id } }","variables":{"ids":${deep}}}`,
    ]) {
      const [status, codes] = await post(body);
      expect(status).toBeLessThan(500);
      expect([...new Set(codes)]).toEqual(["BAD_USER_INPUT"]);
    }
  });

  test("lists 2000 deep in a document are refused, and are no fault", async () => {
    const deep = `${"[".repeat(2_000)}${"]".repeat(2_000)}`;
    for (const document of [
      `{ nodes(ids: ${deep}) { id } }`,
      `{ _entities(representations: ${deep}) { __typename } }`,
    ]) {
      const [status, codes] = await post(query(document));
      expect(status).toBeLessThan(500);
      expect(codes).not.toContain("INTERNAL_SERVER_ERROR");
    }
  });

  test("an unknown field of an input is told with its place", async () => {
    expect(problems(await asVariables(admin, "updateCurrentUser", { input: { role: "x" } }))).toEqual([
      "BAD_USER_INPUT input",
    ]);
  });

  test("a required variable that is missing or null is told by its name", async () => {
    const document = "query ($id: ID!) { node(id: $id) { id } }";
    for (const variables of [{}, { id: null }]) {
      expect(problems(await admin.send(document, variables))).toEqual(["BAD_USER_INPUT id"]);
    }
  });
});

test("no statement ever holds the caller's text, nor does any answer hold a statement", async () => {
  const here = await tenant();
  const user = await here.user();
  const form = await here.form();
  const given = await here.implementation(user, form);
  const mark = "zq'\"mark--";
  const from = statements.length;
  const calls: [string, Record<string, unknown>][] = [
    ["users", { search: mark, orderBy: { field: word("EMAIL") }, filter: { classifications: [GUID] } }],
    ["users", { after: mark }],
    ["users", { filter: { inviteDateInvitedFrom: mark } }],
    ["auditEvents", { filter: { operations: [mark], actorId: mark, targetId: GUID } }],
    ["node", { id: mark }],
    ["user", { guid: mark }],
    ["updateUser", { input: { userId: user.id, forename: mark, surname: mark, username: mark, title: mark } }],
    ["updateUser", { input: { userId: mark } }],
    ["updateCurrentUser", { input: { forename: mark, clientMutationId: mark } }],
    ["createClassification", { input: { name: mark, reference: mark } }],
    ["userDataForms", { filter: { name: mark } }],
    ["userDataFormSubmissions", { filter: { formId: mark, userId: mark } }],
    [
      "createUserDataForm",
      {
        input: {
          name: mark,
          description: mark,
          formFields: [fieldWith({ label: mark, validator: { pattern: mark, message: mark } })],
          formSettings: [{ name: mark, value: { mark } }],
        },
      },
    ],
    ["createUserDataForm", { input: { name: mark, formFields: [fieldWith({ reference: mark })] } }],
    [
      "saveFormAnswers",
      { input: { implementationId: given.id, answers: [{ fieldUuid: form.fields.motto, value: mark }] } },
    ],
  ];
  for (const [field, args] of calls) {
    for (const { body, status } of [
      await asVariables(here.admin, field, args),
      await asLiterals(here.admin, field, args),
    ]) {
      expect(status).toBeLessThan(500);
      expect(body).not.toMatch(/SELECT|INSERT|UPDATE |tenant_id|constraint|node_modules/);
    }
  }
  expect((await here.read(user)).forename).toBe(mark);
  const run = statements.slice(from);
  expect(run.length).toBeGreaterThan(20);
  expect(run.filter((text) => /zq|mark/.test(text))).toEqual([]);
});

describe("JSON values", () => {
  /** A form that asks something of each kind of answer, given to somebody; and a draft of the same. */
  async function scene() {
    const here = await tenant();
    const formFields = [
      { reference: "text", label: "T", formFieldType: FormFieldTypeName.TEXT },
      { reference: "number", label: "N", formFieldType: FormFieldTypeName.NUMBER },
      { reference: "tick", label: "C", formFieldType: FormFieldTypeName.CHECKBOX },
      { reference: "some", label: "S", formFieldType: FormFieldTypeName.MULTI_SELECT, options: [{ value: "a" }] },
    ];
    const form = await here.form({ formFields });
    const given = await here.implementation(await here.user(), form);
    return { here, form, given, draft: await here.form({ formFields, state: FormState.DRAFT }) };
  }
  type Scene = Awaited<ReturnType<typeof scene>>;

  /** An input with `@` where the value stands. */
  const PLACES: [operation: string, input: (of: Scene) => object][] = [
    ...["text", "number", "tick", "some"].map((reference): [string, (of: Scene) => object] => [
      "saveFormAnswers",
      ({ form, given }) => ({
        implementationId: given.id,
        answers: [{ fieldUuid: form.fields[reference], value: "@" }],
      }),
    ]),
    ["updateUserDataForm", ({ draft }) => ({ formId: draft.id, formSettings: [{ name: "a", value: "@" }] })],
    ...(["EQUALS", "IN", "GT", "ANSWERED"] as const).map((operator): [string, (of: Scene) => object] => [
      "updateUserDataForm",
      ({ draft }) => ({
        formId: draft.id,
        formFields: [
          fieldWith({ reference: "other", formFieldType: word("NUMBER") }),
          fieldWith({
            formFieldConditions: [
              { reference: "other", operator: word(operator), value: operator === "IN" ? ["@"] : "@" },
            ],
          }),
        ],
      }),
    ]),
    [
      "updateUserDataForm",
      ({ draft }) => ({
        formId: draft.id,
        formFields: [fieldWith({ formFieldType: word("NUMBER"), validator: { minValue: "@" } })],
      }),
    ],
  ];

  /** Status, codes of top-level errors and codes of refusals for a value as its text stands in the request. */
  async function sent(of: Scene, [operation, input]: (typeof PLACES)[number], value: string, asLiteral: boolean) {
    const type = `${operation[0]!.toUpperCase()}${operation.slice(1)}Input!`;
    const body = asLiteral
      ? JSON.stringify({
          query: `mutation { ${operation}(input: ${literal(input(of)).replace('"@"', () => value)}) { errors { code } } }`,
        })
      : JSON.stringify({
          query: `mutation ($input: ${type}) { ${operation}(input: $input) { errors { code } } }`,
          variables: { input: input(of) },
        }).replace('"@"', () => value);
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${of.here.admin.token}` },
      body,
    });
    const { data, errors = [] } = (await response.json()) as Partial<Answer>;
    const refusals = data?.[operation]?.errors ?? [];
    return {
      status: response.status,
      codes: [...errors.map(({ extensions }) => extensions.code), ...refusals.map((one: { code: string }) => one.code)],
    };
  }

  const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
  const REFUSED: [what: string, value: string, asLiteral?: string][] = [
    ["a poisoned prototype", '{"__proto__":{"a":1}}'],
    ["one in a list", '[{"__proto__":1}]'],
    ["a poisoned constructor", '{"constructor":{"prototype":{"a":1}}}'],
    ["a number beyond all", "1e400", "1e400"],
    ["a number below all", "-1e400", "-1e400"],
    ["a number of 400 digits", "9".repeat(400), "9".repeat(400)],
    ["half a character", '"\\ud800"', '"\\ud800"'],
    ["the other half", '"a\\udc00b"', '"a\\udc00b"'],
    ["half a character in a list", '["\\ud800"]', '["\\ud800"]'],
    ["half a character as a key", '{"\\ud800":1}'],
    ["a null character", '"a\\u0000b"', '"a\\u0000b"'],
    ["a null character as a key", '{"\\u0000":[]}'],
    ["a null character below", '{"a":[{"b":"\\u0000"}]}', '{a: [{b: "\\u0000"}]}'],
    ["a list 101 deep", deep(101)],
    ["a list 3000 deep", deep(3_000)],
    ["a list 100000 deep", deep(100_000)],
    ["an object 3000 deep", `${'{"a":'.repeat(3_000)}1${"}".repeat(3_000)}`],
    ["a word that JSON does not know", "undefined", "$undefined"],
    ["a number that JSON does not know", "NaN"],
    ["a value cut off", '"a', '"a'],
  ];
  const CLEAR =
    /^(BAD_REQUEST|BAD_USER_INPUT|GRAPHQL_PARSE_FAILED|GRAPHQL_VALIDATION_FAILED|ANSWER_INVALID|INVALID|INVALID_VALIDATOR|LIMIT)$/;

  // jest would take a third parameter without a value for its callback.
  const refused = REFUSED.map(([what, value, written = ""]) => [what, value, written] as const);

  test.each(refused)("%s is refused wherever it stands, and leaves nothing behind", async (_what, value, written) => {
    const of = await scene();
    const before = await of.here.contents();
    for (const place of PLACES) {
      const answers = [await sent(of, place, value, false), ...(written ? [await sent(of, place, written, true)] : [])];
      for (const { status, codes } of answers) {
        expect(status).toBeLessThan(500);
        expect(codes.length).toBeGreaterThan(0);
        expect(codes.filter((code) => !CLEAR.test(code))).toEqual([]);
      }
    }
    expect(await of.here.contents()).toEqual(before);
  });

  const KEPT = [
    "true",
    "0",
    "-0",
    "1e21",
    "5e-324",
    '"\\udbff\\udfff \\u2028"',
    "[]",
    '{"a":[null,{"b":-1.5}]}',
    "null",
    deep(90),
  ];

  test.each(KEPT.map((value) => [value.slice(0, 40), value]))(
    "the setting %s is kept as it is",
    async (_what, value) => {
      const of = await scene();
      for (const asLiteral of [false, true]) {
        const place = PLACES.find(([, input]) => JSON.stringify(input(of)).includes("formSettings"))!;
        const written = asLiteral ? value.replaceAll(/"(\w)":/g, "$1:") : value;
        expect(await sent(of, place, written, asLiteral)).toEqual({ status: 200, codes: [] });
        const { userDataForm } = await of.here.admin.ask(
          "query ($uuid: UUID!) { userDataForm(uuid: $uuid) { formSettings { value } } }",
          { uuid: of.draft.uuid },
        );
        // No database tells one zero from the other.
        expect(userDataForm.formSettings).toEqual([{ value: value === "-0" ? 0 : JSON.parse(value) }]);
      }
    },
  );

  test("a key named as what every object inherits from is a key, where a document says it", async () => {
    const { here, draft } = await scene();
    const document = (value: string): string =>
      `mutation { updateUserDataForm(input: { formId: "${draft.id}", formSettings: [{ name: "a", value: ${value} }] }) {
        errors { code } userDataForm { formSettings { value } } } }`;
    const { body } = await here.admin.send(document("{ __proto__: { polluted: 1 }, constructor: [toString] }"));
    expect(body).toContain('"value":{"__proto__":{"polluted":1},"constructor":["toString"]}');
    expect({}).not.toHaveProperty("polluted");
  });
});

describe("a document that grows", () => {
  const doubling = (levels: number): string =>
    Array.from(
      { length: levels },
      (_, level) =>
        `fragment F${level} on User { x: assignedInternalUser { ...F${level + 1} } y: assignedInternalUser { ...F${level + 1} } }`,
    ).join(" ") + ` fragment F${levels} on User { guid }`;
  const nested = (levels: number): string =>
    `{ me { ${"assignedInternalUser { ".repeat(levels)} guid ${"} ".repeat(levels)} } }`;

  test.each([
    ["by fragments that double", `{ me { ...F0 } } ${doubling(16)}`],
    ["in depth", nested(11)],
  ])("%s is refused at once, with or without a token", async (_how, document) => {
    for (const caller of [anonymous, admin]) {
      for (let time = 1; time <= 3; time++) {
        const { status, errors, data } = await caller.send(document);
        expect(status).toBe(400);
        expect(data).toBeUndefined();
        expect(errors![0]!.extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
      }
    }
  });

  test.each([
    ["by fragments that double", `{ me { ...F0 } } ${doubling(4)}`],
    ["in depth", nested(10)],
  ])("%s just below passes", async (_how, document) => {
    for (let time = 1; time <= 3; time++) expect((await admin.ask(document)).me).not.toBeNull();
  });
});
