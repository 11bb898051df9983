#!/usr/bin/env node
// Makes a component of a plugin: `node build.js DIR [-o FILE]`. All that it adds to componentize-qjs is the entry
// module, which exports an app as the world `plugin` wants it.

import { existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const USAGE = `usage: build.js DIR [-o FILE]

  DIR    a folder with a package.json (its \`main\`, else app.js, is built), or one module
  FILE   where the component goes; default: NAME.wasm here`;

const here = dirname(fileURLToPath(import.meta.url));

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { output: { type: "string", short: "o" } } });
  if (positionals.length !== 1) throw new Error(USAGE);
  const module = mainModule(resolve(positionals[0]));
  const sdk = findSdk(dirname(module));
  const name = basename(module) === basename(positionals[0]) ? basename(module, ".js") : basename(resolve(positionals[0]));
  const output = resolve(values.output ?? `${name}.wasm`);

  const { componentize } = await import("componentize-qjs");
  const entry = join(sdk, "build.js"); // some file of the SDK that is no module of it: imports are looked up from there
  const build = (world, names) =>
    componentize({
      witPath: join(sdk, "wit"),
      world,
      sync: true,
      moduleRoot: commonFolder(module, entry),
      jsPath: entry,
      jsSource: [
        'import { plugin } from "./src/guest.js";',
        `import app from ${JSON.stringify(specifier(sdk, module))};`,
        `export const { ${names} } = plugin(app, "${world}");`,
      ].join("\n"),
    });
  // Only running the app tells what it wants.
  const { component } = await build("plugin", "contract, handler").catch((error) => {
    if (!error.message.includes("the world plugin-with-lifecycle")) throw error;
    return build("plugin-with-lifecycle", "contract, handler, lifecycle");
  });
  write(output, component);
}

function mainModule(path) {
  if (!existsSync(path)) throw new Error(`${path}: there is no such file or folder`);
  if (!statSync(path).isDirectory()) return realpathSync(path);
  const manifest = join(path, "package.json");
  const { main = "app.js" } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")) : {};
  const module = [main, "app.js"].map((name) => join(path, name)).find(existsSync);
  if (module === undefined) throw new Error(`${path}: no ${main} there; name the main module in package.json (\`"main": "app.js"\`)`);
  return realpathSync(module);
}

/** The package `switchback` as the plugin's modules will find it: where there is none, a link to this one is made. */
function findSdk(folder) {
  for (let at = folder; ; at = dirname(at)) {
    const package_ = join(at, "node_modules", "switchback");
    if (existsSync(join(package_, "build.js"))) return realpathSync(package_);
    if (at === dirname(at)) break;
  }
  const link = join(folder, "node_modules", "switchback");
  mkdirSync(dirname(link), { recursive: true });
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(link); // it leads nowhere
  symlinkSync(relative(realpathSync(dirname(link)), here) || ".", link, "junction");
  return realpathSync(link);
}

/** What the engine may read while it loads modules. */
function commonFolder(one, other) {
  const [steps, others] = [dirname(one).split(sep), dirname(other).split(sep)];
  const end = steps.findIndex((step, index) => step !== others[index]);
  return steps.slice(0, end === -1 ? steps.length : end).join(sep) || sep;
}

function specifier(from, module) {
  const path = relative(from, module).split(sep).join("/");
  return path.startsWith(".") ? path : `./${path}`;
}

/** Appears whole, since a host may be watching the folder. */
function write(path, component) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, component);
  renameSync(`${path}.new`, path);
}

main().catch((error) => {
  const words = [/^: /, /^Failed to evaluate user JavaScript module: /, /^Failed to (declare|finish|evaluate) JavaScript module( evaluation)?: /];
  const message = words.reduce((text, prefix) => text.replace(prefix, ""), error.message);
  console.error(error.code === "ERR_MODULE_NOT_FOUND" ? `${message}\nrun \`npm ci --omit=dev\` in ${here} first` : message.trimEnd());
  process.exitCode = 1;
});
