import {
  getNamedType,
  getNullableType,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import type { Answer, Caller } from "../harness/index.js";
import { BELOW } from "./calls.js";
import { type Path, schema, type Target } from "./places.js";
import type { Scene } from "./scene.js";

export type Variables = Record<string, unknown>;

/** Far from what a document may have of aliases; and an answer names 20 mistakes at most, of which a value may have two. */
export const BATCH = 10;

/** A reason for which a value was refused, and where. */
export interface Problem {
  code: string;
  place: Path;
}

/** What became of one of several calls in a document. */
export interface Outcome {
  problems: Problem[];
  data: any;
}

export interface Judged {
  answer: Answer;
  outcomes: Outcome[];
}

/** What a call asks for when only its fate matters. */
export function lean(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return "";
  if (named.name.endsWith("Payload")) return "{ errors { code message field } }";
  if (named.name.endsWith("Connection")) return "{ edges { cursor node { __typename } } }";
  return "{ __typename }";
}

/** All that a type has without arguments, and what hangs on it, as deep as the limits let one ask. */
export const rich = (type: GraphQLOutputType): string =>
  [3, 2, 1].map((levels) => all(type, levels)).find((text) => (text.match(/\w+|[{}]/g) ?? []).length < 800)!;

function all(type: GraphQLOutputType, levels: number): string {
  const named = getNamedType(type);
  if (!isObjectType(named) && !isInterfaceType(named)) return "";
  const fields = Object.values(named.getFields())
    .filter((field) => field.args.every((argument) => !isNonNullType(argument.type)))
    .filter((field) => isLeafType(getNamedType(field.type)) || levels > 0)
    .map((field) => `${field.name} ${all(field.type, levels - 1)}`);
  // Of nodes, of whatever type, a person is what is asked for.
  const node = named.name === "Node" ? `... on User ${all(schema.getType("User") as GraphQLObjectType, levels)}` : "";
  return `{ __typename ${fields.join(" ")} ${node} }`;
}

const parts = ({ parent, name }: Target, scene: Scene): { before: string; after: string } => {
  const wrappers = BELOW[parent]?.(scene, name) ?? [];
  return { before: wrappers.map((one) => `${one} { `).join(""), after: " }".repeat(wrappers.length) };
};

const whole = (target: Target, head: string, lines: string[]): string =>
  `${target.write ? "mutation" : "query"} ${head}{\n${lines.join("\n")}\n}`;

/** One document of several calls of one field, each on a line of its own, with its values as variables. */
export function requestOf(
  target: Target,
  scene: Scene,
  calls: Variables[],
  selection = lean(target.field.type),
): { document: string; variables: Variables } {
  const names = Object.keys(calls[0]!);
  const typeOf = (name: string): string => String(target.field.args.find((one) => one.name === name)!.type);
  const { before, after } = parts(target, scene);
  const head = calls.flatMap((_, index) => names.map((name) => `$${name}_${index}: ${typeOf(name)}`));
  const lines = calls.map((_, index) => {
    const given = names.map((name) => `${name}: $${name}_${index}`);
    return line(target, index, before, given, selection, after);
  });
  const variables = Object.fromEntries(
    calls.flatMap((call, index) => names.map((name) => [`${name}_${index}`, call[name]])),
  );
  return { document: whole(target, head.length > 0 ? `(${head.join(", ")}) ` : "", lines), variables };
}

/** What became of it. */
export async function send(
  caller: Caller,
  target: Target,
  scene: Scene,
  calls: Variables[],
  selection?: string,
): Promise<Judged> {
  const { document, variables } = requestOf(target, scene, calls, selection);
  return judged(target, await caller.send(document, variables), calls.length);
}

/** The same with the values written into the document. */
export async function write(caller: Caller, target: Target, scene: Scene, calls: Variables[]): Promise<Judged> {
  const { before, after } = parts(target, scene);
  const lines = calls.map((call, index) => {
    const given = target.field.args
      .filter(({ name }) => Object.hasOwn(call, name))
      .map(({ name, type }) => `${name}: ${literal(type, call[name])}`);
    return line(target, index, before, given, lean(target.field.type), after);
  });
  return judged(target, await caller.send(whole(target, "", lines)), calls.length);
}

function line(
  { name }: Target,
  index: number,
  before: string,
  given: string[],
  selection: string,
  after: string,
): string {
  const call = `${name}${given.length > 0 ? `(${given.join(", ")})` : ""} ${selection}`;
  return before === "" ? `a${index}: ${call}` : `a${index}: ${before}${call}${after}`;
}

/** A value as a document says it: enum values without quotes where they can be. */
function literal(type: GraphQLInputType, value: unknown): string {
  const inner = getNullableType(type);
  if (Array.isArray(value)) {
    const item = isListType(inner) ? inner.ofType : inner;
    return `[${value.map((one) => literal(item, one)).join(", ")}]`;
  }
  if (isListType(inner)) return literal(inner.ofType, value);
  if (typeof value === "object" && value !== null) {
    const fields = isInputObjectType(inner) ? inner.getFields() : {};
    const said = Object.entries(value).map(([key, one]) => `${key}: ${literal(fields[key]?.type ?? type, one)}`);
    return `{${said.join(", ")}}`;
  }
  if (isEnumType(inner) && typeof value === "string" && /^[A-Za-z]\w*$/.test(value)) return value;
  return JSON.stringify(value);
}

/** Which error is about which call: by its path, its variable or its line. */
function judged(target: Target, answer: Answer, count: number): Judged {
  const outcomes = Array.from({ length: count }, (_, index): Outcome => {
    const data = answer.data?.[`a${index}`];
    const refused = target.write ? (data?.errors ?? []) : [];
    const problems = refused.map((one: { code: string; field: Path | null }) => ({
      code: one.code,
      // A path of a payload says all as text.
      place: (one.field ?? []).map((step) => (/^\d+$/.test(String(step)) ? Number(step) : step)),
    }));
    return { data, problems };
  });
  for (const error of answer.errors ?? []) {
    const { code, argument = [] } = error.extensions as { code: string; argument?: Path };
    const [variable, ...rest] = argument;
    const [, name, numbered] = /^(.*)_(\d+)$/.exec(String(variable)) ?? [];
    const { locations = [] } = error as unknown as { locations?: { line: number }[] };
    const index =
      numbered !== undefined && target.field.args.some((one) => one.name === name)
        ? Number(numbered)
        : error.path
          ? Number(String(error.path[0]).slice(1))
          : locations.length > 0
            ? locations[0]!.line - 2
            : -1;
    const place = numbered === undefined ? argument : [name!, ...rest];
    const outcome = outcomes[index] ?? outcomes[0]!;
    outcome.problems.push({ code: outcomes[index] ? code : `${code} of nothing: ${error.message}`, place });
  }
  return { answer, outcomes };
}
