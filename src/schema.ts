import { getNamedType, type GraphQLSchema } from "graphql";
import { buildSchemaSync, type NonEmptyArray } from "type-graphql";
import { Role, roleByGuid, signedIn, Tenant, UserRole } from "./access/index.js";
import { audit } from "./audit/index.js";
import { directory } from "./directory/index.js";
import { forms } from "./forms/index.js";
import { invitations } from "./invitations/index.js";
import {
  bindOperations,
  compilingExecutor,
  DateTime,
  type Entities,
  type Entity,
  type Executable,
  IdempotencyKey,
  nodeQueries,
  type OneBy,
  plainExecutor,
  subgraphSchema,
  subgraphSdl,
} from "./kit/index.js";
import { investorPreferenceForms } from "./investor-preference-forms/index.js";
import { impersonation } from "./impersonation/index.js";
import { type Composer, mail } from "./mail/index.js";
import { userDataForms } from "./user-data-forms/index.js";
import { userGroups } from "./user-groups/index.js";
import { users } from "./users/index.js";

/** The tables of all rooms, for TypeORM. */
export const entities: Entity[] = [
  Role,
  UserRole,
  Tenant,
  IdempotencyKey,
  ...audit.tables,
  ...mail.tables,
  ...users.tables,
  ...userGroups.tables,
  ...invitations.tables,
  ...impersonation.tables,
  ...forms.tables,
  ...investorPreferenceForms.tables,
  ...directory.tables,
];

/** Who writes the letters: kind of mail -> composer. */
export const composers: Record<string, Composer> = { ...invitations.composers };

/** What `node` finds: type -> loader. Without a prototype, for an id may name any type, `constructor` too. */
const nodes = {
  __proto__: null,
  UserRole: roleByGuid,
  ...audit.nodes,
  ...users.nodes,
  ...userGroups.nodes,
  ...invitations.nodes,
  ...forms.nodes,
  ...userDataForms.nodes,
  ...investorPreferenceForms.nodes,
  ...directory.nodes,
} as unknown as Record<string, OneBy<object>>;

/** What other subgraphs may refer to. */
const federated = {
  ...users.entities,
  ...userGroups.entities,
  ...invitations.entities,
  ...forms.entities,
  ...userDataForms.entities,
  ...investorPreferenceForms.entities,
} as unknown as Entities;

export interface SchemaOptions {
  /** `Query.node` and `Query.nodes`; only one subgraph of a supergraph can own them. */
  nodeFields: boolean;
}

/** The schema as clients see it, without federation's machinery. */
export function apiSchema({ nodeFields }: SchemaOptions): GraphQLSchema {
  const resolvers = [
    ...audit.resolvers,
    ...users.resolvers,
    ...userGroups.resolvers,
    ...invitations.resolvers,
    ...impersonation.resolvers,
    ...forms.resolvers,
    ...userDataForms.resolvers,
    ...investorPreferenceForms.resolvers,
    ...directory.resolvers,
    ...(nodeFields ? [nodeQueries(nodes, signedIn)] : []),
  ];
  const schema = buildSchemaSync({
    resolvers: resolvers as unknown as NonEmptyArray<new () => object>,
    validate: false,
    scalarsMap: [{ type: Date, scalar: DateTime }],
  });
  return describeByName(bindOperations(schema));
}

/** What is told by its name is described here, once: the roots, and the input of each mutation. */
function describeByName(schema: GraphQLSchema): GraphQLSchema {
  const mutation = schema.getMutationType()!;
  mutation.description = "What can be changed: each change in one transaction, with one audit event.";
  schema.getQueryType()!.description = "What can be read.";
  for (const { name, args } of Object.values(mutation.getFields())) {
    for (const argument of args) {
      argument.description ??= "What to do, and to what.";
      getNamedType(argument.type).description ??= `What \`${name}\` takes.`;
    }
  }
  return schema;
}

/** The executable subgraph. */
export const executableSchema = (options: SchemaOptions): GraphQLSchema =>
  subgraphSchema(apiSchema(options), federated);

/**
 * The executable subgraph, and how its documents are run: compiled to SQL where they can be, or all the plain way. For
 * requests whose fields are traced, a second one: tracing wraps every field of its schema for good.
 */
export function executable(
  options: SchemaOptions,
  { compile, trace }: { compile: boolean; trace: boolean },
): Executable {
  const api = apiSchema(options);
  const schema = subgraphSchema(api, federated);
  const executor = compile ? compilingExecutor(schema, api, federated) : plainExecutor(schema);
  const traced = trace ? executableSchema(options) : schema;
  return { schema: traced, executor, ...(trace && { traced: plainExecutor(traced) }) };
}

/** The subgraph's SDL, as committed in schema/users.graphql. */
export const usersSdl = (options: SchemaOptions): string => subgraphSdl(apiSchema(options), federated);
