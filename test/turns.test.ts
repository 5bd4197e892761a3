import { Loaders } from "../src/kit/index.js";

/** Longer than a turn. */
const busy = (): void => {
  const until = performance.now() + 6;
  while (performance.now() < until);
};

test("of many large answers at the same time one goes on each time the event loop comes round", async () => {
  let round = 0;
  let counting = true;
  const count = (): void => {
    round++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const rounds: number[] = [];
  const answer = async (): Promise<void> => {
    const loaders = new Loaders();
    const declaration = {};
    const pages = ["first", "second", "third", "fourth"].map(async (key) => {
      await loaders.of(declaration, "", async (keys) => [...keys]).load(key);
      if (key !== "first") rounds.push(round);
      busy();
    });
    await Promise.all(pages);
  };
  await Promise.all([answer(), answer(), answer(), answer(), answer()]);
  counting = false;
  expect(rounds).toHaveLength(15);
  expect(new Set(rounds).size).toBe(15);
});
