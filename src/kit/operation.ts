import { type GraphQLFieldResolver, type GraphQLSchema, isInterfaceType, isObjectType } from "graphql";
import { Arg, Args, Extensions, FieldResolver, Mutation, Query, type ClassType } from "type-graphql";
import type { TypeThunk } from "./attribute.js";
import { type Context, settle, type Viewer } from "./context.js";
import { forbidden, unauthenticated } from "./errors.js";
import { type FieldPlan, type Relation, relationResolver, type Root, rootResolver } from "./field-plan.js";
import { Outdated, performWrite, type Write as PerformedWrite, type WriteDeclaration } from "./payload.js";

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

interface FieldOptions extends OperationOptions {
  type: TypeThunk;
  nullable?: boolean | "items";
  args?: () => ClassType;
}
/** A method says how it is read; or the field is data, and both ways of reading follow from it. */
type ReadOptions = FieldOptions | (FieldOptions & Root);
type RelatedOptions = FieldOptions | (FieldOptions & Relation);

type FieldDecorator = (prototype: object, property: string | symbol, descriptor?: PropertyDescriptor) => void;

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

const methodOf = (prototype: object, name: string): Method =>
  (prototype as Record<string, Method>)[name]!.bind(Object.create(prototype));

function register(
  prototype: object,
  name: string,
  operation: OperationExtension,
  resolve: GraphQLFieldResolver<unknown, Context>,
  plan?: FieldPlan,
): void {
  Extensions({ operation, resolve, plan })(prototype, name);
}

const guarded =
  (allow: Allow, resolve: GraphQLFieldResolver<unknown, Context>): typeof resolve =>
  (parent, args, ctx, info) => {
    guard(allow, ctx.viewer);
    return resolve(parent, args, ctx, info);
  };

/** A root query: data, or `method(args, ctx)`, or `method(ctx)` when it takes no arguments. */
export function Read(options: ReadOptions): FieldDecorator {
  return (prototype, property) => {
    const name = property as string;
    const { allow, args, type, nullable = false } = options;
    (Query(type, { description: describe(options), nullable }) as FieldDecorator)(prototype, name);
    if (args) Args(args as never)(prototype, name, 0);
    const operation: OperationExtension = { kind: "read", allow };
    if ("one" in options || "list" in options) {
      return register(prototype, name, operation, guarded(allow, rootResolver(options)), options);
    }
    const method = methodOf(prototype, name);
    const resolve = guarded(allow, (_root, given, ctx) =>
      args ? method(given as never, ctx as never) : method(ctx as never),
    );
    return register(prototype, name, operation, resolve);
  };
}

/** A field that a room adds to a type: data, or `method(parent, ctx)`, or `method(parent, args, ctx)` with arguments. */
export function Related(options: RelatedOptions): FieldDecorator {
  return (prototype, property) => {
    const name = property as string;
    const { allow, args, type, nullable = false } = options;
    (FieldResolver(type, { description: describe(options), nullable }) as FieldDecorator)(prototype, name);
    if (args) Args(args as never)(prototype, name, 1);
    const operation: OperationExtension = { kind: "related", allow };
    if ("from" in options) {
      return register(prototype, name, operation, guarded(allow, relationResolver(options)), options);
    }
    const method = methodOf(prototype, name);
    const resolve = guarded(allow, (parent, given, ctx) =>
      args ? method(parent as never, given as never, ctx as never) : method(parent as never, ctx as never),
    );
    return register(prototype, name, operation, resolve);
  };
}

interface WriteOptions extends OperationOptions, Pick<WriteDeclaration, "payload" | "enter" | "scans"> {
  input: () => ClassType;
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
    const method = methodOf(prototype, name) as PerformedWrite;
    const { payload, enter, scans = false, allow } = options;
    const declaration: WriteDeclaration = { operation: name, payload, scans, method, ...(enter && { enter }) };
    register(prototype, name, { kind: "write", allow }, async (_root, { input }, ctx) => {
      if (!ctx.sure && !enter && allow.test(ctx.viewer)) {
        try {
          return await performWrite(ctx, input as object, declaration);
        } catch (error) {
          if (!(error instanceof Outdated)) throw error;
        }
      }
      await settle(ctx);
      guard(allow, ctx.viewer);
      return performWrite(ctx, input as object, declaration);
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
    // What resolves is always the object type's field.
    if (isInterfaceType(type)) for (const field of Object.values(type.getFields())) delete field.resolve;
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
