// node build.js SOURCE WIT OUT: a component of `wasi:http` by componentize-js. Its engine, StarlingMonkey, brings the
// handler in the one version of the interface that it was built with.
import { writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";

const [sourcePath, witPath, out] = process.argv.slice(2);
const { component } = await componentize({ sourcePath, witPath, worldName: "wasi:http/proxy@0.2.10" });
await writeFile(out, component);
