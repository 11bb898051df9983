import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { beforeEach, test } from "node:test";

import { App, Problem, Response, Violation, bytes, file, html, json, log, pieces, redirect, s, text } from "../src/index.js";
import { host, serve } from "../src/host.js";
import { crypto, random } from "../src/random.js";

// Node 18 has none; the engine has.
String.prototype.toWellFormed ??= function () {
  return this.replace(/\p{Surrogate}/gu, "\ufffd");
};

let lines;
const uploaded = new TextEncoder().encode("grün, 100 %");

beforeEach(() => {
  lines = [];
  host.serving = true;
  host.imports = {
    log: { write: (...line) => lines.push(line) },
    random: { getRandomBytes: (length) => randomBytes(length) },
    incoming: {
      method: () => "GET",
      requestId: () => "id-1",
      header: (name) => (name === "x-a" ? ["1", "2"] : []),
      identity: () => '{"sub":"ann"}',
      fileHeaders: (index) => (index === 1 ? [["content-type", Uint8Array.of(97, 233)]] : []),
      readFile: (index, offset, max) => (index === 1 ? uploaded.slice(offset, offset + Math.min(max, 4)) : []),
    },
  };
});

/** What a handler's only route answers: the payload's kind, what is in it, the status, the headers. */
function call(options, handler, { params = {}, body = { tag: "empty" } } = {}) {
  const app = new App({ title: "Test" });
  app.post("/op/{id}", { operationId: "op", ...options }, handler);
  const all = JSON.stringify({ path: {}, query: {}, header: {}, cookie: {}, ...params });
  const { val } = app.handle({ operation: "op", params: all, body });
  return { kind: val.body.tag, body: val.body.val, status: val.status, headers: Object.fromEntries(val.headers) };
}

const sent = (value) => ({ tag: "text", val: { mediaType: "application/json", data: JSON.stringify(value) } });

test("a value is answered as JSON, with the route's status", () => {
  const answer = call({ status: 201 }, ({ path, query, headers, cookies }) => ({ path, query, headers, cookies }), {
    params: { path: { id: 1 }, query: { q: "a" }, header: { "x-token": "t" }, cookie: { c: true } },
  });
  assert.equal(answer.body, '{"path":{"id":1},"query":{"q":"a"},"headers":{"x-token":"t"},"cookies":{"c":true}}');
  assert.deepEqual([answer.status, answer.headers], [201, { "content-type": "application/json" }]);
});

test("nothing is answered as null, and without a body where the status has none", () => {
  assert.deepEqual([call({}, () => {}).body, call({ status: 204 }, () => {}).kind], ["null", "empty"]);
});

test("answers by hand say their type, status and headers", () => {
  const by = (answer) => call({}, () => answer);
  assert.deepEqual(by(html("<p>")).headers, { "content-type": "text/html; charset=utf-8" });
  assert.equal(by(text("hi", 202)).status, 202);
  assert.deepEqual(by(json([1], 200, { "x-n": 7 })).headers, { "x-n": "7", "content-type": "application/json" });
  assert.deepEqual(by(redirect("/there", 303)), { kind: "empty", body: undefined, status: 303, headers: { location: "/there" } });
  assert.deepEqual(by(bytes(Uint8Array.of(1), "image/png")).body, Uint8Array.of(1));
  assert.deepEqual(by(new Response("x", { status: 418, headers: [["a", "b"]] })).headers, { a: "b" });
  assert.equal(by(text("\ud800")).body, "\ufffd", "a lone surrogate would trap");
});

test("an answer has what its schema declares, defaults filled in, and no more", () => {
  const User = s.object({ name: s.string(), roles: s.array(s.string()).default([]) });
  const answer = (schema, value) => call({ responses: { 200: schema } }, () => value).body;
  assert.equal(answer(User, { name: "ann", password: "secret" }), '{"name":"ann","roles":[]}');
  assert.equal(answer(s.array(User), [{ name: "ann", password: "secret" }]), '[{"name":"ann","roles":[]}]');
  assert.equal(call({ responses: { 200: User } }, () => json({ whole: true })).body, '{"whole":true}');
});

