// The types of `switchback`: what a schema says is what TypeScript infers.

/** Whether a property or parameter must be given: it must, it may be left out, or a default stands in for it. */
export type Presence = "required" | "optional" | "default";

/**
 * One JSON Schema. `Out` is the value that a handler gets, defaults filled in; `In` is what may be sent or answered.
 * Immutable: each method returns another.
 */
export interface Schema<Out = unknown, In = Out, P extends Presence = "required"> {
  /** There for TypeScript only. */
  readonly "~types"?: { out: Out; in: In; presence: P };
  /** With further keywords of JSON Schema. */
  with(keywords: Keywords): this;
  /** With a description, in Markdown. */
  describe(description: string): this;
  /** May be left out. */
  optional(): Schema<Out, In, "optional">;
  /** May be left out, and is then `value`. */
  default(value: In): Schema<Out, In, "default">;
  /** May be `null`. */
  nullable(): Schema<Out | null, In | null, P>;
  /** A model: stands under this name in the documents, and is referred to by it. */
  named(name: string): this;
}

type AnySchema = Schema<any, any, any>;

/** Schemas by name: an object's properties, or parameters. */
export interface Fields {
  [name: string]: AnySchema;
}

type Flat<T> = { [K in keyof T]: T[K] } & {};
type Out<S> = S extends Schema<infer O, any, any> ? O : never;
type In<S> = S extends Schema<any, infer I, any> ? I : never;
type PresenceOf<S> = S extends Schema<any, any, infer P> ? P : never;
type Given<F extends Fields> = { -readonly [K in keyof F as PresenceOf<F[K]> extends "optional" ? never : K]: Out<F[K]> } & {
  -readonly [K in keyof F as PresenceOf<F[K]> extends "optional" ? K : never]?: Out<F[K]>;
};
type Sent<F extends Fields> = { -readonly [K in keyof F as PresenceOf<F[K]> extends "required" ? K : never]: In<F[K]> } & {
  -readonly [K in keyof F as PresenceOf<F[K]> extends "required" ? never : K]?: In<F[K]>;
};

/** An object with known properties. */
export interface ObjectSchema<F extends Fields> extends Schema<Flat<Given<F>>, Flat<Sent<F>>> {
  /** Another object, with these properties too; one of the same name is replaced. */
  extend<G extends Fields>(properties: G, keywords?: ObjectKeywords): ObjectSchema<Flat<Omit<F, keyof G> & G>>;
  /** Another object, with these properties only. */
  pick<K extends keyof F & string>(...names: K[]): ObjectSchema<Pick<F, K>>;
  /** Another object, without these properties. */
  omit<K extends keyof F & string>(...names: K[]): ObjectSchema<Omit<F, K>>;
  /** Another object, whose properties may all be left out and have no defaults: what a PATCH sends. */
  partial(): ObjectSchema<{ [K in keyof F]: Schema<Out<F[K]>, In<F[K]>, "optional"> }>;
}

/** What JSON Schema calls annotations, and any further keyword. */
export interface Keywords {
  title?: string;
  description?: string;
  examples?: unknown[];
  deprecated?: boolean;
  readOnly?: boolean;
  writeOnly?: boolean;
  [keyword: string]: unknown;
}

export type StringFormat =
  | "date" | "date-time" | "time" | "duration" | "email" | "hostname" | "ipv4" | "ipv6" | "password" | "uri" | "uuid";

export interface StringKeywords extends Keywords {
  minLength?: number;
  maxLength?: number;
  /** A regular expression, as JSON Schema has it: not anchored. */
  pattern?: string;
  format?: StringFormat | (string & {});
  contentMediaType?: string;
  contentEncoding?: string;
}

export interface NumberKeywords extends Keywords {
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  format?: string;
}

export interface ArrayKeywords extends Keywords {
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  contains?: AnySchema;
  minContains?: number;
  maxContains?: number;
}

export interface ObjectKeywords extends Keywords {
  additionalProperties?: boolean | AnySchema;
  propertyNames?: AnySchema;
  minProperties?: number;
  maxProperties?: number;
}

type Scalar = string | number | boolean | null;

/** The builder of schemas. */
export namespace s {
  /** The value that a handler gets. */
  export type Infer<S> = Out<S>;
  /** The value that may be sent, or answered: what has a default may be left out. */
  export type Input<S> = In<S>;

