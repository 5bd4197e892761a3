import { ObjectType, registerEnumType } from "type-graphql";
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from "typeorm";
import {
  Attribute,
  Computed,
  DateTime,
  EmailAddress,
  foldCase,
  GlobalId,
  Hidden,
  Node,
  normalise,
  UUID,
} from "../kit/index.js";
import { printedNameSql } from "../access/index.js";
import { InviteStatus, inviteStatusOf, inviteStatusSql, userInviteColumns } from "./invite-status.js";

export enum UserType {
  INVESTOR = "INVESTOR",
  ENTREPRENEUR = "ENTREPRENEUR",
  INTERNAL = "INTERNAL",
}
registerEnumType(UserType, {
  name: "UserType",
  description: "What somebody is on the platform.",
  valuesConfig: {
    INVESTOR: { description: "A client who invests; a person or a firm." },
    ENTREPRENEUR: { description: "A client who raises capital." },
    INTERNAL: { description: "The tenant's own staff." },
  },
});

export enum UserStatus {
  DRAFT = "DRAFT",
  INVITED = "INVITED",
  ACTIVE = "ACTIVE",
  SUSPENDED = "SUSPENDED",
  REVOKED = "REVOKED",
}
registerEnumType(UserStatus, {
  name: "UserStatus",
  description: "Where an account stands: DRAFT, INVITED, ACTIVE; SUSPENDED and back; REVOKED until invited again.",
  valuesConfig: {
    DRAFT: { description: "Recorded; the invitation waits for approval." },
    INVITED: { description: "Invited and has not accepted, also when the invitation has expired: see `inviteStatus`." },
    ACTIVE: { description: "May sign in." },
    SUSPENDED: { description: "Locked out from the next request on, until reactivated." },
    REVOKED: { description: "Locked out for good, unless invited again." },
  },
});

/** An account of the tenant. Raw foreign keys are columns only; relations are loader fields. */
@ObjectType({
  implements: Node,
  description: "An account of the tenant: an investor, an entrepreneur, or a member of staff.",
})
@Entity("users")
@Check("users_type", `"type" IN ('INVESTOR', 'ENTREPRENEUR', 'INTERNAL')`)
@Check("users_status", `"status" IN ('DRAFT', 'INVITED', 'ACTIVE', 'SUSPENDED', 'REVOKED')`)
@Check("users_invite_status", `"invite_status" IN ('DRAFT', 'INVITED', 'COMPLETED', 'REVOKED')`)
@ForeignKey(() => User, ["tenantId", "assignedInternalUserId"], ["tenantId", "guid"], {
  name: "users_assigned_internal_user",
})
@Index("users_contact_email", ["tenantId", "emailNorm"], { unique: true })
@Index("users_username", ["tenantId", "usernameNorm"], { unique: true })
@Index("users_without_username", ["tenantId", "usernameNorm", "guid"], { where: `"username_norm" IS NULL` })
@Index("users_by_name", ["tenantId", "sortName", "guid"])
@Index("users_by_type_and_name", ["tenantId", "type", "sortName", "guid"])
@Index("users_by_created_at", ["tenantId", "createdAt", "guid"])
@Index("users_by_last_login", ["tenantId", "lastLogin", "guid"])
@Index("users_by_status", ["tenantId", "status", "guid"])
@Index("users_by_invite_status", ["tenantId", "storedInviteStatus", "guid", "inviteDateExpires"])
@Index("users_by_invite_date_invited", ["tenantId", "inviteDateInvited", "guid"])
@Index("users_by_invite_date_expires", ["tenantId", "inviteDateExpires"])
@Index("users_by_onboarding_date_completed", ["tenantId", "onboardingDateCompleted", "guid"])
@Index("users_by_assigned_internal_user", ["tenantId", "assignedInternalUserId", "guid"])
@Index("users_by_search_text", { synchronize: false })
export class User implements Node {
  @PrimaryColumn("uuid", { select: false })
  tenantId!: string;

  @GlobalId("guid")
  id!: string;

  @Attribute(() => UUID, { primary: true, name: "id", description: "The platform's own id, and a federation key." })
  guid!: string;

  @Attribute(() => UserType, { description: "What the user is on the platform; fixed when invited." })
  type!: UserType;

  @Attribute(() => UserStatus, { description: "Where the account stands." })
  status!: UserStatus;

