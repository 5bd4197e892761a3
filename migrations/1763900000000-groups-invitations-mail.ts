import type { MigrationInterface, QueryRunner } from "typeorm";
import { briefly } from "./online.js";

const TENANT = "(SELECT nullif(current_setting('app.tenant', true), '')::uuid)";

const TENANT_TABLES = ["feature_flags", "group_feature_flags", "mail_deliveries", "login_tokens", "idempotency_keys"];

const protect = (table: string): string => `
      ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
      CREATE POLICY tenant ON ${table} USING (tenant_id = ${TENANT}) WITH CHECK (tenant_id = ${TENANT});`;

/** None of them reads rows: the migrations after this one fill the new columns, then validate and index them. */
const STEPS = [
  // Views run with their owner's rights. This one is how the mail worker, which belongs to no tenant, learns where
  // something is due: ids and nothing else.
  {
    tables: "users, user_groups",
    sql: `
    CREATE TABLE feature_flags (
      tenant_id uuid NOT NULL,
      id uuid NOT NULL,
      key text NOT NULL,
      description text NOT NULL,
      CONSTRAINT feature_flags_pkey PRIMARY KEY (tenant_id, id)
    );
    CREATE UNIQUE INDEX feature_flags_key ON feature_flags (tenant_id, key);

    CREATE TABLE group_feature_flags (
      tenant_id uuid NOT NULL,
      group_id uuid NOT NULL,
      flag_id uuid NOT NULL,
      enabled_at timestamptz(3) NOT NULL DEFAULT now(),
      CONSTRAINT group_feature_flags_pkey PRIMARY KEY (tenant_id, group_id, flag_id),
      CONSTRAINT group_feature_flags_group FOREIGN KEY (tenant_id, group_id) REFERENCES user_groups (tenant_id, id),
      CONSTRAINT group_feature_flags_flag FOREIGN KEY (tenant_id, flag_id) REFERENCES feature_flags (tenant_id, id)
    );
    CREATE INDEX group_feature_flags_by_flag ON group_feature_flags (tenant_id, flag_id, group_id);

    CREATE TABLE mail_deliveries (
      tenant_id uuid NOT NULL,
      id uuid NOT NULL,
      kind text NOT NULL,
      subject_id uuid NOT NULL,
      status text NOT NULL DEFAULT 'QUEUED',
      attempts integer NOT NULL DEFAULT 0,
      due_at timestamptz(3) NOT NULL DEFAULT now(),
      message_id text,
      failure text,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      sent_at timestamptz(3),
      CONSTRAINT mail_deliveries_pkey PRIMARY KEY (tenant_id, id),
      CONSTRAINT mail_deliveries_status CHECK (status IN ('QUEUED', 'SENT', 'FAILED', 'CANCELLED'))
    );
    CREATE INDEX mail_deliveries_due ON mail_deliveries (due_at) WHERE status = 'QUEUED';

    CREATE TABLE login_tokens (
      tenant_id uuid NOT NULL,
      id uuid NOT NULL,
      actor_id uuid NOT NULL,
      user_id uuid NOT NULL,
      group_id uuid NOT NULL,
      reason text NOT NULL,
      token_hash text NOT NULL,
      actor_lockouts integer NOT NULL,
      user_lockouts integer NOT NULL,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      expires_at timestamptz(3) NOT NULL,
      redeemed_at timestamptz(3),
      CONSTRAINT login_tokens_pkey PRIMARY KEY (tenant_id, id),
      CONSTRAINT login_tokens_actor FOREIGN KEY (tenant_id, actor_id) REFERENCES users (tenant_id, id),
      CONSTRAINT login_tokens_user FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
    );
    CREATE UNIQUE INDEX login_tokens_token ON login_tokens (tenant_id, token_hash);

    CREATE TABLE idempotency_keys (
      tenant_id uuid NOT NULL,
      actor text NOT NULL,
      operation text NOT NULL,
      key text NOT NULL,
      input_hash text NOT NULL,
      result jsonb,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, actor, operation, key)
    );

    CREATE OR REPLACE VIEW due_mails AS SELECT tenant_id, id, due_at FROM mail_deliveries WHERE status = 'QUEUED';
    ${TENANT_TABLES.map(protect).join("")}
    `,
  },
  {
    tables: "tenants",
    sql: `
    ALTER TABLE tenants
      ADD COLUMN invitation_days integer NOT NULL DEFAULT 7,
      ADD COLUMN invitation_approval boolean NOT NULL DEFAULT false,
      ADD COLUMN internal_email_domains text[] NOT NULL DEFAULT '{}',
      ADD CONSTRAINT tenants_invitation_days CHECK (invitation_days BETWEEN 1 AND 30);
    `,
  },
  {
    tables: "audit_events",
    sql: "ALTER TABLE audit_events ADD COLUMN actor_name text, ADD COLUMN subject_name text",
  },
  {
    tables: "roles",
    sql: `
    ALTER TABLE roles
      ADD COLUMN rank integer NOT NULL DEFAULT 0,
      ADD COLUMN group_kind text,
      ADD CONSTRAINT roles_group_kind CHECK (group_kind IN ('STANDARD', 'SHELL'));
    `,
  },
  {
    tables: "users",
    sql: "ALTER TABLE users ADD COLUMN lockouts integer NOT NULL DEFAULT 0",
  },
  // A view keeps the columns that its table had when it was made; replaced, not dropped, it keeps its grants, too.
  {
    tables: "user_search",
    sql: `CREATE OR REPLACE VIEW user_search AS SELECT * FROM users WHERE tenant_id = ${TENANT}`,
  },
  // The view serves LIKE by its trigram index, as user_search does.
  {
    tables: "roles, user_groups",
    sql: `
    ALTER TABLE user_groups
      ADD COLUMN default_role_id uuid,
      ADD COLUMN member_count integer NOT NULL DEFAULT 0,
      ADD CONSTRAINT user_groups_default_role FOREIGN KEY (tenant_id, default_role_id) REFERENCES roles (tenant_id, id)
        NOT VALID;
    CREATE OR REPLACE VIEW user_group_search AS SELECT * FROM user_groups WHERE tenant_id = ${TENANT};
    `,
  },
  // The former index serves until its successor is built.
  {
    tables: "invitations",
    sql: `
    ALTER TABLE invitations
      ADD COLUMN group_id uuid,
      ADD COLUMN role_id uuid,
      ADD COLUMN as_lead boolean,
      ADD COLUMN message text,
      ADD COLUMN invited_by_user_id uuid,
      ADD COLUMN approved_by_user_id uuid,
      ADD COLUMN requested_by text,
      ADD COLUMN created_at timestamptz(3) NOT NULL DEFAULT now(),
      ADD COLUMN wanted_until timestamptz(3),
      ADD COLUMN last_sent_at timestamptz(3),
      ADD COLUMN send_count integer NOT NULL DEFAULT 0,
      ADD COLUMN token_hash text,
      ADD COLUMN sent_to text,
      ADD COLUMN mail_id uuid;
    ALTER INDEX invitations_by_user RENAME TO invitations_by_user_former;
    `,
  },
  // Whoever writes both writes the user first.
  {
    tables: "users, invitations",
    sql: `
    LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE;
    ALTER TABLE invitations
      ADD CONSTRAINT invitations_group FOREIGN KEY (tenant_id, group_id) REFERENCES user_groups (tenant_id, id)
        NOT VALID,
      ADD CONSTRAINT invitations_role FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id) NOT VALID,
      ADD CONSTRAINT invitations_invited_by FOREIGN KEY (tenant_id, invited_by_user_id)
        REFERENCES users (tenant_id, id) NOT VALID,
      ADD CONSTRAINT invitations_approved_by FOREIGN KEY (tenant_id, approved_by_user_id)
        REFERENCES users (tenant_id, id) NOT VALID,
      ADD CONSTRAINT invitations_mail FOREIGN KEY (tenant_id, mail_id) REFERENCES mail_deliveries (tenant_id, id)
        NOT VALID;
    `,
  },
];

