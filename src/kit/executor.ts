import { createHash } from "node:crypto";
import type { ApolloServerOptionsWithGateway } from "@apollo/server";
import { type DocumentNode, execute, type ExecutionResult, type GraphQLSchema, printSchema } from "graphql";
import { variableErrors } from "./bad-input.js";
import { compile, type Compiled } from "./compile.js";
import type { Context } from "./context.js";

export type Executor = (request: {
  document: DocumentNode;
  operationName: string | undefined;
  variables: Record<string, unknown>;
  context: Context;
  /** Names the document: the same text has the same hash. */
  hash: string;
}) => Promise<ExecutionResult>;

/** graphql-js itself: what the compiled executor has to agree with. */
export const plainExecutor =
  (schema: GraphQLSchema): Executor =>
  async ({ document, operationName, variables, context }) =>
    checked(
      schema,
      document,
      operationName,
      variables,
      await execute({ schema, document, operationName, variableValues: variables, contextValue: context }),
    );

const MAX_COMPILED = 500;
const MAX_SEEN = 5_000;

/**
 * Compiles a document to JavaScript when it comes a second time, and keeps the newest. A flood of documents that are
 * all different costs no compilation, only the plain way.
 */
export function compilingExecutor(schema: GraphQLSchema): Executor {
  const plain = plainExecutor(schema);
  const compiled = new Map<string, Compiled | null>();
  const seen = new Set<string>();

  return async (request) => {
    const { document, operationName, variables, context, hash } = request;
    const key = operationName === undefined ? hash : `${hash} ${operationName}`;
    let query = compiled.get(key);
    if (query === undefined) {
      if (!seen.has(key)) {
        if (seen.size >= MAX_SEEN) seen.delete(seen.values().next().value!);
        seen.add(key);
        return plain(request);
      }
      query = compile(schema, document, operationName);
      if (compiled.size >= MAX_COMPILED) compiled.delete(compiled.keys().next().value!);
      compiled.set(key, query);
    }
    return (await query?.(variables, context)) ?? plain(request);
  };
}

/** Variables that do not fit their types are told with the path of each, alike by both executors. */
function checked(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
  variables: Record<string, unknown>,
  result: ExecutionResult,
): ExecutionResult {
  if (result.data !== undefined) return result;
  const errors = variableErrors(schema, document, operationName, variables);
  return errors.length > 0 ? { errors } : result;
}

/**
 * Hands an executor to Apollo Server. A gateway object is its one public hook for that, and it also leaves out the
 * wrapping of every field, which costs more than most fields.
 */
export function executorGateway(
  schema: GraphQLSchema,
  executor: Executor,
): ApolloServerOptionsWithGateway<Context>["gateway"] {
  return {
    load: async () => ({
      executor: async ({ document, operationName, request, context, queryHash, source }) =>
        executor({
          document,
          operationName: operationName ?? undefined,
          variables: (request.variables ?? {}) as Record<string, unknown>,
          context: context as Context,
          hash: queryHash ?? createHash("sha256").update(source).digest("hex"),
        }),
    }),
    onSchemaLoadOrUpdate: (callback) => {
      callback({ apiSchema: schema, coreSupergraphSdl: printSchema(schema) });
      return () => {};
    },
    stop: async () => {},
  };
}
