import { createHash } from "node:crypto";
import type { ApolloServerOptionsWithGateway } from "@apollo/server";
import {
  type DocumentNode,
  execute,
  type ExecutionResult,
  type FormattedExecutionResult,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  OperationTypeNode,
  printSchema,
} from "graphql";
import { LRUCache } from "lru-cache";
import { variableErrors } from "./bad-input.js";
import type { Entities } from "./federation.js";
import { compileRead, type CompiledRead, JsonText } from "./compiled-read.js";
import { type Context, settle } from "./context.js";
import { failure } from "./public-error.js";

export type Executor = (request: {
  document: DocumentNode;
  operationName: string | undefined;
  variables: Record<string, unknown>;
  context: Context;
  /** Names the document: the same text has the same hash. */
  hash: string;
}) => Promise<ExecutionResult>;

/**
 * graphql-js and the loaders: what compiled reads have to agree with. Variables that do not fit their types are told
 * with the path of each.
 */
export const plainExecutor =
  (schema: GraphQLSchema): Executor =>
  async ({ document, operationName, variables, context }) => {
    // Each write makes sure of who asks in its own transaction; a document that comes to none has yet to be.
    const writes = getOperationAST(document, operationName)?.operation === OperationTypeNode.MUTATION;
    const refused = writes && context.still ? null : await settled(context);
    if (refused) return refused;
    const result = await execute({
      schema,
      document,
      operationName,
      variableValues: variables,
      contextValue: context,
    });
    const late = await settled(context);
    if (late) return late;
    if (result.data && isLong(result.data)) return { data: null, errors: [tooLong(writes)] };
    // Too much is told once. What was written is told, too; of what was only read there is no half.
    if (context.budget?.exceeded) return { data: writes ? result.data! : null, errors: [...new Set(result.errors)] };
    if (result.data !== undefined) return result;
    const errors = variableErrors(schema, document, operationName, variables);
    return errors.length > 0 ? { errors } : result;
  };

/** Of an answer's texts: whoever writes a long answer keeps everybody else waiting, and some are longer than a string can be. */
const MOST_CHARACTERS = 10_000_000;

/** Counts no more than the answer has as JSON, and no further than it has to. */
function isLong(data: object): boolean {
  let left = MOST_CHARACTERS;
  const takes = (value: unknown): boolean => {
    left -= typeof value === "string" ? value.length : 1;
    if (left < 0) return true;
    if (typeof value !== "object" || value === null) return false;
    if (Array.isArray(value)) return value.some(takes);
    return Object.entries(value).some(([key, item]) => {
      left -= key.length;
      return takes(item);
    });
  };
  return takes(data);
}

const tooLong = (writes: boolean): GraphQLError =>
  new GraphQLError(
    `The answer has more than ${MOST_CHARACTERS} characters. Ask for smaller pages, or for fewer fields.${
      writes ? " The mutation was run all the same." : ""
    }`,
    { extensions: { code: "BAD_USER_INPUT" } },
  );

/** Makes sure of who asks; the answer where they may not, or cannot be read. */
async function settled(context: Context): Promise<ExecutionResult | null> {
  try {
    await settle(context);
    return null;
  } catch (thrown) {
    return { errors: [failure(thrown as Error)] };
  }
}

/** Characters of all documents that are compiled: in memory each takes some hundred bytes. */
const MOST_COMPILED = 400_000;
const MAX_SEEN = 5_000;

/**
 * Reads a document by one statement where all it selects is declared as data, from the second time it comes; whatever
 * else goes the plain way. A flood of documents that are all different compiles nothing.
 */
export function compilingExecutor(schema: GraphQLSchema, api: GraphQLSchema, entities: Entities): Executor {
  const plain = plainExecutor(schema);
  const compiled = new LRUCache<string, { read: CompiledRead | null; length: number }>({
    maxSize: MOST_COMPILED,
    sizeCalculation: ({ length }) => length,
  });
  const seen = new LRUCache<string, true>({ max: MAX_SEEN });
  /** What came to too much in a tenant is not tried again soon. */
  const large = new LRUCache<string, true>({ max: MAX_SEEN, ttl: 60_000 });

  return async (request) => {
    const { document, operationName, variables, context, hash } = request;
    // Whoever is remembered is made sure of by the statement itself.
    const refused = context.still ? null : await settled(context);
    if (refused) return refused;
    // Nobody without a token makes us compile.
    if (context.viewer.kind === "ANONYMOUS") return plain(request);
    // Not by the operation's name, which may be as long as a body.
    const key = `${hash} ${document.definitions.indexOf(getOperationAST(document, operationName)!)}`;
    let known = compiled.get(key);
    if (!known) {
      if (!seen.has(key)) {
        seen.set(key, true);
        return plain(request);
      }
      const read = compileRead(schema, api, entities, document, operationName);
      known = { read, length: document.loc!.source.body.length };
      compiled.set(key, known);
    }
    const place = context.budget && `${context.viewer.tenantId} ${key}`;
    if (!known.read || (place && large.has(place))) return plain(request);
    const answer = await known.read(context, variables);
    if (!answer && place) large.set(place, true);
    // Whether one that may be too long is, the plain way tells.
    const data = answer?.data as JsonText | null | undefined;
    return !answer || (data && data.text.length > MOST_CHARACTERS) ? plain(request) : answer;
  };
}

/** Writes an answer: what PostgreSQL has written as JSON passes through as it is. */
export const stringifyResult = ({ data, ...rest }: FormattedExecutionResult): string =>
  data instanceof JsonText && !rest.errors && !rest.extensions
    ? `{"data":${data.text}}\n`
    : `${JSON.stringify({ ...rest, data })}\n`;

/** A schema for Apollo Server, and who runs its documents. */
export interface Executable {
  schema: GraphQLSchema;
  executor: Executor;
  /** Runs what a router wants traced, over that very schema, whose fields Apollo Server then wraps. */
  traced?: Executor;
}

const isTraced = (headers: { get(name: string): string | null | undefined } | undefined): boolean =>
  headers?.get("apollo-federation-include-trace") === "ftv1";

/**
 * Hands executors to Apollo Server. A gateway object is its one public hook for that, and it also leaves out the wrapping
 * of every field, which costs more than most fields.
 */
export function executorGateway({
  schema,
  executor,
  traced,
}: Executable): ApolloServerOptionsWithGateway<Context>["gateway"] {
  return {
    load: async () => ({
      executor: async ({ document, request, context, queryHash, source }) =>
        (traced && isTraced(request.http?.headers) ? traced : executor)({
          document,
          operationName: request.operationName ?? undefined,
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
