// Named schemas on their way into `components.schemas`.

/** Where refs point until all models are known. */
const PLACES = { read: "#/read/", written: "#/written/" };

/** The models met in one direction: what a client sends is `read`, what it gets is `written`. */
class Direction {
  constructor(direction) {
    this.written = direction === "written";
    this.place = PLACES[direction];
    this.owners = new Map();
    this.schemas = new Map();
  }

  /** A ref to a model, whose schema is kept under its name. */
  refer(name, schema) {
    const owner = this.owners.get(name);
    if (owner === undefined) {
      this.owners.set(name, schema);
      this.schemas.set(name, schema.write(this));
    } else if (owner !== schema) {
      throw new TypeError(`two schemas are named \`${name}\`: give one of them another name`);
    }
    return { $ref: this.place + name };
  }
}

/** All models of a contract. A model with defaults looks different when read (they may be left out) and when written. */
export class Models {
  read = new Direction("read");
  written = new Direction("written");

  /** The document with its models in `components`: one name where both directions are alike, else two, as FastAPI does. */
  complete(document) {
    const names = new Set([...this.read.schemas.keys(), ...this.written.schemas.keys()]);
    if (names.size === 0) return document;
    const differ = this.namesThatDiffer();
    const placed = (name, suffix) => (differ.has(name) ? name + suffix : name);
    const schemas = {};
    for (const name of names) {
      for (const [direction, suffix] of [[this.read, "-Input"], [this.written, "-Output"]]) {
        if (direction.schemas.has(name)) schemas[placed(name, suffix)] = direction.schemas.get(name);
      }
    }
    return JSON.parse(JSON.stringify({ ...document, components: { ...document.components, schemas } }), (_, value) => {
      if (typeof value !== "string" || !value.startsWith("#/")) return value;
      // A `$ref`, or an entry of a discriminator's mapping.
      for (const [place, suffix] of [[PLACES.read, "-Input"], [PLACES.written, "-Output"]]) {
        const name = value.startsWith(place) && value.slice(place.length);
        if (names.has(name)) return `#/components/schemas/${placed(name, suffix)}`;
      }
      return value;
    });
  }

  /** The models that are read and written and not the same: in themselves, or in a model that they refer to. */
  namesThatDiffer() {
    const differ = new Set();
    const uses = [];
    for (const [name, schema] of this.read.schemas) {
      const other = this.written.schemas.get(name);
      if (other === undefined) continue;
      const read = JSON.stringify(schema);
      if (read.replaceAll(PLACES.read, PLACES.written) !== JSON.stringify(other)) differ.add(name);
      for (const [, used] of read.matchAll(/"\$ref":"#\/read\/([^"]+)"/g)) uses.push([name, used]);
    }
    // Each round carries a difference one step up, to the models that use one that differs.
    for (let before = -1; before !== differ.size; ) {
      before = differ.size;
      for (const [name, used] of uses) if (differ.has(used)) differ.add(name);
    }
    return differ;
  }
}
