import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type DefinitionNode, parse, separateOperations, Source, type Token, TokenKind } from "graphql";

/** One example request, complete in itself: an operation with the fragments it uses. */
export interface ExampleOperation {
  name: string;
  document: string;
  /** The JSON of the `# variables: {...}` comment above the operation, indented for reading. */
  variables?: string;
}

const VARIABLES = /^\s*variables:\s*(\{.*\})\s*$/;

/**
 * Reads every `*.graphql` file of a folder, in the order of their names, and splits each into one example per operation, with the
 * fragments it uses from the same file. Operations must have names, for the name is the tab's title.
 */
export function exampleOperations(folder: string): ExampleOperation[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".graphql"));
  return files.toSorted().flatMap((file) => {
    const ast = parse(new Source(readFileSync(join(folder, file), "utf8"), file));
    return Object.entries(separateOperations(ast)).map(([name, { definitions }]) => {
      const comments = definitions.flatMap(commentsAbove);
      const variables = comments.map((comment) => VARIABLES.exec(comment)?.[1]).find(Boolean);
      return {
        name,
        document: definitions.map(asWritten).join("\n\n") + "\n",
        ...(variables && { variables: JSON.stringify(JSON.parse(variables), null, 2) }),
      };
    });
  });
}

/** Cut from the source rather than printed from the AST, which would lose the author's comments and line breaks. */
function asWritten(definition: DefinitionNode): string {
  const above = commentsAbove(definition).filter((comment) => !VARIABLES.test(comment));
  const { start, end, source } = definition.loc!;
  return [...above.map((comment) => `#${comment}`), source.body.slice(start, end)].join("\n");
}

/** The comments that touch the definition; a blank line ends them, so that a file's heading belongs to no operation. */
function commentsAbove({ loc }: DefinitionNode): string[] {
  const comments: string[] = [];
  let below: Token = loc!.startToken;
  while (below.prev?.kind === TokenKind.COMMENT && below.prev.line === below.line - 1) {
    below = below.prev;
    comments.unshift(below.value);
  }
  return comments;
}
