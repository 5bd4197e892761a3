import type { MigrationInterface, QueryRunner } from "typeorm";
import { briefly } from "./online.js";

const TENANT = "(SELECT nullif(current_setting('app.tenant', true), '')::uuid)";

const TENANT_TABLES = ["forms", "form_revisions", "form_implementations", "form_classifications"];

const protect = (table: string): string => `
      ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
      CREATE POLICY tenant ON ${table} USING (tenant_id = ${TENANT}) WITH CHECK (tenant_id = ${TENANT});`;

/** New tables alone: those that they refer to are locked against writers for an instant. */
const TABLES = `
    CREATE TABLE form_revisions (
      tenant_id uuid NOT NULL,
      id uuid NOT NULL,
      form_id uuid NOT NULL,
      number integer NOT NULL,
      name text NOT NULL,
      description text,
      form_pages jsonb NOT NULL,
      form_fields jsonb NOT NULL,
      form_settings jsonb NOT NULL,
      revalidate_after_months integer,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      published_at timestamptz(3),
      CONSTRAINT form_revisions_pkey PRIMARY KEY (tenant_id, id)
    );
    CREATE UNIQUE INDEX form_revisions_by_form ON form_revisions (tenant_id, form_id, number);

    CREATE TABLE forms (
      tenant_id uuid NOT NULL,
      id uuid NOT NULL,
      kind text NOT NULL,
      name text NOT NULL,
      name_norm text NOT NULL,
      description text,
      form_type text NOT NULL,
      state text NOT NULL,
      enablement text NOT NULL DEFAULT 'DISABLED',
      editor_validator jsonb NOT NULL,
      revision_id uuid NOT NULL,
      staged_revision_id uuid,
      enforcement_type text,
      editable boolean NOT NULL DEFAULT false,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      updated_at timestamptz(3) NOT NULL DEFAULT now(),
      version integer NOT NULL DEFAULT 1,
      CONSTRAINT forms_pkey PRIMARY KEY (tenant_id, id),
      CONSTRAINT forms_kind CHECK (kind IN ('USER_DATA', 'INVESTOR_PREFERENCE')),
      CONSTRAINT forms_state CHECK (state IN ('DRAFT', 'PUBLISHED', 'ARCHIVED')),
      CONSTRAINT forms_enablement CHECK (enablement = 'DISABLED' OR (enablement = 'ENABLED' AND state = 'PUBLISHED')),
      CONSTRAINT forms_type CHECK (form_type IN ('STANDARD', 'ONBOARDING', 'COMPLIANCE')),
      CONSTRAINT forms_enforcement CHECK ((kind = 'INVESTOR_PREFERENCE') = (enforcement_type IS NOT NULL)),
      CONSTRAINT forms_enforcement_type CHECK (enforcement_type IN ('OPTIONAL', 'RECOMMENDED', 'REQUIRED')),
      CONSTRAINT forms_revision FOREIGN KEY (tenant_id, revision_id) REFERENCES form_revisions (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED,
      CONSTRAINT forms_staged_revision FOREIGN KEY (tenant_id, staged_revision_id)
        REFERENCES form_revisions (tenant_id, id) DEFERRABLE INITIALLY DEFERRED
    );
    ALTER TABLE form_revisions
      ADD CONSTRAINT form_revisions_form FOREIGN KEY (tenant_id, form_id) REFERENCES forms (tenant_id, id);
    CREATE INDEX forms_by_name ON forms (tenant_id, kind, name_norm, id);
    CREATE INDEX forms_by_created_at ON forms (tenant_id, kind, created_at, id);
    CREATE INDEX forms_enabled ON forms (tenant_id, kind, name_norm, id) WHERE enablement = 'ENABLED';

    CREATE TABLE form_classifications (
      tenant_id uuid NOT NULL,
      form_id uuid NOT NULL,
      classification_id uuid NOT NULL,
      CONSTRAINT form_classifications_pkey PRIMARY KEY (tenant_id, form_id, classification_id),
      CONSTRAINT form_classifications_form FOREIGN KEY (tenant_id, form_id) REFERENCES forms (tenant_id, id),
      CONSTRAINT form_classifications_classification FOREIGN KEY (tenant_id, classification_id)
        REFERENCES classifications (tenant_id, id)
    );
    CREATE INDEX form_classifications_by_classification
      ON form_classifications (tenant_id, classification_id, form_id);

    CREATE TABLE form_implementations (
      tenant_id uuid NOT NULL,
      id uuid NOT NULL,
      form_id uuid NOT NULL,
      form_kind text NOT NULL,
      revision_id uuid NOT NULL,
      user_id uuid NOT NULL,
      status text NOT NULL DEFAULT 'ASSIGNED',
      assignments jsonb NOT NULL,
      progress integer NOT NULL DEFAULT 0,
      answers jsonb NOT NULL DEFAULT '{}',
      drafts jsonb NOT NULL DEFAULT '{}',
      due_on date,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      updated_at timestamptz(3) NOT NULL DEFAULT now(),
      completed_at timestamptz(3),
      valid_until timestamptz(3),
      version integer NOT NULL DEFAULT 1,
      CONSTRAINT form_implementations_pkey PRIMARY KEY (tenant_id, id),
      CONSTRAINT form_implementations_status CHECK (status IN ('ASSIGNED', 'IN_PROGRESS', 'COMPLETED')),
      CONSTRAINT form_implementations_completed CHECK ((status = 'COMPLETED') = (completed_at IS NOT NULL)),
      CONSTRAINT form_implementations_form FOREIGN KEY (tenant_id, form_id) REFERENCES forms (tenant_id, id),
      CONSTRAINT form_implementations_revision FOREIGN KEY (tenant_id, revision_id)
        REFERENCES form_revisions (tenant_id, id),
      CONSTRAINT form_implementations_user FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
    );
    CREATE UNIQUE INDEX form_implementations_open ON form_implementations (tenant_id, form_id, user_id)
      WHERE status IN ('ASSIGNED', 'IN_PROGRESS');
    CREATE INDEX form_implementations_by_user ON form_implementations (tenant_id, user_id, created_at, id);
    CREATE INDEX form_implementations_by_form ON form_implementations (tenant_id, form_id, created_at, id);
    CREATE INDEX form_implementations_by_form_and_user
      ON form_implementations (tenant_id, form_id, user_id, status, valid_until);
    CREATE INDEX form_implementations_by_revision ON form_implementations (tenant_id, revision_id);
    CREATE INDEX form_implementations_by_created_at ON form_implementations (tenant_id, form_kind, created_at, id);
    CREATE INDEX form_implementations_by_status
      ON form_implementations (tenant_id, form_kind, status, created_at, id);
    CREATE INDEX form_implementations_by_completed_at ON form_implementations (tenant_id, form_kind, completed_at, id);
    ${TENANT_TABLES.map(protect).join("")}
`;

export class Forms1764000000000 implements MigrationInterface {
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await briefly(runner, { tables: "users, classifications", sql: TABLES });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE form_implementations;
      DROP TABLE form_classifications;
      ALTER TABLE forms DROP CONSTRAINT forms_revision, DROP CONSTRAINT forms_staged_revision;
      DROP TABLE form_revisions;
      DROP TABLE forms;
    `);
  }
}