test("a big number keeps its digits, on its way in and out", () => {
  const big = { path: { id: s.bigint() }, body: s.object({ n: s.bigint() }), responses: { 200: s.array(s.bigint()) } };
  const answer = call(big, ({ path, body }) => [path.id + 1n, body.n * 2n], {
    params: { path: { id: "9007199254740993" } },
    body: sent({ n: "123456789012345678901234567890" }),
  });
  assert.equal(answer.body, '["9007199254740994","246913578024691357802469135780"]');
});

test("a file says by what the host gives it in ranges, and what it is saved as", () => {
  const made = (options, body = "a,b\n") => Object.fromEntries(file(body, options).headers);
  const first = made({ type: "text/csv", name: "report.csv", modified: new Date(784111777000) });
  assert.deepEqual(Object.keys(first), ["content-type", "accept-ranges", "etag", "last-modified", "content-disposition"]);
  assert.deepEqual([first["accept-ranges"], first["last-modified"]], ["bytes", "Sun, 06 Nov 1994 08:49:37 GMT"]);
  assert.equal(first["content-disposition"], 'attachment; filename="report.csv"');
  assert.equal(made({ name: "für.csv", shown: true })["content-disposition"], "inline; filename*=utf-8''f%C3%BCr.csv");
  assert.equal(made({ etag: "v7" }).etag, '"v7"');
  const tags = ["", "a", "b", "ab", "ba", "aa"].map((body) => made({}, body).etag);
  assert.equal(new Set(tags).size, tags.length);
  assert.equal(made({}, "ab").etag, made({}, Uint8Array.of(97, 98)).etag);
});

test("a body is read in pieces while it arrives, and is refused where the host's limits are", () => {
  const arriving = [Uint8Array.of(1, 2), Uint8Array.of(3)];
  host.imports.incoming.read = () => arriving.shift() ?? [];
  const stream = { tag: "stream", val: "application/octet-stream" };
  const sum = ({ body }) => [...body].flatMap((piece) => [...piece]).reduce((all, one) => all + one, 0);
  assert.equal(call({ body: pieces() }, sum, { body: stream }).body, "6");
  host.imports.incoming.read = () => {
    throw Object.assign(new Error("large"), { payload: { tag: "too-large" } });
  };
  assert.equal(call({ body: pieces() }, sum, { body: stream }).status, 413);
});

test("defaults inside of a body are filled in, whatever holds them", () => {
  const Part = s.object({ n: s.integer().default(1), list: s.array(s.string()).default([]) }).named("Part");
  const Kind = (kind) => s.object({ kind: s.literal(kind), deep: Part });
  const Tree = s.object({ v: s.integer().default(0), next: s.lazy(() => Tree).nullable() }).named("Tree");
  const Body = s.object({
    whole: Part.default({}),
    maybe: Part.nullable(),
    absent: Part.optional(),
    many: s.array(Part),
    pair: s.tuple([s.string(), Part]),
    named: s.record(Part),
    either: s.union([Kind("a"), Kind("b")], { discriminator: "kind" }),
    tree: Tree,
  });
  const full = { n: 1, list: [] };
  const answer = call({ body: Body }, ({ body }) => body, {
    body: sent({ maybe: null, many: [{ n: 5 }], pair: ["x", {}], named: { k: {} }, either: { kind: "b", deep: {} }, tree: { next: { next: null } } }),
  });
  assert.deepEqual(JSON.parse(answer.body), {
    maybe: null, many: [{ n: 5, list: [] }], pair: ["x", full], named: { k: full },
    either: { kind: "b", deep: full }, tree: { v: 0, next: { v: 0, next: null } }, whole: full,
  });
});

test("keys that no schema knows are left out, unless an object says that it may have others", () => {
  const deep = { inner: s.object({ a: s.integer() }) };
  const sends = { body: sent({ inner: { a: 1, b: 2 }, more: 3, __proto__: 4 }) };
  assert.equal(call({ body: s.object(deep) }, ({ body }) => body, sends).body, '{"inner":{"a":1}}');
  const open = s.object(deep, { additionalProperties: s.integer() });
  assert.equal(call({ body: open }, ({ body }) => body, sends).body, '{"inner":{"a":1},"more":3}');
});

