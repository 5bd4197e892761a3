import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  commitMutation,
  type ConcreteRequest,
  createOperationDescriptor,
  Environment,
  fetchQuery,
  getPaginationMetadata,
  getPaginationVariables,
  getRequest,
  getSingularSelector,
  type GraphQLResponse,
  Network,
  type ReaderFragment,
  RecordSource,
  Store,
  type Variables,
} from "relay-runtime";
import type { Caller } from "../harness/index.js";

const require = createRequire(import.meta.url);
const ARTIFACTS = join(import.meta.dirname, "__generated__");

/** Compiles the documents of this folder's (built) files. @throws with what the compiler has against one. */
export async function compile(): Promise<void> {
  await mkdir(ARTIFACTS, { recursive: true });
  await writeFile(join(ARTIFACTS, "package.json"), '{ "type": "commonjs" }\n');
  // The path of the platform's binary, which the package ships.
  const compiler = require("relay-compiler") as string;
  await promisify(execFile)(compiler, ["--noWatchman"], { cwd: "test/clients" });
}

/** What Relay's Babel plugin does: a document stands for what it was compiled to. */
export function graphql([text]: TemplateStringsArray): any {
  const [, name] = /(?:query|mutation|fragment) (\w+)/.exec(text!)!;
  return require(join(ARTIFACTS, `${name}.graphql.js`));
}

/** What a page that uses Relay has: a store, and the server behind it. */
export function client(url: string, { token }: Caller) {
  const network = Network.create(async ({ text }, variables) => {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: text, variables }),
    });
    return response.json() as Promise<GraphQLResponse>;
  });
  const environment = new Environment({ network, store: new Store(new RecordSource()) });

  const read = (fragment: ReaderFragment, reference: unknown): any =>
    environment.lookup(getSingularSelector(fragment, reference)).data;

  return {
    environment,
    read,

    /** Sends a query, and keeps what it found in the store for as long as the client lives. */
    query: async (document: ConcreteRequest, variables: Variables): Promise<any> => {
      const operation = createOperationDescriptor(getRequest(document), variables);
      environment.retain(operation);
      await fetchQuery(environment, document, variables).toPromise();
      return environment.lookup(operation.fragment).data;
    },

    mutate: (mutation: ConcreteRequest, variables: Variables): Promise<any> =>
      new Promise((resolve, reject) => {
        commitMutation(environment, { mutation, variables, onCompleted: resolve, onError: reject });
      }),

    /** Fetches another page of a fragment with a connection, as react-relay's usePaginationFragment does. */
    more: async (
      fragment: ReaderFragment,
      reference: unknown,
      direction: "forward" | "backward",
      count: number,
    ): Promise<void> => {
      const { owner, variables } = getSingularSelector(fragment, reference);
      const { connectionPathInFragmentData, identifierField, paginationMetadata, paginationRequest } =
        getPaginationMetadata(fragment, "more");
      const data = read(fragment, reference);
      const { pageInfo } = connectionPathInFragmentData.reduce((value, key) => value[key], data);
      await fetchQuery(
        environment,
        paginationRequest,
        getPaginationVariables(
          direction,
          count,
          direction === "forward" ? pageInfo.endCursor : pageInfo.startCursor,
          { ...owner.variables, ...variables },
          identifierField == null ? {} : { [identifierField]: data[identifierField] },
          paginationMetadata,
        ),
      ).toPromise();
    },
  };
}
