import { ensureDemoTenant } from "../src/demo/index.js";
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
};

test.each(Object.entries(BROKEN))("in the demo tenant %s", async (_name, rows) => {
  expect(await database.sql(rows)).toEqual([]);
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
