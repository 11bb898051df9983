// Calls the examples through types that openapi-typescript made of their document: client.js ADDRESS. What the document
// does not allow must not compile.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const client = createClient<paths>({ baseUrl: process.argv[2] });

const hello = await client.GET("/hello/{name}", { params: { path: { name: "World" } } });
const message: string | undefined = hello.data?.message;
assert.equal(message, "Hello World");

const body = { name: "Hammer", price: 12.5, tags: ["tool"] };
const params = { path: { id: 7 }, query: { q: "abc" } };
const created = await client.POST("/items/{id}", { params, body });
const stock: boolean | undefined = created.data?.item.in_stock;
assert.deepEqual([created.data?.id, stock], [7, true]);

const refused = await client.POST("/items/{id}", { params, body: { ...body, price: 0 } });
assert.equal(refused.response.status, 422);
assert.deepEqual(refused.error?.detail?.[0]?.loc, ["body", "price"]);

// @ts-expect-error: a price is a number
await client.POST("/items/{id}", { params, body: { name: "Hammer", price: "12.5" } });
// @ts-expect-error: there is no such path
await client.GET("/nothing");
