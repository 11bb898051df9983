// The application: routes, grouped by routers.

import { Response, json } from "./answer.js";
import { answer } from "./call.js";
import { document } from "./contract.js";
import { expectSchema, fieldsOf, s } from "./schema.js";

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"];
const PLACES = ["path", "query", "headers", "cookies", "form"];
const WORDS = ["summary", "description", "tags", "operationId", "deprecated", "status", "body", "responses", "security"];

/** Routes with something in common: a prefix, tags, answers. */
export class Router {
  constructor({ prefix = "", tags = [], responses = {}, ...unknown } = {}) {
    refuse(Object.keys(unknown)[0], "a router", ["prefix", "tags", "responses"]);
    this.common = { prefix, tags, responses };
    this.parts = [];
  }

  /** Adds the routes of another router, under its own prefix and tags; `app.route("/admin", router)` puts a prefix before them. */
  route(prefix, router) {
    if (router === undefined) [prefix, router] = ["", prefix];
    if (!(router instanceof Router)) throw new TypeError("`route` takes a `Router`");
    this.parts.push({ prefix, router });
    return this;
  }

  /** Adds a route by any method. */
  on(method, path, options, handler) {
    if (typeof options === "function") [options, handler] = [{}, options];
    this.parts.push(new Route(method.toLowerCase(), path, options ?? {}, handler));
    return this;
  }

  /** All routes, those of routers included, with what they have in common. */
  *routes(prefix = "", tags = [], responses = {}) {
    prefix += this.common.prefix;
    tags = [...tags, ...this.common.tags];
    responses = { ...responses, ...this.common.responses };
    for (const part of this.parts) {
      if (part.router) yield* part.router.routes(prefix + part.prefix, tags, responses);
      else yield part.under(prefix, tags, responses);
    }
  }
}

for (const method of METHODS) {
  Router.prototype[method] = function (path, options, handler) {
    return this.on(method, path, options, handler);
  };
}

/** The plugin: what `app.js` exports as its default. */
export class App extends Router {
  #operations;

  constructor({ title, version = "0.1.0", summary, description, instances, servers, openapi, ...router } = {}) {
    super(router);
    if (typeof title !== "string") throw new TypeError('an app has a title: `new App({ title: "Shop" })`');
    this.info = { title, version, summary, description };
    this.more = { ...(instances !== undefined && { "x-switchback-instances": instances }), servers, ...openapi };
  }

  /**
   * Has a function answer what the host would say in the plugin's place: 404, 405, 422 and so on. It gets the `problem` as RFC
   * 9457 has it (`status`, `title`, `detail`, and of a 422 `errors`), and returns an answer, or nothing to leave it as it is.
   */
  onProblem(answer) {
    const options = { operationId: "onProblem", "x-switchback-on-problem": true, body: s.any() };
    return this.post("/on-problem", options, ({ body: problem, request, log }) => {
      const { status, detail, errors } = problem;
      return answer({ problem, request, log }) ?? json({ detail: errors ?? detail }, status);
    });
  }

  /**
   * Has a function answer what handlers throw. It gets the error, and returns an answer, or nothing: then a `Problem` says
   * itself what is answered, and anything else is logged, and 500.
   */
  onError(answer) {
    this.errors = answer;
    return this;
  }

  /** Has a function run in each new instance, before its first request. What it throws keeps the instance from serving. */
  onStart(run) {
    return this.#told("start", run);
  }

  /** Has a function run in each instance that serves no more. */
  onStop(run) {
    return this.#told("stop", run);
  }

  #told(when, run) {
    if (typeof run !== "function" || run.constructor.name !== "Function") {
      throw new TypeError(`on${when === "start" ? "Start" : "Stop"} takes an ordinary function: there is nothing to await`);
    }
    (this.lifecycle ??= { start: [], stop: [] })[when].push(run);
    return this;
  }

  /** The contract, an OpenAPI 3.1 document. */
  openapi() {
    return document(this, this.#table());
  }

  /** Answers a request that the host has routed and checked, in the shapes of `wit/plugin.wit`. */
  handle({ operation, params, body }) {
    return answer(this.#table().get(operation), operation, params, body, this.errors);
  }

  /**
   * For tests in Node: the answer of an operation, by its `operationId` or as `GET /items/{id}`. The host's checks are not
   * made, so what is given has to fit, and parameters have no defaults but those of `body`.
   */
  call(operation, { path = {}, query = {}, headers = {}, cookies = {}, body } = {}) {
    const params = JSON.stringify({ path, query, header: headers, cookie: cookies });
    const { val } = this.handle({ operation, params, body: given(body) });
    return new Response(val.body.val ?? null, val);
  }

  /** The routes by the name that the host calls them by; made once, while the component is built. */
  #table() {
    this.#operations ??= named([...this.routes()]);
    return this.#operations;
  }
}

