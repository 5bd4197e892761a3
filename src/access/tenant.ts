import { Check, Column, Entity, PrimaryColumn } from "typeorm";
import type { TenantDb } from "../kit/index.js";
import { Hidden, selectList, sql } from "../kit/index.js";

/** One customer of the platform and its settings, which the platform's operators keep. */
@Entity("tenants")
@Check("tenants_invitation_days", `"invitation_days" BETWEEN 1 AND 30`)
export class Tenant {
  @PrimaryColumn("uuid")
  tenantId!: string;

  @Hidden("text")
  name!: string;

  @Column({ type: "timestamptz", precision: 3, default: () => "now()" })
  createdAt!: string;

  /** How long an invitation lives unless it says otherwise, in days. */
  @Hidden("integer", { default: 7 })
  invitationDays!: number;

  /** Invitations wait until somebody else than who asked for them approves. */
  @Hidden("boolean", { default: false })
  invitationApproval!: boolean;

  /** Domains that internal users' e-mail addresses may have, in lower case; none: any. */
  @Column("text", { array: true, default: [] })
  internalEmailDomains!: string[];
}

/** The caller's tenant. */
export async function tenantOf(db: TenantDb): Promise<Tenant> {
  const [tenant] = await db.query<Tenant>(
    sql`SELECT ${selectList(Tenant, "n")} FROM tenants n WHERE ${db.tenantIs("n")}`,
    {
      prepare: true,
    },
  );
  return tenant!;
}
