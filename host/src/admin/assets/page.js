// The operator's page: asks the host every two seconds what it serves, listens to what happens, and asks for changes once
// they are confirmed. What it shows of a plugin stays in place while it changes, so that the focus does, too.

import { faultList } from "./faults.js";
import { Operations } from "./operations.js";
import { ROUND_MS, draw, keep, makePlot, recent } from "./plot.js";
import { judged, waiting } from "./waits.js";

const KEPT_EVENTS = 200;

const byId = (id) => document.getElementById(id);
const cards = new Map();
let token = sessionStorage.getItem("switchback-token");

/** An element with attributes and children; texts are texts, never markup. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** Sets a text only if it is another: a reader of the screen is not told the same twice. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(path, { ...options, headers });
  if (response.status === 401) {
    byId("token").hidden = false;
    throw new Error("this host asks for its token");
  }
  return response;
}

async function askJson(path, options) {
  const response = await ask(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(typeof answer.detail === "string" ? answer.detail : response.statusText);
  return answer;
}

/** Whether the operator says so. */
async function confirmed(question) {
  const dialog = byId("ask");
  say(byId("question"), question);
  dialog.returnValue = "no";
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  return dialog.returnValue === "yes";
}

/** Asks whether to, then asks the host; what it refuses is said where the state is. */
async function change(question, path, options) {
  if (!(await confirmed(question))) return;
  try {
    const { warnings } = await askJson(path, { method: "POST", ...options });
    for (const warning of warnings) happened({ event: "warning", what: warning });
  } catch (error) {
    happened({ event: "not done", what: error.message });
  }
  await look();
}

const whole = new Intl.NumberFormat("en");
const rounded = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const ms = (value) => (value === null || value === undefined ? "–" : `${rounded.format(value)} ms`);

/** The card of one plugin: made once, then kept up. */
class Card {
  constructor(name) {
    this.name = name;
    this.points = [];
    this.swaps = [];
    this.title = make("h3", {}, name);
    this.below = make("p", { class: "quiet" });
    this.candidate = make("p", { class: "quiet tried" });
    this.waits = make("p", { class: "quiet bad short" });
    this.plot = makePlot();
    this.operations = new Operations(name, { make, say, whole, rounded, ms });
    this.rate = make("b");
    this.failed = make("b");
    this.p95 = make("b");
    const number = (value, what) => make("p", { class: "number quiet" }, value, what);
    this.inside = make("div");
    this.details = make(
      "details",
      { ontoggle: () => this.look() },
      make("summary", { "aria-label": `Operations and revisions of ${name}` }, "Operations and revisions"),
      this.inside,
    );
    this.element = make(
      "li",
      {},
      make(
        "div",
        { class: "head" },
        make("div", {}, this.title, this.below, this.candidate, this.waits),
        this.plot,
        number(this.rate, "a second"),
        number(this.failed, "failed"),
        number(this.p95, "19 of 20"),
      ),
      this.details,
    );
  }

  show(plugin, now) {
    const serves = plugin.state === "serving";
    if (serves && this.revision !== undefined && this.revision !== plugin.revision) {
      this.swaps.push({ at: now, what: `revision ${plugin.revision}` });
      this.last = undefined;
      this.operations.forget();
      this.look();
    } else if (serves) {
      this.follow();
    }
    this.revision = serves ? plugin.revision : undefined;
    const prefix = plugin.prefix || "/";
    const routes = plugin.routes === 1 ? "1 route" : `${plugin.routes} routes`;
    say(this.below, !serves ? plugin.state : `revision ${plugin.revision}, ${routes} under ${prefix}`);
    this.below.classList.toggle("bad", !serves);
    this.waits.hidden = !plugin.refused;
    if (plugin.refused) say(this.waits, `refused: ${plugin.refused.why}`);
    const tried = plugin.candidate;
    this.candidate.hidden = !tried;
    if (tried) {
      const { percent, shadow } = tried.rollout;
      const part = shadow ? `gets copies of ${percent} %, ${tried.shadow.differ} of ${tried.shadow.compared} differ` : `gets ${percent} %`;
      say(this.candidate, `candidate ${tried.revision} ${part}`);
    }
    const total = plugin.answers ?? { answers: 0, failed: 0 };
    const before = this.last ?? { ...total, at: now - ROUND_MS };
    const seconds = Math.max(0.001, (now - before.at) / 1000);
    const point = {
      at: now,
      rate: Math.max(0, total.answers - before.answers) / seconds,
      failed: Math.max(0, total.failed - before.failed) / seconds,
    };
    this.last = { ...total, at: now };
    keep(this.points, point);
    this.now = point;
    say(this.rate, rounded.format(point.rate));
    say(this.failed, whole.format(total.failed));
    this.failed.classList.toggle("bad", total.failed > 0);
    say(this.p95, ms(total.p95_ms));
    this.draw(now);
  }

