import { parseArgs, type ParseArgsConfig } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<Given extends Options> = ReturnType<typeof parseArgs<{ options: Given }>>["values"];

/** Ends the command with what is wrong in what it was given. */
export function refuse(problem: string): never {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

/** The options of a command that measures. `--help` tells them; what cannot be used is told in a line. */
export function optionsOf<const Given extends Options>(
  usage: string,
  options: Given,
  numbers: string[],
): Values<Given> {
  const values = parsed(options);
  if (values.help) {
    process.stdout.write(usage);
    process.exit(0);
  }
  for (const name of numbers) {
    const text = values[name];
    if (typeof text === "string" && !text.split(",").every((part) => Number(part) > 0))
      refuse(`--${name} has to be a number above 0, not "${text}".`);
  }
  return values as Values<Given>;
}

function parsed(options: Options): Record<string, unknown> {
  try {
    return parseArgs({ options: { ...options, help: { type: "boolean", short: "h", default: false } } }).values;
  } catch (error) {
    return refuse(`${(error as Error).message} --help tells them all.`);
  }
}
