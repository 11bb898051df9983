// The routes of `hello` and `items`, in JavaScript.

import { App, s } from "switchback";

const app = new App({ title: "Hello" });

/** What is answered. */
const Greeting = s.object({ message: s.string() }).named("Greeting");

app.get("/hello/{name}", {
  summary: "Say hello",
  responses: { 200: Greeting },
}, ({ path }) => ({ message: `Hello ${path.name}` }));

const Item = s.object({
  name: s.string({ minLength: 1, maxLength: 50 }),
  price: s.number({ exclusiveMinimum: 0 }),
  in_stock: s.boolean().default(true),
  tags: s.array(s.string(), { maxItems: 10 }).default([]),
}).named("Item");

const Created = s.object({
  id: s.integer(),
  q: s.string().nullable(),
  item: Item,
}).named("Created");

app.post("/items/{id}", {
  summary: "Create an item",
  description: "Answers with what was sent, defaults filled in; nothing is kept.",
  tags: ["items"],
  path: { id: s.integer() },
  query: { q: s.string({ maxLength: 50 }).optional() },
  body: Item,
  responses: { 200: Created },
}, function createItem({ path, query, body }) {
  return { id: path.id, q: query.q ?? null, item: body };
});

export default app;