  draw(now) {
    this.swaps = recent(this.swaps, now);
    const swaps = this.swaps.length === 1 ? "1 swap" : `${this.swaps.length} swaps`;
    draw(this.plot, this.points, now, {
      value: ({ rate }) => rate,
      failed: ({ failed }) => failed,
      swaps: this.swaps,
      label: `${this.name}: ${rounded.format(this.now.rate)} answers a second, ${swaps} in the last three minutes`,
    });
  }

  /** Keeps the operations up while they can be seen: what else is inside changes only when something happens. */
  async follow() {
    if (!this.details.open) return;
    // What cannot be asked now is asked in the next round.
    const plugin = await askJson(`plugins/${this.name}`).catch(() => ({}));
    if (plugin.operations && plugin.revision === this.revision) this.operations.show(plugin.operations, Date.now());
  }

  /** What is inside is asked for only while it is open. */
  async look() {
    if (!this.details.open) return;
    const path = `plugins/${this.name}`;
    try {
      const [plugin, history] = await Promise.all([askJson(path), askJson(`${path}/history`).catch(() => [])]);
      const held = this.inside.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
      this.inside.replaceChildren(...this.parts(plugin, history, path));
      if (held) this.inside.querySelector(`[data-key="${held}"]`)?.focus();
    } catch (error) {
      this.inside.replaceChildren(make("p", { class: "bad" }, error.message));
    }
  }

  parts(plugin, history, path) {
    const parts = [];
    for (const warning of plugin.warnings ?? []) parts.push(make("p", { class: "tried" }, warning));
    parts.push(...waiting(plugin, { make, table }));
    if (plugin.candidate) parts.push(...this.trial(plugin, path));
    if (plugin.operations) {
      this.operations.show(plugin.operations, Date.now());
      parts.push(make("h4", {}, "Operations"), this.operations.element);
    }
    const hits = Object.entries(plugin.limit_hits ?? {}).map(([limit, count]) => `${limit} ${count} times`);
    if (hits.length) parts.push(make("p", { class: "quiet" }, `Limits that were hit: ${hits.join(", ")}`));
    if (history.length) parts.push(make("h4", {}, "Revisions"), table(
      ["Revision", "Since", "By", "State", ""],
      [...history].reverse().map((entry) => [
        String(entry.revision),
        new Date(entry.at_ms).toLocaleString(),
        entry.by,
        state(entry),
        plugin.state === "disabled" || entry.serving || entry.candidate ? "" : make("button", {
          "data-key": `back-${entry.revision}`,
          onclick: () => change(
            `Make ${this.name} serve again what revision ${entry.revision} was?`,
            `${path}/rollback?revision=${entry.revision}`,
          ),
        }, "Serve again"),
      ]),
      `Revisions of ${this.name}`,
    ));
    if (plugin.state === "refused") return parts;
    const [verb, question] = plugin.state === "disabled"
      ? ["enable", `Serve ${this.name} again?`]
      : ["disable", `Serve ${this.name} no more until it is enabled?`];
    parts.push(make("p", { class: "row" }, make("button", {
      "data-key": verb,
      onclick: () => change(question, `${path}/${verb}`),
    }, verb === "enable" ? "Enable" : "Disable")));
    return parts;
  }

  trial(plugin, path) {
    const { revision, rollout, answers, shadow } = plugin.candidate;
    const id = `weight-${this.name}`;
    const told = make("output", { for: id }, `${rollout.percent} %`);
    const slider = make("input", {
      id, type: "range", min: 0, max: 100, step: 1, value: rollout.percent, "data-key": "weight",
      oninput: () => say(told, `${slider.value} %`),
    });
    const rest = new URLSearchParams();
    for (const [name, value] of Object.entries(rollout)) {
      for (const one of [value].flat()) if (name !== "percent") rest.append(name, one);
    }
    const weigh = () => {
      rest.set("percent", slider.value);
      const part = rollout.shadow ? `copies of ${slider.value} %` : `${slider.value} %`;
      return change(`Give candidate ${revision} of ${this.name} ${part}?`, `${path}/candidate?${rest}`, { method: "PATCH" });
    };
    const parts = [
      make("h4", {}, `Candidate ${revision}`),
      make("p", { class: "quiet" }, `${whole.format(answers.answers)} answers, ${whole.format(answers.failed)} failed, 19 of 20 within ${ms(answers.p95_ms)}`),
      make("div", { class: "row" },
        make("label", { for: id }, rollout.shadow ? "Copies" : "Requests"), slider, told,
        make("button", { "data-key": "weigh", onclick: weigh }, "Set"),
        make("button", {
          "data-key": "promote",
          onclick: () => change(`Let candidate ${revision} of ${this.name} serve alone?`, `${path}/candidate/promote`),
        }, "Promote"),
        make("button", {
          "data-key": "withdraw",
          onclick: () => change(`Serve candidate ${revision} of ${this.name} no more?`, `${path}/candidate`, { method: "DELETE" }),
        }, "Withdraw")),
    ];
    if (plugin.candidate.changes) parts.push(judged(plugin.candidate.changes, `What candidate ${revision} changes`, { make, table }));
    if (shadow.differences.length) {
      parts.push(table(
        ["Asked for", "Where", "What serves, and the candidate"],
        [...shadow.differences].reverse().slice(0, 10).map(({ uri, pointer, what }) => [uri, pointer || "the whole", what]),
        `Differences of candidate ${revision}`,
      ));
    }
    return parts;
  }
}

