import assert from "node:assert/strict";
import { test } from "node:test";

import { App, Router, content, s, pieces } from "../src/index.js";

const ok = () => ({});

/** The document of an app with one route. */
function operation(options, path = "/op") {
  const app = new App({ title: "Test" });
  app.get(path, options, ok);
  return app.openapi().paths[path].get;
}

test("a route without options takes its path's parameters as texts", () => {
  const { parameters, responses } = operation({}, "/hello/{name}");
  assert.deepEqual(parameters, [{ name: "name", in: "path", required: true, schema: { type: "string" } }]);
  assert.deepEqual(responses, { 200: { description: "Successful Response" } });
});

test("parameters say their place, and whether they may be left out", () => {
  const { parameters } = operation({
    query: { q: s.string({ maxLength: 5 }).describe("What to look for").optional(), n: s.integer().default(7) },
    headers: { "x-token": s.string() },
    cookies: { session: s.string() },
  });
  assert.deepEqual(parameters, [
    { name: "q", in: "query", required: false, description: "What to look for", schema: { type: "string", maxLength: 5 } },
    { name: "n", in: "query", required: false, schema: { type: "integer", format: "double-int", default: 7 } },
    { name: "x-token", in: "header", required: true, schema: { type: "string" } },
    { name: "session", in: "cookie", required: true, schema: { type: "string" } },
  ]);
});

test("a model that is answered otherwise than it is sent has two names, and so has a model that holds it", () => {
  const Part = s.object({ size: s.decimal().default(1), unit: s.string().default("m") }).named("Part");
  const Whole = s.object({ part: Part }).named("Whole");
  const Plain = s.object({ a: s.string(), b: s.integer().default(1) }).named("Plain");
  const app = new App({ title: "Test" });
  app.post("/whole", { body: Whole, responses: { 200: s.tuple([Whole, Plain]) } }, ok);
  app.post("/plain", { body: Plain }, ok);
  const { components, paths } = app.openapi();
  assert.deepEqual(Object.keys(components.schemas).sort(), ["Part-Input", "Part-Output", "Plain", "Whole-Input", "Whole-Output"]);
  assert.equal(paths["/whole"].post.requestBody.content["application/json"].schema.$ref, "#/components/schemas/Whole-Input");
  assert.equal(components.schemas["Whole-Output"].properties.part.$ref, "#/components/schemas/Part-Output");
});

test("what has a default is required neither of what is sent nor of an answer, as FastAPI has it", () => {
  const Item = s.object({ name: s.string(), tags: s.array(s.string()).default([]) }).named("Item");
  const app = new App({ title: "Test" });
  app.post("/items", { body: Item, responses: { 200: Item } }, ok);
  assert.deepEqual(app.openapi().components.schemas.Item.required, ["name"]);
});

test("a body may be declared as one that is read while it arrives", () => {
  const app = new App({ title: "Test" });
  app.post("/csv", { body: pieces("text/csv") }, ok);
  assert.deepEqual(app.openapi().paths["/csv"].post.requestBody, {
    required: true,
    content: { "text/csv": { "x-switchback-stream": true } },
  });
});

test("a model may hold itself", () => {
  const Tree = s.object({ name: s.string(), children: s.array(s.lazy(() => Tree)) }).named("Tree");
  const app = new App({ title: "Test" });
  app.post("/tree", { body: Tree }, ok);
  assert.deepEqual(app.openapi().components.schemas.Tree.properties.children, {
    type: "array",
    items: { $ref: "#/components/schemas/Tree" },
  });
});

test("a union by a property says which model each value of it is", () => {
  const One = s.object({ kind: s.literal("one"), n: s.integer().default(1) }).named("One");
  const Two = s.object({ kind: s.literal("two") }).named("Two");
  const app = new App({ title: "Test" });
  const either = s.union([One, Two], { discriminator: "kind" });
  app.post("/either", { body: either, responses: { 200: either } }, ok);
  assert.deepEqual(app.openapi().paths["/either"].post.requestBody.content["application/json"].schema, {
    oneOf: [{ $ref: "#/components/schemas/One" }, { $ref: "#/components/schemas/Two" }],
    discriminator: {
      propertyName: "kind",
      mapping: { one: "#/components/schemas/One", two: "#/components/schemas/Two" },
    },
  });
});

test("two schemas of one name are refused", () => {
  const app = new App({ title: "Test" });
  app.post("/a", { body: s.object({}).named("Same") }, ok);
  app.post("/b", { body: s.object({ x: s.null() }).named("Same") }, ok);
  assert.throws(() => app.openapi(), /two schemas are named `Same`/);
});