/** Groups with roles and flags, invitations that are mailed and accepted, tickets to sign in as somebody. */
export class GroupsInvitationsMail1763900000000 implements MigrationInterface {
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const step of STEPS) await briefly(runner, step);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP VIEW due_mails;
      DROP VIEW user_group_search;
      DROP VIEW user_search;
      DROP TABLE idempotency_keys;
      DROP TABLE login_tokens;
      ALTER INDEX invitations_by_user_former RENAME TO invitations_by_user;
      ALTER TABLE invitations DROP COLUMN group_id, DROP COLUMN role_id, DROP COLUMN as_lead, DROP COLUMN message,
        DROP COLUMN invited_by_user_id, DROP COLUMN approved_by_user_id, DROP COLUMN requested_by, DROP COLUMN created_at,
        DROP COLUMN wanted_until, DROP COLUMN last_sent_at, DROP COLUMN send_count, DROP COLUMN token_hash,
        DROP COLUMN sent_to, DROP COLUMN mail_id;
      DROP TABLE mail_deliveries;
      DROP TABLE group_feature_flags;
      DROP TABLE feature_flags;
      ALTER TABLE user_groups DROP COLUMN default_role_id, DROP COLUMN member_count;
      ALTER TABLE roles DROP COLUMN rank, DROP COLUMN group_kind;
      ALTER TABLE audit_events DROP COLUMN actor_name, DROP COLUMN subject_name;
      ALTER TABLE users DROP COLUMN lockouts;
      ALTER TABLE tenants DROP COLUMN invitation_days, DROP COLUMN invitation_approval, DROP COLUMN internal_email_domains;
      CREATE VIEW user_search AS SELECT * FROM users WHERE tenant_id = ${TENANT};
    `);
  }
}
