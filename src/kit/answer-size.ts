import {
  defaultFieldResolver,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isObjectType,
  getNullableType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  responsePathAsArray,
  type SelectionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from "graphql";
import { collectSubfields } from "graphql/execution/collectFields.js";
import { DEFAULT_SIZE, MAX_SIZE } from "./connection.js";
import type { Context } from "./context.js";
import type { Limits } from "./limits.js";

/**
 * A list that nobody asks a length of, such as the fields of a form, counts as so many, and could be as long as that.
 * What stands in its objects is short.
 */
const UNSAID = 10;
const MOST_UNSAID = 500;

/**
 * Refuses an operation whose answer could hold more values than allowed, by its list sizes, before any of it is read.
 * Connections count for what they ask, lists of references for what they name. Where lists that nobody asks a length of
 * could make it larger than that after all, what they may hold is counted as it is read.
 */
export function refuseLargeAnswer(
  limits: Limits,
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode | undefined,
  sent: Record<string, unknown> = {},
): Budget | null {
  if (!operation) return null;
  const fragments = new Map(
    document.definitions
      .filter((one) => one.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
  const below = sizing({ limits, schema, fragments, variables: withDefaults(operation, sent) });
  const root = operation.operation === OperationTypeNode.MUTATION ? schema.getMutationType() : schema.getQueryType();
  if (below(root!, operation.selectionSet, 1, MOST_UNSAID) <= limits.values) return null;
  const values = below(root!, operation.selectionSet, 1, UNSAID);
  if (values <= limits.values) return new Budget(limits);
  throw tooMuch(
    `The answer could hold ${values} values; ${limits.values} are allowed. Ask for smaller pages, or for fewer fields.`,
  );
}

/** The lists of a page or a payload are as long as its request says. */
const isSized = ({ name }: GraphQLNamedType): boolean => /(Connection|Payload)$/.test(name);

const isList = ({ type }: GraphQLField<unknown, unknown>): boolean => isListType(getNullableType(type));

/** Characters that a value takes in an answer at least: `{"a":1},` is two values, an object and its field. */
const LEAST_CHARACTERS = 4;

/** What one object of a list takes: itself and its fields, and the objects in them that are there. */
interface Shape {
  values: number;
  objects: [field: string, shape: Shape][];
}

/** Values that lists which nobody asks a length of may hold, all of one answer together. */
export class Budget {
  /** Why there is no answer: told once, however many lists are found after it. */
  exceeded: GraphQLError | null = null;
  private spent = 0;
  private readonly shapes = new Map<readonly FieldNode[], Shape>();

  constructor(private readonly limits: Limits) {}

  /** An answer of no more characters is within the budget. */
  get characters(): number {
    return this.limits.values * LEAST_CHARACTERS;
  }

  /** What a field has found. @throws BAD_USER_INPUT when that is too much. */
  spend(list: unknown, info: GraphQLResolveInfo): void {
    if (this.exceeded) throw this.exceeded;
    if (!Array.isArray(list)) return;
    let shape = this.shapes.get(info.fieldNodes);
    if (!shape)
      this.shapes.set(info.fieldNodes, (shape = shapeOf(info, getNamedType(info.returnType), info.fieldNodes)));
    for (const item of list) this.spent += valuesOf(item, shape);
    if (this.spent <= this.limits.values) return;
    // One that has its place is not given another.
    this.exceeded = new GraphQLError(
      `The answer holds more than ${this.limits.values} values. Ask for smaller pages, or for fewer fields.`,
      { nodes: info.fieldNodes, path: responsePathAsArray(info.path), extensions: { code: "BAD_USER_INPUT" } },
    );
    throw this.exceeded;
  }
}

/** As graphql-js takes the selection: fields of one name once, and none that is skipped. Lists count where they are found. */
function shapeOf(info: GraphQLResolveInfo, type: GraphQLNamedType, nodes: readonly FieldNode[]): Shape {
  const { schema, fragments, variableValues } = info;
  const shape: Shape = { values: 1, objects: [] };
  if (!isObjectType(type)) return shape;
  for (const selected of collectSubfields(schema, fragments, variableValues, type, nodes).values()) {
    shape.values++;
    const field = type.getFields()[selected[0]!.name.value];
    if (field && selected[0]!.selectionSet && !isList(field))
      shape.objects.push([field.name, shapeOf(info, getNamedType(field.type), selected)]);
  }
  return shape;
}

/** What an object of a list takes. One that stands in a field is that field's value, and counts but once. */
function valuesOf(object: unknown, { values, objects }: Shape): number {
  let sum = values;
  for (const [field, shape] of objects) {
    const inner = (object as Record<string, unknown> | null)?.[field];
    if (inner != null) sum += valuesOf(inner, shape) - 1;
  }
  return sum;
}

/** Has what lists of objects hold counted that nobody asks a length of, in requests that have a budget. */
export function budgeted(schema: GraphQLSchema): GraphQLSchema {
  const roots: unknown[] = [schema.getQueryType(), schema.getMutationType()];
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type) || roots.includes(type) || isSized(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (!isList(field) || !isObjectType(getNamedType(field.type))) continue;
      const { resolve = defaultFieldResolver } = field;
      field.resolve = (parent, args, ctx: Context, info) => {
        const { budget } = ctx;
        const found: unknown = resolve(parent, args, ctx, info);
        if (!budget) return found;
        const spend = (list: unknown): unknown => {
          budget.spend(list, info);
          // Long ones are put together one after another, and others have their turn in between.
          return Array.isArray(list) && list.length > UNSAID ? ctx.loaders.inTurn(Promise.resolve(list)) : list;
        };
        return found instanceof Promise ? found.then(spend) : spend(found);
      };
    }
  }
  return schema;
}

interface Sizing {
  limits: Limits;
  schema: GraphQLSchema;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  variables: Record<string, unknown>;
}

/**
 * Counts the values below one object of a type; below a page or a payload, whose lists are all that long; lists that
 * nobody asks a length of as `unsaid`.
 */
function sizing({
  limits,
  schema,
  fragments,
  variables,
}: Sizing): (type: GraphQLNamedType | undefined, set: SelectionSetNode, page: number, unsaid: number) => number {
  const known = new Map<string, number>();
  const longest = longestLists();

  const below = (
    type: GraphQLNamedType | undefined,
    { selections }: SelectionSetNode,
    page: number,
    unsaid: number,
  ): number => {
    let values = 0;
    for (const node of selections) {
      if (isLeftOut(node, variables)) continue;
      if (node.kind === Kind.FIELD) values += at(type, node, page, unsaid);
      else if (node.kind === Kind.INLINE_FRAGMENT) {
        const narrowed = schema.getType(node.typeCondition?.name.value ?? "") ?? type;
        values += below(narrowed, node.selectionSet, page, unsaid);
      } else values += ofFragment(node.name.value, page, unsaid);
    }
    return values;
  };

  const ofFragment = (name: string, page: number, unsaid: number): number => {
    const key = `${name} ${page} ${unsaid}`;
    let values = known.get(key);
    if (values === undefined) {
      const { typeCondition, selectionSet } = fragments.get(name)!;
      known.set(key, (values = below(schema.getType(typeCondition.name.value), selectionSet, page, unsaid)));
    }
    return values;
  };

  const at = (type: GraphQLNamedType | undefined, node: FieldNode, page: number, unsaid: number): number => {
    if (!node.selectionSet) return 1;
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
    if (!field) return 0;
    const named = getNamedType(field.type);
    const argument = (name: string): unknown => {
      const given = node.arguments?.find((one) => one.name.value === name);
      return given && valueFromASTUntyped(given.value, variables);
    };
    if (named.name.endsWith("Connection"))
      return 1 + below(named, node.selectionSet, sizeOf(argument("first") ?? argument("last")), unsaid);
    // No list of a payload is longer than its input's.
    if (named.name.endsWith("Payload")) {
      const input = node.arguments?.map(({ value }) => valueFromASTUntyped(value, variables));
      return 1 + below(named, node.selectionSet, longest(input), unsaid);
    }
    if (!isList(field)) return 1 + below(named, node.selectionSet, 1, unsaid);
    if (isSized(type!)) return page * (1 + below(named, node.selectionSet, 1, unsaid));
    const references = argument("representations");
    if (Array.isArray(references) && references.length > limits.references)
      throw tooMuch(`${limits.references} references at most; these are ${references.length}.`, ["representations"]);
    const keys = argument("ids") ?? references;
    if (keys != null) return longest(keys) * (1 + below(named, node.selectionSet, 1, unsaid));
    return unsaid * (1 + below(named, node.selectionSet, 1, Math.min(unsaid, UNSAID)));
  };

  return below;
}

const tooMuch = (message: string, argument?: string[]): GraphQLError =>
  new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT", argument, http: { status: 400 } } });

/** By `@skip` and `@include`. What is no truth value is refused where it is read. */
const isLeftOut = ({ directives = [] }: SelectionNode, variables: Record<string, unknown>): boolean =>
  directives.some(({ name, arguments: given = [] }) => {
    const [condition] = given.map(({ value }) => valueFromASTUntyped(value, variables));
    return (name.value === "skip" && condition === true) || (name.value === "include" && condition === false);
  });

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
