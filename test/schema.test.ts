import { readdirSync, readFileSync } from "node:fs";
import {
  type ASTNode,
  buildSchema,
  getNullableType,
  type GraphQLField,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isObjectType,
  isSpecifiedScalarType,
  Kind,
  type NameNode,
  parse,
  type StringValueNode,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from "graphql";
import "reflect-metadata";
import { exampleOperations } from "../src/explorer/index.js";
import type { OperationExtension } from "../src/kit/index.js";
import { schemaFiles } from "../src/schema-files.js";
import { apiSchema, executableSchema } from "../src/schema.js";

const schema = apiSchema({ nodeFields: true });
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

/** The coordinates of all that could be described in these files and is not: every kind of definition has a place for it. */
function silentParts(sdl: string): string[] {
  const silent: string[] = [];
  visit(parse(sdl), {
    enter: (node, _key, _parent, _path, ancestors) => {
      if (!DESCRIBED.has(node.kind)) return;
      const { name, description } = node as { name: NameNode; description?: StringValueNode };
      if (description?.value.trim()) return;
      const above = ancestors.filter((one): one is ASTNode => "kind" in one && DESCRIBED.has(one.kind));
      silent.push([...above.map((one) => (one as { name: NameNode }).name.value), name.value].join("."));
    },
  });
  return silent;
}
const DESCRIBED = new Set<string>([
  Kind.SCALAR_TYPE_DEFINITION,
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.UNION_TYPE_DEFINITION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.INPUT_OBJECT_TYPE_DEFINITION,
  Kind.DIRECTIVE_DEFINITION,
  Kind.FIELD_DEFINITION,
  Kind.ENUM_VALUE_DEFINITION,
  Kind.INPUT_VALUE_DEFINITION,
]);

const fields = types
  .filter((type) => isObjectType(type) || isInterfaceType(type))
  .flatMap((type) =>
    Object.values(type.getFields()).map((field) => ({ coordinate: `${type.name}.${field.name}`, field })),
  );
const roots = fields.filter(({ coordinate }) => /^(Query|Mutation)\./.test(coordinate));
const operationOf = (field: GraphQLField<unknown, unknown>): OperationExtension | undefined =>
  (field.extensions as { operation?: OperationExtension }).operation;

describe("the committed files", () => {
  test.each(Object.entries(schemaFiles()))("%s is up to date", (file, text) => {
    if (readFileSync(file, "utf8") !== text) throw new Error(`${file} is not what the code says: run npm run schema.`);
  });

  test("clients' view is a schema", () => {
    expect(() => buildSchema(readFileSync("schema/api.graphql", "utf8"))).not.toThrow();
  });

  test("clients' view has nothing of federation's machinery", () => {
    expect(schemaFiles()["schema/api.graphql"]).not.toMatch(/@key|@link|@shareable|_entities|_service|_Any/);
  });
});

describe("the schema", () => {
  test.each(Object.entries(schemaFiles()))("%s describes everything", (_, text) => {
    expect(silentParts(text)).toEqual([]);
  });

  test("what is not described would be found, whatever it is", () => {
    const sdl = `"""A""" type A { """b""" b("""c""" c: I): ID }
      scalar S type T { a: ID } interface F { """a""" a("""b""" b: ID, c: ID): ID } union U = A | T
      """E""" enum E { """B""" B C } input I { """a""" a: ID b: ID } directive @d(a: ID) on FIELD extend type A { z: ID }`;
    const found = ["S", "T", "T.a", "F", "F.a.c", "U", "E.C", "I", "I.b", "d", "d.a", "z"];
    expect(silentParts(sdl)).toEqual(found);
  });

  test.each(roots)("$coordinate says who may call it", ({ field }) => {
    const operation = operationOf(field);
    expect(operation).toBeDefined();
    expect(typeof operation!.allow.test).toBe("function");
    expect(operation!.allow.sentence).toMatch(/\.$/);
    expect(field.description?.endsWith(`\n\n${operation!.allow.sentence}`)).toBe(true);
  });

  test("a field with a rule of its own says it too", () => {
    const related = fields.filter(({ field }) => operationOf(field)?.kind === "related");
    expect(related.length).toBeGreaterThan(0);
    for (const { field } of related) expect(field.description).toContain(operationOf(field)!.allow.sentence);
  });

  test("the subgraph that is served keeps every rule", () => {
    const served = executableSchema({ nodeFields: true });
    for (const { coordinate } of roots) {
      const [type, name] = coordinate.split(".") as [string, string];
      expect((served.getType(type) as any).getFields()[name].resolve).toBeInstanceOf(Function);
    }
  });

  test("long lists are connections", () => {
    /** Lists whose length something else limits. */
    const bounded = [
      /Connection\.(edges|nodes)$/,
      /(Payload|Result)\.errors$/,
      /^UsersError\.field$/,
      /^Query\.nodes$/,
      /^BulkInviteUsersPayload\.results$/,
      // A definition is limited, and so are the answers to it, one for a field.
      /^(UserDataForm|InvestorPreferenceForm|UserForm|UserFormRevision)\.form(Fields|Pages|Settings)$/,
      /^UserFormField\.(options|formFieldConditions)$/,
      /^UserFormEditorValidator\.protectedFields$/,
      /^UserFormImplementation\.(formFieldAnswers|hiddenFieldAnswers|formImplementationAssignments)$/,
      // Each column once.
      /^UserExport\.columns$/,
      /^EnabledInvestorPreferenceFormEdge\.matchedClassifications$/,
    ];
    const lists = fields.filter(({ field }) => isListType(getNullableType(field.type)));
    const unbounded = lists.filter(({ coordinate }) => !bounded.some((pattern) => pattern.test(coordinate)));
    expect(unbounded.map(({ coordinate }) => coordinate)).toEqual([]);
  });

  test("a connection pages both ways, and is never null", () => {
    for (const { coordinate, field } of fields.filter(({ field: { type } }) => /Connection!?$/.test(String(type)))) {
      expect(`${coordinate}: ${String(field.type)}`).toMatch(/Connection!$/);
      const names = field.args.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(["first", "after", "last", "before"]));
    }
  });

  test("a mutation takes one input and answers with its payload", () => {
    for (const { name, args, type } of Object.values(schema.getMutationType()!.getFields())) {
      const Name = `${name[0]!.toUpperCase()}${name.slice(1)}`;
      expect(args.map((arg) => `${arg.name}: ${String(arg.type)}`.replace(/!$/, ""))).toEqual([`input: ${Name}Input`]);
      expect(String(type)).toBe(`${Name}Payload!`);
      expect((schema.getType(`${Name}Payload`) as any).getFields().errors.type.toString()).toBe("[UsersError!]!");
    }
  });

  test("counts and versions are whole numbers", () => {
    const floats = fields.filter(({ field: { type } }) => String(getNullableType(type)) === "Float");
    expect(floats.map(({ coordinate }) => coordinate).toSorted()).toEqual([
      "UserFormFieldValidator.maxValue",
      "UserFormFieldValidator.minValue",
    ]);
  });
});

