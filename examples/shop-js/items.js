// Items: read by anyone, changed by whoever has the token.

import { Problem, Response, Router, Violation, s } from "switchback";

import { Category, Change, Item, NewItem } from "./models.js";

const stock = new Map();
let lastId = 0;

/** The item, or 404. */
export function find(id) {
  const item = stock.get(id);
  if (item === undefined) throw new Problem(404, `there is no item ${id}`);
  return item;
}

export const items = new Router({ prefix: "/items", tags: ["items"] });
const id = s.integer({ minimum: 1 });

items.get("", {
  summary: "List items",
  query: {
    category: Category.optional(),
    limit: s.integer({ minimum: 1, maximum: 100 }).default(20).describe("At most so many"),
  },
  responses: { 200: s.array(Item) },
}, function listItems({ query }) {
  const all = [...stock.values()].filter(({ category }) => query.category === undefined || category === query.category);
  return all.slice(0, query.limit);
});

items.get("/{id}", {
  summary: "Read an item",
  path: { id },
  responses: { 200: Item, 404: "There is no such item" },
}, function readItem({ path }) {
  return find(path.id);
});

const changes = new Router({ responses: { 403: "The token is wrong" } });
items.route(changes);
const headers = { "x-token": s.string().describe("Who may change items: `secret`") };

function authorize(given) {
  if (given["x-token"] !== "secret") throw new Problem(403, "the token is wrong");
}

changes.post("", {
  summary: "Create an item",
  headers,
  status: 201,
  body: NewItem,
  responses: { 201: Item },
}, function createItem({ headers, body, log }) {
  authorize(headers);
  check(body);
  const item = { id: ++lastId, ...body };
  stock.set(item.id, item);
  log.info("created", { id: item.id });
  return item;
});

changes.patch("/{id}", {
  summary: "Change an item",
  path: { id },
  headers,
  body: Change,
  responses: { 200: Item, 404: "There is no such item" },
}, function changeItem({ path, headers, body }) {
  authorize(headers);
  const item = { ...find(path.id), ...body };
  check(item);
  stock.set(item.id, item);
  return item;
});

changes.delete("/{id}", {
  summary: "Delete an item",
  path: { id },
  headers,
  status: 204,
  responses: { 404: "There is no such item" },
}, function deleteItem({ path, headers }) {
  authorize(headers);
  stock.delete(find(path.id).id);
});

items.get("/{id}/label", {
  summary: "An item's label, as SVG",
  path: { id },
  responses: { 404: "There is no such item" },
}, function label({ path }) {
  const { name, price } = find(path.id);
  const text = `${name}, ${price.amount} ${price.currency}`.replace(/[&<>]/g, (sign) => `&#${sign.codePointAt(0)};`);
  const body = `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="40"><text x="10" y="25">${text}</text></svg>`;
  return new Response(body, { headers: { "content-type": "image/svg+xml", "cache-control": "no-cache" } });
});

/** What no schema says: a rule across two fields. */
function check({ price, floor }) {
  if (floor === undefined) return;
  if (floor.currency !== price.currency) throw Violation.at("body.floor.currency", "must be the currency of the price");
  if (floor.amount > price.amount) throw Violation.at("body.floor.amount", "must not be above the price", { input: floor.amount });
}
