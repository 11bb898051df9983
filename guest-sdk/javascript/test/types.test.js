import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
const source = fileURLToPath(new URL("../typing/inferred.ts", import.meta.url));

test("TypeScript infers what a schema says, and refuses what does not fit", { skip: !existsSync(tsc) && "typescript is not installed: npm ci" }, () => {
  const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "false", "--module", "nodenext", "--target", "es2022"];
  try {
    execFileSync(process.execPath, [tsc, ...options, source], { encoding: "utf8" });
  } catch (error) {
    throw new Error(error.stdout);
  }
});
