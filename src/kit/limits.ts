import {
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from "graphql";

/** What one request may ask for, before anything of it is read. */
export interface Limits {
  /** Bytes of a request's body. */
  bodyBytes: number;
  /** Lexical tokens of a document: what parsing it costs. */
  tokens: number;
  /** Levels of fields; introspection, which has fields of its own, is not counted. */
  depth: number;
  /** Fields of an operation with every fragment put in its place: doubling fragments grow a small text without end. */
  fields: number;
  /** Pairs of fields of one name that stand in one object: validation compares each pair. */
  pairs: number;
  aliases: number;
  rootFields: number;
  /**
   * Objects and their fields that the answer can hold by its list sizes: connections in connections multiply, each may
   * be full. It is these that an answer costs, in time and in memory.
   */
  values: number;
  /** References of one `_entities`. */
  references: number;
}

/**
 * The longest of the documents in schema/operations has 179 tokens, the deepest 9 levels. Validation compares fields of
 * one name with each other, so that what a document can cost before it is run grows with the square of its fields.
 */
export const LIMITS: Limits = {
  bodyBytes: 256 * 1024,
  tokens: 2_000,
  depth: 12,
  fields: 500,
  pairs: 20_000,
  aliases: 30,
  rootFields: 20,
  values: 120_000,
  references: 1_000,
};

/** Looking for pairs goes over each fragment in each place: so many selections for all definitions together. */
const mostLookedAt = ({ fields }: Limits): number => 20 * Math.max(fields, LIMITS.fields);

type Extent = Record<"depth" | "fields" | "pairs" | "aliases" | "rootFields", number>;

/** What an excess is called: "is 13 levels deep". */
const SAYS: Record<keyof Extent, (count: number) => string> = {
  depth: (count) => `is ${count} levels deep`,
  fields: (count) => `selects ${count} fields`,
  pairs: (count) => `selects fields of one name again, in ${count} pairs`,
  aliases: (count) => `has ${count} aliases`,
  rootFields: (count) => `has ${count} root fields`,
};

/**
 * Refuses a document that is too deep or too large once its fragments are put in, by counting each fragment once; and
 * before other rules, some of which compare all fields with each other, see anything of it.
 */
export const extentRule =
  (limits: Limits): ValidationRule =>
  (context: ValidationContext): ASTVisitor => ({
    Document(document): DocumentNode | undefined {
      const extentOf = extents(context, limits);
      const found: GraphQLError[] = [];
      // Fragments that nothing spreads are validated, too.
      for (const node of document.definitions) {
        if (node.kind !== Kind.OPERATION_DEFINITION && node.kind !== Kind.FRAGMENT_DEFINITION) continue;
        const extent = extentOf(node.selectionSet);
        if (typeof extent === "string") found.push(new GraphQLError(extent, { nodes: node }));
        else found.push(...excesses(node, extent, limits));
      }
      if (found.length === 0) return undefined;
      // What a fragment is too large in, the operation is that spreads it.
      const told = new Map(found.map((error) => [error.message, error]));
      for (const error of told.values()) context.reportError(error);
      // A visitor that returns a node has this one visited in its place: nothing is left to validate.
      return { ...document, definitions: [] };
    },
  });

function excesses(
  node: OperationDefinitionNode | FragmentDefinitionNode,
  extent: Extent,
  limits: Limits,
): GraphQLError[] {
  const measures = (Object.keys(SAYS) as (keyof Extent)[]).filter(
    (measure) => measure !== "rootFields" || node.kind === Kind.OPERATION_DEFINITION,
  );
  return measures
    .filter((measure) => extent[measure] > limits[measure])
    .map(
      (measure) =>
        new GraphQLError(`The document ${SAYS[measure](extent[measure])}; ${limits[measure]} are allowed.`, {
          nodes: node,
        }),
    );
}

const NOTHING: Extent = { depth: 0, fields: 0, pairs: 0, aliases: 0, rootFields: 0 };
const isIntrospection = ({ name }: FieldNode): boolean => name.value.startsWith("__");

/** Measures selections, or says why it does not. `rootFields` of what stands in a selection itself. */
function extents(context: ValidationContext, limits: Limits): (selection: SelectionSetNode) => Extent | string {
  const fragments = new Map<string, Extent | null>();
  let cyclic = false;
  let lookedAt = 0;

  const extentOf = ({ selections }: SelectionSetNode): Extent => {
    const extent = { ...NOTHING };
    for (const node of selections) {
      if (node.kind === Kind.FIELD) {
        extent.rootFields++;
        if (node.alias) extent.aliases++;
        if (isIntrospection(node)) continue;
        const inner = node.selectionSet ? extentOf(node.selectionSet) : NOTHING;
        extent.depth = Math.max(extent.depth, inner.depth + 1);
        extent.fields += inner.fields + 1;
        extent.aliases += inner.aliases;
        continue;
      }
      const inner =
        node.kind === Kind.FRAGMENT_SPREAD
          ? fragmentExtent(context.getFragment(node.name.value))
          : extentOf(node.selectionSet);
      extent.depth = Math.max(extent.depth, inner.depth);
      for (const measure of ["fields", "aliases", "rootFields"] as const) extent[measure] += inner[measure];
    }
    return extent;
  };

  const fragmentExtent = (fragment: FragmentDefinitionNode | null | undefined): Extent => {
    if (!fragment) return NOTHING;
    const known = fragments.get(fragment.name.value);
    if (known === null) cyclic = true;
    if (known !== undefined) return known ?? NOTHING;
    fragments.set(fragment.name.value, null);
    const extent = extentOf(fragment.selectionSet);
    fragments.set(fragment.name.value, extent);
    return extent;
  };

  /** What stands in one object: each fragment once, and fields of one name together, as they are compared. */
  const pairsOf = (sets: readonly SelectionSetNode[]): number => {
    const named = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    const collect = ({ selections }: SelectionSetNode): void => {
      for (const node of selections) {
        if (++lookedAt > mostLookedAt(limits)) return;
        if (node.kind === Kind.FIELD) {
          const name = (node.alias ?? node.name).value;
          const same = named.get(name);
          if (same) same.push(node);
          else named.set(name, [node]);
        } else if (node.kind === Kind.INLINE_FRAGMENT) collect(node.selectionSet);
        else if (!spread.has(node.name.value)) {
          spread.add(node.name.value);
          const fragment = context.getFragment(node.name.value);
          if (fragment) collect(fragment.selectionSet);
        }
      }
    };
    sets.forEach(collect);
    let pairs = 0;
    for (const fields of named.values()) {
      pairs += (fields.length * (fields.length - 1)) / 2;
      const inner = fields.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (inner.length > 0) pairs += pairsOf(inner);
    }
    return pairs;
  };

  return (selection) => {
    const extent = extentOf(selection);
    if (cyclic) return "A fragment spreads itself.";
    // Of what is refused in any case, which may double and double, no pairs are counted.
    if (extent.fields > limits.fields) return extent;
    const pairs = pairsOf([selection]);
    return lookedAt > mostLookedAt(limits) ? "The document spreads its fragments too often." : { ...extent, pairs };
  };
}
