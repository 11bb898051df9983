import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { App, Problem, event, jsonLines, s, sse, stream } from "../src/index.js";
import { host } from "../src/host.js";

String.prototype.toWellFormed ??= function () {
  return this.replace(/\p{Surrogate}/gu, "\ufffd");
};

let sent;
let patience;

beforeEach(() => {
  [sent, patience] = [[], 100];
  host.serving = true;
  host.imports = {
    log: { write: () => {} },
    outgoing: {
      start: (status, headers) => sent.push({ status, headers }),
      write: ({ val }) => {
        if (sent.length > patience) throw Object.assign(new Error("closed"), { payload: { tag: "closed" } });
        sent.push(val);
      },
      abort: (reason) => sent.push(`aborted: ${reason}`),
    },
  };
});

function asked(handler, options = {}) {
  const app = new App({ title: "Streams" });
  app.get("/", { operationId: "f", ...options }, handler);
  const params = "{}";
  const answer = app.handle({ operation: "f", params, body: { tag: "empty" } });
  return { answer, content: app.openapi().paths["/"].get.responses[200].content };
}

test("what a generator yields goes out line by line", () => {
  const { answer } = asked(function* () {
    yield { a: 1 };
    yield null;
  });
  assert.equal(answer.tag, "streamed");
  assert.deepEqual(sent, [{ status: 200, headers: [["content-type", "application/jsonl"]] }, '{"a":1}\n', "null\n"]);
});

test("events are spelt as FastAPI's", () => {
  asked(() => sse([event({ comment: "items" }), event({ data: { n: 1 }, event: "update", id: "1", retry: 5000 }), "a\nb", event({ rawData: "a\r\nb" })]));
  const text = ': items\n\n|event: update\ndata: {"n":1}\nid: 1\nretry: 5000\n\n|data: "a\\nb"\n\n|data: a\ndata: b\n\n';
  assert.equal(sent.slice(1).join("|"), text);
  assert.deepEqual(sent[0].headers.map(([name]) => name), ["content-type", "cache-control", "x-accel-buffering"]);
});

test("a line break cannot smuggle a field in", () => {
  assert.throws(() => event({ id: "1\ndata: evil" }), /line break/);
});

test("an error before the first piece is an answer, after it it breaks the stream off", () => {
  const early = asked(function* () {
    throw new Problem(404, "gone");
  });
  assert.equal(early.answer.val.status, 404);
  asked(function* () {
    yield 1;
    throw new Error("why");
  });
  assert.deepEqual(sent.slice(1), ["1\n", "aborted: why"]);
});

test("a client that goes ends the generator quietly", () => {
  patience = 1;
  let closed = false;
  asked(() =>
    stream(
      "text/csv",
      (function* () {
        try {
          for (;;) yield "a";
        } finally {
          closed = true;
        }
      })(),
    ),
  );
  assert.deepEqual([sent.length, closed], [2, true]);
});

test("streams are documented by what their pieces are", () => {
  const item = s.object({ name: s.string() });
  const lines = asked(() => jsonLines([]), { responses: { 200: jsonLines.of(item) } }).content;
  assert.equal(lines["application/jsonl"].itemSchema.type, "object");
  const events = asked(() => sse([]), { responses: { 200: sse.of(item) } }).content;
  assert.equal(events["text/event-stream"].itemSchema.properties.data.contentSchema.type, "object");
});
