// Plugins for Switchback in JavaScript.

export { App, Router } from "./app.js";
export { Problem, Response, Violation, bytes, html, json, redirect, text } from "./answer.js";
export { content } from "./contract.js";
export { log } from "./host.js";
export { s } from "./schema.js";
export { event, jsonLines, sse, stream } from "./stream.js";
