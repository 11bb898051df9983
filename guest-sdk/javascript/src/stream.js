// Answers that go out while they are made: JSON lines, server-sent events, pieces of any kind.

import { Response } from "./answer.js";
import { Content } from "./contract.js";
import { host, log, shown } from "./host.js";

/** An answer of many pieces, texts or `Uint8Array`s, each sent before the next is asked for. */
export class Stream extends Response {
  constructor(type, pieces, status = 200, headers = {}) {
    super(null, { status, headers });
    if (!this.headers.some(([name]) => name.toLowerCase() === "content-type")) this.header("content-type", type);
    this.pieces = pieces[Symbol.iterator]();
  }
}

/** Pieces of any media type, from an iterable: most often a generator. */
export const stream = (type, pieces, status, headers) => new Stream(type, pieces, status, headers);

/** A line of JSON for each value. */
export const jsonLines = (values, status, headers) =>
  new Stream("application/jsonl", written(values, (value) => `${JSON.stringify(value ?? null)}\n`), status, headers);

/** What a route's `responses` say of them: `{ 200: jsonLines.of(Item) }`. */
jsonLines.of = (schema) => new Content("application/jsonl", schema, (item) => item);

/** Server-sent events: each value as an event's data in JSON, or an `event(…)`. */
export const sse = (events, status, headers) =>
  new Stream("text/event-stream; charset=utf-8", written(events, eventText), status, headers)
    .header("cache-control", "no-cache")
    .header("x-accel-buffering", "no"); // nginx would else keep events until its buffer is full

/** What a route's `responses` say of events whose data is JSON of this schema. */
sse.of = (schema) =>
  new Content("text/event-stream", schema, (data) => ({
    type: "object",
    properties: {
      data: { type: "string", contentMediaType: "application/json", contentSchema: data },
      event: { type: "string" },
      id: { type: "string" },
      retry: { type: "integer", minimum: 0 },
    },
    required: ["data"],
  }));

class ServerSentEvent {
  constructor(fields) {
    Object.assign(this, fields);
    if (this.data !== undefined && this.rawData !== undefined) {
      throw new TypeError("an event has `data` (as JSON) or `rawData` (as it is), not both");
    }
    for (const name of ["event", "id"]) {
      // A line break would begin another field, which whoever made the text could choose.
      if (/[\r\n\0]/.test(this[name] ?? "")) throw new TypeError(`the \`${name}\` of an event has a line break or a NUL`);
    }
  }
}

/** One event: `data` as JSON or `rawData` as it is, `event`, `id`, `retry` in milliseconds, `comment`. */
export const event = (fields) => new ServerSentEvent(fields);

function eventText(value) {
  const { comment, event, data, rawData, id, retry } = value instanceof ServerSentEvent ? value : { data: value ?? null };
  const fields = { "": comment, event, data: data === undefined ? rawData : JSON.stringify(data), id, retry };
  let text = "";
  for (const [name, field] of Object.entries(fields)) {
    if (field === undefined) continue;
    for (const line of String(field).split(/\r\n|\n|\r/)) text += `${name}: ${line}\n`;
  }
  return `${text}\n`;
}

function* written(values, write) {
  for (const value of values) yield write(value);
}

/** Sends a stream. Its first piece is made before its head goes out: what is thrown until then is answered as ever. */
export function send({ status, headers, pieces }, operation) {
  let piece = pieces.next();
  const { outgoing } = host.imports;
  try {
    outgoing.start(status, headers);
    for (; !piece.done; piece = pieces.next()) {
      if (piece.value.length > 0) outgoing.write(payload(piece.value));
    }
  } catch (error) {
    // Ends a generator's `finally`; a client that has gone is no failure.
    pieces.return?.();
    if (!isClosed(error)) {
      log.error(`${operation}: ${shown(error)}`);
      outgoing.abort(String(error?.message ?? error).toWellFormed());
    }
  }
  return { tag: "streamed" };
}

const payload = (piece) => (typeof piece === "string" ? { tag: "text", val: piece.toWellFormed() } : { tag: "bytes", val: piece });

/** An error of the host's is the variant `io-error`, or an `Error` that carries it. */
const isClosed = (error) => (error?.payload ?? error)?.tag === "closed";
