import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { serve } from "./service.js";
import { type WorkloadName, workloads } from "./workloads.js";

export interface LimitSettings {
  databaseUrl: string;
  poolMax: number;
}

/** What could be had at best: a workload's name as path, its parameters as body, one statement's text as answer. */
serve(async ({ databaseUrl, poolMax }: LimitSettings) => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: poolMax });
  const answer = async (request: IncomingMessage): Promise<string> => {
    const name = request.url!.slice(1) as WorkloadName;
    const values = JSON.parse(await textOf(request)) as unknown[];
    const { rows } = await pool.query<{ answer: string }>({ name, text: workloads[name].statement, values });
    return rows[0]!.answer;
  };
  const server = createServer((request, response) => {
    answer(request).then(
      (text) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
        return response.end(text);
      },
      (error: Error) => response.writeHead(500).end(error.message),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
