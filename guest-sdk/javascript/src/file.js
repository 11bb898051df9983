// A file of a form. Its content stays with the host until it is read.

import { host } from "./host.js";

const PIECE = 65_536;

export class File {
  #index;

  constructor({ field, name, mediaType, size }, index) {
    this.#index = index;
    this.field = field;
    /** As the client gave it: never use it as a path. */
    this.name = name ?? null;
    this.type = mediaType ?? null;
    this.size = size;
  }

  /** The headers of its part of the form, names in lower case; a character for each byte. */
  get headers() {
    const sent = host.imports.incoming.fileHeaders(this.#index);
    return Object.fromEntries(sent.map(([name, value]) => [name, String.fromCharCode(...value)]));
  }

  /** At most `length` bytes from `offset`; none at the end. */
  read(offset = 0, length = PIECE) {
    return Uint8Array.from(host.imports.incoming.readFile(this.#index, offset, length));
  }

  /** All of it. */
  bytes() {
    const all = new Uint8Array(this.size);
    for (let at = 0; at < this.size; ) {
      const piece = this.read(at, Math.min(PIECE, this.size - at));
      if (piece.length === 0) throw new Error(`file \`${this.field}\` ended after ${at} of ${this.size} bytes`);
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  /** All of it as text; throws where it is no UTF-8. */
  text() {
    return decode(this.bytes());
  }
}

/** UTF-8 to text. The engine has no `TextDecoder`; `decodeURIComponent` reads UTF-8, and refuses what is none. */
export function decode(bytes) {
  let escaped = "";
  for (const byte of bytes) escaped += byte < 128 && byte !== 37 ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, "0")}`;
  return decodeURIComponent(escaped);
}
