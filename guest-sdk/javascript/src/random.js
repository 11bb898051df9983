// Randomness from the host. The engine's own is part of the snapshot that every instance starts from, and so the same.

import { host } from "./host.js";

function fresh(length) {
  if (!host.serving) throw new Error("there is no randomness while the component is built: ask for it inside of a handler");
  return host.imports.random.getRandomBytes(length);
}

let drawn = new Uint32Array(0);
let next = 0;

function draw() {
  if (next === drawn.length) {
    drawn = new Uint32Array(Uint8Array.from(fresh(256)).buffer);
    next = 0;
  }
  return drawn[next++];
}

/** `Math.random`: 53 bits from 0 up to 1, made of 27 and 26. */
export const random = () => ((draw() >>> 5) * 67_108_864 + (draw() >>> 6)) / 9_007_199_254_740_992;

/** The part of `crypto` that makes random values. */
export const crypto = Object.freeze({
  getRandomValues(array) {
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(fresh(array.byteLength));
    return array;
  },
  randomUUID() {
    const bytes = Uint8Array.from(fresh(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  },
});
