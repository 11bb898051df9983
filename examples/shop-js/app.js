// A shop in memory: routers, nested models, an enum, rules across fields, a header that says who may.

import { App, text } from "switchback";

import { items } from "./items.js";
import { orders } from "./orders.js";

const app = new App({
  title: "Shop",
  version: "1.0.0",
  description: "What is changed here is kept in memory: by one instance, until the next swap.",
  instances: 1,
});

app.route(items);
app.route("/orders", orders);

// Asked by the host, which finds out about methods.
app.onProblem(({ problem, request }) => {
  if (problem.status === 405) return text(`${request.method} is nothing that ${request.uri} knows`);
});

export default app;
