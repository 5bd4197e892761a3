import { short } from "./report.js";

/** A diagram of lines over points side by side. */
export interface Panel {
  title: string;
  /** Below each point. */
  labels: string[];
  /** One of each server, in their order. */
  lines: number[][];
}

const [WIDTH, HEIGHT, COLUMNS] = [300, 190, 3];
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 16, 34, 28];
const LEGEND = 34;

// Told apart without colours, too. A picture in a page follows the reader's own light or dark, not the page's.
const STYLE = `
    text { font: 11px system-ui, sans-serif; fill: #1f2328; }
    .title { font-weight: 600; }
    .grid { stroke: #d1d9e0; }
    .line { fill: none; stroke-width: 2; }
    .s0 { stroke: #0969da; } .s1 { stroke: #59636e; stroke-dasharray: 2 3; } .s2 { stroke: #bc4c00; stroke-dasharray: 7 3; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .grid { stroke: #3d444d; }
      .s0 { stroke: #4493f8; } .s1 { stroke: #9198a1; } .s2 { stroke: #f0883e; }
    }`;

/** An SVG of small diagrams with one legend. */
export function chart(title: string, servers: string[], panels: Panel[]): string {
  const [width, height] = [COLUMNS * WIDTH, LEGEND + Math.ceil(panels.length / COLUMNS) * HEIGHT];
  const legend = servers.map((server, index) => {
    const x = LEFT + index * 130;
    return `<path class="line s${index}" d="M${x} 17h28"/><text x="${x + 34}" y="21">${server}</text>`;
  });
  const placed = panels.map((panel, index) => {
    const [x, y] = [(index % COLUMNS) * WIDTH, LEGEND + Math.floor(index / COLUMNS) * HEIGHT];
    return `<g transform="translate(${x} ${y})">${diagram(panel)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">
  <title id="title">${title}</title>
  <desc id="desc">${panels.map((panel) => described(panel, servers)).join(" ")}</desc>
  <style>${STYLE}
  </style>
  ${[...legend, ...placed].join("\n  ")}
</svg>
`;
}

function diagram({ title, labels, lines }: Panel): string {
  const top = niceCeiling(Math.max(...lines.flat()));
  const x = (index: number): number => Math.round(LEFT + ((WIDTH - LEFT - RIGHT) * (index + 0.5)) / labels.length);
  const y = (value: number): number => Math.round(HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * value) / top);
  const grid = [0, top / 2, top].map(
    (value) =>
      `<path class="grid" d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}"/>` +
      `<text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${value}</text>`,
  );
  const under = labels.map(
    (label, index) => `<text x="${x(index)}" y="${HEIGHT - 10}" text-anchor="middle">${label}</text>`,
  );
  const drawn = lines.map((values, index) => {
    const path = values.map((value, at) => `${at === 0 ? "M" : "L"}${x(at)} ${y(value)}`).join("");
    return `<path class="line s${index}" d="${path}"/>`;
  });
  return [`<text x="${LEFT}" y="20" class="title">${title}</text>`, ...grid, ...under, ...drawn].join("");
}

/** What a reader hears who does not see it. */
const described = ({ title, labels, lines }: Panel, servers: string[]): string =>
  `${title}: ${servers
    .map((server, index) => `${server} ${labels.map((at, i) => `${short(lines[index]![i]!)} at ${at}`).join(", ")}`)
    .join("; ")}.`;

/** 1, 2 or 5 with zeros, not below the value; halves of them print short. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((step) => step * power >= value)!;
}
