// What a value looks like: a builder of JSON Schemas, whose TypeScript types follow from them (`index.d.ts`).
//
// A schema never checks: the host does that, before the guest runs. All that is left to do here is to shape a body that
// fits: to fill in defaults, which JSON Schema only describes, and to leave out what is not described.

/** One JSON Schema. Immutable: each method returns another. */
export class Schema {
  /** `write(models)` is the JSON Schema; `shape(value)`, where there is one, what a handler gets of a value that fits. */
  constructor(write, shape) {
    this.write = write;
    this.shape = shape;
    this.isOptional = false;
    this.initial = undefined;
  }

  /** The same with something changed; subclasses keep what is theirs. */
  changed(changes) {
    return Object.assign(Object.create(Object.getPrototypeOf(this)), this, changes);
  }

  /** With further keywords of JSON Schema. */
  with(keywords) {
    return this.changed({ write: (models) => ({ ...this.write(models), ...keywords }) });
  }

  /** With a description, in Markdown. */
  describe(description) {
    return this.with({ description });
  }

  /** May be left out. */
  optional() {
    return this.changed({ isOptional: true });
  }

  /** May be left out, and is then `value`. */
  default(value) {
    const json = JSON.stringify(value);
    if (json === undefined) throw new TypeError("a default is a value that JSON can hold");
    return this.with({ default: JSON.parse(json) }).changed({ isOptional: true, initial: json });
  }

  /** May be `null`. */
  nullable() {
    return this.changed({
      write: (models) => {
        const schema = this.write(models);
        const simple = typeof schema.type === "string" && !("enum" in schema) && !("const" in schema);
        return simple ? { ...schema, type: [schema.type, "null"] } : { anyOf: [schema, { type: "null" }] };
      },
      shape: this.shape && ((value) => (value === null ? null : this.shape(value))),
    });
  }

  /** A model: stands under this name in the documents, and is referred to by it. */
  named(name) {
    if (!/^[A-Za-z0-9._-]+$/.test(name)) {
      throw new TypeError(`a model's name has letters, digits, \`.\`, \`_\` and \`-\`, which ${JSON.stringify(name)} has not`);
    }
    return this.changed({ write: (models) => models.refer(name, this) });
  }
}

/** An object with known properties. Others are left out, unless `additionalProperties` says that there may be some. */
class ObjectSchema extends Schema {
  constructor(properties, keywords) {
    const entries = Object.entries(properties);
    for (const [name, property] of entries) expectSchema(property, `property \`${name}\``);
    super(
      (models) => {
        // As FastAPI has it: what has a default is not required of an answer either.
        const required = entries.filter(([, one]) => !one.isOptional);
        return {
          type: "object",
          properties: Object.fromEntries(entries.map(([name, property]) => [name, property.write(models)])),
          ...(required.length > 0 && { required: required.map(([name]) => name) }),
          ...written(keywords, models),
        };
      },
      shapeObject(entries, Boolean(keywords?.additionalProperties)),
    );
    this.properties = properties;
    this.keywords = keywords;
  }

  /** Another object, with these properties too; one of the same name is replaced. */
  extend(properties, keywords = this.keywords) {
    return new ObjectSchema({ ...this.properties, ...properties }, keywords);
  }

  /** Another object, with these properties only. */
  pick(...names) {
    return new ObjectSchema(Object.fromEntries(names.map((name) => [name, this.properties[name]])), this.keywords);
  }

  /** Another object, without these properties. */
  omit(...names) {
    const left = Object.entries(this.properties).filter(([name]) => !names.includes(name));
    return new ObjectSchema(Object.fromEntries(left), this.keywords);
  }

  /** Another object, whose properties may all be left out and have no defaults: what a PATCH sends. */
  partial() {
    const properties = Object.entries(this.properties).map(([name, property]) => {
      const write = (models) => {
        const { default: _, ...schema } = property.write(models);
        return schema;
      };
      return [name, property.changed({ isOptional: true, initial: undefined, write })];
    });
    return new ObjectSchema(Object.fromEntries(properties), this.keywords);
  }
}

const { hasOwn } = Object;

function shapeObject(entries, keepsOthers) {
  // Every request with a body comes by here; objects are taken apart quicker than pairs.
  const properties = entries.map(([name, { initial, shape }]) => ({ name, initial, shape }));
  return (value) => {
    const shaped = keepsOthers ? { ...value } : {};
    for (const { name, initial, shape } of properties) {
      const given = hasOwn(value, name) ? value[name] : initial && JSON.parse(initial);
      if (given !== undefined) shaped[name] = shape ? shape(given) : given;
    }
    return shaped;
  };
}

/** The schemas by name that `query: { … }` has, or those of `query: s.object({ … })`. */
export const fieldsOf = (fields = {}) => (fields instanceof ObjectSchema ? fields.properties : fields);

/** Whether they are one model: then whether it refuses what else is sent. */
export const modelOf = (fields) =>
  fields instanceof ObjectSchema ? (fields.keywords?.additionalProperties === false ? "forbid" : "ignore") : undefined;

/** A file of a form. */
class FileSchema extends Schema {}

/** Whether a form's field is a file or a list of files. */
export const isFile = (schema) => schema instanceof FileSchema;
export const isFileList = (schema) => schema.items instanceof FileSchema;

