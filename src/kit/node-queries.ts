import { ArgsType, Field, ID, Resolver, type ClassType } from "type-graphql";
import type { Context } from "./context.js";
import { badUserInput } from "./errors.js";
import { fromGlobalId } from "./global-id.js";
import type { OneBy } from "./loader.js";
import { Node } from "./node.js";
import { Read, type Allow } from "./operation.js";

const MAX_NODES = 100;

@ArgsType()
class NodeArgs {
  @Field(() => ID, { description: "A global id." })
  id!: string;
}

@ArgsType()
class NodesArgs {
  @Field(() => [ID], { description: `Global ids, ${MAX_NODES} at most.` })
  ids!: string[];
}

/** `node` and `nodes` over the given types: each by its loader, and so under the same row rule as anywhere else. */
export function nodeQueries(types: Readonly<Record<string, OneBy<object>>>, allow: Allow): ClassType {
  const load = async (ctx: Context, id: string, path: (string | number)[]): Promise<object | null> => {
    const { type, key } = fromGlobalId(id, path);
    const row = await types[type]?.load(ctx, key);
    return row ? { ...row, __typename: type } : null;
  };

  @Resolver()
  class NodeQueries {
    @Read({
      type: () => Node,
      nullable: true,
      args: () => NodeArgs,
      allow,
      description: "The object with this global id; null when there is none that the caller may see.",
    })
    node({ id }: NodeArgs, ctx: Context): Promise<object | null> {
      return load(ctx, id, ["id"]);
    }

    @Read({
      type: () => [Node],
      nullable: "items",
      args: () => NodesArgs,
      allow,
      description: "The objects with these global ids in the same order, null for each that the caller cannot see.",
    })
    nodes({ ids }: NodesArgs, ctx: Context): Promise<(object | null)[]> {
      if (ids.length > MAX_NODES) throw badUserInput(`${MAX_NODES} ids at most.`, ["ids"]);
      return Promise.all(ids.map((id, index) => load(ctx, id, ["ids", index])));
    }
  }
  return NodeQueries;
}
