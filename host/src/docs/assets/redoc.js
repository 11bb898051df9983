import { watch } from "./changes.js";

const page = document.getElementById("page");
const address = page.dataset.document;

const dark = matchMedia("(prefers-color-scheme: dark)");
// ReDoc computes its colours once.
dark.addEventListener("change", () => location.reload());
document.documentElement.classList.toggle("dark", dark.matches);

const darkTheme = {
  colors: {
    primary: { main: "#8ab4f8" },
    success: { main: "#81c995" },
    error: { main: "#f28b82" },
    text: { primary: "#e4e7ea", secondary: "#a3adb5" },
    border: { dark: "#3a4349", light: "#2d353a" },
    responses: {
      success: { color: "#81c995", backgroundColor: "#1c2b22", tabTextColor: "#81c995" },
      error: { color: "#f28b82", backgroundColor: "#2f2021", tabTextColor: "#f28b82" },
      redirect: { color: "#fdd663", backgroundColor: "#2b2819", tabTextColor: "#fdd663" },
      info: { color: "#8ab4f8", backgroundColor: "#1b2533", tabTextColor: "#8ab4f8" },
    },
  },
  schema: { nestedBackground: "#1d2327", linesColor: "#4f6b78", typeNameColor: "#a3adb5", requireLabelColor: "#f28b82" },
  sidebar: { backgroundColor: "#1b2125", textColor: "#e4e7ea" },
  rightPanel: { backgroundColor: "#1d2428" },
  typography: { links: { color: "#8ab4f8", visited: "#8ab4f8", hover: "#aecbfa" }, code: { color: "#f6aea9", backgroundColor: "#262d32" } },
};

// ReDoc's Markdown takes minutes for some long texts, and gives the page up for deeply nested ones. On the page of a plugin
// that is its author's affair; where all are shown, no plugin's text may take the page from the others.
const LONGEST = 8000;
const LONGEST_LINE = 2000;

const shortened = (text, longest) => (text.length > longest ? `${text.slice(0, longest)}… (shortened here)` : text);

function gentle(key, value) {
  if (key !== "description" || typeof value !== "string") return value;
  const lines = value.split("\n").map((line) => shortened(line, LONGEST_LINE));
  return shortened(lines.join("\n"), LONGEST);
}

await watch(address);
const source = page.dataset.plugin ? address : JSON.parse(await (await fetch(address)).text(), gentle);
const options = {
  // ReDoc writes style sheets of its own; the page's policy lets through those that carry its nonce.
  nonce: document.querySelector("script[nonce]").nonce,
  downloadUrls: [{ title: "Download", url: address }],
  // Descriptions are plugins' texts.
  sanitize: true,
  theme: dark.matches ? darkTheme : {},
};
Redoc.init(source, options, page);
