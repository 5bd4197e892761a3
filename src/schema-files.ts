import { writeFileSync } from "node:fs";
import { lexicographicSortSchema, printSchema } from "graphql";
import "reflect-metadata";
import { apiSchema, usersSdl } from "./schema.js";

/** What `npm run schema` writes and the schema test compares. */
export const schemaFiles = (): Record<string, string> => ({
  "schema/users.graphql": usersSdl({ nodeFields: true }),
  "schema/api.graphql": `${printSchema(lexicographicSortSchema(apiSchema({ nodeFields: true })))}\n`,
});

if (import.meta.filename === process.argv[1]) {
  for (const [file, text] of Object.entries(schemaFiles())) writeFileSync(file, text);
}
