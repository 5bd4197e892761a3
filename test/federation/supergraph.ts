import { readFileSync } from "node:fs";
import { join } from "node:path";
import { composeServices } from "@apollo/composition";
import { parse } from "graphql";

const FOLDER = "schema";
const SUBGRAPH = /^ {2}(\w+):\n {4}routing_url: (\S+)\n {4}schema:\n {6}file: (\S+)$/gm;

export interface Subgraph {
  name: string;
  url: string;
  sdl: string;
}

/** The subgraphs of schema/supergraph.yaml, as rover reads them: files are relative to the configuration. */
export const subgraphs = (): Subgraph[] =>
  [...readFileSync(join(FOLDER, "supergraph.yaml"), "utf8").matchAll(SUBGRAPH)].map(([, name, url, file]) => ({
    name: name!,
    url: url!,
    sdl: readFileSync(join(FOLDER, file!), "utf8"),
  }));

/** The supergraph's SDL. @throws with every reason why the subgraphs do not compose. */
export function compose(...parts: Subgraph[]): string {
  const { errors, supergraphSdl } = composeServices(
    parts.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
  );
  if (errors) throw new Error(errors.map(({ message }) => message).join("\n"));
  return supergraphSdl;
}
