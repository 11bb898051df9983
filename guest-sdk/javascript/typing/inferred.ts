// Read by `tsc` only (`test/types.test.js`): what TypeScript infers, and what it refuses.

import { App, Problem, Response, Violation, content, file, html, json, pieces, s } from "switchback";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

const Color = s.enum(["red", "green"]).named("Color");
const Item = s.object({
  name: s.string({ minLength: 1, format: "email" }),
  price: s.number({ exclusiveMinimum: 0 }),
  color: Color.nullable(),
  note: s.string().optional(),
  tags: s.array(s.string()).default([]),
}).named("Item");

type Item = s.Infer<typeof Item>;
same<Item, { name: string; price: number; color: "red" | "green" | null; tags: string[]; note?: string | undefined }>(true);
same<s.Input<typeof Item>, { name: string; price: number; color: "red" | "green" | null; note?: string; tags?: string[] }>(true);

const patch = Item.partial();
same<s.Infer<typeof patch>["price"], number | undefined>(true);
const named = Item.pick("name").extend({ id: s.integer() });
same<s.Infer<typeof named>, { name: string; id: number }>(true);

const pair = s.tuple([s.string(), s.null()]);
same<s.Infer<typeof pair>, [string, null]>(true);
const shape = s.union([
  s.object({ kind: s.literal("circle"), radius: s.number() }),
  s.object({ kind: s.literal("square"), side: s.number() }),
], { discriminator: "kind" });
same<s.Infer<typeof shape>["kind"], "circle" | "square">(true);
const byName = s.record(s.boolean());
same<s.Infer<typeof byName>, Record<string, boolean>>(true);

interface Tree { name: string; children: Tree[] }
const Tree: import("switchback").Schema<Tree> = s.object({ name: s.string(), children: s.array(s.lazy(() => Tree)) }).named("Tree");

const app = new App({ title: "Types" });

app.get("/plain/{a}/{b}", ({ path }) => {
  same<typeof path, { a: string; b: string }>(true);
  // @ts-expect-error the path has no such parameter
  path.c;
  return { anything: true };
});

app.post("/items/{id}/{rest}", {
  path: { id: s.integer() },
  query: { q: s.string().optional(), n: s.integer().default(1) },
  headers: { "x-token": s.string() },
  body: Item,
  responses: { 200: Item, 404: "No such item" },
}, ({ path, query, headers, body, request, log }) => {
  same<typeof path, { id: number; rest: string }>(true);
  same<typeof query, { n: number; q?: string | undefined }>(true);
  same<typeof headers, { "x-token": string }>(true);
  same<typeof body, Item>(true);
  log.info(request.id, { n: query.n });
  if (path.id === 0) throw new Problem(404, "no such item");
  if (path.id === 1) throw Violation.at("path.id", "must not be 1").and(Violation.at("body", "nor this"));
  if (path.id === 2) return html("<p>");
  return { name: body.name, price: 1, color: null };
});

// @ts-expect-error the answer lacks what its schema requires
app.get("/wrong", { responses: { 200: Item } }, () => ({ name: "x" }));

app.post("/created", { status: 201, responses: { 201: s.string() } }, () => "made");
app.post("/upload", { form: { name: s.string(), photo: s.file(), more: s.array(s.file()) } }, ({ form }) => {
  same<typeof form.name, string>(true);
  const size: number = form.photo.bytes().length + form.more[0]!.size;
  return json({ size }, 201, { "x-size": size });
});
app.post("/csv", { body: content("text/csv", s.string()) }, ({ body }) => new Response(body.trim()));
app.post("/raw", { body: content("image/png") }, ({ body }) => body.length);
app.post("/pieces", { body: pieces("text/csv") }, ({ body }) => {
  let length = 0;
  for (const piece of body) length += piece.length;
  return length;
});
app.onProblem(({ problem, request }) => {
  const places: (string | number)[][] | undefined = problem.errors?.map(({ loc }) => loc);
  return problem.status === 404 ? html(`${request.uri} ${places}`) : undefined;
});
app.onError((error) => (error instanceof RangeError ? json({ detail: error.message }, 400) : undefined));
app.get("/file", () => file("a,b", { type: "text/csv", name: "a.csv", modified: new Date(0) }));
app.get("/big/{n}", { path: { n: s.bigint() }, responses: { 200: s.bigint() } }, ({ path }) => path.n + 1n);
// @ts-expect-error a number is no bigint
app.get("/small", { responses: { 200: s.bigint() } }, () => 1);
app.post("/maybe", { body: Item.optional() }, ({ body }) => body?.name);

// @ts-expect-error there is no such option
app.get("/typo", { querry: {} }, () => 1);
// @ts-expect-error a default must fit its schema
s.integer().default("1");

// A model of parameters, and names of the path without what they have to be.
app.get(
  "/models/{n:int}/{rest:path}",
  { query: s.object({ q: s.string().optional(), limit: s.integer().default(1) }), path: { n: s.integer() } },
  ({ path, query }) => {
    const n: number = path.n;
    const rest: string = path.rest;
    const limit: number = query.limit;
    const q: string | undefined = query.q;
    // @ts-expect-error: there is no such parameter
    query.other;
    return [n, rest, limit, q];
  },
);

export default app;