test("a default is made anew for each request", () => {
  const app = new App({ title: "Test" });
  const body = s.object({ list: s.array(s.integer()).default([]) });
  app.post("/", { operationId: "op", body }, ({ body }) => body.list.push(1) && body);
  const once = () => app.handle({ operation: "op", params: "{}", body: sent({}) }).val.body.val;
  assert.deepEqual([once(), once()], ['{"list":[1]}', '{"list":[1]}']);
});

test("text and bytes arrive as they are", () => {
  const echo = ({ body }) => (typeof body === "string" ? text(body) : bytes(body));
  assert.equal(call({}, echo, { body: { tag: "text", val: { mediaType: "text/csv", data: "a,b" } } }).body, "a,b");
  assert.deepEqual(call({}, echo, { body: { tag: "bytes", val: { mediaType: "image/png", data: [1, 2] } } }).body, Uint8Array.of(1, 2));
});

test("a form's files are read where the form names them", () => {
  const form = { name: s.string(), photo: s.file().optional(), more: s.array(s.file()) };
  const files = ["more", "photo", "more"].map((field, at) => ({ field, name: `${at}.txt`, mediaType: "text/plain", size: uploaded.length }));
  const answer = call({ form }, ({ form }) => [form.name, form.photo.name, form.photo.text(), form.more.map((file) => file.name)], {
    body: { tag: "form", val: { fields: '{"name":"x"}', files } },
  });
  assert.deepEqual(JSON.parse(answer.body), ["x", "1.txt", "grün, 100 %", ["0.txt", "2.txt"]]);
});

test("a problem is answered as it says", () => {
  const answer = call({}, () => { throw new Problem(404, "there is no such item", { headers: { "x-a": "b" } }); });
  assert.deepEqual([answer.status, answer.body, answer.headers["x-a"]], [404, '{"detail":"there is no such item"}', "b"]);
  assert.deepEqual(lines, []);
});

test("violations of the author's own have the host's shape", () => {
  const answer = call({}, () => { throw Violation.at("body.items.0.end", "ends too early", { input: 3 }).and(Violation.at(["query", "a.b"], "no")); });
  assert.equal(answer.status, 422);
  assert.deepEqual(JSON.parse(answer.body).detail, [
    { type: "value_error", loc: ["body", "items", 0, "end"], msg: "ends too early", input: 3 },
    { type: "value_error", loc: ["query", "a.b"], msg: "no" },
  ]);
});

test("an uncaught error is 500 for the client, and its stack is in the log", () => {
  const answer = call({}, () => null.x);
  assert.deepEqual([answer.status, answer.body], [500, '{"detail":"Internal Server Error"}']);
  const [[level, message]] = lines;
  assert.equal(level, "error");
  assert.match(message, /^op: TypeError: .*\n[^]*call\.test\.js/);
});

for (const [what, handler] of [
  ["a promise", () => Promise.resolve(1)],
  ["a value that JSON has no form for", () => Symbol("x")],
  ["a value that holds itself", () => { const a = {}; a.a = a; return a; }],
  ["a status that HTTP has not", () => json(1, 65736)],
  ["a body of the wrong kind", () => bytes([1, 2])],
  ["a problem with a status that HTTP has not", () => { throw new Problem(0, "x"); }],
  ["something thrown that is no error", () => { throw undefined; }],
]) {
  test(`${what} is 500 and a line in the log, and no trap`, () => {
    assert.equal(call({}, handler).status, 500);
    assert.equal(lines.length, 1);
  });
}

test("what the contract does not declare is asked of the host", () => {
  const answer = call({}, ({ request }) => [request.method, request.id, request.header("x-a"), request.headers("x-a"), request.header("x-b"), request.identity.sub]);
  assert.deepEqual(JSON.parse(answer.body), ["GET", "id-1", "1", ["1", "2"], null, "ann"]);
});

test("log lines carry a level and fields", () => {
  call({}, ({ log }) => log.warn("slow", { ms: 7 }));
  log.debug(new Map());
  assert.deepEqual(lines, [["warn", "slow", '{"ms":7}'], ["debug", "{}", ""]]);
});

