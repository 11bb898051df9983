// Orders: priced, and not kept.

import { Router, Violation } from "switchback";

import { find } from "./items.js";
import { NewOrder, Order } from "./models.js";

export const orders = new Router({ tags: ["orders"] });

orders.post("", {
  summary: "Price an order",
  body: NewOrder,
  responses: { 200: Order, 404: "There is no such item" },
}, function priceOrder({ body }) {
  if (body.until < body.from) throw Violation.at("body.until", "must not be before `from`", { input: body.until });
  const total = body.lines.reduce((sum, { item, count }) => sum + find(item).price.amount * count, 0);
  return { ...body, total: Math.round(total * 100) / 100 };
});
