// The contract: routes in, an OpenAPI 3.1 document out.

import { hasBody } from "./answer.js";
import { Models } from "./models.js";
import { Schema, fieldsOf, isFile, isFileList, modelOf, s } from "./schema.js";

/** A body or an answer that is no JSON: its media type, and the schema of its text if it has one. */
export class Content {
  constructor(type, schema, item) {
    this.type = type;
    this.schema = schema;
    // Of a stream: what its pieces are, of the schema that is written.
    this.item = item;
  }
}

/** A body that is read while it arrives: the handler gets its pieces, an iterable of `Uint8Array`s. */
export function pieces(type = "application/octet-stream") {
  const body = new Content(type);
  body.streams = true;
  return body;
}

/** A body or an answer of another media type than JSON: `content("text/csv", s.string())`. */
export const content = (type, schema) => new Content(type, schema);

/** The document of an app with these routes. */
export function document(app, table) {
  const models = new Models();
  const paths = {};
  for (const route of table.values()) {
    paths[route.path] ??= {};
    if (route.method in paths[route.path]) throw new TypeError(`\`${route.method.toUpperCase()} ${route.path}\` is there twice`);
    paths[route.path][route.method] = operation(route, models);
  }
  return models.complete(defined({ openapi: "3.1.0", info: defined(app.info), ...app.more, paths }));
}

function operation({ operationId, options, names, kinds, status }, models) {
  const { path, query, headers, cookies, body, form, responses, status: _, tags, ...more } = options;
  const all = [
    ...names.map((name) => ({ ...parameter("path", name, path?.[name] ?? s.string(), models), ...KINDS[kinds[name]] })),
    ...parameters("query", query, models),
    ...parameters("header", headers, models),
    ...parameters("cookie", cookies, models),
  ];
  const of = { query: modelOf(query), header: modelOf(headers), cookie: modelOf(cookies) };
  const parameterModels = defined(of);
  return defined({
    ...more,
    "x-switchback-parameter-models": Object.keys(parameterModels).length > 0 ? parameterModels : undefined,
    operationId,
    tags: tags.length > 0 ? [...new Set(tags)] : undefined,
    parameters: all.length > 0 ? all : undefined,
    requestBody: form ? formBody(form, models) : body && jsonBody(body, models),
    responses: answers(responses, status, models),
  });
}

/** What `{rest:path}` and `{n:int}` say of a parameter of the path. */
const KINDS = {
  path: { "x-switchback-wildcard": true },
  int: { "x-switchback-convertor": "int" },
  float: { "x-switchback-convertor": "float" },
  uuid: { "x-switchback-convertor": "uuid" },
};

const parameters = (place, schemas, models) =>
  Object.entries(fieldsOf(schemas)).map(([name, schema]) => parameter(place, name, schema, models));

function parameter(place, name, schema, models) {
  const { description, ...written } = schema.write(models.read);
  return defined({ name, in: place, required: place === "path" || !schema.isOptional, description, schema: written });
}

function jsonBody(body, models) {
  const schema = body instanceof Content ? body.schema : body;
  return { required: !schema?.isOptional, content: contentOf(body, models.read) };
}

function formBody(fields, models) {
  const schemas = Object.values(fieldsOf(fields));
  const files = schemas.some((schema) => isFile(schema) || isFileList(schema));
  const type = files ? "multipart/form-data" : "application/x-www-form-urlencoded";
  const required = schemas.some((schema) => !schema.isOptional);
  return { required, content: { [type]: { schema: (modelOf(fields) ? fields : s.object(fields)).write(models.read) } } };
}

function contentOf(body, direction) {
  if (body instanceof Content) {
    if (body.item) return { [body.type]: { itemSchema: body.item(body.schema.write(direction)) } };
    const streams = body.streams && { "x-switchback-stream": true };
    return { [body.type]: { ...defined({ schema: body.schema?.write(direction) }), ...streams } };
  }
  return { "application/json": { schema: body.write(direction) } };
}

/** What a status means where its answer says nothing of its own. */
const MEANINGS = {
  200: "Successful Response", 201: "Created", 202: "Accepted", 204: "No Content", 303: "See Other", 307: "Temporary Redirect",
  400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict", 410: "Gone",
  412: "Precondition Failed", 422: "Validation Error", 429: "Too Many Requests", 503: "Service Unavailable",
};

function answers(responses, status, models) {
  const all = Object.entries(responses).map(([code, described]) => [code, answer(code, described, models)]);
  if (!(status in responses)) all.unshift([status, { description: MEANINGS[status] ?? "Successful Response" }]);
  return Object.fromEntries(all);
}

/** A schema or content; a text, which describes a `Problem`; or OpenAPI's own words, whose content may be one of ours. */
function answer(code, described, models) {
  const description = MEANINGS[code] ?? "Response";
  if (described instanceof Schema || described instanceof Content) {
    if (!hasBody(Number(code))) return { description };
    return { description, content: contentOf(described, models.written) };
  }
  if (typeof described === "string") {
    return { description: described, ...(Number(code) >= 400 && { content: contentOf(PROBLEM, models.written) }) };
  }
  const { content: body, ...more } = described;
  const ours = body instanceof Schema || body instanceof Content;
  return defined({ description, ...more, content: ours ? contentOf(body, models.written) : body });
}

const PROBLEM = s.object({ detail: s.string() });

const defined = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
