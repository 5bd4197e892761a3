import type { MigrationInterface, QueryRunner } from "typeorm";
import { briefly, index } from "./online.js";

/** As `due_mails`: what belongs to no tenant counts with it. A mail is given up when it was due last. */
const VIEW = `CREATE OR REPLACE VIEW failed_mails AS
  SELECT tenant_id, id, due_at AS failed_at FROM mail_deliveries WHERE status = 'FAILED'`;

/** Lets the metrics count mails that were given up. */
export class FailedMails1766000000000 implements MigrationInterface {
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await index(runner, "INDEX", "mail_deliveries_failed", "mail_deliveries (due_at) WHERE status = 'FAILED'");
    await briefly(runner, { tables: "mail_deliveries", sql: VIEW });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DROP VIEW failed_mails");
    await runner.query("DROP INDEX mail_deliveries_failed");
  }
}
