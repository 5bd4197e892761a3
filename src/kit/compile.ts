import {
  type DocumentNode,
  type ExecutionResult,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  type GraphQLInputType,
  GraphQLScalarType,
  GraphQLSchema,
  Kind,
  type NamedTypeNode,
  type NameNode,
  separateOperations,
  TypeInfo,
  type TypeNode,
  type ValueNode,
  valueFromAST,
  type VariableDefinitionNode,
  type VariableNode,
  visit,
  visitWithTypeInfo,
} from "graphql";
import { compileQuery, isCompiledQuery } from "graphql-jit";
import type { Context } from "./context.js";

/** Answers a request; null when this one has to be run in the plain way, which tells what is wrong with it. */
export type Compiled = (variables: Record<string, unknown>, context: Context) => Promise<ExecutionResult | null>;

/** An argument's value as it stands in the document. */
interface Literal {
  variable: string;
  value: ValueNode;
  type: GraphQLInputType;
}

/**
 * Compiles one operation with graphql-jit; null when it cannot be compiled. Values never reach the compiler: literal
 * arguments become variables, and all variables are read by graphql-js and handed over as they are. Left to itself,
 * graphql-jit 0.8.9 writes literals into the generated code, where a text of a certain form is run as code
 * (`objectStringify`), gives null for a variable left out inside an object, and ignores defaults of non-null values.
 */
export function compile(schema: GraphQLSchema, document: DocumentNode, operationName?: string): Compiled | null {
  const separate = separateOperations(document)[operationName ?? getOperationAST(document)?.name?.value ?? ""];
  const definitions = separate && getOperationAST(separate)?.variableDefinitions;
  if (!separate || !definitions || isRisky(separate)) return null;
  const literals: Literal[] = [];
  const query = compileQuery(withRawValues(schema), withoutValues(schema, separate, literals), operationName, {
    // The older way answers wrongly where a fragment is spread both with and without a condition.
    useExperimentalPathBasedSkipInclude: true,
  });
  if (!isCompiledQuery(query)) return null;

  return async (variables, context) => {
    const { coerced } = getVariableValues(schema, definitions, variables);
    if (!coerced) return null;
    const values = { ...coerced };
    for (const { variable, value, type } of literals) {
      values[variable] = valueFromAST(value, type, coerced);
      if (values[variable] === undefined) return null;
    }
    const { data, errors } = await query.query(undefined, context, values);
    return { ...(errors && { errors: errors.map(regularError) }), data: data ?? null };
  };
}

/**
 * What graphql-jit answers wrongly: an alias `__proto__`, and a fragment spread twice where a condition stands on one of
 * the two. Names that begin like our own variables are left to graphql-js altogether.
 */
function isRisky(document: DocumentNode): boolean {
  let reserved = false;
  let conditional = false;
  let repeated = false;
  const spread = new Set<string>();
  visit(document, {
    Name({ value }) {
      reserved ||= value.startsWith("__") && value !== "__typename";
    },
    InlineFragment({ directives = [] }) {
      conditional ||= directives.length > 0;
    },
    FragmentSpread({ directives = [], name: { value } }) {
      conditional ||= directives.length > 0;
      repeated ||= spread.has(value);
      spread.add(value);
    },
  });
  return reserved || (conditional && repeated);
}

/** graphql-jit's errors as graphql-js makes them: `extensions` is always there. */
function regularError({ message, path, locations, originalError, extensions }: GraphQLError): GraphQLError {
  return Object.assign(new GraphQLError(message, { path, originalError, extensions }), { locations });
}

const Raw = new GraphQLScalarType({ name: "__Raw", parseValue: (value) => value });
const name = (value: string): NameNode => ({ kind: Kind.NAME, value });
const RAW: NamedTypeNode = { kind: Kind.NAMED_TYPE, name: name(Raw.name) };

const rawSchemas = new WeakMap<GraphQLSchema, GraphQLSchema>();

/** The same schema with a type for values that are taken as they are. */
function withRawValues(schema: GraphQLSchema): GraphQLSchema {
  let raw = rawSchemas.get(schema);
  if (!raw) {
    const config = schema.toConfig();
    raw = new GraphQLSchema({ ...config, types: [...config.types, Raw], assumeValid: true });
    rawSchemas.set(schema, raw);
  }
  return raw;
}

/** The document with a variable in place of every literal argument, and all variables of the raw type. */
function withoutValues(schema: GraphQLSchema, document: DocumentNode, literals: Literal[]): DocumentNode {
  const types = new TypeInfo(schema);
  const { definitions } = visit(
    document,
    visitWithTypeInfo(types, {
      // graphql-jit demands booleans of @skip and @include, and writes nothing else of a directive.
      Directive: () => false,
      Argument(node) {
        if (node.value.kind === Kind.VARIABLE) return undefined;
        const variable = `__${literals.length}`;
        literals.push({ variable, value: node.value, type: types.getArgument()!.type });
        return { ...node, value: variableNode(variable) };
      },
    }),
  );
  const added = literals.map(({ variable }) => rawVariable(variableNode(variable)));
  return {
    kind: Kind.DOCUMENT,
    definitions: definitions.map((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION
        ? { ...definition, variableDefinitions: [...(definition.variableDefinitions ?? []).map(asRaw), ...added] }
        : definition,
    ),
  };
}

const variableNode = (variable: string): VariableNode => ({ kind: Kind.VARIABLE, name: name(variable) });

const rawVariable = (variable: VariableNode): VariableDefinitionNode => ({
  kind: Kind.VARIABLE_DEFINITION,
  variable,
  type: RAW,
});

const asRaw = (definition: VariableDefinitionNode): VariableDefinitionNode =>
  isBoolean(definition.type) ? definition : rawVariable(definition.variable);

function isBoolean(type: TypeNode): boolean {
  return type.kind === Kind.NON_NULL_TYPE
    ? isBoolean(type.type)
    : type.kind === Kind.NAMED_TYPE && type.name.value === "Boolean";
}
