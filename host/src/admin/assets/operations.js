// The operations of one plugin: a row each, kept up in place, with what it answered and how long that took as small plots.

import { ROUND_MS, draw, keep, makePlot } from "./plot.js";

const HEADS = ["Operation", "A second", "Time", "Answers", "Failed", "Half within", "19 of 20 within"];

export class Operations {
  /** `tools` are the page's own ways to make and fill elements. */
  constructor(plugin, tools) {
    this.plugin = plugin;
    this.tools = tools;
    this.rows = new Map();
    const { make } = tools;
    this.body = make("tbody");
    const head = (name, at) => make("th", at > 2 ? { class: "number" } : {}, name);
    this.element = make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Operations of ${plugin}`, "data-key": "operations" },
      make("table", {}, make("thead", {}, make("tr", {}, ...HEADS.map(head))), this.body));
  }

  /** Another revision counts from nothing. */
  forget() {
    for (const row of this.rows.values()) row.last = undefined;
  }

  show(operations, now) {
    const names = new Set(operations.map(({ method, path }) => `${method} ${path}`));
    for (const [name, row] of this.rows) {
      if (!names.has(name)) {
        row.element.remove();
        this.rows.delete(name);
      }
    }
    operations.forEach(({ method, path, answers }, at) => {
      const name = `${method} ${path}`;
      let row = this.rows.get(name);
      if (!row) {
        row = this.row(name);
        this.rows.set(name, row);
        this.body.insertBefore(row.element, this.body.children[at] ?? null);
      }
      this.fill(row, name, answers, now);
    });
  }

  row(name) {
    const { make } = this.tools;
    const number = () => make("td", { class: "number" });
    const row = { points: [], rate: makePlot("plot small"), time: makePlot("plot small"), numbers: [number(), number(), number(), number()] };
    row.element = make("tr", {}, make("td", {}, name), make("td", {}, row.rate), make("td", {}, row.time), ...row.numbers);
    return row;
  }

  fill(row, name, answers, now) {
    const { say, whole, rounded, ms } = this.tools;
    const [all, failed, half, most] = row.numbers;
    say(all, whole.format(answers.answers));
    say(failed, whole.format(answers.failed));
    failed.classList.toggle("bad", answers.failed > 0);
    say(half, ms(answers.p50_ms));
    say(most, ms(answers.p95_ms));
    // Something happened between two rounds: of so short a time there is nothing to draw.
    if (row.last && now - row.last.at < ROUND_MS / 2) return;
    const before = row.last ?? { ...answers, at: now - ROUND_MS };
    const seconds = Math.max(0.001, (now - before.at) / 1000);
    const count = Math.max(0, answers.answers - before.answers);
    const point = {
      at: now,
      rate: count / seconds,
      failed: Math.max(0, answers.failed - before.failed) / seconds,
      // Without an answer there is no time that it took.
      mean: count > 0 ? Math.max(0, answers.total_ms - before.total_ms) / count : undefined,
    };
    row.last = { ...answers, at: now };
    keep(row.points, point);
    const means = row.points.map(({ mean }) => mean).filter((mean) => mean !== undefined);
    draw(row.rate, row.points, now, {
      value: ({ rate }) => rate,
      failed: ({ failed }) => failed,
      label: `${name}: ${rounded.format(point.rate)} answers a second, ${rounded.format(point.failed)} failed`,
    });
    draw(row.time, row.points, now, {
      value: ({ mean }) => mean,
      least: 0.01,
      label: means.length ? `${name}: ${ms(means.at(-1))} on average, ${ms(Math.max(...means))} at most` : `${name}: no answer in the last three minutes`,
    });
  }
}
