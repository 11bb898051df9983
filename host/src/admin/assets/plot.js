// Small plots of the last three minutes, drawn as SVG.

export const ROUND_MS = 2000;
export const POINTS = 90;
const SPAN_MS = POINTS * ROUND_MS;

function svg(name, attributes = {}) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

export function makePlot(kind = "plot") {
  return svg("svg", { class: kind, viewBox: "0 0 100 40", preserveAspectRatio: "none", role: "img" });
}

/** Adds a point, and forgets those of long ago. */
export function keep(points, point) {
  points.push(point);
  points.splice(0, points.length - POINTS);
}

/**
 * Draws what `value` is of each point as a line, `failed` as bars and swaps as marks. A point without a value is a gap. `label` is
 * what a reader of the screen is told.
 */
export function draw(plot, points, now, { value, failed = () => 0, swaps = [], least = 1, label }) {
  const most = Math.max(least, ...points.map((point) => value(point) ?? 0));
  const x = (at) => 100 - ((now - at) / SPAN_MS) * 100;
  const y = (amount) => 39 - (amount / most) * 36;
  const parts = [];
  for (const run of runs(points, value)) {
    const line = run.map((point) => `${x(point.at).toFixed(2)},${y(value(point)).toFixed(2)}`).join(" ");
    const [from, to] = [run[0], run.at(-1)].map(({ at }) => x(at).toFixed(2));
    parts.push(svg("polygon", { class: "under", points: `${from},39 ${line} ${to},39` }), svg("polyline", { class: "all", points: line }));
  }
  for (const point of points.filter((one) => failed(one) > 0)) {
    const top = y(Math.min(failed(point), most));
    parts.push(svg("rect", { class: "failed", x: x(point.at) - 0.4, y: top, width: 0.8, height: 39 - top }));
  }
  for (const { at, what } of swaps) {
    const mark = svg("line", { class: "swap", x1: x(at), x2: x(at), y1: 0, y2: 39 });
    const title = svg("title");
    title.textContent = what;
    mark.append(title);
    parts.push(mark);
  }
  plot.replaceChildren(...parts);
  plot.setAttribute("aria-label", label);
}

/** The points that have a value, in runs without a gap. */
function runs(points, value) {
  const found = [];
  let open = false;
  for (const point of points) {
    const has = value(point) !== undefined;
    if (has && !open) found.push([]);
    if (has) found.at(-1).push(point);
    open = has;
  }
  return found;
}

/** Those of the last three minutes. */
export function recent(marks, now) {
  return marks.filter(({ at }) => now - at < SPAN_MS);
}
