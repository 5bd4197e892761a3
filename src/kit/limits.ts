import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from "graphql";

/** An honest nested connection needs 7; introspection, which has fields of its own, is not counted. */
const MAX_DEPTH = 20;
/** Fields of a document with every fragment put in its place: doubling fragments grow a small text without end. */
const MAX_FIELDS = 5_000;

interface Extent {
  depth: number;
  fields: number;
}

/** Refuses a document that is too deep or too large once its fragments are put in, by counting each fragment once. */
export function ExtentRule(context: ValidationContext): ASTVisitor {
  const fragments = new Map<string, Extent | null>();

  const extentOf = ({ selections }: SelectionSetNode): Extent => {
    const extent: Extent = { depth: 0, fields: 0 };
    for (const node of selections) {
      const field = node.kind === Kind.FIELD;
      if (field && node.name.value.startsWith("__")) continue;
      const inner =
        node.kind === Kind.FRAGMENT_SPREAD
          ? fragmentExtent(context.getFragment(node.name.value))
          : node.selectionSet
            ? extentOf(node.selectionSet)
            : { depth: 0, fields: 0 };
      extent.depth = Math.max(extent.depth, inner.depth + (field ? 1 : 0));
      extent.fields += inner.fields + (field ? 1 : 0);
    }
    return extent;
  };

  const fragmentExtent = (fragment: FragmentDefinitionNode | null | undefined): Extent => {
    if (!fragment) return { depth: 0, fields: 0 };
    const known = fragments.get(fragment.name.value);
    if (known) return known;
    // Unknown yet and met again: a cycle, which another rule refuses.
    if (known === null) return { depth: 0, fields: 0 };
    fragments.set(fragment.name.value, null);
    const extent = extentOf(fragment.selectionSet);
    fragments.set(fragment.name.value, extent);
    return extent;
  };

  return {
    OperationDefinition(node) {
      const { depth, fields } = extentOf(node.selectionSet);
      const excess =
        depth > MAX_DEPTH
          ? `The document is ${depth} levels deep; ${MAX_DEPTH} are allowed.`
          : fields > MAX_FIELDS
            ? `The document selects ${fields} fields; ${MAX_FIELDS} are allowed.`
            : null;
      if (excess) context.reportError(new GraphQLError(excess, { nodes: node }));
    },
  };
}
