import type { OperationDefinitionNode } from "graphql";
import { Kind } from "graphql";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Replicas, TenantPool } from "./database/index.js";
import type { MailOutcome } from "./mail/index.js";

/** A queue longer than this is not counted to its end: what a scrape costs stays small while a mail server is away. */
const MOST_COUNTED = 10_000;

/** What `/metrics` tells Prometheus. Operations are known by their first root field: a closed list, unlike their names. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly duration = new Histogram({
    name: "graphql_operation_duration_seconds",
    help: "Time from the parsed request to its response.",
    labelNames: ["type", "field", "outcome"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  private readonly statements = new Counter({
    name: "graphql_operation_statements_total",
    help: "SQL statements run for operations.",
    labelNames: ["type", "field"],
    registers: [this.registry],
  });
  private readonly mails = new Counter({
    name: "mail_attempts_total",
    help: "Attempts of this process to send a mail by how they left it: SENT, QUEUED for another, FAILED or CANCELLED.",
    labelNames: ["status"],
    registers: [this.registry],
  });

  private readonly downloads = new Counter({
    name: "export_downloads_total",
    help: "Downloads of exported files by how they ended: COMPLETED, or FAILED and so incomplete.",
    labelNames: ["status"],
    registers: [this.registry],
  });
  private readonly exportedRows = new Counter({
    name: "export_rows_total",
    help: "Users handed over in exported files.",
    registers: [this.registry],
  });

  constructor(pool: TenantPool, replicas: Replicas) {
    collectDefaultMetrics({ register: this.registry });
    const connections = new Gauge({
      name: "database_pool_connections",
      help: "Connections of each pool by state, and callers waiting for one.",
      labelNames: ["server", "state"],
      registers: [],
      collect() {
        const pools = [pool, ...replicas.all.map((replica) => replica.pool)];
        for (const [place, { totalCount, idleCount, waitingCount }] of pools.entries()) {
          const server = place === 0 ? "primary" : `replica ${place}`;
          this.set({ server, state: "total" }, totalCount);
          this.set({ server, state: "idle" }, idleCount);
          this.set({ server, state: "waiting" }, waitingCount);
        }
      },
    });
    const read = new Gauge({
      name: "database_replica_read",
      help: "1 while the replica answers, keeps up and is read; 0 while the primary is read in its place.",
      labelNames: ["server"],
      registers: [],
      collect() {
        for (const [index, { serving }] of replicas.all.entries()) {
          this.set({ server: `replica ${index + 1}` }, Number(serving));
        }
      },
    });
    this.registry.registerMetric(connections);
    this.registry.registerMetric(read);
    this.registry.registerMetric(queueGauge(pool));
  }

  mail({ status }: MailOutcome): void {
    this.mails.inc({ status });
  }

  download({ status, rows }: { status: string; rows: number }): void {
    this.downloads.inc({ status });
    this.exportedRows.inc(rows);
  }

  observe(
    operation: OperationDefinitionNode | undefined,
    milliseconds: number,
    statements: number,
    failed: boolean,
  ): void {
    const first = operation?.selectionSet.selections[0];
    const type = operation?.operation ?? "none";
    const field = first?.kind === Kind.FIELD ? first.name.value : "none";
    this.duration.observe({ type, field, outcome: failed ? "errors" : "ok" }, milliseconds / 1000);
    this.statements.inc({ type, field }, statements);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }
}

/** Read at each scrape, for all servers; both numbers are absent while the database is. */
function queueGauge(pool: TenantPool): Gauge {
  return new Gauge({
    name: "mail_queue",
    help: `Mails waiting (counted up to ${MOST_COUNTED}), and for how many seconds the first of them has been due.`,
    labelNames: ["measure"],
    registers: [],
    async collect() {
      this.reset();
      const { rows } = await pool
        .query<{ waiting: number; overdue: number }>(
          `SELECT (SELECT count(*)::integer FROM (SELECT FROM due_mails LIMIT ${MOST_COUNTED}) counted) AS waiting,
            coalesce(greatest(0, extract(epoch FROM now() - min(due_at))), 0)::float8 AS overdue FROM due_mails`,
        )
        .catch(() => ({ rows: [] }));
      for (const [measure, value] of Object.entries(rows[0] ?? {})) this.set({ measure }, value);
    },
  });
}
