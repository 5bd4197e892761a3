import { exportByGuid, UserExport } from "./exports/user-export.js";
import { ExportQueries, FieldsOfUserExport } from "./exports/queries.js";
import { ExportUsers } from "./mutations/export-users.js";
import { RevokeUserExport } from "./mutations/revoke-user-export.js";
import { DirectoryQueries } from "./queries.js";

export const directory = {
  resolvers: [DirectoryQueries, ExportQueries, FieldsOfUserExport, ExportUsers, RevokeUserExport],
  tables: [UserExport],
  nodes: { UserExport: exportByGuid },
} as const;

export { exportDownloads } from "./exports/download.js";
export { USUAL_COLUMNS, UserExportColumn } from "./exports/columns.js";
export { UserExportFormat } from "./exports/formats.js";
export { UserExport, UserExportStatus } from "./exports/user-export.js";
