import {
  type DocumentNode,
  type FieldNode,
  getNamedType,
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
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
 * Refuses an operation whose answer could hold more values than allowed, by its list sizes, before any of it is read.
 * Connections count for what they ask, lists of references for what they name.
 */
export function refuseLargeAnswer(
  limits: Limits,
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode | undefined,
  sent: Record<string, unknown> = {},
): void {
  const variables = operation ? withDefaults(operation, sent) : {};
  const fragments = new Map(
    document.definitions
      .filter((one) => one.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
  const known = new Map<string, number>();
  const longest = longestLists();

  /** The values below one object of that type; below a page or a payload, whose lists are all that long. */
  const below = (type: GraphQLNamedType | undefined, { selections }: SelectionSetNode, page = 1): number => {
    let values = 0;
    for (const node of selections) {
      if (node.kind === Kind.FIELD) values += at(type, node, page);
      else if (node.kind === Kind.INLINE_FRAGMENT) {
        values += below(schema.getType(node.typeCondition?.name.value ?? "") ?? type, node.selectionSet, page);
      } else values += ofFragment(node.name.value, page);
    }
    return values;
  };

  const ofFragment = (name: string, page: number): number => {
    const key = `${name} ${page}`;
    let values = known.get(key);
    if (values === undefined) {
      const { typeCondition, selectionSet } = fragments.get(name)!;
      known.set(key, (values = below(schema.getType(typeCondition.name.value), selectionSet, page)));
    }
    return values;
  };

  const at = (type: GraphQLNamedType | undefined, node: FieldNode, page: number): number => {
    if (!node.selectionSet) return 1;
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
    if (!field) return 0;
    const named = getNamedType(field.type);
    const argument = (name: string): unknown => {
      const given = node.arguments?.find((one) => one.name.value === name);
      return given && valueFromASTUntyped(given.value, variables);
    };
    if (named.name.endsWith("Connection"))
      return 1 + below(named, node.selectionSet, sizeOf(argument("first") ?? argument("last")));
    // No list of a payload is longer than its input's.
    if (named.name.endsWith("Payload")) {
      const input = node.arguments?.map(({ value }) => valueFromASTUntyped(value, variables));
      return 1 + below(named, node.selectionSet, longest(input));
    }
    const object = 1 + below(named, node.selectionSet);
    if (!isListType(getNullableType(field.type))) return object;
    if (/(Connection|Payload)$/.test(type!.name)) return page * object;
    const references = argument("representations");
    if (Array.isArray(references) && references.length > limits.references)
      throw tooMuch(`${limits.references} references at most; these are ${references.length}.`, ["representations"]);
    const keys = argument("ids") ?? references;
    return (keys == null ? UNSAID : longest(keys)) * object;
  };

  if (!operation) return;
  const root = operation.operation === OperationTypeNode.MUTATION ? schema.getMutationType() : schema.getQueryType();
  const values = root ? below(root, operation.selectionSet) : 0;
  if (values > limits.values) {
    throw tooMuch(
      `The answer could hold ${values} values; ${limits.values} are allowed. Ask for smaller pages, or for fewer fields.`,
    );
  }
}

const tooMuch = (message: string, argument?: string[]): GraphQLError =>
  new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT", argument, http: { status: 400 } } });

/** Other sizes are refused where the page is read. */
const sizeOf = (asked: unknown): number =>
  typeof asked === "number" ? Math.min(Math.max(asked, 1), MAX_SIZE) : DEFAULT_SIZE;

/** What the operation's variables are: of those sent only what it declares, and defaults for the others. */
const withDefaults = (
  { variableDefinitions = [] }: OperationDefinitionNode,
  sent: Record<string, unknown>,
): Record<string, unknown> =>
  Object.fromEntries(
    variableDefinitions.map(({ variable: { name }, defaultValue }) => [
      name.value,
      Object.hasOwn(sent, name.value) ? sent[name.value] : defaultValue && valueFromASTUntyped(defaultValue),
    ]),
  );

/** The longest list in a value. Values are large; each is read once. */
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
