import { createSampleTenant } from "../../src/demo/index.js";
import { toGlobalId } from "../../src/kit/index.js";
import { type Caller, harness, operations } from "../harness/index.js";

const { database, sign, bearer } = await harness();

type Row = [rest: string, graphql: string, value: unknown];

/** GET /forms, /forms/enabled and /forms/:uuid: the form of their sample responses. */
const FORM: Row[] = [
  ["name", "name", "test form"],
  ["uuid", "uuid", "64df4f2d-5d84-424c-ba9e-838d58b92049"],
  ["description", "description", "this is a test form"],
  ["state", "state", "published"],
  ["formFields.length", "formFields.length", 1],
  ["formFields.0.label", "formFields.0.label", "checkbox"],
  ["formFields.0.name", "formFields.0.name", "checkbox"],
  ["formFields.0.uuid", "formFields.0.uuid", "7bc2153f-a9b6-46b4-bde3-e3bd7c4f3ad5"],
  ["formFields.0.reference", "formFields.0.reference", "checkbox"],
  ["formFields.0.validator", "formFields.0.validator", null],
  ["formFields.0.order", "formFields.0.order", 0],
  ["formFields.0.description", "formFields.0.description", null],
  ["formFields.0.placeholder", "formFields.0.placeholder", null],
  ["formFields.0.prePopulationKey", "formFields.0.prePopulationKey", null],
  ["formFields.0.options", "formFields.0.options", null],
  ["formFields.0.formPage", "formFields.0.formPage", null],
  ["formFields.0.formFieldType.name", "formFields.0.formFieldType.name", "CHECKBOX"],
  ["formFields.0.formFieldConditions", "formFields.0.formFieldConditions", []],
  ["formPages", "formPages", []],
  ["formSettings", "formSettings", []],
  ["formType.uuid", "formType.uuid", "57e1ade8-900d-4705-a469-c34e8501ea03"],
  ["formType.name", "formType.name", "STANDARD"],
  ["editorValidator.canDelete", "editorValidator.canDelete", true],
  ["editorValidator.canEdit", "editorValidator.canEdit", true],
  ["editorValidator.protectedFields", "editorValidator.protectedFields", []],
];

/** POST /forms/:uuid/user/:userGuid: its sample response. What it asks is told by its revision. */
const IMPLEMENTATION: Row[] = [
  ["uuid", "uuid", "b4fb32a2-4f88-42bc-af0a-4d2fa67ae818"],
  ["createdAt", "createdAt", "2024-10-09T14:03:05.000000Z"],
  ...FORM.map(([rest, path, value]): Row => {
    const asked = /^form(Fields|Pages|Settings)/.test(path);
    return [`form.${rest}`, `${asked ? "formRevision" : "form"}.${path}`, value];
  }),
  ["formFieldAnswers", "formFieldAnswers", []],
  ["type", "type", "TRANSACTION"],
  ["formImplementationAssignments.length", "formImplementationAssignments.length", 2],
  [
    "formImplementationAssignments.0.uuid",
    "formImplementationAssignments.0.uuid",
    "775922a0-cff8-11ee-8f8c-35cdaa30f76b",
  ],
  ["formImplementationAssignments.0.type", "formImplementationAssignments.0.type", "USER"],
  [
    "formImplementationAssignments.1.uuid",
    "formImplementationAssignments.1.uuid",
    "5bb470e9-9f31-48db-9dab-db79af1c3664",
  ],
  ["formImplementationAssignments.1.type", "formImplementationAssignments.1.type", "DEAL"],
];

const at = (value: any, path: string): unknown => path.split(".").reduce((part, key) => part?.[key], value);

/** A sample's value as GraphQL says it: words in upper case, instants as instants. */
function expected(path: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (path.split(".").at(-1) === "state") return value.toUpperCase();
  return /^\d{4}-\d{2}-\d{2}T/.test(value) ? new Date(value).toISOString() : value;
}

const [UUID, IMPLEMENTATION_UUID] = [FORM[1]![2] as string, IMPLEMENTATION[0]![2] as string];
const LENA = "1e4a1ead-0000-4000-8000-000000000001";
const DEAL = "1e4a1ead-0000-4000-8000-000000000007";

let admin: Caller;
let john: Caller;

beforeAll(async () => {
  const { tenantId, administrator, investor } = await createSampleTenant(database.ownerUrl, "Sample forms");
  admin = bearer(await sign({ sub: administrator.guid, tenant_id: tenantId }));
  john = bearer(await sign({ sub: investor.guid, tenant_id: tenantId }));
});

test.each(FORM)("GET /forms/:uuid: %s is %s: %j", async (_rest, path, value) => {
  const { userDataForm } = await admin.ask(operations.UserDataForm!, { uuid: UUID });
  expect(at(userDataForm, path)).toEqual(expected(path, value));
});

describe("GET /forms/enabled", () => {
  test.each(FORM)("%s is %s: %j", async (_rest, path, value) => {
    const { enabledUserDataForms } = await john.ask(operations.EnabledUserDataForms!);
    const form = enabledUserDataForms.nodes.find(({ uuid }: { uuid: string }) => uuid === UUID);
    expect(at(form, path)).toEqual(expected(path, value));
  });
});

test("GET /forms lists the form, with the same values", async () => {
  const { userDataForms } = await admin.ask(operations.UserDataForms!, { filter: { name: "test form" } });
  const [form] = userDataForms.nodes;
  expect(userDataForms).toMatchObject({ totalCount: 1, pageInfo: { hasNextPage: false } });
  for (const [, path, value] of FORM) {
    const [field] = path.split(".") as [string];
    if (field in form) expect([path, at(form, path)]).toEqual([path, expected(path, value)]);
  }
});

describe("POST /forms/:uuid/user/:userGuid", () => {
  test.each(IMPLEMENTATION)("%s is %s: %j", async (_rest, path, value) => {
    const id = toGlobalId("UserFormImplementation", IMPLEMENTATION_UUID);
    const { node } = await admin.ask(operations.FormImplementation!, { id });
    expect(at(node, path)).toEqual(expected(path, value));
  });

  test("another one is answered alike: nothing answered, for the user and the deal", async () => {
    const input = { formId: UUID, userId: LENA, dealId: DEAL };
    const { createUserDataFormImplementation: made } = await admin.ask(operations.CreateUserDataFormImplementation!, {
      input,
    });
    expect(made).toMatchObject({
      errors: [],
      formImplementation: {
        type: "TRANSACTION",
        status: "ASSIGNED",
        form: { name: "test form" },
        formFieldAnswers: [],
        formImplementationAssignments: [
          { type: "USER", assigneeId: LENA },
          { type: "DEAL", assigneeId: DEAL },
        ],
      },
    });
  });
});

test("PATCH /forms/:uuid/state", async () => {
  for (const enablement of ["DISABLED", "ENABLED"]) {
    const input = { formId: UUID, enablement };
    const { updateUserDataFormState: changed } = await admin.ask(operations.UpdateUserDataFormState!, { input });
    expect(changed).toMatchObject({ errors: [], userDataForm: { uuid: UUID, state: "PUBLISHED", enablement } });
  }
});
