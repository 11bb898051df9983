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

/** The exports that the world wants, of an app. The contract is written here and now: while the component is built. */
export function plugin(app) {
  if (typeof app?.openapi !== "function" || typeof app?.handle !== "function") {
    throw new TypeError("the main module's default export is no `App`: end it by `export default app`");
  }
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
  };
}
