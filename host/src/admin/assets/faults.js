// What went wrong: the last faults, the newest first, each with what was asked and answered once it is opened, and a button
// that sends its request once more. An entry stays in place while others come, so that the focus does, too.

const SHOWN = 50;
const SAFE = ["GET", "HEAD", "OPTIONS"];
const VERDICTS = {
  mended: "mended: nothing is wrong with its answer now",
  same: "it goes wrong as it did",
  other: "it goes wrong otherwise",
  refused: "the host refused the request before it reached the plugin, which shows nothing",
};

/** The list, kept up by `look`; `kit` has the page's own functions. */
export function faultList(kit) {
  const entries = new Map();
  const list = document.getElementById("faults");
  return {
    async look() {
      const faults = (await kit.askJson("faults")).slice(0, SHOWN);
      const ids = new Set(faults.map(({ id }) => id));
      for (const [id, element] of entries) {
        if (!ids.has(id)) {
          element.remove();
          entries.delete(id);
        }
      }
      for (const fault of faults.toReversed()) {
        if (!entries.has(fault.id)) {
          entries.set(fault.id, entry(fault, kit));
          list.prepend(entries.get(fault.id));
        }
      }
      document.getElementById("faultless").hidden = faults.length > 0;
    },
  };
}

function entry(fault, kit) {
  const { make } = kit;
  const inside = make("div");
  const open = async ({ target }) => {
    if (!target.open || inside.children.length) return;
    try {
      inside.replaceChildren(...parts(await kit.askJson(`faults/${fault.id}`), kit));
    } catch (error) {
      inside.replaceChildren(make("p", { class: "bad" }, error.message));
    }
  };
  return make("li", {},
    make("div", { class: "quiet" },
      make("time", { datetime: new Date(fault.at_ms).toISOString() }, new Date(fault.at_ms).toLocaleString()),
      ` ${fault.plugin}, revision ${fault.revision}, ${fault.operation}, answered ${fault.status}`),
    make("div", { class: "bad" }, fault.cause),
    make("details", { ontoggle: open },
      make("summary", { "aria-label": `Fault ${fault.id}: ${fault.method} ${fault.uri}` }, `${fault.method} ${fault.uri}`),
      inside));
}

function parts(fault, kit) {
  const { make } = kit;
  const { request, answer } = fault;
  const titled = (title, lines) => (lines.length ? [make("h4", {}, title), make("pre", {}, lines.join("\n"))] : []);
  const message = ({ headers, body }) => [
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body ? ["", body.text ?? (body.left_out ? `(not kept: ${body.left_out})` : "(no text)")] : []),
  ];
  const told = make("p", { role: "status" });
  return [
    ...titled("Asked", [`${request.method} ${request.uri}`, ...message(request)]),
    ...titled("Answered by the plugin", answer ? [String(answer.status), ...message(answer)] : []),
    ...titled("The functions that it was in", fault.frames),
    ...titled("Logged meanwhile", fault.log),
    ...(fault.hidden.length ? [make("p", { class: "quiet" }, `Not kept: ${fault.hidden.join(", ")}`)] : []),
    make("div", { class: "row" },
      make("button", { onclick: () => again(fault, told, kit) }, "Send again"), told),
  ];
}

async function again({ id, plugin, request }, told, kit) {
  const safe = SAFE.includes(request.method);
  const question = `Send ${request.method} ${request.uri} once more, through what serves ${plugin} now?`;
  if (!(await kit.confirmed(safe ? question : `${question} It may change something.`))) return;
  try {
    const { verdict, now } = await kit.askJson(`faults/${id}/replay?force=${!safe}`, { method: "POST" });
    told.className = verdict === "mended" ? "good" : "bad";
    kit.say(told, `${now.status}, ${VERDICTS[verdict]}`);
  } catch (error) {
    told.className = "bad";
    kit.say(told, error.message);
  }
}