export function expectSchema(value, what) {
  if (value instanceof Schema) return value;
  throw new TypeError(`${what} is no schema: make one by \`s\`, as in \`s.string()\``);
}

const shapedBy = (schema, value) => (schema.shape ? schema.shape(value) : value);

/** Keywords may hold schemas (`additionalProperties`, `propertyNames`, `contains`). */
function written(keywords = {}, models) {
  const plain = (value) => (value instanceof Schema ? value.write(models) : value);
  return Object.fromEntries(Object.entries(keywords).map(([keyword, value]) => [keyword, plain(value)]));
}

const simple = (type) => (keywords) => new Schema((models) => ({ type, ...written(keywords, models) }));

function array(items, keywords) {
  expectSchema(items, "what an array holds");
  const { shape } = items;
  const schema = new Schema(
    (models) => ({ type: "array", items: items.write(models), ...written(keywords, models) }),
    shape && ((values) => values.map((value) => shape(value))),
  );
  schema.items = items;
  return schema;
}

function tuple(items, keywords) {
  items.forEach((item, index) => expectSchema(item, `item ${index} of a tuple`));
  return new Schema(
    (models) => ({
      type: "array",
      prefixItems: items.map((item) => item.write(models)),
      items: false,
      minItems: items.length,
      maxItems: items.length,
      ...written(keywords, models),
    }),
    (values) => values.map((value, at) => shapedBy(items[at], value)),
  );
}

function record(values, keywords) {
  expectSchema(values, "what a record holds");
  const { shape } = values;
  return new Schema(
    (models) => ({ type: "object", additionalProperties: values.write(models), ...written(keywords, models) }),
    shape && ((value) => Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shape(one)]))),
  );
}

/** One of several. By `{ discriminator: "kind" }` the property `kind`, a literal in each, says which. */
function union(choices, { discriminator, ...keywords } = {}) {
  choices.forEach((choice, index) => expectSchema(choice, `choice ${index} of a union`));
  if (discriminator === undefined) {
    return new Schema((models) => ({ anyOf: choices.map((choice) => choice.write(models)), ...written(keywords, models) }));
  }
  const byKind = new Map();
  for (const choice of choices) {
    const kind = choice.properties?.[discriminator]?.literal;
    if (kind === undefined || byKind.has(kind)) {
      throw new TypeError(`each choice of a union by \`${discriminator}\` is an object where that property is a literal of its own`);
    }
    byKind.set(kind, choice);
  }
  return new Schema(
    (models) => {
      const oneOf = choices.map((choice) => choice.write(models));
      const refs = [...byKind.keys()].map((kind, at) => [kind, oneOf[at].$ref]).filter(([, ref]) => ref);
      const mapping = refs.length > 0 && { mapping: Object.fromEntries(refs) };
      return { oneOf, discriminator: { propertyName: discriminator, ...mapping }, ...written(keywords, models) };
    },
    (value) => shapedBy(byKind.get(value[discriminator]), value),
  );
}

function literal(value) {
  const schema = new Schema(() => ({ const: value }));
  schema.literal = value;
  return schema;
}

function enumeration(values, keywords) {
  const types = [...new Set(values.map((value) => (value === null ? "null" : typeof value)))];
  const type = types.length === 1 && ["string", "number"].includes(types[0]) ? { type: types[0] } : {};
  return new Schema((models) => ({ ...type, enum: [...values], ...written(keywords, models) }));
}

/** A schema that is made later, for models that hold themselves. */
function lazy(make) {
  return new Schema(
    (models) => make().write(models),
    (value) => shapedBy(make(), value),
  );
}

// What `s.bigint()` answers.
BigInt.prototype.toJSON ??= function () {
  return this.toString();
};

/** The builder. */
export const s = {
  string: simple("string"),
  number: simple("number"),
  // A number of JavaScript holds 53 bits exactly; `double-int` is OpenAPI's name for that range.
  integer: (keywords) => simple("integer")({ format: "double-int", ...keywords }),
  // Of any size: a text of digits on its way, since `JSON.parse` rounds numbers; a handler gets, and answers, a BigInt.
  bigint: (keywords) => new Schema(() => ({ type: "string", pattern: "^-?[0-9]+$", ...keywords }), BigInt),
  boolean: simple("boolean"),
  // As pydantic has it: a number or a text where it is sent, so that no digit is lost. A handler gets it as it came.
  decimal: ({ maxDigits, decimalPlaces, ...keywords } = {}) =>
    new Schema((models) =>
      models.written
        ? { type: "string" }
        : {
            anyOf: [{ type: "number", ...keywords }, { type: "string" }],
            "x-switchback-decimal": {
              ...(maxDigits !== undefined && { max_digits: maxDigits }),
              ...(decimalPlaces !== undefined && { decimal_places: decimalPlaces }),
            },
          },
    ),
  null: () => new Schema(() => ({ type: "null" })),
  any: (keywords) => new Schema((models) => written(keywords, models)),
  literal,
  enum: enumeration,
  array,
  tuple,
  object: (properties, keywords) => new ObjectSchema(properties, keywords),
  record,
  union,
  lazy,
  file: (keywords) => new FileSchema(() => ({ type: "string", format: "binary", ...keywords })),
  /** A JSON Schema written by hand. */
  json: (schema) => new Schema(() => schema),
};