  export function string(keywords?: StringKeywords): Schema<string>;
  export function number(keywords?: NumberKeywords): Schema<number>;
  /** A whole number that JavaScript holds exactly (format `double-int`, unless another is asked for). */
  export function integer(keywords?: NumberKeywords): Schema<number>;
  /** A whole number of any size: a text of digits where it is sent and answered, a `bigint` to a handler. */
  export function bigint(keywords?: StringKeywords): Schema<bigint>;
  export function boolean(keywords?: Keywords): Schema<boolean>;
  /** A number of which each digit counts: sent as a number or a text, answered as a text. */
  export function decimal(keywords?: NumberKeywords & { maxDigits?: number; decimalPlaces?: number }): Schema<string | number>;
  export function any(keywords?: Keywords): Schema<any>;
  export function literal<const T extends Scalar>(value: T): Schema<T>;
  export function array<S extends AnySchema>(items: S, keywords?: ArrayKeywords): Schema<Out<S>[], In<S>[]>;
  export function tuple<const T extends readonly AnySchema[]>(
    items: T,
    keywords?: Keywords,
  ): Schema<{ -readonly [K in keyof T]: Out<T[K]> }, { -readonly [K in keyof T]: In<T[K]> }>;
  export function object<F extends Fields>(properties: F, keywords?: ObjectKeywords): ObjectSchema<F>;
  export function record<S extends AnySchema>(
    values: S,
    keywords?: ObjectKeywords,
  ): Schema<Record<string, Out<S>>, Record<string, In<S>>>;
  /** One of several. By `{ discriminator: "kind" }` the property `kind`, a literal in each, says which. */
  export function union<const T extends readonly AnySchema[]>(
    choices: T,
    keywords?: Keywords & { discriminator?: string },
  ): Schema<Out<T[number]>, In<T[number]>>;
  /** A schema made later, for models that hold themselves: these need their type written out. */
  export function lazy<S extends AnySchema>(make: () => S): Schema<Out<S>, In<S>>;
  /** A file of a form. */
  export function file(keywords?: Keywords): Schema<File>;
  /** A JSON Schema written by hand. */
  export function json<T = unknown>(schema: object | boolean): Schema<T>;

  function null_(): Schema<null>;
  function enum_<const T extends Scalar>(values: readonly T[], keywords?: Keywords): Schema<T>;
  export { null_ as null, enum_ as enum };
}

/** A file of a form. Its content stays with the host until it is read. */
export interface File {
  /** The field it was sent under. */
  readonly field: string;
  /** The file name that the client gave: never use it as a path. */
  readonly name: string | null;
  /** The content type that the client gave. */
  readonly type: string | null;
  /** In bytes. */
  readonly size: number;
  /** The headers of its part of the form, names in lower case. */
  readonly headers: Record<string, string>;
  /** At most `length` bytes from `offset`; none at the end. */
  read(offset?: number, length?: number): Uint8Array;
  /** All of it. */
  bytes(): Uint8Array;
  /** All of it as text; throws where it is no UTF-8. */
  text(): string;
}

type HeadersOut = Record<string, string | number> | Iterable<readonly [string, string | number]>;

/** A whole answer. */
export class Response {
  constructor(body?: string | Uint8Array | null, init?: { status?: number; headers?: HeadersOut });
  readonly status: number;
  readonly body: string | Uint8Array | null;
  readonly headers: [string, string][];
  /** Adds a header; a name may come twice, as `set-cookie` does. */
  header(name: string, value: string | number): this;
  /** Sets a cookie. */
  cookie(
    name: string,
    value: string | number,
    options?: {
      /** In seconds. */
      maxAge?: number;
      path?: string;
      domain?: string;
      secure?: boolean;
      httpOnly?: boolean;
      sameSite?: "lax" | "strict" | "none" | "";
    },
  ): this;
}

/** `value` as JSON. */
export function json(value: unknown, status?: number, headers?: HeadersOut): Response;
/** A page. */
export function html(body: string, status?: number, headers?: HeadersOut): Response;
/** Plain text. */
export function text(body: string, status?: number, headers?: HeadersOut): Response;
/** Bytes of any media type. */
export function bytes(body: Uint8Array, type?: string, status?: number, headers?: HeadersOut): Response;
/**
 * A file, which the host gives whole, in ranges, or not again to a client that has it. With status 200 to GET or HEAD the
 * host answers `range`, `if-range`, `if-none-match` and `if-modified-since` itself.
 */
export function file(
  body: string | Uint8Array,
  options?: {
    /** Default: `application/octet-stream`. */
    type?: string;
    /** What a browser saves it as. */
    name?: string;
    /** A browser shows it, and uses its name only for who saves it. */
    shown?: boolean;
    /** What tells this state of it from others, without quotes; default: a number made of its bytes. */
    etag?: string;
    modified?: Date;
    status?: number;
    headers?: HeadersOut;
  },
): Response;
/** Sends the client elsewhere: 307 keeps method and body, 303 makes it a GET. */
export function redirect(url: string, status?: number, headers?: HeadersOut): Response;

