import {
  buildASTSchema,
  type DefinitionNode,
  type DirectiveNode,
  findBreakingChanges,
  findDangerousChanges,
  type GraphQLSchema,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  parse,
  print,
} from "graphql";

export interface Changes {
  /** What a client, another subgraph or the router relies on is gone or different. */
  breaking: string[];
  /** Nobody's documents fail, but somebody may be surprised. */
  dangerous: string[];
}

/** Directives that ask nothing new of anybody, where they come... */
const HARMLESS_TO_ADD = new Set(["key", "shareable", "deprecated", "specifiedBy", "tag"]);
/** ...and where they go. */
const HARMLESS_TO_REMOVE = new Set(["deprecated", "specifiedBy", "inaccessible"]);

/** How a subgraph's schema has changed for those who use it. */
export function changesBetween(before: string, after: string): Changes {
  const [old, current] = [before, after].map(schemaOf) as [GraphQLSchema, GraphQLSchema];
  return {
    breaking: [
      ...findBreakingChanges(old, current).map(({ description }) => description),
      ...newlyRequired(old, current),
      ...federationChanges(before, after),
    ],
    dangerous: findDangerousChanges(old, current).map(({ description }) => description),
  };
}

/** Federation defines its own directives. */
const schemaOf = (sdl: string): GraphQLSchema =>
  buildASTSchema(parse(sdl), { assumeValid: true, assumeValidSDL: true });

/** What could be left out, and cannot any more because its default is gone; graphql-js calls that dangerous alone. */
function newlyRequired(old: GraphQLSchema, current: GraphQLSchema): string[] {
  const before = inputsOf(old);
  return [...inputsOf(current)]
    .filter(([coordinate, required]) => required && before.get(coordinate) === false)
    .map(([coordinate]) => `${coordinate} became required.`);
}

/** Every argument and input field, and whether it has to be given. A new one that has to be is found by graphql-js. */
function inputsOf(schema: GraphQLSchema): Map<string, boolean> {
  const inputs = new Map<string, boolean>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        inputs.set(`${type.name}.${field.name}`, isRequiredInputField(field));
      }
    } else if (isObjectType(type) || isInterfaceType(type)) {
      for (const { name, args } of Object.values(type.getFields())) {
        for (const argument of args) {
          inputs.set(`${type.name}.${name}(${argument.name}:)`, isRequiredArgument(argument));
        }
      }
    }
  }
  return inputs;
}

/** What graphql-js does not look at: how directives are used, by which a router composes and resolves. */
function federationChanges(before: string, after: string): string[] {
  const [old, current] = [directivesOf(before), directivesOf(after)];
  const found: string[] = [];
  for (const [coordinate, used] of old) {
    const still = current.get(coordinate);
    if (!still) continue; // gone itself
    const gone = [...used].filter(([text, name]) => !still.has(text) && !HARMLESS_TO_REMOVE.has(name));
    const come = [...still].filter(([text, name]) => !used.has(text) && !HARMLESS_TO_ADD.has(name));
    found.push(
      ...gone.map(([text]) => `${coordinate} lost ${text}.`),
      ...come.map(([text]) => `${coordinate} got ${text}.`),
    );
  }
  return found;
}

/** A part of a schema that directives may stand at. */
interface Part {
  name?: { value: string };
  directives?: readonly DirectiveNode[];
  fields?: readonly Part[];
  values?: readonly Part[];
  arguments?: readonly Part[];
}

/** By coordinate the directives that stand there, as text, with their names. */
function directivesOf(sdl: string): Map<string, Map<string, string>> {
  const all = new Map<string, Map<string, string>>();
  const add = (coordinate: string, { directives = [], fields = [], values = [], arguments: args = [] }: Part): void => {
    const here = all.get(coordinate) ?? new Map<string, string>();
    for (const directive of directives) here.set(print(directive), directive.name.value);
    all.set(coordinate, here);
    for (const part of [...fields, ...values]) add(`${coordinate}.${part.name!.value}`, part);
    for (const part of args) add(`${coordinate}(${part.name!.value}:)`, part);
  };
  for (const definition of parse(sdl).definitions as readonly (DefinitionNode & Part)[]) {
    if (!definition.kind.startsWith("Directive")) add(definition.name?.value ?? "The schema", definition);
  }
  return all;
}
