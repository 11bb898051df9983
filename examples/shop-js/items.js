// Items: read by anyone, changed by whoever has the token.

import { Problem, Router, Violation, content, file, pieces, s } from "switchback";

import { Category, Change, Item, NewItem } from "./models.js";

const stock = new Map();
const photos = new Map();
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
  photos.delete(path.id);
});

changes.put("/{id}/photo", {
  summary: "Give an item a photo",
  path: { id },
  headers,
  form: { photo: s.file({ maxLength: 1_000_000 }), caption: s.string({ maxLength: 100 }).default("") },
  responses: { 200: s.object({ size: s.integer(), caption: s.string() }), 404: "There is no such item", 415: "No picture" },
}, function setPhoto({ path, headers, form: { photo, caption } }) {
  authorize(headers);
  find(path.id);
  if (!photo.type?.startsWith("image/")) throw new Problem(415, "the file is no picture");
  photos.set(path.id, { type: photo.type, content: photo.bytes() });
  return { size: photo.size, caption };
});

items.get("/{id}/photo", {
  summary: "An item's photo",
  path: { id },
  responses: { 200: content("image/*"), 404: "There is no photo" },
}, function photo({ path }) {
  const photo = photos.get(find(path.id).id);
  if (photo === undefined) throw new Problem(404, `item ${path.id} has no photo`);
  return file(photo.content, { type: photo.type, shown: true });
});

items.post("/count", {
  summary: "Count lines",
  description: "Of a list of any length, which is read while it arrives.",
  body: pieces("text/csv"),
  responses: { 200: s.object({ lines: s.integer(), bytes: s.bigint() }) },
}, function countLines({ body }) {
  let [lines, bytes] = [0, 0n];
  for (const piece of body) {
    bytes += BigInt(piece.length);
    for (const byte of piece) if (byte === 10) lines += 1;
  }
  return { lines, bytes };
});

/** What no schema says: a rule across two fields. */
function check({ price, floor }) {
  if (floor === undefined) return;
  if (floor.currency !== price.currency) throw Violation.at("body.floor.currency", "must be the currency of the price");
  if (floor.amount > price.amount) throw Violation.at("body.floor.amount", "must not be above the price", { input: floor.amount });
}