/** Pieces of any media type, each sent before the next is asked for: of an iterable, most often a generator. */
export function stream(type: string, pieces: Iterable<string | Uint8Array>, status?: number, headers?: HeadersOut): Response;

/** A line of JSON for each value; a handler that is a generator answers so too. */
export function jsonLines(values: Iterable<unknown>, status?: number, headers?: HeadersOut): Response;
export namespace jsonLines {
  /** What `responses` say of it: `{ 200: jsonLines.of(Item) }`. */
  function of<S extends AnySchema>(schema: S): Content<Iterable<Out<S>>>;
}

/** Server-sent events: each value as an event's data in JSON, or an `event(…)`. */
export function sse(events: Iterable<unknown>, status?: number, headers?: HeadersOut): Response;
export namespace sse {
  /** What `responses` say of events whose data is JSON of this schema. */
  function of<S extends AnySchema>(schema: S): Content<Iterable<Out<S>>>;
}

/** One server-sent event: `data` as JSON or `rawData` as it is; `retry` in milliseconds. */
export function event(fields: { data?: unknown; rawData?: string; event?: string; id?: string; retry?: number; comment?: string }): object;

/** What cannot be done, and why: `{"detail": …}` with a status. Thrown, as FastAPI's `HTTPException`. */
export class Problem extends Error {
  constructor(status: number, detail: unknown, options?: { headers?: HeadersOut });
  readonly status: number;
  readonly detail: unknown;
  readonly headers: HeadersOut;
}

/** A rule of the author's own that a request breaks: 422, in the shape that the host itself uses. Thrown. */
export class Violation extends Problem {
  /** What is wrong at a place: `"body.items.0.price"`, or `["body", "items", 0, "price"]`. */
  static at(
    place: string | readonly (string | number)[],
    message: string,
    more?: { type?: string; input?: unknown; ctx?: object },
  ): Violation;
  /** Both: a request may break several rules at once. */
  and(other: Violation): Violation;
}

/** What went wrong with a request, as RFC 9457 has it. */
export interface ProblemDetails {
  /** `urn:switchback:not-found` */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The rules that a request breaks, of a 422. */
  readonly errors?: { type: string; loc: (string | number)[]; msg: string; input?: unknown; ctx?: object }[];
}

/** Lines in the host's log, with the request's id; `fields` is an object of further values. */
export interface Log {
  trace(message: unknown, fields?: object): void;
  debug(message: unknown, fields?: object): void;
  info(message: unknown, fields?: object): void;
  warn(message: unknown, fields?: object): void;
  error(message: unknown, fields?: object): void;
}
export const log: Log;

/** The request being handled: what the contract does not declare is asked for here. */
export interface Request {
  /** In capitals. */
  readonly method: string;
  /** Path and query as the client sent them. */
  readonly uri: string;
  /** Where the plugin is mounted: empty, or `/shop`. */
  readonly prefix: string;
  /** In the answer's `x-request-id`, and in every line of the log. */
  readonly id: string;
  /** The client's address. */
  readonly peer: string | null;
  /** Who is asking, as the host has established it. */
  readonly identity: unknown;
  /** The first value of a header, its name in any case. */
  header(name: string): string | null;
  /** All values of a header. */
  headers(name: string): string[];
}

/** A body or an answer of another media type than JSON. */
export interface Content<T = unknown> {
  readonly type: string;
  readonly schema?: Schema<T, any, any>;
}
/** `content("text/csv", s.string())`; without a schema, a body is bytes. */
export function content(type: string): Content<Uint8Array>;
export function content<S extends AnySchema>(type: string, schema: S): Content<Out<S>>;

/** A body that is read while it arrives, in pieces. */
export function pieces(type?: string): Content<Iterable<Uint8Array>>;

/** A text describes a `Problem`; an object is OpenAPI's own, whose `content` may be a schema. */
type Described =
  | AnySchema
  | Content
  | string
  | { description?: string; headers?: object; links?: object; content?: AnySchema | Content | object };

