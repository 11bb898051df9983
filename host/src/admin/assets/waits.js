// What waits: what was offered for a plugin and does not serve, what the gate says of it, and what may be done.

const VERDICTS = { breaking: "breaks clients", unknown: "nobody can tell" };

/** Of a plugin as the API tells it; nothing if nothing waits, and there is nothing to say of what serves. */
export function waiting(plugin, { make, table }) {
  const parts = [];
  const { refused, changes, aside } = plugin;
  if (refused) {
    const from = refused.from ? `\`${refused.from}\`` : "what was sent";
    parts.push(make("h4", {}, "Refused"),
      make("p", { class: "quiet" }, `${from}, by ${refused.by}, ${new Date(refused.at_ms).toLocaleString()}`),
      make("p", { class: "bad" }, refused.why),
      make("p", { class: "quiet" }, refused.from ? "It is looked at again when it changes." : "Send another, or this one again with what is said there."));
    if (refused.changes) parts.push(judged(refused.changes, `What it would change of ${plugin.name}`, { make, table }));
  }
  if (aside) {
    parts.push(make("p", { class: "tried" }, "What lies in the plugins folder does not count until it changes: the plugin was rolled back, or deployed by other means, after it came."));
  }
  if (changes) {
    parts.push(make("h4", {}, `What revision ${plugin.revision} changed`), judged(changes, `What revision ${plugin.revision} of ${plugin.name} changed`, { make, table }));
  }
  return parts;
}

/** A judgement as a table. */
export function judged({ listed, more }, label, { make, table }) {
  const rows = listed.map(({ verdict, method, path, rule, pointer, message }) => [
    make("span", { class: verdict === "breaking" ? "bad" : "tried" }, VERDICTS[verdict]),
    path ? `${method} ${path}` : "all",
    make("code", {}, rule),
    make("code", {}, pointer ?? ""),
    message,
  ]);
  if (more > 0) rows.push([`and ${more} more`, "", "", "", ""]);
  return table(["Verdict", "Operation", "Rule", "Where", "What"], rows, label);
}
