import { v7 as uuidv7 } from "uuid";
import { Field, InputType, Resolver } from "type-graphql";
import {
  type Context,
  lengthOf,
  payloadOf,
  Refusal,
  refuse,
  sql,
  usersError,
  UsersErrorCode,
  Write,
} from "../../kit/index.js";
import { USUAL_COLUMNS, UserExportColumn } from "../exports/columns.js";
import { UserExportFormat } from "../exports/formats.js";
import { exporters, isLiveSql, KEPT_DAYS, LINK_MILLISECONDS, requesterOf, UserExport } from "../exports/user-export.js";
import { UserChoiceInput, userList, userSelection } from "../user-list.js";

/** How many links one may have that work. */
const MOST_LIVE = 10;

@InputType()
class ExportUsersInput extends UserChoiceInput {
  @Field(() => [UserExportColumn], {
    nullable: true,
    description: "What to tell of each user, in this order, each column once. Null: the usual ones.",
  })
  columns?: UserExportColumn[] | null;

  @Field(() => UserExportFormat, { nullable: true, description: "The form of the file. Null: CSV." })
  format?: UserExportFormat | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Begin a CSV file with U+FEFF, by which Excel knows that it is UTF-8; other readers may take it for a part of the first heading. Null: false. True is refused for other formats.",
  })
  byteOrderMark?: boolean | null;
}

const ExportUsersPayload = payloadOf(
  "ExportUsers",
  { userExport: () => UserExport },
  { userExport: "The export, with its `downloadUrl`. Null when the mutation refused." },
);

@Resolver()
export class ExportUsers {
  @Write({
    input: () => ExportUsersInput,
    payload: () => ExportUsersPayload,
    scans: true,
    allow: exporters,
    description: `Makes a link by which the caller downloads, as a file, the users that \`users\` lists for the same arguments, in the same order. Refuses with TOO_MANY_ROWS when there are more than a file may hold (1,000,000 unless the operator says otherwise), with LIMIT when ${MOST_LIVE} links of the caller work already. Closed to impersonated sessions.`,
  })
  async exportUsers(input: ExportUsersInput, ctx: Context): Promise<{ userExport: UserExport }> {
    const { db, now, viewer, deployment } = ctx;
    const { type = null, filter = null, search = null, orderBy = null, format, byteOrderMark } = input;
    const choice = { type, filter, search, orderBy };
    const selection = userSelection(choice, ctx, ["input"]);
    const columns = columnsOf(input);
    const form = format ?? UserExportFormat.CSV;
    if (byteOrderMark && form !== UserExportFormat.CSV) {
      refuse(UsersErrorCode.INVALID, "Only CSV may begin with a byte order mark.", "byteOrderMark");
    }
    await refuseManyLinks(ctx);
    const rowCount = await lengthOf(ctx, userList, selection, deployment.exportMaxRows + 1);
    if (rowCount > deployment.exportMaxRows) {
      refuse(UsersErrorCode.TOO_MANY_ROWS, `More than ${deployment.exportMaxRows} users. Narrow the filter.`);
    }
    const userExport = await db.insert(UserExport, {
      guid: uuidv7(),
      ...requesterOf(viewer),
      choice,
      columns,
      format: form,
      byteOrderMark: byteOrderMark ?? false,
      rowCount,
      createdAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + LINK_MILLISECONDS).toISOString(),
    });
    return { userExport };
  }
}

function columnsOf({ columns }: ExportUsersInput): UserExportColumn[] {
  if (columns == null) return USUAL_COLUMNS;
  if (columns.length === 0) refuse(UsersErrorCode.REQUIRED, "A file has one column at least.", "columns");
  const again = columns.flatMap((column, index) => (columns.indexOf(column) < index ? [index] : []));
  if (again.length > 0) {
    throw new Refusal(
      again.map((index) =>
        usersError(UsersErrorCode.DUPLICATED_INPUT_ITEM, "This column is named already.", `columns.${index}`),
      ),
    );
  }
  return columns;
}

/** Refuses one link too many, and forgets the tenant's old requests. Requests of one caller wait for each other. */
async function refuseManyLinks({ db, now, viewer }: Context): Promise<void> {
  const requester = `exports of ${db.tenantId} ${viewer.kind} ${viewer.id}`;
  await db.query(sql`SELECT pg_advisory_xact_lock(hashtextextended(${requester}, 0))`, { prepare: true });
  const { userId, serviceId } = requesterOf(viewer);
  const kept = new Date(now.getTime() - KEPT_DAYS * 86_400_000);
  const [live] = await db.query<{ count: string }>(
    sql`WITH forgotten AS (DELETE FROM user_exports f WHERE ${db.tenantIs("f")} AND f.created_at < ${kept})
      SELECT count(*) FROM user_exports n WHERE ${db.tenantIs("n")} AND ${isLiveSql("n", now)}
        AND (n.user_id = ${userId} OR n.service_id = ${serviceId})`,
    { prepare: true },
  );
  if (Number(live!.count) >= MOST_LIVE) {
    refuse(UsersErrorCode.LIMIT, `${MOST_LIVE} links work already. Take one back, or wait until one expires.`);
  }
}