test("each builder writes the JSON Schema of its name", () => {
  const json = (schema) => schema.write({ written: false });
  assert.deepEqual(json(s.string({ minLength: 1, pattern: "^a", format: "email" })), { type: "string", minLength: 1, pattern: "^a", format: "email" });
  assert.deepEqual(json(s.number({ exclusiveMinimum: 0, multipleOf: 0.5 })), { type: "number", exclusiveMinimum: 0, multipleOf: 0.5 });
  assert.deepEqual(json(s.integer({ format: "int32" })), { type: "integer", format: "int32" });
  assert.deepEqual(json(s.enum(["a", "b"])), { type: "string", enum: ["a", "b"] });
  assert.deepEqual(json(s.literal("a")), { const: "a" });
  assert.deepEqual(json(s.boolean().nullable()), { type: ["boolean", "null"] });
  assert.deepEqual(json(s.literal(1).nullable()), { anyOf: [{ const: 1 }, { type: "null" }] });
  assert.deepEqual(json(s.array(s.null(), { uniqueItems: true })), { type: "array", items: { type: "null" }, uniqueItems: true });
  assert.deepEqual(json(s.tuple([s.string(), s.any()])), {
    type: "array", prefixItems: [{ type: "string" }, {}], items: false, minItems: 2, maxItems: 2,
  });
  assert.deepEqual(json(s.record(s.boolean(), { propertyNames: s.string({ pattern: "^x" }) })), {
    type: "object", additionalProperties: { type: "boolean" }, propertyNames: { type: "string", pattern: "^x" },
  });
  assert.deepEqual(json(s.union([s.string(), s.null()])), { anyOf: [{ type: "string" }, { type: "null" }] });
  assert.deepEqual(json(s.json({ not: {} })), { not: {} });
});

test("objects are extended, cut down and made optional", () => {
  const Item = s.object({ a: s.string(), b: s.integer().default(1) }, { additionalProperties: false });
  const json = (schema) => schema.write({ written: false });
  assert.deepEqual(json(Item.extend({ c: s.null() })).required, ["a", "c"]);
  assert.deepEqual(Object.keys(json(Item.omit("a")).properties), ["b"]);
  assert.deepEqual(Object.keys(json(Item.pick("a")).properties), ["a"]);
  const partial = json(Item.partial());
  assert.deepEqual([partial.required, partial.properties.b.default, partial.additionalProperties], [undefined, undefined, false]);
});

test("routers give their routes a prefix, tags and answers, one inside of another", () => {
  const inner = new Router({ prefix: "/items", tags: ["items"] });
  inner.get("/{id}", { path: { id: s.integer() }, tags: ["one"] }, function readItem() {});
  const outer = new Router({ prefix: "/shop", tags: ["shop"], responses: { 403: "Not yours" } });
  outer.route("/v1", inner);
  const app = new App({ title: "Test", instances: 1 });
  app.route(outer);
  const document = app.openapi();
  const read = document.paths["/shop/v1/items/{id}"].get;
  assert.equal(document["x-switchback-instances"], 1);
  assert.deepEqual([read.operationId, read.tags], ["readItem", ["shop", "items", "one"]]);
  assert.equal(read.responses[403].description, "Not yours");
  assert.deepEqual(read.responses[403].content["application/json"].schema.required, ["detail"]);
});

test("what OpenAPI has beyond this is added by hand", () => {
  const securitySchemes = { token: { type: "http", scheme: "bearer" } };
  const app = new App({ title: "Test", openapi: { components: { securitySchemes }, tags: [{ name: "a" }] } });
  app.get("/", { security: [{ token: [] }], "x-own": 1, responses: { 200: s.object({}).named("Empty") } }, ok);
  const { components, tags, paths } = app.openapi();
  assert.deepEqual([components.securitySchemes, Object.keys(components.schemas)], [securitySchemes, ["Empty"]]);
  assert.deepEqual([tags, paths["/"].get.security, paths["/"].get["x-own"]], [[{ name: "a" }], [{ token: [] }], 1]);
});

test("a function that serves two routes names neither", () => {
  const app = new App({ title: "Test" });
  app.get("/a", ok).get("/b", ok);
  const { paths } = app.openapi();
  assert.deepEqual([paths["/a"].get.operationId, paths["/b"].get.operationId], [undefined, undefined]);
});

test("a form with a file is multipart, one without is not", () => {
  const app = new App({ title: "Test" });
  app.post("/plain", { form: { name: s.string() } }, ok);
  app.post("/photo", { form: { name: s.string().optional(), photos: s.array(s.file()) } }, ok);
  const { paths } = app.openapi();
  assert.deepEqual(Object.keys(paths["/plain"].post.requestBody.content), ["application/x-www-form-urlencoded"]);
  const { schema } = paths["/photo"].post.requestBody.content["multipart/form-data"];
  assert.deepEqual([schema.required, schema.properties.photos.items.type], [["photos"], "string"]);
});