/** A body as the host hands it over. */
function given(body) {
  if (body === undefined) return { tag: "empty" };
  if (body instanceof Uint8Array) return { tag: "bytes", val: { mediaType: "application/octet-stream", data: body } };
  return { tag: "text", val: { mediaType: "application/json", data: JSON.stringify(body) } };
}

/** One method and path, and what answers there. */
class Route {
  constructor(method, path, options, handler) {
    const place = `${method.toUpperCase()} ${path}`;
    if (!METHODS.includes(method)) throw new TypeError(`\`${place}\`: no such method; there are ${METHODS.join(", ")}`);
    if (typeof handler !== "function") throw new TypeError(`\`${place}\` has no handler: it is a function, and comes last`);
    if (!["Function", "GeneratorFunction"].includes(handler.constructor.name)) {
      throw new TypeError(`\`${place}\`: a handler is an ordinary function: there is nothing to await, all calls to the host wait by themselves`);
    }
    const known = [...PLACES, ...WORDS];
    refuse(Object.keys(options).find((key) => !known.includes(key) && !key.startsWith("x-")), `\`${place}\``, known);
    for (const where of PLACES) {
      for (const [name, schema] of Object.entries(fieldsOf(options[where]))) expectSchema(schema, `\`${place}\`: \`${where}.${name}\``);
    }
    const loud = Object.keys(fieldsOf(options.headers)).find((name) => name !== name.toLowerCase());
    if (loud !== undefined) throw new TypeError(`\`${place}\`: headers are named in lower case: \`${loud.toLowerCase()}\``);
    if (options.body && options.form) throw new TypeError(`\`${place}\` has both \`body\` and \`form\`: a request has one of them`);
    Object.assign(this, { method, path, options, handler });
  }

  under(prefix, tags, responses) {
    // `{rest:path}` takes what is left, and a path without an integer at `{n:int}` does not fit.
    const kinds = {};
    const path = (prefix + this.path).replace(/\{([^{}:]+):(path|int|float|uuid)\}/g, (_, name, kind) => {
      kinds[name] = kind;
      return `{${name}}`;
    });
    const options = {
      ...this.options,
      tags: [...tags, ...(this.options.tags ?? [])],
      responses: { ...responses, ...this.options.responses },
    };
    const names = [...path.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name);
    const stray = Object.keys(options.path ?? {}).find((name) => !names.includes(name));
    if (stray !== undefined) {
      throw new TypeError(`\`${this.method.toUpperCase()} ${path}\`: there is no \`{${stray}}\` in the path; was it meant for \`query\`?`);
    }
    return { method: this.method, path, names, kinds, options, handler: this.handler, status: options.status ?? 200, shapes: shapesOf(options) };
  }
}

/** How what is sent, and what is answered, is made of what fits the schemas: of each place, the parameters that need it. */
function shapesOf({ responses, status = 200, ...options }) {
  const params = ["path", "query", "headers", "cookies", "form"].flatMap((place) =>
    Object.entries(fieldsOf(options[place])).map(([name, { shape }]) => ({ place, name, shape })),
  );
  const answer = responses[status] ?? {};
  return { params: params.filter(({ shape }) => shape), answer: answer.content?.shape ?? answer.shape };
}

/**
 * Gives each route its `operationId`: the one it asks for, else its function's name where only one has it, else none,
 * which is `METHOD /path` to the host.
 */
function named(routes) {
  const uses = new Map();
  for (const { options, handler } of routes) {
    const id = options.operationId ?? handler.name;
    uses.set(id, (uses.get(id) ?? 0) + 1);
  }
  const table = new Map();
  for (const route of routes) {
    const { options, handler, method, path } = route;
    const own = handler.name !== "" && uses.get(handler.name) === 1 ? handler.name : undefined;
    route.operationId = options.operationId ?? own;
    const id = route.operationId ?? `${method.toUpperCase()} ${path}`;
    if (table.has(id)) throw new TypeError(`two routes are \`${id}\`: give one of them another \`operationId\` or path`);
    table.set(id, route);
  }
  return table;
}

function refuse(key, where, known) {
  if (key !== undefined) throw new TypeError(`${where}: there is no option \`${key}\`; there are ${known.join(", ")}`);
}
