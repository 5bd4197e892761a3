import type { MigrationInterface, QueryRunner } from "typeorm";
import { index } from "./online.js";

const CONSTRAINTS = [
  ["user_groups", "user_groups_default_role"],
  ["invitations", "invitations_group"],
  ["invitations", "invitations_role"],
  ["invitations", "invitations_invited_by"],
  ["invitations", "invitations_approved_by"],
  ["invitations", "invitations_mail"],
] as const;

const INDEXES = [
  ["INDEX", "roles_by_rank", "roles (tenant_id, scope, rank, id)"],
  ["INDEX", "user_groups_by_member_count", "user_groups (tenant_id, member_count, id)"],
  ["INDEX", "user_groups_by_name_text", "user_groups USING gin (tenant_id, name_norm gin_trgm_ops)"],
  ["UNIQUE INDEX", "invitations_token", "invitations (tenant_id, token_hash)"],
  ["INDEX", "invitations_by_created_at", "invitations (tenant_id, created_at, id)"],
  ["INDEX", "invitations_by_group", "invitations (tenant_id, group_id, created_at, id)"],
  ["INDEX", "invitations_by_status", "invitations (tenant_id, status, id, date_expires)"],
  ["INDEX", "invitations_by_inviter", "invitations (tenant_id, invited_by_user_id, created_at, id)"],
  [
    "INDEX",
    "invitations_by_approver",
    "invitations (tenant_id, approved_by_user_id) WHERE approved_by_user_id IS NOT NULL",
  ],
  ["INDEX", "invitations_by_user", "invitations (tenant_id, user_id, created_at, id)"],
] as const;

/** Validates and indexes the new columns. */
export class IndexGroupsAndInvitations1763900002000 implements MigrationInterface {
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, constraint] of CONSTRAINTS) {
      await runner.query(`ALTER TABLE ${table} VALIDATE CONSTRAINT ${constraint}`);
    }
    for (const [kind, name, on] of INDEXES) await index(runner, kind, name, on);
    await runner.query("DROP INDEX CONCURRENTLY IF EXISTS invitations_by_user_former");
  }

  /** Locks what it changes: TypeORM undoes in a transaction, whatever `transaction` says. */
  async down(runner: QueryRunner): Promise<void> {
    for (const [, name] of INDEXES) await runner.query(`DROP INDEX ${name}`);
    await runner.query("CREATE INDEX invitations_by_user_former ON invitations (tenant_id, user_id, date_modified)");
  }
}
