import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

/// Packs what packs well beside each file: `app.js.br` and `app.js.gz` are served to clients that take them.
function packed() {
  let folder;
  return {
    name: "packed",
    apply: "build",
    configResolved: (config) => {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle: async () => {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(html|js|css|svg)$/.test(entry.name)) continue;
        const path = join(entry.parentPath ?? entry.path, entry.name);
        const plain = await readFile(path);
        await writeFile(`${path}.br`, brotliCompressSync(plain));
        await writeFile(`${path}.gz`, gzipSync(plain, { level: 9 }));
      }
    },
  };
}

// `base` is the plugin's prefix. `npm run dev` shows the page as it is edited, and asks a host that serves the plugin.
export default defineConfig({
  base: "/stock/",
  plugins: [svelte({ configFile: false }), packed()],
  server: { proxy: { "/stock/api": "http://127.0.0.1:8000" } },
});
