import { ensureDemoTenant } from "../src/demo/index.js";
import { settled } from "../src/forms/answering.js";
import type { FormField } from "../src/forms/definition.js";
import { evaluate } from "../src/forms/evaluate.js";
import type { Answers } from "../src/forms/index.js";
import { type Caller, examples, harness } from "./harness/index.js";

const { database, sign, bearer } = await harness();

let admin: Caller;

beforeAll(async () => {
  const { tenantId, administrator } = await ensureDemoTenant(database.ownerUrl);
  admin = bearer(await sign({ sub: administrator.guid, tenant_id: tenantId }));
});

/** What holds among the rows of a tenant, each with the rows that break it. */
const BROKEN = {
  "a group's count is its members'": `SELECT FROM user_groups g WHERE member_count <>
    (SELECT count(*) FROM group_members m WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id)`,
  "a lead is a member": `SELECT FROM user_groups g WHERE lead_user_id IS NOT NULL AND NOT EXISTS (SELECT FROM group_members m
    WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id AND m.user_id = g.lead_user_id)`,
  "a user's row tells the latest invitation": `SELECT FROM users u LEFT JOIN LATERAL (SELECT * FROM invitations i
      WHERE i.tenant_id = u.tenant_id AND i.user_id = u.id ORDER BY created_at DESC, id DESC LIMIT 1) i ON true
    WHERE (u.invite_status, u.invite_date_invited, u.invite_date_expires, u.invite_date_modified)
      IS DISTINCT FROM (i.status, i.date_invited, i.date_expires, i.date_modified)`,
  "who accepted an invitation into a group is a member": `SELECT FROM invitations i
    WHERE status = 'COMPLETED' AND group_id IS NOT NULL AND NOT EXISTS (SELECT FROM group_members m
      WHERE m.tenant_id = i.tenant_id AND m.group_id = i.group_id AND m.user_id = i.user_id)`,
  "an invitation's mails follow its dates": `SELECT FROM invitations WHERE created_at > date_modified
    OR last_sent_at NOT BETWEEN date_invited AND date_modified OR (send_count = 0) <> (last_sent_at IS NULL)`,
  "who invites is staff": `SELECT FROM invitations i JOIN users u ON u.tenant_id = i.tenant_id AND u.id = i.invited_by_user_id
    WHERE u.type <> 'INTERNAL'`,
  "a flag is on no sooner than there is a group": `SELECT FROM group_feature_flags f
    JOIN user_groups g ON g.tenant_id = f.tenant_id AND g.id = f.group_id WHERE enabled_at < created_at`,
  "who was onboarded has completed the investor profile, by 10 answers": `SELECT FROM users u
    WHERE type = 'INVESTOR' AND onboarding_date_completed IS NOT NULL AND id::text NOT LIKE '1e4a1ead-%' AND NOT EXISTS (
      SELECT FROM form_implementations i WHERE i.tenant_id = u.tenant_id AND i.user_id = u.id AND i.status = 'COMPLETED'
        AND i.form_id = '1e4a1ead-0000-4000-8000-000000000401' AND (SELECT count(*) FROM jsonb_object_keys(i.answers)) = 10)`,
  "who has declared to be wealthy is classified so": `SELECT FROM form_implementations i
    WHERE form_id = '1e4a1ead-0000-4000-8000-000000000403' AND NOT EXISTS (SELECT FROM user_classifications uc
      JOIN classifications c ON c.tenant_id = uc.tenant_id AND c.id = uc.classification_id AND c.reference = '123'
      WHERE uc.tenant_id = i.tenant_id AND uc.user_id = i.user_id AND uc.assigned_at <= i.completed_at)`,
  "a form is given before it is completed": `SELECT FROM form_implementations WHERE created_at > completed_at
    OR updated_at < created_at OR completed_at > now()`,
};

test.each(Object.entries(BROKEN))("in the demo tenant %s", async (_name, rows) => {
  expect(await database.sql(rows)).toEqual([]);
});

interface Given {
  fields: FormField[];
  status: string;
  answers: Answers;
  drafts: Answers;
  progress: number;
}

test("in the demo tenant the answers are those that the engine would have kept, and completed ones are complete", async () => {
  const given = await database.sql<Given & { [column: string]: unknown }>(
    `SELECT r.form_fields AS fields, i.status, i.answers, i.drafts, i.progress FROM form_implementations i
     JOIN form_revisions r ON r.tenant_id = i.tenant_id AND r.id = i.revision_id AND r.form_id = i.form_id`,
  );
  expect(new Set(given.map(({ status }) => status))).toEqual(new Set(["ASSIGNED", "IN_PROGRESS", "COMPLETED"]));
  for (const { fields, status, answers, drafts, progress } of given) {
    expect(settled(fields, { ...answers, ...drafts })).toEqual({ answers, drafts, progress });
    if (status === "COMPLETED") expect([...evaluate(fields, answers).problems]).toEqual([]);
  }
});

/** What only a mail or an earlier answer tells. */
const told = (variables = ""): boolean => variables.includes(`"token"`);

test.each(examples.filter(({ variables }) => !told(variables)).map((example) => [example.name, example] as const))(
  "an administrator of the demo tenant sends %s as it stands in the explorer",
  async (_name, { document, variables = "{}" }) => {
    const [answer] = Object.values(await admin.ask(document, JSON.parse(variables) as object));
    expect(answer).not.toBeNull();
    expect(answer.errors ?? []).toEqual([]);
  },
);
