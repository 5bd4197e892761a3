import { type GraphQLFieldResolver, type GraphQLSchema, isObjectType } from "graphql";
import { Arg, Args, Extensions, FieldResolver, Mutation, Query, type ClassType } from "type-graphql";
import type { TypeThunk } from "./attribute.js";
import type { Context, Viewer } from "./context.js";
import { forbidden, unauthenticated } from "./errors.js";
import { performWrite, type Write as PerformedWrite } from "./payload.js";

/** Who may call an operation at all. Which rows they then reach is the row rules' business. */
export interface Allow {
  /** Ends the public description, e.g. "Requires `users.write`." */
  sentence: string;
  test(viewer: Viewer): boolean;
  /** May be called without any token. */
  anonymous?: boolean;
}

interface OperationOptions {
  allow: Allow;
  description: string;
}

interface ReadOptions extends OperationOptions {
  type: TypeThunk;
  nullable?: boolean | "items";
  args?: () => ClassType;
}

type Method = (...args: never[]) => unknown;

/** What the schema keeps of an operation, for the guard and for tests that walk all of them. */
export interface OperationExtension {
  kind: "read" | "write" | "related";
  allow: Allow;
}

const describe = ({ description, allow }: OperationOptions): string => `${description}\n\n${allow.sentence}`;

function guard(allow: Allow, viewer: Viewer): void {
  if (allow.anonymous) return;
  if (viewer.kind === "ANONYMOUS") throw unauthenticated();
  if (!allow.test(viewer)) throw forbidden(allow.sentence);
}

function register(
  prototype: object,
  name: string,
  operation: OperationExtension,
  resolve: (method: Method) => GraphQLFieldResolver<unknown, Context>,
): void {
  const method = (prototype as Record<string, Method>)[name]!;
  Extensions({ operation, resolve: resolve(method.bind(Object.create(prototype))) })(prototype, name);
}

/** A root query: `method(args, ctx)`, or `method(ctx)` when it takes no arguments. */
export function Read(options: ReadOptions): MethodDecorator {
  return (prototype, property, descriptor) => {
    const name = property as string;
    Query(options.type, { description: describe(options), nullable: options.nullable ?? false })(
      prototype,
      name,
      descriptor,
    );
    if (options.args) Args(options.args as never)(prototype, name, 0);
    register(prototype, name, { kind: "read", allow: options.allow }, (method) => (_root, args, ctx) => {
      guard(options.allow, ctx.viewer);
      return options.args ? method(args as never, ctx as never) : method(ctx as never);
    });
  };
}

/** A field that a room adds to a type: `method(parent, ctx)`, or `method(parent, args, ctx)` when it takes arguments. */
export function Related(options: ReadOptions): MethodDecorator {
  return (prototype, property, descriptor) => {
    const name = property as string;
    const { allow } = options;
    const decorate = FieldResolver(options.type, {
      description: describe(options),
      nullable: options.nullable ?? false,
    });
    decorate(prototype, name, descriptor);
    if (options.args) Args(options.args as never)(prototype, name, 1);
    register(prototype, name, { kind: "related", allow }, (method) => (parent, args, ctx) => {
      if (!allow.test(ctx.viewer)) guard(allow, ctx.viewer);
      return options.args
        ? method(parent as never, args as never, ctx as never)
        : method(parent as never, ctx as never);
    });
  };
}

interface WriteOptions extends OperationOptions {
  input: () => ClassType;
  payload: () => ClassType;
  /** The argument may be left out, when every value of the input may. */
  optionalInput?: boolean;
}

/**
 * A mutation: `method(input, ctx)` in one transaction with one audit event. What it returns is the payload; what it
 * refuses is the payload's `errors`, and then nothing is kept.
 */
export function Write(options: WriteOptions): MethodDecorator {
  return (prototype, property, descriptor) => {
    const name = property as string;
    Mutation(options.payload, { description: describe(options) })(prototype, name, descriptor);
    Arg("input", options.input)(prototype, name, 0);
    register(prototype, name, { kind: "write", allow: options.allow }, (method) => (_root, { input }, ctx) => {
      guard(options.allow, ctx.viewer);
      return performWrite(ctx, name, input as object, method as PerformedWrite);
    });
  };
}

/**
 * Puts the registered resolvers in place of TypeGraphQL's, so that a plain property costs nothing and an operation only
 * its guard. A root field without a declared `allow` is a programmer's error and stops the start.
 */
export function bindOperations(schema: GraphQLSchema): GraphQLSchema {
  const roots = [schema.getQueryType(), schema.getMutationType()];
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith("__")) continue;
    // Rows are plain objects: what type they are is told by where they were read.
    delete type.isTypeOf;
    for (const field of Object.values(type.getFields())) {
      const { resolve, operation } = field.extensions as {
        resolve?: typeof field.resolve;
        operation?: OperationExtension;
      };
      if (roots.includes(type) && !operation)
        throw new Error(`${type.name}.${field.name} does not say who may call it.`);
      if (resolve) field.resolve = resolve;
      else delete field.resolve;
    }
  }
  return schema;
}
