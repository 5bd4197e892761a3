import type { OperationDefinitionNode } from "graphql";
import { Kind } from "graphql";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { DatabaseProbe, Replicas, TenantPool } from "./database/index.js";
import type { MailOutcome } from "./mail/index.js";

/** How many operations are told apart by their names: names are the clients' own, and each costs some thirty lines. */
const MOST_NAMED = 300;
const LONGEST_NAME = 100;
const UNKNOWN: OperationLabels = { type: "none", operation: "none", field: "none" };
/** A queue longer than this is not counted to its end: what a scrape costs stays small while a mail server is away. */
const MOST_COUNTED = 10_000;

const OTHER = "other";

interface OperationLabels {
  type: string;
  operation: string;
  field: string;
}

/** How an operation went. */
interface Observed {
  milliseconds: number;
  statements: number;
  errors: readonly string[] | undefined;
  /** Asked by nobody known, who shall not use up the names. */
  stranger: boolean;
}

/** What `/metrics` tells Prometheus. Every label's values are few, whatever clients send. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly duration = new Histogram({
    name: "graphql_operation_duration_seconds",
    help: "Time from the parsed request to its response.",
    labelNames: ["type", "operation", "field", "outcome"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  private readonly statements = new Counter({
    name: "graphql_operation_statements_total",
    help: "SQL statements run for operations.",
    labelNames: ["type", "operation", "field"],
    registers: [this.registry],
  });
  private readonly errors = new Counter({
    name: "graphql_errors_total",
    help: "Top-level errors in answers by code. What a mutation refuses stands in its payload and is none.",
    labelNames: ["code"],
    registers: [this.registry],
  });
  private readonly responses = new Counter({
    name: "http_responses_total",
    help: "Answers by route and status; 499: the client was gone before its answer.",
    labelNames: ["route", "status"],
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

  /** Those that were told apart so far, and which one a document's operation is. */
  private readonly named = new Set<string>();
  private readonly labels = new WeakMap<OperationDefinitionNode, OperationLabels>();

  constructor(pool: TenantPool, replicas: Replicas, probe: DatabaseProbe) {
    collectDefaultMetrics({ register: this.registry });
    const connections = new Gauge({
      name: "database_pool_connections",
      help: "Connections of each pool by state, callers waiting for one, and those whose lists are filtered or counted waiting for their turn.",
      labelNames: ["server", "state"],
      registers: [],
      collect() {
        const pools = [pool, ...replicas.all.map((replica) => replica.pool)];
        for (const [place, { totalCount, idleCount, callersWaiting, scans }] of pools.entries()) {
          const server = place === 0 ? "primary" : `replica ${place}`;
          this.set({ server, state: "total" }, totalCount);
          this.set({ server, state: "idle" }, idleCount);
          this.set({ server, state: "waiting" }, callersWaiting);
          this.set({ server, state: "waiting to scan" }, scans.waitingCount);
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
    this.registry.registerMetric(queueGauge(probe));
  }

  mail({ status }: MailOutcome): void {
    this.mails.inc({ status });
  }

  download({ status, rows }: { status: string; rows: number }): void {
    this.downloads.inc({ status });
    this.exportedRows.inc(rows);
  }

  response(route: string, status: number): void {
    this.responses.inc({ route, status });
  }

  observe(
    operation: OperationDefinitionNode | undefined,
    { milliseconds, statements, errors = [], stranger }: Observed,
  ): void {
    const labels = operation ? this.labelsOf(operation, stranger) : UNKNOWN;
    this.duration.observe({ ...labels, outcome: errors.length > 0 ? "errors" : "ok" }, milliseconds / 1000);
    this.statements.inc({ ...labels }, statements);
    for (const code of errors) this.error(code);
  }

  /** A top-level error of an answer. */
  error(code: string): void {
    this.errors.inc({ code });
  }

  private labelsOf(operation: OperationDefinitionNode, stranger: boolean): OperationLabels {
    const known = this.labels.get(operation);
    if (known) return known;
    const labels = this.name(operation, stranger);
    if (labels.operation !== OTHER) this.labels.set(operation, labels);
    return labels;
  }

  /**
   * The first so many names of callers with a token are told apart; others, and those too long to be read, by their first
   * root field alone.
   */
  private name({ operation: type, name, selectionSet }: OperationDefinitionNode, stranger: boolean): OperationLabels {
    const [first] = selectionSet.selections;
    const field = first?.kind === Kind.FIELD ? first.name.value : "none";
    const operation = name?.value ?? "anonymous";
    const key = `${type} ${operation} ${field}`;
    if (!this.named.has(key)) {
      const full = this.named.size >= MOST_NAMED;
      if (stranger || full || operation.length > LONGEST_NAME) return { type, operation: OTHER, field };
      this.named.add(key);
    }
    return { type, operation, field };
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }
}

/** Read at each scrape, for all servers; the numbers are absent while the database is. */
function queueGauge(probe: DatabaseProbe): Gauge {
  return new Gauge({
    name: "mail_queue",
    help: `Mails waiting, for how many seconds the first of them has been due, and mails given up within a day (counted up to ${MOST_COUNTED}).`,
    labelNames: ["measure"],
    registers: [],
    async collect() {
      this.reset();
      const [row] = await probe
        .read<{ waiting: number; overdue: number; failed: number }>(
          `SELECT (SELECT count(*)::integer FROM (SELECT FROM due_mails LIMIT ${MOST_COUNTED}) counted) AS waiting,
            coalesce(greatest(0, extract(epoch FROM now() - min(due_at))), 0)::float8 AS overdue,
            (SELECT count(*)::integer FROM (
              SELECT FROM failed_mails WHERE failed_at > now() - interval '1 day' LIMIT ${MOST_COUNTED}) counted) AS failed
            FROM due_mails`,
        )
        .catch(() => []);
      for (const [measure, value] of Object.entries(row ?? {})) this.set({ measure }, value);
    },
  });
}