describe("schema/operations", () => {
  const files = readdirSync("schema/operations").filter((file) => file.endsWith(".graphql"));

  test.each(files)("%s is valid", (file) => {
    const document = parse(readFileSync(`schema/operations/${file}`, "utf8"));
    expect(validate(schema, document).map(({ message }) => message)).toEqual([]);
  });

  test("every operation has a name of its own", () => {
    const names = exampleOperations("schema/operations").map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).not.toContain("");
  });

  test("every operation with a required variable has an example of it", () => {
    const bare = exampleOperations("schema/operations").filter(
      ({ document, variables }) => /\$\w+: [^,)=]+!(?! =)/.test(document) && !variables,
    );
    expect(bare.map(({ name }) => name)).toEqual([]);
  });

  test("every query and mutation is shown at least once", () => {
    const shown = new Set<string>();
    const info = new TypeInfo(schema);
    for (const file of files) {
      visit(
        parse(readFileSync(`schema/operations/${file}`, "utf8")),
        visitWithTypeInfo(info, {
          Field: ({ name }) => void shown.add(`${String(info.getParentType())}.${name.value}`),
        }),
      );
    }
    expect(roots.map(({ coordinate }) => coordinate).filter((coordinate) => !shown.has(coordinate))).toEqual([]);
  });
});
