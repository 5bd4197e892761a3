import {
  type Context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { ExportResultCode, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { StatementTrace } from "./database/index.js";
import { type MailDelivery, type MailOutcome, MailStatus } from "./mail/index.js";
import { isProbe } from "./http/index.js";

/** Traces of what this process does, on their way to a collector. */
export interface Tracing {
  /** Traces every request, in the trace that its `traceparent` names. */
  requests(app: FastifyInstance): void;
  /** Traces an attempt to send a mail that began at that time of `performance.now()`. */
  mail(mail: MailDelivery, outcome: MailOutcome, start: number): void;
  /** Sends what is left, for as long as that may take at the end of a process. */
  stop(): Promise<void>;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Hears of the request's statements, where they are recorded. */
    trace: StatementTrace | undefined;
  }
}

const SERVICE = "users-subgraph";
/** How long the end of a process waits for a collector that does not answer. */
const STOP_MILLISECONDS = 3_000;
/** A statement that answers a whole document may be longer than anybody reads. */
const LONGEST_VALUE = 4_000;
/** What went wrong on our side; of anything else the caller is told, and the trace is none of a failure. */
const FAULTS = new Set(["INTERNAL_SERVER_ERROR", "UNAVAILABLE", "TIMEOUT"]);

/**
 * Traces by OpenTelemetry, sent as OTLP over HTTP. Spans hold the text of statements, where parameters stand for values,
 * and names of operations; never a document, a variable, a token or a person.
 */
export function openTelemetry(endpoint: string, log: Logger): Tracing {
  const exporter = heard(new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }), log);
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ "service.name": SERVICE }))
      .merge(detectResources({ detectors: [serviceInstanceIdDetector, envDetector] })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
    spanLimits: { attributeValueLengthLimit: LONGEST_VALUE },
  });
  const tracer = provider.getTracer(SERVICE);
  const propagator = new W3CTraceContextPropagator();

  const statementsOf =
    (within: Context): StatementTrace =>
    (text, start, failure) => {
      const summary = summaryOf(text);
      const attributes = { "db.system.name": "postgresql", "db.query.summary": summary, "db.query.text": text };
      const span = tracer.startSpan(summary, { kind: SpanKind.CLIENT, startTime: start, attributes }, within);
      if (failure !== undefined) fail(span, (failure as { code?: string }).code ?? "error");
      span.end(performance.now());
    };

  return {
    requests: (app) => {
      app.decorateRequest("trace");
      app.addHook("onRequest", (request, reply, done) => {
        const { method, headers, routeOptions } = request;
        const { url: route } = routeOptions;
        if (isProbe(route)) return done();
        const parent = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
        const attributes = { "http.request.method": method, ...(route !== undefined && { "http.route": route }) };
        const span = tracer.startSpan(
          route ? `${method} ${route}` : method,
          { kind: SpanKind.SERVER, attributes },
          parent,
        );
        if (span.isRecording()) request.trace = statementsOf(trace.setSpan(parent, span));
        const { traceId, spanId } = span.spanContext();
        request.log = reply.log = request.log.child({ trace_id: traceId, span_id: spanId });
        reply.raw.once("close", () => finish(span, request, reply));
        done();
      });
    },
    mail: ({ guid, kind, attempts }, { status }, start) => {
      const attributes = { "mail.id": guid, "mail.kind": kind, "mail.attempts": attempts, "mail.status": status };
      const span = tracer.startSpan("send mail", { kind: SpanKind.CLIENT, startTime: start, attributes }, ROOT_CONTEXT);
      if ([MailStatus.FAILED, MailStatus.QUEUED].includes(status)) fail(span, status);
      span.end(performance.now());
    },
    stop: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_MILLISECONDS)));
      // What a collector does not take is lost, and nothing else.
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

function finish(span: Span, { asked }: FastifyRequest, { raw, statusCode }: FastifyReply): void {
  const { operation, errors = [] } = asked ?? {};
  if (operation) {
    const { operation: type, name } = operation;
    span.updateName(name ? `${type} ${name.value}` : type);
    span.setAttribute("graphql.operation.type", type);
    if (name) span.setAttribute("graphql.operation.name", name.value);
  }
  if (raw.writableFinished) span.setAttribute("http.response.status_code", statusCode);
  const fault = errors.find((code) => FAULTS.has(code)) ?? (statusCode >= 500 ? `${statusCode}` : undefined);
  if (fault !== undefined) fail(span, fault);
  span.end();
}

/** Without a message, which may quote a value. */
function fail(span: Span, type: string): void {
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** What a statement does, and to which table first: `SELECT users`. */
function summaryOf(text: string): string {
  const [, operation = ""] = /(\w+)/.exec(text) ?? [];
  const [, table = ""] = /\b(?:FROM|INTO|UPDATE) (\w+)/.exec(text) ?? [];
  return `${operation} ${table}`.trim();
}

/** Says once that traces do not arrive, and once that they do again. */
function heard(exporter: SpanExporter, log: Logger): SpanExporter {
  let lost = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const fails = result.code === ExportResultCode.FAILED;
        if (fails && !lost) log.warn({ err: result.error }, "traces do not arrive, and are lost");
        if (!fails && lost) log.info("traces arrive again");
        lost = fails;
        done(result);
      }),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}
