import {
  type DocumentNode,
  type FieldNode,
  getNamedType,
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  getNullableType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from "graphql";
import { DEFAULT_SIZE, MAX_SIZE } from "./connection.js";
import type { Limits } from "./limits.js";

/** A list that nobody asks a length of, such as the fields of a form, counts as so many. */
const UNSAID = 10;

/**
 * Refuses an operation whose answer could hold more objects than allowed, by its list sizes, before any of it is read.
 * Connections count for what they ask, lists of references for what they name.
 */
export function refuseLargeAnswer(
  limits: Limits,
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode | undefined,
  variables: Record<string, unknown> = {},
): void {
  const fragments = new Map(
    document.definitions
      .filter((one) => one.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
  const known = new Map<string, number>();
  const longest = longestLists();

  /** The objects below one object of that type. */
  const below = (type: GraphQLNamedType | undefined, { selections }: SelectionSetNode): number => {
    let objects = 0;
    for (const node of selections) {
      if (node.kind === Kind.FIELD) objects += at(type, node);
      else if (node.kind === Kind.INLINE_FRAGMENT) {
        objects += below(schema.getType(node.typeCondition?.name.value ?? "") ?? type, node.selectionSet);
      } else objects += ofFragment(node.name.value);
    }
    return objects;
  };

  const ofFragment = (name: string): number => {
    let objects = known.get(name);
    if (objects === undefined) {
      const { typeCondition, selectionSet } = fragments.get(name)!;
      known.set(name, (objects = below(schema.getType(typeCondition.name.value), selectionSet)));
    }
    return objects;
  };

  const at = (type: GraphQLNamedType | undefined, node: FieldNode): number => {
    if (!node.selectionSet || !(isObjectType(type) || isInterfaceType(type))) return 0;
    const field = type.getFields()[node.name.value];
    const named = field && getNamedType(field.type);
    if (!named || !isCompositeType(named)) return 0;
    const argument = (name: string): unknown => {
      const given = node.arguments?.find((one) => one.name.value === name);
      return given && valueFromASTUntyped(given.value, variables);
    };
    const inner = below(named, node.selectionSet);
    if (named.name.endsWith("Connection")) return sizeOf(argument("first") ?? argument("last")) * inner;
    const isList = isListType(getNullableType(field.type));
    // A page's own lists are as long as the page, which is counted already.
    if (type.name.endsWith("Connection") || (type.name.endsWith("Edge") && !isList))
      return inner + (named.name.endsWith("Edge") ? 0 : 1);
    const references = argument("representations");
    if (Array.isArray(references) && references.length > limits.references)
      throw tooMuch(`${limits.references} references at most; these are ${references.length}.`, ["representations"]);
    const keys = argument("ids") ?? references;
    const asked = keys ?? (type.name.endsWith("Payload") ? variables : null);
    const length = !isList ? 1 : asked === null ? UNSAID : longest(asked);
    return length * (1 + inner);
  };

  if (!operation) return;
  const root = operation.operation === OperationTypeNode.MUTATION ? schema.getMutationType() : schema.getQueryType();
  const objects = root ? below(root, operation.selectionSet) : 0;
  if (objects > limits.objects) {
    throw tooMuch(
      `The answer could hold ${objects} objects; ${limits.objects} are allowed. Ask for smaller pages, or for fewer levels.`,
    );
  }
}

const tooMuch = (message: string, argument?: string[]): GraphQLError =>
  new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT", argument, http: { status: 400 } } });

/** Other sizes are refused where the page is read. */
const sizeOf = (asked: unknown): number =>
  typeof asked === "number" ? Math.min(Math.max(asked, 1), MAX_SIZE) : DEFAULT_SIZE;

/** The longest list in a value: no list of a payload is longer than its input's. Values are large; each is read once. */
function longestLists(): (value: unknown) => number {
  const known = new Map<object, number>();
  const longest = (value: unknown): number => {
    if (typeof value !== "object" || value === null) return 1;
    let length = known.get(value);
    if (length === undefined) {
      const items = Object.values(value).slice(0, 100);
      known.set(value, (length = Math.max(Array.isArray(value) ? value.length : 1, ...items.map(longest))));
    }
    return length;
  };
  return longest;
}
