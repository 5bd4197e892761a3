import type { Permission } from "../../src/access/index.js";
import { invitationTokens } from "../../src/invitations/rules.js";
import { Secrets } from "../../src/kit/index.js";
import { operations, SECRET, type Caller, type Harness, type Person, type TestTenant } from "./index.js";

const DAY = 86_400_000;

/** In how many days that instant is. */
export const daysUntil = (instant: string): number => (Date.parse(instant) - Date.now()) / DAY;

/** The instant in so many days. */
export const inDays = (days: number): string => new Date(Date.now() + days * DAY).toISOString();

/** An invitation as a payload shows it, and whom it invites. */
export interface Sent {
  guid: string;
  id: string;
  user: { guid: string; id: string; email: string };
}

/** An invitation as a query shows it. */
export type Shown = Record<string, any> & { guid: string };

/** What tests of invitations do besides asking the server. */
export interface Invitations {
  /** What the platform's operators set for a tenant. */
  settings: (here: TestTenant, settings: { days?: number; approval?: boolean; domains?: string[] }) => Promise<void>;
  /** Invites an investor unless told otherwise; by the administrator. */
  invite: (here: TestTenant, input?: object, by?: Caller) => Promise<Sent>;
  /** The token in the invitation's latest mail, without reading the mail. */
  tokenOf: (here: TestTenant, invitation: { guid: string }) => Promise<string>;
  /** What accepting it refuses with; [] when it succeeds. */
  accepting: (here: TestTenant, invitation: { guid: string }, names?: object) => Promise<string[]>;
  /** An account that an invitation was accepted for, with its token. */
  accepted: (here: TestTenant, input?: object) => Promise<Sent & { person: Person }>;
  /** As if the last mail were two minutes old. */
  rest: (here: TestTenant) => Promise<unknown>;
  /** As if it had ended a second ago. */
  expire: (here: TestTenant, invitation: { guid: string }) => Promise<void>;
  /** The invitation as the administrator sees it. */
  read: (here: TestTenant, invitation: { guid: string }) => Promise<Shown>;
  /** The tenant's audit events, the oldest first. */
  events: (here: TestTenant) => Promise<Record<string, any>[]>;
}

let count = 0;
/** An e-mail address that nobody has. */
export const newEmail = (): string => `guest-${++count}@example.com`;

export function invitationsOf({ database, anonymous, sign, bearer }: Harness): Invitations {
  const tools: Invitations = {
    async settings({ id }, settings) {
      const { days = 7, approval = false, domains = [] } = settings;
      await database.sql(
        "UPDATE tenants SET invitation_days = $2, invitation_approval = $3, internal_email_domains = $4 WHERE tenant_id = $1",
        [id, days, approval, domains],
      );
    },
    async invite(here, input = {}, by = here.admin) {
      const given = { email: newEmail(), type: "INVESTOR", ...input };
      const { inviteUser } = await by.ask(operations.InviteUser!, { input: given });
      expect(inviteUser.errors).toEqual([]);
      const { invitation, user } = inviteUser;
      return { guid: invitation.guid, id: invitation.id, user: { ...user, email: user.contactEmail } };
    },
    async tokenOf({ id }, { guid }) {
      const [row] = await database.sql<{ mail_id: string }>(
        "SELECT mail_id FROM invitations WHERE tenant_id = $1 AND id = $2",
        [id, guid],
      );
      return invitationTokens(new Secrets([SECRET]), id, row!.mail_id)[0]!;
    },
    async accepting(here, invitation, names = {}) {
      const token = await tools.tokenOf(here, invitation);
      return here.refusals(anonymous, operations.AcceptInvitation!, { token, ...names });
    },
    async accepted(here, input) {
      const sent = await tools.invite(here, input);
      expect(await tools.accepting(here, sent)).toEqual([]);
      const token = await sign({ sub: sent.user.guid, tenant_id: here.id });
      return { ...sent, person: { ...sent.user, ...bearer(token) } };
    },
    rest: ({ id }) =>
      database.sql("UPDATE invitations SET last_sent_at = last_sent_at - interval '2 minutes' WHERE tenant_id = $1", [
        id,
      ]),
    async expire({ id }, { guid }) {
      const past = new Date(Date.now() - 1000).toISOString();
      await database.sql(
        `WITH expired AS (UPDATE invitations SET date_expires = $3 WHERE tenant_id = $1 AND id = $2 RETURNING user_id)
          UPDATE users SET invite_date_expires = $3 WHERE tenant_id = $1 AND id IN (SELECT user_id FROM expired)`,
        [id, guid, past],
      );
    },
    read: async ({ admin }, { guid }) => (await admin.ask(operations.Invitation!, { guid })).invitation,
    events: async ({ admin }) =>
      (
        await admin.ask(
          `{ auditEvents(last: 100) { nodes {
            operation actorKind actorId actorName subjectId targetType targetId changes } } }`,
        )
      ).auditEvents.nodes.toReversed(),
  };
  return tools;
}

/** What holds in every tenant after every test: call it once, at the top level of the file. */
export function invitationLaws({ database }: Harness): void {
  afterEach(async () => {
    const broken = await database.sql(
      `SELECT u.contact_email, u.status, u.invite_status, n.status AS stored
      FROM users u JOIN LATERAL (SELECT * FROM invitations n WHERE n.tenant_id = u.tenant_id AND n.user_id = u.id
        ORDER BY n.created_at DESC, n.id DESC LIMIT 1) n ON true
      WHERE (u.invite_status, u.invite_date_invited, u.invite_date_expires, u.invite_date_modified)
          IS DISTINCT FROM (n.status, n.date_invited, n.date_expires, n.date_modified)
        OR (n.status IN ('DRAFT', 'INVITED') AND u.status <> n.status)
        OR (n.status = 'REVOKED' AND u.status <> 'REVOKED')
        OR (n.status = 'COMPLETED' AND u.status IN ('DRAFT', 'INVITED'))`,
    );
    const miscounted = await database.sql(
      `SELECT g.name, g.member_count FROM user_groups g WHERE g.member_count <>
        (SELECT count(*) FROM group_members m WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id)`,
    );
    const leaders = await database.sql(
      `SELECT g.name FROM user_groups g WHERE g.lead_user_id IS NOT NULL AND NOT EXISTS (SELECT FROM group_members m
        WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id AND m.user_id = g.lead_user_id)`,
    );
    const unmasked = await database.sql(
      `SELECT e.operation FROM audit_events e, jsonb_array_elements(e.changes) c
        WHERE c->'fields'->'tokenHash' <> '["***", "***"]'`,
    );
    expect({ broken, miscounted, leaders, unmasked }).toEqual({
      broken: [],
      miscounted: [],
      leaders: [],
      unmasked: [],
    });
  });
}

/** What a member of staff needs to invite clients, into groups too. */
export const INVITER: Permission[] = ["users.read", "invitations.write", "groups.read"];
