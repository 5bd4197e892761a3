import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { serve } from "./service.js";

export interface PostgraphileSettings {
  databaseUrl: string;
  poolMax: number;
  /** The folder with its package.json, where it is installed. */
  installed: string;
}

/** Its packages are not there when this is compiled. */
type Library = Record<string, any>;

/** PostGraphile as its documentation would have it in production: nothing but /graphql, and no transaction for reads. */
serve(async ({ databaseUrl, poolMax, installed }: PostgraphileSettings) => {
  const library = createRequire(join(installed, "package.json")) as (name: string) => Library;
  const { postgraphile } = library("postgraphile");
  const { PostGraphileAmberPreset } = library("postgraphile/presets/amber");
  const { PgSimplifyInflectionPreset } = library("@graphile/simplify-inflection");
  const { makePgService } = library("postgraphile/adaptors/pg");
  const { grafserv } = library("postgraphile/grafserv/node");
  const preset = {
    extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset],
    plugins: [searchCondition(library("postgraphile/utils"))],
    // Statements are named, and so prepared, by default. Without pgSettings a request needs no transaction.
    pgServices: [
      makePgService({
        connectionString: databaseUrl,
        schemas: ["bench"],
        poolConfig: { max: poolMax, statement_timeout: 5_000 },
      }),
    ],
    // Only what is asked for: lists cost less than connections, ids of its own would be taken apart by nobody.
    schema: { defaultBehavior: "-connection +list -insert -update -delete -node" },
    grafast: { explain: false },
    grafserv: { graphiql: false, websockets: false, watch: false, outputDataAsString: true },
  };
  const server = createServer();
  const serv = postgraphile(preset).createServ(grafserv);
  await serv.ready();
  await serv.addTo(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
});

/** `users(condition: { search: "%a pattern%" })`. */
const searchCondition = ({ addPgTableCondition }: Library): unknown =>
  addPgTableCondition(
    { schemaName: "bench", tableName: "users" },
    "search",
    ({ sql, graphql, dataplanPg: { sqlValueWithCodec, TYPES } }: Library) => ({
      type: graphql.GraphQLString,
      apply(condition: Library, pattern: string) {
        condition.where(sql`${condition.alias}.search_text LIKE ${sqlValueWithCodec(pattern, TYPES.text)}`);
      },
    }),
  );
