import {
  type ASTVisitor,
  type DocumentNode,
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
  aliases: number;
  rootFields: number;
  /** Objects that the answer can hold by its list sizes: connections in connections multiply, each may be full. */
  objects: number;
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
  fields: 1_000,
  aliases: 30,
  rootFields: 20,
  objects: 50_000,
  references: 1_000,
};

type Extent = Record<"depth" | "fields" | "aliases" | "rootFields", number>;

/** What an excess is called: "is 13 levels deep". */
const SAYS: Record<keyof Extent, (count: number) => string> = {
  depth: (count) => `is ${count} levels deep`,
  fields: (count) => `selects ${count} fields`,
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
      const extentOf = extents(context);
      const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
      const excess = operations.flatMap((node) => excessOf(node, extentOf(node.selectionSet), limits));
      if (excess.length === 0) return undefined;
      for (const error of excess) context.reportError(error);
      // A visitor that returns a node has this one visited in its place: nothing is left to validate.
      return { ...document, definitions: [] };
    },
  });

function excessOf(operation: OperationDefinitionNode, extent: Extent, limits: Limits): GraphQLError[] {
  const over = (Object.keys(SAYS) as (keyof Extent)[]).filter((measure) => extent[measure] > limits[measure]);
  return over.map(
    (measure) =>
      new GraphQLError(`The document ${SAYS[measure](extent[measure])}; ${limits[measure]} are allowed.`, {
        nodes: operation,
      }),
  );
}

/** Measures a selection; `rootFields` of what stands in it itself. */
function extents(context: ValidationContext): (selection: SelectionSetNode) => Extent {
  const fragments = new Map<string, Extent | null>();
  const nothing: Extent = { depth: 0, fields: 0, aliases: 0, rootFields: 0 };

  const extentOf = ({ selections }: SelectionSetNode): Extent => {
    const extent = { ...nothing };
    for (const node of selections) {
      if (node.kind === Kind.FIELD) {
        extent.rootFields++;
        if (node.alias) extent.aliases++;
        if (node.name.value.startsWith("__")) continue;
        const inner = node.selectionSet ? extentOf(node.selectionSet) : nothing;
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
    if (!fragment) return nothing;
    const known = fragments.get(fragment.name.value);
    // Unknown yet and met again: a cycle, which another rule refuses.
    if (known !== undefined) return known ?? nothing;
    fragments.set(fragment.name.value, null);
    const extent = extentOf(fragment.selectionSet);
    fragments.set(fragment.name.value, extent);
    return extent;
  };

  return extentOf;
}
