import { auditWrites } from "../kit/index.js";
import { AuditEvent } from "./audit-event.js";
import { auditEventByGuid, AuditQueries } from "./queries.js";
import { writeEvent } from "./write-event.js";

auditWrites(writeEvent);

export const audit = {
  resolvers: [AuditQueries],
  tables: [AuditEvent],
  nodes: { AuditEvent: auditEventByGuid },
};

export { systemEvent, writeEvent } from "./write-event.js";
