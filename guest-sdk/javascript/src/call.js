// One request, from the host's shapes to the author's, and back.

import { Problem, Response, Violation, json } from "./answer.js";
import { File } from "./file.js";
import { host, log, request, shown } from "./host.js";
import { fieldsOf, isFileList } from "./schema.js";
import { Stream, jsonLines, send } from "./stream.js";

/** Answers by a route's handler; whatever that throws becomes an answer too, since here an exception would be a trap. */
export function answer(route, operation, params, body, onError) {
  try {
    if (route === undefined) throw new Error(`this plugin has no operation \`${operation}\``);
    const { path = {}, query = {}, header = {}, cookie = {} } = JSON.parse(params);
    const given = { path, query, headers: header, cookies: cookie, body: undefined, form: undefined, request, log };
    if (body.tag !== "empty" || route.options.body !== undefined) read(route.options, body, given);
    for (const { place, name, shape } of route.shapes.params) {
      if (given[place]?.[name] !== undefined) given[place][name] = shape(given[place][name]);
    }
    return answered(route.handler(given), route, operation);
  } catch (error) {
    return sent(failed(error, operation, onError));
  }
}

function read({ body: schema, form }, body, given) {
  switch (body.tag) {
    case "text":
      given.body = isJson(body.val.mediaType) ? parse(body.val.data) : body.val.data;
      if (schema?.shape) given.body = schema.shape(given.body);
      break;
    case "bytes":
      given.body = body.val.data instanceof Uint8Array ? body.val.data : Uint8Array.from(body.val.data);
      break;
    case "form":
      given.form = formOf(fieldsOf(form), body.val);
      break;
    case "stream":
      given.body = pieces();
      break;
    case "empty":
      if (schema?.initial !== undefined) given.body = JSON.parse(schema.initial);
      break;
  }
}

/** A body while it arrives. */
function* pieces() {
  for (;;) {
    const piece = readPiece();
    if (piece.length === 0) return;
    yield piece instanceof Uint8Array ? piece : Uint8Array.from(piece);
  }
}

function readPiece() {
  try {
    return host.imports.incoming.read(PIECE);
  } catch (error) {
    const { tag } = error?.payload ?? error;
    if (tag === "too-large") throw new Problem(413, "the body is too large");
    if (tag === "timed-out") throw new Problem(408, "the body took too long");
    throw error;
  }
}

const PIECE = 65_536;

const isJson = (mediaType) => mediaType === "application/json" || mediaType.endsWith("+json");

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    // JSON as Python reads it has `NaN`, JavaScript's has not.
    throw Violation.at(["body"], error.message, { type: "json_invalid" });
  }
}

function formOf(schemas, { fields, files }) {
  const form = JSON.parse(fields);
  for (const [name, schema] of Object.entries(schemas)) {
    if (isFileList(schema)) form[name] = []; // none were sent, so far
  }
  files.forEach((sent, index) => {
    const file = new File(sent, index);
    if (Array.isArray(form[file.field])) form[file.field].push(file);
    else form[file.field] = file;
  });
  return form;
}

const JSON_HEADERS = [["content-type", "application/json"]];

function answered(value, { status, shapes }, operation) {
  // What a generator yields goes out line by line.
  if (Object.prototype.toString.call(value) === "[object Generator]") value = jsonLines(value, status);
  if (value instanceof Stream) return send(value, operation);
  if (value instanceof Response) return sent(value);
  if (typeof value?.then === "function") {
    throw new TypeError("the handler returned a promise, which nobody here awaits: return its value");
  }
  // What its schema does not declare is not sent, and what has a default is.
  if (shapes.answer && value !== undefined) value = shapes.answer(value);
  // What `sent(json(value, status))` makes, in fewer steps: nearly every answer is one.
  const text = typeof value === "object" && status === 200 ? JSON.stringify(value) : undefined;
  if (text === undefined) return sent(json(value, status));
  return { tag: "full", val: { status, headers: JSON_HEADERS, body: { tag: "text", val: text } } };
}

function failed(error, operation, onError) {
  try {
    const own = onError?.(error, { request, log });
    if (own !== undefined) return own instanceof Response ? own : json(own, error.status ?? 500);
    if (error instanceof Problem) return error.answer();
    log.error(`${operation}: ${shown(error)}`);
  } catch (second) {
    log.error(`${operation}: a problem that cannot be answered: ${shown(second)}`);
  }
  return json({ detail: "Internal Server Error" }, 500);
}

/** A response as the host takes it. */
function sent({ status, headers, body }) {
  return { tag: "full", val: { status, headers, body: payload(body) } };
}

function payload(body) {
  if (body === null) return { tag: "empty" };
  return typeof body === "string" ? { tag: "text", val: body.toWellFormed() } : { tag: "bytes", val: body };
}