function state({ serving, candidate, ended, how }) {
  if (serving) return make("span", { class: "good" }, how["rolled-back"] ? `serves, as ${how["rolled-back"].to} did` : "serves");
  if (candidate) return make("span", { class: "tried" }, "candidate");
  return ended ?? "";
}

function table(heads, rows, label) {
  const cells = (name, contents) => contents.map((content) => make(name, {}, content));
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    make("table", {},
      make("thead", {}, make("tr", {}, ...heads.map((head) => make(head ? "th" : "td", {}, head)))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells("td", row))))));
}

function sums(plugins) {
  const shown = [...cards.values()];
  const rate = shown.reduce((sum, card) => sum + (card.now?.rate ?? 0), 0);
  const failed = shown.reduce((sum, card) => sum + (card.now?.failed ?? 0), 0);
  const calls = plugins.reduce((sum, plugin) => sum + (plugin.calls ?? 0), 0);
  const told = { Plugins: plugins.length, "Answers a second": rate, "Failed a second": failed, "Calls in flight": calls };
  const list = byId("sums");
  if (!list.children.length) {
    list.append(...Object.keys(told).map((name) => make("div", {}, make("dt", {}, name), make("dd"))));
  }
  Object.values(told).forEach((value, at) => say(list.children[at].lastChild, rounded.format(value)));
}

const faults = faultList({ make, say, askJson, confirmed });
// Whether there may be other faults than those that are shown.
let faulty = true;

async function look() {
  const line = byId("state");
  try {
    const plugins = await askJson("plugins");
    const now = Date.now();
    const list = byId("plugins");
    const names = new Set(plugins.map(({ name }) => name));
    for (const [name, card] of cards) {
      if (!names.has(name)) {
        card.element.remove();
        cards.delete(name);
      }
    }
    plugins.forEach((plugin, at) => {
      let card = cards.get(plugin.name);
      if (!card) {
        card = new Card(plugin.name);
        cards.set(plugin.name, card);
        list.insertBefore(card.element, list.children[at] ?? null);
      }
      card.show(plugin, now);
    });
    byId("filter").hidden = plugins.length < 12;
    filter();
    sums(plugins);
    if (faulty) {
      faulty = false;
      await faults.look().catch((error) => {
        faulty = true;
        throw error;
      });
    }
    byId("token").hidden = true;
    say(line, plugins.length ? "" : "Nothing is served yet");
    line.classList.remove("lost");
  } catch (error) {
    say(line, `Nothing new: ${error.message}`);
    line.classList.add("lost");
  }
}

function filter() {
  const wanted = byId("wanted").value.trim();
  for (const [name, card] of cards) card.element.hidden = !name.includes(wanted);
}

function happened(event) {
  const { event: kind, ...rest } = event;
  // It has a list of its own.
  if (kind === "fault-kept") return;
  byId("nothing").hidden = true;
  const shown = (value) => (typeof value === "number" ? Math.round(value * 1e3) / 1e3 : value);
  const told = Object.entries(rest).map(([key, value]) => `${key.replaceAll("_", " ")} ${shown(value)}`).join(", ");
  const bad = ["refused", "failed", "went-back", "withdrawn", "cut", "stop-failed", "not done", "off-contract"].includes(kind);
  const now = new Date();
  const list = byId("events");
  list.prepend(make("li", {},
    make("time", { datetime: now.toISOString() }, now.toLocaleTimeString()),
    make("b", bad ? { class: "bad" } : {}, kind), " ", told));
  while (list.children.length > KEPT_EVENTS) list.lastChild.remove();
}

/** Reads the stream of events by `fetch`, since an EventSource cannot send a token. */
async function listen() {
  for (;;) {
    try {
      const response = await ask("events");
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      // What happened before this was not heard.
      faulty = true;
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        text += piece.value;
        const events = text.split("\n\n");
        text = events.pop();
        for (const event of events.filter((one) => one.startsWith("data: "))) {
          const told = JSON.parse(event.slice(6));
          faulty ||= told.event === "fault-kept";
          happened(told);
          cards.get(told.plugin)?.look();
        }
      }
    } catch {
      // The state says that the host cannot be reached; it is asked again.
    }
    await new Promise((rested) => setTimeout(rested, ROUND_MS));
  }
}

byId("wanted").addEventListener("input", filter);
byId("token").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("secret").value;
  sessionStorage.setItem("switchback-token", token);
  look();
});

listen();
await look();
setInterval(look, ROUND_MS);
