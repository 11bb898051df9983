// What a handler answers: a value, an answer made by hand, or a problem that it throws.

/** A whole answer. `body` is a string, a `Uint8Array` or `null`. */
export class Response {
  constructor(body = null, { status = 200, headers = {} } = {}) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`a status is a number from 200 to 599, not ${status}`);
    }
    if (body !== null && typeof body !== "string" && !(body instanceof Uint8Array)) {
      throw new TypeError("a body is a string, a Uint8Array or null; `json(value)` makes one of anything else");
    }
    this.status = status;
    this.body = body;
    this.headers = pairs(headers);
  }

  /** Adds a header; a name may come twice, as `set-cookie` does. */
  header(name, value) {
    this.headers.push(pair(name, value));
    return this;
  }

  /** Sets a cookie. Its value is written with `%` where a cookie cannot hold it. */
  cookie(name, value, { maxAge, path = "/", domain, secure = false, httpOnly = false, sameSite = "lax" } = {}) {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) throw new TypeError(`a cookie cannot be called ${JSON.stringify(name)}`);
    const parts = [`${name}=${encodeURIComponent(String(value).toWellFormed())}`];
    if (maxAge !== undefined) parts.push(`Max-Age=${maxAge}`);
    if (path) parts.push(`Path=${path}`);
    if (domain) parts.push(`Domain=${domain}`);
    if (secure) parts.push("Secure");
    if (httpOnly) parts.push("HttpOnly");
    if (sameSite) parts.push(`SameSite=${sameSite}`);
    return this.header("set-cookie", parts.join("; "));
  }
}

function pairs(headers) {
  const entries = typeof headers[Symbol.iterator] === "function" ? [...headers] : Object.entries(headers);
  return entries.map(([name, value]) => pair(name, value));
}

// The host's side takes texts only, and traps at a lone surrogate.
const pair = (name, value) => [String(name).toWellFormed(), String(value).toWellFormed()];

/** HTTP allows no body with these. */
export const hasBody = (status) => status !== 204 && status !== 205 && status !== 304;

/** `value` as JSON. `undefined` is `null`, and no body where the status allows none. */
export function json(value, status = 200, headers = {}) {
  if (!hasBody(status)) return new Response(null, { status, headers });
  const text = JSON.stringify(value === undefined ? null : value);
  if (text === undefined) throw new TypeError(`JSON has no form for a ${typeof value}`);
  return typed("application/json", text, status, headers);
}

/** A page. */
export function html(body, status = 200, headers = {}) {
  return typed("text/html; charset=utf-8", String(body), status, headers);
}

/** Plain text. */
export function text(body, status = 200, headers = {}) {
  return typed("text/plain; charset=utf-8", String(body), status, headers);
}

/** Bytes of any media type. */
export function bytes(body, type = "application/octet-stream", status = 200, headers = {}) {
  return typed(type, body, status, headers);
}

/**
 * A file, which the host gives whole, in ranges, or not again to a client that has it. `name` is what it is saved as; `shown`
 * lets a browser show it; `etag` (without quotes) and `modified` (a `Date`) say which state of it this is: unless said, a
 * number made of its bytes does.
 */
export function file(body, { type = "application/octet-stream", name, shown = false, etag, modified, status = 200, headers = {} } = {}) {
  const answer = typed(type, body, status, headers).header("accept-ranges", "bytes").header("etag", `"${etag ?? digest(body)}"`);
  if (modified !== undefined) answer.header("last-modified", modified.toUTCString());
  if (name !== undefined) {
    const written = encodeURIComponent(name.toWellFormed()).replaceAll("%2F", "/").replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
    const told = written === name ? `filename="${name}"` : `filename*=utf-8''${written}`;
    answer.header("content-disposition", `${shown ? "inline" : "attachment"}; ${told}`);
  }
  return answer;
}

/** Two numbers of 32 bits made of all of it (FNV-1a); nobody gains by another file of the same. */
function digest(body) {
  let [a, b] = [0x811c9dc5, body.length];
  for (let at = 0; at < body.length; at++) {
    const one = typeof body === "string" ? body.charCodeAt(at) : body[at];
    a = Math.imul(a ^ one, 0x01000193);
    b = Math.imul(b ^ one, 0x5bd1e995) ^ (b >>> 13);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

/** Sends the client elsewhere: 307 keeps method and body, 303 makes it a GET. */
export function redirect(url, status = 307, headers = {}) {
  return new Response(null, { status, headers }).header("location", url);
}

function typed(type, body, status, headers) {
  const answer = new Response(body, { status, headers });
  if (!answer.headers.some(([name]) => name.toLowerCase() === "content-type")) answer.header("content-type", type);
  return answer;
}

/** What cannot be done, and why: `{"detail": …}` with a status. Thrown, as FastAPI's `HTTPException`. */
export class Problem extends Error {
  /** `detail` is a text or anything that JSON can hold; `headers` go out with it. */
  constructor(status, detail, { headers = {} } = {}) {
    super(typeof detail === "string" ? detail : JSON.stringify(detail));
    this.name = "Problem";
    this.status = status;
    this.detail = detail;
    this.headers = headers;
  }

  answer() {
    return json({ detail: this.detail }, this.status, this.headers);
  }
}

/** A rule of the author's own that a request breaks: 422, in the shape that the host itself uses. Thrown. */
export class Violation extends Problem {
  constructor(violations) {
    super(422, violations);
    this.name = "Violation";
  }

  /**
   * What is wrong at a place: `"body.items.0.price"`, or `["body", "items", 0, "price"]`. Further keys of an entry
   * (`type`, `input`, `ctx`) come last.
   */
  static at(place, message, { type = "value_error", ...more } = {}) {
    const loc = typeof place === "string" ? place.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step)) : place;
    return new Violation([{ type, loc, msg: message, ...more }]);
  }

  /** Both: a request may break several rules at once. */
  and(other) {
    return new Violation([...this.detail, ...other.detail]);
  }
}
