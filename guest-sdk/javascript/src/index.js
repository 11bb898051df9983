// Plugins for Switchback in JavaScript.

export { App, Router } from "./app.js";
export { Problem, Response, Violation, bytes, file, html, json, redirect, text } from "./answer.js";
export { content, pieces } from "./contract.js";
export { log } from "./host.js";
export { s } from "./schema.js";
export { event, jsonLines, sse, stream } from "./stream.js";