  @Attribute(() => String, {
    nullable: true,
    description:
      "The name to sign in with, when it is not the e-mail address. Unique in the tenant without regard to case.",
  })
  username!: string | null;

  @Attribute(() => String, { nullable: true, description: "Mr, Ms, Dr and the like." })
  title!: string | null;

  @Attribute(() => String, { nullable: true, description: "First name." })
  forename!: string | null;

  @Attribute(() => String, { nullable: true, description: "Family name, or the name of a firm." })
  surname!: string | null;

  @Computed<User>(() => String, {
    nullable: true,
    description: "As printed: title, forename and surname. Null when none is known.",
    of: printedName,
    sql: printedNameSql,
  })
  name!: string | null;

  @Attribute(() => EmailAddress, {
    description: "Where the platform writes to. Unique in the tenant without regard to case.",
  })
  contactEmail!: string;

  @Attribute(() => Boolean, { default: false, description: "Signs in with a second factor." })
  tfaEnabled!: boolean;

  @Attribute(() => DateTime, {
    nullable: true,
    default: () => "now()",
    description: "When the account was made. Null for accounts taken over from a system that did not record it.",
  })
  createdAt!: string | null;

  @Attribute(() => DateTime, { default: () => "now()", description: "When the account's own data last changed." })
  updatedAt!: string;

  @Attribute(() => DateTime, { nullable: true, description: "When the user last signed in. Null: never." })
  lastLogin!: string | null;

  @Attribute(() => DateTime, { nullable: true, description: "When the user completed onboarding. Null: not yet." })
  onboardingDateCompleted!: string | null;

  @Hidden("uuid", { nullable: true })
  assignedInternalUserId!: string | null;

  @Hidden("text", { nullable: true, name: "invite_status" })
  storedInviteStatus!: InviteStatus | null;

  @Computed<User>(() => InviteStatus, {
    nullable: true,
    description: "The status of the latest invitation. Null: never invited.",
    of: (user, { now }) => inviteStatusOf(user.storedInviteStatus, user.inviteDateExpires, now),
    sql: (user, { now }) => inviteStatusSql(userInviteColumns(user), now),
  })
  inviteStatus!: InviteStatus | null;

  @Attribute(() => DateTime, { nullable: true, description: "When the latest invitation was first sent." })
  inviteDateInvited!: string | null;

  @Attribute(() => DateTime, {
    nullable: true,
    description: "Until when the latest invitation can be accepted. Null once accepted or never sent.",
  })
  inviteDateExpires!: string | null;

  @Attribute(() => DateTime, { nullable: true, description: "When the latest invitation last changed its status." })
  inviteDateModified!: string | null;

  @Attribute(() => Number, {
    default: 1,
    description: "Grows by one with every change; give it back as `expectedVersion`.",
  })
  version!: number;

  /** How often the account was locked out: tickets made before the last time are void. */
  @Hidden("integer", { default: 0 })
  lockouts!: number;

  @Hidden("text", { nullable: true, select: false })
  usernameNorm!: string | null;

  @Hidden("text", { select: false })
  emailNorm!: string;

  @Hidden("text", { nullable: true, select: false })
  sortName!: string | null;

  @Column("text", { select: false })
  searchText!: string;

  /** What is compared, sorted and searched follows from what is shown. */
  static derive(user: Partial<User>): Partial<User> {
    const { username, contactEmail = "" } = user;
    return {
      usernameNorm: username ? foldCase(username) : null,
      emailNorm: foldCase(contactEmail),
      sortName: sortName(user),
      searchText: [printedName(user), contactEmail, username].map((text) => normalise(text ?? "")).join("\n"),
    };
  }
}

export function printedName({ title, forename, surname }: Partial<User>): string | null {
  return [title, forename, surname].filter(Boolean).join(" ") || null;
}

// Above every character that a name can hold, so that a missing part sorts last, as SQL's NULLS LAST would.
const MISSING = "\u{10FFFF}";

/** Surname, then forename, in one column: one index serves the sort. Null when both are missing. */
function sortName({ forename, surname }: Partial<User>): string | null {
  if (!forename && !surname) return null;
  const [last, first] = [surname, forename].map((part) => (part ? normalise(part) : MISSING));
  // Below every character of a name: "Li, Wei" comes before "Lim, An".
  return `${last}\u0001${first}`;
}
