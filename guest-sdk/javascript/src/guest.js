// Inside of a component: binds the host's functions, before the author's modules run.

import incoming from "switchback:plugin/incoming@0.1.0";
import log from "switchback:plugin/log@0.1.0";
import outgoing from "switchback:plugin/outgoing@0.1.0";
import random from "wasi:random/random@0.2.0";

import { host, makeConsole, serve } from "./host.js";
import { crypto, random as randomNumber } from "./random.js";

host.imports = { incoming, log, outgoing, random };
globalThis.console ??= makeConsole();
globalThis.crypto ??= crypto;
Math.random = randomNumber;

/** What an app is refused with that wants to be told of its instances' beginning and end, and is built for `plugin`. */
const OTHER_WORLD = "an app with onStart or onStop is built for the world plugin-with-lifecycle";

/** The exports that the world wants, of an app. The contract is written here and now: while the component is built. */
export function plugin(app, world) {
  if (typeof app?.openapi !== "function" || typeof app?.handle !== "function") {
    throw new TypeError("the main module's default export is no `App`: end it by `export default app`");
  }
  if (app.lifecycle && world === "plugin") throw new TypeError(OTHER_WORLD);
  const contract = JSON.stringify(app.openapi());
  return {
    contract: {
      openapi() {
        for (const line of serve()) log.write(...line);
        return contract;
      },
    },
    handler: {
      handle(request) {
        serve();
        return app.handle(request);
      },
    },
    lifecycle: {
      onStart() {
        serve();
        try {
          for (const run of app.lifecycle?.start ?? []) run();
        } catch (error) {
          throw String(error);
        }
      },
      onStop() {
        serve();
        for (const run of app.lifecycle?.stop ?? []) run();
      },
    },
  };
}
