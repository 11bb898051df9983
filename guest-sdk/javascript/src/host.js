// The host, as a plugin sees it: its log, and the request that it handles now.
//
// In a component `guest.js` fills `imports` in. In Node, where an author's tests run, nothing does: lines go to the console.

/** The host's functions, and whether they can be called: not while the component is being built. */
export const host = { imports: undefined, serving: false };

/** What was logged while the component was built; written once, when its contract is read. */
let early = [];

function write(level, message, fields) {
  const line = [level, shown(message).toWellFormed(), fields === undefined ? "" : JSON.stringify(fields)];
  if (host.serving) host.imports.log.write(...line);
  else if (host.imports) early.push(line);
  else globalThis.console[level](...line);
}

/** From now on the host can be called. */
export function serve() {
  host.serving = true;
  const lines = early;
  early = [];
  return lines;
}

/** Lines in the host's log, with the request's id; `fields` is an object of further values. */
export const log = Object.freeze({
  trace: (message, fields) => write("trace", message, fields),
  debug: (message, fields) => write("debug", message, fields),
  info: (message, fields) => write("info", message, fields),
  warn: (message, fields) => write("warn", message, fields),
  error: (message, fields) => write("error", message, fields),
});

/** `console` for the engine, which has none. */
export function makeConsole() {
  const line = (level) => (...values) => write(level, values.map(shown).join(" "));
  return { trace: line("trace"), debug: line("debug"), log: line("info"), info: line("info"), warn: line("warn"), error: line("error") };
}

/** A value as a person reads it. */
export function shown(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.stack ? `${value}\n${value.stack.trimEnd()}` : String(value);
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value); // it holds itself, or a BigInt
  }
}

function ask(name, ...args) {
  if (!host.serving) throw new Error("there is no request yet: ask for it inside of a handler");
  return host.imports.incoming[name](...args);
}

/** The request being handled: what the contract does not declare is asked for here. */
export const request = Object.freeze({
  /** In capitals. */
  get method() { return ask("method"); },
  /** Path and query as the client sent them. */
  get uri() { return ask("uri"); },
  /** Where the plugin is mounted: empty, or `/shop`. */
  get prefix() { return ask("prefix"); },
  /** In the answer's `x-request-id`, and in every line of the log. */
  get id() { return ask("requestId"); },
  /** The client's address, or `null`. */
  get peer() { return ask("peer"); },
  /** Who is asking, as the host has established it, or `null`. */
  get identity() {
    const identity = ask("identity");
    return identity === null ? null : JSON.parse(identity);
  },
  /** The first value of a header, its name in any case, or `null`. */
  header: (name) => ask("header", name)[0] ?? null,
  /** All values of a header. */
  headers: (name) => ask("header", name),
});
