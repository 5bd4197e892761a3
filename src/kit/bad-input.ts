import {
  type ASTNode,
  type ASTVisitor,
  coerceInputValue,
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  type GraphQLInputType,
  type GraphQLSchema,
  isNonNullType,
  Kind,
  typeFromAST,
  type ValidationContext,
  visit,
} from "graphql";
import { badUserInput } from "./errors.js";
import { isStorable } from "./text.js";

type Path = readonly (string | number)[];

const MOST_ERRORS = 20;
const ENOUGH = new Error("So many errors are told.");

/** One error for each place in the variables that does not fit its type, with the path of the place; the first ones. */
export function variableErrors(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
  variables: Record<string, unknown>,
): GraphQLError[] {
  const errors: GraphQLError[] = [];
  for (const definition of getOperationAST(document, operationName)?.variableDefinitions ?? []) {
    if (errors.length >= MOST_ERRORS) break;
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type as never) as GraphQLInputType | undefined;
    if (!type) continue;
    if (!Object.hasOwn(variables, name)) {
      if (isNonNullType(type) && !definition.defaultValue) {
        errors.push(badUserInput(`Variable "$${name}" is required.`, [name]));
      }
      continue;
    }
    try {
      coerceInputValue(variables[name], type, (path, _value, error) => {
        errors.push(badUserInput(`Variable "$${[name, ...path].join(".")}": ${error.message}`, [name, ...path]));
        // A long list of mistakes would take seconds to go through.
        if (errors.length >= MOST_ERRORS) throw ENOUGH;
      });
    } catch (error) {
      if (error !== ENOUGH) throw error;
    }
  }
  return errors;
}

/** No input of ours is a tenth as deep; without a limit a body of brackets alone would end the stack. */
const MAX_DEPTH = 100;

/** Refuses variables that hold a text that cannot be stored (NUL, lone surrogate), or that are nested without end. */
export function refuseUnstorable(value: unknown, path: Path = []): void {
  if (typeof value === "string" && !isStorable(value)) refuseVariables(UNSTORABLE, path);
  if (typeof value !== "object" || value === null) return;
  if (path.length > MAX_DEPTH) refuseVariables(`Nested more than ${MAX_DEPTH} deep.`, path.slice(0, 1));
  for (const [key, item] of Object.entries(value)) {
    if (!isStorable(key)) refuseVariables(UNSTORABLE, path);
    refuseUnstorable(item, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

const UNSTORABLE = "A text holds what cannot be stored: NUL, half a surrogate pair, or more than 30 marks on a letter.";

/** Before anything is executed, and so with a status: Apollo would take the request for one that we failed at. */
function refuseVariables(message: string, argument: Path): never {
  throw new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT", argument, http: { status: 400 } } });
}

/** The same for texts written into the document. */
export function StorableTextRule(context: ValidationContext): ASTVisitor {
  return {
    StringValue(node) {
      if (!isStorable(node.value)) {
        context.reportError(new GraphQLError(UNSTORABLE, { nodes: node }));
      }
    },
  };
}

/** The argument's path of a value in a document: "input", "email" for `f(input: { email: x })`. */
export function literalPath(document: DocumentNode, value: ASTNode): Path {
  let found: Path = [];
  const path: (string | number)[] = [];
  visit(document, {
    enter(node, key, parent) {
      if (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) path.push(node.name.value);
      else if (Array.isArray(parent) && typeof key === "number" && path.length > 0 && node.kind !== Kind.FIELD)
        path.push(key);
      if (node === value) found = [...path];
    },
    leave(node, key, parent) {
      if (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) path.pop();
      else if (Array.isArray(parent) && typeof key === "number" && path.length > 0 && node.kind !== Kind.FIELD)
        path.pop();
    },
  });
  return found;
}

export const isValueNode = (node: ASTNode | undefined): boolean => node?.kind.endsWith("Value") ?? false;