test("random numbers are the host's, and spread from 0 to 1", () => {
  const numbers = Array.from({ length: 1000 }, random);
  assert.ok(numbers.every((number) => number >= 0 && number < 1));
  assert.ok(Math.abs(numbers.reduce((sum, number) => sum + number) / 1000 - 0.5) < 0.1);
  assert.match(crypto.randomUUID(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notDeepEqual(crypto.getRandomValues(new Uint16Array(8)), new Uint16Array(8));
});

test("while a component is built there is neither request nor randomness, and logged lines wait", () => {
  host.serving = false;
  const app = new App({ title: "Test" });
  app.get("/", { operationId: "op" }, ({ request }) => request.method);
  assert.throws(() => crypto.randomUUID(), /inside of a handler/);
  assert.equal(app.handle({ operation: "op", params: "{}", body: { tag: "empty" } }).val.status, 500);
  assert.deepEqual(lines, []);
  assert.match(serve()[0][1], /there is no request yet/);
});

test("a file tells the headers of its part", () => {
  const files = [{ field: "a", size: 0 }, { field: "b", size: 0 }];
  const body = { tag: "form", val: { fields: "{}", files } };
  const handler = ({ form }) => [form.a.headers, form.b.headers];
  const answer = call({ form: s.object({ a: s.file(), b: s.file() }) }, handler, { body });
  assert.deepEqual(JSON.parse(answer.body), [{}, { "content-type": "a\u00e9" }]);
});

test("a cookie is a header with what is said of it", () => {
  const answer = new Response("").cookie("a", "b c", { maxAge: 60, httpOnly: true, sameSite: "strict" });
  assert.deepEqual(answer.headers, [["set-cookie", "a=b%20c; Max-Age=60; Path=/; HttpOnly; SameSite=strict"]]);
  assert.throws(() => new Response("").cookie("a b", "c"), /cannot be called/);
});

test("what an app does at its beginning and end is kept in order, and is an ordinary function", () => {
  const done = [];
  const app = new App({ title: "Test" }).onStart(() => done.push("one")).onStart(() => done.push("two"));
  app.onStop(() => done.push("three"));
  for (const run of [...app.lifecycle.start, ...app.lifecycle.stop]) run();
  assert.deepEqual(done, ["one", "two", "three"]);
  assert.throws(() => app.onStart(async () => {}), /onStart takes an ordinary function/);
  assert.throws(() => app.onStop(), /onStop takes an ordinary function/);
});

test("what the host would answer is asked of the app, and what it leaves stays as it is", () => {
  const app = new App({ title: "Test" });
  app.get("/a", () => 1);
  app.onProblem(({ problem, request }) => (problem.status === 404 ? html(`${request.method} ${problem.title}`) : undefined));
  const operation = app.openapi().paths["/on-problem"].post;
  assert.equal(operation["x-switchback-on-problem"], true);
  const asked = (problem) => {
    const { val } = app.handle({ operation: operation.operationId, params: "{}", body: sent(problem) });
    return [val.status, val.body.val];
  };
  assert.deepEqual(asked({ status: 404, title: "Not Found", detail: "Not Found" }), [200, "GET Not Found"]);
  assert.deepEqual(asked({ status: 405, title: "T", detail: "Method Not Allowed" }), [405, '{"detail":"Method Not Allowed"}']);
  const errors = [{ type: "missing", loc: ["query", "q"], msg: "Field required" }];
  assert.deepEqual(asked({ status: 422, title: "T", detail: "d", errors }), [422, JSON.stringify({ detail: errors })]);
});

test("what handlers throw is asked of the app, and what it leaves is answered as ever", () => {
  const app = new App({ title: "Test" });
  app.get("/{kind}", function fail({ path: { kind } }) {
    throw kind === "range" ? new RangeError("far") : kind === "problem" ? new Problem(409, "there") : new Error("oops");
  });
  app.onError((error) => (error instanceof RangeError ? json({ detail: error.message }, 400) : undefined));
  const answered = (kind) => {
    const { status, body } = app.call("fail", { path: { kind } });
    return [status, body];
  };
  assert.deepEqual(answered("range"), [400, '{"detail":"far"}']);
  assert.deepEqual(answered("problem"), [409, '{"detail":"there"}']);
  assert.deepEqual(answered("other"), [500, '{"detail":"Internal Server Error"}']);
  assert.match(lines[0][1], /oops/);
  app.onError(() => {
    throw new Error("worse");
  });
  assert.deepEqual(answered("range"), [500, '{"detail":"Internal Server Error"}']);
});
