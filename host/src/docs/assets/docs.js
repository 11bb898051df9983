// Every address is relative, so that the page also works where another program nests it under a path.
import { watch } from "./changes.js";

const page = document.getElementById("page");
const address = page.dataset.document;
// More than these are shown as headings to open: laying all of them out takes the browser seconds.
const many = page.dataset.operations > 200;

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

await watch(address);
const ui = SwaggerUIBundle({
  url: address,
  domNode: page,
  deepLinking: true,
  docExpansion: many ? "none" : "list",
  defaultModelsExpandDepth: many ? -1 : 1,
  filter: many,
  ...JSON.parse(page.dataset.settings),
  presets: [SwaggerUIBundle.presets.apis],
  // The default validator is somebody else's host.
  validatorUrl: null,
});

// For every operation that is opened, Swagger UI reads the whole document anew, which takes seconds if it is large.
// What the operation refers to is enough.
const { resolveSubtree } = ui.fn;
ui.fn.resolveSubtree = (whole, path, options) => resolveSubtree(excerpt(whole, path), path, options);

// The document with no other paths and components than what stands at `path`, and what that refers to.
function excerpt(whole, path) {
  const { paths, components, webhooks, tags, ...part } = whole;
  const seen = new Set();
  const wanted = [path];
  for (const [section, kind, name] of wanted) {
    const inside = section === "components";
    const from = (inside ? components?.[kind] : whole[section]) ?? {};
    const into = inside ? ((part.components ??= {})[kind] ??= {}) : (part[section] ??= {});
    const names = inside ? (name === undefined ? Object.keys(from) : [name]) : [kind];
    for (const each of names) {
      const place = JSON.stringify([section, inside && kind, each]);
      if (seen.has(place) || from[each] === undefined) continue;
      seen.add(place);
      into[each] = from[each];
      wanted.push(...references(from[each]));
    }
  }
  return part;
}

// The keys to whatever a value refers to in its document, and to a little more: every text that looks like a reference.
function references(value) {
  if (typeof value === "string" && /^#\/(components|paths|webhooks)\//.test(value)) {
    return [value.slice(2).split("/").map((key) => decode(key).replaceAll("~1", "/").replaceAll("~0", "~"))];
  }
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(references) : [];
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