test("bodies and answers may be of other media types", () => {
  const app = new App({ title: "Test" });
  app.post("/csv", { body: content("text/csv", s.string()), status: 201, responses: { 200: content("image/png"), 404: "Gone" } }, ok);
  const { requestBody, responses } = app.openapi().paths["/csv"].post;
  assert.deepEqual(requestBody, { required: true, content: { "text/csv": { schema: { type: "string" } } } });
  assert.deepEqual(responses[200].content, { "image/png": {} });
  assert.equal(responses[201].description, "Created");
});

const mistakes = [
  ["a parameter that is not in the path", (app) => app.get("/a", { path: { id: s.string() } }, ok) && app.openapi(), /no `\{id\}` in the path/],
  ["an option that is misspelt", (app) => app.get("/a", { querry: {} }, ok), /no option `querry`/],
  ["a handler that is missing", (app) => app.get("/a", {}), /`GET \/a` has no handler/],
  ["a handler that is async", (app) => app.get("/a", async () => {}), /ordinary function/],
  ["something that is no schema", (app) => app.get("/a", { query: { q: String } }, ok), /`query.q` is no schema/],
  ["a header in capitals", (app) => app.get("/a", { headers: { "X-Token": s.string() } }, ok), /in lower case: `x-token`/],
  ["a body and a form at once", (app) => app.post("/a", { body: s.any(), form: {} }, ok), /both `body` and `form`/],
  ["the same operationId twice", (app) => app.get("/a", { operationId: "x" }, ok).get("/b", { operationId: "x" }, ok).openapi(), /two routes are `x`/],
  ["the same route twice", (app) => app.get("/a", function one() {}).get("/a", function two() {}).openapi(), /`GET \/a` is there twice/],
  ["an app without a title", () => new App(), /an app has a title/],
  ["a union whose choices cannot be told apart", () => s.union([s.object({}), s.object({})], { discriminator: "kind" }), /a literal of its own/],
  ["a default that is no JSON", () => s.any().default(undefined), /a default is a value that JSON can hold/],
  ["a name that cannot be referred to", () => s.null().named("a b"), /a model's name has letters/],
];
for (const [what, make, words] of mistakes) {
  test(`${what} is refused in words that help`, () => assert.throws(() => make(new App({ title: "Test" })), words));
}

test("parameters may be one model, which may refuse others", () => {
  const filter = s.object({ q: s.string().optional(), n: s.integer().default(7) }, { additionalProperties: false });
  const written = operation({ query: filter, headers: s.object({ "x-a": s.string() }) });
  assert.deepEqual(written["x-switchback-parameter-models"], { query: "forbid", header: "ignore" });
  assert.deepEqual(
    written.parameters.map(({ name, in: place, required }) => [name, place, required]),
    [["q", "query", false], ["n", "query", false], ["x-a", "header", true]],
  );
});

test("a form may be a model", () => {
  const app = new App({ title: "Test" });
  app.post("/f", { form: s.object({ user: s.string() }).named("Login") }, ok);
  assert.deepEqual(app.openapi().paths["/f"].post.requestBody, {
    required: true,
    content: { "application/x-www-form-urlencoded": { schema: { $ref: "#/components/schemas/Login" } } },
  });
});

test("a parameter of the path may take the rest, or decide whether the path fits", () => {
  const app = new App({ title: "Test" });
  app.get("/{n:int}/{rest:path}", ok);
  const { parameters } = app.openapi().paths["/{n}/{rest}"].get;
  assert.deepEqual(parameters.map((one) => [one.name, one["x-switchback-convertor"], one["x-switchback-wildcard"]]), [
    ["n", "int", undefined],
    ["rest", undefined, true],
  ]);
});

test("a decimal is a number or a text where it is sent, and a text where it is answered", () => {
  const price = s.decimal({ exclusiveMinimum: 0, maxDigits: 5, decimalPlaces: 2 });
  const { requestBody, responses } = (() => {
    const app = new App({ title: "Test" });
    app.post("/p", { body: price, responses: { 200: price } }, ok);
    return app.openapi().paths["/p"].post;
  })();
  assert.deepEqual(requestBody.content["application/json"].schema, {
    anyOf: [{ type: "number", exclusiveMinimum: 0 }, { type: "string" }],
    "x-switchback-decimal": { max_digits: 5, decimal_places: 2 },
  });
  assert.deepEqual(responses[200].content["application/json"].schema, { type: "string" });
});
