import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { until } from "./smtp.js";

/** A span as it came over the wire, its attributes by name. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  /** 2: of a server, 3: of a client. */
  kind: number;
  /** 2: failed. */
  status: number;
  attributes: Record<string, unknown>;
  /** Of whoever sent it. */
  resource: Record<string, unknown>;
}

export interface TestCollector {
  url: string;
  spans: ReceivedSpan[];
  /** All that was sent, as it was sent. */
  bodies: string[];
  /** The first span that is so, once it is there. */
  span(is: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan>;
}

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}
interface SentSpan extends Omit<ReceivedSpan, "attributes" | "status" | "resource"> {
  attributes: KeyValue[];
  status: { code?: number };
}
interface Sent {
  resourceSpans: { resource: { attributes: KeyValue[] }; scopeSpans: { spans: SentSpan[] }[] }[];
}

const valuesOf = (attributes: KeyValue[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/**
 * What takes OpenTelemetry's traces, as OTLP/JSON over HTTP on a free port, for one test file; or, mute, takes them and
 * never answers. Call it at the top level of the file.
 */
export async function collector({ mute = false } = {}): Promise<TestCollector> {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    bodies.push(body);
    if (mute) return;
    const { resourceSpans } = JSON.parse(body) as Sent;
    for (const { resource, scopeSpans } of request.url === "/v1/traces" ? resourceSpans : []) {
      for (const { attributes, status, ...span } of scopeSpans.flatMap((scope) => scope.spans)) {
        const values = { attributes: valuesOf(attributes), resource: valuesOf(resource.attributes) };
        spans.push({ ...span, ...values, status: status.code ?? 0 });
      }
    }
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    span: (is) => until(() => spans.find(is)),
  };
}
