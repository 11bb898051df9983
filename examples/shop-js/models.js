// What the shop speaks of.

import { s } from "switchback";

export const Category = s.enum(["tool", "toy", "book"]).named("Category");

export const Price = s.object({
  amount: s.number({ exclusiveMinimum: 0, multipleOf: 0.01 }),
  currency: s.enum(["EUR", "USD"]).default("EUR"),
}).named("Price");

export const NewItem = s.object({
  name: s.string({ minLength: 1, maxLength: 50 }),
  category: Category,
  price: Price,
  /** The lowest price it may be sold at. */
  floor: Price.optional(),
  tags: s.array(s.string({ pattern: "^[a-z-]+$" }), { maxItems: 5, uniqueItems: true }).default([]),
}).named("NewItem");

export const Item = NewItem.extend({ id: s.integer({ minimum: 1 }) }).named("Item");

/** What a PATCH changes: any part of an item. */
export const Change = NewItem.partial().named("Change");

const Delivery = s.union([
  s.object({ kind: s.literal("pickup"), shop: s.string() }).named("Pickup"),
  s.object({ kind: s.literal("parcel"), street: s.string(), city: s.string() }).named("Parcel"),
], { discriminator: "kind" });

export const NewOrder = s.object({
  lines: s.array(s.object({ item: s.integer(), count: s.integer({ minimum: 1, maximum: 100 }).default(1) }), { minItems: 1 }),
  delivery: Delivery,
  from: s.string({ format: "date" }),
  until: s.string({ format: "date" }),
}).named("NewOrder");

export const Order = NewOrder.extend({ total: s.number() }).named("Order");
