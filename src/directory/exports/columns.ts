import { registerEnumType } from "type-graphql";
import { printedNameSql } from "../../access/index.js";
import { columnOf, type Context, ruled, sql, type Sql } from "../../kit/index.js";
import { groupVisible } from "../../user-groups/index.js";
import { classificationsByUser, inviteStatusSql, User, userInviteColumns, userVisible } from "../../users/index.js";
import { isInAGroup, leadsAGroup } from "../user-filter.js";

/**
 * What the values of a column are: WORDs are ours (ids, statuses) and people's are TEXT; a LIST is texts of people's, as
 * an array of SQL's.
 */
export type ColumnKind = "WORD" | "TEXT" | "LIST" | "INSTANT" | "BOOLEAN";

interface ColumnDeclaration {
  kind: ColumnKind;
  /** What stands above it in a table. */
  heading: string;
  /** For the schema. */
  description: string;
  /** Left out unless it is asked for. */
  extra?: boolean;
  /** Its value for the user `n`: what the field of the same name shows to the caller. */
  sql: (ctx: Context) => Sql;
}

const own = (property: Exclude<keyof User, symbol | number>) => (): Sql => sql`n.${columnOf(User, property)}`;

/** What may stand in a file: declared here, once, in the order in which it stands there unless told otherwise. */
const DECLARED = {
  GUID: { kind: "WORD", heading: "Guid", description: "The platform's own id.", sql: own("guid") },
  NAME: {
    kind: "TEXT",
    heading: "Name",
    description: "As printed: title, forename and surname.",
    sql: () => printedNameSql("n"),
  },
  TITLE: { kind: "TEXT", heading: "Title", description: "Mr, Ms, Dr and the like.", extra: true, sql: own("title") },
  FORENAME: { kind: "TEXT", heading: "Forename", description: "First name.", extra: true, sql: own("forename") },
  SURNAME: {
    kind: "TEXT",
    heading: "Surname",
    description: "Family name, or the name of a firm.",
    extra: true,
    sql: own("surname"),
  },
  CONTACT_EMAIL: {
    kind: "TEXT",
    heading: "E-mail",
    description: "Where the platform writes to.",
    sql: own("contactEmail"),
  },
  USERNAME: {
    kind: "TEXT",
    heading: "Username",
    description: "The name to sign in with, when it is not the e-mail address.",
    sql: own("username"),
  },
  TYPE: { kind: "WORD", heading: "Type", description: "What the user is on the platform.", sql: own("type") },
  STATUS: { kind: "WORD", heading: "Status", description: "Where the account stands.", sql: own("status") },
  CREATED_AT: {
    kind: "INSTANT",
    heading: "Created (UTC)",
    description: "When the account was made.",
    sql: own("createdAt"),
  },
  UPDATED_AT: {
    kind: "INSTANT",
    heading: "Changed (UTC)",
    description: "When the account's own data last changed.",
    extra: true,
    sql: own("updatedAt"),
  },
  LAST_LOGIN: {
    kind: "INSTANT",
    heading: "Last login (UTC)",
    description: "When the user last signed in.",
    sql: own("lastLogin"),
  },
  TFA_ENABLED: {
    kind: "BOOLEAN",
    heading: "Second factor",
    description: "Signs in with a second factor.",
    sql: own("tfaEnabled"),
  },
  ONBOARDING_DATE_COMPLETED: {
    kind: "INSTANT",
    heading: "Onboarded (UTC)",
    description: "When the user completed onboarding.",
    sql: own("onboardingDateCompleted"),
  },
  INVITE_STATUS: {
    kind: "WORD",
    heading: "Invitation",
    description: "The status of the latest invitation.",
    sql: ({ now }) => inviteStatusSql(userInviteColumns("n"), now),
  },
  INVITE_DATE_INVITED: {
    kind: "INSTANT",
    heading: "Invited (UTC)",
    description: "When the latest invitation was first sent.",
    sql: own("inviteDateInvited"),
  },
  INVITE_DATE_EXPIRES: {
    kind: "INSTANT",
    heading: "Invitation expires (UTC)",
    description: "Until when the latest invitation can be accepted.",
    extra: true,
    sql: own("inviteDateExpires"),
  },
  INVITE_DATE_MODIFIED: {
    kind: "INSTANT",
    heading: "Invitation changed (UTC)",
    description: "When the latest invitation last changed its status.",
    extra: true,
    sql: own("inviteDateModified"),
  },
  CLASSIFICATIONS: {
    kind: "LIST",
    heading: "Classifications",
    description: "The names of the classifications that count at the download, by name.",
    sql: ({ db, now }) => sql`(SELECT array_agg(c.name ORDER BY c.name_norm, c.id)
      FROM user_classifications e JOIN classifications c ON ${db.tenantIs("c")} AND c.id = e.classification_id
      WHERE ${db.tenantIs("e")} AND e.user_id = n.id AND ${classificationsByUser.list.edge!.where!(now)})`,
  },
  USER_GROUPS: {
    kind: "LIST",
    heading: "Groups",
    description: "The names of the user's groups that the caller may see, by name.",
    sql: (ctx) => sql`(SELECT array_agg(g.name ORDER BY g.name_norm, g.id)
      FROM group_members m JOIN user_groups g ON ${ctx.db.tenantIs("g")} AND g.id = m.group_id
      WHERE ${ctx.db.tenantIs("m")} AND m.user_id = n.id${ruled(groupVisible, ctx, "g")})`,
  },
  IS_USER_GROUP_LEAD: {
    kind: "BOOLEAN",
    heading: "Leads a group",
    description: "Leads a group.",
    extra: true,
    sql: () => leadsAGroup("n"),
  },
  IS_USER_GROUP_MEMBER: {
    kind: "BOOLEAN",
    heading: "In a group",
    description: "Belongs to a group, as its lead or otherwise.",
    extra: true,
    sql: () => isInAGroup("n"),
  },
  ASSIGNED_INTERNAL_USER: {
    kind: "TEXT",
    heading: "Looked after by",
    description: "The printed name of the member of staff who looks after the user.",
    sql: (ctx) => sql`(SELECT ${printedNameSql("a")} FROM users a
      WHERE ${ctx.db.tenantIs("a")} AND a.id = n.assigned_internal_user_id${ruled(userVisible, ctx, "a")})`,
  },
  ASSIGNED_INTERNAL_USER_GUID: {
    kind: "WORD",
    heading: "Looked after by (guid)",
    description: "The guid of the member of staff who looks after the user.",
    extra: true,
    sql: own("assignedInternalUserId"),
  },
} satisfies Record<string, ColumnDeclaration>;

export type UserExportColumn = keyof typeof DECLARED;

/** A column with its name in JSON: the field's, e.g. `contactEmail`. */
export interface ExportColumn extends ColumnDeclaration {
  key: string;
}

const names = Object.keys(DECLARED) as UserExportColumn[];
export const UserExportColumn = Object.fromEntries(names.map((name) => [name, name])) as {
  [Name in UserExportColumn]: Name;
};

/** What the file tells unless it is told what to tell. */
export const USUAL_COLUMNS = names.filter((name) => !(DECLARED[name] as ColumnDeclaration).extra);

export const exportColumn = (name: UserExportColumn): ExportColumn => ({
  ...DECLARED[name],
  key: name.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
});

registerEnumType(UserExportColumn, {
  name: "UserExportColumn",
  description: `What an export may tell of each user. An object of JSON names it as the field of \`User\`, e.g. \`contactEmail\`; tables have headings. A value that is not known is null in JSON, an empty cell elsewhere. Usual are: ${USUAL_COLUMNS.join(", ")}.`,
  valuesConfig: Object.fromEntries(names.map((name) => [name, { description: DECLARED[name].description }])),
});
