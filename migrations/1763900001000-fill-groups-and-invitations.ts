import type { MigrationInterface, QueryRunner } from "typeorm";
import { fill } from "./online.js";

/** What the new columns hold in rows that the last version wrote. */
export class FillGroupsAndInvitations1763900001000 implements MigrationInterface {
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await fill(runner, "user_groups", {
      member_count: "(SELECT count(*) FROM group_members m WHERE m.tenant_id = t.tenant_id AND m.group_id = t.id)",
    });
    await fill(runner, "invitations", {
      created_at: "least(created_at, date_invited, date_modified)",
      last_sent_at: "date_invited",
      send_count: "CASE WHEN date_invited IS NULL THEN 0 ELSE 1 END",
    });
  }

  async down(): Promise<void> {}
}
