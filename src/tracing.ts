import type { Logger } from "pino";
import type { Config } from "./config.js";
import type { Tracing } from "./open-telemetry.js";

export type { Tracing } from "./open-telemetry.js";

/** OpenTelemetry is loaded where a collector is named: whoever has none pays nothing for it. */
export async function tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: url }: Config, log: Logger): Promise<Tracing | undefined> {
  if (url === undefined) return undefined;
  const { openTelemetry } = await import("./open-telemetry.js");
  return openTelemetry(url, log);
}
