import type { Caller } from "../harness/index.js";

export interface Connection<Edge> {
  totalCount: number;
  edges: Edge[];
  pageInfo: Record<"hasNextPage" | "hasPreviousPage", boolean> & Record<"startCursor" | "endCursor", string | null>;
}

/** Every edge of a list in its order, page by page, forward or backward; each page is checked as it comes. */
export async function walk<Edge extends { cursor: string }>(
  caller: Caller,
  document: string,
  variables: object,
  connection: (data: any) => Connection<Edge>,
  { size, backward = false }: { size: number; backward?: boolean },
): Promise<Edge[]> {
  const seen: Edge[] = [];
  for (let cursor: string | null = null; ;) {
    const paging = backward ? { last: size, before: cursor } : { first: size, after: cursor };
    const { totalCount, edges, pageInfo } = connection(await caller.ask(document, { ...variables, ...paging }));
    expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([
      edges.at(0)?.cursor ?? null,
      edges.at(-1)?.cursor ?? null,
    ]);
    if (backward) seen.unshift(...edges);
    else seen.push(...edges);
    const more = backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage;
    expect(more).toBe(seen.length < totalCount);
    expect(backward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage).toBe(cursor !== null);
    if (!more) return seen;
    cursor = backward ? pageInfo.startCursor : pageInfo.endCursor;
  }
}