/** What a route says of itself. All of it is in the contract: the host checks what is sent by it, and publishes it. */
export interface Options {
  summary?: string;
  /** In Markdown. */
  description?: string;
  tags?: string[];
  /** Default: the handler's name. */
  operationId?: string;
  deprecated?: boolean;
  /** Of a plain answer; default: 200. */
  status?: number;
  /** Parameters in the path; one that is not here is a text. */
  path?: Fields;
  /** Parameters by name, or a model of all of them: `s.object({ … }, { additionalProperties: false })` refuses others. */
  query?: Fields | ObjectSchema<any>;
  headers?: Fields | ObjectSchema<any>;
  cookies?: Fields | ObjectSchema<any>;
  body?: AnySchema | Content<any>;
  form?: Fields | ObjectSchema<any>;
  responses?: { [status: number]: Described };
  security?: Record<string, string[]>[];
  [extension: `x-${string}`]: unknown;
}

type PathNames<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Plain<Name> | PathNames<Rest> : never;
/** `rest` of `rest:path`. */
type Plain<N extends string> = N extends `${infer Name}:${string}` ? Name : N;
type FieldsOf<O, K extends string> = O extends { [key in K]: infer S extends ObjectSchema<any> }
  ? Out<S>
  : O extends { [key in K]: infer F extends Fields } ? Flat<Given<F>> : {};
type BodyOf<O> = O extends { body: infer B }
  ? B extends Content<infer T>
    ? T
    : Out<B> | (PresenceOf<B> extends "optional" ? undefined : never)
  : undefined;

/** What a handler is given. */
export interface Call<P extends string, O> {
  path: Flat<FieldsOf<O, "path"> & Omit<{ [K in PathNames<P>]: string }, keyof FieldsOf<O, "path">>>;
  query: FieldsOf<O, "query">;
  headers: FieldsOf<O, "headers">;
  cookies: FieldsOf<O, "cookies">;
  body: BodyOf<O>;
  form: FieldsOf<O, "form">;
  request: Request;
  log: Log;
}

type StatusOf<O> = O extends { status: infer S extends number } ? S : 200;
type AnswerOf<O> = O extends { responses: infer R }
  ? StatusOf<O> extends keyof R
    ? R[StatusOf<O>] extends AnySchema
      ? In<R[StatusOf<O>]>
      : unknown
    : unknown
  : unknown;

/** An ordinary function: there is nothing to await. It returns a value (JSON), or a `Response`. */
export type Handler<P extends string, O> = (call: Call<P, O>) => AnswerOf<O> | Response;

/** Refuses what is misspelt; TypeScript by itself would not, since `O` may be wider. */
type Known<O> = { [K in Exclude<keyof O, keyof Options>]: never };

interface Add<Self> {
  <const P extends string>(path: P, handler: Handler<P, {}>): Self;
  <const P extends string, const O extends Options>(path: P, options: O & Known<O>, handler: Handler<P, NoInfer<O>>): Self;
}

export interface RouterOptions {
  prefix?: string;
  tags?: string[];
  responses?: { [status: number]: Described };
}

/** Routes with something in common: a prefix, tags, answers. */
export class Router {
  constructor(options?: RouterOptions);
  get: Add<this>;
  post: Add<this>;
  put: Add<this>;
  patch: Add<this>;
  delete: Add<this>;
  head: Add<this>;
  options: Add<this>;
  /** Adds the routes of another router, under its own prefix and tags. */
  route(router: Router): this;
  /** The same, with a prefix before them. */
  route(prefix: string, router: Router): this;
}

export interface AppOptions extends RouterOptions {
  title: string;
  version?: string;
  summary?: string;
  description?: string;
  /** How many instances serve at most. 1: what is kept in memory is seen by all requests, until the next swap. */
  instances?: number;
  servers?: object[];
  /** Further keys of the document's root. */
  openapi?: object;
}

/** The plugin: what the main module exports as its default. */
export class App extends Router {
  constructor(options: AppOptions);
  /** Has a function answer what the host would say in the plugin's place; nothing leaves it as it is. */
  onProblem(answer: (call: { problem: ProblemDetails; request: Request; log: Log }) => unknown): this;
  /** Has a function answer what handlers throw; nothing leaves it as it is. */
  onError(answer: (error: unknown, call: { request: Request; log: Log }) => unknown): this;
  /** Has a function run in each new instance, before its first request. What it throws keeps the instance from serving. */
  onStart(run: () => void): this;
  /** Has a function run in each instance that serves no more. */
  onStop(run: () => void): this;
  /** The contract, an OpenAPI 3.1 document. */
  openapi(): Record<string, any>;
  /**
   * For tests in Node: the answer of an operation, by its `operationId` or as `GET /items/{id}`. The host's checks are not
   * made, so what is given has to fit, and parameters have no defaults but those of `body`.
   */
  call(
    operation: string,
    given?: { path?: object; query?: object; headers?: object; cookies?: object; body?: unknown },
  ): Response;
}
