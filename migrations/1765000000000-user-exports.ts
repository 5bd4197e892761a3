import type { MigrationInterface, QueryRunner } from "typeorm";
import { briefly } from "./online.js";

const TENANT = "(SELECT nullif(current_setting('app.tenant', true), '')::uuid)";

/** A new table alone: the users that it refers to are locked against writers for an instant. */
const TABLE = `
    CREATE TABLE user_exports (
      tenant_id uuid NOT NULL,
      id uuid NOT NULL,
      user_id uuid,
      service_id text,
      scopes text[],
      choice jsonb NOT NULL,
      columns text[] NOT NULL,
      format text NOT NULL,
      byte_order_mark boolean NOT NULL,
      status text NOT NULL DEFAULT 'READY',
      row_count integer NOT NULL,
      rows_written integer NOT NULL DEFAULT 0,
      created_at timestamptz(3) NOT NULL,
      expires_at timestamptz(3) NOT NULL,
      finished_at timestamptz(3),
      download_id uuid,
      heard_of_at timestamptz(3),
      CONSTRAINT user_exports_pkey PRIMARY KEY (tenant_id, id),
      CONSTRAINT user_exports_status CHECK (status IN ('READY', 'RUNNING', 'COMPLETED', 'FAILED', 'REVOKED')),
      CONSTRAINT user_exports_format CHECK (format IN ('CSV', 'JSONL', 'XLSX')),
      CONSTRAINT user_exports_requester CHECK ((user_id IS NULL) <> (service_id IS NULL)),
      CONSTRAINT user_exports_user FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
    );
    CREATE INDEX user_exports_by_created_at ON user_exports (tenant_id, created_at, id);
    CREATE INDEX user_exports_by_user ON user_exports (tenant_id, user_id, created_at);
    ALTER TABLE user_exports ENABLE ROW LEVEL SECURITY;
    CREATE POLICY tenant ON user_exports USING (tenant_id = ${TENANT}) WITH CHECK (tenant_id = ${TENANT});
`;

export class UserExports1765000000000 implements MigrationInterface {
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await briefly(runner, { tables: "users", sql: TABLE });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DROP TABLE user_exports");
  }
}
